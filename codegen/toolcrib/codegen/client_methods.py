"""What a client of a component offers, before any language spells it: the one shape of all of them.

    service.py -> this -> the emitter of a language's client

A method hides what callers have no use for: the request's message, page tokens, the answer's wrapping.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, unique

from toolcrib.codegen.model import Component, History
from toolcrib.codegen.service import service_messages, service_methods
from toolcrib.codegen.service_parts import ServiceField, ServiceMessage, ServiceMethod


@unique
class Call(Enum):
    """How the runtime makes the call."""

    READ = "read"  # may be tried again
    WRITE = "write"  # may be tried again under its request_id
    PAGES = "pages"  # reads page after page, as they are needed
    WATCH = "watch"  # a stream that goes on by itself


@unique
class Takes(Enum):
    """What a method is first of all given."""

    NOTHING = "nothing"
    KEY = "key"
    RECORD = "record"
    KEYS = "keys"
    RECORDS = "records"
    MASKED_RECORDS = "masked records"  # each with its own update_mask or none


@dataclass(frozen=True, slots=True)
class ClientMethod:
    """A method of a component's client.

    `name` is in snake_case; languages spell their own. Behind what it `takes` come its `arguments`, which have to be
    given, and its `options`, which need not be: fields of `request`. `item_options` are fields of the requests within
    a batch, given once for all of them. `answers` is the field of the response that is the answer, or whose items
    are; "" where that is the response itself, None where there is nothing to answer.
    """

    name: str
    rpc: ServiceMethod
    request: ServiceMessage
    call: Call
    takes: Takes
    arguments: tuple[ServiceField, ...]
    options: tuple[ServiceField, ...]
    item_options: tuple[ServiceField, ...]
    answers: str | None

    @property
    def comment(self) -> str:
        """What it does, in a sentence or two."""
        return self.rpc.comment


def client_methods(component: Component) -> tuple[ClientMethod, ...]:
    """The methods in the order of the service's."""
    return _Shapes(component).methods()


@dataclass(frozen=True, slots=True)
class _Shapes:
    component: Component

    def methods(self) -> tuple[ClientMethod, ...]:
        one, many, records = self.component.name, self.component.plural_name, self.component.plural
        gone = "" if self.component.soft_delete else None
        methods = [
            self._method("create", f"Create{one}", Call.WRITE, Takes.RECORD),
            self._method("get", f"Get{one}", Call.READ, Takes.KEY),
            self._method("list", f"List{many}", Call.PAGES, answers=records),
            self._method("list_page", f"List{many}", Call.READ),
            self._method("count", f"Count{many}", Call.READ, answers="count"),
            self._method("explain", f"Explain{many}", Call.READ, answers="plan"),
            self._method("update", f"Update{one}", Call.WRITE, Takes.RECORD),
            self._method("delete", f"Delete{one}", Call.WRITE, Takes.KEY, answers=gone),
        ]
        if self.component.soft_delete:
            methods.append(self._method("undelete", f"Undelete{one}", Call.WRITE, Takes.KEY))
        if self.component.history is not History.NONE:
            methods += self._history()
        methods += [
            self._batch("batch_create", f"BatchCreate{many}", Call.WRITE, Takes.RECORDS),
            self._batch("batch_get", f"BatchGet{many}", Call.READ, Takes.KEYS),
            self._batch("batch_update", f"BatchUpdate{many}", Call.WRITE, Takes.MASKED_RECORDS),
            self._batch("batch_delete", f"BatchDelete{many}", Call.WRITE, Takes.KEYS),
        ]
        if self.component.history is not History.NONE:
            methods.append(self._method("watch", f"Watch{many}", Call.WATCH))
        return tuple(methods)

    def _history(self) -> list[ClientMethod]:
        one = self.component.name
        bounds = ("start_revision",)
        return [
            self._method("revisions", f"List{one}Revisions", Call.PAGES, Takes.KEY, answers="revisions"),
            self._method("diff", f"Diff{one}", Call.READ, Takes.KEY, arguments=bounds),
            self._method("diffs", f"List{one}Diffs", Call.PAGES, arguments=bounds, answers="diffs"),
            self._method("rollback", f"Rollback{one}", Call.WRITE, Takes.KEY, arguments=("revision",)),
        ]

    def _method(
        self,
        name: str,
        rpc: str,
        call: Call,
        takes: Takes = Takes.NOTHING,
        *,
        arguments: Collection[str] = (),
        answers: str | None = "",
    ) -> ClientMethod:
        request = self._request(rpc)
        taken = {self.component.singular} if takes is Takes.RECORD else set[str]()
        if takes is Takes.KEY:
            taken = {field.name for field in self.component.key}
        if call is Call.PAGES:
            taken.add("page_token")
        given = tuple(field for field in request.fields if field.name in arguments)
        options = tuple(field for field in request.fields if field.name not in taken and field not in given)
        return ClientMethod(name, self._rpc(rpc), request, call, takes, given, options, (), answers)

    def _batch(self, name: str, rpc: str, call: Call, takes: Takes) -> ClientMethod:
        request = self._request(rpc)
        options = tuple(field for field in request.fields if field.name != "requests")
        item = self._request(rpc.removeprefix("Batch").replace(self.component.plural_name, self.component.name))
        shared = tuple(field for field in item.fields if field.name in ("show_deleted", "allow_missing"))
        empty = takes is Takes.KEYS and call is Call.WRITE and not self.component.soft_delete
        answers = None if empty else self.component.plural
        return ClientMethod(name, self._rpc(rpc), request, call, takes, (), options, shared, answers)

    def _rpc(self, name: str) -> ServiceMethod:
        return next(method for method in service_methods(self.component) if method.name == name)

    def _request(self, rpc: str) -> ServiceMessage:
        return next(message for message in service_messages(self.component) if message.name == f"{rpc}Request")
