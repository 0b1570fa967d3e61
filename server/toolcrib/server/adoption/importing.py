"""From the tables of a database to the .proto files of components."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolcrib.codegen import GenerateError
from toolcrib.codegen.sources import load_schema
from toolcrib.server.adoption.drafting import draft_tables
from toolcrib.server.adoption.drafts import ComponentDraft
from toolcrib.server.adoption.linking import link
from toolcrib.server.adoption.proto import proto_path, proto_text
from toolcrib.server.adoption.source import Source
from toolcrib.server.adoption.tables import SourceTable
from toolcrib.server.errors import StartError


def drafts_of(source: Source, tables: Sequence[str], package: str) -> tuple[list[SourceTable], list[ComponentDraft]]:
    """The tables, all or those named, and the component of each. Raises StartError."""
    with source.look() as connection:
        found = source.tables(connection, tables)
        drafts = draft_tables(found, package, connection.dialect.name)
    link(drafts, found)
    return found, drafts


def proto_files(drafts: Sequence[ComponentDraft]) -> Mapping[str, str]:
    """The files by their paths, which can be served as they are. Raises StartError where Toolcrib refuses one."""
    files = {proto_path(draft): proto_text(draft) for draft in drafts}
    with tempfile.TemporaryDirectory(prefix="toolcrib-") as temporary:
        folder = Path(temporary)
        write_files(folder, files)
        try:
            load_schema(folder)
        except GenerateError as error:
            text = str(error).replace(f"{folder.as_posix()}/", "")
            raise StartError(f"{text}\nleave the table out (--table names those that are imported)") from error
    return files


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Writes the files, and the folders that they are in."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
