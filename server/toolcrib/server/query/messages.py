"""Reads a filter that is a message (toolcrib.query.v1.Filter) into the tree that its text would give."""

from __future__ import annotations

from typing import Any

from toolcrib.query.v1 import query_pb2
from toolcrib.query.v1.query_pb2 import Filter, Value
from toolcrib.server.query.refusals import DEPTH_MAX, Budget, refusal, too_deep
from toolcrib.server.query.tree import And, Comparison, FieldPath, Literal, Node, Not, Operator, Or
from toolcrib.server.values import duration_to_timedelta, timestamp_to_datetime

_FIELD = "query"
_DURATION_MAX_S = 315_576_000_000
_OPERATORS = {
    query_pb2.OPERATOR_EQUAL: Operator.EQUAL,
    query_pb2.OPERATOR_NOT_EQUAL: Operator.NOT_EQUAL,
    query_pb2.OPERATOR_LESS: Operator.LESS,
    query_pb2.OPERATOR_LESS_OR_EQUAL: Operator.LESS_OR_EQUAL,
    query_pb2.OPERATOR_GREATER: Operator.GREATER,
    query_pb2.OPERATOR_GREATER_OR_EQUAL: Operator.GREATER_OR_EQUAL,
    query_pb2.OPERATOR_IN: Operator.IN,
    query_pb2.OPERATOR_PREFIX: Operator.PREFIX,
    query_pb2.OPERATOR_SUFFIX: Operator.SUFFIX,
    query_pb2.OPERATOR_CONTAINS: Operator.CONTAINS,
}


def read_message(message: Filter) -> Node:
    """The tree of `message`; one without a kind asks for everything. Raises InvalidRequest with the path."""
    if message.WhichOneof("kind") is None:
        return And(())
    return _node(message, _FIELD, 0, Budget())


def _node(message: Filter, place: str, depth: int, budget: Budget) -> Node:
    if depth > DEPTH_MAX:
        raise too_deep(place)
    match message.WhichOneof("kind"):
        case "comparison":
            return _comparison(message.comparison, f"{place}.comparison", budget)
        case "all":
            return And(_nodes(message.all, f"{place}.all", depth, budget))
        case "any":
            return Or(_nodes(message.any, f"{place}.any", depth, budget))
        case "not":
            # A keyword of Python.
            return Not(_node(getattr(message, "not"), f"{place}.not", depth + 1, budget))
    raise refusal(place, "is empty; set comparison, all, any or not")


def _nodes(message: query_pb2.FilterList, place: str, depth: int, budget: Budget) -> tuple[Node, ...]:
    return tuple(
        _node(item, f"{place}.filters[{index}]", depth + 1, budget) for index, item in enumerate(message.filters)
    )


def _comparison(message: query_pb2.Comparison, place: str, budget: Budget) -> Comparison:
    budget.take_term(place)
    operator = _OPERATORS.get(message.operator)
    if operator is None:
        raise refusal(f"{place}.operator", f"{message.operator} is not an operator")
    values = tuple(_literal(value, f"{place}.values[{index}]", budget) for index, value in enumerate(message.values))
    if operator is not Operator.IN and len(values) != 1:
        raise refusal(f"{place}.values", f"has {len(values)} values; there is one, unless the operator is OPERATOR_IN")
    path = FieldPath(tuple(message.field.split(".")), f"{place}.field")
    return Comparison(path, operator, values, f"{place}.operator")


def _literal(message: Value, place: str, budget: Budget) -> Literal:
    budget.take_value(place)
    kind = message.WhichOneof("kind")
    if kind is None:
        raise refusal(place, "is empty; for an unset field set null_value")
    if kind == "null_value":
        return Literal(None, place)
    value: Any = getattr(message, kind)
    if kind == "timestamp_value":
        try:
            value = timestamp_to_datetime(value)
        except OverflowError as error:
            raise refusal(place, "is not a time of the years 1 to 9999") from error
    elif kind == "duration_value":
        if abs(value.seconds) > _DURATION_MAX_S:
            raise refusal(place, "is not a duration of at most 10,000 years")
        value = duration_to_timedelta(value)
    return Literal(value, place)
