"""The kinds of database, and all that is one's own: a seam for each concern, and behind it a folder's worth of facts.

    choice.py       from a URL to its backend
    backend.py      what every backend says: how to open, begin, lock, tell errors apart, probe, explain, listen
    examination.py  what `doctor` asks of all of them
    pooled.py       what databases that are servers have in common: a pool with a limit, and its figures
    sqlite.py       SQLite: sqlite_session.py, sqlite_plan.py, sqlite_file.py (the audit, read without a server)
    postgresql.py   PostgreSQL: postgresql_session.py, postgresql_errors.py, postgresql_plan.py, postgresql_audit.py,
                    postgresql_news.py (what other servers commit)
    mariadb.py      MariaDB and MySQL: mariadb_connection.py (what the driver lacks), mariadb_session.py,
                    mariadb_errors.py, mariadb_plan.py, mariadb_audit.py, mariadb_spool.py (large results),
                    mariadb_tables.py (what their tables hold)
    cockroachdb.py  CockroachDB: PostgreSQL, and what differs
    mssql.py        SQL Server: mssql_dialect.py and mssql_compiler.py (what SQLAlchemy's do not),
                    mssql_tables.py (what its tables hold),
                    mssql_session.py, mssql_errors.py, mssql_audit.py, mssql_explain.py (asks for plans),
                    mssql_plan.py (reads them)
    unverified.py   holds the last two back until somebody says that they may be written to

SQL that the databases do not share is compiled from one construct: `query/json_paths.py`, `query/spelling.py`. How
values are spelled is in `columns.py`. Nothing else asks which database it is.
"""
