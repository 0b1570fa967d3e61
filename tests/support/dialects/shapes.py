"""Every kind of question that can be asked of a component's fields, each once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby

from toolcrib.server.query.fields import COMPARABLE, Field, FieldKind
from toolcrib.server.query.shape import Leaf, Related, Shape, Step, Test, Way

_VALUES = {Test.NULL: 0, Test.IN: 4, Test.RANGE: 2}
_ALWAYS = (Test.EQUAL, Test.IN, Test.NULL)
_ORDERED = (Test.LESS, Test.LESS_OR_EQUAL, Test.GREATER, Test.GREATER_OR_EQUAL)
_OF_TEXT = (Test.RANGE, Test.SUFFIX, Test.CONTAINS)
_DEPTH_MAX = 2


_Known = set[tuple[object, ...]]


def every_shape(fields: Collection[Field], seen: _Known) -> Iterator[Shape]:
    """Leaves that differ from those `seen` in more than names, and the same through relations; all negated too."""
    for leaf, optional in _leaves([field for field in fields if not field.is_relation]):
        # Several names, one behind the other, are one path.
        ways = tuple(step for step, _ in groupby(step if isinstance(step, Way) else None for step in leaf.steps))
        known = leaf.kind, leaf.test, ways, leaf.negated, optional and not leaf.steps
        if known not in seen:
            seen.add(known)
            yield leaf
    for field in fields:
        if field.is_relation:
            first = next(iter(field.fields))
            yield from (
                Related((field.name,), _leaf(first, first.name, (), Test.EQUAL, is_not), is_not) for is_not in _NOT
            )


_NOT = (False, True)


def _leaves(fields: Collection[Field], column: str = "", steps: tuple[Step, ...] = ()) -> Iterator[tuple[Leaf, bool]]:
    for field in fields:
        name, way = column or field.name, (*steps, field.name) if column else ()
        ways = [way]
        if field.repeated:
            ways = [(*way, Way.ELEMENT)]
        elif field.map_key is not None:
            ways = [(*way, Way.VALUE), (*way, Way.ENTRY)]
        for one in ways:
            for test in _tests(field.kind):
                yield from ((_leaf(field, name, one, test, is_not), field.optional) for is_not in _NOT)
            if field.kind is FieldKind.MESSAGE and len(one) < _DEPTH_MAX:
                yield from _leaves(field.fields, name, one)


def _leaf(field: Field, column: str, steps: tuple[Step, ...], test: Test, negated: bool) -> Leaf:
    return Leaf(column, steps, test, steps.count(Way.ENTRY) + _VALUES.get(test, 1), negated, field.kind)


def _tests(kind: FieldKind) -> tuple[Test, ...]:
    if kind is FieldKind.MESSAGE:
        return (Test.NULL,)
    ordered = _ORDERED if kind in COMPARABLE else ()
    return (*_ALWAYS, *ordered, *(_OF_TEXT if kind is FieldKind.STRING else ()))
