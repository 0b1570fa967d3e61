"""Refusals that no .proto can show: those about options of a newer version. The others are golden cases."""

from dataclasses import replace
from pathlib import Path

import pytest

from toolcrib.codegen import GenerateError, Problem
from toolcrib.codegen import compile as compile_
from toolcrib.codegen.compile import describe
from toolcrib.codegen.declared import DeclaredFile
from toolcrib.codegen.descriptors import read_files
from toolcrib.codegen.refusals import refuse
from toolcrib.codegen.sources import find_protos

COMPONENTS = Path(__file__).parents[2] / "examples" / "components"
CYCLE = "plant/cycles/v1/machine_cycle.proto"


@pytest.fixture
def file() -> DeclaredFile:
    return read_files(describe(COMPONENTS, find_protos(COMPONENTS)), [CYCLE])[0]


def refused(file: DeclaredFile) -> str:
    with pytest.raises(GenerateError) as caught:
        refuse([file])
    return str(caught.value)


def test_an_option_of_a_newer_version_is_refused(file: DeclaredFile) -> None:
    descriptors = describe(COMPONENTS, [CYCLE])
    cycle = next(found for found in descriptors.file if found.name == CYCLE).message_type[0]
    # Field 81710, a message of four bytes: number 78 as 1, and number 49 as 2.
    cycle.options.MergeFromString(bytes.fromhex("f2f227") + b"\x06" + bytes.fromhex("f00401880302"))
    cycle.field[1].options.MergeFromString(bytes.fromhex("f2f227") + b"\x03" + bytes.fromhex("f80401"))
    newer = read_files(descriptors, [CYCLE])[0]
    assert refused(newer).splitlines() == [
        f"{CYCLE}:11:3: option number 49 of the component is unknown to this version; it needs a newer toolcrib",
        f"{CYCLE}:11:3: option number 78 of the component is unknown to this version; it needs a newer toolcrib",
        f"{CYCLE}:15:3: option number 79 of `product_id` is unknown to this version; it needs a newer toolcrib",
    ]


def test_a_key_source_of_a_newer_version_is_refused(file: DeclaredFile) -> None:
    message = file.messages[0]
    key = replace(message.fields[0], key_source=None)
    newer = replace(file, messages=(replace(message, fields=(key, *message.fields[1:])),))
    assert "the key_source of `id` is unknown to this version; it needs a newer toolcrib" in refused(newer)


def test_missing_libraries_are_said_with_what_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_, "find_spec", lambda name: None if name == "protovalidate" else name)
    compile_.provided_descriptors.cache_clear()
    with pytest.raises(GenerateError, match=r"needs protovalidate; install .* `pip install 'toolcrib\[codegen\]'`"):
        compile_.provided_descriptors()


def test_what_is_right_is_not_refused(file: DeclaredFile) -> None:
    refuse([file])


def test_problems_are_sorted_and_told_once() -> None:
    second, first = Problem("b.proto", 2, 1, "wrong"), Problem("a.proto", 10, 1, "wrong")
    error = GenerateError([second, first, second])
    assert error.problems == (first, second)
    assert str(error) == "a.proto:10:1: wrong\nb.proto:2:1: wrong"
    assert str(Problem("", 0, 0, "wrong")) == "wrong"
