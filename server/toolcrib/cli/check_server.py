"""What `toolcrib doctor` looks at where a server would run: its database and its address."""

from __future__ import annotations

import errno
import socket
import sys
from pathlib import Path

from toolcrib.cli.checks import Check, is_writable
from toolcrib.client import AuditClient, Crib, ToolcribError
from toolcrib.server.addresses import UNIX
from toolcrib.server.databases.backend import Backend
from toolcrib.server.databases.choice import backend_for
from toolcrib.server.databases.places import without_password
from toolcrib.server.errors import StartError
from toolcrib.server.settings import Settings

_ANSWER_TIMEOUT_S = 2.0
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104  # only looked up, not bound


def check_database(backend: Backend) -> Check:
    """Whether the database is, or can become, a sound one of this version. It is only read."""
    path = backend.path
    if path is not None and not is_writable(path.parent):
        found = f"{path.parent} cannot be written"
        return Check("database", found, "make the folder writable for this user, or name another file with --database")
    try:
        return Check("database", *backend.examine())
    finally:
        backend.close()


def chosen_backend(settings: Settings) -> Backend | Check:
    """The database that is meant, or what is wrong with how it is named."""
    try:
        return backend_for(settings.database, settings.limits())
    except StartError as error:
        return Check("database", without_password(settings.database), str(error))


def check_address(settings: Settings) -> Check:
    """Whether the port is free, or a Toolcrib already answers there."""
    address = settings.address
    if address.startswith(UNIX):
        folder = Path(address.removeprefix(UNIX)).absolute().parent
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
