"""Where the generated Go packages are: in which module, under which import paths.

The module's path is what `option go_package` of the .proto files says before the file's own folder: of
"example.com/plant/recipes/v1" in plant/recipes/v1/recipe.proto that is example.com. Where no file says anything, it is
a path that Toolcrib keeps free for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from toolcrib.codegen.golang.names import package_name
from toolcrib.codegen.problems import GenerateError, Problem

_MODULE = "toolcrib.dev/components"


def place_packages(described: FileDescriptorSet, names: frozenset[str]) -> str:
    """Gives the files of these names their packages in one module; answers its path. Raises GenerateError."""
    files = [file for file in described.file if file.name in names]
    if problems := list(_problems(files)):
        raise GenerateError(problems)
    modules = sorted({module for file in files if (module := _module_of(file))}) or [_MODULE]
    if len(modules) > 1:
        text = f"go_package puts the files into several modules, {' and '.join(modules)}; let it begin alike in all"
        raise GenerateError([Problem("", 0, 0, text)])
    for file in files:
        file.options.go_package = f"{modules[0]}/{_folder(file)};{package_name(file.package)}"
    return modules[0]


def _problems(files: list[FileDescriptorProto]) -> Iterator[Problem]:
    for file in files:
        path, _, name = file.options.go_package.partition(";")
        wanted = package_name(file.package)
        if path and not _module_of(file):
            text = (
                f"go_package `{path}` does not end in the file's folder; write `example.com/{_folder(file)};{wanted}` "
                "with your module's path in front, or leave it out"
            )
            yield Problem(file.name, 0, 0, text)
        elif name not in ("", wanted):
            yield Problem(file.name, 0, 0, f"go_package names the package {name}; write `{path};{wanted}`")


def _module_of(file: FileDescriptorProto) -> str:
    """The module's path as the file has it; empty where it says nothing, or what cannot be."""
    path = file.options.go_package.partition(";")[0]
    module = path.removesuffix(f"/{_folder(file)}")
    return "" if module == path else module


def _folder(file: FileDescriptorProto) -> str:
    return PurePosixPath(file.name).parent.as_posix()
