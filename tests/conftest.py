"""The database that the tests have, all of them alike: `--database sqlite`, `postgresql` or `mariadb`."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from support.mariadb import Mariadb, is_left_out, mariadb
from support.memory import temporary_files_in_memory
from support.postgres import Postgres, postgres
from toolcrib.server.event_loop import spare_collections
from toolcrib.server.testing import TEST_DATABASE_VARIABLE, new_database

pytest_plugins = ["support.own_mariadb", "support.own_postgres"]

_OPTION = "--database"
_HERE = Path(__file__).parent
# What gains nothing by another database. These have none, a server that is made up, or are about clients:
_WITHOUT_DATABASE = (
    *("codegen", "conformance", "cpp", "dialects", "go"),
    *("test_docs.py", "test_packaging.py", "test_protos.py", "test_readme.py"),
    *("cli/test_commands.py", "cli/test_conditions.py", "cli/test_doctor.py", "cli/test_settings.py"),
    *("clients/test_audit.py", "clients/test_calls.py", "clients/test_errors.py", "clients/test_generated_client.py"),
    *("clients/test_ready.py", "clients/test_surface.py", "clients/test_tls.py"),
)
# These have a file of SQLite, as a new project does, or to be tampered with; what they show of the audit is shown of
# the others by cli/test_database_servers.py.
_ABOUT_FILES = (
    *("cli/test_audit_evidence.py", "cli/test_audit_records.py", "cli/test_audit_verify.py"),
    "cli/test_init.py",
)
# These have a server of their own in any run.
_ABOUT_SERVERS = ("cli/test_database_servers.py", "integration/test_postgresql.py", "integration/test_mariadb.py")
# That a killed apply leaves nothing behind is shown where it is a transaction. On MariaDB it is not, and the next one
# carries it to its end: test_elsewhere.py.
_NOT_ON_MARIADB = {_HERE / "server/schema/test_kill.py"}
_RUN_ONCE = {_HERE / name for name in (*_WITHOUT_DATABASE, *_ABOUT_FILES, *_ABOUT_SERVERS)}
_ABOUT_MARIADB = _HERE / "integration/test_mariadb.py"
_SQLITE = "sqlite"
# What is started where a run has no server to use.
_SERVERS: dict[str, Callable[[], AbstractContextManager[Postgres | Mariadb]]] = {
    "postgresql": postgres,
    "mariadb": mariadb,
}
_RESOURCES = ExitStack()

# To explain a failure Hypothesis runs it 500 times more, which takes an hour where each run has a server to ask.
settings.register_profile("toolcrib", phases=[phase for phase in Phase if phase is not Phase.explain])
settings.load_profile("toolcrib")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the option."""
    named = os.environ.get(TEST_DATABASE_VARIABLE, "").partition(":")[0].partition("+")[0]
    default = {"mysql": "mariadb", "postgres": "postgresql"}.get(named, named) or _SQLITE
    help_text = f"where tests have their databases; {TEST_DATABASE_VARIABLE} may name the server to use"
    parser.addoption(_OPTION, choices=[_SQLITE, *_SERVERS], default=default, help=help_text)


def pytest_configure(config: pytest.Config) -> None:
    """Starts the database's server once for all processes of a run, unless one is named."""
    _RESOURCES.enter_context(temporary_files_in_memory())
    config.addinivalue_line("markers", "sqlite: is about SQLite itself: its files, its locks, or what is written in it")
    config.addinivalue_line("markers", "postgresql: is about what only PostgreSQL does")
    config.addinivalue_line("markers", "mariadb: is about what MariaDB does, alone or as others do that are named too")
    kind = config.getoption(_OPTION)
    if kind == _SQLITE:
        os.environ.pop(TEST_DATABASE_VARIABLE, None)
    elif not os.environ.get(TEST_DATABASE_VARIABLE):
        os.environ[TEST_DATABASE_VARIABLE] = _RESOURCES.enter_context(_SERVERS[kind]()).url


def pytest_unconfigure() -> None:
    """Stops what was started."""
    _RESOURCES.close()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves to the run on SQLite what would only run twice, and out what has no server here, but in CI."""
    if collection_path == _ABOUT_MARIADB and is_left_out():
        return True
    left_out = {"sqlite": set[Path](), "mariadb": _RUN_ONCE | _NOT_ON_MARIADB}.get(config.getoption(_OPTION), _RUN_ONCE)
    return True if collection_path in left_out else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is about another database than the one that is tested."""
    tested = config.getoption(_OPTION)
    for item in items:
        about = [name for name in (_SQLITE, *_SERVERS) if item.get_closest_marker(name)]
        if about and tested not in about:
            item.add_marker(pytest.mark.skip(reason=f"is about {' and '.join(about)}"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Looks for no garbage among what is imported, which took a fifth of the tests' time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        spare_collections()


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of a new database."""
    with new_database() as url:
        yield url
