"""A peer that speaks SQL Server's protocol (TDS), pysqlbridge: it answers logins, and SELECTs of tables of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pysqlbridge.catalog import load as load_tables
from pysqlbridge.certificate import self_signed
from pysqlbridge.logins import load as load_logins
from pysqlbridge.server import start_background

USER, PASSWORD = "toolcrib", "Secret_1"


class Bridge:
    """It can be stopped, and started again at the same port."""

    def __init__(self, folder: Path, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        for name, rows in tables.items():
            (folder / f"{name}.json").write_text(json.dumps(rows), "utf-8")
        self._config = folder / "bridge.json"
        self._config.write_text(
            json.dumps(
                {
                    "logins": [{"user": USER, "password": PASSWORD}],
                    "tables": [{"name": name, "json": f"{name}.json"} for name in tables],
                }
            )
        )
        self._certificate = self_signed()
        self.authority = folder / "authority.pem"
        self.authority.write_bytes(self._certificate.cert_pem)
        self.port = 0

    def start(self) -> None:
        """Listens."""
        self._server, _ = start_background(
            port=self.port,
            certificate=self._certificate,
            query_handler=load_tables(self._config).answer,
            logins=load_logins(self._config),
        )
        self.port = self._server.address[1]

    def stop(self) -> None:
        """Takes no more connections."""
        self._server.shutdown()
        self._server.server_close()

    def url(self, password: str = PASSWORD, **query: str) -> str:
        """The database, with an encrypted connection."""
        given = {"cafile": str(self.authority), "validate_host": "no", **query}
        parameters = "&".join(f"{name}={value}" for name, value in given.items())
        return f"mssql://{USER}:{password}@127.0.0.1:{self.port}/plant?{parameters}"


@contextmanager
def bridge(folder: Path, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Bridge]:
    """One that runs."""
    peer = Bridge(folder, tables)
    peer.start()
    try:
        yield peer
    finally:
        peer.stop()
