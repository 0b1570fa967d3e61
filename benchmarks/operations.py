"""What is measured, and what is promised of it."""

from __future__ import annotations

from dataclasses import dataclass

BATCH_SIZE = 100
LIST_SIZE = 100

# `toolcrib serve --workers`: as many as there are processors where the benchmark was made.
WORKERS = 2
_BATCH = f"BatchCreate of {BATCH_SIZE}"


@dataclass(frozen=True, slots=True)
class Operation:
    """A method under load of the requests of `stream`, against a server of so many `workers`.

    Targets are shares, of the echo's calls/s or of raw SQLite's rows/s.
    """

    name: str
    title: str
    stream: str
    workers: int = 1
    rows_per_call: int = 1
    of_echo_min: float | None = None
    of_raw_min: float | None = None

    @property
    def against_raw(self) -> bool:
        """Whether raw SQLite does the same, for comparison."""
        return self.of_raw_min is not None


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("get", "Get", "get", of_echo_min=0.9),
        Operation("create", "Create", "create", of_echo_min=0.75),
        Operation("create_workers", f"Create, {WORKERS} workers", "create", workers=WORKERS),
        Operation("update", "Update", "update"),
        Operation("list", f"List of {LIST_SIZE}", "list", rows_per_call=LIST_SIZE),
        Operation("batch_create", _BATCH, "batch_create", rows_per_call=BATCH_SIZE, of_raw_min=0.5),
        Operation(
            "batch_create_workers",
            f"{_BATCH}, {WORKERS} workers",
            "batch_create",
            workers=WORKERS,
            rows_per_call=BATCH_SIZE,
            of_raw_min=0.5,
        ),
    )
}

# Lists by a filter are measured over so many records, and cost at most so many times as much over the more.
FILTERS = "filter"
SIZES = (10_000, 1_000_000)
SIZE_RATIO_MAX = 1.2

# A Get of a record as of some revision, of so many that it was changed at, takes at most so many times a plain one.
PAST = "past"
VERSIONS = 10_000
PAST_RATIO_MAX = 1.5

# What a thousand idle watches leave of the rate of creates, at least, and how soon a change reaches a watch.
WATCH = "watch"
IDLE_WATCHERS = 1000
WATCHED_SHARE_MIN = 0.9
WATCH_LATENCY_MS_MAX = 20

# On PostgreSQL, creates reach the rate of a plain loop over so many connections, and more: with the last of these
# numbers of servers, as the loop's connections have a process each.
POSTGRESQL = "postgresql"
POSTGRESQL_SERVERS = (1, 2)
PLAIN_CONNECTIONS = 16
PLAIN_SHARE_MIN = 1.0

# A client in C++: calls over one connection and over several, and the loop of its sample, whose own call takes at most
# so long at its 99th hundredth.
CPP = "cpp"
CPP_CONNECTIONS = (1, 8)
LOOP_CYCLES = 10_000
LOOP_CALL_US_MAX = 50

# The targets hold for this many calls in flight.
TARGET_IN_FLIGHT = 64


def recipe_name(number: int) -> str:
    """A name that sorts as its number does."""
    return f"recipe {number:09d}"
