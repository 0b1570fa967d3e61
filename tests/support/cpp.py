"""The C++ client's programs, built once for all tests; a machine without the toolchain leaves these tests out."""

from __future__ import annotations

from pathlib import Path

from conformance import languages
from support.toolchains import required

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "cpp"
PROGRAMS = CLIENT / "build" / "tests"


def make(target: str, *variables: str) -> str:
    """Runs a target of the client's Makefile; answers what it says."""
    return languages.make(required("cpp"), target, *variables)


def program(name: str) -> Path:
    """A program over the components of examples/, built where anything has changed."""
    make("programs")
    return PROGRAMS / "tests" / name
