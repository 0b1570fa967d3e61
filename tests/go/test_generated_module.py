"""What `toolcrib generate --go` writes: it builds as its README says, whatever the components are."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest

from support.golang import go
from support.pages import shown
from support.toolchains import required
from toolcrib.codegen import Target, generate
from toolcrib.codegen.compile import describe
from toolcrib.codegen.golang.project import project_files
from toolcrib.codegen.languages import Sources
from toolcrib.codegen.plugin import respond
from toolcrib.codegen.problems import GenerateError
from toolcrib.codegen.sources import find_protos, load_schema
from toolcrib.server.testing import serve

ROOT = Path(__file__).parents[2]
COMPONENTS = ROOT / "examples" / "components"
CASES = sorted(path.parent for path in (ROOT / "tests" / "golden").glob("*/expected"))


# Words of the language, what its messages have as methods already, and where protoc-gen-go puts capitals.
_NAMES = """\
syntax = "proto3";
package plant.type;
import "toolcrib/options/v1/options.proto";
message Range {
  option (toolcrib.options.v1.component) = {key_fields: ["type", "get_type", "reset", "a_1b"]};
  string type = 1;
  int32 get_type = 2;
  int64 reset = 3;
  uint32 a_1b = 4;
}
message Tool2d {
  option (toolcrib.options.v1.component) = {soft_delete: true};
  string func = 1 [(toolcrib.options.v1.field).key = true];
  string context = 2;
}
message Reset {
  option (toolcrib.options.v1.component) = {};
  int64 ctx = 1 [(toolcrib.options.v1.field).key = true];
}
"""


# What docs/clients.md takes for there.
_AROUND = """\
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	recipesv1 "toolcrib.dev/components/plant/recipes/v1"
	toolcrib "toolcrib.dev/go"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
BODY
	return nil
}
"""


@pytest.fixture(autouse=True)
def _go() -> None:
    required("go")


def module(components: Path, out: Path) -> Path:
    """The generated module, with its messages."""
    generate(components, out, [Target.GO])
    go(out / "go", "generate")
    return out / "go"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module of the examples."""
    required("go")
    return module(COMPONENTS, tmp_path_factory.mktemp("plant"))


@pytest.fixture
def address() -> Iterator[str]:
    """A server of the examples."""
    with serve(COMPONENTS) as server:
        yield server.address


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_clients_of_all_golden_cases_build_and_are_formatted(case: Path, tmp_path: Path) -> None:
    folder = module(case / "input", tmp_path)
    go(folder, "vet", "./...")
    assert go(folder, "-l", ".", program="gofmt") == ""


def test_names_that_go_keeps_for_itself_come_out_right(tmp_path: Path) -> None:
    path = tmp_path / "components" / "plant" / "type" / "a.proto"
    path.parent.mkdir(parents=True)
    path.write_text(_NAMES, "utf-8")
    folder = module(tmp_path / "components", tmp_path / "gen")
    go(folder, "vet", "./...")
    assert go(folder, "-l", ".", program="gofmt") == ""


def program(plant: Path, folder: Path, source: str) -> str:
    """Runs a program of its own, in a module beside the generated one; answers what it says."""
    (folder / "main.go").write_text(source, "utf-8")
    assert go(folder, "-l", ".", program="gofmt") == ""
    go(folder, "mod", "init", "example.com/program")
    for path, module in (("toolcrib.dev/components", plant), ("toolcrib.dev/go", plant / "toolcrib")):
        go(folder, "mod", "edit", f"-replace={path}={module}", f"-require={path}@v0.0.0")
    go(folder, "mod", "tidy")
    return go(folder, "run", ".")


def test_a_program_of_its_own_uses_the_module_as_the_readme_says(plant: Path, tmp_path: Path, address: str) -> None:
    source = shown((plant / "README.md").read_text("utf-8"), "go")[0].replace("127.0.0.1:50051", address)
    assert program(plant, tmp_path, source) == ""


def test_what_docs_clients_shows_runs_as_it_stands(plant: Path, tmp_path: Path, address: str) -> None:
    code = shown((ROOT / "docs" / "clients.md").read_text("utf-8"), "go")[0]
    body = "".join(f"\t{line}" if line.strip() else line for line in code.splitlines(keepends=True))
    source = _AROUND.replace("BODY", body.rstrip("\n")).replace("127.0.0.1:50051", address)
    assert program(plant, tmp_path, source).startswith(
        "bracket 150\nInvalidArgument INVALID_RECORD [{recipe.speed_mm_s"
    )


def test_its_requirements_are_tidy(tmp_path: Path) -> None:
    folder = module(ROOT / "tests" / "conformance" / "components", tmp_path)
    assert go(folder, "mod", "tidy", "-diff") == ""


def test_buf_writes_the_same_messages_of_the_descriptors(plant: Path, tmp_path: Path) -> None:
    plugins = [
        {"local": ["go", "-C", str(plant), "tool", name], "out": str(tmp_path), "opt": "module=toolcrib.dev/components"}
        for name in ("protoc-gen-go", "protoc-gen-go-grpc")
    ]
    services = [path.relative_to(plant).as_posix() for path in plant.glob("plant/**/*.pb.go")]
    protos = sorted({name.replace("_grpc.pb.go", ".pb.go").replace(".pb.go", ".proto") for name in services})
    template = json.dumps({"version": "v2", "plugins": plugins})
    command = ["generate", "components.binpb", "--template", template, *(f"--path={name}" for name in protos)]
    go(plant, *command, program=str(Path(sys.executable).with_name("buf")))
    for name in services:
        assert (tmp_path / name).read_text("utf-8") == (plant / name).read_text("utf-8"), name


def test_the_plugin_writes_the_same_clients(plant: Path) -> None:
    names = list(find_protos(COMPONENTS))
    files = describe(COMPONENTS, names).file
    answer = respond(CodeGeneratorRequest(proto_file=files, file_to_generate=names, parameter="go"))
    clients = {file.name: file.content for file in answer.file if file.name.endswith(".go")}
    assert len(clients) > 5
    for name, text in clients.items():
        assert (plant / name).read_text("utf-8") == text, name


def test_the_module_is_the_same_each_time(plant: Path, tmp_path: Path) -> None:
    generate(COMPONENTS, tmp_path, [Target.GO])
    written = [path for path in (tmp_path / "go").rglob("*") if path.is_file()]
    assert len(written) > 20
    for path in written:
        assert path.read_bytes() == (plant / path.relative_to(tmp_path / "go")).read_bytes(), path


def test_the_sample_lists_edits_and_watches(address: str, tmp_path: Path) -> None:
    go(ROOT / "clients" / "go", "build/examples/.ready", program="make")
    sample = tmp_path / "plant"
    go(ROOT / "clients" / "go" / "samples" / "plant", "build", "-o", str(sample), ".")
    said = go(tmp_path, "-address", address, "-actor", "ann", "-changes", "2", program=str(sample))
    assert said.splitlines() == [
        "watching 0 recipes",
        "created: Go sample by ann (a slower start)",
        "updated: Go sample by ann (a slower start)",
    ]


def sources(tmp_path: Path, text: str) -> Sources:
    folder = tmp_path / "components"
    path = folder / "plant" / "a" / "v1" / "a.proto"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    schema, _ = load_schema(folder)
    return Sources(schema, {"plant/a/v1/a.proto": text.encode()})


PROTO = """\
syntax = "proto3";
package plant.a.v1;
import "toolcrib/options/v1/options.proto";
%s
message Slot {
  option (toolcrib.options.v1.component) = {key_fields: ["rack", "number"]};
  string rack = 1;
  int32 number = 2;
}
"""


def test_go_package_names_the_module(tmp_path: Path) -> None:
    files = project_files(sources(tmp_path, PROTO % 'option go_package = "example.com/line/plant/a/v1;av1";'))
    assert files["go.mod"].startswith(b"module example.com/line\n")
    assert b"-module example.com/line " in files["generate.go"]


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (
            'option go_package = "example.com/line";',
            "does not end in the file's folder; write `example.com/plant/a/v1;av1`",
        ),
        (
            'option go_package = "x.org/plant/a/v1;other";',
            "go_package names the package other; write `x.org/plant/a/v1;av1`",
        ),
        (
            "message SlotKey {}",
            "the Go client of Slot needs the name SlotKey, but plant.a.v1.SlotKey has it; rename one",
        ),
    ],
)
def test_what_cannot_be_a_go_package_is_refused(option: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(GenerateError) as refused:
        project_files(sources(tmp_path, PROTO % option))
    assert told in str(refused.value)
    assert str(refused.value).startswith("plant/a/v1/a.proto: ")
