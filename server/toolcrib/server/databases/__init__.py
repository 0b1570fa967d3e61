"""The kinds of database, and all that is one's own: a seam for each concern, and behind it a folder's worth of facts.

    choice.py       from a URL to its backend
    backend.py      what every backend says: how to open, begin, lock, tell errors apart, probe, explain, listen
    sqlite.py       SQLite: sqlite_session.py, sqlite_plan.py, sqlite_file.py (the audit, read without a server)

Nothing else asks which database it is; how values are spelled is in `columns.py`.
"""
