"""The components that the model knows, those in the folder beside this file, said once more in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.lab import generated

COMPONENTS = Path(__file__).parent / "components"
PACKAGE = "cells.v1"
RESTRICT, CASCADE, SET_NULL = "restrict", "cascade", "set null"

Key = int | str


@dataclass(frozen=True)
class Kind:
    """A component. `references` has for each field the component that it refers to, and what becomes of it."""

    name: str
    key: str
    fields: Sequence[str]
    references: dict[str, tuple[str, str]]
    soft_delete: bool = True
    keeps_versions: bool = True
    gives_key: bool = False
    unique_live: str = ""
    excluded: str = ""

    @property
    def component(self) -> str:
        """The full name of its message."""
        return f"{PACKAGE}.{self.name}"

    @property
    def plural(self) -> str:
        """As in the names of methods."""
        return f"{self.name}s"

    @property
    def record(self) -> str:
        """As in the names of fields."""
        return self.name.lower()

    def message(self, **values: Any) -> Any:
        """A record."""
        return _generated("cell_pb2", self.name)(**values)

    def request(self, method: str, **values: Any) -> Any:
        """A request of its service."""
        return _generated(f"{self.record}_service_pb2", f"{method}Request")(**values)

    def stub(self, channel: Any) -> Any:
        """Its service."""
        return _generated(f"{self.record}_service_pb2_grpc", f"{self.name}ServiceStub")(channel)

    def repository(self) -> Any:
        """What the server knows of it."""
        return _generated(f"{self.record}_repository", f"{self.name}Repository")

    def key_of(self, message: Any) -> Key:
        """The key of a record."""
        key: Key = getattr(message, self.key)
        return key

    def value(self, message: Any, field: str) -> Key | None:
        """What a record has in a field that refers to another; None where it refers to none."""
        if message.DESCRIPTOR.fields_by_name[field].has_presence and not message.HasField(field):
            return None
        value: Key = getattr(message, field)
        return value

    def differing(self, before: Any, after: Any, names: Sequence[str]) -> list[str]:
        """The fields among `names` in which two records differ; None has nothing in any."""
        sides = [self.message() if record is None else record for record in (before, after)]
        return [name for name in names if len({content(side, only=[name]) for side in sides}) > 1]

    def told(self, message: Any) -> bytes:
        """What makes a version of a record another one."""
        return content(message, without=[self.excluded, "etag"])


def content(message: Any, *, without: Sequence[str] = (), only: Sequence[str] = ()) -> bytes:
    """A record to the bit: the whole, or without some of its fields, or only these."""
    shown = copy_of(message)
    for field in message.DESCRIPTOR.fields:
        if field.name in without or (only and field.name not in only):
            shown.ClearField(field.name)
    result: bytes = shown.SerializeToString(deterministic=True)
    return result


def copy_of(message: Any) -> Any:
    """Another one of the same."""
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _generated(module: str, name: str) -> Any:
    return generated(f"{PACKAGE}.{module}", name, COMPONENTS)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "Cell",
            "id",
            ["name", "whole", "size", "visits"],
            {"whole": ("Cell", CASCADE)},
            unique_live="name",
            excluded="visits",
        ),
        Kind(
            "Arm",
            "code",
            ["cell", "twin", "reach", "hours"],
            {"cell": ("Cell", CASCADE), "twin": ("Arm", SET_NULL)},
            soft_delete=False,
            gives_key=True,
            excluded="hours",
        ),
        Kind(
            "Job",
            "id",
            ["cell", "arm", "text"],
            {"cell": ("Cell", RESTRICT), "arm": ("Arm", SET_NULL)},
            keeps_versions=False,
        ),
    )
}
# The records that a record owns, by the name of the relation: which are of that kind, and refer to it in that field.
OWNED = {"cells": ("Cell", "whole"), "arms": ("Arm", "cell")}
