"""What a service is made of, before any language spells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceMethod:
    """A method, which answers once or `streams`. Its types are named as within the service's own package."""

    name: str
    request: str
    response: str
    comment: str
    streams: bool = False


@dataclass(frozen=True, slots=True)
class ServiceField:
    """A field of a request or answer."""

    type: str
    name: str
    number: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ServiceMessage:
    """A request or an answer."""

    name: str
    fields: tuple[ServiceField, ...]
