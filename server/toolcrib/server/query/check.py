"""Types a filter's tree against a component's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolcrib.server.query.fields import COMPARABLE, Field, FieldKind
from toolcrib.server.query.literals import is_null, value_of
from toolcrib.server.query.paths import Target, element, entry, resolve
from toolcrib.server.query.refusals import refusal
from toolcrib.server.query.shape import AllOf, AnyOf, Checked, Leaf, Shape, Test
from toolcrib.server.query.tree import And, Comparison, Literal, Node, Not, Operator, Or, Place

_ORDERED = {
    Operator.LESS: Test.LESS,
    Operator.LESS_OR_EQUAL: Test.LESS_OR_EQUAL,
    Operator.GREATER: Test.GREATER,
    Operator.GREATER_OR_EQUAL: Test.GREATER_OR_EQUAL,
}
# Lists of `in` are filled up to so many values at least, and then to powers of two: few lengths, few shapes.
_LIST_MIN = 4
_HIGHEST = "\U0010ffff"
_SURROGATES = range(0xD800, 0xE000)


def check(tree: Node, fields: Mapping[str, Field]) -> Checked:
    """The tree as a shape and values. Raises InvalidRequest for names, kinds and values that do not fit."""
    checker = _Checker(fields)
    return Checked(checker.node(tree, negated=False), tuple(checker.values))


class _Checker:
    def __init__(self, fields: Mapping[str, Field]) -> None:
        self._fields = fields
        self.values: list[Any] = []

    def node(self, node: Node, *, negated: bool) -> Shape:
        match node:
            case Not(term):
                return self.node(term, negated=not negated)
            case And(terms) | Or(terms):
                parts = tuple(self.node(term, negated=negated) for term in terms)
                # Not all of them: any of them not.
                return AllOf(parts) if isinstance(node, And) is not negated else AnyOf(parts)
            case Comparison():
                return self._comparison(node, negated=negated)

    def _comparison(self, node: Comparison, *, negated: bool) -> Shape:
        target, operator = resolve(node.path, self._fields), node.operator
        if target.is_list or target.is_map or target.is_plural:
            return self._plural(target, node, negated=negated)
        field = target.field
        if operator is Operator.IN:
            return self._in(target, node, negated=negated)
        value = node.values[0]
        if operator is Operator.NOT_EQUAL:
            operator, negated = Operator.EQUAL, not negated
        if operator is Operator.HAS:
            if _is_star(value):
                return self._leaf(target, Test.NULL, [], negated=not negated)
            operator = Operator.CONTAINS if field.kind is FieldKind.STRING and not is_null(value) else Operator.EQUAL
        elif operator is Operator.EQUAL and field.kind is FieldKind.STRING:
            operator, value = _pattern(value)
        if operator is Operator.EQUAL:
            return self._equal(target, value, negated=negated)
        if is_null(value):
            raise refusal(value.place, f"null is compared by = and != only, not by {operator.value}")
        if operator in _ORDERED:
            if field.kind not in COMPARABLE:
                raise _unfit(field, operator, node.place)
            return self._leaf(target, _ORDERED[operator], [_value(target, value)], negated=negated)
        if field.kind is not FieldKind.STRING:
            raise _unfit(field, operator, node.place)
        return self._text(target, operator, _value(target, value), negated=negated)

    def _plural(self, target: Target, node: Comparison, *, negated: bool) -> Shape:
        """What is asked of a repeated field or a map: whether it has something, or anything at all."""
        if node.operator not in {Operator.HAS, Operator.CONTAINS}:
            name = ".".join(node.path.names)
            raise refusal(node.place, f"{name} holds several values; ask what it has, as in {name[:80]}:5")
        value = node.values[0]
        if _is_star(value):
            anything = element(target) if target.is_list or target.is_map else target
            return self._leaf(anything, Test.NULL, [], negated=not negated)
        if is_null(value):
            raise refusal(value.place, "null is no value that anything has")
        if target.is_map:
            return self._leaf(entry(target, _key(value)), Test.NULL, [], negated=not negated)
        return self._equal(element(target) if target.is_list else target, value, negated=negated)

    def _equal(self, target: Target, value: Literal, *, negated: bool) -> Shape:
        if is_null(value):
            return self._leaf(target, Test.NULL, [], negated=negated)
        return self._leaf(target, Test.EQUAL, [_value(target, value)], negated=negated)

    def _in(self, target: Target, node: Comparison, *, negated: bool) -> Shape:
        parts: list[Shape] = []
        if any(is_null(value) for value in node.values):
            parts.append(self._leaf(target, Test.NULL, [], negated=negated))
        values = [_value(target, value) for value in node.values if not is_null(value)]
        if values:
            room = max(_LIST_MIN, 1 << (len(values) - 1).bit_length())
            parts.append(self._leaf(target, Test.IN, values + [values[-1]] * (room - len(values)), negated=negated))
        if len(parts) == 1:
            return parts[0]
        return AllOf(tuple(parts)) if negated else AnyOf(tuple(parts))

    def _text(self, target: Target, operator: Operator, text: str, *, negated: bool) -> Shape:
        if not text:
            # Every text begins with it, ends with it and contains it.
            return self._leaf(target, Test.NULL, [], negated=not negated)
        if operator is Operator.CONTAINS:
            return self._leaf(target, Test.CONTAINS, [text], negated=negated)
        if operator is Operator.SUFFIX:
            encoded = text.encode()
            return self._leaf(target, Test.SUFFIX, [-len(encoded), encoded], negated=negated)
        # Text is ordered by its characters: an index serves a prefix as a range.
        behind = _behind(text)
        if behind is None:
            return self._leaf(target, Test.GREATER_OR_EQUAL, [text], negated=negated)
        return self._leaf(target, Test.RANGE, [text, behind], negated=negated)

    def _leaf(self, target: Target, test: Test, values: Sequence[Any], *, negated: bool) -> Leaf:
        given = [*target.keys, *values]
        self.values.extend(given)
        is_number = target.field.kind in {FieldKind.FLOAT, FieldKind.DOUBLE}
        return Leaf(target.column, target.steps, test, len(given), negated, is_number)


def _value(target: Target, literal: Literal) -> Any:
    return target.stored(value_of(target.field, literal))


def _is_star(value: Literal) -> bool:
    """Whether it asks for anything at all."""
    return value.bare and value.value == "*"


def _key(value: Literal) -> str:
    """A key of a map, as JSON spells it."""
    return str(value.value).lower() if isinstance(value.value, bool) else str(value.value)


def _pattern(value: Literal) -> tuple[Operator, Literal]:
    """What `=` means for text: with a `*` in front or behind it is a part that is asked for. Raises InvalidRequest."""
    if value.inner_star is not None:
        raise refusal(value.place, "a * stands first or last; as a character it is written \\*")
    if not (value.open_start or value.open_end):
        return Operator.EQUAL, value
    text = str(value.value)[value.open_start : -1 if value.open_end else None]
    operator = Operator.PREFIX if not value.open_start else Operator.CONTAINS if value.open_end else Operator.SUFFIX
    return operator, Literal(text, value.place)


def _behind(prefix: str) -> str | None:
    """The least text that is greater than all that begin with `prefix`; None where there is none."""
    kept = prefix.rstrip(_HIGHEST)
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)


def _unfit(field: Field, operator: Operator, place: Place) -> Exception:
    kind = "enum" if field.kind is FieldKind.ENUM else field.kind.value
    return refusal(place, f"{field.name} ({kind}) cannot be compared by {operator.value}")
