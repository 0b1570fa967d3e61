"""The service of a component: its methods and messages, before any language spells them."""

from __future__ import annotations

from toolcrib.codegen.history_service import history_messages, history_methods
from toolcrib.codegen.model import Component, History, KeyAllocation
from toolcrib.codegen.request_fields import (
    COMMON,
    COUNT_RESPONSE,
    EXPLAIN_RESPONSE,
    LIST_REQUEST,
    LIST_RESPONSE,
    RECORD,
    RECORDS,
    REQUESTS,
    UPDATE_MASK,
    WATCH_CHANGE,
    WATCH_REQUEST,
    WATCH_RESPONSE,
)
from toolcrib.codegen.service_parts import ServiceField, ServiceMessage, ServiceMethod

_EMPTY = "google.protobuf.Empty"
_KEYED_ETAG = "If set, must be the record's current etag."


def service_methods(component: Component) -> tuple[ServiceMethod, ...]:
    """The methods in their order."""
    one, many = component.name, component.plural_name
    deleted = one if component.soft_delete else _EMPTY
    methods = [
        ServiceMethod(f"Create{one}", f"Create{one}Request", one, _create_comment(component)),
        ServiceMethod(f"Get{one}", f"Get{one}Request", one, "Gets a record by its key."),
        ServiceMethod(f"List{many}", f"List{many}Request", f"List{many}Response", _LIST_COMMENT),
        ServiceMethod(f"Count{many}", f"Count{many}Request", f"Count{many}Response", _COUNT_COMMENT),
        ServiceMethod(f"Explain{many}", f"Explain{many}Request", f"Explain{many}Response", _EXPLAIN_COMMENT),
        ServiceMethod(f"Update{one}", f"Update{one}Request", one, _UPDATE_COMMENT),
        ServiceMethod(f"Delete{one}", f"Delete{one}Request", deleted, _delete_comment(component)),
    ]
    if component.soft_delete:
        methods.append(ServiceMethod(f"Undelete{one}", f"Undelete{one}Request", one, "Brings a deleted record back."))
    if component.history is not History.NONE:
        methods += history_methods(component)
    for verb, comment in _BATCH_COMMENTS.items():
        name = f"Batch{verb}{many}"
        empty = verb == "Delete" and not component.soft_delete
        methods.append(ServiceMethod(name, f"{name}Request", _EMPTY if empty else f"{name}Response", comment))
    if component.history is not History.NONE:
        watch = f"Watch{many}"
        methods.append(ServiceMethod(watch, f"{watch}Request", f"{watch}Response", _WATCH_COMMENT, streams=True))
    return tuple(methods)


def service_messages(component: Component) -> tuple[ServiceMessage, ...]:
    """The requests and answers in the order of the methods."""
    one, many, records = component.name, component.plural_name, component.plural
    record = ServiceField(one, component.singular, RECORD)
    key = tuple(ServiceField(field.type, field.name, number) for number, field in enumerate(component.key, start=1))
    etag = _common("string", "etag", _KEYED_ETAG)
    shown = [_common("bool", "show_deleted", "Answer a deleted record too.")] if component.soft_delete else []
    listed = [_common("bool", "show_deleted", "List deleted records too.")] if component.soft_delete else []
    counted = [_common("bool", "show_deleted", "Count deleted records too.")] if component.soft_delete else []
    masked = [_common("google.protobuf.FieldMask", "read_mask", "Fields to answer. Absent: all.")]
    if component.relations:
        masked.append(_common("google.protobuf.FieldMask", "include", _include_comment(component)))
    past = _PAST_FIELDS if component.history is History.VERSIONS else ()
    allowed = _common("bool", "allow_missing", "Answer OK if there is no such record.")
    write = _write_fields()
    answer = ServiceField(f"repeated {one}", records, RECORDS)
    messages = [
        ServiceMessage(f"Create{one}Request", (record, *write)),
        ServiceMessage(f"Get{one}Request", (*key, *shown, *past, *masked)),
        ServiceMessage(f"List{many}Request", (*_PAGE_FIELDS, _FILTER, _ORDER_BY, _QUERY, *listed, *past, *masked)),
        ServiceMessage(f"List{many}Response", (answer, *_LISTED_FIELDS)),
        ServiceMessage(f"Count{many}Request", (_FILTER, _QUERY, *counted, *past)),
        ServiceMessage(f"Count{many}Response", _COUNTED_FIELDS),
        ServiceMessage(f"Explain{many}Request", (_FILTER, _ORDER_BY, _QUERY, *listed, *past)),
        ServiceMessage(f"Explain{many}Response", (_PLAN,)),
        ServiceMessage(f"Update{one}Request", _update_fields(component)),
        ServiceMessage(f"Delete{one}Request", (*key, *write, etag, allowed)),
    ]
    if component.soft_delete:
        messages.append(ServiceMessage(f"Undelete{one}Request", (*key, *write, etag)))
    if component.history is not History.NONE:
        messages += history_messages(component, key, (*write, etag))
    for verb in _BATCH_COMMENTS:
        requests = ServiceField(f"repeated {verb}{one}Request", "requests", REQUESTS)
        fields = (requests,) if verb == "Get" else (requests, *write)
        messages.append(ServiceMessage(f"Batch{verb}{many}Request", fields))
        if verb != "Delete" or component.soft_delete:
            messages.append(ServiceMessage(f"Batch{verb}{many}Response", (answer,)))
    if component.history is not History.NONE:
        messages += _watch_messages(component)
    return tuple(messages)


def _watch_messages(component: Component) -> tuple[ServiceMessage, ...]:
    one, watch = component.name, f"Watch{component.plural_name}"
    change = f"{watch}Change"
    return (
        ServiceMessage(
            f"{watch}Request",
            (
                _FILTER,
                _QUERY,
                _watch_request("toolcrib.watch.v1.Start", "start", "Where it begins. Absent: now."),
                _watch_request("bool", "include_previous", "Send records as they were before, too."),
            ),
        ),
        ServiceMessage(
            f"{watch}Response",
            (
                _watch_response(f"repeated {one}", "records", "Records of the snapshot."),
                _watch_response("string", "resume_token", _RESUME_COMMENT),
                _watch_response("int64", "revision", "All up to this revision was sent, this message included."),
                _watch_response("toolcrib.watch.v1.MessageKind", "kind"),
                _watch_response("toolcrib.watch.v1.Commit", "commit"),
                _watch_response(f"repeated {change}", "changes", "In the order in which they were made."),
                _watch_response("bool", "continues", _CONTINUES_COMMENT),
            ),
        ),
        ServiceMessage(
            change,
            (
                ServiceField("toolcrib.watch.v1.ChangeKind", "kind", WATCH_CHANGE["kind"]),
                ServiceField(one, "record", WATCH_CHANGE["record"], _CHANGED_COMMENT),
                ServiceField(one, "previous", WATCH_CHANGE["previous"], _PREVIOUS_COMMENT),
            ),
        ),
    )


def _watch_request(type_: str, name: str, comment: str) -> ServiceField:
    return ServiceField(type_, name, WATCH_REQUEST[name], comment)


def _watch_response(type_: str, name: str, comment: str = "") -> ServiceField:
    return ServiceField(type_, name, WATCH_RESPONSE[name], comment)


def service_names(component: Component) -> tuple[str, ...]:
    """All names that the service gives to its package."""
    return (component.service_name, *(message.name for message in service_messages(component)))


def _common(type_: str, name: str, comment: str) -> ServiceField:
    return ServiceField(type_, name, COMMON[name], comment)


def _write_fields() -> tuple[ServiceField, ...]:
    """What each write can be asked, on the request itself: those within a batch leave it unset."""
    return (
        _common("string", "request_id", _REQUEST_ID_COMMENT),
        _common("bool", "validate_only", _VALIDATE_ONLY_COMMENT),
    )


def _update_fields(component: Component) -> tuple[ServiceField, ...]:
    etag = "; an etag that is set must be the record's current one" if component.declares("etag") else ""
    return (
        ServiceField(component.name, component.singular, RECORD, f"The key says which record{etag}."),
        ServiceField(
            "google.protobuf.FieldMask",
            "update_mask",
            UPDATE_MASK,
            'Fields to change. Absent: those that are populated; "*": all.',
        ),
        *_write_fields(),
        _common("bool", "allow_missing", "Create the record if there is none."),
    )


def _include_comment(component: Component) -> str:
    names = ", ".join(relation.name for relation in component.relations)
    return f"Relations to fill in, also those of related records (a.b). Absent: none. There is {names}."


def _create_comment(component: Component) -> str:
    standard = {field.name for field in component.standard_fields}
    filled = [
        *(["the key"] if component.key_allocation is not KeyAllocation.CLIENT else []),
        *(["the times"] if standard - {"etag"} else []),
        *(["the etag"] if "etag" in standard else []),
    ]
    if not filled:
        return "Creates a record."
    *others, last = filled
    return f"Creates a record. The server fills in {', '.join(others) + ' and ' if others else ''}{last}."


def _delete_comment(component: Component) -> str:
    if component.soft_delete:
        return "Deletes a record; it stays, hidden, until it is undeleted."
    return "Deletes a record for good."


_PAST_FIELDS = (
    _common("int64", "as_of_revision", "Answer what was there at this revision. 0: what is there now."),
    _common("google.protobuf.Timestamp", "as_of_time", "Answer what was there at this time."),
)
_LIST_COMMENT = "Lists records, in the order of their keys unless order_by names another."
_COUNT_COMMENT = "Counts records."
_EXPLAIN_COMMENT = "Says how the database lists records that are so asked for, and warns where that is slow."
_WATCH_COMMENT = "Sends each commit that changes records, as it is committed, until the client ends it."
_RESUME_COMMENT = "Goes on behind this message; empty within the snapshot, and where `continues`."
_CONTINUES_COMMENT = "The commit is too large for one message: its other changes follow in the next."
_CHANGED_COMMENT = "The record after the change; one that was removed, as it last was."
_PREVIOUS_COMMENT = "The record before the change, where that was asked for and there was one."
_UPDATE_COMMENT = "Changes fields of a record. A change that changes nothing writes nothing."
_REQUEST_ID_COMMENT = "If set, a repeat under the same id is answered like the first and done once. Not within a batch."
_VALIDATE_ONLY_COMMENT = "Answer as the write would, and write nothing. Not within a batch."
_BATCH_COMMENTS = {
    "Create": "Creates records, all or none, in the order of the requests.",
    "Get": "Gets records, all or none, in the order of the requests.",
    "Update": "Changes records, all or none, in the order of the requests.",
    "Delete": "Deletes records, all or none, in the order of the requests.",
}
_PAGE_FIELDS = (
    ServiceField(
        "int32",
        "page_size",
        LIST_REQUEST["page_size"],
        "Most records in the answer. 0 means 50; more than 1000 means 1000.",
    ),
    ServiceField(
        "string",
        "page_token",
        LIST_REQUEST["page_token"],
        "next_page_token of the previous answer, with the same filter, query and order_by.",
    ),
)
_FILTER = ServiceField(
    "string",
    "filter",
    LIST_REQUEST["filter"],
    'Which records, as in AIP-160: name = "A*" AND NOT speed_mm_s > 100. Empty: all.',
)
_ORDER_BY = ServiceField(
    "string",
    "order_by",
    LIST_REQUEST["order_by"],
    'Their order: "name, create_time desc". It ends with the key in any case.',
)
_QUERY = ServiceField(
    "toolcrib.query.v1.Filter", "query", LIST_REQUEST["query"], "The filter as a message; with both, both have to hold."
)
_LISTED_FIELDS = (
    ServiceField("string", "next_page_token", LIST_RESPONSE["next_page_token"], "Empty when there is nothing more."),
    ServiceField("int64", "revision", LIST_RESPONSE["revision"], "The revision the records were read at."),
)
_COUNTED_FIELDS = (
    ServiceField("int64", "revision", COUNT_RESPONSE["revision"], "The revision the records were counted at."),
    ServiceField("int64", "count", COUNT_RESPONSE["count"]),
)
_PLAN = ServiceField("toolcrib.query.v1.Plan", "plan", EXPLAIN_RESPONSE["plan"])
