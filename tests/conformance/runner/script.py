"""Reads scripts: what each step does, and what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from conformance.runner.values import ScriptError

FOLDER = Path(__file__).parents[1] / "script"

# What a driver does, and what its command calls the thing that is named behind the verb.
DRIVER_VERBS = {
    "connect": "crib",
    "view": "crib",
    "wait_ready": "crib",
    "close": "crib",
    "call": "method",
    "watch": "watch",
    "snapshot": "watch",
    "next": "watch",
    "resume_token": "watch",
    "end": "watch",
    "transaction": "crib",
}
# What the runner does itself.
STAGE_VERBS = ("kill", "start", "proxy", "cut", "memory", "await")
_OWN = ("it", "answer", "error", "or_error", "as", "within_s", "by", "aside", "repeat", "until")
_WITHIN_S = 20.0
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Step:
    """A step: `verb` and `subject` are what is done to what, `fields` what the verb is told besides.

    `answer` or `error` is what is expected, where it is said; with `or_error` it may succeed, or fail with that. The
    driver answers within `within_s` seconds. With `aside` the answer is not waited for before an `await` of that name.
    `by` is "" for the driver that is tried, or names another process with the driver of Python.
    """

    name: str
    verb: str
    subject: str
    fields: Mapping[str, Any]
    answer: Any
    error: Mapping[str, Any] | None
    or_error: Mapping[str, Any] | None
    saved_as: str
    within_s: float
    by: str
    aside: str
    repeat: int
    until: str

    @property
    def expects_answer(self) -> bool:
        """Whether the answer is compared; a step without has only to succeed."""
        return self.answer is not _NOTHING


@dataclass(frozen=True, slots=True)
class Section:
    """A script: what it shows, the settings of its servers, and its steps."""

    name: str
    shows: str
    servers: Mapping[str, Mapping[str, Any]]
    steps: tuple[Step, ...]


def sections() -> list[Section]:
    """All scripts, in the order of their names. Raises ScriptError."""
    return [load(path) for path in sorted(FOLDER.glob("*.yaml"))]


def load(path: Path) -> Section:
    """One script. Raises ScriptError."""
    content = YAML(typ="safe", pure=True).load(path)
    unknown = set(content) - {"shows", "servers", "steps"}
    if unknown:
        raise ScriptError(f"{path.name}: {sorted(unknown)} says nothing")
    steps = tuple(_step(path.name, number, each) for number, each in enumerate(content["steps"], 1))
    servers = {name: settings or {} for name, settings in content.get("servers", {"main": {}}).items()}
    return Section(path.stem, content["shows"], servers, steps)


def _step(file: str, number: int, content: Mapping[str, Any]) -> Step:
    verbs = [verb for verb in (*DRIVER_VERBS, *STAGE_VERBS) if verb in content]
    if len(verbs) != 1:
        raise ScriptError(f"{file}, step {number}: does {verbs or 'nothing'}, and should do one thing")
    (verb,) = verbs
    if "answer" in content and "error" in content:
        raise ScriptError(f"{file}, step {number}: expects an answer and an error")
    subject = str(content[verb])
    return Step(
        name=f"{number}. {content.get('it', f'{verb} {subject}')}",
        verb=verb,
        subject=subject,
        fields={name: value for name, value in content.items() if name not in _OWN and name != verb},
        answer=content.get("answer", _NOTHING),
        error=content.get("error"),
        or_error=content.get("or_error"),
        saved_as=content.get("as", ""),
        within_s=float(content.get("within_s", _WITHIN_S)),
        by=content.get("by", ""),
        aside=content.get("aside", ""),
        repeat=int(content.get("repeat", 1)),
        until=content.get("until", ""),
    )
