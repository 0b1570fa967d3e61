"""Checkpoints: the head of the chain at a revision, signed with a key that is kept away from the machine (Ed25519).

Whoever alters a database and chains it anew, or cuts off its tail, cannot sign what comes out of it.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from struct import Struct
from typing import Any

from toolcrib.server.columns import time_to_text
from toolcrib.server.errors import EvidenceError
from toolcrib.server.signing import SigningKey, VerifyingKey, read_bytes, require_trusted

_FORMAT = "toolcrib/checkpoint/1"
_HASH_BYTES = 32
_pack_revision = Struct(">q").pack


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """That the chain had this `hash` behind `revision`, when it was signed at `time` (UTC, as text)."""

    revision: int
    hash: bytes
    time: str
    key: VerifyingKey
    signature: bytes

    @classmethod
    def sign(cls, revision: int, head: bytes, key: SigningKey) -> Checkpoint:
        """A checkpoint of now."""
        time = time_to_text(datetime.now(UTC))
        return cls(revision, head, time, key.public, key.sign(_signed(revision, head, time)))

    @classmethod
    def read(cls, path: Path, trusted: VerifyingKey | None = None) -> Checkpoint:
        """The one in a file, whose signature holds and is that of the key that is `trusted`, if any.

        Raises EvidenceError.
        """
        values = read_json(path)
        try:
            if values["format"] != _FORMAT:
                raise ValueError(values["format"])
            revision, time = int(values["revision"]), str(values["time"])
            head, signature = bytes.fromhex(values["hash"]), bytes.fromhex(values["signature"])
            key = VerifyingKey.from_raw(base64.b64decode(values["public_key"], validate=True))
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise EvidenceError(f"{path} is no checkpoint; `toolcrib audit checkpoint` makes one") from error
        if len(head) != _HASH_BYTES or not key.has_signed(_signed(revision, head, time), signature):
            raise EvidenceError(f"{path} was altered: its signature does not hold")
        require_trusted(key, trusted, str(path))
        return cls(revision, head, time, key, signature)

    def to_json(self) -> dict[str, Any]:
        """What its file holds."""
        return {
            "format": _FORMAT,
            "revision": self.revision,
            "hash": self.hash.hex(),
            "time": self.time,
            "public_key": base64.b64encode(self.key.raw).decode(),
            "signature": self.signature.hex(),
        }


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises EvidenceError."""
    try:
        values = json.loads(read_bytes(path))
    except ValueError as error:
        raise EvidenceError(f"{path} is not valid JSON") from error
    if not isinstance(values, dict):
        raise EvidenceError(f"{path} holds no JSON object")
    return values


def _signed(revision: int, head: bytes, time: str) -> bytes:
    return f"{_FORMAT}\n".encode() + _pack_revision(revision) + head + time.encode()
