"""`toolcrib audit`: shows who changed what, and goes on showing it as it happens."""

from __future__ import annotations

import time
from itertools import islice
from typing import Annotated

import typer

from toolcrib.cli import connection
from toolcrib.cli.conditions import OperationName, parse_moment, parse_revisions
from toolcrib.cli.console import CommandError, note
from toolcrib.cli.entry_printer import EntryPrinter
from toolcrib.client import AuditClient, Crib, Unavailable
from toolcrib.client.audit import Conditions
from toolcrib.server.addresses import DEFAULT_ADDRESS

_POLL_S = 1.0
_PAGE_SIZE_MAX = 1000


def audit(
    context: typer.Context,
    server: connection.ServerAddress = DEFAULT_ADDRESS,
    component: Annotated[str, typer.Option(help="Full name of a component's message.", show_default=False)] = "",
    record: Annotated[str, typer.Option(help="The record's key. Needs --component.", show_default=False)] = "",
    actor: Annotated[str, typer.Option(help="Only what this actor did.", show_default=False)] = "",
    operation: Annotated[
        list[OperationName] | None, typer.Option(help="Only this operation; may be given several times.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="From this time on: an ISO time, or how long ago, like 2h or 3d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this time; written as for --since.")] = None,
    revision: Annotated[str | None, typer.Option(help="A revision N, or a range A..B, A.. or ..B.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most entries to show.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on and show entries as they come.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="Show calls that were refused too.")] = False,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Begin with the oldest entries.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line, for scripts.")] = False,
    tenant: connection.Tenant = None,
    operator: connection.Operator = None,
    tls_ca: connection.TlsCa = None,
    tls_cert: connection.TlsCert = None,
    tls_key: connection.TlsKey = None,
) -> None:
    """Show who changed what, when, and what it was before; newest first. All conditions must hold."""
    if context.invoked_subcommand is not None:
        return
    conditions: Conditions = {"component": component, "record_key": record, "actor": actor, "show_refused": refused}
    conditions["operations"] = [name.number() for name in operation or ()]
    if since is not None:
        conditions["start_time"] = parse_moment("--since", since)
    if until is not None:
        conditions["end_time"] = parse_moment("--until", until)
    if revision is not None:
        conditions["start_revision"], conditions["end_revision"] = parse_revisions(revision)
    if follow and (until is not None or conditions.get("end_revision")):
        raise CommandError("--follow has no end; leave out --until and the last revision")
    with connection.connected(server, tls_ca, tls_cert, tls_key, tenant=tenant, operator=operator) as crib:
        printer = EntryPrinter(crib, as_json=as_json)
        if follow:
            _follow(crib, conditions, limit, printer)
        else:
            conditions["oldest_first"] = oldest_first
            conditions["page_size"] = min(limit, _PAGE_SIZE_MAX)
            printer.list(list(islice(AuditClient(crib).entries(**conditions), limit)))


def _follow(crib: Crib, conditions: Conditions, limit: int, printer: EntryPrinter) -> None:
    """Shows the newest entries, the oldest of them first, and from then on all that come."""
    # It asks again and again. A watch would not do: it tells of commits, and of components that keep a history, and so
    # neither of refused calls nor of what has HISTORY_NONE; and it has neither the peer nor the hash.
    client = AuditClient(crib)
    newest: Conditions = {**conditions, "page_size": min(limit, _PAGE_SIZE_MAX)}
    page = client.page(**newest)
    printer.lines(reversed(page.entries))
    later: Conditions = {**conditions, "page_size": _PAGE_SIZE_MAX, "oldest_first": True}
    first, page_token, is_lost = max(page.revision + 1, conditions.get("start_revision", 0)), "", False
    while True:
        if not page_token:
            time.sleep(_POLL_S)
        later["start_revision"] = first
        try:
            page = client.page(page_token, **later)
        except Unavailable as error:
            # The server may be restarted while somebody watches.
            if not is_lost:
                note(f"the server is gone ({error.message}); waiting until it is back")
            is_lost = True
            continue
        is_lost = False
        printer.lines(page.entries)
        page_token = page.next_page_token
        if not page_token:
            first = max(first, page.revision + 1)
