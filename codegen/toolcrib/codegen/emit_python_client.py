"""Emits the typed Python client of a component: a synchronous class and one for asyncio."""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.codegen.client_history import HistoryMethods
from toolcrib.codegen.client_writer import (
    ALL_PAGES_NOTE,
    COLLECTIONS,
    ETAG_NOTE,
    QUERY,
    RUNTIME,
    WRITE,
    WRITE_PASSED,
)
from toolcrib.codegen.emit_python_fields import fields_class
from toolcrib.codegen.emit_service_proto import service_path
from toolcrib.codegen.layout import Each, Node, call, list_of, quoted
from toolcrib.codegen.model import Component, History
from toolcrib.codegen.names import stub_module
from toolcrib.codegen.python_names import key_parameters, module, use_message
from toolcrib.codegen.writer import CodeWriter

_SELECTION = ("filter", "query", "order_by")

_FILTER_NOTE = "`filter` is text as in AIP-160, `query` the same as a message; with both, both have to hold."
_PAGES_NOTE = f"{ALL_PAGES_NOTE} {_FILTER_NOTE}"
_WHERE_NOTE = "Nothing is asked before the query is iterated over or counted."
_PAGE_NOTE = f"This is one page; its next_page_token asks for the next. {_FILTER_NOTE}"
_UPDATE_NOTE = (
    '`mask` names the fields to change, "*" all of them; without it they are those that are populated. With '
    "`allow_missing` the record is created if there is none."
)
_DELETE_NOTE = f"{ETAG_NOTE} With `allow_missing` it is no error if there is no such record."
_BATCH_UPDATE_NOTE = 'A record may stand in a pair with its mask: `(record, "name")`.'


def emit_python_client(component: Component) -> str:
    """The module with both clients."""
    clients = [f"{prefix}{component.name}Client" for prefix in ("Async", "")]
    writer = CodeWriter(
        source=component.file,
        docstring=f"The clients of {component.service_full_name}, for asyncio and for synchronous code.",
        # Parameters hide what is imported under their name.
        defines=[*clients, component.singular, component.plural],
        future_annotations=True,
    )
    message = use_message(writer, component)
    writer.line()
    fields = writer.use(module(component, "fields"), fields_class(component))
    writer.statement(list_of(*map(quoted, sorted([*clients, fields])), before="__all__ = "))
    _Client(writer, component, message, asynchronous=False).write()
    _Client(writer, component, message, asynchronous=True).write()
    return writer.text()


@dataclass(frozen=True, slots=True)
class _Client(HistoryMethods):
    """Writes one of the classes."""

    def write(self) -> None:
        """The class."""
        component, writer = self.component, self.writer
        prefix, suffix = ("Async", ", for asyncio") if self.asynchronous else ("", "")
        crib = writer.use(RUNTIME, f"{prefix}Crib")
        stub = writer.use(f"{stub_module(service_path(component))}_grpc", f"{component.name}ServiceStub")
        writer.top()
        with writer.block(f"class {prefix}{component.name}Client:"):
            writer.docstring(
                f"Reads and writes the {component.full_name} records of a server{suffix}.\n\n"
                f"Methods raise ToolcribError. Who acts, why, and how long a call may take is the {prefix}Crib's to "
                f'say: `{prefix}{component.name}Client(crib.with_reason("..."))`. A write under the `request_id` of an '
                "earlier one is answered like that and not done again; one without is given an id of its own. With "
                "`validate_only` a write is answered, or refused, and nothing is written."
            )
            writer.line()
            with writer.function("def __init__", ["self", f"crib: {crib}"], "None"):
                writer.line("self._crib = crib")
                writer.line(f"self._stub = {stub}(crib.channel)")
            self._create()
            self._get()
            self._list()
            self._list_page()
            self._where()
            self._count()
            self._explain()
            if component.history is not History.NONE:
                self.watch()
            self._update()
            self._delete()
            if component.soft_delete:
                self._undelete()
            if component.history is not History.NONE:
                self.revisions()
                self.diffs()
                self.rollback()
            self._batches()

    def _create(self) -> None:
        name, record = f"Create{self.component.name}", self.component.singular
        parameters = [f"{record}: {self.message}", *self.keywords(*WRITE)]
        with self.method("create", name, parameters, self.message):
            self.answer("write", name, self._create_request(record, *WRITE_PASSED))

    def _get(self) -> None:
        parameters = [*key_parameters(self.component), *self.keywords(*self.shown(), *self.masks(), *self.past())]
        with self.method("get", f"Get{self.component.name}", parameters, self.message):
            request = self.keyed_request("Get", *self.shown(), masked=True)
            self.answer("read", f"Get{self.component.name}", request)

    def _list(self) -> None:
        component, writer = self.component, self.writer
        fields = (*_SELECTION, "page_size", *self.shown(), *self.masks(), *self.past())
        parameters = self.keywords(*fields)
        records = writer.use(RUNTIME, "AsyncRecords" if self.asynchronous else "Records")
        rpc = f"List{component.plural_name}"
        with self.method("list", rpc, parameters, f"{records}[{self.message}]", _PAGES_NOTE, waits=False):
            passed = [f"{name}={name}" for name in fields]
            page = call(writer.use("functools", "partial"), "self.list_page", *passed)
            writer.statement(call(records, self.message, page, quoted(component.plural)), before="return ")

    def _list_page(self) -> None:
        name = f"List{self.component.plural_name}"
        fields = (*_SELECTION, "page_size", "page_token", *self.shown())
        parameters = self.keywords(*fields, *self.masks(), *self.past())
        with self.method("list_page", name, parameters, self.service(f"{name}Response"), _PAGE_NOTE):
            passed = [f"{field}={field}" for field in fields]
            self.answer("read", name, call(self.service(f"{name}Request"), *passed, *self.read_arguments()))

    def _where(self) -> None:
        writer = self.writer
        query = writer.use(RUNTIME, "AsyncQuery" if self.asynchronous else "Query")
        parameters = ["self", f"*conditions: {writer.use(RUNTIME, 'Condition')}"]
        writer.line()
        with writer.function("def where", parameters, f"{query}[{self.message}]"):
            example = f"`where({fields_class(self.component)}.{self.component.key[0].name} == ...)`."
            writer.docstring(f"The records of which all conditions hold: {example}\n\n{_WHERE_NOTE}")
            writer.line(f"return {query}(self.list, self.count, conditions)")

    def _count(self) -> None:
        self._selected("count", "Count", "count", "int", "filter", "query")

    def _explain(self) -> None:
        plan = self.writer.use(QUERY, "Plan")
        self._selected("explain", "Explain", "plan", plan, *_SELECTION)

    def _selected(self, method: str, verb: str, answered: str, result: str, *fields: str) -> None:
        """A method that takes what `list` does, and answers one field of its response."""
        name, passed = f"{verb}{self.component.plural_name}", (*fields, *self.shown())
        with self.method(method, name, self.keywords(*passed, *self.past()), result):
            given = [f"{field}={field}" for field in passed]
            request = call(self.service(f"{name}Request"), *given, *self.past_arguments())
            sent = call("self._crib.read", f"self._stub.{name}", request)
            self.writer.statement(sent, before=f"answer = {self.awaited()}")
            self.writer.line(f"return answer.{answered}")

    def _update(self) -> None:
        name = f"Update{self.component.name}"
        paths = f"mask: {self.writer.use(RUNTIME, 'MaskPaths')} | None = None"
        others = self.keywords("allow_missing", *WRITE)[1:]
        parameters = [f"{self.component.singular}: {self.message}", "*", paths, *others]
        with self.method("update", name, parameters, self.message, _UPDATE_NOTE):
            mask = f"update_mask={self.writer.use(RUNTIME, 'field_mask')}(mask)"
            self.answer("write", name, self._update_request(self.component.singular, mask, *WRITE_PASSED))

    def _delete(self) -> None:
        name = f"Delete{self.component.name}"
        parameters = [*key_parameters(self.component), *self.keywords("etag", "allow_missing", *WRITE)]
        result = self.message if self.component.soft_delete else "None"
        with self.method("delete", name, parameters, result, _DELETE_NOTE):
            self.answer("write", name, self.keyed_request("Delete", "etag", "allow_missing", *WRITE), result)

    def _undelete(self) -> None:
        name = f"Undelete{self.component.name}"
        parameters = [*key_parameters(self.component), *self.keywords("etag", *WRITE)]
        with self.method("undelete", name, parameters, self.message, ETAG_NOTE):
            self.answer("write", name, self.keyed_request("Undelete", "etag", *WRITE))

    def _batches(self) -> None:
        component = self.component
        many = component.plural
        # One field of a key goes by the name of key: `id` would hide what Python calls so.
        parts = [field.name for field in component.key] if len(component.key) > 1 else ["key"]
        each = f"for {', '.join(parts)} in keys"
        record = component.singular
        records = f"{many}: {self.iterable(self.message)}"
        self._batch(
            "Create",
            "write",
            [records, *self.keywords(*WRITE)],
            self._create_request(record),
            f"for {record} in {many}",
        )
        shown = self.shown()
        key_list = [f"keys: {self.iterable(self.key_type())}"]
        get = self.keyed_request("Get", *shown, values=parts)
        self._batch("Get", "read", [*key_list, *self.keywords(*shown)], get, each)
        pair = f"tuple[{self.message}, {self.writer.use(RUNTIME, 'MaskPaths')}]"
        changes = [f"{many}: {self.iterable(f'{self.message} | {pair}')}", *self.keywords("allow_missing", *WRITE)]
        update = self._update_request(record, "update_mask=mask")
        pairs = f"for {record}, mask in map({self.writer.use(RUNTIME, 'record_and_mask')}, {many})"
        self._batch("Update", "write", changes, update, pairs, _BATCH_UPDATE_NOTE)
        delete = self.keyed_request("Delete", "allow_missing", values=parts)
        self._batch("Delete", "write", [*key_list, *self.keywords("allow_missing", *WRITE)], delete, each)

    def _batch(self, verb: str, kind: str, parameters: list[str], element: Node, clause: str, note: str = "") -> None:
        component, name = self.component, f"Batch{verb}{self.component.plural_name}"
        empty = verb == "Delete" and not component.soft_delete
        result = "None" if empty else f"{self.writer.use(COLLECTIONS, 'Sequence')}[{self.message}]"
        passed = WRITE_PASSED if kind == "write" else ()
        request = call(self.service(f"{name}Request"), Each("requests=[", element, clause), *passed)
        sent = call(f"self._crib.{kind}", f"self._stub.{name}", request)
        with self.method(f"batch_{verb.lower()}", name, parameters, result, note):
            if empty:
                self.writer.statement(sent, before=self.awaited())
            else:
                self.writer.statement(sent, before=f"answer = {self.awaited()}")
                self.writer.line(f"return answer.{component.plural}")

    def _create_request(self, record: str, *passed: str) -> Node:
        request = self.service(f"Create{self.component.name}Request")
        return call(request, f"{self.component.singular}={record}", *passed)

    def _update_request(self, record: str, mask: str, *passed: str) -> Node:
        request = self.service(f"Update{self.component.name}Request")
        return call(request, f"{self.component.singular}={record}", mask, "allow_missing=allow_missing", *passed)
