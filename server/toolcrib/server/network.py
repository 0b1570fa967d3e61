"""The address the server listens on, and with which certificates."""

from __future__ import annotations

from pathlib import Path

import grpc
import grpc.aio

from toolcrib.server.addresses import UNIX, is_loopback
from toolcrib.server.errors import StartError
from toolcrib.server.settings import Settings

# A message that is a little too large is refused by the server, with details; one that is far too large by gRPC.
_REFUSED_WITH_DETAILS = 4


def options(settings: Settings) -> list[tuple[str, int]]:
    """gRPC's channel arguments."""
    return [
        ("grpc.max_receive_message_length", settings.message_bytes_max * _REFUSED_WITH_DETAILS),
        # Clients that wait for what a watch sends ask now and then whether the connection is still there.
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        # For workers only: else a second server on the port would take half of the calls rather than fail to start.
        ("grpc.so_reuseport", int(settings.workers > 1)),
    ]


def bind(server: grpc.aio.Server, settings: Settings) -> str:
    """Makes `server` listen; answers the address, with the real port where 0 was asked for.

    Raises StartError where the address is not to be had, or would offer everything to a network without TLS.
    """
    address = settings.address
    credentials = _credentials(settings)
    if credentials is None and not is_loopback(address) and not settings.allow_insecure_bind:
        raise StartError(
            f"{address} is open to the network and would be served without TLS: set tls_certificate and tls_key, or "
            "allow it by name with allow_insecure_bind"
        )
    try:
        port = (
            server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
        )
    except RuntimeError as error:
        raise cannot_listen(address) from error
    return address if address.startswith(UNIX) else f"{address.rpartition(':')[0]}:{port}"


def cannot_listen(address: str) -> StartError:
    """The refusal of an address that is not to be had."""
    return StartError(
        f"cannot listen on {address}: another program has the port, or the address is not this machine's; choose "
        "another with --address"
    )


def trusts_metadata(settings: Settings) -> bool:
    """Whether the x-actor of a call is believed: as set, otherwise on loopback only."""
    return is_loopback(settings.address) if settings.trust_metadata is None else settings.trust_metadata


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    client_ca = None if settings.tls_client_ca is None else _read(settings.tls_client_ca)
    return grpc.ssl_server_credentials(
        [(_read(settings.tls_key), _read(settings.tls_certificate))],
        root_certificates=client_ca,
        require_client_auth=client_ca is not None,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartError(f"cannot read {path}: {error.strerror}") from error
