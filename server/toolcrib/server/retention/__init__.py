"""Retention: lets go of audit entries and former versions, and keeps the chain of the rest verifiable.

signatures.py   what is signed of a plan, and whose signature holds
victims.py      which rows a rule lets go of
runs.py         what pruned rows leave in the chain
planner.py      a rule, and what it comes to in one commit
pruner.py       carries out a plan that was signed
wording.py      a plan in words for people
check.py        holds the segments of a chain to what was signed of them
kept.py         from which revision on the past of a component is known
"""
