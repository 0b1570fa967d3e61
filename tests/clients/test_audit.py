"""Reading the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from support.both_clients import Client
from support.fake_server import FakeServer
from toolcrib.audit.v1.audit_pb2 import AuditEntry, ListAuditEntriesRequest, ListAuditEntriesResponse, Operation
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
