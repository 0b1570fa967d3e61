"""The flags of commands that talk to a running server, and the connection they make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli.console import CommandError
from toolcrib.client import Crib, Tls, Unavailable

ServerAddress = Annotated[
    str, typer.Option(envvar="TOOLCRIB_SERVER", help="The server's address.", metavar="HOST:PORT")
]
TlsCa = Annotated[
    Path | None,
    typer.Option(help="Connect with TLS; the authority of the server's certificate, PEM.", show_default=False),
]
TlsCert = Annotated[Path | None, typer.Option(help="The client's certificate, PEM.", show_default=False)]
TlsKey = Annotated[Path | None, typer.Option(help="The private key of --tls-cert, PEM.", show_default=False)]
Tenant = Annotated[
    str | None,
    typer.Option(
        envvar="TOOLCRIB_TENANT",
        help="Whose records are meant, where each is a tenant's own. A certificate says so itself.",
        show_default=False,
    ),
]
Operator = Annotated[
    str | None,
    typer.Option(
        envvar="TOOLCRIB_OPERATOR",
        help="Who asks, to see what is of all tenants: an actor of the server's setting operators. A certificate says "
        "so itself.",
        show_default=False,
    ),
]


@contextmanager
def connected(
    address: str,
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    *,
    tenant: str | None = None,
    operator: str | None = None,
) -> Iterator[Crib]:
    """A connection for reading. Raises CommandError, also where no server answers within the block."""
    with _connect(address, ca, certificate, key) as crib:
        try:
            yield crib.as_tenant(tenant).as_actor(operator)
        except Unavailable as error:
            if error.reason:
                # A server's own word.
                raise
            raise CommandError(
                f"no server answers at {address} ({error.message}); start one with `toolcrib serve`, or name another "
                "with --server"
            ) from error


def _connect(address: str, ca: Path | None, certificate: Path | None, key: Path | None) -> Crib:
    if ca is None and certificate is None and key is None:
        return Crib.connect(address)
    if (certificate is None) != (key is None):
        raise CommandError("--tls-cert and --tls-key belong together; give both or neither")
    try:
        return Crib.connect(address, tls=Tls(root_certificates=ca, certificate=certificate, key=key))
    except OSError as error:
        raise CommandError(f"cannot read {error.filename}: {error.strerror}; name a PEM file") from error
