"""What goes with each call: actor, reason and deadline; and which calls are tried again."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from google.rpc.error_details_pb2 import RetryInfo

from plant.recipes.v1.recipe_service_pb2 import CreateRecipeRequest
from support.addresses import lasting_address
from support.both_clients import KINDS, Client, connected
from support.fake_server import FakeServer, Slow, failure, fake_server
from toolcrib.client import Aborted, Cancelled, Crib, DeadlineExceeded, ResourceExhausted, ToolcribError, Unavailable
from toolcrib.client._patience import Patience

UNAVAILABLE = failure(grpc.StatusCode.UNAVAILABLE, "restarting")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server that says yes to everything."""
    with fake_server() as running:
        running.will_answer(Empty())
        yield running


def read(client: Client) -> Any:
    """A call that may be repeated."""
    method = client.crib.channel.unary_unary("/any/Read")
    return client.run(lambda crib: crib.read(method, b""))


def write(client: Client, request_id: str = "", *, validate_only: bool = False) -> Any:
    """A call that may be repeated under its id."""
    serialize = CreateRecipeRequest.SerializeToString
    method = client.crib.channel.unary_unary("/any/Write", request_serializer=serialize)
    request = CreateRecipeRequest(request_id=request_id, validate_only=validate_only)
    return client.run(lambda crib: crib.write(method, request))


def ids(server: FakeServer) -> list[str]:
    """The request_id of each call."""
    return [CreateRecipeRequest.FromString(received.request).request_id for received in server.received]


def sent(server: FakeServer) -> dict[str, str | bytes]:
    """The metadata of the last call that are ours."""
    return {key: value for key, value in server.received[-1].metadata.items() if key.startswith("x-")}


def test_the_actor_is_sent(client: Client, server: FakeServer) -> None:
    write(client)
    assert sent(server) == {"x-actor": "ann"}


@pytest.mark.parametrize("name", ["Jürgen", "操作员", " padded ", "tab\there"])
def test_what_headers_cannot_carry_is_sent_as_utf_8(client: Client, server: FakeServer, name: str) -> None:
    write(client.viewed(lambda crib: crib.as_actor(name).with_reason(name)))
    assert sent(server) == {"x-actor-bin": name.encode(), "x-change-reason-bin": name.encode()}


def test_a_view_has_its_own_actor_and_reason(client: Client, server: FakeServer) -> None:
    view = client.viewed(lambda crib: crib.as_actor("bob").with_reason("worn insert"))
    write(view)
    assert sent(server) == {"x-actor": "bob", "x-change-reason": "worn insert"}
    assert (view.crib.actor, view.crib.reason) == ("bob", "worn insert")
    write(client)
    assert sent(server) == {"x-actor": "ann"}
    assert view.crib.channel is client.crib.channel


def test_a_tenant_goes_with_each_call_of_a_view_for_it(client: Client, server: FakeServer) -> None:
    view = client.viewed(lambda crib: crib.as_tenant("north"))
    write(view)
    assert sent(server) == {"x-actor": "ann", "x-tenant": "north"}
    read(client.viewed(lambda crib: crib.as_tenant("Süd")))
    assert sent(server) == {"x-actor": "ann", "x-tenant-bin": "Süd".encode()}
    assert (view.crib.tenant, client.crib.tenant) == ("north", None)


def test_a_connection_may_be_made_for_a_tenant(server: FakeServer) -> None:
    with Crib.connect(server.address, tenant="north") as crib:
        crib.read(crib.channel.unary_unary("/any/Read"), b"")
    assert sent(server) == {"x-tenant": "north"}


def test_without_an_actor_none_is_sent(client: Client, server: FakeServer) -> None:
    write(client.viewed(lambda crib: crib.as_actor(None)))
    assert sent(server) == {}


def test_every_call_has_a_deadline(client: Client, server: FakeServer) -> None:
    write(client)
    read(client)
    for received in server.received:
        assert received.timeout_s is not None
        assert 5 < received.timeout_s <= 10.5


def test_a_call_whose_time_is_over_is_not_sent(client: Client, server: FakeServer) -> None:
    for call in (read, write):
        with pytest.raises(DeadlineExceeded, match="over before it was sent"):
            call(client.viewed(lambda crib: crib.with_timeout(1e-6)))
    assert server.received == []


def test_a_view_has_its_own_deadline(client: Client, server: FakeServer) -> None:
    write(client.viewed(lambda crib: crib.with_timeout(3)))
    timeout_s = server.received[-1].timeout_s
    assert timeout_s is not None
    assert 1 < timeout_s <= 3.5


def test_an_answer_that_comes_too_late_is_deadline_exceeded(client: Client, server: FakeServer) -> None:
    server.will_answer(Slow(0.5, Empty()))
    with pytest.raises(DeadlineExceeded):
        write(client.viewed(lambda crib: crib.with_timeout(0.1)))


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan")])
def test_a_timeout_that_is_none_is_refused(timeout_s: float) -> None:
    with pytest.raises(ValueError, match="must be more than 0 seconds"):
        Crib.connect("127.0.0.1:1", timeout_s=timeout_s)


def test_a_read_is_tried_again_while_the_server_is_unavailable(client: Client, server: FakeServer) -> None:
    server.will_answer(UNAVAILABLE, UNAVAILABLE, Empty())
    assert read(client) == b""
    assert len(server.received) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_waits_for_a_server_that_restarts(kind: str) -> None:
    with ExitStack() as stack:
        with fake_server(address=lasting_address()) as before:
            before.will_answer(b"before")
            client = stack.enter_context(connected(kind, before.address))
            assert read(client) == b"before"
        done = threading.Event()
        restart = threading.Timer(0.5, _serve_until, [before.address, done])
        restart.start()
        stack.callback(restart.join)
        stack.callback(done.set)
        assert read(client) == b"after"


def test_a_write_is_tried_again_under_the_same_id(client: Client, server: FakeServer) -> None:
    server.will_answer(UNAVAILABLE, UNAVAILABLE, Empty())
    write(client)
    first, *others = ids(server)
    assert uuid.UUID(first).version == 7
    assert others == [first, first]
    # The milliseconds are in the first twelve digits; of two in the same one, either may be the larger.
    write(client)
    last = ids(server)[-1]
    assert last != first
    assert last[:13] >= first[:13]


def test_a_write_keeps_the_id_that_it_is_given(client: Client, server: FakeServer) -> None:
    server.will_answer(UNAVAILABLE, Empty())
    write(client, "order 7")
    assert ids(server) == ["order 7", "order 7"]


def test_a_dry_run_is_tried_again_without_an_id(client: Client, server: FakeServer) -> None:
    server.will_answer(UNAVAILABLE, Empty())
    write(client, validate_only=True)
    assert ids(server) == ["", ""]


def test_a_write_is_tried_once_where_that_is_set(client: Client, server: FakeServer) -> None:
    server.will_answer(UNAVAILABLE, Empty())
    with pytest.raises(Unavailable):
        write(client.viewed(lambda crib: crib.with_retry_writes(False)))
    assert ids(server) == [""]
    assert client.crib.retry_writes


def test_a_write_gives_up_in_time(client: Client, server: FakeServer) -> None:
    server.will_answer(UNAVAILABLE)
    with pytest.raises(Unavailable):
        write(client.viewed(lambda crib: crib.with_timeout(0.4)))
    assert 2 <= len(server.received) <= 3


@pytest.mark.parametrize(
    ("code", "kind"),
    [(grpc.StatusCode.ABORTED, Aborted), (grpc.StatusCode.RESOURCE_EXHAUSTED, ResourceExhausted)],
)
def test_a_read_is_not_tried_again_for_another_reason(
    client: Client, server: FakeServer, code: grpc.StatusCode, kind: type[ToolcribError]
) -> None:
    server.will_answer(failure(code), Empty())
    with pytest.raises(kind):
        read(client)
    assert len(server.received) == 1


def test_a_read_gives_up_in_time(client: Client, server: FakeServer) -> None:
    server.will_answer(UNAVAILABLE)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        read(client.viewed(lambda crib: crib.with_timeout(1.1)))
    assert time.monotonic() - started < 1.1
    # The fourth is sent within 0.84 s, and a fifth would be behind 1.2.
    assert 3 <= len(server.received) <= 4


def test_where_the_time_is_over_behind_a_pause_the_last_try_is_what_is_told(
    client: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.will_answer(UNAVAILABLE)
    # Whoever sleeps on a busy machine wakes late.
    monkeypatch.setattr(Patience, "pause_s", lambda *_: 0.6)
    with pytest.raises(Unavailable, match="restarting"):
        read(client.viewed(lambda crib: crib.with_timeout(0.5)))
    assert len(server.received) == 1


def test_a_retry_has_the_time_to_be_answered() -> None:
    # The pause is 0.08 to 0.12 s: no more than 0.09 leave enough.
    pauses_s = []
    for _ in range(100):
        with suppress(Unavailable):
            pauses_s.append(Patience(0.11).pause_s(Unavailable(grpc.StatusCode.UNAVAILABLE, "away")))
    assert 0 < len(pauses_s) < 100
    assert max(pauses_s) <= 0.09


def test_the_server_says_when_to_try_again(client: Client, server: FakeServer) -> None:
    delay = RetryInfo(retry_delay=Duration(nanos=400_000_000))
    server.will_answer(failure(grpc.StatusCode.UNAVAILABLE, "busy", delay), Empty())
    started = time.monotonic()
    read(client)
    assert time.monotonic() - started >= 0.4


def test_a_server_that_says_to_come_back_too_late_is_not_waited_for(client: Client, server: FakeServer) -> None:
    delay = RetryInfo(retry_delay=Duration(seconds=60))
    server.will_answer(failure(grpc.StatusCode.UNAVAILABLE, "busy", delay))
    with pytest.raises(Unavailable) as caught:
        read(client)
    assert caught.value.retry_delay_s == 60
    assert len(server.received) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_says_where_it_leads_to(kind: str) -> None:
    with connected(kind, "127.0.0.1:1", actor="ann") as client:
        assert client.crib.address == "127.0.0.1:1"
        assert client.crib.timeout_s == 10.0
        assert repr(client.crib).endswith("Crib('127.0.0.1:1', actor='ann')")


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_connection_says_that_it_is_also_to_its_views(kind: str, server: FakeServer) -> None:
    server.will_answer(Empty())
    with connected(kind, server.address, actor="ann") as client:
        view = client.viewed(lambda crib: crib.as_actor("bob"))
        client.run(lambda crib: crib.close())
        for closed in (client, view):
            with pytest.raises(Cancelled, match=r"127.*closed by this program"):
                read(closed)


def _serve_until(address: str, done: threading.Event) -> None:
    with fake_server(address=address) as after:
        after.will_answer(b"after")
        done.wait(10)
