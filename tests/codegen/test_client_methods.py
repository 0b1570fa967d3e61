"""The shape that clients have in every language."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolcrib.codegen.client_methods import Call, ClientMethod, Takes, client_methods
from toolcrib.codegen.service import service_methods
from toolcrib.codegen.sources import load_schema

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
