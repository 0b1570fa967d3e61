"""Plays a section to a driver, and says where it does not do what is expected."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from conformance.languages import BYSTANDER, Language
from conformance.runner.driver_process import DriverError, DriverProcess
from conformance.runner.messages import Answers, FormError
from conformance.runner.script import DRIVER_VERBS, Section, Step
from conformance.runner.stage import Stage
from conformance.runner.values import ScriptError, difference, resolved
from support.killable import Nursery

_DEFAULT_CRIB = "main"
_AGAIN_S = 0.05
_AWAITED_S = 20.0


class StepError(Exception):
    """A step did not come out as the script says."""


@dataclass(frozen=True, slots=True)
class Played:
    """How a section came out: how many steps held, and what the first said that did not."""

    steps: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A command on its way."""

    driver: DriverProcess
    number: int
    step: Step
    command: Mapping[str, Any]
    sent_at: float


def play(section: Section, language: Language, servers: Nursery, answers: Answers) -> Played:
    """Plays `section` to a new driver of `language`, against servers of its own."""
    held, at = 0, "at its beginning"
    try:
        with Stage(section, servers) as stage, ExitStack() as drivers:
            playing = _Playing(stage, answers, language, drivers)
            for step in section.steps:
                at = step.name
                playing.do(step)
                held += 1
            at = "at its end"
    except (StepError, DriverError, FormError, ScriptError) as error:
        return Played(held, f"{section.name}, {at}: {error}")
    return Played(held)


class _Playing:
    """The state of a section that is played."""

    def __init__(self, stage: Stage, answers: Answers, language: Language, drivers: ExitStack) -> None:
        self._stage = stage
        self._answers = answers
        self._language = language
        self._resources = drivers
        self._drivers: dict[str, DriverProcess] = {}
        self._watched: dict[str, str] = {}
        self._aside: dict[str, _Sent] = {}
        self._memory_mib = 0.0

    def do(self, step: Step) -> None:
        """One step. Raises StepError, DriverError, FormError or ScriptError."""
        if step.until:
            while not self._has_answered(step.until):
                self._act(step)
            return
        for number in range(step.repeat):
            self._stage.known["n"] = number
            self._act(step)

    def _act(self, step: Step) -> None:
        if step.verb in DRIVER_VERBS:
            sent = self._send(step)
            if step.aside:
                self._aside[step.aside] = sent
            else:
                self._expect(sent, step)
        elif step.verb == "await":
            self._expect(self._aside.pop(step.subject), step)
        elif step.verb == "memory":
            self._memory(step)
        else:
            getattr(self._stage, step.verb)(step.subject, **resolved(step.fields, self._stage.known))

    def _send(self, step: Step) -> _Sent:
        command = {"do": step.verb, DRIVER_VERBS[step.verb]: step.subject, **resolved(step.fields, self._stage.known)}
        if step.verb == "call":
            command["component"], command["method"] = step.subject.split(".")
        if step.verb == "watch":
            self._watched[step.subject] = command["component"]
        if step.verb in {"call", "watch"}:
            command = {"crib": _DEFAULT_CRIB, "request": {}, **command}
        driver = self._driver(step.by)
        return _Sent(driver, driver.send(command), step, command, time.monotonic())

    def _driver(self, name: str) -> DriverProcess:
        if name not in self._drivers:
            language = BYSTANDER if name else self._language
            self._drivers[name] = self._resources.enter_context(DriverProcess(language))
        return self._drivers[name]

    def _expect(self, sent: _Sent, step: Step) -> None:
        """Waits for the answer to what was sent, and compares it with what `step` says."""
        received = sent.driver.answer(sent.number, step.within_s)
        took_s = time.monotonic() - sent.sent_at
        if took_s > step.within_s and not sent.step.aside:
            raise StepError(f"it took {took_s:.1f} s, more than {step.within_s:g} s")
        expected_error = resolved(step.error or step.or_error, self._stage.known)
        if "error" in received:
            if expected_error is None:
                raise StepError(f"failed with {received['error']}")
            found = difference(expected_error, received["error"], partial=True, at="the error")
            value = received["error"]
        else:
            value = self._in_one_form(sent, received.get("answer"))
            if step.error is not None:
                raise StepError(f"answered {value!r} in place of an error")
            expected = resolved(step.answer, self._stage.known) if step.expects_answer else None
            found = difference(expected, value) if step.expects_answer else None
        if found:
            raise StepError(found)
        if step.saved_as:
            self._stage.known[step.saved_as] = value

    def _in_one_form(self, sent: _Sent, answer: Any) -> Any:
        match sent.step.verb:
            case "call":
                return self._answers.of_call(sent.command["component"], sent.command["method"], answer)
            case "snapshot":
                return self._answers.of_records(self._watched[sent.step.subject], answer)
            case "next":
                return self._answers.of_commit(self._watched[sent.step.subject], answer)
            case "transaction":
                return self._answers.of_transaction(sent.command["writes"], answer)
            case _:
                return answer

    def _has_answered(self, aside: str) -> bool:
        sent = self._aside[aside]
        if time.monotonic() - sent.sent_at > _AWAITED_S:
            raise StepError(f"{aside} is not answered after {_AWAITED_S:g} s")
        return sent.driver.has_answered(sent.number, _AGAIN_S)

    def _memory(self, step: Step) -> None:
        """Notes how much memory the driver has, and compares it with what was noted before."""
        now_mib = self._driver("").resident_mib()
        grown_mib, self._memory_mib = now_mib - self._memory_mib, now_mib
        limit_mib = step.fields.get("grown_mib_max")
        if limit_mib is not None and grown_mib > limit_mib:
            raise StepError(f"the driver's memory has grown by {grown_mib:.0f} MiB, more than {limit_mib} MiB")
