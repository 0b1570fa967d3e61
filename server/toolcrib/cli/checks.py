"""What `toolcrib doctor` looks at. Each check says what it found, and what to do where that is not good."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.specifiers import SpecifierSet

from toolcrib import codegen
from toolcrib.cli.requirements import requirements
from toolcrib.codegen.cache import cache_folder
from toolcrib.codegen.nearest import did_you_mean
from toolcrib.server.settings import ENVIRONMENT_PREFIX, Settings
from toolcrib.server.settings_sources import CONFIG_VARIABLE

_FREE_BYTES_MIN = 100 * 1024 * 1024
_OTHERS = ("AUDIT_KEY", "CACHE", "SERVER", "TEST_DATABASE")
_OTHER_VARIABLES = {CONFIG_VARIABLE, *(f"{ENVIRONMENT_PREFIX}{name}" for name in _OTHERS)}


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found, and the remedy where something is wrong."""

    name: str
    found: str
    remedy: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.remedy


def check_python() -> Check:
    """The interpreter."""
    version, required = platform.python_version(), metadata.metadata("toolcrib")["Requires-Python"]
    is_enough = SpecifierSet(required).contains(version, prereleases=True)
    return Check("python", version, "" if is_enough else f"run Toolcrib with Python {required}")


def check_libraries() -> Iterator[Check]:
    """Each library that is missing or of another version, or all of them in one line."""
    needed = requirements()
    unmet = [requirement for requirement in needed if not requirement.is_met()]
    for requirement in unmet:
        wanted = requirement.specification
        found = f"{wanted.name} {requirement.installed or 'is missing'}"
        yield Check("library", found, f"pip install '{wanted.name}{wanted.specifier}'")
    if not unmet:
        yield Check("libraries", ", ".join(f"{item.specification.name} {item.installed}" for item in needed))


def check_protoc() -> Check:
    """The compiler that comes with grpcio-tools."""
    command = [sys.executable, "-m", "grpc_tools.protoc", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own interpreter
    if done.returncode:
        return Check("protoc", "does not run", "pip install --force-reinstall grpcio-tools")
    return Check("protoc", done.stdout.strip().removeprefix("libprotoc "))


def check_environment() -> Iterator[Check]:
    """Variables that look like a setting with a typing error, which would have no effect."""
    known = {f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(ENVIRONMENT_PREFIX) and name.upper() not in known | _OTHER_VARIABLES:
            yield Check("environment", name, f"there is no such setting{did_you_mean(name.upper(), known)}")


def check_cache() -> Check:
    """The folder that `serve` generates into."""
    folder = cache_folder()
    if is_writable(folder):
        return Check("cache", str(folder))
    return Check("cache", f"{folder} cannot be written", "make it writable, or set TOOLCRIB_CACHE to another folder")


def check_components(folder: Path) -> Check:
    """Whether the .proto files can be served."""
    if not folder.is_dir():
        return Check("components", f"{folder} is no folder", "set `components`, or run `toolcrib init`")
    try:
        manifest = codegen.read_manifest(codegen.cached(folder))
    except codegen.GenerateError as error:
        return Check("components", f"{folder} cannot be served", str(error))
    return Check("components", ", ".join(entry.component for entry in manifest.components))


def check_disk(folder: Path) -> Check:
    """Room for the database to grow."""
    free = shutil.disk_usage(nearest_existing(folder)).free
    found = f"{free / 1024**3:.1f} GiB free at {folder}"
    return Check("disk", found, "" if free >= _FREE_BYTES_MIN else "free some room, or put the database elsewhere")


def nearest_existing(path: Path) -> Path:
    """The folder itself, or the first above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def is_writable(folder: Path) -> bool:
    """Whether a file can be made in the folder, or the folder itself where it does not exist yet."""
    try:
        with tempfile.TemporaryFile(dir=nearest_existing(folder.absolute())):
            return True
    except OSError:
        return False
