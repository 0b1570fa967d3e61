"""A copy of a SQLite database beside it, before its schema is changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from toolcrib.server.errors import StartError


def back_up(path: Path, version: int) -> Path:
    """Copies the database as it was last committed, durably; answers where to. Raises StartError where it cannot.

    An older copy of the same schema is replaced.
    """
    target = path.with_name(f"{path.name}.schema-{version}.backup")
    partial = target.with_name(f"{target.name}.partial")
    try:
        with (
            closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            shutil.copymode(path, partial)
            source.backup(copy)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise StartError(
            f"the schema is not changed: the backup {target} cannot be written ({error}); make room for it "
            "there, or let this user write there"
        ) from error
    return target
