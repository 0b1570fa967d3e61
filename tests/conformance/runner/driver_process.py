"""A driver in a process of its own: commands go in, answers come out."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self

from conformance.languages import ROOT, Language, environment

_MIB = 1 << 20
_END_S = 10
_STDERR_CHARACTERS = 2000


class DriverError(Exception):
    """The driver does not do what a driver does: it ended, is silent, or does not speak JSON."""


class DriverProcess:
    """A running driver, which ends within `end_s` seconds behind its input."""

    def __init__(self, language: Language, end_s: float = _END_S) -> None:
        self._end_s = end_s
        # A file, not a pipe: nobody has to read it for the driver to go on.
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        self._process = subprocess.Popen(
            language.command,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
        )
        self._next_id = 1
        self._answers: dict[int, Mapping[str, Any]] = {}
        self._problem = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, command: Mapping[str, Any]) -> int:
        """Gives a command; answers the id that its answer will have."""
        number, self._next_id = self._next_id, self._next_id + 1
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"id": number, **command}) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise DriverError(f"the driver has ended{self._said()}") from error
        return number

    def answer(self, number: int, timeout_s: float) -> Mapping[str, Any]:
        """The answer with this id: an object with `answer` or `error`. Raises DriverError."""
        with self._changed:
            self._changed.wait_for(lambda: number in self._answers or self._problem, timeout_s)
            if number in self._answers:
                return self._answers.pop(number)
        raise DriverError((self._problem or f"no answer within {timeout_s:g} s") + self._said())

    def has_answered(self, number: int, timeout_s: float) -> bool:
        """Whether the answer with this id came, by now or within a time."""
        with self._changed:
            return self._changed.wait_for(lambda: number in self._answers or bool(self._problem), timeout_s)

    def resident_mib(self) -> float:
        """How much memory the process has, in MiB."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / _MIB

    def close(self) -> None:
        """Ends its input, and with that the driver. Raises DriverError where it does not end well."""
        try:
            assert self._process.stdin is not None
            self._process.stdin.close()
            code = self._process.wait(self._end_s)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
            raise DriverError(f"the driver did not end {self._end_s:g} s behind its input{self._said()}") from None
        finally:
            self._reader.join(_END_S)
        if code:
            raise DriverError(f"the driver ended with code {code}{self._said()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.close()
            elif self._process.poll() is None:
                self._process.kill()
        finally:
            self._process.wait()
            self._reader.join(_END_S)
            for pipe in (self._process.stdout, self._errors):
                if pipe is not None:
                    pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        problem = "the driver has ended"
        for line in self._process.stdout:
            try:
                answer = json.loads(line)
                number = answer["id"]
            except (ValueError, KeyError, TypeError):
                problem = f"the driver does not answer in JSON: {line[:200]!r}"
                break
            with self._changed:
                self._answers[number] = answer
                self._changed.notify_all()
        with self._changed:
            self._problem = problem
            self._changed.notify_all()

    def _said(self) -> str:
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip()
        return f"; it said:\n{said[-_STDERR_CHARACTERS:]}" if said else ""
