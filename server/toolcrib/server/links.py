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
from sqlalchemy import BindParameter, Column, Dialect, Integer, bindparam, select

from toolcrib.server.component_statements import DELETE_TIME
from toolcrib.server.constraints import Reference
from toolcrib.server.requests import Key
from toolcrib.server.session import Session
from toolcrib.server.statements import Prepared

if TYPE_CHECKING:
    from toolcrib.server.repository import Repository
    from toolcrib.server.store import Stored

# A statement for each of these numbers of values; one value is often all there is.
_WIDTHS = (1, 16, 256)
# No limit, as a number that every database takes.
_ALL = 2**31 - 1


class Link:
    """One reference: records of `source` hold keys of `target`. `kind` is the repository of the source."""

    __slots__ = ("_referrers", "_targets", "kind", "reference", "source", "target")

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
        self._targets = _Among([target_key], target_key, target, dialect)
        self._referrers = _Among([field, *keys], field, source, dialect)

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
        self, session: Session, values: Iterable[int | str], limit: int = _ALL
    ) -> Iterator[tuple[int | str, Key]]:
        """For each live record that refers to one of `values`: to which, and its own key. At most about `limit`."""
        for row in self._referrers.rows(session, values, limit):
            yield row[0], tuple(row[1:])

    def without(self, key: Key) -> Message:
        """A record of the source with this key and nothing else, as an update that unsets the reference has it."""
        message: Message = self.source.component.message()
        for name, part in zip(self.source.component.key_fields, key, strict=True):
            setattr(message, name, part)
        return message


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


class _Among:
    """`columns` of the live records whose `column` has one of many values."""

    __slots__ = ("_statements",)

    def __init__(self, columns: Sequence[Column[Any]], column: Column[Any], stored: Stored, dialect: Dialect) -> None:
        live = [stored.table.c[DELETE_TIME].is_(None)] if stored.component.soft_delete else []
        limit: BindParameter[int] = bindparam("given_limit", type_=Integer)
        self._statements = {}
        for width in _WIDTHS:
            values: list[BindParameter[Any]] = [bindparam(f"value_{n}", type_=column.type) for n in range(width)]
            self._statements[width] = Prepared(
                select(*columns).where(column.in_(values), *live).limit(limit),
                dialect,
                [*(value.key for value in values), limit.key],
            )

    def rows(self, session: Session, values: Iterable[int | str], limit: int = _ALL) -> Iterator[Sequence[Any]]:
        left = list(values)
        while left:
            width = next((width for width in _WIDTHS if width >= len(left)), _WIDTHS[-1])
            some, left = left[:width], left[width:]
            # Naming one value several times finds its records once.
            given = [*some, *some[-1:] * (width - len(some))]
            yield from list(session.iterate(self._statements[width], [*given, limit]))
