"""The chain of a database, followed as `toolcrib audit verify` does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from toolcrib.server.audit_file import audit_file
from toolcrib.server.chain_check import ChainCheck


def checked(database: str | Path, checkpoints: Mapping[int, bytes] | None = None) -> ChainCheck:
    """The outcome of following it."""
    with audit_file(str(database)) as file:
        check = ChainCheck(last=file.last_revision(), checkpoints=checkpoints or {})
        check.run(file.rows)
    return check
