"""Tenants that share a server, compared with what each is answered where it is alone: by every method, to the letter.

Whatever the others do, a tenant is told what it would be told by a server that nobody else has ever called. Only
revisions differ, which are counted for the whole database: they are compared by their place among the tenant's own.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.plant import refusal_of
from support.tenancy import Mill, methods, mill, record, request, service_of
from toolcrib.watch.v1.watch_pb2 import Start

TENANTS = ("north", "south")
MATERIALS = ("steel", "brass")

TENANT = st.sampled_from(TENANTS)
ID = st.integers(1, 3)
CODE = st.sampled_from(["p", "q", "r"])
NAME = st.sampled_from("abcdefgh")
AMOUNT = st.integers(0, 3)
MATERIAL = st.none() | st.sampled_from(MATERIALS)
# Counted among the tenant's own commits.
COMMIT = st.integers(1, 12)
FILTER = st.sampled_from(["", "amount > 1", 'name = "a" OR amount = 0', 'parts.code = "p"', "of_material.grade = 1"])

# What hangs on the moment, the connection or the whole database rather than on what the tenant has done.
_PASSING = {"updateTime", "commitTime", "peer", "hash", "tenant", "resumeToken", "plan"}
_REVISIONS = {"revision", "previousRevision", "nextRevision", "etag"}

# All methods that are called.
_ASKED: set[str] = set()
# A method, and its request with revisions counted among the tenant's own commits.
Asked = tuple[str, dict[str, Any]]


@dataclass
class Place:
    """One tenant at one server. `own` are the revisions of the commits that it may know of, in their order."""

    caller: Mill
    own: list[int] = field(default_factory=list)

    def note(self) -> None:
        """Learns of new commits, as the tenant would: by its audit."""
        start = self.own[-1] + 1 if self.own else 1
        self.own += [each.revision for each in self.caller.transactions(start_revision=start, show_refused=True)]

    def revision(self, number: int) -> int:
        """The revision of its commit of this number; that of none, where there are fewer."""
        return self.own[number - 1] if number <= len(self.own) else 10**9

    def outcome(self, method: str, values: dict[str, Any]) -> Any:
        """What is answered, or refused, in terms that are the same at every server."""
        try:
            answer = self.caller.send(methods()[method], _request(method, values, self))
        except grpc.RpcError as error:
            refusal = refusal_of(error)
            return refusal.code, refusal.reason, sorted(refusal.fields), refusal.resource
        finally:
            if method in _WRITES:
                self.note()
        return self.plain(answer)

    def plain(self, message: Any) -> Any:
        """A message without what is passing."""
        return self._plain(MessageToDict(message))

    def watched(self, method: str) -> list[Any]:
        """All that a watch tells from the first commit on."""
        return [self.plain(message) for message in self.caller.watched(method, start=Start(revision=1))]

    def _plain(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._plain(each, key) for key, each in value.items() if key not in _PASSING}
        if isinstance(value, list):
            return [self._plain(each) for each in value]
        if name in _REVISIONS and value:
            return bisect_right(self.own, int(value))
        return bool(value) if name == "nextPageToken" else value


def _request(method: str, values: dict[str, Any], place: Place) -> Any:
    """The request at one server; what ends with `_commit` is a number of one of the tenant's commits."""
    given: dict[str, Any] = {}
    for name, value in values.items():
        if name.endswith("_commit"):
            given[name.removesuffix("_commit")] = place.revision(value)
        elif name == "requests" and method == "CommitTransaction":
            given[name] = [_packed(*each) for each in value]
        else:
            given[name] = value
    return request(method, **given)


def _packed(method: str, values: dict[str, Any]) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(request(method, **values))
    return packed


@st.composite
def _jobs(draw: st.DrawFn, key: st.SearchStrategy[int] | None = None) -> Any:
    values = {"name": draw(NAME), "amount": draw(AMOUNT), "material": draw(MATERIAL)}
    return record("Job", id=0 if key is None else draw(key), remark=draw(st.sampled_from(["", "r"])), **values)


@st.composite
def _parts(draw: st.DrawFn) -> Any:
    return record("Part", code=draw(CODE), job=draw(st.none() | ID), spare=draw(st.none() | CODE), amount=draw(AMOUNT))


def _items(method: str, field_: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Asked]:
    _ASKED.add(method)
    return st.lists(values, max_size=3).map(lambda items: (method, {"requests": [{field_: item} for item in items]}))


def _one(method: str, **values: st.SearchStrategy[Any]) -> st.SearchStrategy[Asked]:
    _ASKED.add(method)
    return st.fixed_dictionaries(values).map(lambda given: (method, given))


_MASKS = st.none() | st.sampled_from(["amount", "name", "*"]).map(lambda path: FieldMask(paths=[path]))
_JOBS, _CHANGED_JOBS, _PARTS = _jobs(), _jobs(ID), _parts()
_DRY = st.sampled_from([False, False, False, True])
WRITES: st.SearchStrategy[Asked] = st.one_of(
    _one("CreateJob", job=_JOBS, validate_only=_DRY),
    _one("CreateJob", job=_JOBS, request_id=st.sampled_from(["1", "2"])),
    _one("UpdateJob", job=_CHANGED_JOBS, update_mask=_MASKS, validate_only=_DRY),
    _one("DeleteJob", id=ID, allow_missing=st.booleans()),
    _one("UndeleteJob", id=ID),
    _one("RollbackJob", id=ID, revision_commit=COMMIT),
    _items("BatchCreateJobs", "job", _JOBS),
    _items("BatchUpdateJobs", "job", _CHANGED_JOBS),
    _items("BatchDeleteJobs", "id", ID),
    _one("CreatePart", part=_PARTS),
    _one("UpdatePart", part=_PARTS, update_mask=_MASKS.filter(lambda mask: not mask or "name" not in mask.paths)),
    _one("UpdatePart", part=_PARTS, allow_missing=st.just(True)),
    _one("DeletePart", code=CODE),
    _one("RollbackPart", code=CODE, revision_commit=COMMIT),
    _items("BatchCreateParts", "part", _PARTS),
    _items("BatchUpdateParts", "part", _PARTS),
    _items("BatchDeleteParts", "code", CODE),
    _one("CreateNote", note=st.sampled_from([record("Note", text="t"), record("Note")])),
    st.lists(_one("CreateJob", job=_JOBS) | _one("CreatePart", part=_PARTS) | _one("DeleteJob", id=ID), max_size=3).map(
        lambda steps: ("CommitTransaction", {"requests": steps})
    ),
)
_WRITES = frozenset(_ASKED)
READS: st.SearchStrategy[Asked] = st.one_of(
    _one("GetJob", id=ID, show_deleted=st.booleans(), include=st.just(FieldMask(paths=["parts", "of_material"]))),
    _one("GetJob", id=ID, as_of_revision_commit=COMMIT),
    _one("ListJobs", filter=FILTER, show_deleted=st.booleans(), include=st.just(FieldMask(paths=["parts"]))),
    _one("ListJobs", page_size=st.just(1), order_by=st.sampled_from(["", "amount desc"])),
    _one("ListJobs", as_of_revision_commit=COMMIT, filter=st.sampled_from(["", "amount > 1"])),
    _one("CountJobs", filter=FILTER, show_deleted=st.booleans()),
    _one("CountJobs", as_of_revision_commit=COMMIT),
    _one("ExplainJobs", filter=FILTER),
    _one("ListJobRevisions", id=ID),
    _one("DiffJob", id=ID, start_revision_commit=COMMIT),
    _one("ListJobDiffs", start_revision_commit=COMMIT),
    _items("BatchGetJobs", "id", ID),
    _one("GetPart", code=CODE),
    _one("ListParts", filter=st.sampled_from(["", "amount > 1", 'spare = "p"'])),
    _one("CountParts", filter=st.just("")),
    _one("ExplainParts", filter=st.just("amount = 1")),
    _one("ListPartRevisions", code=CODE),
    _one("DiffPart", code=CODE, start_revision_commit=COMMIT),
    _one("ListPartDiffs", start_revision_commit=COMMIT),
    _items("BatchGetParts", "code", CODE),
    _one("CountNotes", filter=st.just("")),
    _one("ListAuditEntries", show_refused=st.booleans(), component=st.sampled_from(["", "mill.v1.Job"])),
    _one("ListAuditEntries", component=st.just("mill.v1.Part"), record_key=CODE),
    _one("ListTransactions", show_refused=st.booleans(), component=st.sampled_from(["", "mill.v1.Material"])),
    _one("GetTransaction", revision_commit=COMMIT),
)


class TwoTenants:
    """Two tenants on one server, and each on a server of its own."""

    def __init__(self, resources: ExitStack) -> None:
        shared = resources.enter_context(mill())
        alone = {tenant: resources.enter_context(mill()) for tenant in TENANTS}
        self._nobodys = [shared, *alone.values()]
        self._places = {
            tenant: (Place(shared.of(tenant)), Place(caller.of(tenant))) for tenant, caller in alone.items()
        }
        for material in MATERIALS:
            self.all_share("CreateMaterial", material, 0)

    def compare(self, tenant: str, asked: Asked) -> None:
        """Asks the same of both servers."""
        here, alone = (_without_uuids(place.outcome(*asked)) for place in self._places[tenant])
        assert here == alone, (tenant, asked)

    def compare_all(self) -> None:
        """Asks for all that there is, and was."""
        for tenant, places in self._places.items():
            for method in ("ListJobs", "ListParts", "CountNotes"):
                self.compare(tenant, (method, {}))
            for method in ("ListAuditEntries", "ListTransactions"):
                self.compare(tenant, (method, {"show_refused": True, "page_size": 1000}))
            for method in ("WatchJobs", "WatchParts", "Watch"):
                here, alone = (_without_uuids(place.watched(method)) for place in places)
                assert here == alone, (tenant, method)

    def all_share(self, method: str, name: str, grade: int) -> None:
        """Changes at each server what all tenants share."""
        for caller in self._nobodys:
            caller.call(method, material=record("Material", name=name, grade=grade))
        for places in self._places.values():
            for place in places:
                place.note()


STEPS = st.lists(
    st.tuples(TENANT, st.one_of(WRITES, WRITES, READS))
    | st.tuples(st.just(""), st.tuples(st.sampled_from(MATERIALS), st.integers(0, 2))),
    min_size=50,
    max_size=60,
)


# To make a failure smaller takes minutes.
@settings(max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_each_tenant_is_answered_as_if_it_were_alone(steps: list[tuple[str, Any]]) -> None:
    with ExitStack() as resources:
        tenants = TwoTenants(resources)
        for tenant in TENANTS:
            for name in "ab":
                tenants.compare(tenant, ("CreateJob", {"job": record("Job", name=name)}))
        for tenant, asked in steps:
            if tenant:
                tenants.compare(tenant, asked)
            else:
                tenants.all_share("UpdateMaterial", *asked)
        tenants.compare_all()


def _without_uuids(outcome: Any) -> Any:
    """What is answered, without the keys of notes, which are other ones at every server."""
    if isinstance(outcome, dict):
        is_note = outcome.get("component") == "mill.v1.Note" or "text" in outcome
        return {
            name: _without_uuids(value)
            for name, value in outcome.items()
            if not (is_note and name in ("id", "recordKey"))
        }
    return [_without_uuids(each) for each in outcome] if isinstance(outcome, list) else outcome


def test_the_model_knows_every_method() -> None:
    # Notes are there for their keys, and for what is refused; their methods are those of parts.
    of_tenants = {method.name for component in ("Job", "Part") for method in service_of(component).methods}
    assert of_tenants <= _ASKED | {"WatchJobs", "WatchParts"}
