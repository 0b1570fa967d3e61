"""`toolcrib init`: the project that it makes serves, and passes its own test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import serving, toolcrib

FILES = {"app.py", "toolcrib.toml", "README.md", ".gitignore", "pytest.ini", "tests/test_app.py"}


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_project_serves_at_once(tmp_path: Path) -> None:
    assert toolcrib("init", "Shop 7", cwd=tmp_path).returncode == 0
    project = tmp_path / "Shop 7"
    assert files_in(project) == FILES | {"components/shop_7/parts/v1/part.proto"}
    with serving(cwd=project) as running:
        assert running.announced["components"] == ["shop_7.parts.v1.Part"]
        assert running.stop()[0] == 0
    assert (project / "toolcrib.db").is_file()


def test_the_projects_own_test_passes(tmp_path: Path) -> None:
    toolcrib("init", "press", "--name", "works.press_line.v2.ToolHolder", cwd=tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "press",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_without_app_py_the_components_are_served(tmp_path: Path) -> None:
    toolcrib("init", "shop", cwd=tmp_path)
    (tmp_path / "shop" / "app.py").unlink()
    with serving(cwd=tmp_path / "shop") as running:
        assert running.announced["components"] == ["shop.parts.v1.Part"]


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    done = toolcrib("init", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert "it has notes.txt" in done.stderr
    assert files_in(tmp_path) == {"notes.txt"}


def test_force_adds_what_is_missing_and_leaves_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("# mine\n")
    done = toolcrib("init", ".", "--force", "--name", "a.b.v1.C", "--json", cwd=tmp_path)
    written = set(json.loads(done.stdout)["files"])
    assert written == (FILES | {"components/a/b/v1/c.proto"}) - {"app.py"}
    assert (tmp_path / "app.py").read_text() == "# mine\n"
    assert (
        json.loads(toolcrib("init", ".", "--force", "--name", "a.b.v1.C", "--json", cwd=tmp_path).stdout)["files"] == []
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Part", "versioned"),
        ("plant.parts.Part", "versioned"),
        ("plant.parts.v1.part", "versioned"),
        ("../x.v1.Part", "versioned"),
        ("plant.class.v1.Part", "Python"),
        ("toolcrib.parts.v1.Part", "taken"),
        ("json.parts.v1.Part", "taken"),
    ],
)
def test_a_name_that_cannot_be_served_is_refused(tmp_path: Path, name: str, says: str) -> None:
    done = toolcrib("init", "shop", "--name", name, cwd=tmp_path)
    assert done.returncode == 1
    assert says in done.stderr
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize("folder", ["test", "7", "für", "class"])
def test_a_folder_whose_name_is_no_package(tmp_path: Path, folder: str) -> None:
    done = toolcrib("init", folder, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    proto = next(name for name in json.loads(done.stdout)["files"] if name.endswith(".proto"))
    assert proto in {"components/plant/parts/v1/part.proto", "components/f_r/parts/v1/part.proto"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("")
    done = toolcrib("init", "shop", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "toolcrib: shop is a file; name a folder\n")
