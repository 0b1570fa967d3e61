"""What callers come to ask: few records and few values, so that calls meet each other.

A call is made from one number and from what its caller knows, which is what there was before: what hypothesis draws for
a run is limited, and what it draws must not hang on what concurrent calls come to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from support.model.calls import Batch, Call, Create, Delete, Rollback, Transaction, Undelete, Update
from support.model.kinds import KINDS, Key
from support.model.world import State

_NAMES = ("Cell", "Cell", "Arm", "Job")
_KEYS: dict[str, Sequence[Key]] = {"Cell": range(1, 9), "Arm": "pqrst", "Job": range(1, 5)}
_INCLUDES = ((), ("arms",), ("cells", "arms"), ("arms", "cells.arms"), ("cells.cells", "arms"))
# No revision has it.
_STALE = "stale"

# What there is when all begins.
FIRST: Sequence[Call] = (
    Batch(name="Cell", of=Create, items=[Create(name="Cell", values={"name": name}) for name in "abcd"]),
    Batch(name="Arm", of=Create, items=[Create(name="Arm", values={"code": code, "cell": 1}) for code in "pq"]),
    Create(name="Job", values={"cell": 2, "arm": "p"}),
    Update(name="Cell", key=3, values={"whole": 1, "size": 2}),
    Update(name="Cell", key=4, values={"whole": 3}),
)


class Asking:
    """Makes one call by chance, when `past` is what has been."""

    def __init__(self, number: int, past: Sequence[State]) -> None:
        self._chance = Random(number)
        self._world = past[-1].world
        self._newest = len(past) - 1

    def call(self) -> Call:
        """Any call."""
        chance = self._chance.random()
        if chance < 0.12:
            return Transaction(steps=[self._single(self._name()) for _ in range(self._chance.randint(1, 4))])
        return self._batch(self._name()) if chance < 0.3 else self._single(self._name())

    def _single(self, name: str) -> Call:
        ways: list[Callable[[str, Key], Call]] = [self._create, self._update, self._update, self._update]
        ways += [self._delete, self._roll_back, self._roll_back]
        if KINDS[name].soft_delete:
            ways.append(self._undelete)
        make = self._chance.choice(ways)
        return make(name, self._key(name, is_there=make != self._create, deleted=make == self._undelete))

    def _batch(self, name: str) -> Call:
        ways: list[tuple[Any, Callable[[str, Key], Call]]] = [
            (Create, self._create),
            (Update, self._update),
            (Delete, self._delete),
        ]
        of, make = self._chance.choice(ways)
        # No record twice, which is another test's.
        keys = {self._key(name, is_there=of is not Create): None for _ in range(self._chance.randint(0, 3))}
        return Batch(name=name, of=of, items=[make(name, key) for key in keys])

    def _create(self, name: str, key: Key) -> Create:
        own = {"code": key} if KINDS[name].gives_key else {}
        return Create(name=name, values={**own, **self._values(name)})

    def _update(self, name: str, key: Key) -> Update:
        values = self._values(name)
        some = self._chance.sample(list(values), self._chance.randint(1, len(values)))
        return Update(name=name, key=key, etag=self._etag(name, key), values={each: values[each] for each in some})

    def _delete(self, name: str, key: Key) -> Delete:
        return Delete(name=name, key=key, etag=self._etag(name, key))

    def _undelete(self, name: str, key: Key) -> Undelete:
        return Undelete(name=name, key=key, etag=self._etag(name, key))

    def _roll_back(self, name: str, key: Key) -> Rollback:
        include = self._chance.choice(_INCLUDES) if name == "Cell" else ()
        revision = self._chance.randint(1, max(1, self._newest))
        return Rollback(name=name, key=key, etag=self._etag(name, key), revision=revision, include=include)

    def _name(self) -> str:
        return self._chance.choice(_NAMES)

    def _etag(self, name: str, key: Key) -> str:
        kept, chance = self._world.get((name, key)), self._chance.random()
        if kept is not None and chance < 0.2:
            return str(kept.message.etag)
        return _STALE if chance > 0.95 else ""

    def _key(self, name: str, *, is_there: bool = True, deleted: bool = False) -> Key:
        """Most often of a record that is there, or that is `deleted`; sometimes any."""
        known = [key for (other, key), kept in self._world.items() if other == name and kept.deleted is deleted]
        keys = sorted(known) if is_there and known and self._chance.random() < 0.85 else _KEYS[name]
        return self._chance.choice(keys)

    def _values(self, name: str) -> dict[str, Any]:
        number = self._chance.randrange
        if name == "Cell":
            letter, whole = self._chance.choice("abcdefghijklmnop"), self._perhaps("Cell")
            return {"name": letter, "whole": whole, "size": number(4), "visits": number(4)}
        if name == "Arm":
            cell, twin = self._perhaps("Cell"), self._perhaps("Arm")
            return {"cell": cell, "twin": twin, "reach": number(4), "hours": number(4)}
        return {"cell": self._key("Cell"), "arm": self._perhaps("Arm"), "text": self._chance.choice("xyz")}

    def _perhaps(self, name: str) -> Key | None:
        return self._key(name) if self._chance.random() < 0.6 else None
