"""`toolcrib audit key` and `toolcrib audit checkpoint`: the key that signs, and what the chain was at a revision."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli import connection, options
from toolcrib.cli.console import CommandError
from toolcrib.client import AuditClient
from toolcrib.server.addresses import DEFAULT_ADDRESS
from toolcrib.server.audit_file import audit_file
from toolcrib.server.chain_check import ChainCheck
from toolcrib.server.checkpoints import Checkpoint
from toolcrib.server.signing import SigningKey

PrivateKey = Annotated[
    Path,
    typer.Option("--key", envvar="TOOLCRIB_AUDIT_KEY", help="The private key to sign with, PEM.", show_default=False),
]


def key(
    out: Annotated[Path, typer.Option(help="The file of the private key; the public one goes beside it, as .pub.")],
) -> None:
    """Make a key that signs checkpoints and bundles. Keep it away from the machine whose audit it signs."""
    made = SigningKey.new()
    _write_new(out, made.pem(), secret=True)
    _write_new(out.with_name(f"{out.name}.pub"), made.public.pem())
    typer.echo(f"wrote {out} and {out}.pub, the key {made.public.fingerprint}")


def checkpoint(
    key: PrivateKey,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    server: connection.ServerAddress = DEFAULT_ADDRESS,
    database: options.DatabaseUrl = None,
    operator: connection.Operator = None,
    tls_ca: connection.TlsCa = None,
    tls_cert: connection.TlsCert = None,
    tls_key: connection.TlsKey = None,
) -> None:
    """Sign what the chain is now. Of a server it is what it says; a database is verified first."""
    private = SigningKey.read(key)
    if database is not None:
        revision, head = _head_of(database)
    else:
        with connection.connected(server, tls_ca, tls_cert, tls_key, operator=operator) as crib:
            answer = AuditClient(crib).chain_head()
        revision, head = answer.revision, answer.hash
    signed = Checkpoint.sign(revision, head, private)
    _write_new(out, json.dumps(signed.to_json(), indent=2).encode())
    typer.echo(f"wrote {out}: revision {revision}, signed with the key {signed.key.fingerprint}")


def _head_of(database: str) -> tuple[int, bytes]:
    with audit_file(database) as file:
        check = ChainCheck(last=file.last_revision())
        check.run(file.rows)
    if check.finding is not None:
        raise CommandError(f"the chain is broken, and is not signed: {check.finding}")
    return check.revision, check.head


def _write_new(path: Path, content: bytes, *, secret: bool = False) -> None:
    """Writes a file that is not there yet; one that is `secret` can be read by its owner only."""
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
    except FileExistsError as error:
        raise CommandError(f"{path} exists; name another file with --out") from error
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error
    with os.fdopen(opened, "wb") as file:
        file.write(content)
