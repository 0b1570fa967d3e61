"""A port that several processes listen on side by side: the system deals connections out among them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from toolcrib.server.addresses import UNIX
from toolcrib.server.errors import StartError
from toolcrib.server.network import cannot_listen


@contextmanager
def shared_port(address: str) -> Iterator[str]:
    """Keeps the port of `address`, a free one for 0, and answers the address with it.

    Raises StartError where another program has it, or where the system does not share ports.
    """
    if address.startswith(UNIX) or not hasattr(socket, "SO_REUSEPORT"):
        what = "a unix: address" if address.startswith(UNIX) else "a port of this system"
        raise StartError(f"several workers cannot share {what}; set workers to 1")
    host, _, port = address.rpartition(":")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # First not to be shared, which finds another program that shares its port with whoever comes.
        with socket.socket(family, kind, protocol) as alone:
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(place)
            place = alone.getsockname()
        with socket.socket(family, kind, protocol) as kept:
            # Bound and never listening: it takes no connection, and the port stays while workers come and go.
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            kept.bind(place)
            yield f"{host}:{place[1]}"
    except OSError as error:
        raise cannot_listen(address) from error
