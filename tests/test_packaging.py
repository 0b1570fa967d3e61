"""What is installed: the layout that makes it one namespace package, and the wheel, bare and with nothing around it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from toolcrib.server.testing import TEST_DATABASE_VARIABLE

ROOT = Path(__file__).parents[1]
SOURCE_ROOTS = ("server", "codegen", "clients/python")
PORTIONS = (
    "server/toolcrib/server",
    "server/toolcrib/cli",
    "codegen/toolcrib/codegen",
    "clients/python/toolcrib/client",
    "clients/python/toolcrib/options",
    "clients/python/toolcrib/audit",
    "clients/python/toolcrib/transaction",
    "clients/python/toolcrib/query",
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # Nothing of the folder the tests run in may be found in place of what is installed.
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    return subprocess.run(
        command, cwd=ROOT.anchor, capture_output=True, text=True, check=False, env={**kept, **environment}
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel and what it asks for itself, no extra."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    done = run(sys.executable, "-m", "pip", "--python", scripts / "python", "install", "--quiet", wheel)
    assert done.returncode == 0, done.stdout + done.stderr
    return scripts


@pytest.mark.parametrize("root", SOURCE_ROOTS)
def test_toolcrib_is_a_namespace_package_in_every_source_root(root: str) -> None:
    assert not (ROOT / root / "toolcrib" / "__init__.py").exists()


@pytest.mark.parametrize("portion", PORTIONS)
def test_every_portion_says_that_it_is_typed(portion: str) -> None:
    assert (ROOT / portion / "py.typed").is_file()


def test_the_client_asks_for_nothing_heavier_than_grpc_and_protobuf() -> None:
    names = {re.split(r"[<>=~!; ]", dependency, maxsplit=1)[0] for dependency in PROJECT["project"]["dependencies"]}
    assert names == {"grpcio", "protobuf", "googleapis-common-protos"}


def test_every_make_target_of_the_documentation_is_in_its_help() -> None:
    shown = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"^  make (\w+)", shown, flags=re.MULTILINE))
    assert targets == {"help", "demo", "serve", "test", "generate", "check", "lint", "types", "bench", "clean"}


def packed_as(folder: str, place: str) -> set[str]:
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {f"{place}/{path.relative_to(ROOT / folder).as_posix()}" for path in files}


def test_the_wheel_holds_every_module_and_nothing_else(wheel: Path) -> None:
    written = {
        path.relative_to(ROOT / root).as_posix()
        for root in SOURCE_ROOTS
        for path in (ROOT / root / "toolcrib").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    # `toolcrib generate --go` and `--typescript` write the runtime beside what they generate.
    written |= packed_as("clients/go/toolcrib", "toolcrib/codegen/golang/runtime")
    written |= packed_as("clients/typescript/src", "toolcrib/codegen/typescript/runtime/src")
    written |= {f"toolcrib/codegen/typescript/runtime/{name}" for name in ("package.json", "tsconfig.json")}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == written


def test_the_bare_client_works_without_extras(bare: Path) -> None:
    code = (
        "import toolcrib.client, toolcrib.client.audit, toolcrib.options.v1.options_pb2; "
        "from plant.recipes.v1.recipe_client import AsyncRecipeClient, RecipeClient"
    )
    done = run(bare / "python", "-W", "error", "-c", code, PYTHONPATH=str(ROOT / "examples" / "gen"))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_line_says_which_extra_it_needs(bare: Path) -> None:
    done = run(bare / "toolcrib", "serve")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "pip install 'toolcrib[server]'" in done.stderr


def test_a_server_on_sqlite_needs_the_driver_of_no_other_database() -> None:
    drivers = ("psycopg", "pymysql", "pytds", "sqlalchemy_cockroachdb")
    code = f"""
import sys
sys.modules.update(dict.fromkeys({drivers}))
from toolcrib.server.testing import serve
with serve({str(ROOT / "examples" / "components")!r}) as running:
    print(running.address)
"""
    done = run(sys.executable, "-c", code, **{TEST_DATABASE_VARIABLE: ""})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("127.0.0.1:")


def test_the_plugin_of_protoc_works_without_extras(bare: Path) -> None:
    done = run(bare / "protoc-gen-toolcrib")
    assert (done.returncode, done.stderr) == (0, "")
