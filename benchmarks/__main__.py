"""`python -m benchmarks`: reads the flags, measures, and shows."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks import cpp, report
from benchmarks.operations import CPP, FILTERS, OPERATIONS, PAST, POSTGRESQL, WATCH
from benchmarks.past import past_bench
from benchmarks.postgresql import postgresql_bench
from benchmarks.processes import ProcessFailed
from benchmarks.report import Results
from benchmarks.rounds import Plan, bench
from benchmarks.sizes import sizes_bench
from benchmarks.watching import watch_bench

_NAMES = [*OPERATIONS, FILTERS, PAST, WATCH, POSTGRESQL, CPP]


def main() -> int:
    """Runs the benchmark; missed targets are shown and are no failure."""
    flags = _flags()
    plan = Plan(
        [OPERATIONS[name] for name in flags.only if name in OPERATIONS], flags.in_flight, flags.rounds, flags.seconds
    )
    terminal = Console(stderr=True)
    try:
        results = _measure(plan, flags, terminal)
    except ProcessFailed as error:
        terminal.print(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    if flags.json:
        json.dump(report.as_json(results), sys.stdout, indent=2)
        print()
    else:
        report.show(results)
    return 0


def _measure(plan: Plan, flags: argparse.Namespace, terminal: Console) -> Results:
    """Everything that the flags ask for; servers of the one kind have ended before those of the other begin."""
    results = Results()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        tempfile.TemporaryDirectory(prefix="toolcrib-bench-", dir=flags.folder) as folder,
        Progress(*columns, console=terminal, transient=True) as progress,
    ):
        if plan.operations:
            task = progress.add_task("measuring", total=plan.turns())
            with bench(Path(folder)) as running:
                results.figures = running.measure(plan, partial(progress.advance, task))
        if FILTERS in flags.only:
            task = progress.add_task("measuring filters", total=len(plan.in_flight) * plan.rounds)
            with sizes_bench(Path(folder)) as filtering:
                for in_flight in plan.in_flight:
                    advance = partial(progress.advance, task)
                    results.sizes.append(filtering.measure(in_flight, plan.rounds, plan.seconds, advance))
        if PAST in flags.only:
            task = progress.add_task("measuring the past", total=len(plan.in_flight) * plan.rounds)
            with past_bench(Path(folder)) as remembering:
                for in_flight in plan.in_flight:
                    advance = partial(progress.advance, task)
                    results.past.append(remembering.measure(in_flight, plan.rounds, plan.seconds, advance))
        if WATCH in flags.only:
            task = progress.add_task("measuring watches", total=len(plan.in_flight) * plan.rounds)
            with watch_bench(Path(folder)) as watched:
                for in_flight in plan.in_flight:
                    advance = partial(progress.advance, task)
                    results.watching.append(watched.measure(in_flight, plan.rounds, plan.seconds, advance))
        if POSTGRESQL in flags.only:
            task = progress.add_task("measuring PostgreSQL", total=2 * len(plan.in_flight) * plan.rounds)
            for durable in (True, False):
                with postgresql_bench(flags.folder, durable=durable) as elsewhere:
                    for in_flight in plan.in_flight:
                        advance = partial(progress.advance, task)
                        results.postgresql += elsewhere.measure(in_flight, plan.rounds, plan.seconds, advance)
        if CPP in flags.only:
            task = progress.add_task("measuring the C++ client", total=cpp.STEPS)
            with cpp.cpp_bench(Path(folder)) as compiled:
                results.cpp = compiled.measure(plan.rounds, plan.seconds, partial(progress.advance, task))
    return results


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measures Toolcrib against an echo and raw SQLite.")
    parser.add_argument("--seconds", type=_seconds, default=2.0, help="length of a round (default 2)")
    parser.add_argument("--rounds", type=_count, default=3, help="rounds of each kind (default 3)")
    parser.add_argument("--only", type=_operations, default=_NAMES, help=f"some of {','.join(_NAMES)} (default all)")
    parser.add_argument("--in-flight", type=_counts, default=[1, 16, 64], help="calls at a time (default 1,16,64)")
    parser.add_argument("--folder", type=Path, help="where the databases lie meanwhile (default: the temporary folder)")
    parser.add_argument("--json", action="store_true", help="print JSON, with each round")
    return parser.parse_args()


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return seconds


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return count


def _counts(text: str) -> list[int]:
    return [_count(part) for part in text.split(",")]


def _operations(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in _NAMES:
            raise argparse.ArgumentTypeError(f"there is no {name!r}; there are {', '.join(_NAMES)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
