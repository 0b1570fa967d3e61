"""The rules of records: asked for many at once they say what they say of each."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.cycles.v1.machine_cycle_pb2 import PRODUCT_QUALITY_LOW, MachineCycle
from plant.recipes.v1.recipe_pb2 import Recipe
from plant.tools.v1.tool_offset_pb2 import ToolOffset
from plant.users.v1.user_pb2 import ROLE_OPERATOR, User
from support.messages import messages
from toolcrib.server.validation import Rules

VALID: dict[type[Message], Message] = {
    MachineCycle: MachineCycle(
        product_id="M14860", quality=PRODUCT_QUALITY_LOW, air_temperature_k=300, process_temperature_k=310
    ),
    Recipe: Recipe(name="bracket", speed_mm_s=1),
    ToolOffset: ToolOffset(tool_number=1),
    User: User(login="ann", display_name="Ann", role=ROLE_OPERATOR),
}


@pytest.mark.parametrize("kind", VALID, ids=lambda kind: kind.__name__)
class TestManyRecords:
    def test_valid_ones_are_found_valid_together(self, kind: type[Message]) -> None:
        rules = Rules(kind, ())
        assert rules.violations(VALID[kind]) == []
        assert rules.are_kept_in(rules.together([VALID[kind]] * 3))

    @settings(max_examples=100, deadline=None)
    @given(data=st.data())
    def test_those_of_any_values_are_judged_together_as_one_by_one(self, kind: type[Message], data: Any) -> None:
        rules = Rules(kind, ())
        given = data.draw(st.lists(messages(kind) | st.just(VALID[kind]), max_size=3))
        assert rules.are_kept_in(rules.together(given)) is not any(rules.violations(message) for message in given)
