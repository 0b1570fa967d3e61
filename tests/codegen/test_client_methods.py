"""The shape that clients have in every language."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from toolcrib.codegen.client_methods import Call, ClientMethod, Takes, client_methods
from toolcrib.codegen.python_names import module_path
from toolcrib.codegen.service import service_methods
from toolcrib.codegen.sources import load_schema

# What Python calls otherwise, as people write it: a mask's paths, a revision or a time, where a watch begins.
IN_PYTHON = {"update_mask": "mask", "as_of_revision": "as_of", "as_of_time": "as_of"}
# `**asked: Unpack[Watching]`, which has these.
WATCHING = {"start", "include_previous"}

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/expected"))


def methods_of(case: str) -> dict[str, dict[str, ClientMethod]]:
    schema, _ = load_schema(GOLDEN / case / "input")
    return {component.name: {one.name: one for one in client_methods(component)} for component in schema.components}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_method_of_a_service_is_in_its_client_and_every_field_of_its_requests_can_be_given(case: Path) -> None:
    schema, _ = load_schema(case / "input")
    for component in schema.components:
        methods = client_methods(component)
        assert {method.rpc for method in methods} == set(service_methods(component))
        for method in methods:
            given = {field.name for field in (*method.arguments, *method.options)}
            if method.takes is Takes.KEY:
                given |= {field.name for field in component.key}
            if method.takes is Takes.RECORD:
                given.add(component.singular)
            if method.takes in (Takes.KEYS, Takes.RECORDS, Takes.MASKED_RECORDS):
                given.add("requests")
            if method.call is Call.PAGES:
                given.add("page_token")
            assert given == {field.name for field in method.request.fields}, method.name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_clients_of_python_have_every_method_with_all_that_it_can_be_given(case: Path) -> None:
    schema, _ = load_schema(case / "input")
    for component in schema.components:
        source = (case / "expected" / module_path(component, "client")).read_text("utf-8")
        classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
        for name in (f"{component.name}Client", f"Async{component.name}Client"):
            functions = {
                node.name: node
                for node in classes[name].body
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
            }
            assert functions.keys() == {method.name for method in client_methods(component)} | {"where"}
            for method in client_methods(component):
                assert wanted(method) <= parameters(functions[method.name]), f"{name}.{method.name}"


def wanted(method: ClientMethod) -> set[str]:
    """The parameters that Python's method has to have."""
    names = {field.name for field in (*method.arguments, *method.options, *method.item_options)}
    names -= WATCHING if method.call is Call.WATCH else set()
    return {IN_PYTHON.get(name, name) for name in names}


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The names that a function takes."""
    return {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}


def test_who_iterates_never_sees_a_page() -> None:
    for methods in methods_of("history").values():
        paged = [method for method in methods.values() if method.call is Call.PAGES]
        assert {method.name for method in paged} >= {"list"}
        for method in paged:
            assert "page_token" not in {field.name for field in method.options}
            assert method.answers


def test_what_is_deleted_for_good_answers_nothing() -> None:
    methods = methods_of("client_given_key")
    for one in methods.values():
        assert ("undelete" in one) == (one["delete"].answers == "")
        assert (one["batch_delete"].answers is None) == ("undelete" not in one)
