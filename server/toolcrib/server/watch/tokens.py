"""Resume tokens: how far a watch has come, in which history of the database."""

from __future__ import annotations

import base64
import binascii

from toolcrib.server.errors import HistoryChanged, InvalidRequest

HISTORY_BYTES = 16
_REVISION_BYTES = 8


class ResumeTokens:
    """Makes and reads tokens. `history` is the database's own; a database that is restored goes on with another."""

    def __init__(self, history: bytes) -> None:
        self._history = history

    def encode(self, revision: int) -> str:
        """The token for going on behind `revision`."""
        return base64.urlsafe_b64encode(self._history + revision.to_bytes(_REVISION_BYTES)).decode()

    def decode(self, token: str) -> int:
        """The revision in `token`. Raises InvalidRequest, or HistoryChanged for one of another history."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != HISTORY_BYTES + _REVISION_BYTES:
            text = "was not given by a server; send resume_token of a message as it was"
            raise InvalidRequest.field("INVALID_RESUME_TOKEN", "start.resume_token", text)
        if raw[:HISTORY_BYTES] != self._history:
            raise HistoryChanged(
                "the token is of another history: the database was restored, or is not the same; begin with a snapshot"
            )
        return int.from_bytes(raw[HISTORY_BYTES:])
