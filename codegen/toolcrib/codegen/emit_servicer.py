"""Emits the servicer of a component: it takes requests apart and hands them to the servicer base."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from toolcrib.codegen.emit_repository import repository_class
from toolcrib.codegen.emit_service_proto import service_path
from toolcrib.codegen.layout import Choice, Each, Group, Node, call, quoted, subscript
from toolcrib.codegen.model import Component, History
from toolcrib.codegen.names import stub_module
from toolcrib.codegen.python_names import key_tuple, module, use_message
from toolcrib.codegen.service import service_methods
from toolcrib.codegen.writer import CodeWriter

_REQUESTS = "toolcrib.server.requests"
_SERVICER = "toolcrib.server.servicer"


def servicer_class(component: Component) -> str:
    """The name of the servicer's class."""
    return f"{component.name}Servicer"


def emit_servicer(component: Component) -> str:
    """The module with the servicer."""
    writer = CodeWriter(
        source=component.file,
        docstring=f"The servicer of {component.service_full_name}: takes requests apart and hands them to the servicer "
        "base.",
        defines=[servicer_class(component)],
    )
    message = use_message(writer, component)
    base = subscript(writer.use(_SERVICER, "ComponentServicer"), message)
    writer.top()
    with writer.class_(servicer_class(component), base):
        writer.docstring(f"Serves {component.full_name}.")
        writer.line()
        writer.line(f"service = {quoted(component.service_full_name)}")
        writer.line(f"repository = {writer.use(module(component, 'repository'), repository_class(component))}")
        messages = _use_messages(writer, component)
        if component.history is not History.NONE:
            watch = f"Watch{component.plural_name}"
            watched = [quoted(watch), f"{messages}.{watch}Request", f"{messages}.{watch}Response"]
            writer.statement(call(writer.use(_SERVICER, "Watched"), *watched), before="watched = ")
        call_type = writer.use("toolcrib.server.call", "Call")
        methods = _Methods(writer, component, message, messages, call_type)
        methods.single()
        if component.history is not History.NONE:
            methods.history()
        methods.batches()
        methods.table()
    return writer.text()


def _use_messages(writer: CodeWriter, component: Component) -> str:
    package, _, name = stub_module(service_path(component)).rpartition(".")
    return writer.use_module(package, name, "messages")


@dataclass(frozen=True, slots=True)
class _Methods:
    """Writes the methods; the strings are what the module calls its imports."""

    writer: CodeWriter
    component: Component
    message: str
    messages: str
    call: str

    def single(self) -> None:
        """The methods of one record."""
        component, writer, one = self.component, self.writer, self.component.name
        with self._method(f"Create{one}", self.message):
            writer.statement(
                call("self.create", "call", "request", f"request.{component.singular}"), before="return await "
            )
        with self._method(f"Get{one}", self.message):
            writer.statement(call("self.get", "call", self._lookup("request")), before="return await ")
        self._list()
        self._count()
        self._explain()
        with self._method(f"Update{one}", self.message):
            writer.statement(
                call("self.update", "call", "request", self._modification("request")), before="return await "
            )
        removal = self._removal("request", "etag", "allow_missing")
        with self._method(f"Delete{one}", self._deleted()):
            if component.soft_delete:
                writer.statement(call("self.delete", "call", "request", removal), before="left = await ")
                writer.line(f"return {self.message}() if left is None else left")
            else:
                writer.statement(call("self.delete", "call", "request", removal), before="await ")
                writer.line(f"return {self._deleted()}()")
        if component.soft_delete:
            with self._method(f"Undelete{one}", self.message):
                undeletion = self._removal("request", "etag")
                writer.statement(call("self.undelete", "call", "request", undeletion), before="return await ")

    def history(self) -> None:
        """The methods about how records were."""
        component, writer, one = self.component, self.writer, self.component.name
        key, messages = key_tuple(component, "request."), self.messages
        pages = ["request.page_size", "request.page_token"]
        bounds = call(writer.use(_REQUESTS, "Comparison"), "request.start_revision", "request.end_revision")
        answer = f"{messages}.List{one}RevisionsResponse"
        with self._method(f"List{one}Revisions", answer):
            asked = call(writer.use(_REQUESTS, "RevisionsRequest"), key, *pages, "request.oldest_first")
            self._page("self.list_revisions", answer, "revisions", asked, f"{messages}.{one}Revision")
        with self._method(f"Diff{one}", f"{messages}.{one}Diff"):
            writer.statement(call("self.diff", "call", key, bounds, f"{messages}.{one}Diff"), before="return await ")
        answer = f"{messages}.List{one}DiffsResponse"
        with self._method(f"List{one}Diffs", answer):
            self._page("self.diff_all", answer, "diffs", bounds, *pages, f"{messages}.{one}Diff")
        with self._method(f"Rollback{one}", self.message):
            included = ["request.include.paths"] if component.relations else []
            rollback = writer.use(_REQUESTS, "RollbackRequest")
            asked = call(rollback, key, "request.revision", "request.etag", *included)
            writer.statement(call("self.rollback", "call", "request", asked), before="return await ")

    def _page(self, method: str, answer: str, field: str, *asked: Node) -> None:
        self.writer.statement(call(method, "call", *asked), before="page = await ")
        fields = ["next_page_token=page.next_page_token", "revision=page.revision"]
        self.writer.statement(call(answer, f"{field}=page.messages", *fields), before="return ")

    def batches(self) -> None:
        """The methods of several records."""
        record: Node = f"item.{self.component.singular}"
        self._batch("Create", "batch_create", record)
        self._batch("Get", "batch_get", self._lookup("item"))
        self._batch("Update", "batch_update", self._modification("item"))
        self._batch("Delete", "batch_delete", self._removal("item", "etag", "allow_missing"))

    def table(self) -> None:
        """The list of all methods."""
        writer, method = self.writer, self.writer.use(_SERVICER, "Method")
        writer.line()
        with writer.function("def methods", ["self"], f"tuple[{method}, ...]"):
            writer.docstring("Each method of one answer with its request type, for the server to register.")
            with writer.bracket("return ("):
                for rpc in service_methods(self.component):
                    if rpc.streams:
                        continue
                    request = f"{self.messages}.{rpc.request}"
                    writer.statement(call(method, quoted(rpc.name), request, f"self.{rpc.name}"), after=",")

    @contextmanager
    def _method(self, name: str, result: str) -> Iterator[None]:
        self.writer.line()
        parameters = ["self", f"request: {self.messages}.{name}Request", f"call: {self.call}"]
        with self.writer.function(f"async def {name}", parameters, result):
            yield

    def _list(self) -> None:
        component, writer = self.component, self.writer
        answer = f"{self.messages}.List{component.plural_name}Response"
        with self._method(f"List{component.plural_name}", answer):
            page = ["request.page_size", "request.page_token", "request.read_mask.paths"]
            if component.relations:
                page.append("request.include.paths")
            pages = call("self.list", "call", self._selection("order_by=request.order_by"), *page)
            writer.statement(pages, before="page = await ")
            fields = ["next_page_token=page.next_page_token", "revision=page.revision"]
            writer.statement(call(answer, f"{component.plural}=page.messages", *fields), before="return ")

    def _count(self) -> None:
        name, writer = f"Count{self.component.plural_name}", self.writer
        answer = f"{self.messages}.{name}Response"
        with self._method(name, answer):
            writer.statement(call("self.count", "call", self._selection()), before="counted = await ")
            writer.statement(call(answer, "revision=counted.revision", "count=counted.records"), before="return ")

    def _explain(self) -> None:
        name, writer = f"Explain{self.component.plural_name}", self.writer
        answer = f"{self.messages}.{name}Response"
        with self._method(name, answer):
            writer.statement(
                call("self.explain", "call", self._selection("order_by=request.order_by")), before="plan = await "
            )
            writer.line(f"return {answer}(plan=plan)")

    def _selection(self, *fields: str) -> Group:
        shown = ["show_deleted=request.show_deleted"] if self.component.soft_delete else []
        selection = self.writer.use(_REQUESTS, "Selection")
        past = [f"as_of={self._as_of('request')}"] if self.component.history is History.VERSIONS else []
        return call(selection, "filter=request.filter", "query=request.query", *fields, *shown, *past)

    def _as_of(self, request: str) -> str:
        return f"{self.writer.use(_REQUESTS, 'as_of')}({request})"

    def _batch(self, verb: str, base: str, element: Node) -> None:
        component, writer, name = self.component, self.writer, f"Batch{verb}{self.component.plural_name}"
        empty = verb == "Delete" and not component.soft_delete
        with self._method(name, self._deleted() if empty else f"{self.messages}.{name}Response"):
            given = ["call"] if verb == "Get" else ["call", "request"]
            handed = call(f"self.{base}", *given, Each("[", element, "for item in request.requests"))
            if empty:
                writer.statement(handed, before="await ")
                writer.line(f"return {self._deleted()}()")
            else:
                writer.statement(handed, before="records = await ")
                answer = call(f"{self.messages}.{name}Response", f"{component.plural}=records")
                writer.statement(answer, before="return ")

    def _deleted(self) -> str:
        if self.component.soft_delete:
            return self.message
        return self.writer.use("google.protobuf.empty_pb2", "Empty")

    def _lookup(self, request: str) -> Group:
        key = key_tuple(self.component, f"{request}.")
        shown = [f"{request}.show_deleted"] if self.component.soft_delete else []
        # To ask first is the faster way to nothing, on the path of every Get.
        masks = ["read_mask", *(["include"] if self.component.relations else [])]
        asked = [
            Choice(f"{request}.{mask}.paths", f'{request}.HasField("{mask}")', "()", before=f"{mask}=")
            for mask in masks
        ]
        past = [f"as_of={self._as_of(request)}"] if self.component.history is History.VERSIONS else []
        return call(self.writer.use(_REQUESTS, "Lookup"), key, *shown, *asked, *past)

    def _removal(self, request: str, *fields: str) -> Group:
        key = key_tuple(self.component, f"{request}.")
        return call(self.writer.use(_REQUESTS, "Removal"), key, *[f"{request}.{field}" for field in fields])

    def _modification(self, request: str) -> Group:
        record = f"{request}.{self.component.singular}"
        mask = Choice(f"{request}.update_mask.paths", f'{request}.HasField("update_mask")', "None")
        return call(self.writer.use(_REQUESTS, "Modification"), record, mask, f"{request}.allow_missing")
