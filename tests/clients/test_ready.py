"""Waiting for a server that starts."""

from __future__ import annotations

import grpc
import pytest

from support.both_clients import KINDS, Client, connected
from support.fake_server import FakeServer, failure
from toolcrib.client import Unauthenticated, Unavailable

SERVING = b"\x08\x01"
NOT_SERVING = b"\x08\x02"


def test_a_server_that_serves_is_ready(client: Client, server: FakeServer) -> None:
    server.will_answer(SERVING)
    client.run(lambda crib: crib.wait_ready())
    assert [received.method for received in server.received] == ["/grpc.health.v1.Health/Check"]


def test_a_server_that_does_not_serve_yet_is_waited_for(client: Client, server: FakeServer) -> None:
    server.will_answer(failure(grpc.StatusCode.UNAVAILABLE), NOT_SERVING, SERVING)
    client.run(lambda crib: crib.wait_ready())
    assert len(server.received) == 3


def test_a_server_without_a_health_service_is_ready_when_it_answers(client: Client, server: FakeServer) -> None:
    server.will_answer(failure(grpc.StatusCode.UNIMPLEMENTED))
    client.run(lambda crib: crib.wait_ready())


def test_a_server_that_goes_on_not_serving_is_unavailable(client: Client, server: FakeServer) -> None:
    server.will_answer(NOT_SERVING)
    with pytest.raises(Unavailable, match=rf"{server.address} was not ready within 0.3 s: it says that it is not serv"):
        client.run(lambda crib: crib.wait_ready(0.3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_never_comes_is_unavailable(kind: str) -> None:
    with (
        connected(kind, "127.0.0.1:1") as client,
        pytest.raises(Unavailable, match=r"127.0.0.1:1 was not ready within 0.3 s: .*127.0.0.1:1"),
    ):
        client.run(lambda crib: crib.wait_ready(0.3))


def test_what_waiting_does_not_mend_is_raised_at_once(client: Client, server: FakeServer) -> None:
    server.will_answer(failure(grpc.StatusCode.UNAUTHENTICATED, "who are you"))
    with pytest.raises(Unauthenticated):
        client.run(lambda crib: crib.wait_ready())
    assert len(server.received) == 1
