"""Languages that a test needs the tools of."""

from __future__ import annotations

import os

import pytest

from conformance.languages import (
    ALL_LANGUAGES_VARIABLE,
    LANGUAGES,
    Language,
    MissingToolchainError,
    require_toolchain,
)


def required(name: str) -> Language:
    """The language; skips a test where its tools are missing, saying how to get them, and fails where none may be."""
    language = next(language for language in LANGUAGES if language.name == name)
    try:
        require_toolchain(language)
    except MissingToolchainError as error:
        (pytest.fail if os.environ.get(ALL_LANGUAGES_VARIABLE) else pytest.skip)(str(error))
    return language
