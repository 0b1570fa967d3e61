"""One call as the server's inside sees it: who, why, from where and until when. It knows no gRPC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from toolcrib.server.errors import ActorRequired


class ActorSource(IntEnum):
    """How the actor was established. The numbers are those of toolcrib.audit.v1.ActorSource."""

    UNKNOWN = 0
    METADATA = 1
    CERTIFICATE = 2
    DEFAULT = 3


@dataclass(slots=True)
class Call:
    """One call.

    `deadline` is in seconds of time.monotonic(); None is no deadline. `metadata` holds the last value of each key that
    the caller sent, binary ones (-bin) left out.
    """

    method: str
    peer: str = ""
    actor: str = ""
    actor_source: ActorSource = ActorSource.UNKNOWN
    reason: str = ""
    deadline: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def require_actor(self) -> None:
        """Raises ActorRequired where nobody answers for the call."""
        if not self.actor:
            raise ActorRequired(
                "a write needs an actor: send x-actor metadata over a network that the server trusts, or a client "
                "certificate; the server's setting default_actor stands in for callers that cannot"
            )
