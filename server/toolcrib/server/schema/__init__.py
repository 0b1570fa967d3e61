"""The schema's evolution: what a database has, what the components declare, and the way from one to the other.

Read in this order:

shapes.py       what a component looks like, apart from its tables: field numbers, names, types; kept in the record
served.py       the components that are served, with their tables
record.py       the record: each plan that was applied, with who and when, and the shapes since
renames.py      under which names the database has tables and columns
tables.py       what differs in columns, which autogenerate.py asks Alembic; types.py has spellings that are the same
indexes.py      what differs in indexes and unique constraints
triggers.py     what differs in triggers that note direct writes
steps.py        a plan: steps that people read, allow and review; text.py has it as text and JSON
numbers.py      steps from field numbers: what would misread former records; inside.py those of messages inside
columns.py      steps from columns, with alterations.py and index_steps.py; table_steps.py is what these share
facts.py        questions to the records, costs.py what a step costs, values.py what columns hold behind a change
planner.py      all of it together
apply.py        the way there: sqlite.py, mssql.py, or operations.py elsewhere, documents.py for messages inside
policy.py       what a start may do of that by itself
unfinished.py   what an apply leaves that was interrupted, where it is not one transaction
backfill.py     values that are updates of records, each audited
backup.py       a copy, before anything is changed on SQLite
evolve.py       what a start and `toolcrib schema` call
"""
