"""Reading the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from support.both_clients import Client
from support.fake_server import FakeServer
from toolcrib.audit.v1.audit_pb2 import (
    AuditEntry,
    GetChainHeadResponse,
    GetTransactionRequest,
    GetTransactionResponse,
    ListAuditEntriesRequest,
    ListAuditEntriesResponse,
    ListTransactionsRequest,
    ListTransactionsResponse,
    Operation,
    Transaction,
)
from toolcrib.client import AsyncAuditClient, AuditClient

MOMENT = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)


def audit(client: Client) -> Any:
    """The audit client of this kind."""
    return (AsyncAuditClient if client.is_asyncio else AuditClient)(client.crib)


def requests(server: FakeServer) -> list[ListAuditEntriesRequest]:
    """What was asked."""
    return [ListAuditEntriesRequest.FromString(received.request) for received in server.received]


def test_entries_go_through_all_pages(client: Client, server: FakeServer) -> None:
    first = ListAuditEntriesResponse(entries=[AuditEntry(revision=3), AuditEntry(revision=2)], next_page_token="more")
    server.will_answer(first, ListAuditEntriesResponse(entries=[AuditEntry(revision=1)]))
    entries = client.every(lambda _: audit(client).entries(actor="ann", page_size=2))
    assert [entry.revision for entry in entries] == [3, 2, 1]
    assert requests(server) == [
        ListAuditEntriesRequest(actor="ann", page_size=2),
        ListAuditEntriesRequest(actor="ann", page_size=2, page_token="more"),
    ]


def test_every_condition_is_sent(client: Client, server: FakeServer) -> None:
    server.will_answer(ListAuditEntriesResponse(revision=9))
    page = client.run(
        lambda _: audit(client).page(
            "token",
            component="plant.recipes.v1.Recipe",
            record_key="7",
            actor="ann",
            operations=[Operation.OPERATION_UPDATE, Operation.OPERATION_DELETE],
            start_time=MOMENT,
            end_time=MOMENT.astimezone(timezone(timedelta(hours=2))) + timedelta(hours=1),
            start_revision=2,
            end_revision=9,
            oldest_first=True,
            page_size=5,
        )
    )
    assert page.revision == 9
    expected = ListAuditEntriesRequest(
        page_token="token",
        component="plant.recipes.v1.Recipe",
        record_key="7",
        actor="ann",
        operations=[Operation.OPERATION_UPDATE, Operation.OPERATION_DELETE],
        start_revision=2,
        end_revision=9,
        oldest_first=True,
        page_size=5,
    )
    expected.start_time.FromDatetime(MOMENT)
    expected.end_time.FromDatetime(MOMENT + timedelta(hours=1))
    assert requests(server) == [expected]


def test_a_time_without_a_time_zone_is_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="start_time has no time zone"):
        client.every(lambda _: audit(client).entries(start_time=MOMENT.replace(tzinfo=None)))


def test_transactions_go_through_all_pages_with_every_condition(client: Client, server: FakeServer) -> None:
    server.will_answer(
        ListTransactionsResponse(transactions=[Transaction(revision=3)], next_page_token="more"),
        ListTransactionsResponse(transactions=[Transaction(revision=1)]),
    )
    conditions: dict[str, Any] = {
        "actor": "ann",
        "component": "plant.recipes.v1.Recipe",
        "start_revision": 1,
        "end_revision": 9,
        "oldest_first": True,
        "show_refused": True,
        "page_size": 2,
    }
    found = client.every(
        lambda _: audit(client).transactions(start_time=MOMENT, end_time=MOMENT + timedelta(hours=1), **conditions)
    )
    assert [each.revision for each in found] == [3, 1]
    expected = ListTransactionsRequest(**conditions)
    expected.start_time.FromDatetime(MOMENT)
    expected.end_time.FromDatetime(MOMENT + timedelta(hours=1))
    sent = [ListTransactionsRequest.FromString(received.request) for received in server.received]
    assert sent[0] == expected
    expected.page_token = "more"
    assert sent[1] == expected


def test_one_transaction_a_page_and_the_head_of_the_chain(client: Client, server: FakeServer) -> None:
    server.will_answer(
        GetTransactionResponse(transaction=Transaction(revision=7, actor="bob")),
        ListTransactionsResponse(revision=9),
        GetChainHeadResponse(revision=9, hash=b"h"),
    )
    assert client.run(lambda _: audit(client).transaction(7)).actor == "bob"
    assert client.run(lambda _: audit(client).transactions_page("token", actor="ann")).revision == 9
    assert client.run(lambda _: audit(client).chain_head()).hash == b"h"
    assert GetTransactionRequest.FromString(server.received[0].request).revision == 7
    assert ListTransactionsRequest.FromString(server.received[1].request).page_token == "token"
    assert [received.method.rpartition("/")[2] for received in server.received] == [
        "GetTransaction",
        "ListTransactions",
        "GetChainHead",
    ]
