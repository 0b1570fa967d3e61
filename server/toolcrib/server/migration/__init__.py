"""Moves a database to another one, of whatever kind: every row of every table, compared to the bit at the end.

    marker.py      what a target says of itself: whose copy it is, and whether that is finished
    sides.py       one of the two databases: its tables, and rows as both have them
    conditions.py  what has to be so before a row is copied
    merging.py     two tables side by side, in the order of their keys
    copying.py     makes the target's rows those of the source
    checking.py    counts, content hashes and the chain
    migration.py   the way through it

What a kind of database is asked for is what a server asks it for (`databases/`); no step knows which one it is.
"""
