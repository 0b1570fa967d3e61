"""What a call fails with."""

from __future__ import annotations

import pickle

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, ResourceInfo, RetryInfo

from support.both_clients import Client
from support.fake_server import FakeServer, failure
from toolcrib import client as toolcrib_client
from toolcrib.client import (
    AuditClient,
    Crib,
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    PreconditionViolation,
    Resource,
    ToolcribError,
    Unavailable,
)

CODES = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]


def error_of(client: Client) -> ToolcribError:
    """What a call fails with."""
    method = client.crib.channel.unary_unary("/any/Method")
    with pytest.raises(ToolcribError) as caught:
        client.run(lambda crib: crib.with_retry_writes(False).write(method, b""))
    return caught.value


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_each_status_is_a_type_of_its_own(client: Client, server: FakeServer, code: grpc.StatusCode) -> None:
    server.will_answer(failure(code, "what is wrong"))
    error = error_of(client)
    name = "".join(word.title() for word in code.name.split("_"))
    assert type(error) is getattr(toolcrib_client, name, ToolcribError)
    assert (type(error) is ToolcribError) == (code is grpc.StatusCode.UNKNOWN)
    assert (error.code, error.message) == (code, "what is wrong")


def test_all_details_are_read(client: Client, server: FakeServer) -> None:
    violation = BadRequest.FieldViolation(field="recipe.name", description="is empty", reason="string.min_len")
    precondition = PreconditionFailure.Violation(type="RECORD_DELETED", subject="7", description="is deleted")
    server.will_answer(
        failure(
            grpc.StatusCode.FAILED_PRECONDITION,
            "recipe 7 is deleted",
            ErrorInfo(reason="RECORD_DELETED", domain="toolcrib.dev", metadata={"key": "7"}),
            BadRequest(field_violations=[violation]),
            PreconditionFailure(violations=[precondition]),
            ResourceInfo(resource_type="plant.recipes.v1.Recipe", resource_name="7"),
            RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
        )
    )
    error = error_of(client)
    assert isinstance(error, FailedPrecondition)
    assert error.reason == "RECORD_DELETED"
    assert error.metadata == {"key": "7"}
    assert error.violations == (FieldViolation("recipe.name", "is empty", "string.min_len"),)
    assert error.preconditions == (PreconditionViolation("RECORD_DELETED", "7", "is deleted"),)
    assert error.resource == Resource("plant.recipes.v1.Recipe", "7")
    assert error.retry_delay_s == 1.5
    assert str(error) == "recipe 7 is deleted (FAILED_PRECONDITION, RECORD_DELETED)"


def test_an_error_without_details_has_none(client: Client, server: FakeServer) -> None:
    server.will_answer(failure(grpc.StatusCode.NOT_FOUND, "gone"))
    error = error_of(client)
    assert (error.reason, error.metadata, error.violations, error.preconditions) == ("", {}, (), ())
    assert (error.resource, error.retry_delay_s) == (None, None)
    assert str(error) == "gone (NOT_FOUND)"


def test_details_that_are_not_what_they_say_do_not_hide_the_error(client: Client, server: FakeServer) -> None:
    garbled = failure(grpc.StatusCode.NOT_FOUND, "gone", ErrorInfo(reason="RECORD_NOT_FOUND"), BadRequest())
    garbled.details[1].value = b"\xff\xff\xff"
    server.will_answer(garbled)
    error = error_of(client)
    assert isinstance(error, NotFound)
    assert (error.reason, error.violations) == ("RECORD_NOT_FOUND", ())


def test_an_error_survives_being_sent_to_another_process() -> None:
    error = InvalidArgument(
        grpc.StatusCode.INVALID_ARGUMENT, "wrong", reason="INVALID_RECORD", violations=[FieldViolation("a", "b")]
    )
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is InvalidArgument
    assert (str(copy), copy.violations) == (str(error), error.violations)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with Crib.connect("127.0.0.1:1", timeout_s=0.5) as crib, pytest.raises(Unavailable):
        AuditClient(crib).page()
