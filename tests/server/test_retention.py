"""Retention: what goes is what the rule says and somebody has signed; what stays is true, and can be verified."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from support.behind import behind
from support.chain import checked
from support.lab import Lab, generated, served
from toolcrib.audit.v1.audit_pb2 import AuditEntry, Operation
from toolcrib.client import Aborted, AuditClient, InvalidArgument, NotFound, OutOfRange, ToolcribError
from toolcrib.client.retention import RetentionClient, SignedPruning, Target
from toolcrib.client.watch import WatchClient, WatchedComponent
from toolcrib.retention.v1.retention_pb2 import PruneRequest, Pruning
from toolcrib.retention.v1.retention_pb2_grpc import RetentionServiceStub
from toolcrib.server.findings import Fault
from toolcrib.server.retention.signatures import sign
from toolcrib.server.signing import SigningKey

PACKAGE = "lab.parts.v1"
PART, MACHINE = f"{PACKAGE}.Part", f"{PACKAGE}.Machine"
Part, Machine = (generated(f"{PACKAGE}.part_pb2", name) for name in ("Part", "Machine"))
AUDIT, VERSIONS = Target.TARGET_AUDIT, Target.TARGET_VERSIONS


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.new()


@pytest.fixture(scope="module")
def trusted(key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "audit.key.pub"
    path.write_bytes(key.public.pem())
    return path


@pytest.fixture
def lab(trusted: Path) -> Iterator[Lab]:
    with served(retention_key=trusted) as lab:
        yield lab


def parts_of(lab: Lab) -> Any:
    return lab.client(f"{PACKAGE}.part", "Part")


def prune(lab: Lab, key: SigningKey, target: Target.ValueType, component: str, **asked: Any) -> list[Pruning]:
    """Lets go of all that a rule takes; answers the plans that were carried out."""
    retention, done = RetentionClient(lab.crib), []
    plan = retention.plan(target, component, **asked)
    bound = {**asked, "end_revision": plan.pruning.end_revision}
    while plan.pruning.entries + plan.pruning.versions:
        retention.prune(sign(plan.pruning, key))
        done.append(plan.pruning)
        if not plan.has_more:
            break
        plan = retention.plan(target, component, start_revision=plan.last_revision, **bound)
    return done


def entries_of(lab: Lab) -> dict[tuple[int, int], AuditEntry]:
    return {(entry.revision, entry.ordinal): entry for entry in AuditClient(lab.crib).entries(show_refused=True)}


def later(seconds: float = 1) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class TestWhatGoes:
    def test_all_but_the_newest_commits_of_each_record(self, lab: Lab, key: SigningKey) -> None:
        parts = parts_of(lab)
        parts.create(Part(name="a"))
        parts.create(Part(name="b"))
        for number in range(4):
            parts.update(Part(id=1, name=f"a{number}"), mask="name")
        (pruning,) = prune(lab, key, AUDIT, PART, keep_last=2)
        # Revision 6, the newest, always stays; until 5 there are two of b and four of a.
        assert (pruning.entries, pruning.transactions, pruning.oldest_revision) == (2, 2, 3)
        assert sorted(revision for revision, _ in entries_of(lab)) == [2, 4, 5, 6, 7]

    def test_what_is_older_and_not_among_the_newest(self, lab: Lab, key: SigningKey) -> None:
        parts = parts_of(lab)
        parts.create(Part(name="a"))
        parts.update(Part(id=1, name="b"), mask="name")
        moment = datetime.now(UTC)
        parts.update(Part(id=1, name="c"), mask="name")
        parts.create(Part(name="z"))
        (pruning,) = prune(lab, key, AUDIT, PART, end_time=moment, keep_last=2)
        assert (pruning.entries, pruning.oldest_revision) == (1, 1)
        (pruning,) = prune(lab, key, AUDIT, PART, end_time=moment)
        assert (pruning.entries, pruning.oldest_revision) == (1, 2)
        assert prune(lab, key, AUDIT, PART, end_time=moment) == []

    def test_other_components_keep_theirs_and_a_transaction_goes_with_its_last_entry(
        self, lab: Lab, key: SigningKey
    ) -> None:
        with lab.crib.transaction() as transaction:
            generated(f"{PACKAGE}.part_writes", "PartWrites")(transaction).create(Part(name="a"))
            generated(f"{PACKAGE}.machine_writes", "MachineWrites")(transaction).create(Machine(code="m"))
        parts_of(lab).create(Part(name="b"))
        (pruning,) = prune(lab, key, AUDIT, PART, end_time=later())
        assert (pruning.entries, pruning.transactions) == (1, 0)
        assert [(entry.component, entry.revision) for entry in entries_of(lab).values()][-1] == (MACHINE, 1)
        audit = AuditClient(lab.crib)
        assert audit.transaction(1).entry_count == 2
        (pruning,) = prune(lab, key, AUDIT, MACHINE, end_time=later())
        assert (pruning.entries, pruning.transactions) == (1, 1)
        with pytest.raises(NotFound, match="revision 1 is no longer kept") as refusal:
            audit.transaction(1)
        assert refusal.value.metadata["pruned"] == "true"
        assert checked(lab.database).segments.transactions == 1

    def test_former_versions(self, lab: Lab, key: SigningKey) -> None:
        parts = parts_of(lab)
        parts.batch_create([Part(name="a"), Part(name="b")])
        for number in range(5):
            parts.update(Part(id=1, name=f"a{number}"), mask="name")
        (pruning,) = prune(lab, key, VERSIONS, PART, keep_last=2)
        # Until revision 5 there are 4 former ones of the first, and none of the other.
        assert (pruning.versions, pruning.entries, pruning.oldest_revision) == (2, 0, 3)
        assert len(entries_of(lab)) == 8
        assert [parts.get(1, as_of=revision).name for revision in (3, 4, 5)] == ["a1", "a2", "a3"]
        assert parts.get(2, as_of=1).name == "b"
        for ask in (lambda: parts.get(1, as_of=2), lambda: list(parts.list(as_of=2)), lambda: parts.count(as_of=2)):
            with pytest.raises(OutOfRange) as refusal:
                ask()
            assert (refusal.value.reason, refusal.value.metadata["oldest_revision"]) == ("REVISION_TOO_OLD", "3")
        assert [part.name for part in parts.list(as_of=3)] == ["a1", "b"]

    def test_a_time_behind_what_is_gone_is_answered_and_one_within_it_is_not(self, lab: Lab, key: SigningKey) -> None:
        parts, times = parts_of(lab), []
        for name in "abcd":
            times.append(datetime.now(UTC))
            parts.create(Part(name=name))
        prune(lab, key, AUDIT, PART, end_time=times[3])
        assert parts.list_page(as_of=times[3]).revision == 3
        assert [part.name for part in parts.list(as_of=times[3])] == ["a", "b", "c"]
        with pytest.raises(OutOfRange):
            list(parts.list(as_of=times[2]))
        # By revision it is known: the versions are all there.
        assert [part.name for part in parts.list(as_of=2)] == ["a", "b"]

    def test_what_is_related_is_shown_as_of_then_in_whole_or_not_at_all(self, lab: Lab, key: SigningKey) -> None:
        parts = parts_of(lab)
        parts.create(Part(name="whole"))
        parts.batch_create([Part(name="a", whole=1), Part(name="b", whole=1)])
        parts.update(Part(id=2), mask="whole")
        parts.update(Part(id=2, name="c"), mask="name")
        (pruning,) = prune(lab, key, VERSIONS, PART, end_time=later())
        assert (pruning.versions, pruning.oldest_revision) == (1, 3)
        assert parts.get(1, as_of=2).name == "whole"
        attempts: tuple[Callable[[], Any], ...] = (
            lambda: parts.get(1, as_of=2, include="parts"),
            lambda: lab.client(f"{PACKAGE}.supplier", "Supplier").list_page(filter="parts.name:a", as_of=2),
            lambda: parts.rollback(1, 2, include="parts"),
        )
        for ask in attempts:
            with pytest.raises(OutOfRange) as refusal:
                ask()
            assert refusal.value.reason == "REVISION_TOO_OLD"
        assert [part.name for part in parts.get(1, as_of=3, include="parts").parts] == ["b"]

    def test_the_audit_says_who_let_go_of_it_when_and_why(self, lab: Lab, key: SigningKey) -> None:
        parts_of(lab).create(Part(name="a"))
        parts_of(lab).create(Part(name="b"))
        plan = RetentionClient(lab.crib).plan(AUDIT, PART, keep_last=0, end_time=later())
        signed = sign(plan.pruning, key)
        revision = RetentionClient(lab.crib.as_actor("eve").with_reason("QM-17")).prune(signed)
        (entry,) = AuditClient(lab.crib).entries(operations=[Operation.OPERATION_PRUNE])
        assert (entry.revision, entry.actor, entry.reason, entry.component) == (revision, "eve", "QM-17", PART)
        assert entry.method == "/toolcrib.retention.v1.RetentionService/Prune"
        said = SignedPruning()
        assert entry.after.Unpack(said)
        assert said == signed
        # It is never let go of itself.
        assert prune(lab, key, AUDIT, PART, end_time=later()) != []
        assert len(list(AuditClient(lab.crib).entries(operations=[Operation.OPERATION_PRUNE]))) == 2

    def test_nobody_who_watches_is_told_of_it_and_who_would_begin_before_is_refused(
        self, lab: Lab, key: SigningKey
    ) -> None:
        parts = parts_of(lab)
        for name in "abcd":
            parts.create(Part(name=name))
        lab.client(f"{PACKAGE}.machine", "Machine").create(Machine(code="m"))
        watches = WatchClient(lab.crib)
        with watches.watch(revision=5) as changes:
            assert next(changes.commits()).revision == 5
            prune(lab, key, AUDIT, PART, end_time=later())
            parts.create(Part(name="e"))
            assert next(changes.commits()).revision == 7
        with pytest.raises(OutOfRange) as refusal, watches.watch(revision=4) as changes:
            next(iter(changes))
        assert (refusal.value.reason, refusal.value.metadata["oldest_revision"]) == ("REVISION_PRUNED", "5")
        # Of what is not pruned everything is there.
        with watches.watch(WatchedComponent(name=MACHINE), revision=1) as changes:
            assert next(changes.commits()).revision == 5


class TestWhoMay:
    def test_nobody_without_a_key_in_the_settings(self, key: SigningKey) -> None:
        with served() as lab:
            parts_of(lab).batch_create([Part(name="a")])
            parts_of(lab).create(Part(name="b"))
            with pytest.raises(ToolcribError) as refusal:
                prune(lab, key, AUDIT, PART, end_time=later())
            assert (refusal.value.code, refusal.value.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "PRUNING_OFF")

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda signed: signed.ClearField("signature"),
            lambda signed: signed.CopyFrom(sign(signed.pruning, SigningKey.new())),
            lambda signed: setattr(signed.pruning, "keep_last", 7),
            lambda signed: setattr(signed.pruning, "max_rows", 1),
            lambda signed: setattr(signed.pruning, "segments_hash", bytes(32)),
            lambda signed: setattr(signed.pruning, "component", MACHINE),
            lambda signed: setattr(signed, "public_key", b"no key"),
        ],
    )
    def test_nobody_with_another_signature(
        self, lab: Lab, key: SigningKey, spoil: Callable[[SignedPruning], None]
    ) -> None:
        parts_of(lab).create(Part(name="a"))
        parts_of(lab).create(Part(name="b"))
        retention = RetentionClient(lab.crib)
        signed = sign(retention.plan(AUDIT, PART, end_time=later()).pruning, key)
        spoil(signed)
        with pytest.raises(ToolcribError) as refusal:
            retention.prune(signed)
        assert (refusal.value.code, refusal.value.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SIGNATURE_REJECTED")
        assert len(entries_of(lab)) == 2

    def test_nobody_who_does_not_say_who_it_is(self, lab: Lab, key: SigningKey) -> None:
        parts_of(lab).create(Part(name="a"))
        parts_of(lab).create(Part(name="b"))
        retention = RetentionClient(lab.crib.as_actor(None))
        with pytest.raises(ToolcribError) as refusal:
            retention.prune(sign(retention.plan(AUDIT, PART, end_time=later()).pruning, key))
        assert refusal.value.reason == "ACTOR_REQUIRED"

    def test_a_plan_is_carried_out_once_however_often_it_is_sent(self, lab: Lab, key: SigningKey) -> None:
        parts_of(lab).create(Part(name="a"))
        parts_of(lab).create(Part(name="b"))
        retention, stub = RetentionClient(lab.crib), RetentionServiceStub(lab.crib.channel)
        signed = sign(retention.plan(AUDIT, PART, end_time=later()).pruning, key)
        request = PruneRequest(signed=signed, request_id="r-1")
        dry = PruneRequest(signed=signed, validate_only=True)
        assert stub.Prune(dry, metadata=lab.crib.call_metadata).revision == 0
        assert len(entries_of(lab)) == 2
        answers = [stub.Prune(request, metadata=lab.crib.call_metadata) for _ in range(2)]
        assert answers[0] == answers[1]
        with pytest.raises(Aborted) as refusal:
            retention.prune(signed)
        assert refusal.value.reason == "PLAN_OUTDATED"

    def test_a_plan_of_another_database_is_refused(self, lab: Lab, key: SigningKey, trusted: Path) -> None:
        with served(retention_key=trusted) as other:
            for each in (lab, other):
                parts_of(each).create(Part(name="a"))
                parts_of(each).update(Part(id=1, name="b"), mask="name")
                parts_of(each).update(Part(id=1, name="c"), mask="name")
            signed = sign(RetentionClient(other.crib).plan(VERSIONS, PART, end_time=later(60)).pruning, key)
            with pytest.raises(Aborted):
                RetentionClient(lab.crib).prune(signed)

    @pytest.mark.parametrize(
        ("asked", "reason"),
        [
            ({"target": AUDIT, "component": PART}, "INVALID_RULE"),
            ({"target": AUDIT, "component": PART, "keep_last": -1}, "INVALID_RULE"),
            ({"target": AUDIT, "component": PART, "keep_last": 1, "start_revision": -1}, "INVALID_RULE"),
            ({"target": AUDIT, "component": PART, "keep_last": 1, "max_rows": -1}, "INVALID_RULE"),
            ({"target": 0, "component": PART, "keep_last": 1}, "UNKNOWN_TARGET"),
            ({"target": AUDIT, "component": "", "keep_last": 1}, "COMPONENT_MISSING"),
            ({"target": AUDIT, "component": f"{PART}s", "keep_last": 1}, "UNKNOWN_COMPONENT"),
            ({"target": VERSIONS, "component": "lab.shelves.v1.Box", "keep_last": 1}, "NO_VERSIONS"),
        ],
    )
    def test_a_rule_that_cannot_be_meant_is_refused(self, lab: Lab, asked: dict[str, Any], reason: str) -> None:
        with pytest.raises(InvalidArgument) as refusal:
            RetentionClient(lab.crib).plan(**asked)
        assert refusal.value.reason == reason


class TestEvidence:
    def test_what_was_altered_is_never_let_go_of(self, lab: Lab, key: SigningKey) -> None:
        for name in "abc":
            parts_of(lab).create(Part(name=name))
        with behind(lab.database) as connection:
            connection.execute("UPDATE toolcrib_audit SET after_image = x'' WHERE revision = 2")
        with pytest.raises(ToolcribError) as refusal:
            prune(lab, key, AUDIT, PART, end_time=later())
        assert (refusal.value.code, refusal.value.reason) == (grpc.StatusCode.DATA_LOSS, "CHAIN_BROKEN")
        assert refusal.value.metadata["revision"] == "2"
        assert len(entries_of(lab)) == 3

    @pytest.mark.parametrize(
        ("statements", "fault"),
        [
            ("DELETE FROM toolcrib_segment", Fault.MISSING),
            ("UPDATE toolcrib_segment SET entries = entries + 1", Fault.MISSING),
            ("UPDATE toolcrib_segment SET last_revision = last_revision - 1", Fault.ALTERED),
            ("UPDATE toolcrib_segment SET last_time = '2020-01-01 00:00:00.000000'", Fault.MISSING),
            # Only there a column of text takes what is none.
            pytest.param("UPDATE toolcrib_segment SET last_time = x'07'", Fault.ALTERED, marks=pytest.mark.sqlite),
            (f"UPDATE toolcrib_segment SET previous_hash = x'{bytes(31).hex()}'", Fault.ALTERED),
            ("UPDATE toolcrib_segment SET hash = previous_hash", Fault.ALTERED),
            # Cut out another row, and let the segment stand for it too.
            (
                "UPDATE toolcrib_segment SET last_revision = 3, transactions = 3, entries = 3, hash ="
                " (SELECT hash FROM toolcrib_audit WHERE revision = 3);"
                "DELETE FROM toolcrib_audit WHERE revision = 3; DELETE FROM toolcrib_transaction WHERE revision = 3",
                Fault.MISSING,
            ),
            # Put back what is gone, or something else.
            (
                "INSERT INTO toolcrib_transaction SELECT 1, commit_time, actor, actor_source, reason, method, peer,"
                " request_id, refusal, refused_calls, entry_count, tenant, hash FROM toolcrib_transaction"
                " WHERE revision = 3",
                Fault.REORDERED,
            ),
            ("UPDATE toolcrib_audit SET after_image = x'00' WHERE operation = 6", Fault.ALTERED),
        ],
    )
    def test_whoever_makes_or_alters_a_segment_is_found(
        self, lab: Lab, key: SigningKey, statements: str, fault: Fault
    ) -> None:
        for name in "abcd":
            parts_of(lab).create(Part(name=name))
        moment = AuditClient(lab.crib).transaction(3).commit_time.ToDatetime(UTC)
        prune(lab, key, AUDIT, PART, end_time=moment)
        assert checked(lab.database).finding is None
        with behind(lab.database) as connection:
            for statement in statements.split(";"):
                connection.execute(statement)
        finding = checked(lab.database).finding
        assert finding is not None
        assert finding.fault is fault

    def test_checkpoints_of_what_is_gone_cannot_be_compared_and_others_can(self, lab: Lab, key: SigningKey) -> None:
        parts, heads = parts_of(lab), {}
        for revision, name in enumerate("abcd", 1):
            parts.create(Part(name=name))
            heads[revision] = AuditClient(lab.crib).chain_head().hash
        moment = AuditClient(lab.crib).transaction(3).commit_time.ToDatetime(UTC)
        prune(lab, key, AUDIT, PART, end_time=moment)
        check = checked(lab.database, heads)
        # The end of a segment is a place in the chain too.
        assert (check.finding, check.passed) == (None, {2, 3, 4})
        assert checked(lab.database, {9: bytes(32)}).finding is not None


@dataclass
class Plant:
    """A laboratory whose answers are kept, to be compared when parts of its past are gone."""

    lab: Lab
    chance: random.Random
    then: dict[int, tuple[datetime, dict[int, bytes], list[bytes]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parts = parts_of(self.lab)
        self.machines = self.lab.client(f"{PACKAGE}.machine", "Machine")

    def change(self) -> None:
        chance, name = self.chance, self.chance.choice("abc")
        one = chance.randint(1, 4)
        writes: list[Callable[[], Any]] = [
            lambda: self.parts.batch_create([Part(name=name) for _ in range(chance.randint(1, 3))]),
            lambda: self.parts.update(Part(id=one, name=f"{name}{chance.random()}"), mask="name"),
            lambda: self.parts.delete(one),
            lambda: self.parts.undelete(one),
            lambda: self.machines.create(Machine(code=f"m{one}")),
            lambda: self.machines.delete(f"m{one}"),
        ]
        with suppress(ToolcribError):
            chance.choice(writes)()
        page = self.parts.list_page(page_size=1000, show_deleted=True)
        records = {part.id: told(part) for part in page.parts}
        # 0 would be asked for as now.
        if page.revision:
            self.then[page.revision] = (datetime.now(UTC), records, self.live())

    def live(self, **past: Any) -> list[bytes]:
        return [told(part) for part in self.parts.list(**past)]

    def require_true(self) -> None:
        """Whatever is answered of the past is what was answered then; the rest is refused as too old."""
        for revision, (time, records, live) in self.then.items():
            assert answer(lambda: self.live(as_of=revision)) in (live, None)  # noqa: B023
            assert answer(lambda: self.live(as_of=time)) in (live, None)  # noqa: B023
            for number in range(1, 5):
                said = answer(lambda: self.parts.get(number, as_of=revision, show_deleted=True))  # noqa: B023
                assert said is None or told_or_none(said) == records.get(number)
                difference = answer(lambda: self.parts.diff(number, revision, max(self.then)))  # noqa: B023
                if difference is not None:
                    kept = records.get(number)
                    before = told(difference.before) if difference.HasField("before") else None
                    assert before == (kept if kept in live else None)


def told(part: Any) -> bytes:
    copy: Any = Part()
    copy.CopyFrom(part)
    for name in ("seen", "etag"):
        copy.ClearField(name)
    return bytes(copy.SerializeToString(deterministic=True))


def told_or_none(part: Any) -> bytes | None:
    return None if part == "not there" else told(part)


def answer(ask: Callable[[], Any]) -> Any:
    """What is answered; None where it is too old to be known."""
    try:
        return ask()
    except NotFound:
        return "not there"
    except OutOfRange:
        return None


RULES = st.fixed_dictionaries(
    {
        "target": st.sampled_from([AUDIT, VERSIONS]),
        "component": st.sampled_from([PART, PART, MACHINE]),
        "age": st.sampled_from([None, 0.0, 0.3, 0.6, 1.0]),
        "keep_last": st.integers(0, 3),
        "max_rows": st.sampled_from([0, 1, 3]),
    }
).filter(lambda rule: rule["age"] is not None or rule["keep_last"])


# To make a failure smaller takes minutes.
@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(0, 10_000), rules=st.lists(RULES, min_size=1, max_size=4))
def test_after_any_pruning_answers_are_true_and_the_chain_is_sound(
    trusted: Path, key: SigningKey, seed: int, rules: list[dict[str, Any]]
) -> None:
    with served(retention_key=trusted) as lab:
        plant = Plant(lab, random.Random(seed))
        for rule in rules:
            for _ in range(8):
                plant.change()
            # Where all changes were refused there is no moment but now.
            before, times = entries_of(lab), sorted(time for time, _, _ in plant.then.values()) or [datetime.now(UTC)]
            asked = {"keep_last": rule["keep_last"], "max_rows": rule["max_rows"]}
            if rule["age"] is not None:
                asked["end_time"] = times[min(int(len(times) * rule["age"]), len(times) - 1)]
            done = prune(lab, key, rule["target"], rule["component"], **asked)
            after = entries_of(lab)
            gone = before.keys() - after.keys()
            assert sum(pruning.entries for pruning in done) == len(gone)
            require_rule(before, gone, rule["component"] if rule["target"] == AUDIT else "", asked)
            assert all(after[place] == before[place] for place in before.keys() & after.keys())
            check = checked(lab.database)
            assert (check.finding, check.segments.entries) == (None, sum(p.entries for p in prunings(after)))
            plant.require_true()


def prunings(entries: dict[tuple[int, int], AuditEntry]) -> Iterator[Pruning]:
    for entry in entries.values():
        if entry.operation == Operation.OPERATION_PRUNE:
            yield SignedPruning.FromString(entry.after.value).pruning


def require_rule(
    before: dict[tuple[int, int], AuditEntry], gone: set[tuple[int, int]], component: str, asked: dict[str, Any]
) -> None:
    """What is gone is just what the rule lets go of, by the plainest reading of it."""
    # Where all changes were refused there is nothing yet.
    newest = max((revision for revision, _ in before), default=0)
    expected = set()
    for place, entry in before.items():
        is_old = "end_time" not in asked or entry.commit_time.ToDatetime(UTC) < asked["end_time"]
        commits = {
            other.revision
            for other in before.values()
            if (other.component, other.record_key) == (component, entry.record_key)
            and entry.revision < other.revision < newest
            and other.operation < Operation.OPERATION_REFUSED
        }
        is_many = len(commits) >= asked["keep_last"]
        is_change = entry.operation != Operation.OPERATION_PRUNE
        if entry.component == component and is_change and is_old and is_many and entry.revision < newest:
            expected.add(place)
    assert gone == expected
