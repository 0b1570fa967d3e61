"""What is generated for each component: one row, one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from toolcrib.codegen.cpp import emit_client as cpp_client
from toolcrib.codegen.emit_mapping import emit_mapping
from toolcrib.codegen.emit_python_client import emit_python_client
from toolcrib.codegen.emit_python_fields import emit_python_fields
from toolcrib.codegen.emit_python_writes import emit_python_writes
from toolcrib.codegen.emit_record import emit_record
from toolcrib.codegen.emit_repository import emit_repository
from toolcrib.codegen.emit_service_proto import emit_service_proto, service_path
from toolcrib.codegen.emit_servicer import emit_servicer
from toolcrib.codegen.emit_table import emit_table
from toolcrib.codegen.golang import emit_client as go_client
from toolcrib.codegen.golang import emit_writes as go_writes
from toolcrib.codegen.model import Component, Schema
from toolcrib.codegen.python_names import module_path
from toolcrib.codegen.typescript import emit_client as typescript_client


class Target(Enum):
    """Whom a generated file is for."""

    SERVICE = "service"  # the service's .proto, for everyone
    PYTHON = "python"  # Python clients
    SERVER = "server"  # the server
    CPP = "cpp"  # clients of the languages that have builds of their own, see languages.py
    TYPESCRIPT = "typescript"
    GO = "go"


@dataclass(frozen=True, slots=True)
class Emitter:
    """One kind of generated file."""

    name: str
    target: Target
    path: Callable[[Component], str]
    render: Callable[[Component], str]


def _module(part: str, target: Target, render: Callable[[Component], str]) -> Emitter:
    return Emitter(part, target, partial(module_path, part=part), render)


EMITTERS = (
    Emitter("service", Target.SERVICE, service_path, emit_service_proto),
    _module("client", Target.PYTHON, emit_python_client),
    _module("fields", Target.PYTHON, emit_python_fields),
    _module("writes", Target.PYTHON, emit_python_writes),
    _module("table", Target.SERVER, emit_table),
    _module("record", Target.SERVER, emit_record),
    _module("mapping", Target.SERVER, emit_mapping),
    _module("repository", Target.SERVER, emit_repository),
    _module("servicer", Target.SERVER, emit_servicer),
    Emitter("client", Target.CPP, cpp_client.client_path, cpp_client.emit_client),
    Emitter("client", Target.GO, go_client.client_path, go_client.emit_go_client),
    Emitter("writes", Target.GO, go_writes.writes_path, go_writes.emit_go_writes),
    Emitter("client", Target.TYPESCRIPT, typescript_client.client_path, typescript_client.emit_typescript_client),
)


def emit(schema: Schema, targets: frozenset[Target]) -> dict[str, str]:
    """The text of every generated file of these targets by its path, sorted."""
    files = {
        emitter.path(component): emitter.render(component)
        for component in schema.components
        for emitter in EMITTERS
        if emitter.target in targets
    }
    return dict(sorted(files.items()))
