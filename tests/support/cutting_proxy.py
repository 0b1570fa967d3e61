"""A TCP proxy that cuts a connection when the server has answered a call, before its client is told; or at any moment.

An HTTP/2 HEADERS frame of the server is the beginning of an answer, and the server answers a write when its commit is
durable: so what is cut off here has been done.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_CHUNK = 65_536
_FRAME_HEADER = 9
_HEADERS = 1


class _Frames:
    """Counts the answers that begin in a stream of HTTP/2 frames."""

    def __init__(self) -> None:
        self._buffer = b""
        self.answers: set[int] = set()

    def feed(self, data: bytes) -> int:
        """Takes what the server sent; answers on how many streams it has begun to answer."""
        self._buffer += data
        while len(self._buffer) >= _FRAME_HEADER:
            end = _FRAME_HEADER + int.from_bytes(self._buffer[:3])
            if self._buffer[3] == _HEADERS:
                self.answers.add(int.from_bytes(self._buffer[5:9]) & 0x7FFF_FFFF)
            if len(self._buffer) < end:
                break
            self._buffer = self._buffer[end:]
        return len(self.answers)


class CuttingProxy:
    """Stands before a server, for one client. The connection number n is cut at its answer number `cut_at(n)`.

    Before a client can notice such a cut, `on_cut` is called. While the server is away connections are closed at once.
    """

    def __init__(self, target: str, cut_at: Callable[[int], int], on_cut: Callable[[], None] = lambda: None) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._cut_at = cut_at
        self._on_cut = on_cut
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.cuts = 0
        self._pumps: list[threading.Thread] = []
        self._connections: list[tuple[socket.socket, socket.socket]] = []
        self._accepting = threading.Thread(target=self._accept)

    def start(self) -> None:
        """Begins to listen."""
        self._accepting.start()

    def stop(self) -> None:
        """Stops listening, and waits until what is connected has ended."""
        # Closing alone would not wake the thread that accepts.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for pump in self._pumps:
            pump.join()

    def has_ended(self, within_s: float) -> bool:
        """Whether all that was connected ends within that time."""
        end = time.monotonic() + within_s
        for pump in self._pumps:
            pump.join(max(end - time.monotonic(), 0))
        return not any(pump.is_alive() for pump in self._pumps)

    def cut_all(self) -> None:
        """Cuts all connections that there are."""
        for connection in self._connections:
            _shut(*connection)

    def _accept(self) -> None:
        with suppress(OSError):
            number = 0
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._target)
                except OSError:
                    client.close()
                    continue
                self._connections.append((client, server))
                for pump in (
                    threading.Thread(target=self._forward, args=(client, server)),
                    threading.Thread(target=self._answer, args=(server, client, self._cut_at(number))),
                ):
                    self._pumps.append(pump)
                    pump.start()
                number += 1

    @staticmethod
    def _forward(client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(_CHUNK):
                server.sendall(data)
        _close(client, server)

    def _answer(self, server: socket.socket, client: socket.socket, cut_at: int) -> None:
        frames = _Frames()
        with suppress(OSError):
            while data := server.recv(_CHUNK):
                if frames.feed(data) >= cut_at:
                    self.cuts += 1
                    self._on_cut()
                    break
                client.sendall(data)
        _close(client, server)


def _shut(*ends: socket.socket) -> None:
    """Ends a connection, and wakes the threads that wait for it."""
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _close(*ends: socket.socket) -> None:
    _shut(*ends)
    for end in ends:
        end.close()


@contextmanager
def cutting_proxy(
    target: str, cut_at: Callable[[int], int], on_cut: Callable[[], None] = lambda: None
) -> Iterator[CuttingProxy]:
    """A proxy before `target`, a host and port."""
    proxy = CuttingProxy(target, cut_at, on_cut)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
