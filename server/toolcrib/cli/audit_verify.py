"""`toolcrib audit verify`: follows the hash chain without a server, and names the first row that is wrong."""

from __future__ import annotations

from typing import Any

import typer

from toolcrib.cli import options
from toolcrib.cli.console import Json, complain, print_json, working
from toolcrib.server.audit_file import audit_file
from toolcrib.server.chain_check import ChainCheck, Finding
from toolcrib.server.settings import load_settings


def verify(
    config: options.Config = None,
    database: options.DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Check that nobody has altered, removed, moved or added audit entries. Reads only. Exit code 1 if one is wrong."""
    with working("following the chain"), audit_file(load_settings(config, database=database).database) as file:
        check = ChainCheck(last=file.last_revision())
        check.run(file.rows)
    if as_json:
        print_json(_as_json(check))
    else:
        _print(check)
    if check.finding is not None:
        raise typer.Exit(1)


def _print(check: ChainCheck) -> None:
    if check.finding is not None:
        complain(str(check.finding))
        return
    typer.echo(
        f"sound: {check.transactions} transactions with {check.entries} entries, up to revision {check.revision}"
    )
    typer.echo(f"head:  {check.head.hex()}")


def _as_json(check: ChainCheck) -> dict[str, Any]:
    return {
        "ok": check.finding is None,
        "revision": check.revision,
        "head": check.head.hex(),
        "transactions": check.transactions,
        "entries": check.entries,
        "finding": None if check.finding is None else _finding_as_json(check.finding),
    }


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    return {
        "revision": finding.revision,
        "ordinal": finding.ordinal,
        "fault": finding.fault.value,
        "text": finding.text,
    }
