"""What a database is told where components change, as text: the plan's steps for each kind of change, and statements.

The components are in the folder changing: what they were, and what they are now.

python tests/support/dialects/changing.py    # writes tests/dialects/*_changes.sql anew; read the diff before a commit
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Table

from support.dialects.described import URLS, Described
from support.dialects.told import RECORDED, TESTS, plain, store_of
from toolcrib.server.schema.apply import apply_changes
from toolcrib.server.schema.planner import Evolution, evolution
from toolcrib.server.schema.record import Author, Recorded, SchemaVersion
from toolcrib.server.schema.served import Served
from toolcrib.server.schema.shapes import ComponentShape, from_json
from toolcrib.server.schema.steps import Step
from toolcrib.server.schema.unfinished import NOTHING
from toolcrib.server.store import Store

FOLDER = TESTS / "support/dialects/changing"
_WAS, _NOW = "shop.was.v1", "shop.now.v1"
_AUTHOR = Author("ann", "schema apply")
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
# What Toolcrib reads of its own tables is among all that it tells a database, in the other file.
_READ = re.compile(r"(?:FROM|JOIN) \W?(\w+)")
# Of these there are no records: nobody could say whose they are.
_EMPTY = "RecordsComeToBeTenantsOwn"


class Changed(NamedTuple):
    """A kind of change: its name, the tables before and after, the steps of its plan, and what the database is told."""

    name: str
    stored: Sequence[Table]
    declared: Sequence[Table]
    steps: Sequence[Step]
    told: Sequence[str]

    @property
    def title(self) -> str:
        """The name in words."""
        return _WORDS.sub(" ", self.name).lower()


def changes(kind: str) -> Iterator[Changed]:
    """All kinds of changes, on a kind of database."""
    was, now = store_of(kind, FOLDER / "was"), store_of(kind, FOLDER / "now")
    before = {_short(one.component.name): one for one in _served(was)}
    after = {_short(one.component.name): one for one in _served(now)}
    formerly = {name: _short(one.component.renamed_from) or name for name, one in after.items()}
    for name, one in after.items():
        yield _changed(kind, now, name, before.get(formerly[name]), one)
    for name in sorted(before.keys() - set(formerly.values())):
        yield _changed(kind, now, name, before[name], None)


def unchanged(kind: str) -> Iterator[tuple[str, Sequence[Step]]]:
    """The steps of each component on a database that has it already, by the component's name."""
    store = store_of(kind, FOLDER / "now")
    for one in _served(store):
        database = Described(kind, one.tables, one.tables, is_empty=False)
        recorded = Recorded((_SCHEMA,), {one.component.name: one.shape()})
        with database.engine.connect() as connection:
            found = evolution(connection, [one], recorded, store.database.system, "the database", NOTHING)
        yield one.component.name, found.plan.steps


def _changed(kind: str, store: Store, name: str, before: Served | None, after: Served | None) -> Changed:
    stored, declared = (list(one.tables) if one else [] for one in (before, after))
    database = Described(kind, stored, declared, is_empty=name == _EMPTY)
    recorded = Recorded((_SCHEMA,), {shape.name: shape for shape in [_shape(before)] if shape} if before else {})
    with database.engine.connect() as connection:
        served = [after] if after else []
        found: Evolution = evolution(connection, served, recorded, store.database.system, "the database", NOTHING)
        database.told.clear()
        found.plan.require([step.name for step in found.plan.steps if step.may_be_allowed])
        apply_changes(connection, store.database.system, found, _AUTHOR, [], "secret")
        told = [sql for sql in database.told if not _is_own(sql)]
    return Changed(name, stored, declared, found.plan.steps, told)


_SCHEMA = SchemaVersion(1, datetime(2026, 11, 21, tzinfo=UTC), "ann", "serve", 0, "", "")


def _served(store: Store) -> Sequence[Served]:
    return store.schema(_AUTHOR).served


def _shape(one: Served) -> ComponentShape:
    """What the record has of a component, which is that of the other folder."""
    return from_json(json.loads(json.dumps(one.shape().as_json()).replace(_WAS, _NOW)))


def _is_own(sql: str) -> bool:
    return sql.startswith("SELECT") and all(name.startswith("toolcrib_") for name in _READ.findall(sql))


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def everything(kind: str) -> str:
    """The file of a kind of database."""
    lines = [
        f"-- What Toolcrib tells a database where components change: {kind}. By tests/support/dialects/changing.py."
    ]
    for changed in changes(kind):
        lines += ["", "", f"-- == {changed.title}", *map(_step, changed.steps)]
        lines += [line for sql in changed.told for line in ("", f"{plain(sql)};")]
    return "\n".join(lines) + "\n"


def _step(step: Step) -> str:
    return f"-- {step.sign.value} {step.text}{f' ({step.cost})' if step.cost else ''}"


if __name__ == "__main__":
    for one in URLS:
        (RECORDED / f"{one}_changes.sql").write_text(everything(one), "utf-8", newline="\n")
