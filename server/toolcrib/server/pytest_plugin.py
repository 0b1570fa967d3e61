"""The pytest fixture `toolcrib_server`: the project's own server, fresh for each test.

It serves `app.py`, or else the folder `components`, of the folder that pytest's configuration lies in; the ini option
`toolcrib_target` names another.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from toolcrib.server.testing import RunningServer

_OPTION = "toolcrib_target"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the ini option."""
    parser.addini(_OPTION, "what the fixture toolcrib_server serves: a folder of .proto files or an app module")


def pytest_configure(config: pytest.Config) -> None:
    """Lets tests import the generated code of what the ini option names, as the served application does."""
    named = str(config.getini(_OPTION))
    if named:
        from toolcrib.server.loading import load  # noqa: PLC0415  # see below
        from toolcrib.server.settings_sources import load_settings  # noqa: PLC0415  # see below

        load(config.rootpath / named, load_settings())


@pytest.fixture
def toolcrib_server(request: pytest.FixtureRequest) -> "Iterator[RunningServer]":
    """A server of the project over a temporary database; its address is `toolcrib_server.address`."""
    # Not on top: pytest loads this plugin in every project of the environment, also without the server extra.
    from toolcrib.server.testing import serve  # noqa: PLC0415  # as said above

    root: Path = request.config.rootpath
    named = str(request.config.getini(_OPTION))
    target = root / named if named else next(path for path in (root / "app.py", root / "components") if path.exists())
    with serve(target) as server:
        yield server
