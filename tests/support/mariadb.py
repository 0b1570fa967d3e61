"""MariaDB for the tests, from Debian's package mariadb-server: in a temporary folder, behind a Unix socket.

No service of the system is touched; `.ci/mariadb` installs the package where it is missing.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pymysql

# What is tested is Toolcrib: that MariaDB survives a power cut is not, only that of its process.
_OPTIONS = (
    "--skip-networking",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--max-connections=400",
    "--max-allowed-packet=16M",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=OFF",
    "--innodb-file-per-table=OFF",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--innodb-stats-persistent=OFF",
    "--innodb-fast-shutdown=2",
)
_START_S = 60
_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")


def program(name: str) -> str | None:
    """Where one of MariaDB's programs is; None where the package is not there."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *_FOLDERS]))


def is_left_out() -> bool:
    """Whether what is about it may be left out here: where it is not installed, but in CI."""
    return not program("mariadbd") and not os.environ.get("CI_ALL_DATABASES")


class Mariadb:
    """A server that can be stopped and started. `url` is its administrator's, whose database is not to be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"mariadb://root@/mysql?unix_socket={self._socket}"

    def make(self) -> None:
        """Makes its files."""
        self._run("mariadb-install-db", "--auth-root-authentication-method=normal", "--skip-test-db")

    def start(self) -> None:
        """Returns when it takes connections."""
        self._process = self._begin("mariadbd", f"--socket={self._socket}", *_OPTIONS)
        end = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self._folder / "log").read_text(errors="replace"))
            time.sleep(0.02)

    def stop(self, how: str = "fast") -> None:
        """Ends all connections and stops; `immediate` is a crash."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL if how == "immediate" else signal.SIGTERM)
        self._process.wait()

    def _answers(self) -> bool:
        with suppress(pymysql.err.Error):
            pymysql.connect(unix_socket=str(self._socket), user="root").close()
            return True
        return False

    def _run(self, name: str, *arguments: str) -> None:
        if self._begin(name, *arguments).wait() != 0:
            raise RuntimeError((self._folder / "log").read_text(errors="replace"))

    def _begin(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        found = program(name)
        if found is None:
            raise RuntimeError(f"{name} is missing: .ci/mariadb installs it (Debian's package mariadb-server)")
        user = ["--user=root"] if os.geteuid() == 0 else []
        command = [found, "--no-defaults", f"--datadir={self._folder / 'data'}", *user, *arguments]
        with (self._folder / "log").open("a") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd="/")


@contextmanager
def mariadb() -> Iterator[Mariadb]:
    """A server that runs, and is thrown away behind the block."""
    folder = Path(tempfile.mkdtemp(prefix="toolcrib-maria-"))
    try:
        server = Mariadb(folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
