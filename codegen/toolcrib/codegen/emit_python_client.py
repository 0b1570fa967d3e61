"""Emits the typed Python client of a component: a synchronous class and one for asyncio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from toolcrib.codegen.emit_python_fields import fields_class
from toolcrib.codegen.emit_service_proto import service_path
from toolcrib.codegen.layout import Each, Node, call, list_of, quoted
from toolcrib.codegen.model import Component, History
from toolcrib.codegen.names import stub_module
from toolcrib.codegen.python_names import key_parameters, module, python_type, use_message
from toolcrib.codegen.service import service_methods
from toolcrib.codegen.writer import CodeWriter

_COLLECTIONS = "collections.abc"
_RUNTIME = "toolcrib.client"
_QUERY = "toolcrib.query.v1.query_pb2"

_DEFAULTS = {
    "page_size": "page_size: int = 0",
    "page_token": 'page_token: str = ""',
    "filter": 'filter: str = ""',
    "order_by": 'order_by: str = ""',
    "show_deleted": "show_deleted: bool = False",
    "etag": 'etag: str = ""',
    "allow_missing": "allow_missing: bool = False",
    "oldest_first": "oldest_first: bool = False",
    "request_id": 'request_id: str = ""',
    "validate_only": "validate_only: bool = False",
}

# What each write can be asked.
_WRITE = ("request_id", "validate_only")
_WRITE_PASSED = tuple(f"{name}={name}" for name in _WRITE)

_SELECTION = ("filter", "query", "order_by")

_FILTER_NOTE = "`filter` is text as in AIP-160, `query` the same as a message; with both, both have to hold."
_PAGES_NOTE = f"Asks for page after page, as they are needed. {_FILTER_NOTE}"
_WHERE_NOTE = "Nothing is asked before the query is iterated over or counted."
_WATCH_NOTE = (
    "Of records of which all conditions hold: their changes, and how they come to be such and cease to be. Nothing is "
    "asked before the watch is iterated over."
)
_PAGE_NOTE = f"This is one page; its next_page_token asks for the next. {_FILTER_NOTE}"
_UPDATE_NOTE = (
    '`mask` names the fields to change, "*" all of them; without it they are those that are populated. With '
    "`allow_missing` the record is created if there is none."
)
_ETAG_NOTE = "An `etag` must be the record's current one."
_DELETE_NOTE = f"{_ETAG_NOTE} With `allow_missing` it is no error if there is no such record."
_ALL_PAGES_NOTE = "Asks for page after page, as they are needed."
_BOUND_NAMES = ("start_revision", "end_revision")
_BOUNDS = ["start_revision: int", "end_revision: int = 0"]
_BOUNDS_NOTE = "A `start_revision` of 0 is before all, an `end_revision` of 0 is now."
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
class _Client:
    """Writes one of the classes; `message` is what the module calls the component's message."""

    writer: CodeWriter
    component: Component
    message: str
    asynchronous: bool

    def write(self) -> None:
        """The class."""
        component, writer = self.component, self.writer
        prefix, suffix = ("Async", ", for asyncio") if self.asynchronous else ("", "")
        crib = writer.use(_RUNTIME, f"{prefix}Crib")
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
                self._watch()
            self._update()
            self._delete()
            if component.soft_delete:
                self._undelete()
            if component.history is not History.NONE:
                self._revisions()
                self._diffs()
                self._rollback()
            self._batches()

    def _create(self) -> None:
        name, record = f"Create{self.component.name}", self.component.singular
        parameters = [f"{record}: {self.message}", *self._keywords(*_WRITE)]
        with self._method("create", name, parameters, self.message):
            self._answer("write", name, self._create_request(record, *_WRITE_PASSED))

    def _get(self) -> None:
        parameters = [*key_parameters(self.component), *self._keywords(*self._shown(), *self._masks(), *self._past())]
        with self._method("get", f"Get{self.component.name}", parameters, self.message):
            request = self._keyed_request("Get", *self._shown(), masked=True)
            self._answer("read", f"Get{self.component.name}", request)

    def _list(self) -> None:
        component, writer = self.component, self.writer
        fields = (*_SELECTION, "page_size", *self._shown(), *self._masks(), *self._past())
        parameters = self._keywords(*fields)
        kind = self.writer.use(_COLLECTIONS, "AsyncIterator" if self.asynchronous else "Iterator")
        with self._method("list", f"List{component.plural_name}", parameters, f"{kind}[{self.message}]", _PAGES_NOTE):
            writer.line('page_token = ""')
            with writer.block("while True:"):
                passed = [f"{name}={name}" for name in ("page_token", *fields)]
                writer.statement(call("self.list_page", *passed), before=f"page = {self._await()}")
                # An asynchronous generator cannot `yield from`.
                if self.asynchronous:
                    with writer.block(f"for record in page.{component.plural}:"):
                        writer.line("yield record")
                else:
                    writer.line(f"yield from page.{component.plural}")
                writer.line("page_token = page.next_page_token")
                with writer.block("if not page_token:"):
                    writer.line("return")

    def _list_page(self) -> None:
        name = f"List{self.component.plural_name}"
        fields = (*_SELECTION, "page_size", "page_token", *self._shown())
        parameters = self._keywords(*fields, *self._masks(), *self._past())
        with self._method("list_page", name, parameters, self._service(f"{name}Response"), _PAGE_NOTE):
            passed = [f"{field}={field}" for field in fields]
            self._answer("read", name, call(self._service(f"{name}Request"), *passed, *self._read_arguments()))

    def _where(self) -> None:
        writer = self.writer
        query = writer.use(_RUNTIME, "AsyncQuery" if self.asynchronous else "Query")
        parameters = ["self", f"*conditions: {writer.use(_RUNTIME, 'Condition')}"]
        writer.line()
        with writer.function("def where", parameters, f"{query}[{self.message}]"):
            example = f"`where({fields_class(self.component)}.{self.component.key[0].name} == ...)`."
            writer.docstring(f"The records of which all conditions hold: {example}\n\n{_WHERE_NOTE}")
            writer.line(f"return {query}(self.list, self.count, conditions)")

    def _count(self) -> None:
        self._selected("count", "Count", "count", "int", "filter", "query")

    def _explain(self) -> None:
        plan = self.writer.use(_QUERY, "Plan")
        self._selected("explain", "Explain", "plan", plan, *_SELECTION)

    def _watch(self) -> None:
        writer, name = self.writer, f"Watch{self.component.plural_name}"
        watch = writer.use(_RUNTIME, "AsyncWatch" if self.asynchronous else "Watch")
        asked = f"{writer.use('typing', 'Unpack')}[{writer.use(_RUNTIME, 'Watching')}]"
        selection = self._keywords("filter", "query")[1:]
        conditions = f"*conditions: {writer.use(_RUNTIME, 'Condition')}"
        comment = next(method.comment for method in service_methods(self.component) if method.name == name)
        writer.line()
        parameters = ["self", conditions, *selection, f"**asked: {asked}"]
        with writer.function("def watch", parameters, f"{watch}[{self.message}]"):
            writer.docstring(f"{comment}\n\n{_WATCH_NOTE}")
            request = [self._service(f"{name}Request"), "conditions", "filter", "query", "asked"]
            built = call(writer.use(_RUNTIME, "watch_request"), *request)
            writer.statement(call(watch, "self._crib", f"self._stub.{name}", built), before="return ")

    def _selected(self, method: str, verb: str, answered: str, result: str, *fields: str) -> None:
        """A method that takes what `list` does, and answers one field of its response."""
        name, passed = f"{verb}{self.component.plural_name}", (*fields, *self._shown())
        with self._method(method, name, self._keywords(*passed, *self._past()), result):
            given = [f"{field}={field}" for field in passed]
            request = call(self._service(f"{name}Request"), *given, *self._past_arguments())
            sent = call("self._crib.read", f"self._stub.{name}", request)
            self.writer.statement(sent, before=f"answer = {self._await()}")
            self.writer.line(f"return answer.{answered}")

    def _update(self) -> None:
        name = f"Update{self.component.name}"
        paths = f"mask: {self.writer.use(_RUNTIME, 'MaskPaths')} | None = None"
        others = self._keywords("allow_missing", *_WRITE)[1:]
        parameters = [f"{self.component.singular}: {self.message}", "*", paths, *others]
        with self._method("update", name, parameters, self.message, _UPDATE_NOTE):
            mask = f"update_mask={self.writer.use(_RUNTIME, 'field_mask')}(mask)"
            self._answer("write", name, self._update_request(self.component.singular, mask, *_WRITE_PASSED))

    def _delete(self) -> None:
        name = f"Delete{self.component.name}"
        parameters = [*key_parameters(self.component), *self._keywords("etag", "allow_missing", *_WRITE)]
        result = self.message if self.component.soft_delete else "None"
        with self._method("delete", name, parameters, result, _DELETE_NOTE):
            self._answer("write", name, self._keyed_request("Delete", "etag", "allow_missing", *_WRITE), result)

    def _undelete(self) -> None:
        name = f"Undelete{self.component.name}"
        parameters = [*key_parameters(self.component), *self._keywords("etag", *_WRITE)]
        with self._method("undelete", name, parameters, self.message, _ETAG_NOTE):
            self._answer("write", name, self._keyed_request("Undelete", "etag", *_WRITE))

    def _revisions(self) -> None:
        one = self.component.name
        revision, request = self._service(f"{one}Revision"), self._service(f"List{one}RevisionsRequest")
        given = [f"{field.name}={field.name}" for field in self.component.key]
        given += ["page_size=page_size", "oldest_first=oldest_first"]
        parameters = [*key_parameters(self.component), *self._keywords("oldest_first", "page_size")]
        self._paged("revisions", f"List{one}Revisions", parameters, revision, call(request, *given))

    def _diffs(self) -> None:
        one = self.component.name
        diff = self._service(f"{one}Diff")
        with self._method("diff", f"Diff{one}", [*key_parameters(self.component), *_BOUNDS], diff, _BOUNDS_NOTE):
            self._answer("read", f"Diff{one}", self._keyed_request("Diff", *_BOUND_NAMES))
        request = call(self._service(f"List{one}DiffsRequest"), *[f"{name}={name}" for name in _BOUND_NAMES])
        self._paged("diffs", f"List{one}Diffs", _BOUNDS, diff, request, _BOUNDS_NOTE)

    def _paged(
        self, method: str, rpc: str, parameters: list[str], item: str, request: Node, note: str = _ALL_PAGES_NOTE
    ) -> None:
        """A method that iterates over all pages; the answer's list has the name of the method."""
        writer = self.writer
        kind = writer.use(_COLLECTIONS, "AsyncIterator" if self.asynchronous else "Iterator")
        with self._method(method, rpc, parameters, f"{kind}[{item}]", note):
            writer.statement(request, before="request = ")
            with writer.block("while True:"):
                writer.line(f"page = {self._await()}self._crib.read(self._stub.{rpc}, request)")
                if self.asynchronous:
                    with writer.block(f"for item in page.{method}:"):
                        writer.line("yield item")
                else:
                    writer.line(f"yield from page.{method}")
                writer.line("request.page_token = page.next_page_token")
                with writer.block("if not request.page_token:"):
                    writer.line("return")

    def _rollback(self) -> None:
        name, included = f"Rollback{self.component.name}", ["include"] if self.component.relations else []
        given = [*(f"{field.name}={field.name}" for field in self.component.key), "revision=revision", "etag=etag"]
        given += [f"include={self.writer.use(_RUNTIME, 'field_mask')}(include)"] if included else []
        parameters = [*key_parameters(self.component), "revision: int", *self._keywords("etag", *included, *_WRITE)]
        with self._method("rollback", name, parameters, self.message, _ETAG_NOTE):
            self._answer("write", name, call(self._service(f"{name}Request"), *given, *_WRITE_PASSED))

    def _batches(self) -> None:
        component = self.component
        many = component.plural
        # One field of a key goes by the name of key: `id` would hide what Python calls so.
        parts = [field.name for field in component.key] if len(component.key) > 1 else ["key"]
        each = f"for {', '.join(parts)} in keys"
        record = component.singular
        records = f"{many}: {self._iterable(self.message)}"
        self._batch(
            "Create",
            "write",
            [records, *self._keywords(*_WRITE)],
            self._create_request(record),
            f"for {record} in {many}",
        )
        shown = self._shown()
        key_list = [f"keys: {self._iterable(self._key_type())}"]
        get = self._keyed_request("Get", *shown, values=parts)
        self._batch("Get", "read", [*key_list, *self._keywords(*shown)], get, each)
        pair = f"tuple[{self.message}, {self.writer.use(_RUNTIME, 'MaskPaths')}]"
        changes = [f"{many}: {self._iterable(f'{self.message} | {pair}')}", *self._keywords("allow_missing", *_WRITE)]
        update = self._update_request(record, "update_mask=mask")
        pairs = f"for {record}, mask in map({self.writer.use(_RUNTIME, 'record_and_mask')}, {many})"
        self._batch("Update", "write", changes, update, pairs, _BATCH_UPDATE_NOTE)
        delete = self._keyed_request("Delete", "allow_missing", values=parts)
        self._batch("Delete", "write", [*key_list, *self._keywords("allow_missing", *_WRITE)], delete, each)

    def _batch(self, verb: str, kind: str, parameters: list[str], element: Node, clause: str, note: str = "") -> None:
        component, name = self.component, f"Batch{verb}{self.component.plural_name}"
        empty = verb == "Delete" and not component.soft_delete
        result = "None" if empty else f"{self.writer.use(_COLLECTIONS, 'Sequence')}[{self.message}]"
        passed = _WRITE_PASSED if kind == "write" else ()
        request = call(self._service(f"{name}Request"), Each("requests=[", element, clause), *passed)
        sent = call(f"self._crib.{kind}", f"self._stub.{name}", request)
        with self._method(f"batch_{verb.lower()}", name, parameters, result, note):
            if empty:
                self.writer.statement(sent, before=self._await())
            else:
                self.writer.statement(sent, before=f"answer = {self._await()}")
                self.writer.line(f"return answer.{component.plural}")

    @contextmanager
    def _method(self, name: str, rpc: str, parameters: list[str], result: str, note: str = "") -> Iterator[None]:
        """A method of the class; its docstring is the service's comment on `rpc`, and `note`."""
        comment = next(method.comment for method in service_methods(self.component) if method.name == rpc)
        self.writer.line()
        keyword = "async def" if self.asynchronous else "def"
        with self.writer.function(f"{keyword} {name}", ["self", *parameters], result):
            self.writer.docstring(f"{comment}\n\n{note}" if note else comment)
            yield

    def _answer(self, kind: str, rpc: str, request: Node, result: str = "") -> None:
        """The one statement of most methods: the call, and its answer returned unless `result` is None."""
        before = "" if result == "None" else "return "
        sent = call(f"self._crib.{kind}", f"self._stub.{rpc}", request)
        self.writer.statement(sent, before=f"{before}{self._await()}")

    def _create_request(self, record: str, *passed: str) -> Node:
        request = self._service(f"Create{self.component.name}Request")
        return call(request, f"{self.component.singular}={record}", *passed)

    def _update_request(self, record: str, mask: str, *passed: str) -> Node:
        request = self._service(f"Update{self.component.name}Request")
        return call(request, f"{self.component.singular}={record}", mask, "allow_missing=allow_missing", *passed)

    def _keyed_request(self, verb: str, *fields: str, values: Sequence[str] = (), masked: bool = False) -> Node:
        """A request that names a record by its key; `values` are what holds the key, if not its parameters."""
        key = [field.name for field in self.component.key]
        request = self._service(f"{verb}{self.component.name}Request")
        passed = zip([*key, *fields], [*(values or key), *fields], strict=True)
        return call(
            request, *[f"{name}={value}" for name, value in passed], *(self._read_arguments() if masked else [])
        )

    def _masks(self) -> list[str]:
        """What a read can be asked to answer; `include` where there is something."""
        return ["read_mask", *(["include"] if self.component.relations else [])]

    def _past(self) -> list[str]:
        return ["as_of"] if self.component.history is History.VERSIONS else []

    def _read_arguments(self) -> list[str]:
        masks = [f"{mask}={self.writer.use(_RUNTIME, 'field_mask')}({mask})" for mask in self._masks()]
        return [*masks, *self._past_arguments()]

    def _past_arguments(self) -> list[str]:
        fields = ("as_of_revision", "as_of_time") if self._past() else ()
        return [f"{field}={self.writer.use(_RUNTIME, field)}(as_of)" for field in fields]

    def _service(self, name: str) -> str:
        return self.writer.use(stub_module(service_path(self.component)), name)

    def _iterable(self, element: str) -> str:
        return f"{self.writer.use(_COLLECTIONS, 'Iterable')}[{element}]"

    def _key_type(self) -> str:
        types = [python_type(field) for field in self.component.key]
        return types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]"

    def _keywords(self, *names: str) -> list[str]:
        # Where they need an import for their type.
        typed = {
            "query": (_QUERY, "Filter"),
            "read_mask": (_RUNTIME, "MaskPaths"),
            "include": (_RUNTIME, "MaskPaths"),
            "as_of": (_RUNTIME, "AsOf"),
        }
        parameters = [
            f"{name}: {self.writer.use(*typed[name])} | None = None" if name in typed else _DEFAULTS[name]
            for name in names
        ]
        return ["*", *parameters] if names else []

    def _shown(self) -> list[str]:
        return ["show_deleted"] if self.component.soft_delete else []

    def _await(self) -> str:
        return "await " if self.asynchronous else ""
