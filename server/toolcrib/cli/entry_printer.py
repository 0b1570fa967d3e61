"""Prints audit entries on stdout, for people or for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from toolcrib.cli.console import console, note, print_json
from toolcrib.cli.entries import as_json as entry_as_json
from toolcrib.cli.entries import as_line, as_table
from toolcrib.cli.message_types import MessageTypes
from toolcrib.client import Crib
from toolcrib.client.audit import AuditEntry


class EntryPrinter:
    """Prints entries, for people or for scripts."""

    def __init__(self, crib: Crib, *, as_json: bool) -> None:
        self._types = MessageTypes(crib.channel)
        self._as_json = as_json
        self._console = console()

    def list(self, entries: Sequence[AuditEntry]) -> None:
        """Prints a whole list."""
        if self._as_json:
            self.lines(entries)
        elif entries:
            self._console.print(as_table(entries, self._types))
        else:
            note("no entries")

    def lines(self, entries: Iterable[AuditEntry]) -> None:
        """Prints entries that are part of a longer list."""
        for entry in entries:
            if self._as_json:
                print_json(entry_as_json(entry, self._types))
            else:
                self._console.print(as_line(entry, self._types), soft_wrap=True)
                self._console.file.flush()
