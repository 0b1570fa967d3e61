"""What a process runs on that only serves: uvloop where it exists, which is faster, and seldom a garbage collection."""

import asyncio
import gc
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the loop, for asyncio.Runner."""
    try:
        import uvloop  # noqa: PLC0415  # not to be had on Windows
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


# How many objects more may be made than were freed before those are looked at; Python's own limit is 700.
_YOUNG_MAX = 10_000


def spare_collections() -> None:
    """Leaves out of all garbage collections what is there by now, and lets them come seldom.

    To be called once a server has started, by a process that is there for nothing else: to go over all that it has
    loaded takes 100 ms, for which every call waits (docs/performance.md), and none of it is ever garbage.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_MAX, *gc.get_threshold()[1:])
