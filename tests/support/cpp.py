"""The C++ client's programs, built once for all tests; a machine without the toolchain leaves these tests out."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "cpp"
PROGRAMS = CLIENT / "build" / "tests"

_NEEDED = ("cmake", "make", "g++", "protoc", "grpc_cpp_plugin")
_PACKAGES = "g++ cmake make libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc libgtest-dev"


def require_toolchain() -> None:
    """Leaves a test out where it cannot be built; where all languages are asked for it fails instead."""
    missing = [program for program in _NEEDED if shutil.which(program) is None]
    if not missing:
        return
    text = f"{', '.join(missing)} missing for C++; on Debian: apt install {_PACKAGES}"
    if os.environ.get("CI_ALL_LANGUAGES"):
        pytest.fail(text)
    pytest.skip(text)


@contextmanager
def built_alone() -> Iterator[None]:
    """Keeps other tests' builds out of the client's folder meanwhile."""
    (CLIENT / "build").mkdir(exist_ok=True)
    with (CLIENT / "build" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(target: str, *variables: str) -> str:
    """Runs a target of the client's Makefile; answers what it says."""
    require_toolchain()
    with built_alone():
        # A `make` that the tests were called from has nothing to say to this one.
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        command = ["make", "--no-print-directory", "-C", str(CLIENT), target, *variables]
        done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def program(name: str) -> Path:
    """A program over the components of examples/, built where anything has changed."""
    make("programs")
    return PROGRAMS / "tests" / name
