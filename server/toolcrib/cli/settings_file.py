"""The toolcrib.toml of a new project: every setting with its meaning and its default, all of them commented out."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from toolcrib.server.settings import Settings

_HEAD = """\
# The settings of the server. Each can also be given in the environment, as TOOLCRIB_ADDRESS, and as a flag of
# `toolcrib serve`, as --address; a flag outranks the environment, and the environment this file.
"""
_WIDTH = 118


def settings_file() -> str:
    """The text of the file."""
    parts = [_HEAD]
    for name, field in Settings.model_fields.items():
        text = textwrap.fill(field.description or "", _WIDTH, initial_indent="# ", subsequent_indent="# ")
        value = (field.examples or [None])[0] if field.default is None else field.default
        parts.append(f"{text}\n# {name} = {_toml(value)}\n")
    return "\n".join(parts)


def _toml(value: Any) -> str:
    # Strings, numbers and booleans are written in TOML as in JSON.
    return json.dumps(value)
