"""The cache of what was generated: found again, made anew, and safe when two start at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from toolcrib.codegen import GenerateError, cached, read_manifest
from toolcrib.codegen.cache import cache_folder

RECIPE = """syntax = "proto3";

package plant.recipes.v1;

import "toolcrib/options/v1/options.proto";

message Recipe {
  option (toolcrib.options.v1.component) = {};

  int64 id = 1 [(toolcrib.options.v1.field).key = true];
}
"""


@pytest.fixture
def components(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOOLCRIB_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "components" / "plant" / "recipes" / "v1" / "recipe.proto"
    path.parent.mkdir(parents=True)
    path.write_text(RECIPE, "utf-8")
    return tmp_path / "components"


def test_the_second_time_it_is_there(components: Path) -> None:
    first = cached(components)
    made = (first / "toolcrib-manifest.json").stat().st_mtime_ns
    assert cached(components) == first
    assert (first / "toolcrib-manifest.json").stat().st_mtime_ns == made


def test_another_content_or_name_is_another_folder(components: Path) -> None:
    first = cached(components)
    proto = components / "plant/recipes/v1/recipe.proto"
    proto.write_text(RECIPE.replace("key = true];", "key = true];\n  string name = 2;"), "utf-8")
    second = cached(components)
    proto.rename(proto.with_name("other.proto"))
    assert len({first, second, cached(components)}) == 3


def test_half_a_folder_is_made_anew(components: Path) -> None:
    folder = cached(components)
    (folder / "toolcrib-manifest.json").unlink()
    assert cached(components) == folder
    assert read_manifest(folder).components


def test_nothing_is_left_of_what_is_refused(components: Path, tmp_path: Path) -> None:
    (components / "plant/recipes/v1/recipe.proto").write_text(RECIPE.replace("int64", "uint64"), "utf-8")
    with pytest.raises(GenerateError):
        cached(components)
    assert list((tmp_path / "cache").iterdir()) == []


def test_several_processes_at_once(components: Path, tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from toolcrib.codegen import cached; print(cached(Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(components)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {process.communicate(timeout=120)[0].strip() for process in started}
    assert [process.returncode for process in started] == [0] * 4
    (folder,) = answers
    assert read_manifest(Path(folder)).components
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [Path(folder).name]


def test_an_unwritable_cache_is_said(components: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("TOOLCRIB_CACHE", str(tmp_path / "file"))
    with pytest.raises(GenerateError, match=r"cannot be written .*; set TOOLCRIB_CACHE to a folder that can"):
        cached(components)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these have folders of their own")
def test_without_a_choice_it_is_the_platforms_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOOLCRIB_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "toolcrib"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "toolcrib"
