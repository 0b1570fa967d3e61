"""`toolcrib watch`: shows what is committed, as it is committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from google.protobuf.any_pb2 import Any as AnyMessage
from rich.text import Text

from toolcrib.audit.v1.audit_pb2 import ActorSource, AuditEntry, Operation
from toolcrib.cli import connection
from toolcrib.cli.console import CommandError, Json, console, print_json
from toolcrib.cli.entries import as_line
from toolcrib.cli.message_types import MessageTypes
from toolcrib.client import Change, WatchClient
from toolcrib.client.watch import ChangeKind, WatchedComponent, Watching
from toolcrib.server.addresses import DEFAULT_ADDRESS
from toolcrib.server.changes import OF_THE_SERVER

_OPERATIONS = {
    ChangeKind.CHANGE_KIND_CREATED: Operation.OPERATION_CREATE,
    ChangeKind.CHANGE_KIND_DELETED: Operation.OPERATION_DELETE,
    ChangeKind.CHANGE_KIND_UNDELETED: Operation.OPERATION_UNDELETE,
    ChangeKind.CHANGE_KIND_REMOVED: Operation.OPERATION_DELETE,
}
_OF_THE_FILTER = (ChangeKind.CHANGE_KIND_ENTERED, ChangeKind.CHANGE_KIND_LEFT)


def watch(
    components: Annotated[
        list[str] | None,
        typer.Argument(
            help="Full names of components' messages. Without: all.", metavar="[COMPONENT]...", show_default=False
        ),
    ] = None,
    server: connection.ServerAddress = DEFAULT_ADDRESS,
    filter_: Annotated[
        str, typer.Option("--filter", help="Only records of which it holds. Needs one component.", show_default=False)
    ] = "",
    snapshot: Annotated[bool, typer.Option("--snapshot", help="Begin with the records that there are.")] = False,
    revision: Annotated[
        int | None, typer.Option(min=1, help="Begin with the commit of this revision.", show_default=False)
    ] = None,
    as_json: Json = False,
    tenant: connection.Tenant = None,
    tls_ca: connection.TlsCa = None,
    tls_cert: connection.TlsCert = None,
    tls_key: connection.TlsKey = None,
) -> None:
    """Show each commit as it is made, until Ctrl-C; from now on, unless told to begin elsewhere."""
    names = components or []
    if filter_ and len(names) != 1:
        raise CommandError("--filter needs one component: name the one whose records are meant")
    if snapshot and revision is not None:
        raise CommandError("--snapshot and --revision are two places to begin at; give one")
    asked: Watching = {"snapshot": snapshot, "revision": revision, "include_previous": True}
    watched = [WatchedComponent(name=name, filter=filter_) for name in names]
    with (
        connection.connected(server, tls_ca, tls_cert, tls_key, tenant=tenant) as crib,
        WatchClient(crib).watch(*watched, **asked) as changes,
    ):
        types = MessageTypes(crib.channel)
        show = _json_printer(types) if as_json else _line_printer(types)
        if snapshot:
            for record in changes.snapshot():
                _show_existing(record, types, as_json=as_json)
        for change in changes:
            show(change)


def _show_existing(record: AnyMessage, types: MessageTypes, *, as_json: bool) -> None:
    if as_json:
        print_json({"kind": "existing", "component": record.TypeName(), "after": types.values(record)})
    else:
        values = types.texts(record) or {}
        told = ", ".join(f"{name}: {value}" for name, value in values.items() if name not in OF_THE_SERVER)
        console().print(Text(f"existing  {record.TypeName()}  {told}"), soft_wrap=True)


def _json_printer(types: MessageTypes) -> Callable[[Change[AnyMessage]], None]:
    def show(change: Change[AnyMessage]) -> None:
        commit = change.commit
        is_gone = change.kind == ChangeKind.CHANGE_KIND_REMOVED
        shown: dict[str, Any] = {
            "revision": commit.revision,
            "time": commit.time.isoformat(timespec="microseconds"),
            "kind": change.kind_name,
            "actor": commit.actor,
            "actor_source": ActorSource.Name(commit.actor_source).removeprefix("ACTOR_SOURCE_").lower(),
            "component": change.record.TypeName(),
            "record": change.record_key,
            "reason": commit.reason,
            "method": commit.method,
            "before": None if change.previous is None else types.values(change.previous),
            "after": None if is_gone else types.values(change.record),
        }
        print_json(shown)

    return show


def _line_printer(types: MessageTypes) -> Callable[[Change[AnyMessage]], None]:
    screen = console()

    def show(change: Change[AnyMessage]) -> None:
        line = as_line(_entry(change, types), types)
        if change.kind in _OF_THE_FILTER:
            line.append(f"  ({change.kind_name} the filter)")
        screen.print(line, soft_wrap=True)
        screen.file.flush()

    return show


def _entry(change: Change[AnyMessage], types: MessageTypes) -> AuditEntry:
    """The change as the audit trail will show it."""
    commit = change.commit
    entry = AuditEntry(
        revision=commit.revision,
        component=change.record.TypeName(),
        record_key=change.record_key,
        operation=_OPERATIONS.get(change.kind, Operation.OPERATION_UPDATE),
        actor=commit.actor,
        reason=commit.reason,
        before=change.previous,
        after=change.record,
    )
    entry.commit_time.FromDatetime(commit.time)
    before = types.texts(change.previous) if change.previous is not None else {}
    after = types.texts(change.record)
    if before is not None and after is not None:
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        entry.changed_fields.paths.extend(name for name in names if name not in OF_THE_SERVER)
    return entry
