"""What is signed of a plan, in which bytes, and whose signature a carried out one has (docs/retention.md)."""

from __future__ import annotations

from struct import Struct

from google.protobuf.message import DecodeError

from toolcrib.retention.v1.retention_pb2 import Pruning, SignedPruning
from toolcrib.server.columns import time_to_text
from toolcrib.server.signing import SigningKey, VerifyingKey
from toolcrib.server.values import timestamp_to_datetime

_FORMAT = b"toolcrib/pruning/1\n"
# The numbers, then the lengths of the values: signed, 64 bits, the highest byte first.
_pack = Struct(">13q").pack


def signed_bytes(pruning: Pruning) -> bytes:
    """What is signed: protobuf's own bytes are not canonical. Raises OverflowError for a time beyond the year 9999."""
    time = time_to_text(timestamp_to_datetime(pruning.end_time)) if pruning.HasField("end_time") else ""
    values = [pruning.component.encode(), time.encode(), pruning.history, pruning.segments_hash]
    numbers = (
        *(pruning.target, pruning.keep_last, pruning.start_revision, pruning.max_rows, pruning.end_revision),
        *(pruning.entries, pruning.transactions, pruning.versions, pruning.oldest_revision),
    )
    return b"".join((_FORMAT, _pack(*numbers, *map(len, values)), *values))


def sign(pruning: Pruning, key: SigningKey) -> SignedPruning:
    """The plan, signed."""
    return SignedPruning(pruning=pruning, public_key=key.public.raw, signature=key.sign(signed_bytes(pruning)))


def signer_of(signed: SignedPruning) -> VerifyingKey | None:
    """Whose signature holds; None where it does not."""
    try:
        key = VerifyingKey.from_raw(signed.public_key)
        return key if key.has_signed(signed_bytes(signed.pruning), signed.signature) else None
    except (ValueError, OverflowError):
        return None


def parse(image: object) -> SignedPruning | None:
    """What an audit entry has of a plan that was carried out; None where somebody has made something else of it."""
    try:
        return SignedPruning.FromString(image) if isinstance(image, bytes) else None
    except DecodeError:
        return None
