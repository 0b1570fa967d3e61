"""toolcrib.watch.v1, and the watch of each component's own service: from the request to what is watched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from toolcrib.server.call import Call
from toolcrib.server.constraints import History
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.query.fields import did_you_mean
from toolcrib.server.query.shape import Checked
from toolcrib.server.rpc import Method, Stream
from toolcrib.server.servicer import ComponentServicer
from toolcrib.server.watch.stream import Watches
from toolcrib.server.watch.wanted import Beginning, checked_filter
from toolcrib.watch.v1 import watch_pb2
from toolcrib.watch.v1.watch_pb2 import Start, WatchRequest, WatchResponse


class WatchServicer:
    """Serves watches over several components."""

    service: str = watch_pb2.DESCRIPTOR.services_by_name["WatchService"].full_name

    def __init__(self, watches: Watches) -> None:
        self._watches = watches
        components = watches.store.components()
        self._names = [each.name for each in components if each.history is not History.NONE]
        self._untold = {each.name for each in components} - {*self._names}

    def methods(self) -> tuple[Method | Stream, ...]:
        """Each method of the service, for the server to register."""
        return (Stream("Watch", WatchRequest, self.watch),)

    def watch(self, request: WatchRequest, call: Call) -> AsyncIterator[bytes]:
        """Follows the components that are asked for. Raises InvalidRequest."""
        filters: dict[str, Checked] = {}
        for index, component in enumerate(request.components):
            place = f"components[{index}]"
            if component.name in filters:
                raise InvalidRequest.field("COMPONENT_REPEATED", f"{place}.name", "is watched already")
            self._require_known(component.name, place)
            filters[component.name] = _filter(self._watches, component.name, component, place)
        # In the order in which they are served: those who want the same are sent the same.
        names = [name for name in self._names if name in filters or not filters]
        components = [(name, filters.get(name, Checked())) for name in names]
        wanted = self._watches.wanted(call, components, request.include_previous, WatchResponse)
        return self._watches.stream(call, wanted, _beginning(request))

    def _require_known(self, name: str, place: str) -> None:
        if name in self._names:
            return
        if name in self._untold:
            text = f"{name!r} keeps no history, which is what a watch tells"
            raise InvalidRequest.field("UNKNOWN_COMPONENT", f"{place}.name", text)
        hint = did_you_mean(name, self._names, "there are")
        raise InvalidRequest.field("UNKNOWN_COMPONENT", f"{place}.name", f"{name!r} is not served here{hint}")


def component_watches(servicer: type[ComponentServicer[Any]], watches: Watches) -> tuple[Stream, ...]:
    """The watch of a component's own service, if it has one."""
    name, watched = servicer.repository.component.name, servicer.watched
    if watched is None:
        return ()

    def watch(request: Any, call: Call) -> AsyncIterator[bytes]:
        checked = _filter(watches, name, request, "")
        wanted = watches.wanted(call, [(name, checked)], request.include_previous, watched.response)
        return watches.stream(call, wanted, _beginning(request))

    return (Stream(watched.name, watched.request, watch),)


def _filter(watches: Watches, name: str, asked: Any, place: str) -> Checked:
    """The filter of a component; `asked` has its two spellings, and stands at `place`."""
    query = asked.query if asked.query.WhichOneof("kind") is not None else None
    try:
        return checked_filter(watches.store[name].fields, asked.filter, query)
    except InvalidRequest as error:
        error.within = place
        raise


def _beginning(request: Any) -> Beginning:
    start: Start = request.start
    match start.WhichOneof("kind"):
        case "snapshot":
            return Beginning(is_snapshot=start.snapshot)
        case "revision":
            return Beginning(revision=start.revision)
        case "resume_token":
            return Beginning(resume_token=start.resume_token)
    return Beginning()
