"""Addresses that a server listens on: host:port, [IPv6]:port or unix:path."""

from __future__ import annotations

import ipaddress
import re

UNIX = "unix:"
DEFAULT_ADDRESS = "127.0.0.1:50051"

_PORT_MAX = 65_535
_ADDRESS = re.compile(r"(?P<host>\[[^\]]+\]|[^:\[\]]+):(?P<port>\d+)")
_EXAMPLE = "write host:port, for example 127.0.0.1:50051 or [::1]:50051, or unix:path"


def require_address(address: str) -> None:
    """Raises ValueError, which says what to write, where `address` is none."""
    if address.startswith(UNIX) and address != UNIX:
        return
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(f"is {address!r}; {_EXAMPLE}")
    if int(match["port"]) > _PORT_MAX:
        raise ValueError(f"has the port {match['port']}; the highest is {_PORT_MAX}")


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach `address`."""
    if address.startswith(UNIX):
        return True
    host = address.rpartition(":")[0].removeprefix("[").removesuffix("]")
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # A name that may lead anywhere.
        return False
