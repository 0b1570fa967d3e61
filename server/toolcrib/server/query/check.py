"""Types a filter's tree against a component's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolcrib.server.query.fields import COMPARABLE, Field, FieldKind, did_you_mean
from toolcrib.server.query.literals import is_null, value_of
from toolcrib.server.query.refusals import refusal
from toolcrib.server.query.shape import AllOf, AnyOf, Checked, Leaf, Shape, Test
from toolcrib.server.query.tree import And, Comparison, FieldPath, Literal, Node, Not, Operator, Or, Place

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
        field, operator = self._field(node.path), node.operator
        if operator is Operator.IN:
            return self._in(field, node, negated=negated)
        value = node.values[0]
        if operator is Operator.NOT_EQUAL:
            operator, negated = Operator.EQUAL, not negated
        if operator is Operator.HAS:
            if value.bare and value.value == "*":
                return self._leaf(field, Test.NULL, [], negated=not negated)
            operator = Operator.CONTAINS if field.kind is FieldKind.STRING and not is_null(value) else Operator.EQUAL
        elif operator is Operator.EQUAL and field.kind is FieldKind.STRING:
            operator, value = _pattern(value)
        if operator is Operator.EQUAL:
            return self._equal(field, value, negated=negated)
        if is_null(value):
            raise refusal(value.place, f"null is compared by = and != only, not by {operator.value}")
        if operator in _ORDERED:
            if field.kind not in COMPARABLE:
                raise _unfit(field, operator, node.place)
            return self._leaf(field, _ORDERED[operator], [value_of(field, value)], negated=negated)
        if field.kind is not FieldKind.STRING:
            raise _unfit(field, operator, node.place)
        return self._text(field, operator, value_of(field, value), negated=negated)

    def _equal(self, field: Field, value: Literal, *, negated: bool) -> Shape:
        if is_null(value):
            return self._leaf(field, Test.NULL, [], negated=negated)
        return self._leaf(field, Test.EQUAL, [value_of(field, value)], negated=negated)

    def _in(self, field: Field, node: Comparison, *, negated: bool) -> Shape:
        parts: list[Shape] = []
        if any(is_null(value) for value in node.values):
            parts.append(self._leaf(field, Test.NULL, [], negated=negated))
        values = [value_of(field, value) for value in node.values if not is_null(value)]
        if values:
            room = max(_LIST_MIN, 1 << (len(values) - 1).bit_length())
            parts.append(self._leaf(field, Test.IN, values + [values[-1]] * (room - len(values)), negated=negated))
        if len(parts) == 1:
            return parts[0]
        return AllOf(tuple(parts)) if negated else AnyOf(tuple(parts))

    def _text(self, field: Field, operator: Operator, text: str, *, negated: bool) -> Shape:
        if not text:
            # Every text begins with it, ends with it and contains it.
            return self._leaf(field, Test.NULL, [], negated=not negated)
        if operator is Operator.CONTAINS:
            return self._leaf(field, Test.CONTAINS, [text], negated=negated)
        if operator is Operator.SUFFIX:
            encoded = text.encode()
            return self._leaf(field, Test.SUFFIX, [-len(encoded), encoded], negated=negated)
        # Text is ordered by its characters: an index serves a prefix as a range.
        behind = _behind(text)
        if behind is None:
            return self._leaf(field, Test.GREATER_OR_EQUAL, [text], negated=negated)
        return self._leaf(field, Test.RANGE, [text, behind], negated=negated)

    def _leaf(self, field: Field, test: Test, values: Sequence[Any], *, negated: bool) -> Leaf:
        self.values.extend(values)
        return Leaf((field.name,), test, len(values), negated)

    def _field(self, path: FieldPath) -> Field:
        name = path.names[0]
        field = self._fields.get(name)
        if field is None:
            raise refusal(path.place, f"there is no field {name[:80]!r}{did_you_mean(name, self._fields)}")
        if len(path.names) > 1:
            raise refusal(path.place, f"{name} has no fields inside")
        return field


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
