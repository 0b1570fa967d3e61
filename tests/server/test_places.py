"""No password is ever shown, wherever in a URL it stands."""

from __future__ import annotations

import pytest

from toolcrib.server.databases.choice import backend_for
from toolcrib.server.databases.limits import Limits
from toolcrib.server.databases.places import without_password
from toolcrib.server.errors import StartError


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("postgresql://ann:s3cret@db/plant", "postgresql://ann:***@db/plant"),
        ("postgresql://ann:s3:c/ret@db/plant", "postgresql://ann:***@db/plant"),
        ("postgresql://ann@db/plant?password=s3cret", "postgresql://ann@db/plant?password=***"),
        ("postgresql://ann@db/plant?sslpassword=s3cret", "postgresql://ann@db/plant?sslpassword=***"),
        ("postgresql://ann:s3cret@db:port/plant", "postgresql://***"),
        ("postgresql://ann@/plant?host=/run/postgresql", "postgresql://ann@/plant?host=/run/postgresql"),
        ("sqlite:///plant.db", "sqlite:///plant.db"),
        ("plant:s3@home.db", "plant:s3@home.db"),
    ],
)
def test_a_database_is_told_without_its_password(given: str, told: str) -> None:
    assert without_password(given) == told


@pytest.mark.parametrize("text", ["postgresql://ann@db:port/plant", "postgresql://ann@[::1/plant", "://plant"])
def test_what_is_no_url_is_said_to_be_none(text: str) -> None:
    with pytest.raises(StartError, match=r"\*\*\* is not a database URL; write for example"):
        backend_for(text, Limits())
