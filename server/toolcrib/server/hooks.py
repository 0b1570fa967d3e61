"""The application: a machine builder's own rules, wrapped around the server's writes.

A hook takes the step that comes next and gives back a step of its own, so it can act before, after or instead; the one
registered first is the outermost. `before_…` and `after_…` are sugar over that. Hooks are handed to the server with the
application, never registered globally. They run on the writer lane, in the transaction of the change: raising undoes
all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from toolcrib.server.changes import Change, Commit, Operation

if TYPE_CHECKING:
    from toolcrib.server.record import Record

RecordT = TypeVar("RecordT", bound="Record[Any]")

Step = Callable[[Change[RecordT]], None]
Hook = Callable[[Step[RecordT]], Step[RecordT]]
Listener = Callable[[Commit], None]
Decorator = Callable[[Step[RecordT]], Step[RecordT]]


class Application:
    """Hooks and listeners, in the order in which they were registered."""

    def __init__(self) -> None:
        self._hooks: list[tuple[type[Record[Any]], frozenset[Operation], Hook[Any]]] = []
        self.listeners: list[Listener] = []

    def hook(self, record: type[RecordT], *operations: Operation) -> Callable[[Hook[RecordT]], Hook[RecordT]]:
        """Registers a hook in its general form for `operations` (all, if none is named) of a component."""

        def register(hook: Hook[RecordT]) -> Hook[RecordT]:
            self._hooks.append((record, frozenset(operations or Operation), hook))
            return hook

        return register

    def before_create(self, record: type[RecordT]) -> Decorator[RecordT]:
        """Runs before a record is created; may alter `change.after`."""
        return self._around(record, Operation.CREATE, first=True)

    def after_create(self, record: type[RecordT]) -> Decorator[RecordT]:
        """Runs when the created record is written, before the commit."""
        return self._around(record, Operation.CREATE, first=False)

    def before_update(self, record: type[RecordT]) -> Decorator[RecordT]:
        """Runs before a record is updated, if the update changes anything; may alter `change.after`."""
        return self._around(record, Operation.UPDATE, first=True)

    def after_update(self, record: type[RecordT]) -> Decorator[RecordT]:
        """Runs when the updated record is written, before the commit."""
        return self._around(record, Operation.UPDATE, first=False)

    def before_delete(self, record: type[RecordT]) -> Decorator[RecordT]:
        """Runs before a record is deleted."""
        return self._around(record, Operation.DELETE, first=True)

    def after_delete(self, record: type[RecordT]) -> Decorator[RecordT]:
        """Runs when the record is deleted, before the commit."""
        return self._around(record, Operation.DELETE, first=False)

    def before_undelete(self, record: type[RecordT]) -> Decorator[RecordT]:
        """Runs before a record is brought back; may alter `change.after`."""
        return self._around(record, Operation.UNDELETE, first=True)

    def after_undelete(self, record: type[RecordT]) -> Decorator[RecordT]:
        """Runs when the record is back, before the commit."""
        return self._around(record, Operation.UNDELETE, first=False)

    def after_commit(self, listener: Listener) -> Listener:
        """Runs once for each commit, in their order, when it is durable; never for one that was rolled back.

        Listeners have a thread of their own and hold up nobody's answer. What they raise is logged.
        """
        self.listeners.append(listener)
        return listener

    def records(self) -> set[type[Record[Any]]]:
        """The record types that hooks are registered for."""
        return {record for record, _, _ in self._hooks}

    def chain(self, record: type[Record[Any]], operation: Operation, innermost: Step[Any]) -> Step[Any] | None:
        """`innermost` wrapped in the hooks for this operation, or None where there are none."""
        hooks = [hook for kind, operations, hook in self._hooks if kind is record and operation in operations]
        if not hooks:
            return None
        step = innermost
        for hook in reversed(hooks):
            step = hook(step)
        return step

    def _around(self, record: type[RecordT], operation: Operation, *, first: bool) -> Decorator[RecordT]:
        def register(function: Step[RecordT]) -> Step[RecordT]:
            def hook(call_next: Step[RecordT]) -> Step[RecordT]:
                steps = (function, call_next) if first else (call_next, function)

                def step(change: Change[RecordT]) -> None:
                    for run in steps:
                        run(change)

                return step

            self.hook(record, operation)(hook)
            return function

        return register
