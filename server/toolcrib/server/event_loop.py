"""The event loop the server runs on: uvloop where it exists, which is faster."""

import asyncio
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the loop, for asyncio.Runner."""
    try:
        import uvloop  # noqa: PLC0415  # not to be had on Windows
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
