"""The README of a generated Go module."""

from __future__ import annotations

from pathlib import Path
from string import Template

from toolcrib.codegen.golang.names import camel_case, key_type, message_name, package_name
from toolcrib.codegen.model import Component, History


def readme_text(component: Component, module: str) -> str:
    """Says how to build and use the module, with one of its components as the example."""
    package = package_name(component.package)
    values = {
        "module": module,
        "package": package,
        "import_path": f"{module}/{component.package.replace('.', '/')}",
        "message": message_name(component),
        "many": camel_case(component.plural_name),
        "key": key_type(component) if len(component.key) == 1 else f"{package}.{key_type(component)}",
    }
    watch = "" if component.history is History.NONE else _filled("readme_watch.template.md", values)
    return _filled("readme.template.md", values | {"watch": watch})


def _filled(template: str, values: dict[str, str]) -> str:
    return Template(Path(__file__).with_name(template).read_text("utf-8")).substitute(values)
