"""References as a plain dict has them, and any sequence of calls compared with it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from support.lab import generated, served
from toolcrib.client import ToolcribError

PACKAGE = "lab.lines.v1"
KINDS = ("Line", "Station", "Task", "Report", "Lock")
SOFT = ("Line", "Station")
KEY_FIELDS = {"Line": "code", "Lock": "task"}
# Who refers to whom, and what becomes of it: (component, field) -> (component, what).
LINKS = {
    ("Station", "line"): ("Line", "restrict"),
    ("Station", "stand_in"): ("Station", "unset"),
    ("Task", "station"): ("Station", "cascade"),
    ("Task", "whole"): ("Task", "cascade"),
    ("Report", "task"): ("Task", "unset"),
    ("Report", "station"): ("Station", "unset"),
    ("Lock", "task"): ("Task", "restrict"),
}

Node = tuple[str, Any]
CODES = st.sampled_from(["a", "b"])
NUMBERS = st.integers(1, 5)
PERHAPS = st.none() | NUMBERS


@dataclass
class Model:
    """The records by component and key: what they refer to. Those in `deleted` are so softly."""

    records: dict[Node, dict[str, Any]] = field(default_factory=dict)
    deleted: set[Node] = field(default_factory=set)
    last: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def is_live(self, node: Node) -> bool:
        return node in self.records and node not in self.deleted

    def create(self, kind: str, values: dict[str, Any]) -> str:
        key = values[KEY_FIELDS[kind]] if kind in KEY_FIELDS else self.last[kind] + 1
        if self._dangles(kind, values, key):
            return "REFERENCE_NOT_FOUND"
        if (kind, key) in self.records:
            return "RECORD_EXISTS"
        self.last[kind] += 1
        self.records[kind, key] = values
        return ""

    def update(self, node: Node, values: dict[str, Any]) -> str:
        if node not in self.records:
            return "RECORD_NOT_FOUND"
        if node in self.deleted:
            return "RECORD_DELETED"
        changed = {name: value for name, value in values.items() if self.records[node][name] != value}
        if self._dangles(node[0], changed, None):
            return "REFERENCE_NOT_FOUND"
        self.records[node].update(values)
        return ""

    def delete(self, node: Node) -> str:
        if not self.is_live(node):
            return "RECORD_NOT_FOUND"
        gone = {node}
        while more := {found for found, _ in self._referring(gone, "cascade")} - gone:
            gone |= more
        if any(found not in gone for found, _ in self._referring(gone, "restrict")):
            return "RECORD_IN_USE"
        for found, name in list(self._referring(gone, "unset")):
            if found not in gone:
                self.records[found][name] = None
        for found in gone:
            if found[0] in SOFT:
                self.deleted.add(found)
            else:
                del self.records[found]
        return ""

    def undelete(self, node: Node) -> str:
        if node not in self.records:
            return "RECORD_NOT_FOUND"
        if node not in self.deleted:
            return "RECORD_NOT_DELETED"
        if self._dangles(node[0], self.records[node], node[1]):
            return "REFERENCE_NOT_FOUND"
        self.deleted.remove(node)
        return ""

    def _dangles(self, kind: str, values: dict[str, Any], own: Any) -> bool:
        for name, value in values.items():
            target, _ = LINKS.get((kind, name), ("", ""))
            itself = target == kind and value == own
            if target and value is not None and not itself and not self.is_live((target, value)):
                return True
        return False

    def _referring(self, targets: set[Node], what: str) -> list[tuple[Node, str]]:
        return [
            (node, name)
            for node, values in self.records.items()
            for name, value in values.items()
            if node not in self.deleted
            and (node[0], name) in LINKS
            and LINKS[node[0], name][1] == what
            and (LINKS[node[0], name][0], value) in targets
        ]


class References(RuleBasedStateMachine):
    """Calls the server and the model alike."""

    @initialize()
    def start(self) -> None:
        self.model = Model()
        self.running = ExitStack()
        lab = self.running.enter_context(served())
        self.clients = {kind: lab.client(f"{PACKAGE}.{kind.lower()}", kind) for kind in KINDS}
        self.messages = {kind: generated(f"{PACKAGE}.line_pb2", kind) for kind in KINDS}

    @rule(code=CODES)
    def create_line(self, code: str) -> None:
        self._create("Line", {"code": code})

    @rule(line=CODES, stand_in=PERHAPS)
    def create_station(self, line: str, stand_in: int | None) -> None:
        self._create("Station", {"line": line, "stand_in": stand_in})

    @rule(station=NUMBERS, whole=PERHAPS)
    def create_task(self, station: int, whole: int | None) -> None:
        self._create("Task", {"station": station, "whole": whole})

    @rule(task=PERHAPS, station=PERHAPS)
    def create_report(self, task: int | None, station: int | None) -> None:
        self._create("Report", {"task": task, "station": station})

    @rule(task=NUMBERS)
    def create_lock(self, task: int) -> None:
        self._create("Lock", {"task": task})

    @rule(key=NUMBERS, line=CODES, stand_in=PERHAPS)
    def update_station(self, key: int, line: str, stand_in: int | None) -> None:
        self._update("Station", key, {"line": line, "stand_in": stand_in})

    @rule(key=NUMBERS, station=NUMBERS, whole=PERHAPS)
    def update_task(self, key: int, station: int, whole: int | None) -> None:
        self._update("Task", key, {"station": station, "whole": whole})

    @rule(key=CODES)
    def delete_line(self, key: str) -> None:
        self._compare(self.model.delete(("Line", key)), lambda: self.clients["Line"].delete(key))

    @rule(kind=st.sampled_from(KINDS[1:]), key=NUMBERS)
    def delete(self, kind: str, key: int) -> None:
        self._compare(self.model.delete((kind, key)), lambda: self.clients[kind].delete(key))

    @rule(key=CODES)
    def undelete_line(self, key: str) -> None:
        self._compare(self.model.undelete(("Line", key)), lambda: self.clients["Line"].undelete(key))

    @rule(key=NUMBERS)
    def undelete_station(self, key: int) -> None:
        self._compare(self.model.undelete(("Station", key)), lambda: self.clients["Station"].undelete(key))

    @invariant()
    def records_are_as_the_model_has_them(self) -> None:
        if not hasattr(self, "model"):
            return
        found = {
            (kind, getattr(record, KEY_FIELDS.get(kind, "id"))): {
                name: getattr(record, name) if name not in _optional(kind) or record.HasField(name) else None
                for name in _fields(kind)
            }
            for kind in KINDS
            for record in self.clients[kind].list()
        }
        assert found == {node: values for node, values in self.model.records.items() if self.model.is_live(node)}

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.running.close()

    def _create(self, kind: str, values: dict[str, Any]) -> None:
        message = self.messages[kind](**values)
        self._compare(self.model.create(kind, dict(values)), lambda: self.clients[kind].create(message))

    def _update(self, kind: str, key: int, values: dict[str, Any]) -> None:
        message = self.messages[kind](id=key, **values)
        self._compare(
            self.model.update((kind, key), values), lambda: self.clients[kind].update(message, mask=list(values))
        )

    @staticmethod
    def _compare(expected: str, call: Any) -> None:
        reason = ""
        try:
            call()
        except ToolcribError as error:
            reason = error.reason
        assert reason == expected


def _fields(kind: str) -> list[str]:
    return ["code"] if kind == "Line" else [name for source, name in LINKS if source == kind]


def _optional(kind: str) -> list[str]:
    return [name for source, name in LINKS if source == kind and (name in ("stand_in", "whole") or kind == "Report")]


TestReferences = References.TestCase
TestReferences.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
