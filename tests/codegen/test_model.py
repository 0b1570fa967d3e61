"""The model, the names made of names, and the numbers that never change."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path

import pytest

from toolcrib.codegen import model, request_fields
from toolcrib.codegen.names import plural_of, snake_case, stub_module
from toolcrib.codegen.sources import load_schema

COMPONENTS = Path(__file__).parents[2] / "examples" / "components"


def test_model_cannot_be_changed() -> None:
    schema, _ = load_schema(COMPONENTS)
    seen = {type(part) for part in walk(schema)}
    assert {model.Schema, model.Component, model.Field, model.EnumType, model.EnumValue} < seen
    assert {model.Index, model.IndexColumn, model.Reference, model.Relation} < seen
    for part in walk(schema):
        name = fields(part)[0].name  # type: ignore[arg-type]  # walk gives dataclasses only
        with pytest.raises(FrozenInstanceError):
            setattr(part, name, None)
        hash(part)


def walk(part: object) -> list[object]:
    if isinstance(part, tuple):
        return [inner for item in part for inner in walk(item)]
    if not is_dataclass(part):
        return []
    return [part, *(inner for field in fields(part) for inner in walk(getattr(part, field.name)))]


def test_model_knows_no_language() -> None:
    source = Path(model.__file__).read_text("utf-8")
    assert "import google" not in source
    assert "from google" not in source
    assert "toolcrib.codegen" not in source


def test_comments_and_options_are_carried() -> None:
    schema, _ = load_schema(COMPONENTS)
    cycle, recipe, _, tool, user = schema.components
    assert recipe.comment == "How a part is made: the settings an operator chooses by name."
    assert [field.name for field in recipe.key] == ["id"]
    assert recipe.key_allocation is model.KeyAllocation.SEQUENCE
    assert [field.name for field in recipe.unique_fields] == ["name"]
    assert tool.key_allocation is model.KeyAllocation.CLIENT
    assert user.key_allocation is model.KeyAllocation.UUID7
    assert (user.table, user.max_records, user.plural_name) == ("machine_user", 500, "Users")
    assert (cycle.singular, cycle.plural, cycle.soft_delete) == ("machine_cycle", "machine_cycles", False)


@pytest.mark.parametrize(
    ("name", "plural"),
    [
        ("Recipe", "Recipes"),
        ("MachineAxis", "MachineAxes"),
        ("Batch", "Batches"),
        ("ToolBox", "ToolBoxes"),
        ("Category", "Categories"),
        ("Day", "Days"),
        ("Status", "Statuses"),
        ("Person", "People"),
        ("MachineSeries", "MachineSeries"),
    ],
)
def test_plurals(name: str, plural: str) -> None:
    assert plural_of(name) == plural


def test_snake_case_and_stubs() -> None:
    assert [snake_case(name) for name in ("Recipe", "MachineCycle", "HTTPTool", "Tool2D")] == [
        "recipe",
        "machine_cycle",
        "http_tool",
        "tool2_d",
    ]
    assert stub_module("plant/a/v1/my-tools.proto") == "plant.a.v1.my_tools_pb2"


def test_request_numbers_are_as_released() -> None:
    assert dict(request_fields.LIST_REQUEST) == {
        "page_size": 1,
        "page_token": 2,
        "filter": 3,
        "order_by": 4,
        "query": 5,
    }
    assert dict(request_fields.LIST_RESPONSE) == {"next_page_token": 2, "revision": 3}
    assert dict(request_fields.COMMON) == {
        "request_id": 10,
        "validate_only": 11,
        "etag": 12,
        "allow_missing": 13,
        "show_deleted": 14,
        "as_of_revision": 16,
        "as_of_time": 17,
        "read_mask": 18,
        "include": 19,
    }
    assert min(request_fields.COMMON.values()) > request_fields.KEY_FIELDS_MAX
