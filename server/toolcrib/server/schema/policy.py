"""What a start may do to the schema by itself."""

from __future__ import annotations

from enum import StrEnum


class Policy(StrEnum):
    """What a server does with a database that differs from its components."""

    # Applies what loses nothing; refuses to start where more is needed.
    ADDITIVE = "additive"
    # Refuses to start where anything differs.
    CHECK = "check"
    # Does not look.
    OFF = "off"
