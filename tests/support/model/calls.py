"""What callers may ask of the laboratory to change: as a request to the server, and as what the model makes of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask

from support.model.kinds import KINDS, Key, Kind
from support.model.world import Draft
from toolcrib.transaction.v1.transaction_pb2 import CommitTransactionRequest

# Values of fields by name; None unsets.
Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call(ABC):
    """A call of the service of `name`. `run` answers what the server is to answer, record by record."""

    name: str

    @property
    def kind(self) -> Kind:
        """Whose service it is."""
        return KINDS[self.name]

    @property
    def method(self) -> str:
        """The name of the method."""
        return f"{type(self).__name__}{self.name}"

    @abstractmethod
    def request(self) -> Any:
        """What is sent."""

    @abstractmethod
    def run(self, draft: Draft) -> list[Any]:
        """What the model makes of it. Raises Refused."""

    def records(self, answer: Any) -> list[Any]:
        """The records in what the server answers."""
        return [] if isinstance(answer, Empty) else [answer]


@dataclass(frozen=True, kw_only=True)
class Create(Call):
    """Creates a record."""

    values: Values

    def record(self) -> Any:
        """The record."""
        return _record(self.kind, self.values)

    def request(self) -> Any:
        return self.kind.request(self.method, **{self.kind.record: self.record()})

    def run(self, draft: Draft) -> list[Any]:
        return draft.create(self.kind, [self.record()])


@dataclass(frozen=True, kw_only=True)
class _OfOne(Call):
    """A call for a record that is there, perhaps."""

    key: Key
    etag: str = ""

    def request(self) -> Any:
        return self.kind.request(self.method, **{self.kind.key: self.key}, etag=self.etag)


@dataclass(frozen=True, kw_only=True)
class Update(_OfOne):
    """Changes some fields of a record."""

    values: Values

    def record(self) -> Any:
        """The record with what is new."""
        return _record(self.kind, {self.kind.key: self.key, "etag": self.etag, **self.values})

    def request(self) -> Any:
        mask = FieldMask(paths=list(self.values))
        return self.kind.request(self.method, **{self.kind.record: self.record()}, update_mask=mask)

    def run(self, draft: Draft) -> list[Any]:
        return draft.update(self.kind, [(self.record(), list(self.values))])


@dataclass(frozen=True, kw_only=True)
class Delete(_OfOne):
    """Deletes a record."""

    def run(self, draft: Draft) -> list[Any]:
        return draft.delete(self.kind, [(self.key, self.etag)])


@dataclass(frozen=True, kw_only=True)
class Undelete(_OfOne):
    """Brings a record back."""

    def run(self, draft: Draft) -> list[Any]:
        return [draft.undelete(self.kind, self.key, self.etag)]


@dataclass(frozen=True, kw_only=True)
class Rollback(_OfOne):
    """Makes a record as it was at a revision, with what it owns by some relations."""

    revision: int
    include: Sequence[str] = ()

    def request(self) -> Any:
        request = super().request()
        request.revision = self.revision
        if self.include:
            request.include.paths.extend(self.include)
        return request

    def run(self, draft: Draft) -> list[Any]:
        draft.require_etag((self.name, self.key), self.etag)
        return [draft.roll_back(self.kind, self.key, self.revision, self.include)]


@dataclass(frozen=True, kw_only=True)
class Batch(Call):
    """Several calls of one method; or none."""

    of: type[Create | Update | Delete]
    items: Sequence[Any]

    @property
    def method(self) -> str:
        return f"Batch{self.of.__name__}{self.kind.plural}"

    def request(self) -> Any:
        return self.kind.request(self.method, requests=[item.request() for item in self.items])

    def run(self, draft: Draft) -> list[Any]:
        if self.of is Create:
            return draft.create(self.kind, [item.record() for item in self.items])
        if self.of is Update:
            return draft.update(self.kind, [(item.record(), list(item.values)) for item in self.items])
        return draft.delete(self.kind, [(item.key, item.etag) for item in self.items])

    def records(self, answer: Any) -> list[Any]:
        return [] if isinstance(answer, Empty) else list(getattr(answer, self.kind.plural.lower()))


@dataclass(frozen=True, kw_only=True)
class Transaction(Call):
    """Calls of single records, of several components: all or none."""

    name: str = ""
    steps: Sequence[Call]

    @property
    def method(self) -> str:
        return "CommitTransaction"

    def request(self) -> Any:
        request = CommitTransactionRequest()
        for step in self.steps:
            request.requests.add().Pack(step.request())
        return request

    def run(self, draft: Draft) -> list[Any]:
        return [record for step in self.steps for record in step.run(draft)]

    def records(self, answer: Any) -> list[Any]:
        found = []
        for step, packed in zip(self.steps, answer.responses, strict=True):
            one = Empty() if packed.Is(Empty.DESCRIPTOR) else step.kind.message()
            assert packed.Unpack(one)
            found += step.records(one)
        return found


def _record(kind: Kind, values: Values) -> Any:
    return kind.message(**{name: value for name, value in values.items() if value is not None})
