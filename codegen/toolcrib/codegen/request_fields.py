"""The field numbers of generated requests and answers: the same for every component, for good.

A component can so gain fields and options for years, and those who were built against its older service still
understand it. A number that was ever released never means anything else, in any message of the service.
"""

from collections.abc import Mapping
from types import MappingProxyType

# Requests that name a record by its key hold the key's fields under their own names, from 1 in the order of the key.
KEY_FIELDS_MAX = 8

# Create and Update hold the record under its component's name; batches hold `requests`, lists of answers the plural.
RECORD = 1
UPDATE_MASK = 2
REQUESTS = 1
RECORDS = 1

LIST_REQUEST: Mapping[str, int] = MappingProxyType(
    {
        "page_size": 1,
        "page_token": 2,
        "filter": 3,
        "order_by": 4,
        "query": 5,  # the filter as a message
    }
)

LIST_RESPONSE: Mapping[str, int] = MappingProxyType({"next_page_token": 2, "revision": 3})
COUNT_RESPONSE: Mapping[str, int] = MappingProxyType({"revision": 3, "count": 4})
EXPLAIN_RESPONSE: Mapping[str, int] = MappingProxyType({"plan": 5})

# Of the history of records. Requests that name a record have its key in 1 to 8.
HISTORY: Mapping[str, int] = MappingProxyType(
    {
        "revision": 9,
        "page_size": 20,
        "page_token": 21,
        "oldest_first": 22,
        "start_revision": 23,
        "end_revision": 24,
    }
)

# A version of a record, and what differs in one.
REVISION_FIELDS: Mapping[str, int] = MappingProxyType(
    {
        "revision": 1,
        "operation": 2,
        "commit_time": 3,
        "actor": 4,
        "actor_source": 5,
        "reason": 6,
        "method": 7,
        "before": 8,
        "after": 9,
        "changed_fields": 10,
        "previous_revision": 11,
        "next_revision": 12,
    }
)

# A watch is asked like a list, and says where it begins; its answers are those of toolcrib.watch.v1.WatchResponse, with
# the component's own type in the place of Any.
WATCH_REQUEST: Mapping[str, int] = MappingProxyType({"start": 6, "include_previous": 7})
WATCH_RESPONSE: Mapping[str, int] = MappingProxyType(
    {"records": 1, "resume_token": 2, "revision": 3, "kind": 4, "commit": 5, "changes": 6, "continues": 7}
)
WATCH_CHANGE: Mapping[str, int] = MappingProxyType({"kind": 1, "record": 2, "previous": 3})

# Fields that mean the same wherever they stand. 9, 15 and those from 20 are for what nobody has thought of yet.
COMMON: Mapping[str, int] = MappingProxyType(
    {
        "request_id": 10,  # makes a write exactly-once
        "validate_only": 11,  # a dry run
        "etag": 12,
        "allow_missing": 13,
        "show_deleted": 14,
        "as_of_revision": 16,  # reads the past
        "as_of_time": 17,  # likewise
        "read_mask": 18,  # which fields to answer
        "include": 19,  # which related records to answer
    }
)

# No key field can have one of these names, since requests hold both; nor can a component's name in snake_case. Clients
# say `as_of` for two of them.
TAKEN_NAMES = frozenset({"update_mask", "requests", "as_of", *LIST_REQUEST, *LIST_RESPONSE, *HISTORY, *COMMON})
