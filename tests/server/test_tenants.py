"""Tenants: each sees its own records alone, by every method, in the past, in the audit, in watches and in refusals."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import MetaData, delete, insert, select, update

from support.behind import behind
from support.moving import moved
from support.tenancy import APART, COMPONENTS, Mill, mill, module, record, request, service_of
from toolcrib.retention.v1.retention_pb2 import TARGET_AUDIT
from toolcrib.server import Application
from toolcrib.server.audit_file import audit_file
from toolcrib.server.chain_check import ChainCheck
from toolcrib.server.evidence.bundle import write_bundle
from toolcrib.server.evidence.reader import open_bundle
from toolcrib.server.evidence.selection import Selection
from toolcrib.server.history import Versions
from toolcrib.server.tenants import TENANT, require_tenant
from toolcrib.server.testing import TEST_DATABASE_VARIABLE, new_database, serve
from toolcrib.watch.v1.watch_pb2 import Start

_NUMBERS = itertools.count()
OPERATOR = "olga"


@pytest.fixture(scope="module")
def served() -> Iterator[Mill]:
    """A caller without a tenant; the tests share its server, each with tenants of its own."""
    with mill(operators=f" {OPERATOR}, otto") as caller:
        yield caller


@pytest.fixture
def two(served: Mill) -> tuple[Mill, Mill]:
    """Two tenants that nobody has heard of."""
    number = next(_NUMBERS)
    return served.of(f"north {number}"), served.of(f"south-{number}")


def packed(method: str, **values: Any) -> AnyMessage:
    """A request within a transaction."""
    found = AnyMessage()
    found.Pack(request(method, **values))
    return found


def job(**values: Any) -> Any:
    return record("Job", **values)


class TestACallWithoutATenant:
    @pytest.mark.parametrize("method", [m.name for component in APART for m in service_of(component).methods])
    def test_is_refused_by_every_method_of_such_a_component(self, served: Mill, method: str) -> None:
        refusal = served.refused(method)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TENANT_REQUIRED")
        assert "x-tenant" in refusal.message

    @pytest.mark.parametrize("method", ["ListAuditEntries", "ListTransactions", "GetTransaction", "Watch"])
    def test_is_refused_by_the_shared_services_where_it_would_be_told_of_tenants(
        self, served: Mill, method: str
    ) -> None:
        values = {"revision": 1} if method == "GetTransaction" else {}
        assert served.reason(method, **values) == "TENANT_REQUIRED"

    def test_is_refused_within_a_transaction(self, served: Mill) -> None:
        served.create("Material", name="before")
        requests = [
            packed("CreateMaterial", material=record("Material", name="within")),
            packed("CreateJob", job=job(name="x")),
        ]
        refusal = served.refused("CommitTransaction", requests=requests)
        assert (refusal.reason, refusal.metadata["request"]) == ("TENANT_REQUIRED", "requests[1]")
        assert served.reason("GetMaterial", name="within") == "RECORD_NOT_FOUND"

    def test_is_refused_by_a_precondition(self, served: Mill) -> None:
        condition = {"record": packed("GetJob", id=1), "exists": False}
        requests = [packed("CreateMaterial", material=record("Material", name="conditional"))]
        reason = served.reason("CommitTransaction", requests=requests, preconditions=[condition])
        assert reason == "TENANT_REQUIRED"

    def test_reads_and_writes_what_all_tenants_share(self, served: Mill, two: tuple[Mill, Mill]) -> None:
        served.create("Material", name="shared", grade=1)
        two[0].call("UpdateMaterial", material=record("Material", name="shared", grade=2))
        assert two[1].call("GetMaterial", name="shared").grade == 2
        entries = served.entries(component="mill.v1.Material", record_key="shared")
        assert [(entry.tenant, len(entry.hash)) for entry in entries] == [("", 0), ("", 0)]
        assert two[1].transactions(start_revision=entries[-1].revision)[0].tenant == two[0].tenant

    def test_is_what_a_network_makes_that_is_not_trusted(self) -> None:
        with mill(trust_metadata=False, default_actor="line 3") as caller:
            for method in ("GetJob", "CreatePart", "ListNotes"):
                assert caller.of("north").reason(method) == "TENANT_REQUIRED"

    @pytest.mark.parametrize(
        "metadata",
        [
            (("x-tenant", "a"), ("x-tenant", "b")),
            (("x-tenant", "a"), ("x-tenant-bin", b"b")),
            (("x-tenant-bin", b"\xff"),),
            (("x-tenant", "a" * 101),),
            (("x-tenant-bin", b"a\nb"),),
        ],
    )
    def test_whose_tenant_cannot_be_meant_is_refused(
        self, served: Mill, metadata: tuple[tuple[str, str | bytes], ...]
    ) -> None:
        caller = Mill(served.channel)
        caller.metadata = (("x-actor", "ann"), *metadata)
        assert caller.reason("ListJobs") == "INVALID_TENANT"


class TestStatements:
    """What makes sure that no statement, of today or to come, goes over the records of all tenants."""

    @pytest.mark.parametrize(
        "forgetful",
        [
            lambda table: select(table.c.id),
            lambda table: select(table.alias().c.id),
            lambda table: select(table.c.id).where(table.c.id.in_(select(table.alias().c.id))),
            lambda table: select(select(table.c.id).subquery().c.id),
            lambda table: update(table).values(amount=1),
            lambda table: delete(table).where(table.c.id == 1),
            lambda table: insert(table).from_select(["id"], select(table.c.id)),
            lambda table: select(table.c.id).where(table.c[TENANT] == "a"),
        ],
    )
    def test_that_forget_the_tenant_are_not_compiled(self, forgetful: Callable[[Any], Any]) -> None:
        table = module("mill.v1.job_table").job_table(MetaData())
        with pytest.raises(AssertionError, match="does not say of which tenant"):
            require_tenant(forgetful(table))

    def test_of_what_all_share_need_none(self) -> None:
        require_tenant(select(module("mill.v1.material_table").material_table(MetaData())))

    def test_keys_of_tables_begin_with_the_tenant(self) -> None:
        table = module("mill.v1.job_table").job_table(MetaData())
        former = Versions(table, ("id",), None).table  # type: ignore[arg-type]  # compiled when used
        assert [next(iter(each.primary_key.columns.keys())) for each in (table, former)] == [TENANT, TENANT]


class TestRecords:
    def test_have_the_same_keys_counted_from_one_for_each_tenant(self, two: tuple[Mill, Mill]) -> None:
        north, south = two
        assert [north.create("Job", name=name).id for name in "abc"] == [1, 2, 3]
        assert south.create("Job", name="a").id == 1
        assert (north.call("GetJob", id=1).name, south.call("GetJob", id=1).name) == ("a", "a")
        assert south.reason("GetJob", id=2) == "RECORD_NOT_FOUND"
        assert [north.create("Part", code="p", amount=1).code, south.create("Part", code="p", amount=1).code] == [
            "p"
        ] * 2

    def test_another_tenant_can_do_nothing_to(self, two: tuple[Mill, Mill]) -> None:
        north, south = two
        kept = north.create("Part", code="mine", amount=7)
        for method, values in {
            "GetPart": {"code": "mine"},
            "UpdatePart": {"part": record("Part", code="mine", amount=8)},
            "DeletePart": {"code": "mine"},
            "RollbackPart": {"code": "mine", "revision": 1},
            "ListPartRevisions": {"code": "mine"},
        }.items():
            answer = south.refused(method, **values) if method != "RollbackPart" else None
            assert answer is None or answer.reason == "RECORD_NOT_FOUND", method
        assert south.call("DeletePart", code="mine", allow_missing=True)
        assert south.call("RollbackPart", code="mine", revision=int(kept.etag)).code == ""
        assert not south.call("DiffPart", code="mine", end_revision=int(kept.etag)).HasField("after")
        assert not south.call("ListPartDiffs").diffs
        assert north.call("GetPart", code="mine") == kept

    def test_are_unique_and_limited_for_each_tenant(self, two: tuple[Mill, Mill]) -> None:
        north, south = two
        for number in range(6):
            north.create("Job", name=f"j{number}")
        assert north.reason("CreateJob", job=job(name="more")) == "RECORD_LIMIT_REACHED"
        assert south.create("Job", name="j0").id == 1
        assert south.reason("CreateJob", job=job(name="j0")) == "RECORD_EXISTS"

    def test_refer_to_their_tenants_records_alone(self, two: tuple[Mill, Mill]) -> None:
        north, south = two
        north.create("Job", name="n")
        assert south.reason("CreatePart", part=record("Part", code="p", job=1)) == "REFERENCE_NOT_FOUND"
        south.create("Job", name="s")
        for caller in two:
            caller.create("Part", code="p", job=1, amount=1)
            caller.create("Part", code="q", spare="p", amount=2)
        north.call("DeleteJob", id=1)
        assert [(part.code, part.HasField("spare")) for part in north.records("Part")] == [("q", False)]
        assert [(part.code, part.HasField("spare")) for part in south.records("Part")] == [("p", False), ("q", True)]

    def test_show_their_tenants_relations_alone(self, served: Mill, two: tuple[Mill, Mill]) -> None:
        served.create("Material", name="brass")
        for caller in two:
            caller.create("Job", name="j", material="brass")
            caller.create("Part", code=f"of {caller.tenant}", job=1, amount=1)
        include = FieldMask(paths=["parts", "of_material"])
        for caller in two:
            found = caller.call("GetJob", id=1, include=FieldMask(paths=["of_material"]))
            assert found.of_material.name == "brass"
            (listed,) = caller.call("ListJobs", include=include).jobs
            assert [part.code for part in listed.parts] == [f"of {caller.tenant}"]
            assert caller.call("CountJobs", filter='parts.code = "of*"').count == 1
            assert caller.call("CountJobs", filter=f'parts.code = "of {two[0].tenant}"').count == (caller is two[0])
            assert caller.call("CountJobs", filter='of_material.name = "brass"').count == 1

    def test_share_one_commit_with_those_of_others(self, served: Mill) -> None:
        tenants = [served.of(f"group {number}") for number in range(8)]
        with ThreadPoolExecutor(16) as pool:
            made = list(pool.map(lambda n: tenants[n % 8].create("Job", name=f"{n}").id, range(40)))
        assert sorted(made) == sorted([*range(1, 6)] * 8)
        for number, tenant in enumerate(tenants):
            assert {each.name for each in tenant.records("Job")} == {f"{n}" for n in range(number, 40, 8)}

    def test_are_in_pages_of_their_tenant_alone(self, two: tuple[Mill, Mill]) -> None:
        for caller in two:
            for name in "ab":
                caller.create("Job", name=name)
                caller.call("UpdateJob", job=job(id=1, amount=ord(name)))
        north, south = two
        asked: dict[str, dict[str, Any]] = {
            "ListJobs": {"page_size": 1},
            "ListJobRevisions": {"id": 1, "page_size": 1},
            "ListJobDiffs": {"page_size": 1},
            "ListAuditEntries": {"page_size": 1, "component": "mill.v1.Job"},
            "ListTransactions": {"page_size": 1},
        }
        for method, values in asked.items():
            token = north.call(method, **values).next_page_token
            assert token, method
            assert north.call(method, **values, page_token=token)
            assert south.reason(method, **values, page_token=token) == "INVALID_PAGE_TOKEN", method

    def test_are_known_to_a_plan_by_their_own_fields(self, two: tuple[Mill, Mill]) -> None:
        assert TENANT not in str(two[0].call("ExplainJobs", filter="amount = 1").plan)
        # MariaDB may go over all of the tenant's by the one index or by another.
        is_mariadb = os.environ.get(TEST_DATABASE_VARIABLE, "").startswith(("mariadb", "mysql"))
        assert two[0].call("ExplainJobs", filter='remark = "x"').plan.full_scan or is_mariadb

    @pytest.mark.sqlite
    def test_are_found_by_indexes_from_the_first_on(self, two: tuple[Mill, Mill]) -> None:
        plan = two[0].call("ExplainJobs", filter="amount = 1").plan
        assert [step.index for step in plan.steps] == ["job_amount_idx"]
        assert not plan.full_scan
        assert not two[0].call("ExplainJobs").plan.full_scan


class TestExactlyOnce:
    def test_an_id_is_its_tenants(self, two: tuple[Mill, Mill]) -> None:
        north, south = two
        first = north.call("CreateJob", job=job(name="once", amount=1), request_id="r")
        assert north.call("CreateJob", job=job(name="once", amount=1), request_id="r") == first
        other = south.call("CreateJob", job=job(name="once", amount=2), request_id="r")
        assert (other.id, other.amount) == (1, 2)
        assert north.call("CreateJob", job=job(name="once", amount=1), request_id="r") == first

    def test_a_dry_run_uses_nothing_up(self, two: tuple[Mill, Mill]) -> None:
        tried = two[0].call("CreateJob", job=job(name="x"), validate_only=True)
        assert (tried.id, tried.name) == (0, "x")
        assert not two[0].records("Job")
        assert two[0].create("Job", name="x").id == 1


class TestThePast:
    def test_is_each_tenants_own(self, two: tuple[Mill, Mill]) -> None:
        north, south = two
        first = int(north.create("Job", name="n1").etag)
        south.create("Job", name="s1")
        second = int(north.call("UpdateJob", job=job(id=1, name="n2")).etag)
        south.call("UpdateJob", job=job(id=1, name="s2"))
        assert [each.after.name for each in north.call("ListJobRevisions", id=1).revisions] == ["n2", "n1"]
        assert [each.after.name for each in south.call("ListJobRevisions", id=1).revisions] == ["s2", "s1"]
        assert north.call("GetJob", id=1, as_of_revision=first).name == "n1"
        assert south.reason("GetJob", id=1, as_of_revision=first) == "RECORD_NOT_FOUND"
        assert [each.name for each in south.records("Job", as_of_revision=second)] == ["s1"]
        assert south.call("CountJobs", as_of_revision=first).count == 0
        assert north.call("RollbackJob", id=1, revision=first).name == "n1"
        assert south.call("GetJob", id=1).name == "s2"
        diffs = south.call("ListJobDiffs", start_revision=first).diffs
        assert [(diff.before.name, diff.after.name) for diff in diffs] == [("", "s2")]

    def test_of_excluded_fields_is_too(self, two: tuple[Mill, Mill]) -> None:
        for caller in two:
            caller.create("Job", name="j")
        two[0].call("UpdateJob", job=job(id=1, remark="north"))
        assert two[1].call("GetJob", id=1).remark == ""


class TestTheAudit:
    def test_shows_a_tenant_its_own_and_what_all_share(self, served: Mill, two: tuple[Mill, Mill]) -> None:
        north, south = two
        first = int(north.create("Job", name="j").etag)
        south.create("Job", name="j")
        served.create("Material", name=f"for {north.tenant}")
        shown = [(e.component, e.record_key, e.tenant) for e in north.entries(start_revision=first)]
        assert shown == [("mill.v1.Job", "1", north.tenant), ("mill.v1.Material", f"for {north.tenant}", "")]
        tenants = [transaction.tenant for transaction in south.transactions(start_revision=first)]
        assert tenants == [south.tenant, ""]
        for condition in ({"component": "mill.v1.Job"}, {"component": "mill.v1.Job", "record_key": "1"}, {}):
            assert {entry.tenant for entry in south.entries(start_revision=first, **condition)} <= {south.tenant, ""}
        refusal = south.refused("GetTransaction", revision=first)
        assert (refusal.reason, "another tenant" in refusal.message) == ("TRANSACTION_NOT_FOUND", True)
        assert north.call("GetTransaction", revision=first).transaction.tenant == north.tenant

    def test_reads_the_same_for_components_of_both_kinds(self, served: Mill, two: tuple[Mill, Mill]) -> None:
        two[0].create("Part", code="k", amount=1)
        two[0].create("Material", name="k", grade=1)
        part, material = (
            two[0].entries(component=f"mill.v1.{name}", record_key="k")[0] for name in ("Part", "Material")
        )
        for entry in (part, material):
            for name in ("component", "after", "changed_fields", "revision", "commit_time", "tenant", "method"):
                entry.ClearField(name)
        assert part == material

    def test_of_a_commit_over_both_kinds_tells_others_of_what_all_share_alone(self, two: tuple[Mill, Mill]) -> None:
        north, south = two
        requests = [
            packed("CreateJob", job=job(name="j")),
            packed("CreateMaterial", material=record("Material", name=f"both {north.tenant}")),
            packed("CreatePart", part=record("Part", code="p", job=1)),
        ]
        revision = north.call("CommitTransaction", requests=requests).revision
        own = north.entries(start_revision=revision)
        assert [(entry.component, entry.ordinal) for entry in own] == [
            ("mill.v1.Material", 0),
            ("mill.v1.Job", 1),
            ("mill.v1.Part", 2),
        ]
        assert [(e.component, e.ordinal) for e in south.entries(start_revision=revision)] == [("mill.v1.Material", 0)]
        assert south.reason("GetTransaction", revision=revision) == "TRANSACTION_NOT_FOUND"
        assert not south.transactions(start_revision=revision)

    def test_says_what_was_refused_to_its_tenant_alone(self, served: Mill, two: tuple[Mill, Mill]) -> None:
        north, south = two
        start = served.create("Material", name=f"start {north.tenant}").etag
        assert north.reason("CreateNote", note=record("Note")) == "INVALID_RECORD"
        assert served.reason("CreateNote", note=record("Note", text="x")) == "TENANT_REQUIRED"

        def refused_to(caller: Mill) -> list[tuple[str, str]]:
            entries = caller.entries(start_revision=int(start) + 1, show_refused=True)
            return [(entry.tenant, entry.refusal) for entry in entries]

        assert [tenant for tenant, _ in refused_to(north)] == [north.tenant]
        assert not refused_to(south)
        assert refused_to(served.of("", actor=OPERATOR))[-1] == ("", "TENANT_REQUIRED")


class TestOperators:
    def test_see_the_audit_of_all_with_its_hashes(self, served: Mill, two: tuple[Mill, Mill]) -> None:
        olga = served.of("", actor=OPERATOR)
        first = int(two[0].create("Job", name="j").etag)
        two[1].create("Job", name="j")
        assert [e.tenant for e in olga.entries(start_revision=first)] == [caller.tenant for caller in two]
        assert [t.tenant for t in olga.transactions(start_revision=first)] == [caller.tenant for caller in two]
        head = olga.call("GetChainHead")
        assert olga.entries(start_revision=head.revision)[-1].hash == head.hash
        assert len(olga.call("GetTransaction", revision=first).transaction.hash) == 32

    def test_see_no_records(self, served: Mill) -> None:
        assert served.of("", actor=OPERATOR).reason("ListJobs") == "TENANT_REQUIRED"
        assert served.of("", actor=OPERATOR).reason("Watch") == "TENANT_REQUIRED"

    def test_are_a_tenant_where_they_name_one(self, served: Mill, two: tuple[Mill, Mill]) -> None:
        first = int(two[0].create("Job", name="j").etag)
        two[1].create("Job", name="j")
        olga = served.of(two[1].tenant, actor=OPERATOR)
        assert [entry.tenant for entry in olga.entries(start_revision=first)] == [two[1].tenant]
        assert olga.reason("GetChainHead") == "TENANTS_APART"

    @pytest.mark.parametrize("tenant", ["", "north"])
    def test_alone_are_told_what_is_of_all_together(self, served: Mill, tenant: str) -> None:
        caller = served.of(tenant)
        refusal = caller.refused("GetChainHead")
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "TENANTS_APART")
        assert caller.reason("PlanSchema") == "TENANTS_APART"
        assert caller.reason("ListSchemaVersions") == "TENANTS_APART"
        rule = {"component": "mill.v1.Job", "target": TARGET_AUDIT, "keep_last": 1}
        assert caller.reason("PlanPruning", **rule) == "TENANTS_APART"
        assert served.of("", actor=OPERATOR).call("PlanPruning", **rule).pruning.component == "mill.v1.Job"

    def test_are_nobody_by_default(self) -> None:
        with mill(operators="line 3", default_actor="line 3") as caller:
            caller.metadata = ()
            assert caller.reason("GetChainHead") == "TENANTS_APART"


class TestWatches:
    def test_tell_a_tenant_of_its_own_alone(self, served: Mill, two: tuple[Mill, Mill]) -> None:
        north, south = two
        served.create("Material", name=f"w {north.tenant}")
        first = int(north.create("Job", name="n").etag)
        south.create("Job", name="s")
        north.create("Part", code="p", amount=1)
        start = Start(revision=first)
        told = [change.record.name for message in south.watched("WatchJobs", start=start) for change in message.changes]
        assert told == ["s"]
        components = [
            (change.component, change.record_key)
            for message in north.watched("Watch", start=start)
            for change in message.changes
        ]
        assert components == [("mill.v1.Job", "1"), ("mill.v1.Part", "p")]

    def test_begin_with_a_snapshot_of_its_own(self, two: tuple[Mill, Mill]) -> None:
        for caller in two:
            caller.create("Job", name=caller.tenant)
        for caller in two:
            messages = caller.watched("WatchJobs", start=Start(snapshot=True))
            assert [one.name for message in messages for one in message.records] == [caller.tenant]

    def test_live_tell_each_of_its_own_of_one_commit_after_another(self, two: tuple[Mill, Mill]) -> None:
        streams = [caller.call("WatchJobs", filter="amount > 0") for caller in two]
        for stream in streams:
            next(stream)
        for number in range(1, 4):
            for caller in two:
                caller.create("Job", name=f"{caller.tenant}/{number}", amount=number % 3)
        for caller, stream in zip(two, streams, strict=True):
            told = [change.record.name for _ in range(2) for change in next(stream).changes]
            assert told == [f"{caller.tenant}/1", f"{caller.tenant}/2"]
            stream.cancel()

    def test_are_resumed_by_their_tenant_alone(self, two: tuple[Mill, Mill]) -> None:
        north, south = two
        north.create("Job", name="j")
        stream = north.call("WatchJobs")
        token = next(stream).resume_token
        stream.cancel()
        assert not north.watched("WatchJobs", start=Start(resume_token=token))
        refusal = south.refused("WatchJobs", start=Start(resume_token=token))
        assert (refusal.reason, "another tenant" in refusal.message) == ("HISTORY_CHANGED", True)


class TestHooks:
    def test_see_the_tenant_and_write_in_its_name(self) -> None:
        application, seen = Application(), []
        job_record = module("mill.v1.job_record").JobRecord
        note_record = module("mill.v1.note_record").NoteRecord
        notes = module("mill.v1.note_repository").NoteRepository

        @application.after_create(job_record)
        def note(change: Any) -> None:
            change.repository(notes).create(note_record(text=f"for {change.tenant}"))

        @application.after_commit
        def told(commit: Any) -> None:
            seen.append((commit.tenant, [change.tenant for change in commit.changes]))

        with mill(application) as caller:
            north, south = caller.of("north"), caller.of("south")
            north.create("Job", name="j")
            south.create("Job", name="j")
            assert [each.text for each in north.records("Note")] == ["for north"]
            assert [each.text for each in south.records("Note")] == ["for south"]
        assert seen == [("north", ["north", "north"]), ("south", ["south", "south"])]

    def test_of_what_all_share_reach_no_tenant_in_a_call_without_one(self) -> None:
        application = Application()
        material_record = module("mill.v1.material_record").MaterialRecord
        jobs = module("mill.v1.job_repository").JobRepository

        @application.before_create(material_record)
        def look(change: Any) -> None:
            change.repository(jobs).read_record((1,))

        with mill(application) as caller:
            assert caller.reason("CreateMaterial", material=record("Material", name="x")) == "TENANT_REQUIRED"
            assert caller.of("north").create("Material", name="x").name == "x"


class TestWithoutAServer:
    def test_the_chain_and_the_records_of_all_are_verified_and_one_tenant_can_be_shown(
        self, database: str, tmp_path: Path
    ) -> None:
        with mill(database=database) as caller:
            for name in ("north", "south"):
                caller.of(name).create("Job", name="j", amount=1)
                caller.of(name).create("Part", code="p", job=1)
            caller.of("north").call("DeletePart", code="p")
            caller.create("Material", name="m")
        components = [module(f"mill.v1.{n}_repository").__dict__[n.upper()] for n in ("job", "part", "material")]
        with audit_file(database) as file:
            check = ChainCheck(last=file.last_revision())
            check.run(file.rows)
            assert (check.finding, check.transactions) == (None, 6)
            compared = [file.records(component) for component in components]
            assert [(each.run(), each.records) for each in compared] == [(None, 2), (None, 1), (None, 1)]
            manifest = write_bundle(file, tmp_path / "out", Selection(tenant="south"), {}, None)
        assert (manifest["shown_transactions"], manifest["shown_entries"]) == (2, 2)
        shown = (tmp_path / "out" / "chain.jsonl").read_text("utf-8")
        assert ("south" in shown, "north" in shown) == (True, False)
        assert open_bundle(tmp_path / "out").check({}).finding is None

    @pytest.mark.parametrize(
        ("table", "column"), [("toolcrib_audit", "tenant"), ("toolcrib_transaction", "tenant"), ("job", TENANT)]
    )
    def test_a_record_that_was_given_to_another_tenant_is_found_out(
        self, database: str, table: str, column: str
    ) -> None:
        with mill(database=database) as caller:
            caller.of("north").create("Job", name="j")
        with behind(database) as connection:
            connection.execute(f"UPDATE {table} SET {column} = 'south'")
        with audit_file(database) as file:
            check = ChainCheck(last=file.last_revision())
            check.run(file.rows)
            found = file.records(module("mill.v1.job_repository").JOB).run()
        if table == "job":
            assert (check.finding, found and (found.tenant, found.record_key)) == (None, ("south", "1"))
        else:
            assert check.finding is not None

    def test_keys_go_on_where_each_tenant_was_after_a_restart(self, database: str) -> None:
        with mill(database=database) as caller:
            for name in ("a", "b", "c"):
                caller.of("north").create("Job", name=name)
            caller.of("south").create("Job", name="a")
            caller.of("north").call("DeleteJob", id=3)
        with behind(database) as connection:
            connection.execute("UPDATE job SET id = 9 WHERE id = 2")
        with mill(database=database) as caller:
            assert caller.of("north").create("Job", name="d").id == 10
            assert caller.of("south").create("Job", name="d").id == 2
            assert caller.of("west").create("Job", name="d").id == 1

    def test_a_move_to_another_database_takes_all_tenants_along(self, database: str) -> None:
        with mill(database=database) as caller:
            for name in ("north", "south"):
                caller.of(name).create("Job", name=name)
                caller.of(name).call("UpdateJob", job=job(id=1, amount=7))
        with new_database() as target:
            moved(database, target, COMPONENTS)
            with mill(database=target) as caller:
                for name in ("north", "south"):
                    tenant = caller.of(name)
                    assert (tenant.call("GetJob", id=1).name, tenant.create("Job", name="next").id) == (name, 2)
                    assert len(tenant.call("ListJobRevisions", id=1).revisions) == 2


class TestCertificates:
    @pytest.mark.parametrize(("organization", "expected"), [("north", ["n"]), ("south", [])])
    def test_name_the_tenant_by_their_organization(
        self, tmp_path: Path, organization: str, expected: list[str]
    ) -> None:
        authority = trustme.CA()
        files = {"ca": tmp_path / "ca.pem", "certificate": tmp_path / "server.pem", "key": tmp_path / "server.key"}
        issued = authority.issue_cert("localhost", "127.0.0.1")
        authority.cert_pem.write_to_path(files["ca"])
        issued.private_key_pem.write_to_path(files["key"])
        for blob in issued.cert_chain_pems:
            blob.write_to_path(files["certificate"], append=True)
        with mill_database_with("north", "n") as database:
            client = authority.issue_cert("client.plant", common_name="press 4", organization_name=organization)
            chain = b"".join(blob.bytes() for blob in client.cert_chain_pems)
            credentials = grpc.ssl_channel_credentials(
                authority.cert_pem.bytes(), client.private_key_pem.bytes(), chain
            )
            settings: dict[str, Any] = {
                "tls_certificate": files["certificate"],
                "tls_key": files["key"],
                "tls_client_ca": files["ca"],
            }
            with (
                serve(COMPONENTS, database=database, **settings) as server,
                grpc.secure_channel(server.address, credentials) as channel,
            ):
                # What metadata says is not even read.
                caller = Mill(channel, tenant="north")
                assert [each.name for each in caller.records("Job")] == expected


@contextmanager
def mill_database_with(tenant: str, name: str) -> Iterator[str]:
    """A database in which a tenant has a job of this name."""
    with new_database() as database:
        with mill(database=database) as caller:
            caller.of(tenant).create("Job", name=name)
        yield database
