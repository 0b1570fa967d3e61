"""What SQL Server would have in its catalog behind statements that change tables, and what it would refuse of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Index, Table, UniqueConstraint

from toolcrib.server.databases.mssql_tables import filter_of, may_be_null

_NAMES = re.compile(r"\[(\w+)\]")
_STATEMENT = re.compile(
    r"(?P<rename>EXEC sp_rename) N'(?P<place>[^']+)', N'(?P<new>\w+)', N'(?P<kind>OBJECT|COLUMN|INDEX)'$"
    r"|(?P<drop_index>DROP INDEX) \[(?P<index>\w+)\] ON \[(?P<on>\w+)\]$"
    r"|(?P<create>CREATE (?:UNIQUE )?INDEX) \[(?P<made>\w+)\] ON \[(?P<over>\w+)\] \((?P<columns>[^)]+)\)(?P<where>.*)$"
    r"|ALTER TABLE \[(?P<table>\w+)\] (?P<verb>ADD CONSTRAINT|DROP CONSTRAINT|ADD|ALTER COLUMN|DROP COLUMN) "
    r"\[(?P<name>\w+)\](?P<rest>.*)$"
)


@dataclass(slots=True)
class _Held:
    """A table: whether each column may be NULL; its indexes: is it a constraint, over what, and which choose rows."""

    columns: dict[str, bool] = field(default_factory=dict)
    indexes: dict[str, tuple[bool, list[str], list[str]]] = field(default_factory=dict)


class Catalog:
    """The tables. What cannot be done is an AssertionError."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self._tables: dict[str, _Held] = {}
        self._defaults: set[str] = set()
        for table in tables:
            self.create(table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalog) and self._tables == other._tables and self._defaults == other._defaults

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"{self._tables} {self._defaults}"

    def create(self, table: Table) -> None:
        """A table in its declared form."""
        items: list[Index | UniqueConstraint] = [
            *table.indexes,
            *(one for one in table.constraints if isinstance(one, UniqueConstraint)),
        ]
        held = self._tables[table.name] = _Held({each.name: bool(each.nullable) for each in table.columns})
        for item in items:
            is_constraint = isinstance(item, UniqueConstraint) and not may_be_null(item)
            condition = filter_of(item)
            chosen = [] if condition is None else re.findall(r"\.(\w+) IS", str(condition))
            held.indexes[str(item.name)] = (is_constraint, list(item.columns.keys()), chosen)

    def drop(self, table: str) -> None:
        """A table is no more."""
        del self._tables[table]

    def alter(self, sql: str) -> None:
        """Does what a statement says."""
        found = _STATEMENT.match(sql.strip())
        assert found is not None, sql
        if found["rename"]:
            self._rename(_NAMES.findall(found["place"]), found["new"], found["kind"])
        elif found["drop_index"]:
            is_constraint, *_ = self._tables[found["on"]].indexes.pop(found["index"])
            assert not is_constraint, sql
        elif found["create"]:
            columns = _NAMES.findall(found["columns"])
            self._tables[found["over"]].indexes[found["made"]] = (False, columns, _NAMES.findall(found["where"]))
            assert set(columns) <= self._tables[found["over"]].columns.keys(), sql
        else:
            self._alter(self._tables[found["table"]], found["verb"], found["name"], found["rest"])

    def _alter(self, held: _Held, verb: str, name: str, rest: str) -> None:
        is_default = name == "toolcrib_default"
        match verb:
            case "ADD CONSTRAINT":
                held.indexes[name] = (True, _NAMES.findall(rest), [])
            case "DROP CONSTRAINT" if is_default:
                self._defaults.remove(name)
            case "DROP CONSTRAINT":
                assert held.indexes.pop(name)[0], name
            case "ADD":
                held.columns[name] = "NOT NULL" not in rest
                # NULL is none that a table with rows takes for what is always set.
                assert held.columns[name] or "DEFAULT" in rest, rest
                names = set(_NAMES.findall(rest.partition("CONSTRAINT")[2]))
                assert not names & self._defaults, "a constraint's name is there once"
                self._defaults |= names
            case _:
                in_the_way = [index for index, (_, of, by) in held.indexes.items() if name in (*of, *by)]
                assert not in_the_way, f"{verb} {name}: {in_the_way} is dependent on it"
                assert name in held.columns
                if verb == "DROP COLUMN":
                    del held.columns[name]
                else:
                    held.columns[name] = not rest.endswith("NOT NULL")

    def _rename(self, place: list[str], new: str, kind: str) -> None:
        if kind == "COLUMN":
            held = self._tables[place[0]]
            assert not any(place[1] in by for _, _, by in held.indexes.values()), "an index chooses rows by it"
            held.columns = {new if name == place[1] else name: may for name, may in held.columns.items()}
            held.indexes = {
                index: (kept, [new if name == place[1] else name for name in of], by)
                for index, (kept, of, by) in held.indexes.items()
            }
        elif kind == "INDEX":
            self._rename_index(self._tables[place[0]], place[1], new, is_constraint=False)
        elif place[0] in self._tables:
            self._tables[new] = self._tables.pop(place[0])
        else:
            (held,) = [held for held in self._tables.values() if place[0] in held.indexes]
            self._rename_index(held, place[0], new, is_constraint=True)

    def _rename_index(self, held: _Held, old: str, new: str, *, is_constraint: bool) -> None:
        assert held.indexes[old][0] is is_constraint, old
        held.indexes[new] = held.indexes.pop(old)
