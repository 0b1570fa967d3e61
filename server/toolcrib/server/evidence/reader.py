"""Verifies an evidence bundle without a database: signature, manifest, files, and the chain through all of its rows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolcrib.server.chain_check import ChainCheck
from toolcrib.server.chain_rows import Link
from toolcrib.server.checkpoints import read_json
from toolcrib.server.errors import EvidenceError
from toolcrib.server.evidence.bundle import CHAIN, FORMAT, MANIFEST, SIGNATURE, digest_of_file, signed_bytes
from toolcrib.server.evidence.lines import from_line
from toolcrib.server.signing import VerifyingKey, require_trusted


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files are those that its manifest names. `signer` is whose signature holds, if it has one.

    What was let go of has to be signed with the key that is `trusted`, if one is.
    """

    folder: Path
    manifest: Mapping[str, Any]
    signer: VerifyingKey | None
    trusted: VerifyingKey | None = None

    def check(self, checkpoints: Mapping[int, bytes]) -> ChainCheck:
        """Follows the chain through it, to the head that the manifest names. Raises EvidenceError."""
        revision, head = self.manifest["revision"], bytes.fromhex(self.manifest["head"])
        # Of a checkpoint that was made later the bundle cannot say anything.
        known = {at: signed for at, signed in checkpoints.items() if at <= revision}
        if known.setdefault(revision, head) != head:
            raise EvidenceError(f"the head in {MANIFEST} is not that of the checkpoint at revision {revision}")
        check = ChainCheck(last=revision, checkpoints=known, trusted=self.trusted)
        check.run(self._rows)
        return check

    def _rows(self) -> Iterator[Link]:
        with (self.folder / CHAIN).open(encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                yield from_line(line)


def open_bundle(folder: Path, trusted: VerifyingKey | None = None) -> Bundle:
    """The bundle in `folder`. Raises EvidenceError where a file is altered, missing or extra, or a signature wrong.

    Where a key is `trusted` the bundle has to be signed with it.
    """
    manifest = read_json(folder / MANIFEST)
    try:
        if manifest["format"] != FORMAT:
            raise ValueError(manifest["format"])
        files: dict[str, str] = dict(manifest["files"])
        if len(bytes.fromhex(manifest["head"])) == 0 or type(manifest["revision"]) is not int or CHAIN not in files:
            raise ValueError("head")
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceError(f"{folder / MANIFEST} is no manifest of an evidence bundle") from error
    signer = _signer(folder)
    if signer is None and trusted is not None:
        raise EvidenceError(f"{folder} is not signed")
    if signer is not None:
        require_trusted(signer, trusted, str(folder))
    _require_files(folder, files)
    return Bundle(folder, manifest, signer, trusted)


def _signer(folder: Path) -> VerifyingKey | None:
    """Whose signature the manifest has. Raises EvidenceError where it does not hold."""
    if not (folder / SIGNATURE).exists():
        return None
    values = read_json(folder / SIGNATURE)
    try:
        key = VerifyingKey.from_raw(base64.b64decode(values["public_key"], validate=True))
        signature = bytes.fromhex(values["signature"])
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise EvidenceError(f"{folder / SIGNATURE} is no signature of an evidence bundle") from error
    if not key.has_signed(signed_bytes((folder / MANIFEST).read_bytes()), signature):
        raise EvidenceError(f"{folder / MANIFEST} was altered: its signature does not hold")
    return key


def _require_files(folder: Path, files: Mapping[str, str]) -> None:
    present = {path.name for path in folder.iterdir()} - {MANIFEST, SIGNATURE}
    if missing := sorted(files.keys() - present):
        raise EvidenceError(f"{folder / missing[0]} is missing")
    if extra := sorted(present - files.keys()):
        raise EvidenceError(f"{folder / extra[0]} is extra: the manifest does not name it")
    for name, digest in files.items():
        if digest_of_file(folder / name) != digest:
            raise EvidenceError(f"{folder / name} was altered")
