"""A component that changes at random, with records in it: none is lost, and the past reads as it was."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.evolving import Evolving, option, part
from toolcrib.server.testing import new_database

SCALARS = ("int32", "int64", "uint64", "bool", "string", "bytes", "double", "float")
WIDER = {"int32": "int64", "bool": "int32"}
VALUES = {"bool": True, "string": "x", "bytes": "eA==", "double": 1.5, "float": 0.5}
BACKFILLS = {"bool": "true", "string": "y", "double": "2.5", "float": "0.25"}


@dataclass(frozen=True)
class Kept:
    """A field of the component as it is now."""

    number: int
    name: str
    type: str
    optional: bool
    options: dict[str, str] = field(default_factory=dict)

    def declared(self) -> str:
        """As the .proto has it."""
        label = "optional " if self.optional else ""
        return f"{label}{self.type} {self.name} = {self.number}{option(**self.options) if self.options else ''}"


@st.composite
def changes(  # noqa: PLR0911  # one for each kind
    draw: st.DrawFn, fields: list[Kept], fresh: int
) -> tuple[list[Kept], dict[int, Any], bool]:
    """The fields behind a change, what it gives to records by the field's number, and whether it has to be allowed."""
    kind = draw(st.sampled_from(("add", "backfill", "rename", "drop", "loosen", "require", "widen", "shuffle")))
    one = draw(st.sampled_from(fields))
    others = [each for each in fields if each is not one]
    plain = [replace(each, options={}) for each in others]
    name = f"field_{fresh}"
    if kind == "add":
        return [*fields, Kept(fresh, name, draw(st.sampled_from(SCALARS)), optional=True)], {}, False
    if kind == "backfill":
        type_ = draw(st.sampled_from(sorted(set(SCALARS) - {"bytes"})))
        text = BACKFILLS.get(type_, "7")
        new = Kept(fresh, name, type_, optional=draw(st.booleans()), options={"backfill": f'"{text}"'})
        return [*fields, new], {fresh: _value(type_, text)}, False
    if kind == "rename":
        return [*plain, replace(one, name=name, options={"renamed_from": f'"{one.name}"'})], {}, False
    if kind == "drop" and others:
        return plain, {}, True
    if kind == "loosen" and not one.optional:
        return [*plain, replace(one, optional=True, options={})], {}, False
    if kind == "require" and one.optional and one.type != "bytes":
        text = BACKFILLS.get(one.type, "7")
        given_ = replace(one, optional=False, options={"backfill": f'"{text}"'})
        return [*plain, given_], {one.number: _value(one.type, text)}, False
    if kind == "widen" and one.type in WIDER:
        return [*plain, replace(one, type=WIDER[one.type], options={})], {}, True
    return draw(st.permutations(fields)), {}, False


@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_record_is_lost_and_the_past_stays_readable(forged: subprocess.Popen[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder, new_database() as database:
        shop = Evolving(forged, Path(folder), database)
        fields = [Kept(10, "field_10", "int32", optional=False), Kept(11, "field_11", "string", optional=True)]
        shop.declare(part(*(each.declared() for each in fields)))
        shop.serve(("create", {}), ("create", _record(fields)), ("update", {"id": 2, "field_10": 5}))
        # What there was at each revision, by the numbers of fields.
        past = {2: {10: _text("int32"), 11: "x"}, 3: {10: 5, 11: "x"}}
        now = {1: {}, 2: {10: 5, 11: "x"}}
        types = {10: "int32", 11: "string"}
        for fresh in range(12, 12 + data.draw(st.integers(1, 3), label="changes")):
            fields, given_, is_allowed = data.draw(changes(fields, fresh))
            types = {each.number: each.type for each in fields}
            shop.declare(part(*(each.declared() for each in fields)))
            refused = shop.plan()["refused"]
            # Components that have come to be what they were before need a word for that too.
            assert bool(set(refused) - {"older"}) is is_allowed
            shop.apply(*refused)
            for record in now.values():
                for number, value in given_.items():
                    record.setdefault(number, value)
            answers = shop.serve(
                ("list",),
                *(("get", 2, {"with": {"as_of": revision}}) for revision in past),
                ("create", _record(fields)),
            )
            listed, *before, created = answers
            assert [_by_number(fields, one) for one in listed] == [_shown(one, types) for one in now.values()]
            assert [_by_number(fields, one) for one in before] == [_shown(one, types) for one in past.values()]
            now[int(created["id"])] = {each.number: _text(each.type) for each in fields}
            assert shop.steps() == []
        verified = shop.verify()
        assert verified["ok"], verified


def _record(fields: list[Kept]) -> dict[str, Any]:
    return {each.name: VALUES.get(each.type, 3) for each in fields}


def _text(type_: str) -> Any:
    return VALUES.get(type_, 3)


def _value(type_: str, text: str) -> Any:
    return {"bool": True, "string": text}.get(type_, float(text) if type_ in {"double", "float"} else 7)


def _by_number(fields: list[Kept], record: dict[str, Any]) -> dict[int, str]:
    """What a record holds, by the numbers of fields and as text: JSON spells numbers in more than one way."""
    return {each.number: _spelled(record[each.name]) for each in fields if each.name in record}


def _shown(record: dict[int, Any], types: dict[int, str]) -> dict[int, str]:
    return {number: _spelled(value) for number, value in sorted(record.items()) if number in types}


def _spelled(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
