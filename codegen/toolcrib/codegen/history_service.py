"""The methods of a component's service that are about how its records were."""

from __future__ import annotations

from toolcrib.codegen.model import Component
from toolcrib.codegen.request_fields import COMMON, HISTORY, LIST_RESPONSE, RECORDS, REVISION_FIELDS
from toolcrib.codegen.service_parts import ServiceField, ServiceMessage, ServiceMethod


def history_methods(component: Component) -> list[ServiceMethod]:
    """The methods in their order."""
    one = component.name
    revisions = f"List{one}Revisions"
    return [
        ServiceMethod(revisions, f"{revisions}Request", f"{revisions}Response", _REVISIONS_COMMENT),
        ServiceMethod(f"Diff{one}", f"Diff{one}Request", f"{one}Diff", "Compares a record at two revisions."),
        ServiceMethod(f"List{one}Diffs", f"List{one}DiffsRequest", f"List{one}DiffsResponse", _DIFFS_COMMENT),
        ServiceMethod(f"Rollback{one}", f"Rollback{one}Request", one, _ROLLBACK_COMMENT),
    ]


def history_messages(
    component: Component, key: tuple[ServiceField, ...], write: tuple[ServiceField, ...]
) -> list[ServiceMessage]:
    """Their requests and answers, and what these are made of; `write` is what a write of one record can be asked."""
    one = component.name
    before, after = (ServiceField(one, side, REVISION_FIELDS[side], text) for side, text in _SIDES.items())
    owned = ServiceField("google.protobuf.FieldMask", "include", COMMON["include"], _OWNED_COMMENT)
    versions = ServiceField(f"repeated {one}Revision", "revisions", RECORDS)
    diffs = ServiceField(f"repeated {one}Diff", "diffs", RECORDS)
    return [
        ServiceMessage(f"{one}Revision", (*_VERSION, before, after, _CHANGED_FIELDS, *_NEIGHBOURS)),
        ServiceMessage(f"{one}Diff", (before, after, _CHANGED_FIELDS)),
        ServiceMessage(f"List{one}RevisionsRequest", (*key, *_PAGES, _OLDEST_FIRST)),
        ServiceMessage(f"List{one}RevisionsResponse", (versions, *_LISTED)),
        ServiceMessage(f"Diff{one}Request", (*key, *_BOUNDS)),
        ServiceMessage(f"List{one}DiffsRequest", (*_PAGES, *_BOUNDS)),
        ServiceMessage(f"List{one}DiffsResponse", (diffs, *_LISTED)),
        ServiceMessage(f"Rollback{one}Request", (*key, _REVISION, *write, *([owned] if component.relations else []))),
    ]


def _history(type_: str, name: str, comment: str = "") -> ServiceField:
    return ServiceField(type_, name, HISTORY[name], comment)


def _version(type_: str, name: str, comment: str = "") -> ServiceField:
    return ServiceField(type_, name, REVISION_FIELDS[name], comment)


_REVISIONS_COMMENT = "Lists the versions of a record, deleted or not, the newest first."
_DIFFS_COMMENT = "Lists the records that differ between two revisions, in the order of their keys as text."
_ROLLBACK_COMMENT = (
    "Makes a record as it was at a revision, by the writes that takes. Answers an empty one where there was none."
)
_OWNED_COMMENT = "Relations to go back with it: of records that would be deleted with this one."
_SIDES = {"before": "Absent where there was none.", "after": "Absent where there is none."}
_VERSION = (
    _version("int64", "revision", "The commit that made the version."),
    _version("toolcrib.audit.v1.Operation", "operation"),
    _version("google.protobuf.Timestamp", "commit_time"),
    _version("string", "actor"),
    _version("toolcrib.audit.v1.ActorSource", "actor_source"),
    _version("string", "reason"),
    _version("string", "method"),
)
_CHANGED_FIELDS = _version("google.protobuf.FieldMask", "changed_fields")
_NEIGHBOURS = (
    _version("int64", "previous_revision", "The version before; 0 where there is none."),
    _version("int64", "next_revision", "The version behind; 0 where there is none."),
)
_PAGES = (
    _history("int32", "page_size", "Most in the answer. 0 means 50; more than 1000 means 1000."),
    _history("string", "page_token", "next_page_token of the previous answer, with the other fields unchanged."),
)
_OLDEST_FIRST = _history("bool", "oldest_first", "List the oldest versions first.")
_BOUNDS = (
    _history("int64", "start_revision", "As of this revision; 0 is before all."),
    _history("int64", "end_revision", "And as of this one; 0 is now."),
)
_REVISION = _history("int64", "revision", "The revision to go back to.")
_LISTED = (
    ServiceField("string", "next_page_token", LIST_RESPONSE["next_page_token"], "Empty when there is nothing more."),
    ServiceField("int64", "revision", LIST_RESPONSE["revision"], "The revision that the history was read at."),
)
