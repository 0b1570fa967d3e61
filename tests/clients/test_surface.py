"""What `toolcrib.client` offers, and what it does not drag in."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import toolcrib.client
import toolcrib.client.audit
import toolcrib.client.errors
import toolcrib.client.watch

# Not in it: grpc_tools, grpc_health and grpc_reflection, which grpcio itself loads where they are installed.
HEAVY = ("sqlalchemy", "pydantic", "typer", "rich", "protovalidate", "grpc_status", "pandas", "numpy")


@pytest.mark.parametrize(
    "module", [toolcrib.client, toolcrib.client.audit, toolcrib.client.errors, toolcrib.client.watch]
)
def test_what_is_offered_is_there_and_in_order(module: ModuleType) -> None:
    assert all(hasattr(module, name) for name in module.__all__)
    assert sorted(module.__all__) == module.__all__


def test_every_error_is_offered() -> None:
    assert set(toolcrib.client.errors.__all__) <= set(toolcrib.client.__all__)


def test_every_public_name_has_a_docstring() -> None:
    offered = [getattr(toolcrib.client, name) for name in toolcrib.client.__all__]
    assert [each for each in offered if isinstance(each, type) and not each.__doc__] == []


def test_the_client_needs_no_more_than_grpc_and_protobuf() -> None:
    code = f"import sys; sys.path[:] = {sys.path!r}; import toolcrib.client; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {".".join(name.split(".")[:2]) for name in done.stdout.split()}
    assert packages.isdisjoint(HEAVY)
    assert {name for name in packages if name.startswith("toolcrib.")} == {
        "toolcrib.client",
        "toolcrib.audit",
        "toolcrib.transaction",
        "toolcrib.query",
        "toolcrib.watch",
    }
