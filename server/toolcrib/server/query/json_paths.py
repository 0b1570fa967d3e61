"""SQL for what is inside a column of JSON: fields of messages, entries of maps, elements of lists.

The one place that knows how SQLite reads JSON. Names of fields come from the schema; keys of maps are bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import Any, TypeAlias

from sqlalchemy import BindParameter, Select, Text, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from toolcrib.server.query.shape import Step, Way

# What is asked of the value at the end of the way.
Asked: TypeAlias = Callable[[ColumnElement[Any]], ColumnElement[bool]]


def holds(
    column: ColumnElement[Any], steps: Sequence[Step], keys: Iterator[BindParameter[str]], asked: Asked
) -> ColumnElement[bool]:
    """True where a value that `steps` lead to is there and is as it is `asked`; NULL or false elsewhere."""
    return _holds(column, list(steps), keys, asked)


def _holds(
    source: ColumnElement[Any], steps: list[Step], keys: Iterator[BindParameter[str]], asked: Asked
) -> ColumnElement[bool]:
    names = [name for name in takewhile(lambda step: isinstance(step, str), steps) if isinstance(name, str)]
    rest = steps[len(names) :]
    # Names of protobuf fields are letters, digits and underscores.
    path = literal_column(f"'{'.'.join(['$', *names])}'", Text)
    if not rest:
        return asked(func.json_extract(source, path) if names else source)
    each = func.json_each(source, path).table_valued("key", "value")
    found: Select[Any] = select(literal_column("1")).select_from(each)
    if rest[0] is Way.ENTRY:
        found = found.where(each.c.key == next(keys))
    return found.where(_holds(each.c.value, rest[1:], keys, asked)).exists()
