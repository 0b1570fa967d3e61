"""Runs a server until a signal tells it to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable

from toolcrib.server.app import Server
from toolcrib.server.event_loop import loop_factory
from toolcrib.server.settings import Settings

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Say = Callable[[str], None]


def begin_logging(settings: Settings) -> None:
    """Logs to stderr, as the settings say."""
    logging.basicConfig(
        stream=sys.stderr, level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def run(server: Server, settings: Settings, started: Callable[[], None], say: Say) -> None:
    """Calls `started` when it serves, and tells `say` how it stops. Raises StartError."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_run(server, settings, started, say))


async def _run(server: Server, settings: Settings, started: Callable[[], None], say: Say) -> None:
    stopping = asyncio.Event()
    # Before the start, so that a signal in the middle of it also ends in order.
    _on_stop_signal(stopping)
    await server.start()
    started()
    await stopping.wait()
    say(stopping_in_words(settings))
    await server.stop()
    say("stopped")


def stopping_in_words(settings: Settings) -> str:
    """What is done now, and how to end it at once."""
    return f"stopping: finishing the calls in flight, for at most {settings.stop_grace_s:g} s (once more stops at once)"


def _on_stop_signal(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        # Whoever asks twice does not want to wait; a commit that was acknowledged is safe even then.
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        stopping.set()

    for number in STOP_SIGNALS:
        # Not loop.add_signal_handler, which Windows does not have. One that is ignored stays so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(stop))
