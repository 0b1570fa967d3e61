"""A compiler that has read the runtime's headers."""

from __future__ import annotations

import pytest

from support.cpp import Compiler
from support.toolchains import required


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """For what is only compiled."""
    required("cpp")
    return Compiler(tmp_path_factory.mktemp("runtime"))
