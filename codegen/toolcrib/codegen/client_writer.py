"""What all methods of the generated Python clients are written with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from toolcrib.codegen.emit_service_proto import service_path
from toolcrib.codegen.layout import Node, call
from toolcrib.codegen.model import Component, History
from toolcrib.codegen.names import stub_module
from toolcrib.codegen.python_names import python_type
from toolcrib.codegen.service import service_methods
from toolcrib.codegen.writer import CodeWriter

COLLECTIONS = "collections.abc"
RUNTIME = "toolcrib.client"
QUERY = "toolcrib.query.v1.query_pb2"

# What each write can be asked.
WRITE = ("request_id", "validate_only")
WRITE_PASSED = tuple(f"{name}={name}" for name in WRITE)

ETAG_NOTE = "An `etag` must be the record's current one."
ALL_PAGES_NOTE = "Asks for page after page, as they are needed."

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


@dataclass(frozen=True, slots=True)
class ClientWriter:
    """Writes one of the classes; `message` is what the module calls the component's message."""

    writer: CodeWriter
    component: Component
    message: str
    asynchronous: bool

    @contextmanager
    def method(
        self, name: str, rpc: str, parameters: list[str], result: str, note: str = "", *, waits: bool = True
    ) -> Iterator[None]:
        """A method of the class; its docstring is the service's comment on `rpc`, and `note`.

        One that `waits` for the server has to be awaited in asynchronous code.
        """
        comment = next(method.comment for method in service_methods(self.component) if method.name == rpc)
        self.writer.line()
        keyword = "async def" if self.asynchronous and waits else "def"
        with self.writer.function(f"{keyword} {name}", ["self", *parameters], result):
            self.writer.docstring(f"{comment}\n\n{note}" if note else comment)
            yield

    def answer(self, kind: str, rpc: str, request: Node, result: str = "") -> None:
        """The one statement of most methods: the call, and its answer returned unless `result` is None."""
        before = "" if result == "None" else "return "
        sent = call(f"self._crib.{kind}", f"self._stub.{rpc}", request)
        self.writer.statement(sent, before=f"{before}{self.awaited()}")

    def paged(
        self, method: str, rpc: str, parameters: list[str], item: str, request: Node, note: str = ALL_PAGES_NOTE
    ) -> None:
        """A method that iterates over all pages; the answer's list has the name of the method."""
        writer, request_name, page = self.writer, self._local("request"), self._local("page")
        kind = writer.use(COLLECTIONS, "AsyncIterator" if self.asynchronous else "Iterator")
        with self.method(method, rpc, parameters, f"{kind}[{item}]", note):
            writer.statement(request, before=f"{request_name} = ")
            with writer.block("while True:"):
                writer.line(f"{page} = {self.awaited()}self._crib.read(self._stub.{rpc}, {request_name})")
                if self.asynchronous:
                    with writer.block(f"for {self._local('item')} in {page}.{method}:"):
                        writer.line(f"yield {self._local('item')}")
                else:
                    writer.line(f"yield from {page}.{method}")
                writer.line(f"{request_name}.page_token = {page}.next_page_token")
                with writer.block(f"if not {request_name}.page_token:"):
                    writer.line("return")

    def keyed_request(self, verb: str, *fields: str, values: Sequence[str] = (), masked: bool = False) -> Node:
        """A request that names a record by its key; `values` are what holds the key, if not its parameters."""
        key = [field.name for field in self.component.key]
        request = self.service(f"{verb}{self.component.name}Request")
        passed = zip([*key, *fields], [*(values or key), *fields], strict=True)
        return call(request, *[f"{name}={value}" for name, value in passed], *(self.read_arguments() if masked else []))

    def masks(self) -> list[str]:
        """What a read can be asked to answer; `include` where there is something."""
        return ["read_mask", *(["include"] if self.component.relations else [])]

    def past(self) -> list[str]:
        """The parameter for the past, where versions are kept."""
        return ["as_of"] if self.component.history is History.VERSIONS else []

    def read_arguments(self) -> list[str]:
        """What a read passes on of its masks and the past."""
        masks = [f"{mask}={self.writer.use(RUNTIME, 'field_mask')}({mask})" for mask in self.masks()]
        return [*masks, *self.past_arguments()]

    def past_arguments(self) -> list[str]:
        """What a read passes on of the past."""
        fields = ("as_of_revision", "as_of_time") if self.past() else ()
        return [f"{field}={self.writer.use(RUNTIME, field)}(as_of)" for field in fields]

    def service(self, name: str) -> str:
        """Imports a message of the service; answers its name."""
        return self.writer.use(stub_module(service_path(self.component)), name)

    def iterable(self, element: str) -> str:
        """The type of what can be iterated over."""
        return f"{self.writer.use(COLLECTIONS, 'Iterable')}[{element}]"

    def key_type(self) -> str:
        """The type of a key: of one field its own, of several a tuple."""
        types = [python_type(field) for field in self.component.key]
        return types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]"

    def keywords(self, *names: str) -> list[str]:
        """Parameters that are named in calls, with their defaults."""
        # Where they need an import for their type.
        typed = {
            "query": (QUERY, "Filter"),
            "read_mask": (RUNTIME, "MaskPaths"),
            "include": (RUNTIME, "MaskPaths"),
            "as_of": (RUNTIME, "AsOf"),
        }
        parameters = [
            f"{name}: {self.writer.use(*typed[name])} | None = None" if name in typed else _DEFAULTS[name]
            for name in names
        ]
        return ["*", *parameters] if names else []

    def shown(self) -> list[str]:
        """The parameter for deleted records, where they are kept."""
        return ["show_deleted"] if self.component.soft_delete else []

    def _local(self, name: str) -> str:
        """A variable of a method that has the key's fields as parameters, one of which may have this name."""
        return f"{name}_" if name in {field.name for field in self.component.key} else name

    def awaited(self) -> str:
        """What stands before a call in asynchronous code."""
        return "await " if self.asynchronous else ""
