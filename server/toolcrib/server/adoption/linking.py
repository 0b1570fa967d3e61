"""Foreign keys as references between components, over all tables together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toolcrib.codegen.refuse_reference import reaches
from toolcrib.server.adoption.drafts import ComponentDraft, FieldDraft, Word
from toolcrib.server.adoption.tables import SourceReference, SourceTable

_ACTIONS = {"CASCADE": "ON_DELETE_CASCADE", "SET NULL": "ON_DELETE_SET_NULL"}
_PLAIN = frozenset({"", "NO ACTION", "RESTRICT"})
_INTEGERS = frozenset({"int32", "int64", "uint32", "uint64"})


def link(drafts: Sequence[ComponentDraft], tables: Sequence[SourceTable]) -> None:
    """Gives fields their references; those of no component stay as remarks."""
    by_table = {draft.table: draft for draft in drafts}
    for draft, table in zip(drafts, tables, strict=True):
        for reference in table.references:
            if problem := _problem(draft, reference, by_table):
                text = f"FOREIGN KEY ({', '.join(reference.columns)}) REFERENCES {reference.table}"
                draft.remarks.append(f"{text} {problem}; it is left out")
            else:
                _refer(draft, reference, by_table[reference.table])
    _take_types(drafts)
    _loosen_circles(drafts)


def _problem(draft: ComponentDraft, reference: SourceReference, by_table: Mapping[str, ComponentDraft]) -> str:
    target = by_table.get(reference.table)
    field = draft.by_column(reference.columns[0])
    if target is None:
        return "refers to a table that is not imported"
    if len(reference.columns) > 1:
        return "has several columns, and a reference has one"
    if not target.key or target.key != reference.targets:
        return f"refers to ({', '.join(reference.targets)}), which is not that table's key"
    if field is None or "references" in field.options:
        return "is the second of its column" if field else "is of a column that is left out"
    key = target.by_column(target.key[0])
    if key is None or key.repeated or not (key.type == field.type or {key.type, field.type} <= _INTEGERS):
        return "is not of the type of that key"
    return ""


def _refer(draft: ComponentDraft, reference: SourceReference, target: ComponentDraft) -> None:
    field = draft.by_column(reference.columns[0])
    if field is None:
        return
    field.options["references"] = target.full_name
    field.options.pop("default_value", None)
    action = reference.on_delete
    if action == "SET NULL" and not (field.optional and not field.required):
        field.remarks.append("ON DELETE SET NULL is left out, as the column is NOT NULL")
    elif action in _ACTIONS:
        field.options["on_delete"] = Word(_ACTIONS[action])
    elif action not in _PLAIN:
        field.remarks.append(f"ON DELETE {action} is left out; the record that is referred to cannot be deleted")
    if reference.on_update not in _PLAIN:
        field.remarks.append(f"ON UPDATE {reference.on_update} is left out, as keys never change")


def _take_types(drafts: Sequence[ComponentDraft]) -> None:
    """A reference is of the type of the key that it holds, which may be a reference itself."""
    keys = {draft.full_name: draft.by_column(draft.key[0]) for draft in drafts if len(draft.key) == 1}
    for _ in drafts:
        for draft in drafts:
            for field in draft.fields:
                key = keys.get(str(field.options.get("references", "")))
                if key is not None and key.type != field.type:
                    field.type = key.type


def _loosen_circles(drafts: Sequence[ComponentDraft]) -> None:
    """Where every record needs another before it, one of the references is let be unset."""
    by_name = {draft.full_name: draft for draft in drafts}

    def needed_by(name: str) -> list[str]:
        return [str(field.options["references"]) for field in _needed(by_name[name])]

    for draft in drafts:
        for field in _needed(draft):
            target = str(field.options["references"])
            if target == draft.full_name and any("key_source" in one.options for one in draft.fields):
                # A record may refer to itself where its creator knows its key.
                continue
            if reaches(target, draft.full_name, needed_by):
                field.optional, field.required = True, False
                field.remarks.append(
                    f"NOT NULL is left out: a first record needs one of {target}, which needs one of these"
                )


def _needed(draft: ComponentDraft) -> list[FieldDraft]:
    return [field for field in draft.fields if "references" in field.options and not field.optional]
