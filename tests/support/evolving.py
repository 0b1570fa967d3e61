"""Components that change between runs. Each run is a process of its own: protobuf keeps one definition in a process.

Run as a program it imports everything once, and forks for each line that it reads: what to run, as JSON. The answer is
a line of JSON too.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.behind import behind
from support.copies import copied


@dataclass(frozen=True, slots=True)
class Done:
    """What a command has answered."""

    code: int
    out: str
    errors: str


class Failed(AssertionError):
    """A run ended with an error; the text is the kind and message of what was raised, a line, and then where."""


class Evolving:
    """A folder of components and a database that outlives them."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, database: str | Path) -> None:
        """`process` is that of `forge`, `database` the path or URL of a database."""
        self._process = process
        self._folder = folder
        self.database = database
        self._components = folder / "none"
        self._count = 0

    @property
    def file(self) -> Path:
        """The database, where it is a file."""
        return Path(self.database)

    @property
    def components(self) -> Path:
        """The folder of those that are declared now."""
        return self._components

    def backups(self) -> list[Path]:
        """The copies that were made of it, where it is a file."""
        return list(self._folder.glob("*.backup*"))

    def forms(self) -> list[tuple[Any, ...]]:
        """Its tables, columns, constraints and indexes."""
        with behind(self.database) as connection:
            return connection.forms()

    @contextmanager
    def kept(self) -> Iterator[Callable[[], None]]:
        """Keeps the database as it is; what it gives brings that back, within the block."""
        with copied(self.database) as restore:
            yield restore

    def declare(self, text: str, package: str = "shop.v1", **others: str) -> None:
        """Replaces all components by those of `text`, a file without its head, and of `others`, by their packages."""
        self._count += 1
        self._components = self._folder / f"components_{self._count}"
        write_components(self._components, {package: text, **others})

    def use(self, folder: Path) -> None:
        """Replaces all components by those of a folder."""
        self._components = folder

    def command(self, *words: str) -> Done:
        """Runs `toolcrib schema plan`, `apply` and the like over the components."""
        return Done(**self._run({"command": [*words, str(self._components), "--database", str(self.database)]}))

    def versions(self, *words: str) -> str:
        """What `toolcrib schema versions` prints."""
        return str(self._run({"command": ["schema", "versions", "--database", str(self.database), *words]})["out"])

    def plan(self, *words: str) -> dict[str, Any]:
        """What `toolcrib schema plan --json` says."""
        done = self.command("schema", "plan", "--json", *words)
        if not done.out:
            raise Failed(done.errors)
        return dict(json.loads(done.out))

    def steps(self) -> list[str]:
        """The texts of the plan's steps, each behind its sign."""
        return [f"{step['sign']} {step['text']}" for step in self.plan()["steps"]]

    def apply(self, *allowed: str) -> dict[str, Any]:
        """What `toolcrib schema apply --json` says, allowing these steps. Raises Failed where it refuses."""
        words = [word for step in allowed for word in ("--allow", step)]
        done = self.command("schema", "apply", "--json", "--actor", "bob", *words)
        if done.code:
            raise Failed(done.errors)
        return dict(json.loads(done.out))

    def apply_killed_at(self, number: int, *allowed: str) -> list[str] | None:
        """Applies in a process that is killed before its SQL statement of this number; all of them where it was not."""
        allow = [word for step in allowed for word in ("--allow", step)]
        words = ["schema", "apply", str(self._components), "--database", str(self.database), *allow]
        answer = self._run({"command": words, "kill_at": number})
        return None if "killed" in answer else list(answer["statements"])

    def migrate(self, target: str) -> Done:
        """Runs `toolcrib migrate` from here to another database."""
        words = ["migrate", str(self._components), "--from", str(self.database), "--to", target]
        return Done(**self._run({"command": words}))

    def migrate_killed_at(self, target: str, number: int) -> bool:
        """The same, a row a transaction, in a process that is killed at its step of this number; whether it had one."""
        words = [str(self.database), target, str(self._components)]
        return "killed" in self._run({"move": words, "kill_at_step": number})

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Asks, or does, something past the server."""
        return looked(self.database, statement)

    def verify(self) -> dict[str, Any]:
        """What `toolcrib audit verify --records --json` says."""
        words = ["audit", "verify", "--records", "--json", "--database", str(self.database)]
        done = Done(**self._run({"command": [*words, "--components", str(self._components)]}))
        return dict(json.loads(done.out))

    def serve(
        self, *calls: Sequence[Any], component: str = "shop.v1.Part", tenant: str = "", **settings: Any
    ) -> list[Any]:
        """Serves, and answers what each of `calls`, of `tenant` if one is named, does: the method of a client with its
        arguments.

        A record is a dictionary; `as_of` and the like are in one at the end; "sql" goes past the server, and
        "watch" answers so many changes. Raises Failed.
        """
        request = {"components": str(self._components), "database": str(self.database), "component": component}
        return list(self._run(request | {"calls": calls, "tenant": tenant, "settings": settings})["answers"])

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "failed" in answer:
            raise Failed(answer["failed"])
        return answer


def moment(time: Any) -> str:
    """A time as a database has it, which may be text, as a record shows it."""
    moment = time if isinstance(time, datetime) else datetime.fromisoformat(time).replace(tzinfo=UTC)
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def looked(database: str | Path, statement: str) -> list[Any]:
    """What a statement finds, past the server."""
    with behind(database) as connection:
        cursor = connection.execute(statement)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def write_components(folder: Path, bodies: Mapping[str, str]) -> None:
    """Writes a file for each package, whose body is here."""
    for package, body in bodies.items():
        path = folder / package.replace(".", "/") / "part.proto"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'syntax = "proto3";\npackage {package};\nimport "google/protobuf/timestamp.proto";\n'
            f'import "toolcrib/options/v1/options.proto";\n{body}\n'
        )


def part(*fields: str, options: str = "history: HISTORY_VERSIONS soft_delete: true") -> str:
    """A component with these fields beside its key."""
    lines = "\n".join(f"  {field};" for field in fields)
    return (
        f"message Part {{\n  option (toolcrib.options.v1.component) = {{{options}}};\n"
        f"  int64 id = 1 [(toolcrib.options.v1.field).key = true];\n{lines}\n}}"
    )


def option(**values: str) -> str:
    """A field's options, as they stand behind it."""
    return f" [(toolcrib.options.v1.field) = {{{' '.join(f'{name}: {value}' for name, value in values.items())}}}]"


@contextmanager
def forge() -> Iterator[subprocess.Popen[str]]:
    """Starts the process that others are forked from; ends it behind the block."""
    # -P: not the modules beside this file, which have names that others have too.
    command, tests = [sys.executable, "-P", __file__], str(Path(__file__).parents[1])
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": tests}
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _kill_at(number: int) -> list[str]:
    """Lets this process die before the SQL statement of this number; the list grows with those that are run."""
    from sqlalchemy import Engine, event

    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)
        if len(statements) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    return statements


def _move(words: Sequence[str], number: int) -> None:
    """Migrates a database, and dies at the step of this number."""
    from support.moving import moved
    from toolcrib.server.migration import copying

    copying.ROWS_MAX = 1
    steps = itertools.count(1)

    def die(_text: str) -> None:
        if next(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    source, target, components = words
    moved(source, target, Path(components), die, die)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    if "move" in request:
        _move(request["move"], request["kill_at_step"])
        return {}
    if "kill_at" in request:
        statements = _kill_at(request.pop("kill_at"))
        return _answer(request) | {"statements": statements}
    if "command" in request:
        from support.command import toolcrib

        done = toolcrib(*request["command"])
        return {"code": done.returncode, "out": done.stdout, "errors": done.stderr}
    return {"answers": _serve(request)}


def _serve(request: dict[str, Any]) -> list[Any]:
    import importlib

    from google.protobuf.json_format import ParseDict
    from google.protobuf.message import Message

    from toolcrib import codegen
    from toolcrib.client import Crib
    from toolcrib.codegen.names import snake_case
    from toolcrib.server.testing import serve

    folder = Path(request["components"])
    package, _, name = request["component"].rpartition(".")
    with (
        serve(folder, database=request["database"], **request["settings"]) as server,
        Crib.connect(server.address, actor="ann", tenant=request["tenant"]) as crib,
    ):
        sys.path.insert(0, str(codegen.cached(folder)))
        module = importlib.import_module(f"{package}.{snake_case(name)}_client")
        message = getattr(importlib.import_module(f"{package}.part_pb2"), name)
        client = getattr(module, f"{name}Client")(crib)
        answers = []
        for method, *given in request["calls"]:
            if method == "sql":
                answers.append(looked(request["database"], given[0]))
                continue
            options = given.pop()["with"] if given and isinstance(given[-1], dict) and "with" in given[-1] else {}
            if method == "watch":
                with client.watch(**options) as changes:
                    first = itertools.islice(changes, given[0])
                    answers.append([[change.kind_name, _plain(change.record)] for change in first])
                continue
            arguments = [ParseDict(each, message()) if isinstance(each, dict) else each for each in given]
            answer = getattr(client, method)(*arguments, **options)
            answers.append(
                _plain(answer) if isinstance(answer, Message) or answer is None else list(map(_plain, answer))
            )
        return answers


def _plain(answer: Any) -> Any:
    from google.protobuf.json_format import MessageToDict

    return answer if answer is None else MessageToDict(answer, preserving_proto_field_name=True)


def main() -> None:
    """Forks a process for each line, and waits for it."""
    import support.command

    # All that a command may need is imported once, before the first is forked.
    assert list(support.command.commands())
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                text = json.dumps(_answer(json.loads(line)))
            except BaseException as error:
                text = json.dumps({"failed": f"{type(error).__name__}: {error}\n{traceback.format_exc()}"})
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
            os._exit(0)
        if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            sys.stdout.write(json.dumps({"killed": True}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
