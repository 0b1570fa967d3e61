"""Finds the one order that concurrent calls had, and holds every answer to what the model says in that order.

The order of what was committed is that of revisions; a transaction says by its reason which call it was. What changed
nothing, or was refused, must have been possible at some moment between its caller's own commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from support.model.callers import Sent
from support.model.kinds import KINDS, Kind, content
from support.model.world import Draft, Entry, Refused, State
from toolcrib.audit.v1.audit_pb2 import AuditEntry, Operation


def settle(
    past: list[State], scripts: Sequence[Sequence[Sent]], transactions: Sequence[Any], entries: Sequence[AuditEntry]
) -> None:
    """Appends to `past` the states that the calls of these scripts have led to, all of them made at the same time.

    `transactions` and `entries` are the audit trail of what is new. Raises AssertionError where no order of the calls
    explains their answers, or the trail says anything else than what was done.
    """
    first = len(past)
    by_tag = {sent.tag: sent for script in scripts for sent in script}
    revisions: dict[str, int] = {}
    for transaction in transactions:
        assert transaction.revision == len(past), "a revision is left out, or there twice"
        assert transaction.reason in by_tag, f"nobody asked for {transaction}"
        assert transaction.reason not in revisions, f"a call was committed twice: {by_tag[transaction.reason]}"
        revisions[transaction.reason] = transaction.revision
        of_this = [entry for entry in entries if entry.revision == transaction.revision]
        past.append(_committed(past, by_tag[transaction.reason], transaction, of_this))
    assert {entry.revision for entry in entries} == set(range(first, len(past)))
    for script in scripts:
        _require_course(past, script, revisions, first)


def _committed(past: Sequence[State], sent: Sent, transaction: Any, entries: Sequence[AuditEntry]) -> State:
    """The state behind a commit."""
    assert not sent.refusal, f"{sent} was refused, and is committed as {transaction.revision}"
    given = [(_kind(entry).name, int(entry.record_key)) for entry in entries if _has_new_key(entry)]
    assert not {node for state in past for node in state.world} & {*given}, "a key came again"
    draft = Draft(past, keys=[key for _, key in given])
    try:
        expected = sent.call.run(draft)
    except Refused as error:
        raise AssertionError(f"{sent} was to be refused: {error.reason}") from error
    assert draft.state.entries, f"{sent} was to change nothing"
    if sent.answer is not None:
        found = sent.call.records(sent.answer)
        assert _contents(found) == _contents(expected), f"{sent}, not {expected}"
        assert getattr(sent.answer, "revision", draft.revision) == draft.revision
    _require_trail(sent, transaction, entries, draft.state.entries)
    draft.state.transaction = transaction
    return draft.state


def _require_course(past: Sequence[State], script: Sequence[Sent], revisions: Mapping[str, int], first: int) -> None:
    """A caller's calls took effect one behind the other; those without effect had a moment when they had none."""
    after = first - 1
    for number, sent in enumerate(script):
        revision = revisions.get(sent.tag, 0)
        if revision:
            assert revision > after, f"{sent} was done before what its caller had done before"
            after = revision
        elif not sent.is_lost:
            later = [revisions[other.tag] for other in script[number:] if other.tag in revisions]
            moments = range(after, later[0] if later else len(past))
            reasons = {_without_effect(past[: moment + 1], sent) for moment in moments}
            assert "" in reasons, f"{sent} has changed nothing; at no moment of {moments} it would have: {reasons}"


def _without_effect(past: Sequence[State], sent: Sent) -> str:
    """Empty where the call is refused, or changes nothing, just as it was answered; else what it does."""
    draft = Draft(past)
    try:
        expected = sent.call.run(draft)
    except Refused as error:
        return "" if error.reason == sent.refusal else f"refused: {error.reason}"
    if sent.refusal:
        return "not refused"
    if draft.state.entries:
        return "has an effect"
    return "" if _contents(sent.call.records(sent.answer)) == _contents(expected) else "another answer"


def _require_trail(sent: Sent, transaction: Any, entries: Sequence[AuditEntry], expected: Sequence[Entry]) -> None:
    """The audit trail says who did what to which record, with the record before and after."""
    assert (transaction.actor, transaction.entry_count) == (sent.caller, len(expected)), (sent, transaction, expected)
    assert transaction.method.endswith(f"/{sent.call.method}")
    assert [entry.ordinal for entry in entries] == list(range(len(entries)))
    for entry in entries:
        facts = (entry.actor, entry.reason, entry.method, entry.commit_time)
        assert facts == (transaction.actor, sent.tag, transaction.method, transaction.commit_time)
    # What goes with a record may go in any order; what becomes of one record is told as it came.
    found = sorted(map(_told, entries), key=itemgetter(0, 1))
    modelled = sorted(map(_modelled, expected), key=itemgetter(0, 1))
    assert found == modelled, sent


def _told(entry: AuditEntry) -> tuple[Any, ...]:
    """An entry of the trail: the record, the operation, the fields that differ, both images."""
    images = [getattr(entry, side).value if entry.HasField(side) else None for side in ("before", "after")]
    return entry.component, entry.record_key, entry.operation, list(entry.changed_fields.paths), *images


def _modelled(entry: Entry) -> tuple[Any, ...]:
    kind, key = KINDS[entry.node[0]], entry.node[1]
    images = [None if record is None else content(record) for record in (entry.before, entry.after)]
    fields = kind.differing(entry.before, entry.after, [kind.key, *kind.fields])
    return kind.component, str(key), entry.operation, fields, *images


def _contents(records: Sequence[Any]) -> list[bytes]:
    return [content(record) for record in records]


def _kind(entry: AuditEntry) -> Kind:
    return KINDS[entry.component.rpartition(".")[2]]


def _has_new_key(entry: AuditEntry) -> bool:
    return entry.operation == Operation.OPERATION_CREATE and not _kind(entry).gives_key
