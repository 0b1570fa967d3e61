"""Runs buf, from the project's folder."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUF = Path(sysconfig.get_path("scripts"), "buf")


def buf(*arguments: str) -> str:
    """What buf finds wrong."""
    done = subprocess.run([BUF, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
