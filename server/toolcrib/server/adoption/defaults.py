"""What a DEFAULT says, as the option `default_value`; as far as it is a constant."""

from __future__ import annotations

import re

from toolcrib.server.adoption.drafts import FieldDraft, word

_CAST = re.compile(r"::[\w\s.\"]+(\(\d+\))?(\[\])?$")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
_TRUTHS = {"true": "true", "t": "true", "1": "true", "false": "false", "f": "false", "0": "false"}
_INTEGERS = frozenset({"int32", "int64", "uint32", "uint64"})


def take_default(field: FieldDraft, sql: str, *, nullable: bool) -> None:
    """Gives a field the default that the column has, or says in a remark that it has none."""
    text = _plain(sql)
    if text.upper() == "NULL":
        return
    value = None if field.repeated else _constant(field, text)
    if value is None:
        field.remarks.append(f"DEFAULT {sql} is no constant that the field could have; set it in a hook")
        return
    # What is never unset has zero by itself.
    if not nullable and value == _zero(field):
        return
    field.options["default_value"] = value
    if not nullable:
        field.optional, field.required = True, True


def _plain(sql: str) -> str:
    """Without casts, and parentheses around all of it."""
    text = sql.strip()
    while True:
        shorter = _CAST.sub("", text).strip()
        if shorter.startswith("(") and shorter.endswith(")"):
            shorter = shorter[1:-1].strip()
        if shorter == text:
            return text
        text = shorter


def _constant(field: FieldDraft, text: str) -> str | None:
    """The value as `default_value` spells it; None where it is none, or the type takes none."""
    is_text = len(text) > 1 and text[0] == text[-1] == "'"
    inner = text[1:-1].replace("''", "'") if is_text else text
    if field.enum is not None:
        return field.enum.values.get(inner) if is_text else None
    if field.type == "string":
        return inner if is_text or _NUMBER.fullmatch(text) else None
    if field.type == "bool":
        return _TRUTHS.get(inner.lower())
    if field.type in _INTEGERS and _NUMBER.fullmatch(inner) and float(inner) == int(float(inner)):
        return str(int(inner)) if inner.lstrip("+-").isdigit() else str(int(float(inner)))
    if field.type in {"float", "double"} and _NUMBER.fullmatch(inner):
        return str(word(float(inner)))
    return None


def _zero(field: FieldDraft) -> str:
    return {"string": "", "bool": "false", "float": "0.0", "double": "0.0"}.get(field.type, "0")
