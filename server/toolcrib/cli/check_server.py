"""What `toolcrib doctor` looks at where a server would run: its database and its address."""

from __future__ import annotations

import errno
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from toolcrib.cli.checks import Check, is_writable
from toolcrib.client import AuditClient, Crib, ToolcribError
from toolcrib.server.database import Database
from toolcrib.server.errors import StartError
from toolcrib.server.settings import Settings
from toolcrib.server.system_tables import LAYOUT_VERSION

_ANSWER_TIMEOUT_S = 2.0
_UNIX = "unix:"
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104  # only looked up, not bound


def check_database(path: Path) -> Check:
    """Whether the file is, or can become, a sound database of this version. It is only read."""
    if not is_writable(path.parent):
        found = f"{path.parent} cannot be written"
        return Check("database", found, "make the folder writable for this user, or name another file with --database")
    if not path.exists():
        return Check("database", f"{path} will be made by the first start")
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return _examine(path, connection)
    except sqlite3.DatabaseError as error:
        return Check("database", f"{path}: {error}", "name another file with --database, or restore it from a backup")


def database_path(settings: Settings) -> Path | Check:
    """Where the database is, or what is wrong with how it is named."""
    try:
        return Database(settings.database, busy_timeout_s=settings.busy_timeout_s).path
    except StartError as error:
        return Check("database", settings.database, str(error))


def check_address(settings: Settings) -> Check:
    """Whether the port is free, or a Toolcrib already answers there."""
    address = settings.address
    if address.startswith(_UNIX):
        folder = Path(address.removeprefix(_UNIX)).absolute().parent
        return Check("address", address, "" if is_writable(folder) else f"make {folder} writable, or choose another")
    try:
        _bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return Check("address", f"{address}: {error.strerror}", "choose an address of this machine with --address")
    else:
        return Check("address", f"{address} is free")
    if settings.tls_certificate is not None:
        # Neither the authority nor a client's certificate is among a server's settings.
        return Check("address", f"{address} is in use; `toolcrib audit --tls-ca ...` says whether by a Toolcrib")
    try:
        _ask(settings)
    except ToolcribError:
        found = f"another program has {address}, or a Toolcrib that does not answer"
        return Check("address", found, "stop it, or choose another port with --address")
    return Check("address", f"a Toolcrib answers at {address}")


def _examine(path: Path, connection: sqlite3.Connection) -> Check:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return Check("database", f"{path} is empty and will be filled by the first start")
    if "toolcrib_meta" not in tables:
        found = f"{path} belongs to another application (it has the table {min(tables)})"
        return Check("database", found, "name another file with --database")
    stored = connection.execute("SELECT value FROM toolcrib_meta WHERE name = 'layout_version'").fetchone()
    if stored is not None and int(stored[0]) > LAYOUT_VERSION:
        return Check("database", f"{path} was written by a newer Toolcrib", "install that version, or a newer one")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        return Check("database", f"{path} is damaged: {verdict}", "restore it from a backup")
    (revision,) = connection.execute("SELECT coalesce(max(revision), 0) FROM toolcrib_transaction").fetchone()
    return Check("database", f"{path} is sound, revision {revision}")


def _bind(address: str) -> None:
    host, _, port = address.rpartition(":")
    family, kind, protocol, _, target = socket.getaddrinfo(
        host.removeprefix("[").removesuffix("]"), int(port), type=socket.SOCK_STREAM
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        if sys.platform != "win32":
            # As a server does: the last one's closed connections do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(target)
        probe.listen()


def _ask(settings: Settings) -> None:
    """Reads through the server as any client would; raises ToolcribError where that is not answered."""
    host, _, port = settings.address.rpartition(":")
    # One that listens everywhere also does on loopback.
    address = f"{_LOOPBACK_OF.get(host, host)}:{port}"
    with Crib.connect(address, timeout_s=_ANSWER_TIMEOUT_S) as crib:
        AuditClient(crib).page(page_size=1)
