"""Relations: the fields that show records of other components, as filters go through them and reads fill them in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import Message
from sqlalchemy import BigInteger, Dialect, bindparam, select

from toolcrib.server.among import ASKED, Among
from toolcrib.server.constraints import OnDelete, Relation
from toolcrib.server.query.fields import Field, FieldKind
from toolcrib.server.query.joins import Join, Junction, Scope
from toolcrib.server.retention.kept import require_versions

if TYPE_CHECKING:
    from toolcrib.server.store import Stored
    from toolcrib.server.transaction import ReadTransaction


class Shown(NamedTuple):
    """Which related records are shown: deleted ones too, and as they were at a revision, or are now."""

    show_deleted: bool
    revision: int | None = None


class RelatedRecords:
    """One relation of a component, and the statements that read what it shows.

    What it shows `is_owned` where it refers to the record and is deleted with it.
    """

    __slots__ = ("_among", "_dialect", "_field", "_join", "is_owned", "name", "plural", "target")

    def __init__(self, relation: Relation, source: Stored, stored: Mapping[str, Stored], dialect: Dialect) -> None:
        self.name = relation.name
        self.plural = relation.plural
        self.target = stored[relation.component]
        self.is_owned = (
            relation.plural
            and not relation.through
            and any(
                reference.field == relation.by and reference.on_delete is OnDelete.CASCADE
                for reference in self.target.component.references
            )
        )
        self._field = source.component.key_fields[0] if relation.plural else relation.by
        self._join = _join(relation, source, stored)
        self._dialect = dialect
        # By whether deleted records are shown, and those of some revision.
        self._among: dict[tuple[bool, bool], Among] = {}
        source.statements.scope.joins[relation.name] = self._join

    def scopes(self) -> list[Scope]:
        """The components that it leads through."""
        return self._join.scopes()

    def value(self, message: Message) -> int | str | None:
        """What leads from a record to those that are related to it; None where nothing does."""
        field = message.DESCRIPTOR.fields_by_name[self._field]
        if field.has_presence and not message.HasField(self._field):
            return None
        value: int | str = getattr(message, self._field)
        return value

    def records(
        self, transaction: ReadTransaction, values: Iterable[int | str], limit: int, shown: Shown
    ) -> dict[int | str | None, list[Message]]:
        """The related records, in the order of their keys, by the values that lead to them; about `limit` at most.

        Where a revision is asked for it raises InvalidRequest if a component keeps no versions, and RevisionTooOld if
        not all of then.
        """
        if shown.revision is not None:
            for scope in self.scopes():
                require_versions(transaction, scope.component, shown.revision)
        found: dict[int | str | None, dict[Any, Message]] = defaultdict(dict)
        component = self.target.component
        for row in self._statement(shown).rows(transaction.session, values, limit, asked=shown.revision):
            message = component.from_row(row[1:])
            # Several records of a link component may lead to the same.
            found[row[0]][component.key_of(message)] = message
        return {value: list(records.values()) for value, records in found.items()}

    def _statement(self, shown: Shown) -> Among:
        kind = shown.show_deleted, shown.revision is not None
        if kind not in self._among:
            self._among[kind] = _among(self._join, self.target, self._dialect, *kind)
        return self._among[kind]


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
    target, key = stored[relation.component], source.component.key_fields[0]
    target_key = target.component.key_fields[0]
    if not relation.plural:
        return Join(relation.by, target.statements.scope, target_key)
    if not relation.through:
        return Join(key, target.statements.scope, relation.by)
    junction = Junction(stored[relation.through].statements.scope, relation.by, relation.to)
    return Join(key, target.statements.scope, target_key, junction)


def _among(join: Join, target: Stored, dialect: Dialect, show_deleted: bool, is_past: bool) -> Among:
    """What a record is related by, and the columns of the related record."""
    asked = partial(bindparam, ASKED, type_=BigInteger) if is_past else None
    join = join.at(asked)
    records, columns = join.target.table, join.target.columns
    given, shown = records.c[join.other], join.target.shown(show_deleted=show_deleted)
    keys = [records.c[name] for name in target.component.key_fields]
    if join.link is None:
        return Among(select(given, *columns).where(*shown).order_by(*keys), given, dialect)
    links = join.link.scope
    given = links.table.c[join.link.near]
    shown += links.shown(show_deleted=show_deleted)
    linked = records.join(links.table, links.table.c[join.link.far] == records.c[join.other])
    statement = select(given.label("related_to"), *columns).select_from(linked)
    return Among(statement.where(*shown).order_by(*keys), given, dialect)
