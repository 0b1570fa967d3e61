"""Two tables side by side: which rows both have, and which only one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from toolcrib.server.migration.sides import Key, Row

Pair = tuple[Row | None, Row | None]


def merged(source: Iterator[Row], target: Iterator[Row], key_of: Callable[[Row], Key]) -> Iterator[Pair]:
    """The rows of both by their keys, in whose order they come; None where one of the two has none."""
    ours, theirs = next(source, None), next(target, None)
    while ours is not None or theirs is not None:
        if theirs is None or (ours is not None and key_of(ours) < key_of(theirs)):
            yield ours, None
            ours = next(source, None)
        elif ours is None or key_of(theirs) < key_of(ours):
            yield None, theirs
            theirs = next(target, None)
        else:
            yield ours, theirs
            ours, theirs = next(source, None), next(target, None)
