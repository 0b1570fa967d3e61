"""Reads the server in all the ways that there are, and compares each answer with the states that the model has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from support.model.callers import Stubs
from support.model.kinds import KINDS, Key, Kind, content
from support.model.shown import CELL_NOW, FILTERS, NOW, TREES, as_of, include, keys_of, listed, shown, versions
from support.model.world import Node, State, World
from support.plant import refusal_of


class Reading:
    """One look at the server, while nobody writes; `past` is what has been."""

    def __init__(self, stubs: Stubs, past: Sequence[State]) -> None:
        self._stubs = stubs
        self._past = past
        self._newest = len(past) - 1

    def require_present(self) -> None:
        """Everything is listed, counted and got as it is now."""
        world = self._past[-1].world
        for kind in KINDS.values():
            self._require_lists(kind, world, NOW[kind.name], self._newest)
            self._require_found(kind, world)
            for key in keys_of(self._past, kind):
                self._require_record(kind, key, world, NOW[kind.name])

    def require_past(self, revision: int) -> None:
        """All that keeps versions is listed, counted and got as it was at a revision."""
        world = as_of(self._past, revision)
        for kind in _kept():
            asked = {"as_of_revision": revision}
            self._require_lists(kind, world, TREES[kind.name], revision, **asked)
            self._require_found(kind, world, **asked)
            for key in keys_of(self._past, kind):
                self._require_record(kind, key, world, TREES[kind.name], **asked)

    def require_listed(self, revision: int) -> None:
        """All that keeps versions is listed as it was at a revision."""
        world = as_of(self._past, revision)
        for kind in _kept():
            page = self._list(kind, TREES[kind.name], as_of_revision=revision)
            _require_same(getattr(page, kind.plural.lower()), listed(kind, world, TREES[kind.name]), revision)

    def require_past_at(self, revision: int, microseconds: int) -> None:
        """The same at so many microseconds behind the commit of a revision."""
        time = _time(self._past[revision]) + timedelta(microseconds=microseconds)
        stamp = Timestamp()
        stamp.FromDatetime(time)
        meant = max((r for r, state in enumerate(self._past) if r and _time(state) <= time), default=0)
        for kind in _kept():
            world = as_of(self._past, meant)
            self._require_lists(kind, world, TREES[kind.name], meant, as_of_time=stamp)
            self._require_found(kind, world, as_of_time=stamp)

    def require_page(self, page: Any) -> None:
        """A list of all cells that came while others wrote is what there was at the revision that it says."""
        world = self._past[page.revision].world
        _require_same(page.cells, listed(KINDS["Cell"], world, CELL_NOW), page.revision)

    def require_versions(self, kind: Kind, key: Key, *, page_size: int, oldest_first: bool) -> None:
        """The versions of a record are those that the states show."""
        expected = versions(self._past, kind, key)
        if not oldest_first:
            expected.reverse()
        asked = {kind.key: key, "page_size": page_size, "oldest_first": oldest_first}
        found = self._all(kind, f"List{kind.name}Revisions", "revisions", **asked)
        assert [_version(kind, version) for version in found] == expected

    def require_differences(self, kind: Kind, start: int, end: int, *, page_size: int) -> None:
        """What differs between two revisions, of each record and of all; an end of 0 is now."""
        one, other = self._past[start].world, self._past[end or self._newest].world
        expected = {}
        for key in keys_of(self._past, kind):
            before, after = (_live(world, (kind.name, key)) for world in (one, other))
            sides = before, after, kind.differing(before, after, kind.fields)
            answer = self._stubs.ask(
                kind.name, f"Diff{kind.name}", **{kind.key: key}, start_revision=start, end_revision=end
            )
            assert _difference(kind, answer) == sides
            if _told(kind, before) != _told(kind, after):
                expected[str(key)] = sides
        asked = {"start_revision": start, "end_revision": end, "page_size": page_size}
        found = self._all(kind, f"List{kind.name}Diffs", "diffs", **asked)
        assert [_difference(kind, each) for each in found] == [expected[key] for key in sorted(expected)]

    def _require_lists(self, kind: Kind, world: World, tree: Any, revision: int, **asked: Any) -> None:
        for also in [{}, {"show_deleted": True}] if kind.soft_delete else [{}]:
            page = self._list(kind, tree, **also, **asked)
            expected = listed(kind, world, tree, **also)
            _require_same(getattr(page, kind.plural.lower()), expected, asked)
            assert page.revision == revision
            count = self._stubs.ask(kind.name, f"Count{kind.plural}", **also, **asked)
            assert (count.count, count.revision) == (len(expected), revision)

    def _require_found(self, kind: Kind, world: World, **asked: Any) -> None:
        for text, holds in FILTERS[kind.name].items():
            page = self._list(kind, {}, filter=text, **asked)
            expected = [one for one in listed(kind, world, {}) if holds(world, one)]
            _require_same(getattr(page, kind.plural.lower()), expected, (text, asked))

    def _require_record(self, kind: Kind, key: Key, world: World, tree: Any, **asked: Any) -> None:
        node, also = (kind.name, key), {"show_deleted": True} if kind.soft_delete else {}
        given = {kind.key: key, **also, **_mask(tree), **asked}
        expected = shown(world, world[node].message, tree, **also) if node in world else "RECORD_NOT_FOUND"
        assert _outcome(lambda: self._stubs.ask(kind.name, f"Get{kind.name}", **given)) == expected

    def _list(self, kind: Kind, tree: Any, **asked: Any) -> Any:
        return self._stubs.ask(kind.name, f"List{kind.plural}", page_size=1000, **_mask(tree), **asked)

    def _all(self, kind: Kind, method: str, field: str, **asked: Any) -> list[Any]:
        """All pages of an answer; nothing where there is nothing to tell of."""
        found: list[Any] = []
        token = ""
        while True:
            page = _outcome(lambda: self._stubs.ask(kind.name, method, page_token=token, **asked))  # noqa: B023
            if page == "RECORD_NOT_FOUND":
                return found
            found += getattr(page, field)
            token = page.next_page_token
            if not token:
                return found


def _version(kind: Kind, version: Any) -> list[Any]:
    facts = (version.actor, version.reason, version.method, version.commit_time)
    neighbours = (version.previous_revision, version.next_revision)
    return [version.revision, version.operation, facts, *_difference(kind, version), *neighbours]


def _difference(kind: Kind, answer: Any) -> tuple[Any, Any, list[str]]:
    sides = [getattr(answer, side) if answer.HasField(side) else None for side in ("before", "after")]
    return sides[0], sides[1], list(answer.changed_fields.paths)


def _live(world: World, node: Node) -> Any:
    kept = world.get(node)
    return None if kept is None or kept.deleted else kept.message


def _told(kind: Kind, message: Any) -> bytes | None:
    return None if message is None else kind.told(message)


def _kept() -> list[Kind]:
    return [kind for kind in KINDS.values() if kind.keeps_versions]


def _time(state: State) -> Any:
    return state.transaction.commit_time.ToDatetime()


def _mask(tree: Any) -> dict[str, Any]:
    return {"include": include(tree)} if tree else {}


def _require_same(found: Sequence[Any], expected: Sequence[Any], asked: Any) -> None:
    """To the bit, in the same order."""
    differing = [
        (one, other)
        for one, other in zip_longest(found, expected)
        if one is None or other is None or content(one) != content(other)
    ]
    assert not differing, f"asked for {asked}, found and expected: {differing[0]}"


def _outcome(ask: Callable[[], Any]) -> Any:
    """The answer, or the reason of a refusal."""
    try:
        return ask()
    except grpc.RpcError as error:
        return refusal_of(error).reason
