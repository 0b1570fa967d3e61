"""What `generate` writes, keeps and removes."""

import subprocess
import sys
from pathlib import Path

import pytest

from toolcrib.codegen import GenerateError, Target, check, generate, read_manifest

ROOT = Path(__file__).parents[2]
COMPONENTS = ROOT / "examples" / "components"

RECIPE = """syntax = "proto3";

package plant.recipes.v1;

import "toolcrib/options/v1/options.proto";

message Recipe {
  option (toolcrib.options.v1.component) = {};

  int64 id = 1 [(toolcrib.options.v1.field).key = true];
}
"""


@pytest.fixture
def components(tmp_path: Path) -> Path:
    return write(tmp_path / "components", "plant/recipes/v1/recipe.proto", RECIPE)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_input_same_bytes(tmp_path: Path) -> None:
    generate(COMPONENTS, tmp_path / "first")
    generate(COMPONENTS, tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_generated_names_nothing_of_this_machine(tmp_path: Path) -> None:
    generate(COMPONENTS, tmp_path)
    for name, content in contents(tmp_path).items():
        assert str(tmp_path).encode() not in content, name
        assert str(ROOT).encode() not in content, name


def test_answers_the_files_it_wrote(components: Path, tmp_path: Path) -> None:
    out = tmp_path / "gen"
    files = generate(components, out)
    assert sorted(files) == sorted(path for path in out.rglob("*") if path.is_file())


def test_targets_can_be_left_out(components: Path, tmp_path: Path) -> None:
    generate(components, tmp_path / "gen", ())
    assert sorted(contents(tmp_path / "gen")) == [
        "plant/recipes/v1/recipe_service.proto",
        "toolcrib-manifest.json",
    ]
    server = {path.name for path in generate(components, tmp_path / "server", {Target.SERVER})}
    assert "recipe_table.py" in server
    assert "recipe_pb2.py" not in server
    client = {path.name for path in generate(components, tmp_path / "client", {Target.PYTHON})}
    assert "recipe_table.py" not in client
    assert {"recipe_pb2.py", "recipe_pb2.pyi", "recipe_service_pb2_grpc.py", "recipe_client.py"} <= client


def test_manifest_names_the_classes(components: Path, tmp_path: Path) -> None:
    generate(components, tmp_path / "gen")
    manifest = read_manifest(tmp_path / "gen")
    (component,) = manifest.components
    assert component.component == "plant.recipes.v1.Recipe"
    assert component.repository.module == "plant.recipes.v1.recipe_repository"
    assert component.repository.name == "RecipeRepository"
    assert component.servicer.module == "plant.recipes.v1.recipe_servicer"
    assert component.servicer.name == "RecipeServicer"
    assert "plant/recipes/v1/recipe_table.py" in manifest.files


def test_a_folder_without_manifest_is_said(tmp_path: Path) -> None:
    with pytest.raises(GenerateError, match=r"toolcrib-manifest\.json: is not there; run `toolcrib generate`"):
        read_manifest(tmp_path)
    write(tmp_path, "toolcrib-manifest.json", "{")
    with pytest.raises(GenerateError, match="cannot be read"):
        read_manifest(tmp_path)


def test_files_no_longer_wanted_are_removed_and_others_stay(components: Path, tmp_path: Path) -> None:
    out = tmp_path / "gen"
    write(components, "plant/tools/v1/tool.proto", RECIPE.replace("recipes", "tools").replace("Recipe", "Tool"))
    generate(components, out)
    write(out, "plant/recipes/v1/mine.py", "")
    (components / "plant/tools/v1/tool.proto").unlink()
    generate(components, out)
    assert not (out / "plant/tools").exists()
    assert (out / "plant/recipes/v1/mine.py").exists()


def test_a_manifest_cannot_remove_what_is_outside(components: Path, tmp_path: Path) -> None:
    out = tmp_path / "gen"
    generate(components, out)
    write(tmp_path, "precious.txt", "")
    manifest = out / "toolcrib-manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"files": [', '"files": ["../precious.txt",'), "utf-8")
    generate(components, out)
    assert (tmp_path / "precious.txt").exists()


def test_check_names_what_differs(components: Path, tmp_path: Path) -> None:
    out = tmp_path / "gen"
    assert "plant/recipes/v1/recipe_table.py" in check(components, out)
    generate(components, out)
    assert check(components, out) == []
    write(out, "plant/recipes/v1/recipe_table.py", "# edited\n")
    (out / "plant/recipes/v1/recipe_record.py").unlink()
    assert check(components, out) == ["plant/recipes/v1/recipe_record.py", "plant/recipes/v1/recipe_table.py"]


def test_services_may_stand_beside_their_components(components: Path) -> None:
    generate(components, components)
    assert check(components, components) == []
    generate(components, components)


def test_unchanged_files_are_not_touched(components: Path, tmp_path: Path) -> None:
    out = tmp_path / "gen"
    generate(components, out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.py")}
    generate(components, out)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.py")} == before


def test_no_folder_no_protos_and_an_unwritable_out_are_said(components: Path, tmp_path: Path) -> None:
    with pytest.raises(GenerateError, match="nowhere: is not a folder; give the folder that holds your"):
        generate(tmp_path / "nowhere", tmp_path / "gen")
    (tmp_path / "empty").mkdir()
    with pytest.raises(GenerateError, match=r"empty: has no \.proto file"):
        generate(tmp_path / "empty", tmp_path / "gen")
    write(tmp_path, "file", "")
    with pytest.raises(GenerateError, match=r"cannot be written .*; choose another folder"):
        generate(components, tmp_path / "file" / "gen")


def test_as_a_command(components: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "toolcrib.codegen", str(components), str(tmp_path / "gen"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    stale = run("--check")
    assert stale.returncode == 1
    assert "not up to date: plant/recipes/v1/recipe_table.py" in stale.stderr
    assert run().returncode == 0
    assert run("--check").returncode == 0
    write(components, "plant/recipes/v1/recipe.proto", RECIPE.replace("key = true", "kye = true"))
    refused = run()
    assert refused.returncode == 1
    assert "recipe.proto:10:17: there is no option `kye`" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_is_in_the_examples_is_up_to_date() -> None:
    assert check(COMPONENTS, ROOT / "examples" / "gen") == []
