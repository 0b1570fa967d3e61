"""Pages of the documentation, as text: the code that they show, and what they say around it."""

from __future__ import annotations

import re

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown(page: str, language: str) -> list[str]:
    """Each block of code in a language."""
    return [code for name, code in _BLOCK.findall(page) if name == language]


def prose(page: str) -> str:
    """All but the code."""
    return _BLOCK.sub("", page)
