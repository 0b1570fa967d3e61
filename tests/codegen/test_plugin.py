"""The generator as a plugin: under protoc, under buf, and asked directly."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from toolcrib.codegen import generate
from toolcrib.codegen.compile import describe, run_protoc
from toolcrib.codegen.languages import LANGUAGES, Language
from toolcrib.codegen.plugin import respond
from toolcrib.codegen.problems import GenerateError
from toolcrib.codegen.sources import find_protos

ROOT = Path(__file__).parents[2]
COMPONENTS = ROOT / "examples" / "components"
SCRIPTS = Path(sysconfig.get_path("scripts"))


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The plugin as a program, also where the package is not installed."""
    program = tmp_path / "bin" / "protoc-gen-toolcrib"
    program.parent.mkdir()
    roots = os.pathsep.join(path for path in sys.path if path)
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {roots!r}.split({os.pathsep!r})\n"
        "from toolcrib.codegen.plugin import main\nmain()\n",
        "utf-8",
    )
    program.chmod(0o755)
    return program


def emitted(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file() and "_pb2" not in path.name and path.name != "toolcrib-manifest.json"
    }


def request(descriptors: FileDescriptorSet, names: list[str], parameter: str = "") -> CodeGeneratorRequest:
    return CodeGeneratorRequest(proto_file=descriptors.file, file_to_generate=names, parameter=parameter)


def asked(folder: Path, parameter: str = "") -> CodeGeneratorResponse:
    names = list(find_protos(folder))
    return respond(request(describe(folder, names), names, parameter))


def test_under_protoc_it_writes_what_generate_writes(plugin: Path, tmp_path: Path) -> None:
    generate(COMPONENTS, tmp_path / "generated")
    out = tmp_path / "out"
    out.mkdir()
    options = [f"--plugin=protoc-gen-toolcrib={plugin}", f"--toolcrib_out={out}", "--toolcrib_opt=python,server"]
    run_protoc([COMPONENTS], options, find_protos(COMPONENTS))
    assert emitted(out) == emitted(tmp_path / "generated")


def test_under_protoc_a_refusal_is_protocs_error(plugin: Path, tmp_path: Path) -> None:
    folder = ROOT / "tests" / "golden" / "refuse_two_keys" / "input"
    options = [f"--plugin=protoc-gen-toolcrib={plugin}", f"--toolcrib_out={tmp_path}"]
    with pytest.raises(GenerateError, match=r"a\.proto:11:3: `name` is a second key beside `id`"):
        run_protoc([folder], options, find_protos(folder))


def under_buf(plugin: Path, folder: Path, parameter: str) -> dict[str, str]:
    image = folder / "components.binpb"
    image.write_bytes(describe(COMPONENTS, find_protos(COMPONENTS)).SerializeToString())
    # Components of several folders refer to each other (docs/options.md).
    plugins = [{"local": str(plugin), "out": "out", "opt": parameter, "strategy": "all"}]
    template = json.dumps({"version": "v2", "plugins": plugins})
    command = [str(SCRIPTS / "buf"), "generate", str(image), "--template", template]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return emitted(folder / "out")


def test_under_buf_it_writes_what_generate_writes(plugin: Path, tmp_path: Path) -> None:
    generate(COMPONENTS, tmp_path / "generated")
    assert under_buf(plugin, tmp_path, "python,server") == emitted(tmp_path / "generated")


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.folder)
def test_under_buf_it_writes_the_clients_of_every_language(language: Language, plugin: Path, tmp_path: Path) -> None:
    generate(COMPONENTS, tmp_path / "generated", {language.target})
    written = under_buf(plugin, tmp_path, language.target.value)
    clients = {name: text for name, text in written.items() if not name.endswith(".proto")}
    assert len(clients) >= len(list(COMPONENTS.rglob("*.proto")))
    generated = tmp_path / "generated" / language.folder
    assert clients == {name: (generated / name).read_text("utf-8") for name in clients}


def test_without_parameters_only_services() -> None:
    answer = asked(COMPONENTS)
    assert {Path(file.name).suffix for file in answer.file} == {".proto"}
    assert {Path(file.name).suffix for file in asked(COMPONENTS, "python, server").file} == {".proto", ".py"}


def test_an_unknown_parameter_is_refused() -> None:
    error = "protoc-gen-toolcrib has no parameter `sever`; did you mean `server`?"
    assert asked(COMPONENTS, "sever").error == error


def test_proto3_optional_is_understood() -> None:
    assert asked(COMPONENTS).supported_features == CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL


def test_services_that_stand_beside_the_components_are_not_taken_for_the_users(tmp_path: Path) -> None:
    for name, text in emitted(COMPONENTS).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    generate(COMPONENTS, tmp_path, ())
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.proto"))
    assert "plant/recipes/v1/recipe_service.proto" in names
    answer = respond(request(describe(tmp_path, names), names))
    assert answer.error == ""
    assert sorted(file.name for file in answer.file) == [name for name in names if name.endswith("_service.proto")]


def test_files_without_a_component_give_nothing() -> None:
    descriptors = describe(COMPONENTS, find_protos(COMPONENTS))
    answer = respond(request(descriptors, ["google/protobuf/timestamp.proto"]))
    assert answer.error == ""
    assert not answer.file
