"""From what the user asks to serve to Python: the protos are generated into the cache and imported from there.

load(target)          a folder of .proto files, or a module that holds an Application and lies beside such a folder
import_components()   the generated repositories and servicers of the folder
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from toolcrib import codegen
from toolcrib.server.errors import StartError
from toolcrib.server.hooks import Application
from toolcrib.server.repository import Repository
from toolcrib.server.servicer import ComponentServicer
from toolcrib.server.settings import Settings


@dataclass(frozen=True, slots=True)
class Generated:
    """The generated classes of one component."""

    repository: type[Repository[Any, Any]]
    servicer: type[ComponentServicer[Any]]


def load(target: Path, settings: Settings) -> tuple[Application, Path]:
    """The application to serve, and the folder of its .proto files.

    `target` is such a folder, served without hooks; or a Python file, with ":name" behind it where its Application is
    not called `app`. The folder is then the setting `components`, seen from the file. Raises StartError, and
    toolcrib.codegen.GenerateError for a component that cannot be served.
    """
    folder = components_of(target, settings)
    if target.is_dir():
        return Application(), folder
    module_path, name = _module_of(target)
    # The module imports the generated records.
    _add_to_path(codegen.cached(folder))
    return _application(_import_file(module_path), name or "app"), folder


def components_of(target: Path, settings: Settings) -> Path:
    """The folder of .proto files that belongs to `target`. Raises StartError where there is none."""
    if target.is_dir():
        return target.absolute()
    module_path, _ = _module_of(target)
    folder = module_path.parent / settings.components
    if not folder.is_dir():
        raise StartError(f"{module_path.name} serves the components in {folder}, which is no folder; set `components`")
    return folder


def import_components(components: Path) -> Sequence[Generated]:
    """Generates what `components` needs, unless the cache has it, and imports it.

    Raises toolcrib.codegen.GenerateError, or StartError where another version of it is imported already.
    """
    folder = codegen.cached(components)
    _add_to_path(folder)
    try:
        return [
            Generated(_class(entry.repository), _class(entry.servicer))
            for entry in codegen.read_manifest(folder).components
        ]
    except (TypeError, ImportError) as error:
        # Protobuf holds one definition under a name and process.
        raise StartError(
            f"the components in {components} cannot be imported: {error}; serve one version of them in a process"
        ) from error


def _module_of(target: Path) -> tuple[Path, str]:
    """The file that holds an application, and the name that it has there. Raises StartError."""
    path, _, name = str(target).partition(".py:")
    module_path = Path(path if not name else f"{path}.py").absolute()
    if module_path.suffix != ".py" or not module_path.is_file():
        raise StartError(f"{target} is neither a folder of .proto files nor a Python file with an Application")
    return module_path, name


def _class(name: codegen.ClassName) -> Any:
    return getattr(importlib.import_module(name.module), name.name)


def _add_to_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
        importlib.invalidate_caches()


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise StartError(f"{path} cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    # As for `python app.py`: modules beside it can be imported.
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _application(module: ModuleType, name: str) -> Application:
    application = getattr(module, name, None)
    if not isinstance(application, Application):
        raise StartError(
            f"{module.__file__} has no Application called {name!r}; write `{name} = Application()`, or name yours as "
            "file.py:name"
        )
    return application
