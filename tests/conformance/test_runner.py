"""The runner finds what is wrong: a harness that cannot fail shows nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.languages import ROOT, Language, MissingToolchainError, require_toolchain
from conformance.runner.driver_process import DriverError, DriverProcess
from conformance.runner.messages import COMPONENTS, Answers, FormError
from conformance.runner.play import Played, play
from conformance.runner.script import load, sections
from conformance.runner.values import ScriptError, difference, resolved
from support.killable import Nursery
from toolcrib.codegen.client_methods import Call, ClientMethod, client_methods
from toolcrib.codegen.sources import load_schema

KNOWN = {"first": {"id": "7", "tags": ["a", "b"], "name": "x"}, "main": "127.0.0.1:1"}


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, 2),
        (1, "2"),
        (1, True),
        (True, 1),
        (0.0, -0.0),
        (-0.0, 0.0),
        ("a", None),
        (None, 0),
        ([], None),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ({"a": 1}, {}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}),
        ("$any", None),
        ({"a": "$any"}, {}),
        ({"$rest": "any", "a": 1}, {"a": 2, "b": 2}),
        ({"$not": 1}, 1),
        ({"$not": 1}, None),
        ({"$one_of": [1, 2]}, 3),
        ({"$matches": "^a"}, "ba"),
        ({"$matches": "."}, ""),
        ({"$count": 2}, [1]),
        ({"$count": 2}, "ab"),
        ({"$unordered": [1, 2]}, [1, 1]),
        ({"$unordered": [1]}, [1, 2]),
    ],
)
def test_what_differs_is_found(expected: Any, actual: Any) -> None:
    assert difference(expected, actual) is not None


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, 1),
        (1, "1"),
        (2**64 - 1, str(2**64 - 1)),
        (-0.0, -0.0),
        ("NaN", "NaN"),
        ({"a": 1}, {"a": "1"}),
        ("$any", 0),
        ({"$rest": "any", "a": "$any"}, {"a": 2, "b": 2}),
        ({"$not": 1}, 2),
        ({"$one_of": [1, {"a": 1}]}, {"a": 1}),
        ({"$matches": "^a"}, "ab"),
        ({"$count": 2}, [1, 1]),
        ({"$unordered": [1, {"$rest": "any"}]}, [{"b": 1}, 1]),
    ],
)
def test_what_is_the_same_is_not_found(expected: Any, actual: Any) -> None:
    assert difference(expected, actual) is None


def test_of_an_error_only_what_is_said_is_compared() -> None:
    error = {"code": "NOT_FOUND", "metadata": {"deleted": "true", "index": "1"}, "message": "words"}
    assert difference({"code": "NOT_FOUND", "metadata": {"index": "1"}}, error, partial=True) is None
    assert difference({"code": "NOT_FOUND", "metadata": {"index": "2"}}, error, partial=True) is not None


def test_names_stand_for_what_was_saved() -> None:
    said = {"id": "$first.id", "text": "at ${main}: ${first.tags.1}", "list": ["$first.tags"], "any": "$any"}
    assert resolved(said, KNOWN) == {"id": "7", "text": "at 127.0.0.1:1: b", "list": [["a", "b"]], "any": "$any"}
    assert resolved({"$text": 3}, KNOWN) == "xxx"
    for name in ("$second", "$first.key", "$first.tags.2", "${second}"):
        with pytest.raises(ScriptError, match="there is no"):
            resolved(name, KNOWN)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("- {connect: main, cut: main}", "should do one thing"),
        ("- {it: nothing}", "should do one thing"),
        ("- {close: main, answer: null, error: {}}", "expects an answer and an error"),
    ],
)
def test_a_step_that_cannot_be_meant_is_refused(steps: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=said):
        load(script(tmp_path, steps))


def script(folder: Path, steps: str) -> Path:
    path = folder / "trial.yaml"
    path.write_text(f"shows: a trial\nsteps:\n  {steps}\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("", "the driver has ended"),
        ("print('words')", "does not answer in JSON"),
        ("import sys; sys.exit('no such library')", "no such library"),
        ("import time; time.sleep(60)", "no answer within 1 s"),
        ('print(\'{"id": 1, "answer": 5}\', flush=True); input()', "answer is 5, not None"),
        ('print(\'{"id": 1, "error": {"code": "INTERNAL"}}\', flush=True); input()', "INTERNAL"),
        ('print(\'{"id": 1, "answer": null}\', flush=True); input(); raise SystemExit(3)', "code 3"),
    ],
)
def test_a_driver_that_is_wrong_is_found(
    program: str, said: str, tmp_path: Path, servers: Nursery, answers: Answers
) -> None:
    language = Language("trial", "clients/python", "", (sys.executable, "-c", program))
    section = load(script(tmp_path, "- {close: main, answer: null, within_s: 1}"))
    played = play(section, language, servers, answers)
    assert said in played.problem


def test_a_driver_that_is_right_is_not(tmp_path: Path, servers: Nursery, answers: Answers) -> None:
    program = 'print(\'{"id": 1, "answer": null}\', flush=True); input(); input'
    language = Language("trial", "clients/python", "", (sys.executable, "-c", program))
    assert play(load(script(tmp_path, "- {close: main, answer: null}")), language, servers, answers) == Played(1)


def test_a_driver_that_stays_is_ended() -> None:
    program = "import sys, time; sys.stdin.read(); time.sleep(60)"
    driver = DriverProcess(Language("trial", "", "", (sys.executable, "-c", program)), end_s=0.5)
    with pytest.raises(DriverError, match="did not end"), driver:
        pass


def test_answers_have_one_form(answers: Answers) -> None:
    camel = {"id": "1", "anInt32": 0, "aDouble": 5, "state": 1, "createTime": "2026-01-01T01:00:00.000+01:00"}
    snake = {"a_double": 5.0, "id": 1, "state": "STATE_RUNNING", "create_time": "2026-01-01T00:00:00Z", "tags": []}
    assert answers.of_call("Specimen", "get", camel) == answers.of_call("Specimen", "get", snake)
    assert answers.of_call("Specimen", "count", "3") == 3
    for method, answer in (("get", []), ("get", {"nam": 1}), ("list", {}), ("count", 1.5), ("count", True)):
        with pytest.raises(FormError):
            answers.of_call("Specimen", method, answer)
    with pytest.raises(FormError, match="nothing to answer"):
        answers.of_call("Slot", "delete", {})


def test_a_toolchain_that_is_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.languages._SCRIPTS", Path("/nowhere"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    if (ROOT / ".venv/bin/go").exists() or Path("/usr/bin/go").exists():
        pytest.skip("Go is installed where it cannot be hidden")
    with pytest.raises(MissingToolchainError, match=r"trial is LEFT OUT.*go\.dev.*\.ci/toolchains install"):
        require_toolchain(Language("trial", "", "go", ()))


COMPONENTS_OF_SCRIPTS = {component.name: component for component in load_schema(COMPONENTS)[0].components}


def requests_to(component: str, method: ClientMethod) -> list[dict[str, Any]]:
    """What the scripts ask of a method."""
    steps = [step for section in sections() for step in section.steps]
    if method.call is Call.WATCH:
        asked = [step for step in steps if step.verb == "watch" and step.fields["component"] == component]
    else:
        asked = [step for step in steps if step.verb == "call" and step.subject == f"{component}.{method.name}"]
    return [step.fields.get("request", {}) for step in asked]


@pytest.mark.parametrize("name", COMPONENTS_OF_SCRIPTS)
def test_the_scripts_call_every_method(name: str) -> None:
    methods = client_methods(COMPONENTS_OF_SCRIPTS[name])
    assert [method.name for method in methods if not requests_to(name, method)] == []


def test_the_scripts_give_every_option() -> None:
    # What one component was asked for need not be asked for of the other.
    for method in client_methods(COMPONENTS_OF_SCRIPTS["Specimen"]):
        requests = requests_to("Specimen", method)
        given = {name for request in requests for name in request}
        given |= {name for request in requests for item in request.get("requests", ()) for name in item}
        options = {field.name for field in (*method.arguments, *method.options, *method.item_options)}
        assert options <= given, f"{method.name} is never given {options - given}"
