"""`toolcrib audit verify`: follows the hash chain without a server, and names the first row that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from toolcrib.cli import options
from toolcrib.cli.console import CommandError, Json, complain, print_json, working
from toolcrib.server.audit_file import AuditFile, audit_file
from toolcrib.server.chain_check import ChainCheck
from toolcrib.server.checkpoints import Checkpoint
from toolcrib.server.component import Component
from toolcrib.server.evidence.reader import open_bundle
from toolcrib.server.loading import import_components
from toolcrib.server.record_check import RecordFinding
from toolcrib.server.settings_sources import load_settings
from toolcrib.server.signing import VerifyingKey

_Facts = dict[str, Any]


def verify(
    config: options.Config = None,
    database: options.DatabaseUrl = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Verify this folder, which `audit export` wrote, instead.", show_default=False)
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint that the chain must have passed; may be given several times."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="The public key, PEM, that checkpoints, bundle and prunings must have.", show_default=False),
    ] = None,
    records: Annotated[
        bool, typer.Option("--records", help="Compare the records too with what the audit says of them.")
    ] = False,
    components: options.Components = None,
    as_json: Json = False,
) -> None:
    """Check that nobody has altered, removed, moved or added audit entries. Reads only. Exit code 1 if one is wrong."""
    if bundle is not None and (database is not None or records):
        raise CommandError("--bundle needs no database, and has no records to compare; leave out one of the two")
    trusted = None if key is None else VerifyingKey.read(key)
    signed = [Checkpoint.read(path, trusted) for path in checkpoint or ()]
    facts: _Facts = {"checkpoints": [{"revision": each.revision, "signed_by": each.key.fingerprint} for each in signed]}
    known = _by_revision(signed)
    with working("following the chain"):
        if bundle is not None:
            check = _check_bundle(bundle, trusted, known, facts)
        else:
            settings = load_settings(config, database=database, components=components)
            served = list(_served(Path(settings.components))) if records else []
            check = _check_database(settings.database, ChainCheck(checkpoints=known, trusted=trusted), served, facts)
    is_ok = check.finding is None and not facts.get("records", {}).get("finding")
    if as_json:
        print_json(_as_json(check) | facts | {"ok": is_ok})
    else:
        _print(check, facts)
    if not is_ok:
        raise typer.Exit(1)


def _by_revision(checkpoints: list[Checkpoint]) -> dict[int, bytes]:
    known: dict[int, bytes] = {}
    for each in checkpoints:
        if known.setdefault(each.revision, each.hash) != each.hash:
            raise CommandError(f"two checkpoints of revision {each.revision} contradict each other")
    return known


def _served(folder: Path) -> Iterator[Component[Any, Any]]:
    if not folder.is_dir():
        raise CommandError(f"{folder} is no folder; name the one of the .proto files with --components")
    for generated in import_components(folder):
        yield generated.repository.component


def _check_database(url: str, check: ChainCheck, served: Sequence[Component[Any, Any]], facts: _Facts) -> ChainCheck:
    """Follows the chain and, where that is sound, compares the records of `served`."""
    with audit_file(url) as file:
        check.last = file.last_revision()
        check.run(file.rows)
        if served and check.finding is None:
            facts["records"] = _compare(file, served)
    return check


def _compare(file: AuditFile, served: Sequence[Component[Any, Any]]) -> _Facts:
    compared = untold = waiting = 0
    finding: RecordFinding | None = None
    for component in served:
        check = file.records(component)
        finding = check.run()
        compared, untold = compared + check.records, untold + check.untold
        waiting += len(check.waiting)
        if finding is not None:
            break
    return {"compared": compared, "untold": untold, "waiting": waiting, "finding": finding and finding._asdict()}


def _check_bundle(
    folder: Path, trusted: VerifyingKey | None, checkpoints: Mapping[int, bytes], facts: _Facts
) -> ChainCheck:
    opened = open_bundle(folder, trusted)
    facts["bundle"] = {
        "signed_by": None if opened.signer is None else opened.signer.fingerprint,
        **{name: opened.manifest.get(name) for name in ("is_part", "selection", "proves")},
    }
    return opened.check(checkpoints)


def _print(check: ChainCheck, facts: _Facts) -> None:
    if check.finding is not None:
        complain(str(check.finding))
        return
    if (records := facts.get("records")) and (found := records["finding"]):
        whose = f" of {found['tenant']}" if found["tenant"] else ""
        complain("{component} {record_key}{whose}: {fault}: {text}".format(**found, whose=whose))
        return
    typer.echo(f"sound: {check.described()}")
    typer.echo(f"head:  {check.head.hex()}")
    if records:
        typer.echo(f"{records['compared']} records are as the audit says that they were left")
        if records["waiting"]:
            typer.echo(f"{records['waiting']} were written past the server, and wait for it to make a revision of that")
        if records["untold"]:
            typer.echo(f"of {records['untold']} records it says nothing any more: their entries were let go of")
    for each in facts["checkpoints"]:
        what = "passed" if each["revision"] in check.passed else "nobody can compare any more, as its rows are gone,"
        typer.echo(f"{what} the checkpoint at revision {each['revision']}, signed with the key {each['signed_by']}")
    if "bundle" in facts:
        signer = facts["bundle"]["signed_by"]
        typer.echo(f"the bundle is signed with the key {signer}" if signer else "the bundle is not signed")
        typer.echo(facts["bundle"]["proves"])


def _as_json(check: ChainCheck) -> dict[str, Any]:
    finding, signer = check.finding, check.segments.signer
    return {
        "ok": finding is None,
        "revision": check.revision,
        "head": check.head.hex(),
        "transactions": check.transactions,
        "entries": check.entries,
        "pruned_transactions": check.segments.transactions,
        "pruned_entries": check.segments.entries,
        "pruned_signed_by": signer and signer.fingerprint,
        "finding": None
        if finding is None
        else {
            "revision": finding.revision,
            "ordinal": finding.ordinal,
            "fault": finding.fault.value,
            "text": finding.text,
        },
    }
