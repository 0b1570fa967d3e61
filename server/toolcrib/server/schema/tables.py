"""What differs in the columns of tables between a database and what is declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from toolcrib.server.schema.renames import Match
from toolcrib.server.schema.unfinished import Unfinished


@dataclass(frozen=True, slots=True)
class Altered:
    """A column that is there and has another type, or may be NULL where it may not, or the other way round."""

    column: str
    stored_type: str
    type: str
    stored_nullable: bool
    nullable: bool

    @property
    def is_retyped(self) -> bool:
        """Whether the type is another."""
        return self.stored_type != self.type


@dataclass(slots=True)
class Differences:
    """What differs in one table; columns by their declared names, those to drop by the database's."""

    added: list[str] = field(default_factory=list)
    altered: list[Altered] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def differences(connection: Connection, matches: Iterable[Match], left: Unfinished) -> Mapping[str, Differences]:
    """What differs, by the name of the declared table; only tables that are there and differ.

    What is `left` of an apply that was interrupted counts as not there.
    """
    differing = [one for one in matches if not one.is_new and not one.is_as_declared(connection.dialect)]
    if not differing:
        return {}
    # Alembic takes a moment to import, which a start with nothing to do need not wait for.
    from toolcrib.server.schema.autogenerate import autogenerate  # noqa: PLC0415

    found = dict(autogenerate(connection, differing))
    for one in differing:
        found[one.table.name] = _without(left, one, found.get(one.table.name, Differences()))
    return found


def _without(left: Unfinished, one: Match, found: Differences) -> Differences:
    name, columns = one.table.name, one.table.c
    over, altered = left.columns.get(name, ()), {each.column for each in found.altered}
    loosened = [each for each in left.loosened.get(name, ()) if each in columns and columns[each].nullable]
    types = {each: one.columns[one.stored_name(each)][0] for each in loosened}
    return Differences(
        [each.name for each in columns if each.name in found.added or each.name in over],
        [each for each in found.altered if each.column not in over]
        + [Altered(each, types[each], types[each], False, True) for each in loosened if each not in altered],
        [each for each in found.dropped if each not in over],
    )
