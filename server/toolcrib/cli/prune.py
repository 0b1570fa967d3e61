"""`toolcrib prune`: lets go of audit entries or former versions; without --apply it only says which."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from toolcrib.cli import connection
from toolcrib.cli.conditions import parse_moment
from toolcrib.cli.console import CommandError, Json, print_json
from toolcrib.client.retention import PlanPruningResponse, RetentionClient, Rule, Target
from toolcrib.retention.v1.retention_pb2 import Pruning
from toolcrib.server.addresses import DEFAULT_ADDRESS
from toolcrib.server.retention.signatures import sign
from toolcrib.server.retention.wording import rule_in_words
from toolcrib.server.signing import SigningKey

# To count what a rule lets go of takes as long as reading it.
_TIMEOUT_S = 600.0


class What(StrEnum):
    """What is pruned, as people type it."""

    AUDIT = "audit"
    VERSIONS = "versions"

    def target(self) -> Target.ValueType:
        """The target as the service numbers it."""
        return Target.Value(f"TARGET_{self.name}")

    def rows(self, count: int) -> str:
        """So many of them, in words."""
        name = "audit entr{}" if self is What.AUDIT else "former version{}"
        endings = ("y", "ies") if self is What.AUDIT else ("", "s")
        return f"{count:,} {name.format(endings[count != 1])}"


def prune(
    what: Annotated[What, typer.Argument(help="What to let go of.", show_default=False)],
    component: Annotated[str, typer.Argument(help="Full name of the component's message.", show_default=False)],
    older_than: Annotated[
        str | None, typer.Option(help="Only what is older: how old, like 90d, or an ISO time.", show_default=False)
    ] = None,
    keep: Annotated[
        int, typer.Option(min=0, help="Keep so many of the newest of each record, however old.", show_default=False)
    ] = 0,
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without, only what would go is said.")] = False,
    key: Annotated[
        Path | None,
        typer.Option(
            envvar="TOOLCRIB_AUDIT_KEY", help="The private key of whoever decides it, PEM.", show_default=False
        ),
    ] = None,
    actor: Annotated[
        str | None, typer.Option(help="In whose name; a client certificate outranks it.", show_default=False)
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why; it stands in the audit.", show_default=False)] = None,
    server: connection.ServerAddress = DEFAULT_ADDRESS,
    as_json: Json = False,
    tls_ca: connection.TlsCa = None,
    tls_cert: connection.TlsCert = None,
    tls_key: connection.TlsKey = None,
) -> None:
    """Let go of audit entries or former versions of a component. Says what would go, unless told to --apply it."""
    if older_than is None and not keep:
        raise CommandError("say what may go: --older-than, --keep, or both")
    if apply and key is None:
        raise CommandError("--apply needs --key: what goes is signed by whoever decides it (`toolcrib audit key`)")
    signing = SigningKey.read(key) if apply and key is not None else None
    rule: Rule = {"keep_last": keep}
    if older_than is not None:
        rule["end_time"] = parse_moment("--older-than", older_than)
    with connection.connected(server, tls_ca, tls_cert, tls_key) as crib:
        retention = RetentionClient(crib.as_actor(actor).with_reason(reason).with_timeout(_TIMEOUT_S))
        first = retention.plan(what.target(), component, count_all=True, **rule)
        revisions = list(_apply(retention, first, what, signing, rule)) if signing and first.all_rows else []
    if as_json:
        words = {"component": component, "what": what.value, "rule": rule_in_words(first.pruning)}
        print_json({**words, "rows": first.all_rows, "applied": bool(revisions), "revisions": revisions})
    else:
        _say(what, first, revisions, applied=apply)


def _apply(
    retention: RetentionClient, first: PlanPruningResponse, what: What, key: SigningKey, rule: Rule
) -> Iterator[int]:
    """Carries out one plan after another; answers the revisions. What is done stays done if it is ended in between."""
    plan, component = first, first.pruning.component
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"letting go of {what.rows(first.all_rows)}", total=first.all_rows)
        while True:
            pruning = plan.pruning
            yield retention.prune(sign(pruning, key))
            progress.advance(task, _rows(pruning))
            if not plan.has_more:
                return
            plan = retention.plan(
                what.target(),
                component,
                start_revision=plan.last_revision,
                # What is committed meanwhile is none of its business.
                end_revision=first.pruning.end_revision,
                **rule,
            )


def _rows(pruning: Pruning) -> int:
    return pruning.entries + pruning.versions


def _say(what: What, first: PlanPruningResponse, revisions: list[int], *, applied: bool) -> None:
    rule = rule_in_words(first.pruning)
    rows, component = what.rows(first.all_rows), first.pruning.component
    if not first.all_rows:
        typer.echo(f"nothing of {component} is to go: {rule}")
    elif not applied:
        typer.echo(f"{rows} of {component} would go: {rule}")
        typer.echo("nothing was changed; add --apply and --key to let go of them")
    else:
        at = f"revision {revisions[0]}" if len(revisions) == 1 else f"revisions {revisions[0]} to {revisions[-1]}"
        typer.echo(f"{rows} of {component} are gone: {rule}")
        typer.echo(f"the audit says so at {at}")
