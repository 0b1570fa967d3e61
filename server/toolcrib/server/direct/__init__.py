"""Writes that bypass the server, straight into a component's table, become revisions like all others.

    triggers (schema/triggers.py) -> rows of toolcrib_direct_write -> on the writer lane: journal, history, stamps

attendant.py  has the lane look soon, though nobody writes through the server
absorber.py   makes a revision of each transaction that was noted
inbox.py      what was noted, by the transactions that it was written in
rows.py       a noted row as a record, as far as it can be read
amounts.py    what became of a record, in the operations that the audit has
writing.py    the changes, former versions and stamps of one transaction; tables.py has the statements

The order is one in which the transactions can have been committed. Whoever changes a row locks it until the commit, so
what is noted for a record has a later number than all that was noted by those who changed it before: transactions go by
their last numbers. Before the server writes, the lane absorbs what there is; and what a group of calls has changed is
looked for among what was noted meanwhile, so that no write of the server's goes before one that it came upon.
"""
