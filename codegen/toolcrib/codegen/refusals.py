"""Says no to what cannot be served: all of it at once, with its place and with what to write instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from keyword import iskeyword

from toolcrib.codegen.components import messages_within, schema_of, tables_of
from toolcrib.codegen.declared import DeclaredFile, DeclaredMessage, Place
from toolcrib.codegen.model import Component
from toolcrib.codegen.names import snake_case
from toolcrib.codegen.problems import GenerateError, Problem
from toolcrib.codegen.refuse_component import component_problems
from toolcrib.codegen.refuse_evolution import shared_evolution_problems
from toolcrib.codegen.refuse_field import inner_problems, stray_option_problems
from toolcrib.codegen.refuse_index import shared_index_problems
from toolcrib.codegen.refuse_reference import reference_problems
from toolcrib.codegen.refuse_relation import relation_problems
from toolcrib.codegen.refuse_tenants import tenant_problems
from toolcrib.codegen.service import service_names


def refuse(files: Sequence[DeclaredFile]) -> None:
    """Raises GenerateError if anything in `files` cannot be served."""
    problems = [problem for file in files for problem in _file_problems(file)]
    components = [message for file in files for message in file.messages if message.option]
    problems += _inner_problems(files, components)
    problems += _shared_tables(components)
    problems += _shared_modules(components)
    problems += shared_index_problems(components)
    problems += reference_problems(components)
    problems += shared_evolution_problems(components)
    problems += relation_problems(components)
    problems += tenant_problems(components)
    # What is generated can only be said of components that are right in themselves.
    if not problems:
        problems += _taken_names(files)
    if problems:
        raise GenerateError(problems)


def _file_problems(file: DeclaredFile) -> Iterator[Problem]:
    components = [message for message in file.messages if message.option]
    if components:
        yield from _place_problems(file)
    for message in file.messages:
        if message.option:
            yield from component_problems(message)
        else:
            yield from stray_option_problems(message)


def _inner_problems(files: Sequence[DeclaredFile], components: Iterable[DeclaredMessage]) -> list[Problem]:
    """What is wrong with the messages inside components, each once."""
    messages = {message.full_name: message for file in files for message in file.messages}
    syntaxes = {file.path: file.syntax for file in files}
    found = [inner for component in components for inner in messages_within(component, messages).values()]
    problems = [problem for field, message in found for problem in inner_problems(field, message, syntaxes)]
    return list(dict.fromkeys(problems))


def _place_problems(file: DeclaredFile) -> Iterator[Problem]:
    """A file's path is the path of its package, so that imports are the same in every language."""
    if file.syntax != "proto3":
        yield Place(file.path, 1, 1).problem(
            f'{file.syntax} is not served; start the file with `syntax = "proto3";` (as C++ toolchains of today need)'
        )
    folder, _, name = file.path.rpartition("/")
    if not file.package:
        yield Place(file.path, 1, 1).problem(
            f"the file has no package; write `package {folder.replace('/', '.') or 'plant.recipes.v1'};`"
        )
        return
    if folder.replace("/", ".") != file.package:
        remedy = _where_it_matches(file.path, f"{file.package.replace('.', '/')}/{name}")
        yield file.place.problem(f"the package {file.package} does not match the file's path; {remedy}")
    for part in file.package.split("."):
        if iskeyword(part):
            yield file.place.problem(f"`{part}` in the package is a word of Python's own; use another, like `{part}s`")
    if file.package.split(".")[0] in ("toolcrib", "google", "buf"):
        yield file.place.problem(f"the package {file.package} belongs to a library; begin yours with your own name")


def _where_it_matches(path: str, right: str) -> str:
    """What to do where a file is at `path` and should be at `right`, both relative to the folder that was named."""
    if right.endswith(f"/{path}"):
        return f"name the folder above instead, in which the file is {right}"
    if path.endswith(f"/{right}"):
        return f"name the folder {path.removesuffix(f'/{right}')} in it instead, in which the file is {right}"
    return f"move the file to {right} in the folder that you name"


def _shared_tables(components: Iterable[DeclaredMessage]) -> Iterator[Problem]:
    tables: dict[str, list[DeclaredMessage]] = defaultdict(list)
    for message in components:
        for table in tables_of(message):
            tables[table].append(message)
    for table, sharing in tables.items():
        for message in sharing[1:]:
            yield message.place.problem(
                f"{message.full_name} and {sharing[0].full_name} have the same SQL table `{table}`; set `table` in the "
                f'component option of one, like `table: "{message.package.split(".")[0]}_{table}"`'
            )


def _shared_modules(components: Iterable[DeclaredMessage]) -> Iterator[Problem]:
    modules: dict[tuple[str, str], DeclaredMessage] = {}
    for message in components:
        first = modules.setdefault((message.package, snake_case(message.name)), message)
        if first is not message:
            yield message.place.problem(
                f"{message.name} and {first.name} are the same in snake_case, and so would be their files; give one "
                "another name"
            )


def _taken_names(files: Sequence[DeclaredFile]) -> Iterator[Problem]:
    """What is generated for a component shares its package with all that is declared or generated there."""
    places = {message.full_name: message.place for file in files for message in file.messages}
    taken: dict[str, str] = {}
    for file in files:
        taken |= {f"{file.package}.{name}": f"{file.path} declares it" for name in file.names}
    paths = {file.path for file in files}
    for component in schema_of(files).components:
        place = places[component.full_name]
        own = f"{component.name} generates it"
        clashes: dict[str, str] = {}
        for name in service_names(component):
            owner = taken.setdefault(f"{component.package}.{name}", own)
            if owner != own:
                clashes.setdefault(owner, name)
        for owner, name in clashes.items():
            yield place.problem(_taken(component, name, owner))
        path = f"{component.package.replace('.', '/')}/{component.singular}_service.proto"
        if path in paths:
            yield place.problem(f"{path} is where the service of {component.name} goes; name your file otherwise")


def _taken(component: Component, name: str, owner: str) -> str:
    return (
        f"{component.name} needs the name {name} in {component.package}, but {owner}; rename one of them, or set "
        f"`plural` in the component option if it is about {component.plural_name}"
    )
