"""Diagrams of components: boxes with their fields, and lines for references and relations.

entities.py   what there is to be drawn, in no format's terms
mermaid.py    as Mermaid, which GitHub draws     dot.py   for Graphviz     svg.py   drawn, with nothing else needed
"""
