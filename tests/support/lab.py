"""The tests' own components: what their options promise, through the generated clients."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from toolcrib import codegen
from toolcrib.audit.v1.audit_pb2 import Operation
from toolcrib.client import AuditClient, Crib
from toolcrib.server import Application
from toolcrib.server.testing import serve

COMPONENTS = Path(__file__).parents[1] / "components"


@cache
def generated(module: str, name: str, components: Path = COMPONENTS) -> Any:
    """What is generated under this name; also before anything is served."""
    folder = str(codegen.cached(components))
    if folder not in sys.path:
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
    return getattr(importlib.import_module(module), name)


class Lab:
    """Clients of a served laboratory."""

    def __init__(self, crib: Crib, database: str) -> None:
        self.crib = crib
        self.database = database

    def client(self, module: str, message: str) -> Any:
        """The client of a component, whose modules begin with `module`: "lab.orders.v1.work_order"."""
        return generated(f"{module}_client", f"{message}Client")(self.crib)

    def audited(self) -> list[tuple[str, str, str, int]]:
        """Component (without package), key, operation and revision of every audit entry, oldest first."""
        return [
            (
                entry.component.rpartition(".")[2],
                entry.record_key,
                Operation.Name(entry.operation).removeprefix("OPERATION_"),
                entry.revision,
            )
            for entry in AuditClient(self.crib).entries(oldest_first=True)
        ]


@contextmanager
def served(
    application: Application | None = None, *, database: str | Path | None = None, **settings: Any
) -> Iterator[Lab]:
    """A server of the tests' components, by default over a new database."""
    with (
        serve(COMPONENTS, application=application, database=database, **settings) as server,
        Crib.connect(server.address, actor="ann") as crib,
    ):
        yield Lab(crib, server.database)
