"""Plays the scripts to the drivers of all languages, and prints one table.

PYTHONPATH=tests python -m conformance.runner [language…] [--section name]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.languages import (
    ALL_LANGUAGES_VARIABLE,
    LANGUAGES,
    BuildError,
    Language,
    MissingToolchainError,
    build,
    require_toolchain,
)
from conformance.runner.messages import COMPONENTS, Answers
from conformance.runner.play import Played, play
from conformance.runner.script import Section, sections
from conformance.runner.stubs import import_stubs
from support.killable import nursery


@dataclass(frozen=True, slots=True)
class _Report:
    """What came of it: how each section went by section and language, and what else there is to say."""

    played: dict[tuple[str, str], Played] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def main() -> int:
    """Answers the exit code: 0 where each language that can be built here did what every section says."""
    languages, script = _asked()
    report = _Report()
    built = _built(languages, report)
    import_stubs()
    answers = Answers()
    with nursery(COMPONENTS) as servers:
        for language in built:
            for section in script:
                _show(f"{language.name}: {section.name}")
                report.played[section.name, language.name] = played = play(section, language, servers, answers)
                if played.problem:
                    report.failures.append(f"{language.name}: {played.problem}")
    _show("")
    _say(_table(script, built, report))
    for text in (*report.failures, *report.left_out):
        _say(f"\n{text}\n")
    return 1 if report.failures or (report.left_out and os.environ.get(ALL_LANGUAGES_VARIABLE)) else 0


def _asked() -> tuple[list[Language], list[Section]]:
    script, names = sections(), [language.name for language in LANGUAGES]
    parser = argparse.ArgumentParser(description="Plays one script to the clients of all languages.")
    parser.add_argument("languages", nargs="*", help=f"of {', '.join(names)}; all of them without any")
    choices = [section.name for section in script]
    parser.add_argument("--section", action="append", choices=choices, help="only this one, or these")
    asked = parser.parse_args()
    unknown = sorted(set(asked.languages) - set(names))
    if unknown:
        parser.error(f"there is no driver of {', '.join(unknown)}; there are those of {', '.join(names)}")
    languages = [language for language in LANGUAGES if not asked.languages or language.name in asked.languages]
    return languages, [section for section in script if not asked.section or section.name in asked.section]


def _built(languages: Sequence[Language], report: _Report) -> list[Language]:
    built = []
    for language in languages:
        _show(f"{language.name}: building")
        try:
            require_toolchain(language)
            build(language)
            built.append(language)
        except MissingToolchainError as error:
            report.left_out.append(str(error))
        except BuildError as error:
            report.failures.append(f"{language.name}: {error}")
    return built


def _table(script: Sequence[Section], languages: Sequence[Language], report: _Report) -> str:
    """A row for each section, a column for each language."""
    rows = [["section", "steps", *(language.name for language in languages)]]
    for section in script:
        cells = [_cell(report.played[section.name, language.name]) for language in languages]
        rows.append([section.name, str(len(section.steps)), *cells])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:], ""])


def _cell(played: Played) -> str:
    return f"FAILS at {played.steps + 1}" if played.problem else "holds"


def _show(state: str) -> None:
    """What is being done, on a line that goes away."""
    if sys.stdout.isatty():
        _say(f"\r{state}\033[K")


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
