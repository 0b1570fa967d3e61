"""Go, where it is on the machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

from conformance.languages import environment

RUNTIME = Path(__file__).parents[2] / "clients" / "go" / "toolcrib"


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
