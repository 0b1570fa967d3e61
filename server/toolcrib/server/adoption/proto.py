"""The text of the .proto files, one for each component, as `buf format` leaves it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from toolcrib.codegen.compile import VALIDATE_PROTO
from toolcrib.codegen.names import snake_case
from toolcrib.server.adoption.drafts import MESSAGES, ComponentDraft, EnumDraft, FieldDraft, Value, Word, word

_WIDTH = 120
_INDENT = "  "
_COMPONENT = "(toolcrib.options.v1.component)"
_FIELD = "(toolcrib.options.v1.field)"
_RULES = "(buf.validate.field)"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def proto_path(draft: ComponentDraft) -> str:
    """Where the file of a component is, seen from the folder of all."""
    return f"{draft.package.replace('.', '/')}/{snake_case(draft.name)}.proto"


def proto_text(draft: ComponentDraft) -> str:
    """The file of a component."""
    lines = ['syntax = "proto3";', "", f"package {draft.package};", ""]
    lines += [f'import "{name}";' for name in sorted(_imports(draft))]
    lines += ["", *_comment(_about(draft), ""), f"message {draft.name} {{"]
    if draft.options:
        lines += _indented(_assigned(f"option {_COMPONENT}", draft.options, ";"))
    else:
        lines.append(f"{_INDENT}option {_COMPONENT} = {{}};")
    lines.append("")
    for field in draft.fields:
        lines += [*_comment(_about_field(field), _INDENT), *_indented(_field(field))]
    lines.append("}")
    for enum in [field.enum for field in draft.fields if field.enum is not None]:
        lines += ["", *_enum(enum, draft)]
    return "\n".join(lines) + "\n"


def _imports(draft: ComponentDraft) -> set[str]:
    found = {"toolcrib/options/v1/options.proto"}
    found |= {MESSAGES[field.type] for field in draft.fields if field.type in MESSAGES}
    if any(field.rules or field.required for field in draft.fields):
        found.add(VALIDATE_PROTO)
    return found


def _about(draft: ComponentDraft) -> list[str]:
    notes = [f"Import note: {remark}." for remark in draft.remarks]
    notes += [f'Import note: the column "{name}" has no field: {reason}.' for name, reason in draft.left_out.items()]
    return [draft.comment, f'From the table "{draft.table}".', *notes]


def _about_field(field: FieldDraft) -> list[str]:
    origin = "" if field.name == field.column or not field.column else f'From the column "{field.column}".'
    return [field.comment, origin, *(f"Import note: {remark}." for remark in field.remarks)]


def _comment(paragraphs: Iterable[str], indent: str) -> list[str]:
    lines = [line for text in paragraphs for line in text.splitlines() if line.strip()]
    width = _WIDTH - len(indent) - len("// ")
    wrapped = [
        part for line in lines for part in textwrap.wrap(_printable(line).strip(), width, break_on_hyphens=False)
    ]
    return [f"{indent}// {part}" for part in wrapped]


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else " " for character in line)


def _field(field: FieldDraft) -> list[str]:
    label = "repeated " if field.repeated else "optional " if field.optional else ""
    options = [_assigned(_FIELD, field.options)] if field.options else []
    if field.required:
        options.append([f"{_RULES}.required = true"])
    if rules := _rules(field):
        kind = "enum" if field.enum else field.type
        options.append(_assigned(f"{_RULES}.{'repeated.items.' if field.repeated else ''}{kind}", rules))
    head = f"{label}{field.type} {field.name} = {field.number}"
    if not options:
        return [f"{head};"]
    if len(options) == 1:
        first, *rest = options[0]
        lines = [f"{head} [{first}", *rest]
        return [*lines[:-1], f"{lines[-1]}];"]
    separated = [[*lines[:-1], f"{lines[-1]},"] for lines in options[:-1]] + [options[-1]]
    return [f"{head} [", *(line for lines in separated for line in _indented(lines)), "];"]


def _rules(field: FieldDraft) -> Mapping[str, Value]:
    if field.enum is not None:
        # That no value is set is none that the column had.
        return {**field.rules, "not_in": [word(0)]}
    return field.rules


def _enum(enum: EnumDraft, draft: ComponentDraft) -> Iterator[str]:
    prefix = snake_case(enum.name).upper()
    yield f"// Values of {draft.name}."
    yield f"enum {enum.name} {{"
    yield f"{_INDENT}{prefix}_UNSPECIFIED = 0;"
    for number, (label, name) in enumerate(enum.values.items(), 1):
        yield from _comment([f'"{label}" in the table.'], _INDENT)
        yield f"{_INDENT}{name} = {number};"
    yield "}"


def _assigned(name: str, values: Mapping[str, Value], ending: str = "") -> list[str]:
    """An option: its only value by a path, else all of them in braces."""
    first, value = next(iter(values.items()))
    # protoc takes no list there.
    if len(values) == 1 and not name.startswith("option ") and isinstance(value, str):
        return [f"{name}.{first} = {_spelled(value)[0]}"]
    *lines, last = _spelled(values)
    lines.append(f"{last}{ending}")
    return [f"{name} = {lines[0]}", *lines[1:]]


def _spelled(value: Value) -> list[str]:
    """A value in protobuf's text format: on a line where it is but one, else each part on its own."""
    if isinstance(value, Word):
        return [value]
    if isinstance(value, str):
        return [_quoted(value)]
    if isinstance(value, Mapping):
        parts = [(f"{key}: ", _spelled(each)) for key, each in value.items()]
        return _bracketed(parts, "{}", "")
    return _bracketed([("", _spelled(each)) for each in value], "[]", ",")


def _bracketed(parts: Sequence[tuple[str, list[str]]], brackets: str, separator: str) -> list[str]:
    opening, closing = brackets[0], brackets[1]
    if len(parts) == 1 and len(parts[0][1]) == 1:
        return [f"{opening}{parts[0][0]}{parts[0][1][0]}{closing}"]
    lines = [opening]
    for number, (before, inner) in enumerate(parts, 1):
        after = separator if number < len(parts) else ""
        body = [f"{before}{inner[0]}", *inner[1:]]
        lines += _indented([*body[:-1], f"{body[-1]}{after}"])
    return [*lines, closing]


def _indented(lines: Iterable[str]) -> list[str]:
    return [_INDENT + line for line in lines]


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'
