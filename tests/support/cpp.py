"""C++ for the tests: the client's sample, built once for all, and headers precompiled for what is only compiled.

A machine without the toolchain leaves these tests out.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from conformance import languages
from support.toolchains import required

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "cpp"
BUILT = CLIENT / "build" / "tests"


def make(target: str, *variables: str) -> str:
    """Runs a target of the client's Makefile; answers what it says."""
    return languages.make(required("cpp"), target, *variables)


def sample() -> Path:
    """The sample of a controller, built where anything has changed."""
    make("sample")
    return BUILT / "tests" / "controller"


def run(*command: str | Path) -> str:
    """Runs a program; answers what it says, and fails where it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout[-4000:]
    return done.stdout


class Compiler:
    """Compiles headers of clients, without making anything of them; the runtime's are read once."""

    _FLAGS = ("-std=c++17", "-Wall", "-Wextra", "-Werror")
    _PROTOS = (ROOT / "protos", CLIENT / "protos")
    _PROTOC = ("protoc", f"--descriptor_set_in={CLIENT / 'protos' / 'validate.binpb'}")
    _SERVICES = tuple(f"toolcrib/{name}/v1/{name}.proto" for name in ("transaction", "watch"))
    _MESSAGES = (
        "buf/validate/validate.proto",
        "toolcrib/client/v1/details.proto",
        *(f"toolcrib/{name}/v1/{name}.proto" for name in ("audit", "options", "query")),
    )

    def __init__(self, folder: Path) -> None:
        """`folder` is for what protoc and the compiler write."""
        self._messages = folder / "messages"
        self._messages.mkdir()
        self._protoc(self._PROTOS, self._messages, self._MESSAGES, self._SERVICES)
        self._include = [f"-I{folder}", f"-I{CLIENT / 'include'}", "-isystem", str(self._messages)]
        header = folder / "runtime.h"
        header.write_text('#include "toolcrib/toolcrib.h"\n', "utf-8")
        run("g++", *self._FLAGS, *self._include, "-x", "c++-header", header, "-o", f"{header}.gch")

    def check(self, components: Path, generated: Path, folder: Path, code: str = "") -> None:
        """That the clients in `generated` compile without a warning, and `code` behind them; `folder` is scratch."""
        roots = [components, generated]
        protos = [path.relative_to(components).as_posix() for path in components.rglob("*.proto")]
        services = [path.relative_to(generated).as_posix() for path in generated.rglob("*_service.proto")]
        clients = sorted(path.relative_to(generated).as_posix() for path in generated.rglob("*_client.h"))
        assert len(clients) == len(services) > 0
        messages = folder / "messages"
        messages.mkdir()
        self._protoc([*roots, *self._PROTOS], messages, protos, services)
        source = folder / "all.cc"
        included = "".join(f'#include "{name}"\n' for name in ("runtime.h", *clients))
        source.write_text(included + code, "utf-8")
        run("g++", *self._FLAGS, *self._include, f"-I{generated}", "-isystem", messages, "-fsyntax-only", source)

    def _protoc(self, include: Sequence[Path], out: Path, protos: Sequence[str], services: Sequence[str]) -> None:
        paths = [f"-I{path}" for path in include]
        run(*self._PROTOC, *paths, f"--cpp_out={out}", *protos, *services)
        plugin = run("which", "grpc_cpp_plugin").strip()
        run(*self._PROTOC, *paths, f"--grpc_out={out}", f"--plugin=protoc-gen-grpc={plugin}", *services)
