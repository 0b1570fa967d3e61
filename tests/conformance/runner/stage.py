"""What a section plays on: its servers and the faults that befall them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from conformance.runner.certificates import write_certificates
from conformance.runner.script import Section
from conformance.runner.strange_servers import STRANGE
from conformance.runner.values import ScriptError, resolved
from support.addresses import lasting_address
from support.cutting_proxy import CuttingProxy, cutting_proxy
from support.killable import Killable, Nursery

_NEVER_CUT = 1 << 30


class Stage:
    """The servers of a section, each in a process of its own over a database of its own.

    `known` has what scripts can name: addresses by the names of servers and proxies, and the certificates as `tls`.
    """

    def __init__(self, section: Section, servers: Nursery) -> None:
        self._section = section
        self._nursery = servers
        self._resources = ExitStack()
        self._folder = Path()
        self._servers: dict[str, Killable] = {}
        self._settings: dict[str, Mapping[str, Any]] = {}
        self._proxies: dict[str, CuttingProxy] = {}
        self.known: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._folder = Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="toolcrib-conformance-")))
        self.known["tls"] = write_certificates(self._folder)
        self._resources.callback(self._kill_all)
        for name, settings in self._section.servers.items():
            if "kind" in settings:
                how = {key: value for key, value in settings.items() if key != "kind"}
                self.known[name] = self._resources.enter_context(STRANGE[settings["kind"]](**how))
            else:
                self._settings[name] = resolved(settings, self.known)
                self.start(name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._resources.close()

    def start(self, name: str) -> None:
        """Starts a server; one that was killed where it was, over what it left."""
        if name not in self._settings:
            raise ScriptError(f"there is no server {name}")
        address = self.known.get(name) or lasting_address()
        started = self._nursery.serve(self._folder / f"{name}.db", address, **self._settings[name])
        self._servers[name] = started
        self.known[name] = started.address

    def kill(self, name: str) -> None:
        """Ends a server at once."""
        self._servers.pop(name).kill()

    def proxy(self, name: str, *, before: str, cuts: list[int], kills: bool = False) -> None:
        """Puts a proxy before a server. Its connection number n is lost with answer number cuts[n]; later ones last.

        If it `kills`, the server is killed at each loss, before the client notices it, and started again.
        """

        def cut_at(number: int) -> int:
            return cuts[number] if number < len(cuts) else _NEVER_CUT

        def restart() -> None:
            self.kill(before)
            self.start(before)

        made = cutting_proxy(self.known[before], cut_at, restart if kills else lambda: None)
        self._proxies[name] = self._resources.enter_context(made)
        self.known[name] = self._proxies[name].address

    def cut(self, name: str) -> None:
        """Breaks all connections of a proxy."""
        self._proxies[name].cut_all()

    def _kill_all(self) -> None:
        for server in self._servers.values():
            server.kill()
