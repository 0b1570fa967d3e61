"""What the script is played with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.runner.messages import COMPONENTS, Answers
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
