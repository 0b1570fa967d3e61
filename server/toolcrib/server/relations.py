"""Relations: the fields that show records of other components, as filters go through them and reads fill them in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message
from sqlalchemy import Dialect, select

from toolcrib.server.among import Among
from toolcrib.server.constraints import Relation
from toolcrib.server.query.fields import Field, FieldKind
from toolcrib.server.query.joins import Join, Junction
from toolcrib.server.session import Session

if TYPE_CHECKING:
    from toolcrib.server.store import Stored


class RelatedRecords:
    """One relation of a component, and the statements that read what it shows."""

    __slots__ = ("_among", "_field", "name", "plural", "target")

    def __init__(self, relation: Relation, source: Stored, stored: Mapping[str, Stored], dialect: Dialect) -> None:
        self.name = relation.name
        self.plural = relation.plural
        self.target = stored[relation.component]
        self._field = source.component.key_fields[0] if relation.plural else relation.by
        join = _join(relation, source, stored)
        source.statements.scope.joins[relation.name] = join
        self._among = {shown: _among(join, self.target, dialect, show_deleted=shown) for shown in (False, True)}

    def value(self, message: Message) -> int | str | None:
        """What leads from a record to those that are related to it; None where nothing does."""
        field = message.DESCRIPTOR.fields_by_name[self._field]
        if field.has_presence and not message.HasField(self._field):
            return None
        value: int | str = getattr(message, self._field)
        return value

    def records(
        self, session: Session, values: Iterable[int | str], limit: int, *, show_deleted: bool
    ) -> dict[int | str | None, list[Message]]:
        """The related records, in the order of their keys, by the values that lead to them; about `limit` at most."""
        found: dict[int | str | None, dict[Any, Message]] = defaultdict(dict)
        component = self.target.component
        for row in self._among[show_deleted].rows(session, values, limit):
            message = component.from_row(row[1:])
            # Several records of a link component may lead to the same.
            found[row[0]][component.key_of(message)] = message
        return {value: list(records.values()) for value, records in found.items()}


def relate(stored: Mapping[str, Stored], dialect: Dialect) -> None:
    """Gives all components their relations, once all of them are there: to read, and for filters to go through."""
    for source in stored.values():
        for relation in source.component.relations:
            source.relations[relation.name] = RelatedRecords(relation, source, stored, dialect)
            source.fields[relation.name] = Field(
                relation.name,
                FieldKind.MESSAGE,
                optional=not relation.plural,
                fields=stored[relation.component].fields.values(),
                repeated=relation.plural,
                is_relation=True,
            )


def _join(relation: Relation, source: Stored, stored: Mapping[str, Stored]) -> Join:
    target, key = stored[relation.component], source.table.c[source.component.key_fields[0]]
    if not relation.plural:
        other = target.table.c[target.component.key_fields[0]]
        return Join(source.table.c[relation.by], target.statements.scope, other)
    if not relation.through:
        return Join(key, target.statements.scope, target.table.c[relation.by])
    link = stored[relation.through]
    junction = Junction(link.statements.scope, link.table.c[relation.by], link.table.c[relation.to])
    return Join(key, target.statements.scope, target.table.c[target.component.key_fields[0]], junction)


def _among(join: Join, target: Stored, dialect: Dialect, *, show_deleted: bool) -> Among:
    """What a record is related by, and the columns of the related record."""
    given, shown = join.other, join.target.shown(show_deleted=show_deleted)
    keys = [target.table.c[name] for name in target.component.key_fields]
    if join.link is None:
        return Among(select(given, *target.table.columns).where(*shown).order_by(*keys), given, dialect)
    given = join.link.near
    shown += join.link.scope.shown(show_deleted=show_deleted)
    linked = target.table.join(join.link.scope.table, join.link.far == join.other)
    statement = select(given.label("related_to"), *target.table.columns).select_from(linked)
    return Among(statement.where(*shown).order_by(*keys), given, dialect)
