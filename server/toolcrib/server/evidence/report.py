"""The rows that are shown as a report to print: report.html, one file without scripts or anything from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Self

from toolcrib.server.evidence.lines import Entry, Transaction
from toolcrib.server.evidence.wording import Messages, changes_of, operation_of, source_of

_STYLE = """
@page { size: A4 landscape; margin: 15mm 12mm 18mm;
  @bottom-left { content: "Audit report"; font: 8pt sans-serif }
  @bottom-right { content: "Page " counter(page) " of " counter(pages); font: 8pt sans-serif } }
body { font: 9pt sans-serif; margin: 1em; overflow-wrap: anywhere }
h1 { font-size: 15pt } h2 { font-size: 11pt }
table { border-collapse: collapse; width: 100%; margin-bottom: 1em }
th, td { border: 1px solid #999; padding: 2px 5px; text-align: left; vertical-align: top; white-space: pre-wrap }
th { background: #eee } thead { display: table-header-group } tr { break-inside: avoid }
tr.commit td { background: #f6f6f6; font-weight: bold }
"""
_HEADINGS = ("revision", "time (UTC)", "actor", "operation", "component", "record", "changes", "reason")


class Report:
    """The file, while it is written. `facts` stand at its top."""

    file = "report.html"

    def __init__(self, folder: Path, messages: Messages, facts: Mapping[str, str]) -> None:
        self._messages = messages
        self._file = (folder / self.file).open("w", encoding="utf-8")
        self._put('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Audit report</title>')
        self._put(f"<style>{_STYLE}</style></head><body>\n<h1>Audit report</h1>\n<table>")
        for name, value in facts.items():
            self._put(f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>")
        headings = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
        self._put(
            f"</table>\n<h2>Transactions and what they changed</h2>\n<table><thead><tr>{headings}</tr></thead><tbody>"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._put("</tbody></table>\n</body></html>")
        self._file.close()

    def add(self, transaction: Transaction, entries: list[Entry]) -> None:
        """Adds a commit with those of its entries that are shown."""
        what = f"refused: {transaction.refusal}" if transaction.refusal else "commit"
        call = f"{transaction.method}\nfrom {transaction.peer}"
        source = f"{transaction.actor} ({source_of(transaction)})"
        number = f"{len(entries)} of {transaction.entry_count} entries"
        time = transaction.commit_time
        self._row("commit", transaction.revision, time, source, what, call, "", number, transaction.reason)
        for entry in entries:
            place = f"{entry.revision}/{entry.ordinal}"
            changes = "\n".join(changes_of(entry, self._messages))
            self._row("entry", place, "", "", operation_of(entry), entry.component, entry.record_key, changes, "")

    def _row(self, kind: str, *cells: Any) -> None:
        self._put(f'<tr class="{kind}">{"".join(f"<td>{_text(cell)}</td>" for cell in cells)}</tr>')

    def _put(self, text: str) -> None:
        self._file.write(f"{text}\n")


def _text(value: object) -> str:
    """Text of somebody else's: nothing in it is markup, and signs that nobody sees are shown."""
    shown = (character if character.isprintable() or character == "\n" else "�" for character in str(value))
    return escape("".join(shown))
