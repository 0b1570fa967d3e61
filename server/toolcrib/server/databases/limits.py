"""How patient a server is with its database, and how much of it it takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, and the most connections. `statement_timeout_s` is 0 where a statement may take as long as it likes."""

    busy_timeout_s: float = 5.0
    connect_timeout_s: float = 5.0
    statement_timeout_s: float = 0.0
    connections_max: int = 16
