"""When to try again, without the sleeping: shared by the synchronous and the asyncio client."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import grpc

from toolcrib.client.errors import DeadlineExceeded, ToolcribError, Unavailable, Unimplemented

# A server that restarts is back within them.
_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6)
# Clients that lost the same server must not come back at the same moment.
_JITTER = 0.2
# gRPC's timers are no finer: a call with less is answered or not, as it happens.
_SHORTEST_S = 0.001
# What a try behind a pause has at least: with less it would be cut off before it could say why.
_SHORTEST_RETRY_S = 0.02

_CHECK_TIMEOUT_S = 2.0
_CHECK_PAUSE_S = 0.1
# grpc.health.v1.HealthCheckResponse{status: SERVING}, spelled out: its package would be one more to install.
_SERVING = b"\x08\x01"

HEALTH_CHECK = "/grpc.health.v1.Health/Check"


class Patience:
    """How often one call is tried, within the time that all tries have together."""

    def __init__(self, timeout_s: float | None, pauses_s: Sequence[float] = _PAUSES_S) -> None:
        self._end = None if timeout_s is None else time.monotonic() + timeout_s
        self._pauses_s = iter(pauses_s)

    @classmethod
    def for_one_try(cls, timeout_s: float | None) -> Patience:
        """None: the call is tried once."""
        return cls(timeout_s, ())

    def remaining_s(self) -> float | None:
        """What the next try may take, in seconds; None is without end. Raises DeadlineExceeded where it is over."""
        if self._end is None:
            return None
        remaining_s = self._end - time.monotonic()
        if remaining_s < _SHORTEST_S:
            text = "the time for the call was over before it was sent; give it more, or None to wait without end"
            raise DeadlineExceeded(grpc.StatusCode.DEADLINE_EXCEEDED, text)
        return remaining_s

    def pause_s(self, error: Unavailable) -> float:
        """How long to wait before the next try, in seconds. Raises `error` where there is no time for one."""
        pause_s = next(self._pauses_s, None)
        if pause_s is None:
            raise error
        pause_s *= random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # spreads load, keeps no secret
        if error.retry_delay_s is not None:
            pause_s = max(pause_s, error.retry_delay_s)
        if self._end is not None and self._end - time.monotonic() < pause_s + _SHORTEST_RETRY_S:
            raise error
        return pause_s

    def require_time(self, error: Unavailable) -> None:
        """Raises `error`, which the last try came to, where the pause behind it took so long that there is no other.

        It is not kept: an error holds the frames that it went through, and so the call and its connection.
        """
        if self._end is not None and self._end - time.monotonic() < _SHORTEST_S:
            raise error


class ReadyWait:
    """Waiting for a server that serves: it answers, and says that its database does too."""

    def __init__(self, address: str, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s
        self._last = "it says that it is not serving"

    def check_timeout_s(self) -> float:
        """What the next question may take, in seconds."""
        return min(max(self._end - time.monotonic(), _CHECK_PAUSE_S), _CHECK_TIMEOUT_S)

    def is_over(self, answer: bytes | ToolcribError) -> bool:
        """Whether the server serves. Raises what it will not recover from."""
        if isinstance(answer, Unimplemented):
            # It has no health service, but it answers.
            return True
        if isinstance(answer, ToolcribError):
            if not isinstance(answer, Unavailable | DeadlineExceeded):
                raise answer
            self._last = answer.message
            return False
        self._last = "it says that it is not serving"
        return answer == _SERVING

    def pause_s(self) -> float:
        """How long to wait before asking again, in seconds. Raises Unavailable when the time is over."""
        if time.monotonic() + _CHECK_PAUSE_S >= self._end:
            raise Unavailable(
                grpc.StatusCode.UNAVAILABLE,
                f"the server at {self._address} was not ready within {self._timeout_s:g} s: {self._last}",
            )
        return _CHECK_PAUSE_S
