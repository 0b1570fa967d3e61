"""What is generated for TypeScript: of every golden case it is formatted, and passes compiler and linter."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.languages import build
from support.pages import shown
from support.toolchains import required
from toolcrib.codegen import Target, generate
from toolcrib.server.testing import serve

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/expected"))
CLIENT = ROOT / "clients" / "typescript"
BIN = CLIENT / "node_modules" / ".bin"


def run(*command: str | Path, cwd: Path) -> str:
    """Runs a program; answers what it says, and fails where it fails."""
    environment = {**os.environ, "PATH": os.pathsep.join([str(BIN), str(ROOT / ".venv" / "bin"), os.environ["PATH"]])}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def library() -> None:
    """The package that clients import, built, with the tools that it is built with."""
    build(required("typescript"))


@pytest.fixture(scope="module")
def cases(library: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all cases, each as it is generated, with the messages of protoc-gen-es, as a user builds it."""
    folder = CLIENT / "build" / "golden"
    shutil.rmtree(folder, ignore_errors=True)
    for case in CASES:
        out = tmp_path_factory.mktemp(case.name)
        generate(case / "input", out, {Target.TYPESCRIPT})
        # The runtime is the same for all, and has checks of its own.
        shutil.copytree(out / "typescript", folder / case.name, ignore=shutil.ignore_patterns("toolcrib"))
        run("buf", "generate", cwd=folder / case.name)
    return folder


def test_every_case_is_formatted(cases: Path) -> None:
    written = [str(path) for path in cases.rglob("*") if path.suffix in {".ts", ".json", ".yaml", ".md"}]
    ours = [path for path in written if not path.endswith("_pb.ts")]
    assert len(ours) > len(CASES)
    # Each is read with its own folder's settings; .prettierignore of the package is not meant for them.
    run("prettier", "--check", "--ignore-path", os.devnull, *ours, cwd=cases)


def test_every_case_compiles_and_passes_the_linter(cases: Path) -> None:
    (cases / "tsconfig.json").write_text(
        (CLIENT / "tsconfig.json")
        .read_text("utf-8")
        .replace('"rootDir": "src"', '"rootDir": "."')
        .replace('"include": ["src"]', '"include": ["."]'),
        "utf-8",
    )
    run("tsc", "-p", "tsconfig.json", "--noEmit", cwd=cases)
    checks = 'export default strict(import.meta.dirname, "./tsconfig.json");'
    imported = 'import { strict } from "../../eslint.config.js";'
    (cases / "eslint.config.js").write_text(f"{imported}\n{checks}\n", "utf-8")
    run("eslint", "--max-warnings", "0", ".", cwd=cases)


@pytest.mark.parametrize("case", ["names_that_typescript_uses", "relations"])
def test_what_is_generated_for_typescript_is_always_the_same(case: str, tmp_path: Path) -> None:
    written = []
    for name in ("one", "other"):
        files = generate(GOLDEN / case / "input", tmp_path / name, {Target.TYPESCRIPT})
        written.append({file.relative_to(tmp_path / name): file.read_bytes() for file in files})
    assert written[0] == written[1]


def test_a_folder_is_built_by_npm_alone_and_does_what_docs_clients_shows(library: None, tmp_path: Path) -> None:
    generate(ROOT / "examples" / "components", tmp_path, {Target.TYPESCRIPT})
    folder = tmp_path / "typescript"
    text = (folder / "README.md").read_text("utf-8")
    commands = [line.split() for line in text.splitlines() if line.startswith("    npm")]
    assert commands[:2] == [["npm", "install"], ["npm", "run", "build"]]
    run(*commands[0], "--prefer-offline", "--no-audit", "--no-fund", cwd=folder)
    run(*commands[1], cwd=folder)
    imported = """
      import { ToolcribError } from "@toolcrib/client";
      import { connect } from "@toolcrib/client/node";
      import { RecipeClient } from "toolcrib-components/plant/recipes/v1/recipe_client.js";
    """
    code = shown((ROOT / "docs" / "clients.md").read_text("utf-8"), "ts")[0]
    with serve(ROOT / "examples" / "components") as server:
        program = imported + code.replace("127.0.0.1:50051", server.address)
        said = run("node", "--input-type=module", "--eval", program, cwd=folder)
    assert said.startswith("bracket 150\nINVALID_ARGUMENT INVALID_RECORD [")
    assert "'recipe.speed_mm_s'" in said
