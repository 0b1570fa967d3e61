"""Servers that tests kill by the hundred are none that anybody waits for in vain, or that outlive their test."""

from __future__ import annotations

import os
import select
import socket
from pathlib import Path

import pytest

from support.addresses import lasting_address
from support.killable import nursery
from support.plant import COMPONENTS

TIMEOUT_MS = 20_000


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    with nursery(COMPONENTS) as servers, socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RuntimeError, match=f"StartError: cannot listen on {address}"):
            servers.serve(tmp_path / "plant.db", address)
        assert servers.serve(tmp_path / "plant.db").address != address


def test_one_that_was_killed_has_left_its_address(tmp_path: Path) -> None:
    host, port = lasting_address().split(":")
    with nursery(COMPONENTS) as servers:
        for _ in range(10):
            servers.serve(tmp_path / "plant.db", f"{host}:{port}").kill()
            # Raises OSError while anybody has it.
            socket.create_server((host, int(port))).close()


def test_none_outlives_the_block(tmp_path: Path) -> None:
    ended = select.poll()
    with nursery(COMPONENTS) as servers:
        for number in range(2):
            ended.register(os.pidfd_open(servers.serve(tmp_path / f"{number}.db").pid), select.POLLIN)
        assert ended.poll(0) == []
    for _ in range(2):
        [(descriptor, _)] = ended.poll(TIMEOUT_MS)[:1]
        ended.unregister(descriptor)
        os.close(descriptor)
