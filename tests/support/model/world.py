"""Every state that a laboratory has been in, and what one more call makes of the last: plain Python, call by call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from support.model.kinds import CASCADE, KINDS, OWNED, RESTRICT, SET_NULL, Key, Kind, content, copy_of
from toolcrib.audit.v1.audit_pb2 import Operation

# A record: the name of its component, and its key.
Node = tuple[str, Key]


class Refused(Exception):
    """The call is refused, for this reason."""

    @property
    def reason(self) -> str:
        """The reason of the refusal."""
        return str(self.args[0])


class Kept(NamedTuple):
    """A record, deleted or not. Messages are never changed once they are here."""

    message: Any
    deleted: bool = False


World = dict[Node, Kept]


class Entry(NamedTuple):
    """What a call does to one record."""

    operation: int
    node: Node
    before: Any
    after: Any


@dataclass
class State:
    """What a revision has left, and how it came about. `begun` are the records that have another version since."""

    world: World = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    begun: set[Node] = field(default_factory=set)
    transaction: Any = None


class Draft:
    """One more state behind `past`, in the making.

    `keys` are those that the server gives to what is created; without them, those that it would give.
    """

    def __init__(self, past: Sequence[State], *, keys: Iterable[Key] = ()) -> None:
        self._past = past
        self._keys = iter(keys)
        self.revision = len(past)
        self.state = State(dict(past[-1].world))
        self.world = self.state.world

    def create(self, kind: Kind, records: Sequence[Any]) -> list[Any]:
        """Creates records; answers them as they are. Raises Refused."""
        records = list(self._with_keys(kind, records))
        for name in kind.references:
            known: set[Key] = set()
            for record in records:
                known.add(kind.key_of(record))
                self._require_target(kind, name, record, known)
        for record in records:
            if (kind.name, kind.key_of(record)) in self.world:
                raise Refused("RECORD_EXISTS")
            self._require_unique(kind, record)
            self._write(Operation.OPERATION_CREATE, (kind.name, kind.key_of(record)), record)
        return [self.world[kind.name, kind.key_of(record)].message for record in records]

    def update(self, kind: Kind, changes: Sequence[tuple[Any, Sequence[str]]]) -> list[Any]:
        """Changes these fields of records to those of others, which may have etags. Raises Refused."""
        for record, _ in changes:
            self._require_live((kind.name, kind.key_of(record)), record.etag)
        # Those of the whole batch refer to what was there before it.
        for record, names in changes:
            self._require_new_targets((kind.name, kind.key_of(record)), record, names)
        for record, names in changes:
            self._change((kind.name, kind.key_of(record)), record, names)
        return [self.world[kind.name, kind.key_of(record)].message for record, _ in changes]

    def delete(self, kind: Kind, removals: Sequence[tuple[Key, str]]) -> list[Any]:
        """Deletes records, and those that go with them; answers those that are left as deleted. Raises Refused."""
        nodes = []
        for key, etag in removals:
            if not self.is_live((kind.name, key)):
                raise Refused("RECORD_NOT_FOUND")
            self.require_etag((kind.name, key), etag)
            nodes.append((kind.name, key))
        self._delete(nodes)
        return [self.world[node].message for node in nodes if kind.soft_delete]

    def undelete(self, kind: Kind, key: Key, etag: str) -> Any:
        """Brings a record back. Raises Refused."""
        kept = self.world.get((kind.name, key))
        if kept is None:
            raise Refused("RECORD_NOT_FOUND")
        if not kept.deleted:
            raise Refused("RECORD_NOT_DELETED")
        self.require_etag((kind.name, key), etag)
        return self._bring_back((kind.name, key), kept.message)

    def roll_back(self, kind: Kind, key: Key, revision: int, include: Sequence[str]) -> Any:
        """Makes a record as it was, and the records that it owns by these relations. Raises Refused."""
        node = (kind.name, key)
        then = self._past[revision].world
        was_live = node in then and not then[node].deleted
        if not was_live:
            self._roll_back_owned(node, revision, include)
        self._make(node, then[node].message if was_live else None)
        if was_live:
            self._roll_back_owned(node, revision, include)
        left = self.world.get(node)
        return kind.message() if left is None else left.message

    def require_etag(self, node: Node, etag: str) -> None:
        """Raises Refused where there is a record, and this is not its etag."""
        if etag and node in self.world and etag != self.world[node].message.etag:
            raise Refused("ETAG_MISMATCH")

    def is_live(self, node: Node) -> bool:
        """Whether it is there, and not deleted."""
        return node in self.world and not self.world[node].deleted

    def _roll_back_owned(self, node: Node, revision: int, include: Sequence[str]) -> None:
        for path in include:
            name, _, deeper = path.partition(".")
            source, field = OWNED[name]
            then, now = (owned(world, node, source, field) for world in (self._past[revision].world, self.world))
            for key in [*then, *(key for key in now if key not in then)]:
                self.roll_back(KINDS[source], key, revision, [deeper] if deeper else [])

    def _make(self, node: Node, then: Any) -> None:
        """Makes a record as it was then; None is gone."""
        kind, kept = KINDS[node[0]], self.world.get(node)
        if then is None:
            if self.is_live(node):
                self._delete([node])
        elif kept is None:
            for name in kind.references:
                self._require_target(kind, name, then, {node[1]})
            self._require_unique(kind, then)
            self._write(Operation.OPERATION_CREATE, node, then)
        elif kept.deleted:
            self._bring_back(node, then)
        else:
            self._change(node, then, kind.fields)

    def _bring_back(self, node: Node, record: Any) -> Any:
        kind = KINDS[node[0]]
        for name in kind.references:
            self._require_target(kind, name, record, {node[1]})
        self._require_unique(kind, record)
        return self._write(Operation.OPERATION_UNDELETE, node, record)

    def _change(self, node: Node, record: Any, names: Iterable[str]) -> None:
        after = self._changed(node, record, names)
        if content(after) == content(self.world[node].message):
            return
        self._require_new_targets(node, record, names)
        self._require_unique(KINDS[node[0]], after)
        self._write(Operation.OPERATION_UPDATE, node, after)

    def _changed(self, node: Node, record: Any, names: Iterable[str]) -> Any:
        after = copy_of(self.world[node].message)
        for name in names:
            after.ClearField(name)
            if not record.DESCRIPTOR.fields_by_name[name].has_presence or record.HasField(name):
                setattr(after, name, getattr(record, name))
        return after

    def _require_new_targets(self, node: Node, record: Any, names: Iterable[str]) -> None:
        kind, after = KINDS[node[0]], self._changed(node, record, names)
        for name in kind.references:
            if kind.value(after, name) != kind.value(self.world[node].message, name):
                self._require_target(kind, name, after, set())

    def _delete(self, nodes: Sequence[Node]) -> None:
        gone = set(nodes)
        while more := {source for source, _ in self._referring(gone, CASCADE)} - gone:
            gone |= more
        unset: dict[Node, list[str]] = {}
        for source, name in self._referring(gone, SET_NULL):
            if source not in gone:
                unset.setdefault(source, []).append(name)
        if any(source not in gone for source, _ in self._referring(gone, RESTRICT)):
            raise Refused("RECORD_IN_USE")
        for node, names in unset.items():
            self._change(node, KINDS[node[0]].message(), names)
        for node in gone:
            self._write(Operation.OPERATION_DELETE, node, self.world[node].message)

    def _write(self, operation: Operation.ValueType, node: Node, record: Any) -> Any:
        kind, kept = KINDS[node[0]], self.world.get(node)
        before = None if kept is None else kept.message
        is_delete = operation == Operation.OPERATION_DELETE
        after = None if is_delete and not kind.soft_delete else copy_of(record)
        if after is not None:
            after.etag = str(self.revision)
            self.world[node] = Kept(after, deleted=is_delete)
        else:
            del self.world[node]
        self.state.entries.append(Entry(operation, node, before, after))
        if operation != Operation.OPERATION_UPDATE or kind.told(before) != kind.told(after):
            self.state.begun.add(node)
        return after

    def _with_keys(self, kind: Kind, records: Sequence[Any]) -> Iterator[Any]:
        # Records that get keys are never removed for good, so the last of them has the last key.
        last = max((key for name, key in self.world if name == kind.name and isinstance(key, int)), default=0)
        for number, record in enumerate(records, 1):
            copy = copy_of(record)
            if not kind.gives_key:
                setattr(copy, kind.key, next(self._keys, last + number))
            yield copy

    def _require_live(self, node: Node, etag: str) -> None:
        if node not in self.world:
            raise Refused("RECORD_NOT_FOUND")
        if self.world[node].deleted:
            raise Refused("RECORD_DELETED")
        self.require_etag(node, etag)

    def _require_target(self, kind: Kind, name: str, record: Any, known: set[Key]) -> None:
        """`known` are the keys of the records' own component that are about to be there."""
        target, value = kind.references[name][0], kind.value(record, name)
        own = known if target == kind.name else set()
        if value is not None and value not in own and not self.is_live((target, value)):
            raise Refused("REFERENCE_NOT_FOUND")

    def _require_unique(self, kind: Kind, record: Any) -> None:
        if not kind.unique_live:
            return
        for (name, key), kept in self.world.items():
            is_other = name == kind.name and key != kind.key_of(record) and not kept.deleted
            if is_other and getattr(kept.message, kind.unique_live) == getattr(record, kind.unique_live):
                raise Refused("RECORD_EXISTS")

    def _referring(self, targets: set[Node], on_delete: str) -> Iterator[tuple[Node, str]]:
        """The live records that refer to one of these, and in which field."""
        for node, kept in self.world.items():
            kind = KINDS[node[0]]
            for name, (target, what) in kind.references.items():
                value = kind.value(kept.message, name)
                if what == on_delete and not kept.deleted and value is not None and (target, value) in targets:
                    yield node, name


def owned(world: World, node: Node, source: str, name: str, *, show_deleted: bool = False) -> list[Key]:
    """The keys of the records of `source` that refer to `node` in a field, in their order."""
    kind = KINDS[source]
    return sorted(
        key
        for (other, key), kept in world.items()
        if other == source and (show_deleted or not kept.deleted) and kind.value(kept.message, name) == node[1]
    )


def revision_at(past: Sequence[State], share: int) -> int:
    """The revision that is so many per cent of the way from the first to the newest."""
    return max(1, (len(past) - 1) * share // 100)
