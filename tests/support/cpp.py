"""The C++ client's sample, built once for all tests; a machine without the toolchain leaves these tests out."""

from __future__ import annotations

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
