"""What scripts for MariaDB and MySQL have of their own: types, the form of tables, and what tells live rows.

There is no index over part of the rows: `databases/mariadb_tables.py` says what takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import Dialect

from toolcrib.server.columns import collation_of

DIALECT = "mysql"
# The module of SQLAlchemy that has types which others lack, as a script names it.
TYPES = "mysql."
# As `databases/mariadb_tables.py` makes tables.
TABLE_OPTIONS = ('mysql_engine="InnoDB"', 'mysql_row_format="DYNAMIC"', 'mysql_charset="utf8mb4"')
_TYPES: Mapping[str, str] = {
    "TINYINT": "sa.Boolean()",
    "SMALLINT": "sa.SmallInteger()",
    "INTEGER": "sa.Integer()",
    "BIGINT": "sa.BigInteger()",
    "BIGINT UNSIGNED": f"{TYPES}BIGINT(unsigned=True)",
    "DOUBLE": "sa.Double()",
    "DATETIME(6)": f"{TYPES}DATETIME(fsp=6)",
    "LONGBLOB": f"{TYPES}LONGBLOB()",
}
_BYTES = re.compile(r"VARBINARY\((\d+)\)")
_TEXT = re.compile(r"VARCHAR\((\d+)\)")
_PREFIX = re.compile(r"(.+)\((\d+)\)")


def type_script(type_: str, dialect: Dialect) -> str | None:
    """A type in the one spelling of `schema/types.py` as a script writes it; None where there is none."""
    if dialect.name != DIALECT:
        return None
    collation = f'collation="{collation_of(dialect)}"'
    if type_ == "LONGTEXT":
        return f"{TYPES}LONGTEXT({collation})"
    if found := _TEXT.fullmatch(type_):
        return f"sa.String({found[1]}, {collation})"
    if found := _BYTES.fullmatch(type_):
        return f"sa.VARBINARY({found[1]})"
    return _TYPES.get(type_)


def over_first_characters(column: str) -> tuple[str, str] | None:
    """The column and the number of characters of an index that somebody made over the first ones only."""
    found = _PREFIX.fullmatch(column)
    return (found[1], found[2]) if found else None
