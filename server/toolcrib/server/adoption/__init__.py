"""Adoption: components made of another application's tables, and the rows of these made records.

Read in this order:

source.py       the other application's database, opened to be read
tables.py       its tables, as SQLAlchemy's inspector has them; sqlite_tables.py, what SQLite knows better
drafts.py       a component in the making: what its .proto is going to say, and what it cannot
names.py        names of tables and columns as protobuf has them
types.py        SQL types as protobuf's; checks.py and defaults.py, what CHECK and DEFAULT say that a .proto can say too
drafting.py     one table: its fields, key, unique values and indexes
linking.py      foreign keys as references, over all tables
proto.py        the text of the .proto files, as `buf format` has it
importing.py    from the database to the files
values.py       a value of a row as a field of a record
rows.py         the rows of a table, in an order that is always the same
records.py      rows become records, by the server's own writes
"""
