"""What `toolcrib serve` prints: that it serves, where and what; or that it waits, and for what."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import typer

from toolcrib import codegen
from toolcrib.cli.console import print_json
from toolcrib.server.addresses import is_loopback
from toolcrib.server.databases.places import without_password
from toolcrib.server.network import trusts_metadata
from toolcrib.server.schema.steps import SchemaDiffers
from toolcrib.server.settings import Settings


@dataclass(frozen=True, slots=True)
class AsJson:
    """For scripts, a line each; `folder` holds what is served."""

    settings: Settings
    folder: Path

    def waiting(self, address: str, refusal: SchemaDiffers) -> None:
        """It waits for its schema, which is refused."""
        database = without_password(self.settings.database)
        print_json({"address": address, "database": database, "waiting": str(refusal), "pid": os.getpid()})

    def serving(self, address: str) -> None:
        """It serves."""
        print_json(
            {
                "address": address,
                "database": without_password(self.settings.database),
                "components": _names(self.folder),
                "tls": self.settings.tls_certificate is not None,
                "pid": os.getpid(),
            }
        )


@dataclass(frozen=True, slots=True)
class InWords:
    """For people; `folder` holds what is served."""

    settings: Settings
    folder: Path

    def waiting(self, address: str, refusal: SchemaDiffers) -> None:
        """It waits for its schema, which is refused."""
        server = f"--server {address}{self._tls()}"
        lines = [
            f"waiting on {address}",
            f"  why         {refusal}",
            f"  look        toolcrib schema plan {server}",
            f"  then        toolcrib schema apply {server}",
            "  stop        Ctrl-C",
        ]
        typer.echo("\n".join(lines))

    def serving(self, address: str) -> None:
        """It serves."""
        settings = self.settings
        lines = [
            # Scripts wait for this one.
            f"serving on {address}",
            f"  database    {without_password(settings.database)}",
            f"  components  {', '.join(_names(self.folder))}",
            f"  actor       {_actor(settings)}",
        ]
        if settings.tls_certificate is None and not is_loopback(settings.address):
            lines.append("  security    NONE: everybody on the network can read and write (allow_insecure_bind)")
        lines.append(f"  try         toolcrib audit --server {address}{self._tls()}")
        if settings.tls_certificate is None and settings.reflection:
            lines.append(f"              grpcurl -plaintext {address} list")
        lines.append("  stop        Ctrl-C")
        # In one piece: who waits for the first line may not be there for the second.
        typer.echo("\n".join(lines))

    def _tls(self) -> str:
        """The flags that a command needs to connect."""
        if self.settings.tls_certificate is None:
            return ""
        own = "" if self.settings.tls_client_ca is None else " --tls-cert <yours.pem> --tls-key <yours.key>"
        return f" --tls-ca <authority.pem>{own}"


def _names(folder: Path) -> list[str]:
    return [entry.component for entry in codegen.read_manifest(codegen.cached(folder)).components]


def _actor(settings: Settings) -> str:
    """Who will be written down as the one who did it."""
    sources = []
    if settings.tls_client_ca is not None:
        sources.append("the name in the client's certificate")
    if trusts_metadata(settings):
        sources.append("x-actor of the call")
    if settings.default_actor is not None:
        sources.append(f"{settings.default_actor!r}, the default actor")
    if not sources:
        return "nobody can write: set tls_client_ca, trust_metadata or default_actor"
    return ", else ".join(sources)
