"""Changes that have to say why, and refused calls that are audited: in the chain, and no part of what happened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.chain import checked
from support.lab import COMPONENTS, Lab, generated, served
from toolcrib.client import Aborted, AuditClient, Crib, FailedPrecondition, InvalidArgument, NotFound, ToolcribError
from toolcrib.client.audit import AuditEntry, Conditions, Operation, Transaction
from toolcrib.server import Application, Change, Veto
from toolcrib.server.refusals import RefusalLimit
from toolcrib.server.testing import serve

BATCH, RELEASE = "lab.releases.v1.Batch", "lab.releases.v1.Release"


class Releases:
    """The clients of both components: `releases` says why, `silent` does not, `batches` needs not."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.silent = lab.client("lab.releases.v1.release", "Release")
        self.batches = lab.client("lab.releases.v1.batch", "Batch")
        self.because = lab.crib.with_reason("inspected")
        self.releases = generated("lab.releases.v1.release_client", "ReleaseClient")(self.because)
        self.because_batches = generated("lab.releases.v1.batch_client", "BatchClient")(self.because)
        self.audit = AuditClient(lab.crib)

    def together(self, crib: Any, new: Any) -> int:
        """Creates a batch and a release of it as one commit; answers its revision."""
        with crib.transaction() as transaction:
            generated("lab.releases.v1.batch_writes", "BatchWrites")(transaction).create(batch(name=new.batch))
            generated("lab.releases.v1.release_writes", "ReleaseWrites")(transaction).create(new)
        revision: int = transaction.revision
        return revision

    def refused(self) -> list[tuple[AuditEntry, Transaction]]:
        """Entry and transaction of each refused call, oldest first."""
        entries = self.audit.entries(operations=[Operation.OPERATION_REFUSED], oldest_first=True)
        return [(entry, self.audit.transaction(entry.revision)) for entry in entries]

    def reasons(self) -> list[str]:
        """Why calls were refused."""
        return [transaction.refusal for _, transaction in self.refused()]


def release(**values: Any) -> Any:
    return generated("lab.releases.v1.release_pb2", "Release")(**values)


def batch(**values: Any) -> Any:
    return generated("lab.releases.v1.release_pb2", "Batch")(**values)


@pytest.fixture
def lab() -> Iterator[Releases]:
    application = Application()

    @application.before_update(generated("lab.releases.v1.release_record", "ReleaseRecord"))
    def veto(change: Change[Any]) -> None:
        if change.after.grade == 9:
            raise Veto("nine is for others", reason="GRADE_TAKEN")

    with served(application) as lab:
        releases = Releases(lab)
        releases.batches.create(batch(name="b1"))
        yield releases
        check = checked(lab.database)
        assert check.finding is None
        assert check.revision == releases.audit.chain_head().revision
        assert check.head == releases.audit.chain_head().hash


class TestAReason:
    def test_is_required_of_every_write(self, lab: Releases) -> None:
        kept = lab.releases.create(release(batch="b1"))
        gone, other = lab.releases.batch_create([release(batch="b1"), release(batch="b1")])
        lab.releases.delete(gone.id)
        before = lab.audit.chain_head().revision
        writes: list[Callable[[Any], Any]] = [
            lambda client: client.create(release(batch="b1")),
            lambda client: client.update(release(id=kept.id, grade=3)),
            lambda client: client.undelete(gone.id),
            lambda client: client.batch_create([release(batch="b1"), release(batch="b1")]),
            lambda client: client.batch_update([release(id=kept.id, grade=4)]),
            lambda client: client.delete(kept.id),
            lambda client: client.batch_delete([other.id]),
        ]
        for write in writes:
            with pytest.raises(InvalidArgument) as failure:
                write(lab.silent)
            assert failure.value.reason == "CHANGE_REASON_REQUIRED"
            assert failure.value.metadata["component"] == RELEASE
        assert [change.revision for change in lab.audit.transactions(start_revision=before + 1)] == []
        for write in writes:
            write(lab.releases)
        assert {entry.reason for entry in lab.audit.entries(component=RELEASE)} == {"inspected"}

    def test_is_required_of_a_transaction_over_components(self, lab: Releases) -> None:
        with pytest.raises(InvalidArgument) as failure:
            lab.together(lab.lab.crib, release(batch="b2"))
        assert failure.value.reason == "CHANGE_REASON_REQUIRED"
        assert failure.value.metadata["request"] == "requests[1]"
        with pytest.raises(NotFound):
            lab.batches.get("b2")
        revision = lab.together(lab.because, release(batch="b2"))
        assert {entry.component for entry in lab.audit.entries(start_revision=revision)} == {BATCH, RELEASE}

    def test_is_required_where_a_record_goes_with_another(self, lab: Releases) -> None:
        kept = lab.releases.create(release(batch="b1"))
        with pytest.raises(InvalidArgument) as failure:
            lab.batches.delete("b1")
        assert failure.value.reason == "CHANGE_REASON_REQUIRED"
        assert lab.silent.get(kept.id) == kept
        lab.because_batches.delete("b1")
        with pytest.raises(NotFound):
            lab.silent.get(kept.id)

    def test_is_not_required_where_nothing_changes(self, lab: Releases) -> None:
        kept = lab.releases.create(release(batch="b1", grade=2))
        assert lab.silent.update(release(id=kept.id, grade=2)) == kept


class TestARefusal:
    def test_of_every_kind_is_audited_with_who_tried_what_on_which_record(self, lab: Releases) -> None:
        kept = lab.releases.create(release(batch="b1", grade=1))
        tried: list[tuple[type[ToolcribError], Callable[[], Any]]] = [
            (InvalidArgument, lambda: lab.silent.update(release(id=kept.id, grade=2))),
            (InvalidArgument, lambda: lab.releases.update(release(id=kept.id, grade=11))),
            (InvalidArgument, lambda: lab.releases.create(release(batch="b1", grade=11))),
            (FailedPrecondition, lambda: lab.releases.update(release(id=kept.id, grade=9))),
            (FailedPrecondition, lambda: lab.releases.create(release(batch="none"))),
            (Aborted, lambda: lab.releases.update(release(id=kept.id, grade=2, etag="77"))),
            (NotFound, lambda: lab.releases.delete(99)),
        ]
        for kind, call in tried:
            with pytest.raises(kind):
                call()
        found = lab.refused()
        assert [(transaction.refusal, entry.record_key) for entry, transaction in found] == [
            ("CHANGE_REASON_REQUIRED", str(kept.id)),
            ("INVALID_RECORD", str(kept.id)),
            ("INVALID_RECORD", ""),
            ("GRADE_TAKEN", str(kept.id)),
            ("REFERENCE_NOT_FOUND", "none"),
            ("ETAG_MISMATCH", str(kept.id)),
            ("RECORD_NOT_FOUND", "99"),
        ]
        for entry, transaction in found:
            assert (entry.component, entry.ordinal, entry.actor) == (RELEASE, 0, "ann")
            assert not entry.HasField("before")
            assert not entry.HasField("after")
            assert (transaction.refused_calls, transaction.entry_count) == (1, 1)
            assert transaction.peer
        assert found[0][1].method == "/lab.releases.v1.ReleaseService/UpdateRelease"
        assert found[1][1].reason == "inspected"
        assert lab.silent.get(kept.id) == kept

    def test_is_no_part_of_what_happened_to_a_record(self, lab: Releases) -> None:
        kept = lab.releases.create(release(batch="b1"))
        with pytest.raises(InvalidArgument):
            lab.silent.delete(kept.id)
        record: Conditions = {"component": RELEASE, "record_key": str(kept.id)}
        assert [entry.operation for entry in lab.audit.entries(**record)] == [Operation.OPERATION_CREATE]
        record["show_refused"] = True
        shown = [entry.operation for entry in lab.audit.entries(**record)]
        assert shown == [Operation.OPERATION_REFUSED, Operation.OPERATION_CREATE]
        assert [each.refusal for each in lab.audit.transactions(component=RELEASE)] == [""]
        assert [each.refusal for each in lab.audit.transactions(component=RELEASE, show_refused=True)] == [
            "CHANGE_REASON_REQUIRED",
            "",
        ]

    def test_is_told_by_no_watch_history_or_rollback(self, lab: Releases) -> None:
        kept = lab.releases.create(release(batch="b1"))
        with pytest.raises(InvalidArgument):
            lab.silent.update(release(id=kept.id, grade=3), mask="grade")
        with pytest.raises(InvalidArgument):
            lab.silent.rollback(kept.id, 0)
        lab.releases.update(release(id=kept.id, grade=4), mask="grade")
        with lab.releases.watch(revision=int(kept.etag)) as watch:
            changes = iter(watch)
            assert [next(changes).record.grade for _ in range(2)] == [0, 4]
        assert [version.after.grade for version in lab.releases.revisions(kept.id)] == [4, 0]
        assert [diff.after.grade for diff in lab.releases.diffs(int(kept.etag))] == [4]
        assert lab.releases.rollback(kept.id, int(kept.etag)).grade == 0

    def test_for_want_of_an_actor_is_audited(self, lab: Releases) -> None:
        nobody = generated("lab.releases.v1.release_client", "ReleaseClient")(lab.lab.crib.as_actor(""))
        with pytest.raises(ToolcribError) as failure:
            nobody.create(release(batch="b1"))
        assert failure.value.reason == "ACTOR_REQUIRED"
        ((entry, transaction),) = lab.refused()
        assert (transaction.refusal, transaction.actor, entry.actor_source) == ("ACTOR_REQUIRED", "", 0)

    def test_within_a_transaction_over_components_is_audited_once_it_is_undone(self, lab: Releases) -> None:
        with pytest.raises(InvalidArgument):
            lab.together(lab.because, release(batch="b2", grade=11))
        assert lab.reasons() == ["INVALID_RECORD"]
        assert lab.refused()[0][1].method == "/toolcrib.transaction.v1.TransactionService/CommitTransaction"
        with pytest.raises(NotFound):
            lab.batches.get("b2")

    def test_for_want_of_an_actor_within_a_transaction_is_audited(self, lab: Releases) -> None:
        with pytest.raises(ToolcribError) as failure, lab.lab.crib.as_actor("").transaction() as transaction:
            generated("lab.releases.v1.release_writes", "ReleaseWrites")(transaction).create(release(batch="b1"))
        assert failure.value.reason == "ACTOR_REQUIRED"
        assert lab.reasons() == ["ACTOR_REQUIRED"]

    def test_holds_no_more_of_a_key_than_its_beginning(self, lab: Releases) -> None:
        with pytest.raises(FailedPrecondition):
            lab.releases.create(release(batch="x" * 100_000))
        assert [entry.record_key for entry, _ in lab.refused()] == ["x" * 200]

    def test_of_a_dry_run_or_of_a_component_that_does_not_ask_is_not_audited(self, lab: Releases) -> None:
        with pytest.raises(InvalidArgument):
            lab.silent.create(release(batch="b1"), validate_only=True)
        with pytest.raises(ToolcribError):
            lab.batches.create(batch(name="b1"))
        assert lab.refused() == []

    def test_shares_a_commit_with_what_is_written(self, lab: Releases) -> None:
        """Many callers at once: good calls, calls refused after they have written, and calls refused before."""
        barrier = threading.Barrier(8)
        outcomes: list[str] = []

        def work(number: int) -> None:
            barrier.wait()
            for turn in range(10):
                grade = 11 if (number + turn) % 3 == 0 else 1
                try:
                    lab.releases.create(release(batch="none" if (number + turn) % 3 == 1 else "b1", grade=grade))
                    outcomes.append("")
                except ToolcribError as error:
                    outcomes.append(error.reason)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        listed = lab.audit.transactions(component=RELEASE, show_refused=True)
        written = sorted(transaction.refusal for transaction in listed)
        assert len(written) == 80 == len(outcomes)
        assert written == sorted(outcomes)


def test_no_flood_of_refused_calls_fills_the_audit() -> None:
    with serve(COMPONENTS, refusals_per_minute=3) as server, Crib.connect(server.address, actor="ann") as crib:
        lab = Releases(Lab(crib, server.database))
        lab.batches.create(batch(name="b1"))
        for _ in range(50):
            with pytest.raises(InvalidArgument):
                lab.silent.create(release(batch="b1"))
        assert 3 <= len(lab.refused()) <= 5
        check = checked(server.database)
        assert (check.finding, check.revision) == (None, 1 + len(lab.refused()))


class TestTheLimit:
    def test_counts_those_that_it_leaves_out_in_the_next(self) -> None:
        now = [0.0]
        limit = RefusalLimit(2, clock=lambda: now[0])
        assert [limit.take() for _ in range(5)] == [1, 1, 0, 0, 0]
        now[0] = 30.0
        assert [limit.take() for _ in range(3)] == [4, 0, 0]
        now[0] = 3600.0
        assert [limit.take() for _ in range(3)] == [3, 1, 0]

    @given(st.integers(1, 100), st.lists(st.floats(0, 100), max_size=200))
    def test_holds_over_any_time_and_loses_none(self, per_minute: int, pauses: list[float]) -> None:
        now = [0.0]
        limit = RefusalLimit(per_minute, clock=lambda: now[0])
        taken: list[tuple[float, int]] = []
        for pause in pauses:
            now[0] += pause
            taken.append((now[0], limit.take()))
        for start, _ in taken:
            within = [count for moment, count in taken if start <= moment < start + 60 and count]
            assert len(within) <= 2 * per_minute
        written = [index for index, (_, count) in enumerate(taken) if count]
        if written:
            assert sum(count for _, count in taken) == written[-1] + 1
