"""How the connection is made: certificates, and the settings of gRPC's channel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc

# A page of a thousand records may be larger than the 4 MiB that gRPC takes by default.
_ANSWER_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS to the server; with a certificate and its key, mutual TLS, where the certificate's name is the actor.

    Each is a PEM file's path or the PEM text as bytes. Without `root_certificates` those that gRPC ships are trusted,
    which will not know a plant's own authority. `server_name` is the name in the server's certificate where it is not
    the one in the address.
    """

    root_certificates: str | Path | bytes | None = None
    certificate: str | Path | bytes | None = None
    key: str | Path | bytes | None = None
    server_name: str | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a client certificate needs its key, and a key its certificate: give both or neither")

    def credentials(self) -> grpc.ChannelCredentials:
        """What gRPC needs. Raises OSError for a file that cannot be read."""
        return grpc.ssl_channel_credentials(
            root_certificates=_pem(self.root_certificates),
            private_key=_pem(self.key),
            certificate_chain=_pem(self.certificate),
        )


def options(tls: Tls | None) -> list[tuple[str, str | int]]:
    """The channel arguments of gRPC."""
    arguments: list[tuple[str, str | int]] = [
        ("grpc.max_receive_message_length", _ANSWER_BYTES_MAX),
        # A server that restarts is found again at once; gRPC's own pauses grow to two minutes.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2000),
        # A connection that is lost without a word, its cable pulled, is noticed also by who only waits.
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        # The server is a machine of the plant; a proxy set for web browsing does not lead there.
        ("grpc.enable_http_proxy", 0),
    ]
    if tls is not None and tls.server_name is not None:
        arguments.append(("grpc.ssl_target_name_override", tls.server_name))
    return arguments


def _pem(source: str | Path | bytes | None) -> bytes | None:
    return source if source is None or isinstance(source, bytes) else Path(source).read_bytes()
