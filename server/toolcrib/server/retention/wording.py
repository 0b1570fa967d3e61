"""A plan of pruning in words for people."""

from __future__ import annotations

from datetime import UTC

from toolcrib.retention.v1.retention_pb2 import TARGET_AUDIT, Pruning


def rule_in_words(pruning: Pruning) -> str:
    """For example "older than 2026-08-01 00:00:00 UTC, all but the newest 10 of each record"."""
    parts = []
    if pruning.HasField("end_time"):
        parts.append(f"older than {pruning.end_time.ToDatetime(UTC):%Y-%m-%d %H:%M:%S} UTC")
    if pruning.keep_last:
        parts.append(f"all but the newest {pruning.keep_last} of each record")
    return ", ".join(parts)


def pruning_in_words(pruning: Pruning) -> str:
    """What went, and by which rule."""
    what = f"{pruning.entries} entries, {pruning.transactions} transactions"
    if pruning.target != TARGET_AUDIT:
        what = f"{pruning.versions} former versions"
    return f"{what}: {rule_in_words(pruning)}"
