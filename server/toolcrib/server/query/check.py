"""Types a filter's tree against a component's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolcrib.server.query.fields import COMPARABLE, Field, FieldKind
from toolcrib.server.query.literals import is_null, value_of
from toolcrib.server.query.paths import Target, element, entry, resolve
from toolcrib.server.query.patterns import behind, is_star, map_key, pattern
from toolcrib.server.query.refusals import refusal
from toolcrib.server.query.shape import EVERYTHING, AllOf, AnyOf, Checked, Leaf, Related, Shape, Test
from toolcrib.server.query.tree import And, Comparison, Literal, Node, Not, Operator, Or, Place

_ORDERED = {
    Operator.LESS: Test.LESS,
    Operator.LESS_OR_EQUAL: Test.LESS_OR_EQUAL,
    Operator.GREATER: Test.GREATER,
    Operator.GREATER_OR_EQUAL: Test.GREATER_OR_EQUAL,
}
# Lists of `in` are filled up to so many values at least, and then to powers of two: few lengths, few shapes.
_LIST_MIN = 4


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
        if target.is_list or target.is_map:
            return self._plural(target, node, negated=negated)
        if target.is_plural:
            self._require_one_meaning(node)
        field = target.field
        if operator is Operator.IN:
            return self._in(target, node, negated=negated)
        value = node.values[0]
        if operator is Operator.NOT_EQUAL:
            operator, negated = Operator.EQUAL, not negated
        if operator is Operator.HAS:
            if is_star(value):
                return self._leaf(target, Test.NULL, [], negated=not negated)
            is_text = field.kind is FieldKind.STRING and not target.is_plural
            operator = Operator.CONTAINS if is_text and not is_null(value) else Operator.EQUAL
        elif operator is Operator.EQUAL and field.kind is FieldKind.STRING:
            operator, value = pattern(value)
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
        operator, value, name = node.operator, node.values[0] if node.values else None, _shown(node)
        if value is not None and operator in {Operator.EQUAL, Operator.NOT_EQUAL} and is_null(value):
            return self._leaf(element(target), Test.NULL, [], negated=negated is not (operator is Operator.NOT_EQUAL))
        if value is not None and operator is Operator.HAS and is_star(value):
            return self._leaf(element(target), Test.NULL, [], negated=not negated)
        if target.field.is_relation:
            inner = f"{name}.{next(iter(target.field.fields)).name}:5"
            raise refusal(node.place, f"{name} has records; ask for their fields, as in {inner}, or for {name}:*")
        if value is None or operator not in {Operator.HAS, Operator.CONTAINS}:
            raise refusal(node.place, f"{name} holds several values; ask what it has, as in {name}:5")
        if is_null(value):
            raise refusal(value.place, "null is no value that anything has")
        if target.is_map:
            return self._leaf(entry(target, map_key(value)), Test.NULL, [], negated=not negated)
        return self._equal(element(target), value, negated=negated)

    def _require_one_meaning(self, node: Comparison) -> None:
        """Of several values any may be as asked; raises InvalidRequest where "any" could also be meant as "none"."""
        name = _shown(node)
        if node.operator is Operator.NOT_EQUAL:
            raise refusal(node.place, f"{name} may have several values; write NOT {name}:5, which none of them is")
        for value in node.values:
            if is_null(value):
                raise refusal(value.place, f"{name} may have several values, none of which is null; ask for {name}:*")

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
            return self._leaf(target, Test.SUFFIX, [text], negated=negated)
        # Text is ordered by its characters: an index serves a prefix as a range.
        end = behind(text)
        if end is None:
            return self._leaf(target, Test.GREATER_OR_EQUAL, [text], negated=negated)
        return self._leaf(target, Test.RANGE, [text, end], negated=negated)

    def _leaf(self, target: Target, test: Test, values: Sequence[Any], *, negated: bool) -> Shape:
        given = [*target.keys, *values]
        self.values.extend(given)
        kind = target.field.kind
        if not target.relations:
            return Leaf(target.column, target.steps, test, len(given), negated, kind)
        # Unset is what no record has set: there may be none at all.
        unset = test is Test.NULL
        leaf = Leaf(target.column, target.steps, test, len(given), negated=unset, kind=kind)
        return Related(target.relations, leaf if target.column else EVERYTHING, negated is not unset)


def _shown(node: Comparison) -> str:
    """The path of a comparison, for a refusal."""
    return ".".join(node.path.names)[:80]


def _value(target: Target, literal: Literal) -> Any:
    return target.stored(value_of(target.field, literal))


def _unfit(field: Field, operator: Operator, place: Place) -> Exception:
    kind = "enum" if field.kind is FieldKind.ENUM else field.kind.value
    return refusal(place, f"{field.name} ({kind}) cannot be compared by {operator.value}")
