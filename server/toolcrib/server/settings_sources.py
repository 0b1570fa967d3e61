"""Where settings come from: toolcrib.toml, then the environment, then flags, the later ones outranking the former.

A wrong value is refused with where it was set.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from toolcrib.codegen.nearest import did_you_mean
from toolcrib.server.errors import StartError
from toolcrib.server.settings import ENVIRONMENT_PREFIX, Settings

CONFIG_FILE = "toolcrib.toml"
CONFIG_VARIABLE = f"{ENVIRONMENT_PREFIX}CONFIG"


class SettingsError(StartError):
    """A setting is wrong. `str()` names where it was set, its name and the remedy."""


def load_settings(config: Path | None = None, **flags: Any) -> Settings:
    """The settings from `config`, the environment and `flags`, of which those that are None count as not given.

    Without `config` the file is the one that TOOLCRIB_CONFIG names, or toolcrib.toml in the working folder if there is
    one. Raises SettingsError.
    """
    sources: dict[str, Mapping[str, Any]] = {}
    path = config_path(config)
    if path is not None:
        sources[str(path)] = _read(path)
    sources["environment"] = EnvSettingsSource(Settings)()
    sources["flags"] = {name: value for name, value in flags.items() if value is not None}
    _refuse_unknown("flags", sources["flags"])
    merged: dict[str, Any] = {}
    for values in sources.values():
        merged |= values
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise SettingsError("; ".join(_describe(details, sources) for details in error.errors())) from error


def config_path(config: Path | None = None) -> Path | None:
    """The settings file to read, if any. Raises SettingsError where one is named that does not exist."""
    named = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    if named is None:
        return Path(CONFIG_FILE) if Path(CONFIG_FILE).is_file() else None
    if not named.is_file():
        source = "--config" if config else CONFIG_VARIABLE
        raise SettingsError(f"{source} names {named}, which is no file; name a settings file or leave it out")
    return named


def _read(path: Path) -> Mapping[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    _refuse_unknown(str(path), values)
    return values


def _refuse_unknown(source: str, values: Mapping[str, Any]) -> None:
    for name in values:
        if name not in Settings.model_fields:
            raise SettingsError(f"{source}: there is no setting `{name}`{did_you_mean(name, Settings.model_fields)}")


def _describe(details: ErrorDetails, sources: Mapping[str, Mapping[str, Any]]) -> str:
    """One error of pydantic's, with where the value was set."""
    message = details["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if not details["loc"]:
        return message
    name = str(details["loc"][0])
    source = [source for source, values in sources.items() if name in values][-1]
    if not message.startswith(("is ", "has ")):
        message = f"{message}, not {details['input']!r}"
    if source == "environment":
        return f"{ENVIRONMENT_PREFIX}{name.upper()} {message}"
    if source == "flags":
        return f"--{name.replace('_', '-')} {message}"
    return f"{source}: {name} {message}"
