"""The driver of the Python clients, synchronous or for asyncio; see tests/conformance/README.md."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from conformance.drivers.python.kinds import Asyncio, Synchronous
from conformance.drivers.python.taken_apart import (
    Json,
    answer_json,
    arguments,
    commit_json,
    connection,
    error_json,
    key_of,
    request,
    viewed,
)
from conformance.slots.v1.slot_writes import SlotWrites
from conformance.specimens.v1.specimen_writes import SpecimenWrites
from toolcrib.client import ToolcribError

_WRITES: Mapping[str, Callable[[Any], Any]] = {"Specimen": SpecimenWrites, "Slot": SlotWrites}
# They wait for what others do: meanwhile the driver goes on.
_WAITING = {"next", "snapshot"}


class Driver:
    """Carries out commands."""

    def __init__(self, kind: Synchronous | Asyncio) -> None:
        self._kind = kind
        self._cribs: dict[str, Any] = {}
        self._watches: dict[str, Any] = {}
        self._commits: dict[str, Iterator[Any]] = {}
        self._output = threading.Lock()

    def serve(self) -> None:
        """Until the input ends."""
        for line in sys.stdin:
            command = json.loads(line)
            if command["do"] in _WAITING:
                # What is closed at the end lets them go, and the process waits until they have said so.
                threading.Thread(target=self._answer, args=[command]).start()
            else:
                self._answer(command)
        for watch in self._watches.values():
            self._kind.settled(watch.close())
        for crib in self._cribs.values():
            self._kind.settled(crib.close())

    def connect(self, command: Json) -> None:
        """A connection."""
        self._cribs[command["crib"]] = self._kind.connect(command["address"], connection(command))

    def view(self, command: Json) -> None:
        """A view of a connection."""
        self._cribs[command["crib"]] = viewed(self._cribs[command["of"]], command)

    def wait_ready(self, command: Json) -> None:
        """Waits for the server."""
        self._kind.settled(self._cribs[command["crib"]].wait_ready(command["timeout_s"]))

    def close(self, command: Json) -> None:
        """Closes a connection."""
        self._kind.settled(self._cribs[command["crib"]].close())

    def call(self, command: Json) -> Json:
        """A method of a component's client."""
        client, method = self._client(command), command["method"]
        asked = request(command["component"], method, command["request"])
        positional, named = arguments(command["component"], method, asked)
        answer = self._kind.settled(getattr(client, method)(*positional, **named))
        return answer_json(islice(answer, command.get("limit")) if isinstance(answer, Iterator) else answer)

    def watch(self, command: Json) -> None:
        """A watch."""
        positional, named = arguments(
            command["component"], "watch", request(command["component"], "watch", command["request"])
        )
        name = command["watch"]
        self._watches[name] = self._client(command).watch(*positional, **named)
        self._commits[name] = self._kind.settled(self._watches[name].commits())

    def snapshot(self, command: Json) -> Json:
        """The records that a watch begins with."""
        return answer_json(self._kind.settled(self._watches[command["watch"]].snapshot()))

    def next(self, command: Json) -> Json:
        """The next commit of a watch."""
        commit = next(self._commits[command["watch"]], None)
        return None if commit is None else commit_json(commit)

    def resume_token(self, command: Json) -> str:
        """Where another watch would go on."""
        token: str = self._watches[command["watch"]].resume_token
        return token

    def end(self, command: Json) -> None:
        """Ends a watch."""
        self._kind.settled(self._watches[command["watch"]].close())

    def transaction(self, command: Json) -> Json:
        """Writes of several components."""
        transaction = self._cribs[command["crib"]].transaction()
        for each in command.get("preconditions", ()):
            key = key_of(each["component"], request(each["component"], "get", each["request"]))
            writes = _WRITES[each["component"]](transaction)
            writes.require(*key, exists=each.get("exists"), etag=each.get("etag"))
        pending = [self._gather(transaction, each) for each in command["writes"]]
        self._kind.commit(transaction)
        return {"revision": transaction.revision, "answers": [answer_json(each.value) for each in pending]}

    @staticmethod
    def _gather(transaction: Any, write: Json) -> Any:
        component, method = write["component"], write["method"]
        positional, named = arguments(component, method, request(component, method, write["request"]))
        return getattr(_WRITES[component](transaction), method)(*positional, **named)

    def _client(self, command: Json) -> Any:
        return self._kind.clients[command["component"]](self._cribs[command["crib"]])

    def _answer(self, command: Json) -> None:
        try:
            answer = {"answer": getattr(self, command["do"])(command)}
        except (ToolcribError, ValueError, OSError) as error:
            answer = {"error": error_json(error)}
        with self._output:
            sys.stdout.write(json.dumps({"id": command["id"], **answer}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    Driver(Asyncio() if sys.argv[1:] == ["asyncio"] else Synchronous()).serve()
