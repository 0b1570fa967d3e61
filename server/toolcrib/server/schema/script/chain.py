"""The migration scripts that are there, and which of them a database has had."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection

from toolcrib.server.errors import StartError
from toolcrib.server.schema.alembic_table import alembic_revisions


def newest_revision(folder: Path) -> str | None:
    """The revision that no other goes on from; None where there is no script yet. Raises StartError."""
    try:
        scripts = ScriptDirectory(str(folder.parent), version_locations=[str(folder)])
        heads = scripts.get_heads()
    except (CommandError, RevisionError, SyntaxError, ImportError) as error:
        raise StartError(f"the scripts in {folder} cannot be read: {error}") from error
    if len(heads) > 1:
        raise StartError(
            f"{folder} has the heads {', '.join(sorted(heads))}; make one of them by `alembic merge heads`"
        )
    return heads[0] if heads else None


def require_applied(connection: Connection, newest: str | None, folder: Path) -> None:
    """Raises StartError where a database has not had the newest script, which the plan then does not count with."""
    applied = alembic_revisions(connection)
    if newest is not None and newest not in applied:
        has = f"is at {', '.join(applied)}" if applied else "has had none"
        raise StartError(
            f"the revision {newest} in {folder} is not applied: the database {has}; run `alembic upgrade head` first, "
            "or remove the script"
        )
