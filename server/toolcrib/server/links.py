"""Which component refers to which, and the questions that are asked about it: a batch asks each of them once.

The server keeps references itself, rather than with FOREIGN KEYs: a record that is deleted softly is gone for those
that refer to it, though its row is there; every record that goes with another passes its own hooks and is audited; and
refusals name the records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import Message
from sqlalchemy import Column, Dialect, Select, select

from toolcrib.server.among import ALL, Among
from toolcrib.server.constraints import Reference
from toolcrib.server.requests import Key
from toolcrib.server.session import Session
from toolcrib.server.tenants import TENANT

if TYPE_CHECKING:
    from toolcrib.server.repository import Repository
    from toolcrib.server.store import Stored


class Link:
    """One reference: records of `source` hold keys of `target`. `kind` is the repository of the source.

    It `crosses_tenants` where the target is shared by all tenants and the source's records are each a tenant's own.
    """

    __slots__ = ("_referrers", "_targets", "crosses_tenants", "kind", "reference", "source", "target")

    def __init__(
        self, reference: Reference, source: Stored, target: Stored, kind: type[Repository[Any, Any]], dialect: Dialect
    ) -> None:
        self.reference = reference
        self.source = source
        self.target = target
        self.kind = kind
        target_key = target.table.c[target.component.key_fields[0]]
        field = source.table.c[reference.field]
        keys = [source.table.c[name] for name in source.component.key_fields]
        self._targets = Among(_live(target, [target_key]), target_key, dialect)
        self.crosses_tenants = source.component.multi_tenant and not target.component.multi_tenant
        if self.crosses_tenants:
            # Whoever deletes what all share: it is in use, whichever tenant uses it.
            anyones = select(field, source.table.c[TENANT], *keys).where(*source.statements.scope.live())
            self._referrers = Among(anyones, field, dialect, of_all_tenants=True)
        else:
            self._referrers = Among(_live(source, [field, *keys]), field, dialect)

    def value(self, message: Any) -> int | str | None:
        """The key that a record of the source refers to, if it refers to any."""
        field = self.reference.field
        if self.reference.optional and not message.HasField(field):
            return None
        value: int | str = getattr(message, field)
        return value

    def live_targets(self, session: Session, values: Iterable[int | str]) -> set[int | str]:
        """Those of `values` that are keys of records which are there and not deleted."""
        return {row[0] for row in self._targets.rows(session, values)}

    def referrers(
        self, session: Session, values: Iterable[int | str], limit: int = ALL
    ) -> Iterator[tuple[int | str, Key]]:
        """For each live record that refers to one of `values`: to which, and its own key. At most about `limit`.

        Of another tenant's record, where it may be one's, the key is empty.
        """
        for row in self._referrers.rows(session, values, limit):
            if not self.crosses_tenants:
                yield row[0], tuple(row[1:])
            else:
                yield row[0], tuple(row[2:]) if row[1] == session.tenant else ()

    def without(self, key: Key) -> Message:
        """A record of the source with this key and nothing else, as an update that unsets the reference has it."""
        message: Message = self.source.component.message()
        for name, part in zip(self.source.component.key_fields, key, strict=True):
            setattr(message, name, part)
        return message


def _live(stored: Stored, columns: Sequence[Column[Any]]) -> Select[Any]:
    """`columns` of the records that are not deleted."""
    return select(*columns).where(*stored.statements.scope.shown(show_deleted=False))


class ComponentLinks(NamedTuple):
    """The references of a component's records to others, and those of others to them."""

    outgoing: Sequence[Link]
    incoming: Sequence[Link]


def component_links(
    stored: Mapping[str, Stored], kinds: Iterable[type[Repository[Any, Any]]], dialect: Dialect
) -> dict[str, ComponentLinks]:
    """The links of every component that has any, by the component's name."""
    found: dict[str, ComponentLinks] = defaultdict(lambda: ComponentLinks([], []))
    for kind in kinds:
        source = stored[kind.component.name]
        for reference in source.component.references:
            link = Link(reference, source, stored[reference.component], kind, dialect)
            found[source.component.name] = _with(found[source.component.name], outgoing=link)
            found[reference.component] = _with(found[reference.component], incoming=link)
    return dict(found)


def _with(links: ComponentLinks, *, outgoing: Link | None = None, incoming: Link | None = None) -> ComponentLinks:
    return ComponentLinks(
        [*links.outgoing, *([outgoing] if outgoing else [])], [*links.incoming, *([incoming] if incoming else [])]
    )
