"""What a user may type to say which audit entries to show."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from toolcrib.cli.console import CommandError
from toolcrib.client.audit import Operation

_AGO = re.compile(r"(?P<number>\d{1,6}(?:\.\d+)?)\s*(?P<unit>[smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_REVISIONS = re.compile(r"(?P<first>\d*)(?P<to>\.\.)?(?P<last>\d*)")
_REVISION_MAX = 2**63 - 1


class OperationName(StrEnum):
    """The operations by the names that people type."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNDELETE = "undelete"
    REFUSED = "refused"
    PRUNE = "prune"

    def number(self) -> Operation.ValueType:
        """The operation as the audit service numbers it."""
        return Operation.Value(f"OPERATION_{self.name}")


def parse_moment(option: str, text: str) -> datetime:
    """A moment from an ISO time, of the local time zone unless it names one, or from how long ago it was, like 2h.

    Raises CommandError.
    """
    if ago := _AGO.fullmatch(text.strip().lower()):
        try:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago["unit"]]: float(ago["number"])})
        except OverflowError:
            raise CommandError(f"{option} {text} is before the year 1; name a later time") from None
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        raise CommandError(
            f"{option} {text!r} is no time; write one like 2026-07-30T14:00, 2026-07-30, or how long ago, like 90s, "
            "15m, 2h, 3d or 1w"
        ) from None


def parse_revisions(text: str) -> tuple[int, int]:
    """The first and the last revision of N, A..B, A.. or ..B; a last one of 0 is no bound. Raises CommandError."""
    match = _REVISIONS.fullmatch(text.strip())
    if match is None or not (match["first"] or match["last"]):
        raise CommandError(f"--revision {text!r} is no revision; write a number, or a range like 10..20, 10.. or ..20")
    first, last = int(match["first"] or 0), int(match["last"] or 0)
    if not match["to"]:
        last = first
    if max(first, last) > _REVISION_MAX or (match["last"] and first > last) or (not match["to"] and first == 0):
        raise CommandError(f"--revision {text} is no range of revisions; they count up from 1, the lower one first")
    return first, last
