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
from toolcrib.server.rpc import Handler, Interceptor, Invocation
from toolcrib.server.status import status_of

logger = logging.getLogger(__name__)
access = logging.getLogger("toolcrib.access")

_DETAILS_KEY = "grpc-status-details-bin"
_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def answer_errors(call_next: Handler) -> Handler:
    """Turns what is raised into a status with details. A defect's text stays in the log, under an incident id."""

    async def handle(invocation: Invocation) -> Message:
        try:
            return await call_next(invocation)
        except StoreError as error:
            failure = error
        except Exception as error:
            incident = uuid.uuid4().hex[:12]
            logger.exception("incident %s in %s", incident, invocation.call.method, exc_info=error)
            failure = InternalError(
                f"an error inside the server; its log says more under incident {incident}",
                metadata={"incident": incident},
            )
        status = status_of(failure)
        details = ((_DETAILS_KEY, status.SerializeToString()),)
        return await invocation.context.abort(_CODES[status.code], status.message, details)

    return handle


def establish_identity(identity: Identity) -> Interceptor:
    """Lets the call find out who makes it."""

    def interceptor(call_next: Handler) -> Handler:
        def handle(invocation: Invocation) -> Awaitable[Message]:
            context = invocation.context
            invocation.call.identify_by(
                lambda: identity.establish(
                    tuple(context.invocation_metadata() or ()), context.auth_context, context.peer()
                )
            )
            return call_next(invocation)

        return handle

    return interceptor


def log_access(call_next: Handler) -> Handler:
    """Writes a line for each call: all at level debug, those that were refused or failed at level info."""

    async def handle(invocation: Invocation) -> Message:
        start = time.perf_counter()
        outcome = "OK"
        try:
            return await call_next(invocation)
        except StoreError as error:
            outcome = error.reason
            raise
        except BaseException as error:
            outcome = type(error).__name__
            raise
        finally:
            level = logging.DEBUG if outcome == "OK" else logging.INFO
            if access.isEnabledFor(level):
                call, milliseconds = invocation.call, (time.perf_counter() - start) * 1000
                access.log(
                    level,
                    "%s %s actor=%r peer=%s %.1f ms",
                    call.method,
                    outcome,
                    call.known_actor,
                    invocation.context.peer(),
                    milliseconds,
                )

    return handle
