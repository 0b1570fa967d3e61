"""Shows the figures: as a table for people, as JSON for programs."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from statistics import median
from typing import Any

import grpc
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.cpp import CppFigures, CppLoop
from benchmarks.figures import Figures, Target, middle
from benchmarks.measures import Round
from benchmarks.operations import (
    IDLE_WATCHERS,
    LIST_SIZE,
    LOOP_CALL_US_MAX,
    PAST_RATIO_MAX,
    PLAIN_CONNECTIONS,
    PLAIN_SHARE_MIN,
    POSTGRESQL_SERVERS,
    SIZE_RATIO_MAX,
    SIZES,
    TARGET_IN_FLIGHT,
    VERSIONS,
    WATCH_LATENCY_MS_MAX,
    WATCHED_SHARE_MIN,
)
from benchmarks.past import PastFigures
from benchmarks.postgresql import PostgresqlFigures
from benchmarks.sizes import SizeFigures
from benchmarks.watching import WatchFigures

_COLUMNS = ("in flight", "calls/s", "p50 ms", "p99 ms", "CPU µs/call", "of echo", "rows/s", "of raw", "target")
# Where the output is no terminal, so that no figure is cut off.
_WIDTH = 130


@dataclass(slots=True)
class Results:
    """Everything that was measured."""

    figures: Sequence[Figures] = ()
    sizes: list[SizeFigures] = field(default_factory=list)
    past: list[PastFigures] = field(default_factory=list)
    watching: list[WatchFigures] = field(default_factory=list)
    postgresql: list[PostgresqlFigures] = field(default_factory=list)
    cpp: CppFigures | None = None


def machine() -> str:
    """What the figures were taken on."""
    versions = f"Python {platform.python_version()}, grpcio {grpc.__version__}, SQLite {sqlite3.sqlite_version}"
    return f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}, {versions}"


def show(results: Results) -> None:
    """Prints the tables, and how far what is promised spreads."""
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH
    if results.figures:
        console.print(_table(results.figures))
    for item in results.figures:
        target = item.target()
        if target is not None:
            console.print(_verdict(item, target), highlight=False)
    if results.sizes:
        console.print(_sizes_table(results.sizes))
    for sized in results.sizes:
        console.print(_size_verdict(sized), highlight=False)
    for remembered in results.past:
        console.print(_past_verdict(remembered), highlight=False)
    if results.watching:
        console.print(_watch_table(results.watching))
    for watched in results.watching:
        console.print(_watch_verdict(watched), highlight=False)
    if results.postgresql:
        console.print(_postgresql_table(results.postgresql))
    for elsewhere in results.postgresql:
        console.print(_postgresql_verdict(elsewhere), highlight=False)
    if results.cpp:
        console.print(_cpp_table(results.cpp))
        console.print(_cpp_verdict(results.cpp.loop), highlight=False)
    console.print("Shares are medians over pairs of rounds. CPU is the server's, of all its threads.", highlight=False)


def _table(figures: Sequence[Figures]) -> Table:
    title = "Toolcrib beside an empty gRPC echo and raw SQLite"
    table = Table(title=title, caption=machine(), box=SIMPLE_HEAD, collapse_padding=True)
    table.add_column("call", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for in_flight, rounds in _echo_rounds(figures).items():
        table.add_row("echo", str(in_flight), *_round_cells(middle(rounds)))
    raw = [turn.raw_rows_per_s for item in figures for turn in item.turns if turn.raw_rows_per_s is not None]
    if raw:
        table.add_row("raw executemany", *[""] * 6, f"{median(raw):,.0f}")
    for operation, items in groupby(figures, lambda item: item.operation):
        table.add_section()
        for item in items:
            table.add_row(operation.title, str(item.in_flight), *_round_cells(item.toolcrib()), *_share_cells(item))
    return table


def _verdict(item: Figures, target: Target) -> str:
    share, other = target.reached, target.of
    spread = f"{share.middle:.2f} of {other} ({share.low:.2f} to {share.high:.2f})"
    return f"{item.operation.title}, {item.in_flight} in flight: {spread}; target {_target_text(item)}"


def _sizes_table(sizes: Sequence[SizeFigures]) -> Table:
    title = f"List of {LIST_SIZE} by a filter and order on a unique name"
    table = Table(title=title, box=SIMPLE_HEAD, collapse_padding=True)
    table.add_column("records, filter", no_wrap=True)
    for column in _COLUMNS[:5]:
        table.add_column(column, justify="right", no_wrap=True)
    small, large = SIZES
    for sized in sizes:
        rows = {
            f"{small:,}": [turn.small for turn in sized.turns],
            f"{large:,}": [turn.large for turn in sized.turns],
            f"{small:,}, longer": [turn.known for turn in sized.turns],
            f"{small:,}, longer, never asked before": [turn.unknown for turn in sized.turns],
        }
        table.add_section()
        for title, rounds in rows.items():
            table.add_row(title, str(sized.in_flight), *_round_cells(middle(rounds)))
    return table


def _size_verdict(sized: SizeFigures) -> str:
    ratios, (small, large) = sized.ratios(), SIZES
    spread = f"{sized.ratio():.2f} times ({min(ratios):.2f} to {max(ratios):.2f})"
    met = "[green]met[/green]" if sized.ratio() <= SIZE_RATIO_MAX else "[red]missed[/red]"
    what = f"a list by a filter over {large:,} records, {sized.in_flight} in flight"
    return f"{what}: {spread} what it takes over {small:,}; target at most {SIZE_RATIO_MAX:g} {met}"


def _past_verdict(past: PastFigures) -> str:
    ratios = past.ratios()
    spread = f"{past.ratio():.2f} times ({min(ratios):.2f} to {max(ratios):.2f})"
    present, then = middle(turn.present for turn in past.turns), middle(turn.past for turn in past.turns)
    rates = f"{then.calls_per_s:,.0f} and {present.calls_per_s:,.0f} calls/s"
    what = f"a Get as of one of {VERSIONS:,} revisions, {past.in_flight} in flight"
    target = f"target at most {PAST_RATIO_MAX:g} {_met(past.ratio() <= PAST_RATIO_MAX)}"
    return f"{what}: {spread} what a plain one takes ({rates}); {target}"


def _watch_table(watching: Sequence[WatchFigures]) -> Table:
    table = Table(title="Create, without watches and with idle ones", box=SIMPLE_HEAD, collapse_padding=True)
    table.add_column("watches", no_wrap=True)
    for column in _COLUMNS[:5]:
        table.add_column(column, justify="right", no_wrap=True)
    for watched in watching:
        table.add_section()
        rows = {"0": [t.without for t in watched.turns], f"{IDLE_WATCHERS:,}": [t.watched for t in watched.turns]}
        for title, rounds in rows.items():
            table.add_row(title, str(watched.in_flight), *_round_cells(middle(rounds)))
    return table


def _watch_verdict(watched: WatchFigures) -> str:
    shares, latency_ms = watched.shares(), watched.latency_ms()
    spread = f"{watched.share():.2f} ({min(shares):.2f} to {max(shares):.2f}) of the rate without them"
    of_rate = f"target {WATCHED_SHARE_MIN:g} {_met(watched.share() >= WATCHED_SHARE_MIN)}"
    of_latency = f"target under {WATCH_LATENCY_MS_MAX:g} ms {_met(latency_ms < WATCH_LATENCY_MS_MAX)}"
    return (
        f"{IDLE_WATCHERS:,} idle watches, {watched.in_flight} in flight: {spread}; {of_rate}\n"
        f"A change that is sent reaches a watch after {latency_ms:.1f} ms at the median; {of_latency}"
    )


def _postgresql_table(figures: Sequence[PostgresqlFigures]) -> Table:
    title = f"Create on PostgreSQL, beside a plain psycopg loop over {PLAIN_CONNECTIONS} connections"
    table = Table(title=title, box=SIMPLE_HEAD, collapse_padding=True)
    table.add_column("PostgreSQL", no_wrap=True)
    for column in ("servers", *_COLUMNS[:5], "plain commits/s", "of plain"):
        table.add_column(column, justify="right", no_wrap=True)
    for item in figures:
        plain = median(turn.plain_commits_per_s for turn in item.turns)
        cells = _round_cells(middle(turn.toolcrib for turn in item.turns))
        counts = str(item.servers), str(item.in_flight)
        table.add_row(_how(item), *counts, *cells, f"{plain:,.0f}", f"{item.share():.2f}")
    return table


def _postgresql_verdict(item: PostgresqlFigures) -> str:
    shares = item.shares()
    spread = f"{item.share():.2f} ({min(shares):.2f} to {max(shares):.2f}) of the plain loop's rate"
    is_target = item.durable and (item.servers, item.in_flight) == (POSTGRESQL_SERVERS[-1], TARGET_IN_FLIGHT)
    target = f"; target {PLAIN_SHARE_MIN:g} {_met(item.share() >= PLAIN_SHARE_MIN)}" if is_target else ""
    servers = "a server" if item.servers == 1 else f"{item.servers} servers"
    return f"Create on PostgreSQL, {_how(item)}, {servers}, {item.in_flight} in flight: {spread}{target}"


def _how(item: PostgresqlFigures) -> str:
    return "fsync on" if item.durable else "fsync off"


def _cpp_table(figures: CppFigures) -> Table:
    table = Table(title="The C++ client, one call at a time on each connection", box=SIMPLE_HEAD, collapse_padding=True)
    table.add_column("call", no_wrap=True)
    for column in ("connections", "calls/s", "p50 ms", "p99 ms"):
        table.add_column(column, justify="right", no_wrap=True)
    for item in figures.calls:
        times = f"{median(item.p50_ms):.2f}", f"{median(item.p99_ms):.2f}"
        table.add_row(item.call, str(item.connections), f"{median(item.calls_per_s):,.0f}", *times)
    return table


def _cpp_verdict(loop: CppLoop) -> str:
    calls = f"p50 {loop.call_p50_us:.1f} µs, p99 {loop.call_p99_us:.1f} µs, at most {loop.call_max_us:,.0f} µs"
    cpu = "" if loop.server_cpu is None else f"; the server used {loop.server_cpu:.2f} of a processor"
    return (
        f"A loop of 1 kHz in C++: its own call {calls}; {loop.written:,} of {loop.cycles:,} records written{cpu}; "
        f"target p99 {LOOP_CALL_US_MAX} µs {_met(loop.is_met())}"
    )


def _met(is_met: bool) -> str:
    return "[green]met[/green]" if is_met else "[red]missed[/red]"


def as_json(results: Results) -> dict[str, Any]:
    """The same for programs, with each round."""
    echo = _echo_rounds(results.figures)
    return {
        "machine": machine(),
        "echo": [{"in_flight": n, **asdict(middle(rounds))} for n, rounds in echo.items()],
        "figures": [_entry(item) for item in results.figures],
        "sizes": [{"ratio": sized.ratio(), **asdict(sized)} for sized in results.sizes],
        "past": [{"ratio": remembered.ratio(), **asdict(remembered)} for remembered in results.past],
        "watching": [{"share": watched.share(), **asdict(watched)} for watched in results.watching],
        "cpp": None if results.cpp is None else asdict(results.cpp),
        "postgresql": [{"share": elsewhere.share(), **asdict(elsewhere)} for elsewhere in results.postgresql],
    }


def _entry(item: Figures) -> dict[str, Any]:
    of_raw, target = item.of_raw(), item.target()
    return {
        "operation": item.operation.name,
        "in_flight": item.in_flight,
        **asdict(item.toolcrib()),
        "rows_per_s": item.rows_per_s(),
        "raw_rows_per_s": item.raw_rows_per_s(),
        "of_echo": asdict(item.of_echo()),
        "of_raw": None if of_raw is None else asdict(of_raw),
        "target": None if target is None else {"share_min": target.share_min, "met": target.met},
        "turns": [asdict(turn) for turn in item.turns],
    }


def _echo_rounds(figures: Sequence[Figures]) -> dict[int, list[Round]]:
    rounds: dict[int, list[Round]] = {}
    for item in figures:
        rounds.setdefault(item.in_flight, []).extend(turn.echo for turn in item.turns)
    return rounds


def _round_cells(item: Round) -> list[str]:
    cpu = "" if item.cpu_us_per_call is None else f"{item.cpu_us_per_call:,.0f}"
    return [f"{item.calls_per_s:,.0f}", f"{item.p50_ms:.2f}", f"{item.p99_ms:.2f}", cpu]


def _share_cells(item: Figures) -> list[str]:
    of_raw = item.of_raw()
    return [
        f"{item.of_echo().middle:.2f}",
        f"{item.rows_per_s():,.0f}" if item.operation.rows_per_call > 1 else "",
        "" if of_raw is None else f"{of_raw.middle:.2f}",
        _target_text(item),
    ]


def _target_text(item: Figures) -> str:
    target = item.target()
    if target is None:
        return ""
    return f"{target.share_min:g} " + ("[green]met[/green]" if target.met else "[red]missed[/red]")
