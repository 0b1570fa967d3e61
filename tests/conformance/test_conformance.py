"""Clients of all languages do what the scripts say; see README.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

import pytest

from conformance.languages import (
    ALL_LANGUAGES_VARIABLE,
    LANGUAGES,
    Language,
    MissingToolchainError,
    build,
    require_toolchain,
)
from conformance.runner.messages import COMPONENTS, Answers
from conformance.runner.play import play
from conformance.runner.script import Section, sections
from conformance.runner.stubs import import_stubs
from support.killable import Nursery, nursery


@pytest.fixture(scope="module")
def servers() -> Iterator[Nursery]:
    """Where servers come from."""
    with nursery(COMPONENTS) as running:
        yield running


@pytest.fixture(scope="module")
def answers() -> Answers:
    """The forms of answers."""
    import_stubs()
    return Answers()


@cache
def left_out(language: Language) -> str:
    """Why a language is left out, or nothing: then its driver is built."""
    try:
        require_toolchain(language)
    except MissingToolchainError as error:
        return str(error)
    build(language)
    return ""


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.name)
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_the_client_does_what_the_script_says(
    language: Language, section: Section, servers: Nursery, answers: Answers
) -> None:
    if why := left_out(language):
        (pytest.fail if os.environ.get(ALL_LANGUAGES_VARIABLE) else pytest.skip)(why)
    assert play(section, language, servers, answers).problem == ""
