"""What is generated for every golden case is C++ that compiles without a warning, and as clang-format leaves it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.cpp import CLIENT, ROOT
from support.toolchains import required

GOLDEN = ROOT / "tests" / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/expected"))
PROTOS = [ROOT / "protos", CLIENT / "protos"]
FLAGS = ["-std=c++17", "-Wall", "-Wextra", "-Werror"]
PROTOC = ["protoc", f"--descriptor_set_in={CLIENT / 'protos' / 'validate.binpb'}"]
RUNTIME = [
    "buf/validate/validate.proto",
    *(f"toolcrib/{name}" for name in ("audit/v1/audit.proto", "client/v1/details.proto", "options/v1/options.proto")),
    *(f"toolcrib/{name}" for name in ("query/v1/query.proto", "watch/v1/watch.proto")),
    "toolcrib/transaction/v1/transaction.proto",
]


def run(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout[-4000:]


def protoc(include: Sequence[Path], out: Path, protos: Sequence[str], services: Sequence[str]) -> None:
    paths = [f"-I{path}" for path in include]
    run(*PROTOC, *paths, f"--cpp_out={out}", *protos, *services)
    plugin = subprocess.run(["which", "grpc_cpp_plugin"], capture_output=True, text=True, check=True).stdout.strip()
    run(*PROTOC, *paths, f"--grpc_out={out}", f"--plugin=protoc-gen-grpc={plugin}", *services)


@pytest.fixture(scope="module")
def precompiled(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The runtime's header, compiled once for all cases: the flags that have it used."""
    required("cpp")
    messages, compiled = tmp_path_factory.mktemp("messages"), tmp_path_factory.mktemp("compiled")
    services = [name for name in RUNTIME if "watch" in name or "transaction" in name]
    protoc(PROTOS, messages, [name for name in RUNTIME if name not in services], services)
    include = [f"-I{compiled}", f"-I{CLIENT / 'include'}", "-isystem", str(messages)]
    header = compiled / "runtime.h"
    header.write_text('#include "toolcrib/toolcrib.h"\n', "utf-8")
    run("g++", *FLAGS, *include, "-x", "c++-header", header, "-o", f"{header}.gch")
    return include


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_compiles_without_a_warning(case: Path, precompiled: list[str], tmp_path: Path) -> None:
    roots = [case / "input", case / "expected"]
    protos = [path.relative_to(roots[0]).as_posix() for path in roots[0].rglob("*.proto")]
    services = [path.relative_to(roots[1]).as_posix() for path in roots[1].rglob("*_service.proto")]
    messages = tmp_path / "messages"
    messages.mkdir()
    protoc([*roots, *PROTOS], messages, protos, services)
    clients = sorted(path.relative_to(roots[1]).as_posix() for path in roots[1].rglob("*_client.h"))
    source = tmp_path / "all.cc"
    source.write_text("".join(f'#include "{name}"\n' for name in ("runtime.h", *clients)), "utf-8")
    assert len(clients) == len(services)
    run("g++", *FLAGS, *precompiled, f"-I{roots[1]}", "-isystem", messages, "-fsyntax-only", source)


def test_is_as_clang_format_leaves_it() -> None:
    headers = sorted(GOLDEN.rglob("*_client.h"))
    assert headers
    style = f"--style=file:{CLIENT / '.clang-format'}"
    run(Path(sys.executable).parent / "clang-format", style, "--dry-run", "--Werror", *headers)
