"""Emits the class that gathers a component's writes for a transaction over components."""

from __future__ import annotations

from toolcrib.codegen.emit_service_proto import service_path
from toolcrib.codegen.layout import Node, call, list_of, quoted, subscript
from toolcrib.codegen.model import Component, History
from toolcrib.codegen.names import stub_module
from toolcrib.codegen.python_names import key_parameters, use_message
from toolcrib.codegen.writer import CodeWriter

_RUNTIME = "toolcrib.client"
_ETAG = 'etag: str = ""'
_ALLOW_MISSING = "allow_missing: bool = False"
_UPDATE = (
    'Changes fields of a record.\n\n`mask` names the fields to change, "*" all of them; without it they are those that '
    "are populated. With `allow_missing` the record is created if there is none."
)
_DELETE = "Deletes a record. An `etag` must be the record's current one; with `allow_missing` there may be none."


def emit_python_writes(component: Component) -> str:
    """The module with the class."""
    name = f"{component.name}Writes"
    writer = CodeWriter(
        source=component.file,
        docstring=f"Writes of {component.full_name} for a transaction over components.",
        defines=[name, component.singular],
        future_annotations=True,
    )
    message, record = use_message(writer, component), component.singular
    writer.line()
    writer.statement(list_of(quoted(name), before="__all__ = "))
    writer.top()
    with writer.block(f"class {name}:"):
        writer.docstring(
            f"Gathers writes of {component.full_name} records in a transaction, which carries them out when it ends."
        )
        writer.line()
        writes = writer.use(f"{_RUNTIME}.transaction", "Writes")
        with writer.function("def __init__", ["self", f"transaction: {writes}"], "None"):
            writer.line("self._transaction = transaction")
        keys = key_parameters(component)
        paths = f"mask: {writer.use(_RUNTIME, 'MaskPaths')} | None = None"
        _method(writer, component, "Create", "Creates a record.", [f"{record}: {message}"], [f"{record}={record}"])
        _method(
            writer,
            component,
            "Update",
            _UPDATE,
            [f"{record}: {message}", "*", paths, _ALLOW_MISSING],
            [
                f"{record}={record}",
                f"update_mask={writer.use(_RUNTIME, 'field_mask')}(mask)",
                "allow_missing=allow_missing",
            ],
        )
        given = [f"{field.name}={field.name}" for field in component.key]
        named = [*given, "etag=etag", "allow_missing=allow_missing"]
        _method(writer, component, "Delete", _DELETE, [*keys, "*", _ETAG, _ALLOW_MISSING], named)
        if component.soft_delete:
            text = "Brings a deleted record back. An `etag` must be the record's current one."
            _method(writer, component, "Undelete", text, [*keys, "*", _ETAG], [*given, "etag=etag"])
        if component.history is not History.NONE:
            text = "Makes a record as it was at a revision. An `etag` must be the record's current one."
            parameters = [*keys, "revision: int", "*", _ETAG]
            _method(writer, component, "Rollback", text, parameters, [*given, "revision=revision", "etag=etag"])
        _require(writer, component, keys, given)
    return writer.text()


def _method(
    writer: CodeWriter, component: Component, verb: str, text: str, parameters: list[str], passed: list[str]
) -> None:
    message = use_message(writer, component)
    if verb == "Delete" and not component.soft_delete:
        message = writer.use("google.protobuf.empty_pb2", "Empty")
    request = call(writer.use(stub_module(service_path(component)), f"{verb}{component.name}Request"), *passed)
    pending = subscript(writer.use(f"{_RUNTIME}.transaction", "Pending"), message)
    writer.line()
    with writer.function(f"def {verb.lower()}", ["self", *parameters], f"{pending.open}{message}]"):
        writer.docstring(text)
        writer.statement(call("self._transaction.add", request, message), before="return ")


def _require(writer: CodeWriter, component: Component, keys: list[str], given: list[str]) -> None:
    conditions = ["exists: bool | None = None"]
    passed = ["exists=exists"]
    if component.declares("etag"):
        conditions.append("etag: str | None = None")
        passed.append("etag=etag")
    writer.line()
    with writer.function("def require", ["self", *keys, "*", *conditions], "None"):
        writer.docstring("What must be so of a record before the first write of the transaction.")
        request: Node = call(writer.use(stub_module(service_path(component)), f"Get{component.name}Request"), *given)
        writer.statement(call("self._transaction.require", request, *passed))
