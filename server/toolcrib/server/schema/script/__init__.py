"""A plan as a migration script of Alembic's, for those who bring their databases up by these.

forms.py        a table's form, as a database has it or as components declare it, in the words of a script
mariadb.py      which of these words are MariaDB's own
values.py       what columns hold behind a change, as SQL
operations.py   from one form to another: what `upgrade` does, and `downgrade` the other way round
system.py       Toolcrib's own tables, where the database has none yet
chain.py        the scripts that are there, and the revision to go on from
text.py         the script
export.py       all of it together
"""
