"""Databases that no server was to be had of: what they are told is checked as text (docs/databases.md).

Their tables are made, and records written, only where the URL says that whoever serves them knows that.
"""

from __future__ import annotations

import logging

from sqlalchemy import URL

from toolcrib.server.errors import StartError

logger = logging.getLogger(__name__)

PARAMETER = "unverified_writes"
_ACCEPTED = "accept"


def split(url: URL) -> tuple[URL, bool]:
    """The URL without the parameter, and whether it said that unverified writes are accepted."""
    return url.difference_update_query([PARAMETER]), url.query.get(PARAMETER) == _ACCEPTED


def require_accepted(place: str, kind: str, *, is_accepted: bool) -> None:
    """Raises StartError where nobody said so; leaves a word in the log where somebody did."""
    if not is_accepted:
        raise StartError(
            f"{place} is not written to: writes on {kind} are unverified, as no server was to be had to try them on; "
            f"try them on a copy of your data first, and say so in the URL: ?{PARAMETER}={_ACCEPTED}"
        )
    logger.warning("%s: writes on %s are unverified", place, kind)
