"""A server whose start the schema refuses, and which waits until somebody applies the plan over gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from support.behind import behind, locked, path_of
from support.command import serving, toolcrib
from support.evolving import Evolving, option, part
from support.lab import COMPONENTS, Lab, generated, served
from support.plant import health_stub, refused
from toolcrib.audit.v1.audit_pb2 import GetChainHeadRequest
from toolcrib.audit.v1.audit_pb2_grpc import AuditServiceStub
from toolcrib.client import Aborted, Crib, DeadlineExceeded, FailedPrecondition, Unavailable
from toolcrib.client.schema import SchemaClient
from toolcrib.schema.v1.schema_pb2 import ApplySchemaRequest
from toolcrib.schema.v1.schema_pb2_grpc import SchemaServiceStub
from toolcrib.server.call import ActorSource
from toolcrib.server.databases.scratch import scratch_file
from toolcrib.server.testing import serve

SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
SCHEMA, ORDERS = "toolcrib.schema.v1.SchemaService", "lab.orders.v1.WorkOrderService"
BY_HAND = "CREATE UNIQUE INDEX by_hand ON work_order (customer)"
ALLOW = ["drop:work_order/by_hand"]
BOB = (("x-actor", "bob"),)
TIMEOUT_S = 30


@pytest.fixture
def refused_database(database: str) -> str:
    """A database with something in it that no start takes away by itself."""
    spoil(database)
    return database


def spoil(database: str) -> None:
    """Makes a database, and something in it that no start takes away by itself."""
    with serve(COMPONENTS, database=database), behind(database) as connection:
        connection.execute(BY_HAND)


@contextmanager
def waiting(database: str, **settings: Any) -> Iterator[Lab]:
    """A server that waits."""
    with served(database=database, schema_wait=True, health_interval_s=0.02, **settings) as lab:
        yield lab


def orders(lab: Lab) -> Any:
    """The orders, asked for once."""
    return Lab(lab.crib.with_timeout(0.5), lab.database).client("lab.orders.v1.work_order", "WorkOrder")


def listed(lab: Lab) -> list[Any]:
    """The orders, asked for once, however long that takes."""
    answer = generated("lab.orders.v1.work_order_service_pb2", "ListWorkOrdersResponse", COMPONENTS)
    method: Any = lab.crib.channel.unary_unary(f"/{ORDERS}/ListWorkOrders")
    response = method(b"", timeout=TIMEOUT_S)
    return list(answer.FromString(response).work_orders)


def healths(lab: Lab, *services: str) -> list[int]:
    return [health_stub(lab.crib.channel).Check(HealthCheckRequest(service=service)).status for service in services]


def test_it_tells_of_its_schema_and_refuses_everything_else(refused_database: str) -> None:
    with waiting(refused_database) as lab:
        assert healths(lab, "", ORDERS, SCHEMA) == [NOT_SERVING, NOT_SERVING, SERVING]
        with pytest.raises(grpc.RpcError, match="there is no service"):
            healths(lab, "none.of.these")
        with refused(grpc.StatusCode.UNAVAILABLE, "SCHEMA_PENDING") as refusal:
            AuditServiceStub(lab.crib.channel).GetChainHead(GetChainHeadRequest())
        assert "--allow drop:work_order/by_hand" in refusal.message
        assert refusal.retry_delay_s
        with pytest.raises(Unavailable, match="SCHEMA_PENDING"):
            orders(lab).get(1)
        with pytest.raises(Unavailable, match="SCHEMA_PENDING"), orders(lab).watch() as changes:
            next(iter(changes))
        schema = SchemaClient(lab.crib)
        assert [version.version for version in schema.versions()] == [1]
        assert [step.name for step in schema.plan().steps] == ALLOW


def test_what_was_reviewed_is_applied_and_then_served_on_the_same_connection(refused_database: str) -> None:
    with waiting(refused_database) as lab:
        watched = health_stub(lab.crib.channel).Watch(HealthCheckRequest(service=ORDERS), timeout=TIMEOUT_S)
        assert next(watched).status == NOT_SERVING
        schema = SchemaClient(lab.crib.as_actor("bob").with_reason("ECN-1183"))
        reviewed = schema.plan()
        done = schema.apply(reviewed.etag, ALLOW)
        assert (done.schema_version, list(done.steps)) == (2, list(reviewed.steps))
        # No waiting: it serves once that has answered.
        assert listed(lab) == []
        assert next(watched).status == SERVING
        assert healths(lab, "", SCHEMA) == [SERVING, SERVING]
        newest = next(schema.versions())
        assert (newest.version, newest.actor, newest.method) == (2, "bob", f"/{SCHEMA}/ApplySchema")
        assert "- drop the unique index by_hand" in newest.plan
        assert newest.plan.endswith("\n\nreason: ECN-1183")
        watched.cancel()
        again = schema.apply(reviewed.etag, ALLOW)
        assert (again.schema_version, list(again.steps)) == (2, [])
    if refused_database.startswith("sqlite"):
        assert done.backup == f"{path_of(refused_database)}.schema-1.backup"
        with behind(done.backup) as connection:
            assert "by_hand" in str(connection.forms())


def test_records_that_are_filled_in_are_audited_in_the_name_of_who_applied_it(shop: Evolving) -> None:
    shop.declare(part("string name = 2", "string note = 3"))
    shop.serve(("create", {"name": "a", "note": "n"}))
    shop.declare(part("string name = 2", "int32 level = 4" + option(backfill='"2"')))
    with (
        serving(shop.components, "--database", str(shop.database), "--schema-wait") as running,
        Crib.connect(running.address, actor="bob") as crib,
    ):
        schema = SchemaClient(crib.with_reason("ECN-1183"))
        schema.apply(schema.plan().etag, ["drop:part.note"])
        assert running.stop()[0] == 0
    newest = "SELECT actor, actor_source, reason, method FROM toolcrib_transaction WHERE revision = 2"
    assert shop.sql(newest) == [("bob", ActorSource.METADATA, "ECN-1183", f"/{SCHEMA}/ApplySchema")]
    (found,) = shop.serve(("get", 1))
    assert (found["name"], found["level"]) == ("a", 2)
    assert shop.verify()["ok"]


def test_behind_mutual_tls_the_certificate_says_who_applied_it(refused_database: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name in ("127.0.0.1", "bob"):
        issued = authority.issue_cert(name, common_name=name)
        issued.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
        issued.private_key_pem.write_to_path(tmp_path / f"{name}.key")
    files: dict[str, Any] = {
        "tls_client_ca": tmp_path / "ca.pem",
        "tls_certificate": tmp_path / "127.0.0.1.pem",
        "tls_key": tmp_path / "127.0.0.1.key",
    }
    own = f"--tls-ca {tmp_path}/ca.pem --tls-cert {tmp_path}/bob.pem --tls-key {tmp_path}/bob.key".split()
    with serve(COMPONENTS, database=refused_database, schema_wait=True, **files) as server:
        there = ["--server", server.address, *own]
        applied = toolcrib("schema", "apply", *there, "--actor", "mallory", "--allow", *ALLOW)
        assert (applied.returncode, applied.stderr) == (0, "")
        assert ", by bob (" in toolcrib("schema", "versions", *there).stdout


def test_a_database_that_is_only_checked_is_applied_to_as_well(database: str) -> None:
    with waiting(database, schema_policy="check") as lab:
        schema = SchemaClient(lab.crib)
        assert list(schema.versions()) == []
        assert schema.apply(schema.plan().etag).schema_version == 1
        assert listed(lab) == []


@pytest.mark.parametrize(
    ("code", "reason", "request_", "has_actor"),
    [
        ("FAILED_PRECONDITION", "SCHEMA_STEPS_REFUSED", {}, True),
        ("INVALID_ARGUMENT", "UNKNOWN_STEP", {"allow": [*ALLOW, "drop:recipe"]}, True),
        ("INVALID_ARGUMENT", "ETAG_MISSING", {"allow": ALLOW, "etag": ""}, True),
        ("ABORTED", "PLAN_OUTDATED", {"allow": ALLOW, "etag": "of another plan"}, True),
        # Neither nobody nor the default actor answers for it.
        ("UNAUTHENTICATED", "ACTOR_REQUIRED", {"allow": ALLOW}, False),
    ],
)
def test_what_is_refused_changes_nothing_and_it_goes_on_waiting(
    refused_database: str, code: str, reason: str, request_: dict[str, Any], has_actor: bool
) -> None:
    with behind(refused_database) as connection:
        before = connection.forms()
    with waiting(refused_database, default_actor="line 3") as lab:
        stub, etag = SchemaServiceStub(lab.crib.channel), SchemaClient(lab.crib).plan().etag
        for validate_only in (False, True):
            asked = ApplySchemaRequest(**{"etag": etag, "validate_only": validate_only, **request_})
            with refused(grpc.StatusCode[code], reason) as refusal:
                stub.ApplySchema(asked, metadata=BOB if has_actor else ())
        assert (refusal.metadata.get("etag") == etag) == (reason == "PLAN_OUTDATED")
        assert bool(refusal.preconditions) == (reason == "SCHEMA_STEPS_REFUSED")
        assert healths(lab, "", SCHEMA) == [NOT_SERVING, SERVING]
    with behind(refused_database) as connection:
        assert connection.forms() == before


def test_a_dry_run_says_what_would_be_done_and_does_nothing(refused_database: str) -> None:
    with waiting(refused_database) as lab:
        schema = SchemaClient(lab.crib)
        reviewed = schema.plan()
        said = schema.apply(reviewed.etag, ALLOW, validate_only=True)
        assert (said.schema_version, list(said.steps)) == (1, list(reviewed.steps))
        assert schema.plan() == reviewed


def test_a_plan_that_has_changed_since_it_was_reviewed_is_not_applied(refused_database: str) -> None:
    with waiting(refused_database) as lab:
        schema = SchemaClient(lab.crib)
        reviewed = schema.plan()
        with behind(refused_database) as connection:
            connection.execute("CREATE UNIQUE INDEX one_more ON work_order (serial)")
        with pytest.raises(Aborted, match="PLAN_OUTDATED") as error:
            schema.apply(reviewed.etag, ALLOW)
        assert error.value.metadata["etag"] == schema.plan().etag != reviewed.etag
        schema.apply(error.value.metadata["etag"], [*ALLOW, "drop:work_order/one_more"])
        assert listed(lab) == []


def test_of_two_who_apply_at_once_one_does_it_and_the_other_is_told(refused_database: str) -> None:
    with waiting(refused_database) as lab, ThreadPoolExecutor() as pool:
        schema = SchemaClient(lab.crib)
        etag = schema.plan().etag
        done = list(pool.map(lambda _: schema.apply(etag, ALLOW), range(4)))
        assert sorted(len(answer.steps) for answer in done) == [0, 0, 0, 1]
        assert {answer.schema_version for answer in done} == {2}
        assert [version.version for version in schema.versions()] == [2, 1]


def test_it_serves_once_another_server_of_the_database_was_told(refused_database: str) -> None:
    with waiting(refused_database) as lab, waiting(refused_database) as other:
        schema = SchemaClient(lab.crib)
        schema.apply(schema.plan().etag, ALLOW)
        other.crib.wait_ready(TIMEOUT_S)
        assert list(orders(other).list()) == []


def test_what_has_begun_is_finished_though_its_caller_has_gone(refused_database: str) -> None:
    with waiting(refused_database, busy_timeout_s=TIMEOUT_S) as lab:
        schema = SchemaClient(lab.crib)
        etag = schema.plan().etag
        with locked(refused_database), pytest.raises(DeadlineExceeded):
            SchemaClient(lab.crib.as_actor("bob").with_timeout(0.5)).apply(etag, ALLOW)
        lab.crib.wait_ready(TIMEOUT_S)
        assert next(schema.versions()).actor == "bob"


def test_a_database_that_is_locked_is_not_changed(refused_database: str) -> None:
    with waiting(refused_database, busy_timeout_s=0.1) as lab:
        schema = SchemaClient(lab.crib)
        etag = schema.plan().etag
        with locked(refused_database), refused(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"):
            request = ApplySchemaRequest(etag=etag, allow=ALLOW)
            SchemaServiceStub(lab.crib.channel).ApplySchema(request, metadata=BOB)
        assert healths(lab, "") == [NOT_SERVING]
        assert schema.apply(etag, ALLOW).schema_version == 2


def test_without_room_for_the_backup_nothing_is_changed() -> None:
    with scratch_file() as database:
        spoil(database)
        path = path_of(database)
        in_the_way = path.with_name(f"{path.name}.schema-1.backup")
        with waiting(database) as lab:
            schema = SchemaClient(lab.crib)
            etag = schema.plan().etag
            in_the_way.mkdir()
            with refused(grpc.StatusCode.FAILED_PRECONDITION, "SCHEMA_NOT_CHANGED") as refusal:
                request = ApplySchemaRequest(etag=etag, allow=ALLOW)
                SchemaServiceStub(lab.crib.channel).ApplySchema(request, metadata=BOB)
            assert f"the backup {path}.schema-1.backup cannot be written" in refusal.message
            in_the_way.rmdir()
            assert schema.apply(etag, ALLOW).schema_version == 2


def test_a_server_that_serves_changes_nothing(database: str) -> None:
    with waiting(database) as lab:
        schema = SchemaClient(lab.crib)
        assert schema.apply(schema.plan().etag).schema_version == 1
        with behind(database) as connection:
            connection.execute(BY_HAND)
        with pytest.raises(FailedPrecondition, match="SCHEMA_IN_USE"):
            schema.apply(schema.plan().etag, ALLOW)
        assert [step.name for step in schema.plan().steps] == ALLOW
