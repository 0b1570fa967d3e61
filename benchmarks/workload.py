"""The requests: for each operation the method's path and an endless stream of serialized requests.

All are made before anything is measured. Records are the machine cycles of examples/data.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, product

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from benchmarks.echo_server import SERVICE as ECHO_SERVICE
from benchmarks.operations import BATCH_SIZE, LIST_SIZE, SIZES, VERSIONS, recipe_name
from benchmarks.processes import PROJECT
from plant.cycles.v1 import machine_cycle_service_pb2 as requests
from plant.cycles.v1.machine_cycle_pb2 import (
    PRODUCT_QUALITY_HIGH,
    PRODUCT_QUALITY_LOW,
    PRODUCT_QUALITY_MEDIUM,
    MachineCycle,
)
from plant.recipes.v1.recipe_service_pb2 import DESCRIPTOR as RECIPES
from plant.recipes.v1.recipe_service_pb2 import GetRecipeRequest, ListRecipesRequest

_SERVICE = requests.DESCRIPTOR.services_by_name["MachineCycleService"].full_name
_DATA = PROJECT / "examples" / "data" / "ai4i2020.csv"
_QUALITIES = {"L": PRODUCT_QUALITY_LOW, "M": PRODUCT_QUALITY_MEDIUM, "H": PRODUCT_QUALITY_HIGH}


@dataclass(frozen=True, slots=True)
class Stream:
    """One operation's requests. The stream goes on from round to round."""

    path: str
    payloads: Iterator[bytes]


def streams() -> dict[str, Stream]:
    """The stream of each operation, by its name in operations.py."""
    cycles = records()
    creates = [requests.CreateMachineCycleRequest(machine_cycle=record) for record in cycles]
    return {
        "echo": Stream(f"/{ECHO_SERVICE}/Echo", _endless([_as_answered(record) for record in cycles])),
        "get": _stream("GetMachineCycle", [requests.GetMachineCycleRequest(id=key) for key in _shuffled(len(cycles))]),
        "create": _stream("CreateMachineCycle", creates),
        "update": _stream("UpdateMachineCycle", _updates(cycles)),
        "list": _stream("ListMachineCycles", [requests.ListMachineCyclesRequest(page_size=LIST_SIZE)]),
        "batch_create": _stream("BatchCreateMachineCycles", _batches(creates)),
    }


def filter_streams() -> dict[str, Stream]:
    """Lists by filters on the unique name of recipes, which recipe_name makes, by the names that sizes.py has for them.

    For each size the names are those of any of its records. "known" and "unknown" filters are alike in length and in
    what they find, but of the known ones only the values differ.
    """
    sized = {f"filter_{size}": [_by_name(number) for number in _sample(size)] for size in SIZES}
    # What is true of every record, in many ways.
    true = [f"id {operator} {value}" for operator, value in ((">", 0), (">=", 0), ("!=", 0), ("<", 10**9))]
    combinations = list(product(true, repeat=6))
    random.Random(2).shuffle(combinations)
    numbers = _sample(SIZES[0])
    unknown = [_by_name(number, *more) for number, more in zip(cycle(numbers), combinations, strict=False)]
    known = [_by_name(number, *combinations[0]) for number in numbers]
    lists = {**sized, "filter_known": known, "filter_unknown": unknown}
    path = f"/{RECIPES.services_by_name['RecipeService'].full_name}/ListRecipes"
    return {name: Stream(path, _endless(messages)) for name, messages in lists.items()}


def past_streams() -> dict[str, Stream]:
    """Gets of the recipe 1, that past.py makes, as it is and as it was at any revision."""
    revisions = random.Random(4).sample(range(1, VERSIONS), 4000)
    path = f"/{RECIPES.services_by_name['RecipeService'].full_name}/GetRecipe"
    return {
        "present": Stream(path, _endless([GetRecipeRequest(id=1)])),
        "past": Stream(path, _endless([GetRecipeRequest(id=1, as_of_revision=number) for number in revisions])),
    }


def _by_name(number: int, *conditions: str) -> ListRecipesRequest:
    text = " AND ".join([f'name >= "{recipe_name(number)}"', *conditions])
    return ListRecipesRequest(filter=text, order_by="name", page_size=LIST_SIZE)


def _sample(size: int) -> list[int]:
    """Numbers of records that have a whole page behind them."""
    return random.Random(3).sample(range(size - LIST_SIZE), 4000)


def preload() -> tuple[str, list[bytes]]:
    """The path and the requests that fill an empty database with the records whose keys Get and Update name."""
    creates = [requests.CreateMachineCycleRequest(machine_cycle=record) for record in records()]
    return f"/{_SERVICE}/BatchCreateMachineCycles", [batch.SerializeToString() for batch in _batches(creates)]


def _stream(method: str, messages: Sequence[Message]) -> Stream:
    return Stream(f"/{_SERVICE}/{method}", _endless(messages))


def _endless(messages: Sequence[Message]) -> Iterator[bytes]:
    return cycle([message.SerializeToString() for message in messages])


def records() -> list[MachineCycle]:
    """The machine cycles of the examples."""
    with _DATA.open(encoding="utf-8-sig", newline="") as file:
        return [_record(row) for row in csv.DictReader(file)]


def _record(row: dict[str, str]) -> MachineCycle:
    return MachineCycle(
        product_id=row["Product ID"],
        quality=_QUALITIES[row["Type"]],
        air_temperature_k=float(row["Air temperature [K]"]),
        process_temperature_k=float(row["Process temperature [K]"]),
        rotational_speed_rpm=int(row["Rotational speed [rpm]"]),
        torque_nm=float(row["Torque [Nm]"]),
        tool_wear_min=int(row["Tool wear [min]"]),
        machine_failure=row["Machine failure"] == "1",
    )


def _as_answered(record: MachineCycle) -> Message:
    """The record with what the server fills in, so that the echo carries what a Get answers."""
    answered = MachineCycle(id=12345, create_time=Timestamp(seconds=1_750_000_000, nanos=123_456_000), etag="12345")
    answered.MergeFrom(record)
    return answered


def _shuffled(count: int) -> list[int]:
    keys = list(range(1, count + 1))
    random.Random(1).shuffle(keys)
    return keys


def _updates(records: list[MachineCycle]) -> list[Message]:
    """Two changes of each record, far apart, to different values: each changes something, however often they repeat."""
    return [
        requests.UpdateMachineCycleRequest(
            machine_cycle=MachineCycle(id=key, torque_nm=records[key - 1].torque_nm + shift),
            update_mask=FieldMask(paths=["torque_nm"]),
        )
        for shift in (1, 2)
        for key in _shuffled(len(records))
    ]


def _batches(creates: list[requests.CreateMachineCycleRequest]) -> list[Message]:
    remaining = iter(creates)
    batches: list[Message] = []
    while batch := list(islice(remaining, BATCH_SIZE)):
        batches.append(requests.BatchCreateMachineCyclesRequest(requests=batch))
    return batches
