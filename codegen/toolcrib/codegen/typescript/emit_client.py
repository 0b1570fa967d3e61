"""Emits the TypeScript client of a component, what gathers its writes, and its key where that has several fields."""

from __future__ import annotations

from toolcrib.codegen.model import Component
from toolcrib.codegen.typescript.client_class import ClientClass
from toolcrib.codegen.typescript.method_parts import key_class
from toolcrib.codegen.typescript.names import client_path, key_type, property_name
from toolcrib.codegen.typescript.writer import CodeWriter
from toolcrib.codegen.typescript.writes_class import WritesClass

__all__ = ["client_path", "emit_typescript_client"]


def emit_typescript_client(component: Component) -> str:
    """The module."""
    key = key_class(component)
    defines = [f"{component.name}Client", f"{component.name}Writes", *([key] if key else [])]
    writer = CodeWriter(source=component.file, defines=defines)
    if key:
        writer.comment(f"The key of a {component.full_name} record.")
        with writer.block(f"export interface {key}"):
            for field in component.key:
                writer.line(f"readonly {property_name(field.name)}: {key_type(field)};")
        writer.line()
    ClientClass(writer, component).write()
    writer.line()
    WritesClass(writer, component).write()
    return writer.text()
