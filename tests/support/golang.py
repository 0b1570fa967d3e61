"""Go, where it is on the machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from conformance.languages import (
    ALL_LANGUAGES_VARIABLE,
    LANGUAGES,
    MissingToolchainError,
    environment,
    require_toolchain,
)

RUNTIME = Path(__file__).parents[2] / "clients" / "go" / "toolcrib"


def require_go() -> None:
    """Skips a test where Go is missing, and says how to get it; fails where nothing may be left out."""
    try:
        require_toolchain(next(language for language in LANGUAGES if language.name == "go"))
    except MissingToolchainError as error:
        (pytest.fail if os.environ.get(ALL_LANGUAGES_VARIABLE) else pytest.skip)(str(error))


def go(folder: Path, *arguments: str, program: str = "go") -> str:
    """Runs `go`, or another program of its, in a folder; answers what it says, and fails where that fails."""
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{program} {' '.join(arguments)}:\n{done.stdout}"
    return done.stdout
