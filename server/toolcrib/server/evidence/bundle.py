"""Writes an evidence bundle: what is shown, what stands for the rest, and a manifest that ties all of it together."""

from __future__ import annotations

import base64
import json
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import file_digest
from importlib import metadata
from pathlib import Path
from typing import Any

from toolcrib.server.audit_file import AuditFile
from toolcrib.server.chain_check import ChainCheck
from toolcrib.server.columns import time_to_text
from toolcrib.server.errors import EvidenceError
from toolcrib.server.evidence.report import Report
from toolcrib.server.evidence.selection import Selection
from toolcrib.server.evidence.tables import Tables
from toolcrib.server.evidence.wording import Messages
from toolcrib.server.signing import SigningKey

FORMAT = "toolcrib/evidence/1"
MANIFEST, SIGNATURE, CHAIN = "manifest.json", "signature.json", "chain.jsonl"

_ALL = (
    "All transactions and entries up to the revision that were not let go of: none is left out, altered, moved or "
    "added, as surely as the head is the one that the chain had."
)
_PART = (
    "A part: each row that is shown stands unaltered at its place in the chain, and no row is left out of the chain, "
    "moved or added, as surely as the head is the one that the chain had. Rows that are not shown are there as "
    "digests; that none of them fits the filters is the word of whoever made the bundle."
)


def write_bundle(
    file: AuditFile, folder: Path, selection: Selection, messages: Messages, key: SigningKey | None
) -> dict[str, Any]:
    """Writes what `selection` shows of `file` into `folder`; answers the manifest, signed with `key` if there is one.

    Raises EvidenceError where the folder is not empty, or the chain is broken, so that nothing could be proved.
    """
    check = ChainCheck(last=file.last_revision())
    check.run(file.rows)
    if check.finding is not None:
        raise EvidenceError(f"the chain is broken, so that an export of it proves nothing: {check.finding}")
    _make(folder)
    made = time_to_text(datetime.now(UTC))
    facts = _facts(made, selection, check, key)
    shown = _write_rows(file, folder, selection, messages, facts)
    manifest = {
        "format": FORMAT,
        "time": made,
        "toolcrib": metadata.version("toolcrib"),
        "selection": selection.described(),
        "is_part": not selection.is_all,
        "proves": _ALL if selection.is_all else _PART,
        "revision": check.revision,
        "head": check.head.hex(),
        "transactions": check.transactions,
        "entries": check.entries,
        "pruned_transactions": check.segments.transactions,
        "pruned_entries": check.segments.entries,
        "shown_transactions": shown["transactions"],
        "shown_entries": shown["entries"],
        "files": {name: digest_of_file(folder / name) for name in (CHAIN, *Tables.files, Report.file)},
    }
    content = json.dumps(manifest, indent=2).encode()
    (folder / MANIFEST).write_bytes(content)
    if key is not None:
        signature = {
            "public_key": base64.b64encode(key.public.raw).decode(),
            "signature": key.sign(signed_bytes(content)).hex(),
        }
        (folder / SIGNATURE).write_text(json.dumps(signature, indent=2), "utf-8")
    return manifest


def signed_bytes(manifest: bytes) -> bytes:
    """What the signature of a bundle signs."""
    return f"{FORMAT}\n".encode() + manifest


def digest_of_file(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise EvidenceError(f"cannot make the folder {folder}: {error.strerror}") from error
    if not is_empty:
        raise EvidenceError(f"{folder} is not empty; name a new folder with --out")


def _facts(made: str, selection: Selection, check: ChainCheck, key: SigningKey | None) -> dict[str, str]:
    filters = "; ".join(f"{name} = {value}" for name, value in selection.described().items())
    return {
        "Made": f"{made} UTC",
        "Filters": filters or "none, everything is shown",
        "State of the chain": f"sound: {check.described()}",
        "Head of the chain": check.head.hex(),
        "Signed": "no" if key is None else f"in {SIGNATURE}, with the key {key.public.fingerprint}",
        "What this proves": _ALL if selection.is_all else _PART,
        "How to verify it": "toolcrib audit verify --bundle FOLDER",
    }


def _write_rows(
    file: AuditFile, folder: Path, selection: Selection, messages: Messages, facts: dict[str, str]
) -> Counter[str]:
    shown: Counter[str] = Counter()
    with ExitStack() as stack:
        chain = stack.enter_context((folder / CHAIN).open("w", encoding="utf-8"))
        tables = stack.enter_context(Tables(folder, messages))
        report = stack.enter_context(Report(folder, messages, facts))
        for commit in selection.commits(file.rows()):
            chain.writelines(f"{line}\n" for line in commit.lines())
            if commit.transaction is not None:
                tables.add(commit.transaction, commit.entries)
                report.add(commit.transaction, commit.entries)
                shown += Counter(transactions=1, entries=len(commit.entries))
    return shown
