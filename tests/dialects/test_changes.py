"""What databases that nobody had a server of are told where components change: recorded, of their SQL, and carried out.

SQL Server's statements are also carried out on a model of its catalog, which refuses what SQL Server would.
"""

from __future__ import annotations

import re

import pytest

from support.dialects.catalog import Catalog
from support.dialects.changing import Changed, changes, everything, unchanged
from support.dialects.described import URLS
from support.dialects.parsed import require_valid
from support.dialects.told import RECORDED

_TABLE = re.compile(r"(?P<verb>CREATE|DROP) TABLE \[(?P<name>\w+)\]")
_DEFINES = ("ALTER TABLE", "CREATE", "DROP", "EXEC")
SQL_SERVER = list(changes("mssql"))


@pytest.mark.parametrize("kind", URLS)
def test_a_database_is_told_what_is_recorded_of_each_change(kind: str) -> None:
    assert everything(kind) == (RECORDED / f"{kind}_changes.sql").read_text("utf-8")


@pytest.mark.parametrize("kind", URLS)
def test_each_statement_of_a_change_is_sql_of_its_database(kind: str) -> None:
    for changed in changes(kind):
        for sql in changed.told:
            # A call of a procedure is SQL that the parser keeps as it is.
            if not sql.startswith("EXEC sp_rename"):
                require_valid(kind, sql)


@pytest.mark.parametrize("kind", URLS)
def test_what_a_database_has_already_is_no_change(kind: str) -> None:
    assert [(name, [step.text for step in steps]) for name, steps in unchanged(kind) if steps] == []


def test_cockroachdb_drops_the_index_of_a_constraint() -> None:
    told = [sql for changed in changes("cockroachdb") for sql in changed.told]
    assert "DROP INDEX field_is_dropped_name_key CASCADE" in told
    assert not [sql for sql in told if "DROP CONSTRAINT" in sql]


@pytest.mark.parametrize("changed", SQL_SERVER, ids=lambda changed: changed.name)
def test_sql_server_carries_each_change_out_and_has_what_is_declared(changed: Changed) -> None:
    catalog = Catalog(changed.stored)
    declared = {table.name: table for table in changed.declared}
    for sql in changed.told:
        if table := _TABLE.match(sql.strip()):
            if table["verb"] == "CREATE":
                catalog.create(declared[table["name"]])
            else:
                catalog.drop(table["name"])
        elif sql.strip().startswith(_DEFINES):
            catalog.alter(sql)
    assert catalog == Catalog(changed.declared or changed.stored)
