"""What a check of the chain, or of the records, can find."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Fault(StrEnum):
    """What is wrong with a row."""

    ALTERED = "altered"
    MISSING = "missing"
    REORDERED = "reordered"
    EXTRA = "extra"


class Finding(NamedTuple):
    """A row that is wrong. `ordinal` is None for the transaction itself."""

    revision: int
    ordinal: int | None
    fault: Fault
    text: str

    def __str__(self) -> str:
        place = "the transaction" if self.ordinal is None else f"entry {self.ordinal}"
        return f"revision {self.revision}, {place}: {self.fault}: {self.text}"
