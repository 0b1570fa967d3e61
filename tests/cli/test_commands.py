"""The commands as a whole: help, version, exit codes, what they document, and life without the server extra."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup

from support.command import commands, toolcrib, toolcrib_process
from support.plant import COMPONENTS, ROOT
from toolcrib.cli.lazy import LazyCommand

CLI = (ROOT / "docs" / "cli.md").read_text("utf-8")
COMMANDS = list(commands())
NAMES = [" ".join(path) for path, _, _ in COMMANDS]


@pytest.mark.parametrize(("path", "lazy", "command"), COMMANDS, ids=NAMES)
def test_every_command_and_each_of_its_flags_is_documented(
    path: tuple[str, ...], lazy: LazyCommand, command: TyperCommand | TyperGroup
) -> None:
    section = CLI.partition(f"## `toolcrib {path[0]}`\n")[2].partition("\n## ")[0]
    assert re.search(rf"toolcrib {' '.join(path)}\b", section) or len(path) == 1
    for parameter in command.params:
        names = [name for name in parameter.opts if name.startswith("--")]
        assert not names or any(re.search(rf"{name}\b", section) for name in names), names


@pytest.mark.parametrize(("path", "lazy", "command"), COMMANDS, ids=NAMES)
def test_every_command_has_help(path: tuple[str, ...], lazy: LazyCommand, command: TyperCommand | TyperGroup) -> None:
    result = toolcrib(*path, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"Usage: toolcrib {' '.join(path)} ")


@pytest.mark.parametrize(("path", "lazy", "command"), COMMANDS, ids=NAMES)
def test_lists_of_commands_say_what_the_help_of_each_begins_with(
    path: tuple[str, ...], lazy: LazyCommand, command: TyperCommand | TyperGroup
) -> None:
    for limit in (45, 70, 1000):
        assert lazy.get_short_help_str(limit) == command.get_short_help_str(limit)


def test_what_begins_the_commands_is_light() -> None:
    code = "import sys\nfrom toolcrib.cli import application\nprint(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"google", "grpc", "protovalidate", "pydantic", "sqlalchemy"}


def test_the_version() -> None:
    assert re.fullmatch(r"toolcrib \d+\.\d+\.\d+\n", toolcrib_process("--version").stdout)


def test_a_wrong_flag_is_a_usage_error() -> None:
    done = toolcrib_process("generate", "--ouch")
    assert done.returncode == 2
    assert "--ouch" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("missing", ["typer", "sqlalchemy"])
def test_without_the_server_extra_it_says_what_to_install(missing: str) -> None:
    code = f"import sys\nsys.modules['{missing}'] = None\nfrom toolcrib.cli.main import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code, "serve", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "toolcrib: the command line needs the server extra: pip install 'toolcrib[server]'\n"


class TestGenerate:
    def test_writes_and_checks(self, tmp_path: Path) -> None:
        out = tmp_path / "gen"
        wrote = toolcrib("generate", str(COMPONENTS), "--out", str(out), "--json")
        files = json.loads(wrote.stdout)["files"]
        assert "plant/recipes/v1/recipe_client.py" in files
        assert all((out / name).is_file() for name in files)
        check = ["generate", str(COMPONENTS), "--out", str(out), "--check"]
        assert toolcrib(*check).returncode == 0
        (out / files[0]).unlink()
        differs = toolcrib(*check)
        assert differs.returncode == 1
        assert differs.stdout.splitlines() == [files[0]]
        assert "run `toolcrib generate" in differs.stderr
        as_json = toolcrib(*check, "--json")
        assert (as_json.returncode, json.loads(as_json.stdout)["differing"]) == (1, [files[0]])
        assert not (out / files[0]).exists()

    def test_only_the_services(self, tmp_path: Path) -> None:
        result = toolcrib("generate", str(COMPONENTS), "--out", str(tmp_path), "--no-python", "--no-server", "--json")
        suffixes = {Path(name).suffix for name in json.loads(result.stdout)["files"]}
        assert suffixes == {".proto", ".json"}

    def test_a_refusal_names_file_line_and_column(self, tmp_path: Path) -> None:
        (tmp_path / "x.proto").write_text('syntax = "proto3";\npackage x.v1;\nmessage X {\n  int32 a = 1\n}\n')
        done = toolcrib_process("generate", tmp_path, "--out", tmp_path / "gen")
        assert done.returncode == 1
        assert re.search(r"x\.proto:\d+:\d+: ", done.stderr)
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "gen").exists()
