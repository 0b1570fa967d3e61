"""Where `toolcrib` begins. It imports nothing that a bare `pip install toolcrib` lacks until it is sure to have it."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

MISSING_EXTRA = "toolcrib: the command line needs the server extra: pip install 'toolcrib[server]'"


@contextmanager
def importing() -> Iterator[None]:
    """While modules are imported, of which nothing is garbage: to look for some takes a tenth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def main() -> None:
    """Runs the command line, or says what it lacks."""
    # What gRPC's core would write to stderr beside our own messages is said by these.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        with importing():
            from toolcrib.cli.application import application  # noqa: PLC0415  # the message below takes the place of this
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "toolcrib":
            raise
        sys.exit(MISSING_EXTRA)
    application(prog_name="toolcrib")
