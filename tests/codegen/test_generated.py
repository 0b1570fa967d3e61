"""What is generated passes the checks of its language, and works."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolcrib.codegen import generate
from toolcrib.codegen.compile import describe

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))
GOLDEN = ROOT / "tests" / "golden"
CASES = [*sorted(path.parent.name for path in GOLDEN.glob("*/expected")), "examples"]

# AIP answers the record itself.
BUF = {
    "version": "v2",
    "lint": {"use": ["STANDARD"], "except": ["RPC_RESPONSE_STANDARD_NAME", "RPC_REQUEST_RESPONSE_UNIQUE"]},
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    """Each golden case, and the examples."""
    return str(request.param)


@pytest.fixture(scope="module")
def generated(case: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is generated for it."""
    root = tmp_path_factory.mktemp(case)
    generate(inputs(case), root)
    return root


@pytest.fixture
def types_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What mypy knows of the project already, of whichever process of the run has asked; it is one's at a time."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "types"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / "cache"


def run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_python_is_formatted_and_clean(generated: Path, tmp_path: Path) -> None:
    config = tmp_path / "ruff.toml"
    config.write_text(
        'line-length = 120\ntarget-version = "py311"\nextend-exclude = ["*_pb2*"]\n'
        '[lint]\nselect = ["B", "C4", "E", "F", "I", "PIE", "RET", "SIM", "UP", "W"]\n'
        '[lint.isort]\nknown-first-party = ["plant", "toolcrib"]\n',
        "utf-8",
    )
    run([str(SCRIPTS / "ruff"), "format", "--diff", "--config", str(config), "."], generated)
    run([str(SCRIPTS / "ruff"), "check", "--config", str(config), "."], generated)


def test_python_is_typed(generated: Path, types_cache: Path, tmp_path: Path) -> None:
    roots = [generated, ROOT / "server", ROOT / "codegen", ROOT / "clients" / "python"]
    config = tmp_path / "mypy.ini"
    config.write_text(
        "[mypy]\nstrict = True\nexplicit_package_bases = True\nfollow_imports = silent\n"
        f"mypy_path = {':'.join(map(str, roots))}\nexclude = _pb2(_grpc)?\\.py$\ncache_dir = {types_cache}\n",
        "utf-8",
    )
    run([sys.executable, "-m", "mypy", "--config-file", str(config), str(generated / "plant")], generated)


def test_services_are_formatted_and_linted(case: str, generated: Path, tmp_path: Path) -> None:
    for source in (inputs(case), generated):
        shutil.copytree(source, tmp_path, dirs_exist_ok=True)
    services = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*_service.proto"))
    run([str(SCRIPTS / "buf"), "format", "--diff", "--exit-code", *[f"--path={path}" for path in services]], tmp_path)
    # An image holds what the services import, which buf would not find here.
    image = tmp_path / "image.binpb"
    image.write_bytes(describe(tmp_path, services).SerializeToString())
    paths = [f"--path={path}" for path in services]
    run([str(SCRIPTS / "buf"), "lint", str(image), "--config", json.dumps(BUF), *paths], tmp_path)


def inputs(case: str) -> Path:
    return ROOT / "examples" / "components" if case == "examples" else GOLDEN / case / "input"
