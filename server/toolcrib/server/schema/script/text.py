"""The text of a script, as ruff leaves it: the same for the same plan, but for when it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from toolcrib.codegen.layout import INDENT, Node, lay_out, quoted
from toolcrib.codegen.writer import docstring_lines
from toolcrib.server.schema.script import mariadb
from toolcrib.server.schema.script.forms import UNTYPED

_UNTYPED = '''

class Untyped(sa.types.UserDefinedType[float]):
    """A column without a type: SQLite leaves its values as they are, to the bit."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Writes no type."""
        return ""
'''


@dataclass(frozen=True, slots=True)
class Script:
    """A script: its revision, and its text."""

    revision: str
    text: str


def script(
    title: str, plan: str, down_revision: str | None, upgrade: Sequence[Node], downgrade: Sequence[Node], made: datetime
) -> Script:
    """The script that goes on from `down_revision`; `made` is when."""
    body = [*_function("upgrade", "Brings the database up to the components.", upgrade)]
    body += _function("downgrade", "Takes that back; what was dropped comes back empty.", downgrade)
    imports = ["import sqlalchemy as sa", "from alembic import op"]
    if any(mariadb.TYPES in line for line in body):
        imports.append("from sqlalchemy.dialects import mysql")
    if any(UNTYPED in line for line in body):
        body = [*_UNTYPED.rstrip("\n").split("\n"), *body]
    chained = "\n".join([down_revision or "", *body])
    revision = hashlib.sha256(chained.encode()).hexdigest()[:12]
    lines = [
        *_docstring(title, plan, revision, down_revision, made),
        "",
        *imports,
        "",
        f"revision = {quoted(revision)}",
        f"down_revision = {quoted(down_revision) if down_revision else None}",
        "branch_labels = None",
        "depends_on = None",
        *body,
    ]
    return Script(revision, "\n".join(lines) + "\n")


def _docstring(title: str, plan: str, revision: str, down_revision: str | None, made: datetime) -> list[str]:
    first, *rest = docstring_lines(f"{title}.", "")
    # The title is short; the plan keeps its own lines.
    safe = plan.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    facts = [
        f"Revision ID: {revision}",
        f"Revises: {down_revision or ''}".rstrip(),
        f"Create Date: {made:%Y-%m-%d %H:%M:%S} UTC",
    ]
    return [first.removesuffix('"""'), *rest, "", *facts, "", *safe.splitlines(), '"""']


def _function(name: str, says: str, operations: Sequence[Node]) -> list[str]:
    lines = ["", "", f"def {name}() -> None:", f'{INDENT}"""{says}"""']
    return lines + [line for operation in operations for line in lay_out(operation, INDENT)]
