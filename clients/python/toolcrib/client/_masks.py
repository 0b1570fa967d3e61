"""Update masks, as people like to write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

# Names of fields; or one text, with commas between them, or "*" for all of them.
MaskPaths: TypeAlias = str | Iterable[str]

Record = TypeVar("Record", bound=Message)


def field_mask(paths: MaskPaths | None) -> FieldMask | None:
    """The mask of `paths`; None is no mask."""
    if paths is None:
        return None
    # A lone text is also an iterable of texts, its letters: never what was meant.
    names = paths.split(",") if isinstance(paths, str) else paths
    return FieldMask(paths=[name.strip() for name in names])


def record_and_mask(change: Record | tuple[Record, MaskPaths]) -> tuple[Record, FieldMask | None]:
    """A change of a batch, taken apart: a record, or a record and the paths of its mask."""
    if isinstance(change, tuple):
        record, paths = change
        return record, field_mask(paths)
    return change, None
