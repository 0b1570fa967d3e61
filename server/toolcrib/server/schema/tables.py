"""What differs in the columns of tables between a database and what is declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from toolcrib.server.schema.renames import Match


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


def differences(connection: Connection, matches: Iterable[Match]) -> Mapping[str, Differences]:
    """What differs, by the name of the declared table; only tables that are there and differ."""
    differing = [one for one in matches if not one.is_new and not one.is_as_declared(connection.dialect)]
    if not differing:
        return {}
    # Alembic takes a moment to import, which a start with nothing to do need not wait for.
    from toolcrib.server.schema.autogenerate import autogenerate  # noqa: PLC0415

    return autogenerate(connection, differing)
