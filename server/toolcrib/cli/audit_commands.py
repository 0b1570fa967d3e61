"""`toolcrib audit` and the commands under it, put together."""

from __future__ import annotations

import typer

from toolcrib.cli.audit import audit
from toolcrib.cli.lazy import LazyCommand, group

_base = typer.Typer(name="audit", invoke_without_command=True, add_completion=False, rich_markup_mode=None)
_base.callback()(audit)

audit_commands = group(
    _base,
    (
        LazyCommand(
            "transactions",
            "audit_transactions:transactions",
            "Show who committed what, when and why, a line for each commit; newest first.",
        ),
        LazyCommand(
            "show", "audit_transactions:show", "Show one commit, and every record that it changed, of all components."
        ),
        LazyCommand(
            "verify",
            "audit_verify:verify",
            "Check that nobody has altered, removed, moved or added audit entries.",
        ),
        LazyCommand("checkpoint", "audit_checkpoint:checkpoint", "Sign what the chain is now."),
        LazyCommand(
            "export",
            "audit_export:export",
            "Write the audit, or a part of it, as evidence: tables and a report to read, and a chain to verify.",
        ),
        LazyCommand("key", "audit_checkpoint:key", "Make a key that signs checkpoints and bundles."),
    ),
)
