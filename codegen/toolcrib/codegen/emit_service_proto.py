"""Emits the service of a component as a .proto, clean for `buf format` and `buf lint`."""

from __future__ import annotations

from toolcrib.codegen.model import Component, History
from toolcrib.codegen.service import service_messages, service_methods
from toolcrib.codegen.writer import HEADER


def service_path(component: Component) -> str:
    """Where the service's .proto is, beside that of its component."""
    return f"{component.package.replace('.', '/')}/{component.singular}_service.proto"


def emit_service_proto(component: Component) -> str:
    """The service's .proto."""
    imports = [
        "google/protobuf/field_mask.proto",
        "toolcrib/query/v1/query.proto",
        component.file,
    ]
    if component.history is not History.NONE:
        history = ["toolcrib/audit/v1/audit.proto", "toolcrib/watch/v1/watch.proto"]
        imports += ["google/protobuf/timestamp.proto", *history]
    if not component.soft_delete:
        imports.append("google/protobuf/empty.proto")
    lines = [
        f"// {HEADER}",
        f"// source: {component.file}",
        "",
        'syntax = "proto3";',
        "",
        f"package {component.package};",
        "",
        *[f'import "{path}";' for path in sorted(imports)],
        "",
        f"// Stores {component.name} records. Every write is audited; its actor is taken from the call's metadata or "
        "certificate.",
        f"service {component.service_name} {{",
    ]
    for method in service_methods(component):
        lines.append(f"  // {method.comment}")
        streamed = "stream " if method.streams else ""
        lines.append(f"  rpc {method.name}({method.request}) returns ({streamed}{method.response});")
    lines.append("}")
    for message in service_messages(component):
        lines += ["", f"message {message.name} {{"]
        for field in message.fields:
            lines += [f"  // {field.comment}"] if field.comment else []
            lines.append(f"  {field.type} {field.name} = {field.number};")
        lines.append("}")
    return "\n".join(lines) + "\n"
