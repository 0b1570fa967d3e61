"""Clients of all languages do what the scripts say; see README.md."""

from __future__ import annotations

import pytest

from conformance.languages import LANGUAGES, Language, build
from conformance.runner.messages import Answers
from conformance.runner.play import play
from conformance.runner.script import Section, sections
from support.killable import Nursery
from support.toolchains import required


@pytest.fixture(scope="module")
def language(request: pytest.FixtureRequest) -> Language:
    """A language whose driver is built."""
    found = required(request.param)
    build(found)
    return found


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.name)
@pytest.mark.parametrize("language", [language.name for language in LANGUAGES], indirect=True)
def test_the_client_does_what_the_script_says(
    language: Language, section: Section, servers: Nursery, answers: Answers
) -> None:
    assert play(section, language, servers, answers).problem == ""
