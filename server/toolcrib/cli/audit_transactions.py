"""`toolcrib audit transactions` and `toolcrib audit show`: commits, and what one of them changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from itertools import islice
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from toolcrib.cli import connection
from toolcrib.cli.conditions import parse_moment, parse_revisions
from toolcrib.cli.console import CommandError, Json, console, note, print_json
from toolcrib.cli.entries import plain, source_name
from toolcrib.cli.entry_printer import EntryPrinter
from toolcrib.client import AuditClient, NotFound
from toolcrib.client.audit import Transaction, TransactionConditions
from toolcrib.server.addresses import DEFAULT_ADDRESS

_PAGE_SIZE_MAX = 1000
_HEADINGS = ("time", "revision", "actor", "method", "entries", "reason")


def transactions(
    server: connection.ServerAddress = DEFAULT_ADDRESS,
    component: Annotated[
        str, typer.Option(help="Only those that changed a record of this component.", show_default=False)
    ] = "",
    actor: Annotated[str, typer.Option(help="Only what this actor did.", show_default=False)] = "",
    since: Annotated[
        str | None, typer.Option(help="From this time on: an ISO time, or how long ago, like 2h or 3d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this time; written as for --since.")] = None,
    revision: Annotated[str | None, typer.Option(help="A revision N, or a range A..B, A.. or ..B.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most transactions to show.")] = 20,
    refused: Annotated[bool, typer.Option("--refused", help="Show calls that were refused too.")] = False,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Begin with the oldest.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line, for scripts.")] = False,
    tenant: connection.Tenant = None,
    operator: connection.Operator = None,
    tls_ca: connection.TlsCa = None,
    tls_cert: connection.TlsCert = None,
    tls_key: connection.TlsKey = None,
) -> None:
    """Show who committed what, when and why, a line for each commit; newest first. All conditions must hold."""
    conditions: TransactionConditions = {"component": component, "actor": actor, "show_refused": refused}
    if since is not None:
        conditions["start_time"] = parse_moment("--since", since)
    if until is not None:
        conditions["end_time"] = parse_moment("--until", until)
    if revision is not None:
        conditions["start_revision"], conditions["end_revision"] = parse_revisions(revision)
    conditions["oldest_first"] = oldest_first
    conditions["page_size"] = min(limit, _PAGE_SIZE_MAX)
    with connection.connected(server, tls_ca, tls_cert, tls_key, tenant=tenant, operator=operator) as crib:
        found = list(islice(AuditClient(crib).transactions(**conditions), limit))
    if as_json:
        for transaction in found:
            print_json(_as_json(transaction))
    elif found:
        console().print(_as_table(found))
    else:
        note("no transactions")


def show(
    revision: Annotated[int, typer.Argument(min=1, help="The transaction's revision.")],
    server: connection.ServerAddress = DEFAULT_ADDRESS,
    as_json: Json = False,
    tenant: connection.Tenant = None,
    operator: connection.Operator = None,
    tls_ca: connection.TlsCa = None,
    tls_cert: connection.TlsCert = None,
    tls_key: connection.TlsKey = None,
) -> None:
    """Show one commit, and every record that it changed, of all components."""
    with connection.connected(server, tls_ca, tls_cert, tls_key, tenant=tenant, operator=operator) as crib:
        client = AuditClient(crib)
        try:
            transaction = client.transaction(revision)
        except NotFound as error:
            raise CommandError(error.message) from error
        entries = list(
            client.entries(start_revision=revision, end_revision=revision, oldest_first=True, show_refused=True)
        )
        if as_json:
            print_json(_as_json(transaction))
        else:
            _print(transaction)
        EntryPrinter(crib, as_json=as_json).list(entries)


def _print(transaction: Transaction) -> None:
    out = console()
    for name, value in _as_json(transaction).items():
        if value not in ("", 0):
            out.print(f"{name:<14}", end="")
            out.print(plain(str(value)), soft_wrap=True)


def _as_table(transactions: Sequence[Transaction]) -> Table:
    table = Table(box=box.SIMPLE, header_style="bold", pad_edge=False)
    for heading in _HEADINGS:
        is_number = heading in ("revision", "entries")
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for each in transactions:
        moment = each.commit_time.ToDatetime(UTC).astimezone()
        table.add_row(
            moment.strftime("%Y-%m-%d %H:%M:%S"),
            str(each.revision),
            plain(each.actor),
            plain(each.method),
            plain(f"refused: {each.refusal}" if each.refusal else str(each.entry_count)),
            plain(each.reason),
        )
    return table


def _as_json(transaction: Transaction) -> dict[str, Any]:
    return {
        "revision": transaction.revision,
        "time": transaction.commit_time.ToDatetime(UTC).isoformat(timespec="microseconds"),
        "actor": transaction.actor,
        "actor_source": source_name(transaction.actor_source),
        "tenant": transaction.tenant,
        "reason": transaction.reason,
        "method": transaction.method,
        "peer": transaction.peer,
        "request_id": transaction.request_id,
        "entries": transaction.entry_count,
        "refusal": transaction.refusal,
        "refused_calls": transaction.refused_calls,
        "hash": transaction.hash.hex(),
    }
