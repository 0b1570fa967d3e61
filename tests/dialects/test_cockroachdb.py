"""CockroachDB: what it does otherwise than PostgreSQL. What it is told is in test_told.py."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import psycopg
import pytest
from sqlalchemy import Integer, LargeBinary, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP

from support.command import toolcrib
from support.dialects.told import EXAMPLES, URLS, store_of
from toolcrib.server.columns import Document, ExactDouble, ExactText, IntegerKey, UtcTimestamp
from toolcrib.server.databases.choice import backend_for
from toolcrib.server.databases.cockroachdb import Cockroach
from toolcrib.server.databases.limits import Limits
from toolcrib.server.errors import ConnectionLost, DatabaseUnavailable, StorageError, Unsupported, WriteConflict
from toolcrib.server.schema.types import type_text


@pytest.fixture
def backend() -> Cockroach:
    found = backend_for("cockroachdb://root@localhost:26257/plant", Limits())
    assert isinstance(found, Cockroach)
    return found


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        # The whole group of calls is run again, as on PostgreSQL.
        ("40001", WriteConflict),
        # In a commit, what became of it is looked up before anything is run again.
        ("40003", ConnectionLost),
        ("57P01", ConnectionLost),
        ("08006", ConnectionLost),
        ("55P03", DatabaseUnavailable),
        ("23505", None),
    ],
)
def test_errors_are_told_apart_by_their_states(
    backend: Cockroach, state: str, meaning: type[StorageError] | None
) -> None:
    class Refused(psycopg.OperationalError):
        sqlstate = state

    assert type(backend.classify(Refused("in words that nobody reads"))) is (meaning or type(None))


def test_nobody_is_listened_to(backend: Cockroach) -> None:
    assert backend.news(lambda: None, lambda: None) is None  # type: ignore[func-returns-value]  # that is what is asked


def test_no_setting_is_made_that_it_does_not_know(backend: Cockroach) -> None:
    settings = backend._settings()  # noqa: SLF001  # nothing is connected to
    assert not [name for name in settings if name.startswith("tcp_keepalives")]
    assert "lock_timeout" in settings


def test_plans_are_not_explained(backend: Cockroach) -> None:
    statement = store_of("cockroachdb")["plant.recipes.v1.Recipe"].statements.get
    with pytest.raises(Unsupported):
        backend._session_on(MagicMock(), read_only=True).explain(statement, [1])  # noqa: SLF001  # as above


def test_nothing_is_written_unless_the_url_says_so() -> None:
    refused = toolcrib("serve", EXAMPLES, "--address", "127.0.0.1:0", "--database", URLS["cockroachdb"])
    assert refused.returncode != 0
    assert "writes on CockroachDB are unverified" in " ".join(refused.stderr.split())


@pytest.mark.parametrize(
    ("declared", "answered"),
    [
        # What the dialect makes of what CockroachDB says of its columns.
        (IntegerKey(), Integer()),
        (SmallInteger(), Integer()),
        (ExactText(), String()),
        (Document(), Text()),
        (UtcTimestamp(), TIMESTAMP(timezone=True)),
        (UtcTimestamp(), TIMESTAMP()),
        (LargeBinary(), BYTEA()),
        (ExactDouble(), ExactDouble()),
    ],
)
def test_spellings_of_types_are_the_same(backend: Cockroach, declared: Any, answered: Any) -> None:
    dialect = backend.engine.dialect
    assert type_text(declared, dialect) == type_text(answered, dialect)
