"""What every call passes on its way to the servicer, outermost first: errors, identity, log."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Awaitable

import grpc
import grpc.aio
from google.protobuf.message import Message

from toolcrib.server.errors import InternalError, StoreError
from toolcrib.server.identity import Identity
from toolcrib.server.rpc import Handler, Interceptor, NetworkCall
from toolcrib.server.status import status_of

logger = logging.getLogger(__name__)
access = logging.getLogger("toolcrib.access")

_DETAILS_KEY = "grpc-status-details-bin"
_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def answer_errors(call_next: Handler) -> Handler:
    """Turns what is raised into a status with details, and logs it.

    A defect's text stays in the log, under an incident id.
    """

    async def handle(payload: bytes, call: NetworkCall) -> Message | None:
        try:
            return await call_next(payload, call)
        except StoreError as error:
            logger.info("%s of actor %r was refused: %s", call.method, call.known_actor, error.reason)
            status = status_of(_without_frames(error))
        except Exception as error:
            incident = uuid.uuid4().hex[:12]
            logger.exception("incident %s in %s", incident, call.method, exc_info=error)
            status = status_of(
                InternalError(
                    f"an error inside the server; its log says more under incident {incident}",
                    metadata={"incident": incident},
                )
            )
        details = ((_DETAILS_KEY, status.SerializeToString()),)
        await call.context.abort(_CODES[status.code], status.message, details)
        raise AssertionError("abort returned")

    return handle


def _without_frames(refusal: StoreError) -> StoreError:
    """`refusal` without where it was raised, which nobody asks of one.

    Frames know what they have raised: only a collection of garbage would free them, and all that the call has made.
    """
    error: BaseException | None = refusal
    while error is not None and error.__traceback__ is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
    return refusal


def establish_identity(identity: Identity) -> Interceptor:
    """Lets the call find out who makes it."""

    def interceptor(call_next: Handler) -> Handler:
        def handle(payload: bytes, call: NetworkCall) -> Awaitable[Message | None]:
            call.identity = identity
            return call_next(payload, call)

        return handle

    return interceptor


def log_access(call_next: Handler) -> Handler:
    """Writes a line for each call, at level debug."""

    async def handle(payload: bytes, call: NetworkCall) -> Message | None:
        start, outcome = time.perf_counter(), "failed"
        try:
            answer = await call_next(payload, call)
            outcome = "done"
            return answer
        finally:
            milliseconds = (time.perf_counter() - start) * 1000
            access.debug(
                "%s %s actor=%r peer=%s %.1f ms",
                call.method,
                outcome,
                call.known_actor,
                call.context.peer(),
                milliseconds,
            )

    return handle
