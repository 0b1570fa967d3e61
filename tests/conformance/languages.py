"""The languages that have a driver: one row each."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Where it is set, a language that cannot be built is a failure.
ALL_LANGUAGES_VARIABLE = "CI_ALL_LANGUAGES"
# The project's own environment comes first: .ci/toolchains installs into it what the machine lacks.
_SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Language:
    """A language: `folder` has its client, whose `make driver` builds what `command` runs, from the project's root.

    `toolchain` is what .ci/toolchains calls the programs that this needs; empty where there is nothing to install.
    """

    name: str
    folder: str
    toolchain: str
    command: tuple[str, ...]


_PYTHON = (
    "env",
    "PYTHONPATH=tests:clients/python/build/gen",
    sys.executable,
    "-m",
    "conformance.drivers.python.driver",
)
_NODE = ("node", "clients/typescript/build/out/build/driver/driver.js")

LANGUAGES = (
    Language("python", "clients/python", "", _PYTHON),
    Language("asyncio", "clients/python", "", (*_PYTHON, "asyncio")),
    Language("cpp", "clients/cpp", "cpp", ("clients/cpp/build/driver/driver",)),
    Language("typescript", "clients/typescript", "typescript", _NODE),
    Language("go", "clients/go", "go", ("clients/go/build/driver",)),
)

BYSTANDER = LANGUAGES[0]


class MissingToolchainError(Exception):
    """A language cannot be built on this machine; `str()` says how to get what it needs."""


class BuildError(Exception):
    """A driver did not build; `str()` is what its build said."""


def environment() -> Mapping[str, str]:
    """What drivers and their builds see."""
    return {**os.environ, "PATH": f"{_SCRIPTS}{os.pathsep}{os.environ.get('PATH', '')}"}


def require_toolchain(language: Language) -> None:
    """Raises MissingToolchainError where the language's programs are not there."""
    if not language.toolchain:
        return
    done = _run([str(ROOT / ".ci" / "toolchains"), "check", language.toolchain])
    if done.returncode:
        raise MissingToolchainError(f"{language.name} is LEFT OUT: {done.stdout.strip()}")


def build(language: Language) -> None:
    """Builds the language's driver, where anything has changed. Raises BuildError."""
    make(language, "driver")


def make(language: Language, target: str, *variables: str) -> str:
    """Makes a target in the language's folder; answers what that says. Raises BuildError."""
    with built_alone(language):
        done = _run(["make", "--no-print-directory", "-C", str(ROOT / language.folder), target, *variables])
    if done.returncode:
        raise BuildError(f"`make -C {language.folder} {target}` failed:\n{done.stdout}")
    return done.stdout


@contextmanager
def built_alone(language: Language) -> Iterator[None]:
    """Keeps others' builds out of the language's folder: tests that run side by side want the same programs."""
    build_folder = ROOT / language.folder / "build"
    build_folder.mkdir(exist_ok=True)
    with (build_folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    # A `make` that this was called from has nothing to say to the one that is called.
    clean = {name: value for name, value in environment().items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, env=clean, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
