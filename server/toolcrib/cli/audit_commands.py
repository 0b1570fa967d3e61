"""`toolcrib audit` and the commands under it, put together."""

from __future__ import annotations

import typer

from toolcrib.cli.audit import audit
from toolcrib.cli.audit_checkpoint import checkpoint, key
from toolcrib.cli.audit_export import export
from toolcrib.cli.audit_transactions import show, transactions
from toolcrib.cli.audit_verify import verify

audit_commands = typer.Typer(name="audit", invoke_without_command=True, rich_markup_mode=None)
audit_commands.callback()(audit)
for command in (transactions, show, verify, checkpoint, export, key):
    audit_commands.command()(command)
