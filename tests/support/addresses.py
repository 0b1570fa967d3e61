"""Addresses for servers that are not started yet, or that come back to where they were."""

from __future__ import annotations

import random
import socket

_HOST = "127.0.0.1"
# Below those that systems give to whoever asks for any, as clients and all other servers of the tests do: what is free
# here stays so while its server is away (on Linux they begin at 32,768, elsewhere at 49,152).
_PORTS = range(20_000, 32_000)
_TRIES = 100


def lasting_address() -> str:
    """A host and port where nobody listens, and where nobody will who does not ask for just that port."""
    for _ in range(_TRIES):
        port = random.choice(_PORTS)  # keeps processes apart, and no secret
        with socket.socket() as probe:
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return f"{_HOST}:{port}"
    raise OSError(f"none of {_TRIES} ports from {_PORTS.start} to {_PORTS.stop - 1} is free")
