"""Resume tokens: how far a watch has come, in which history of the database."""

from __future__ import annotations

import base64
import binascii
from hashlib import blake2b

from toolcrib.server.errors import HistoryChanged, InvalidRequest

HISTORY_BYTES = 16
_REVISION_BYTES = 8


class ResumeTokens:
    """Makes and reads tokens. `history` is the database's own; a database that is restored goes on with another.

    A token for records that are a tenant's own is for that tenant alone.
    """

    def __init__(self, history: bytes) -> None:
        self._history = history

    def encode(self, revision: int, tenant: str = "") -> str:
        """The token for going on behind `revision`."""
        return base64.urlsafe_b64encode(self._history_of(tenant) + revision.to_bytes(_REVISION_BYTES)).decode()

    def decode(self, token: str, tenant: str = "") -> int:
        """The revision in `token`. Raises InvalidRequest, or HistoryChanged for one of another history or tenant."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != HISTORY_BYTES + _REVISION_BYTES:
            text = "was not given by a server; send resume_token of a message as it was"
            raise InvalidRequest.field("INVALID_RESUME_TOKEN", "start.resume_token", text)
        if raw[:HISTORY_BYTES] != self._history_of(tenant):
            whose = ", or of another tenant" if tenant else ""
            raise HistoryChanged(
                f"the token is of another history: the database was restored, or is not the same{whose}; begin with a "
                "snapshot"
            )
        return int.from_bytes(raw[HISTORY_BYTES:])

    def _history_of(self, tenant: str) -> bytes:
        if not tenant:
            return self._history
        return blake2b(tenant.encode(), key=self._history, digest_size=HISTORY_BYTES).digest()
