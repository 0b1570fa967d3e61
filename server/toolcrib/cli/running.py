"""Runs a server until a signal tells it to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from toolcrib.server.app import Server
from toolcrib.server.event_loop import loop_factory, spare_collections
from toolcrib.server.schema.steps import SchemaDiffers
from toolcrib.server.settings import Settings

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Say = Callable[[str], None]


def begin_logging(settings: Settings) -> None:
    """Logs to stderr, as the settings say."""
    logging.basicConfig(
        stream=sys.stderr, level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


class Announce(Protocol):
    """What is told of a server."""

    def waiting(self, address: str, refusal: SchemaDiffers) -> None:
        """It waits for its schema, which is refused."""

    def serving(self, address: str) -> None:
        """It serves."""


def run(server: Server, settings: Settings, announce: Announce, say: Say) -> None:
    """Serves; tells `announce` of that, and `say` how it stops. Raises StartError."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_run(server, settings, announce, say))


async def _run(server: Server, settings: Settings, announce: Announce, say: Say) -> None:
    # Before the start, so that a signal in the middle of it also ends in order.
    with _stop_signals() as stopping:
        await server.start()
        if server.waits_for is not None:
            announce.waiting(server.address, server.waits_for)
            await _first(server.served(), stopping.wait())
        if not stopping.is_set():
            spare_collections()
            announce.serving(server.address)
            await stopping.wait()
        say(stopping_in_words(settings))
        await server.stop()
        say("stopped")


async def _first(*awaited: Coroutine[Any, Any, Any]) -> None:
    """Returns when one of them has, or raises what it does; the others are cancelled."""
    tasks = [asyncio.create_task(one) for one in awaited]
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    for task in done:
        task.result()


def stopping_in_words(settings: Settings) -> str:
    """What is done now, and how to end it at once."""
    return f"stopping: finishing the calls in flight, for at most {settings.stop_grace_s:g} s (once more stops at once)"


@contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """What the signals to stop set; behind the block they do what they did before it."""
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    # One that is ignored stays so.
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def stop() -> None:
        # Whoever asks twice does not want to wait; a commit that was acknowledged is safe even then.
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)
        stopping.set()

    try:
        for number in heeded:
            # Not loop.add_signal_handler, which Windows does not have.
            signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(stop))
        yield stopping
    finally:
        for number in heeded:
            signal.signal(number, before[number] or signal.SIG_DFL)
