"""What a CHECK says of one column, as rules of buf.validate; as far as these can say it.

Comparisons with numbers, BETWEEN, IN, lengths of text, and these joined by AND. Databases write more around them than
people do (casts, parentheses), which is taken away first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from toolcrib.server.adoption.drafts import ComponentDraft, FieldDraft, Value, Word, word

_TOKEN = re.compile(
    r"""\s*(?: (?P<text>'(?:[^']|'')*') | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<name>"(?:[^"]|"")+"|`[^`]+`|\[[^\]\d'][^\]']*\]|[^\W\d]\w*) | (?P<sign><=|>=|<>|!=|[<>=,()\[\]+-]) )""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_CAST = re.compile(r"::\s*(?:double precision|character varying|[a-z_][\w.]*)(?:\s*\(\d+\))?(?:\[\])?", re.IGNORECASE)
_BOUNDS = {"=": "const", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "="}
_LENGTHS = frozenset({"length", "char_length", "character_length", "len"})
_NUMBERS = frozenset({"int32", "int64", "uint32", "uint64", "float", "double"})
_INTEGERS = frozenset({"int32", "int64", "uint32", "uint64"})

Token = tuple[str, str]
Rules = dict[str, Value]


class _NotSaid(Exception):
    """The CHECK says what no rule does."""


def take_checks(draft: ComponentDraft, checks: Sequence[str]) -> None:
    """Gives the fields the rules that the CHECKs come to; what is none of these stays as a remark."""
    for check in checks:
        try:
            found = _rules(check, draft)
        except _NotSaid:
            draft.remarks.append(
                f"CHECK ({' '.join(check.split())}) is no rule of buf.validate; write it in a hook, or as CEL"
            )
            continue
        for field, rules in found:
            field.rules |= rules


def _rules(check: str, draft: ComponentDraft) -> list[tuple[FieldDraft, Rules]]:
    tokens = list(_tokens(_CAST.sub("", check)))
    if any(kind == "name" and value.lower() in {"or", "not", "case", "like", "similar"} for kind, value in tokens):
        raise _NotSaid
    found = [_part(part, draft) for part in _parts(tokens)]
    names = [(id(field), rule) for field, rules in found for rule in rules]
    taken = [(id(field), rule) for field, rules in found for rule in rules if rule in field.rules]
    # Of two bounds on one side one would be lost.
    if len(set(names)) < len(names) or any(rule != "max_len" for _, rule in taken):
        raise _NotSaid
    return found


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _NotSaid
        position = match.end()
        kind = str(match.lastgroup)
        value = match[kind]
        if kind == "name" and value[0] in '"`[':
            yield "quoted", value[1:-1].replace('""', '"')
        else:
            yield kind, value[1:-1].replace("''", "'") if kind == "text" else value


def _parts(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """What stands between ANDs, but for that of BETWEEN, without parentheses."""
    part: list[Token] = []
    is_between = False
    for kind, value in tokens:
        lowered = value.lower() if kind == "name" else ""
        if lowered == "and" and not is_between:
            yield part
            part = []
            continue
        is_between = lowered == "between" or (is_between and lowered != "and")
        if (kind, value) not in {("sign", "("), ("sign", ")"), ("sign", "["), ("sign", "]")}:
            part.append((kind, value))
    yield part


def _part(tokens: list[Token], draft: ComponentDraft) -> tuple[FieldDraft, Rules]:
    words = [value.lower() if kind == "name" else value for kind, value in tokens]
    if len(tokens) > 1 and tokens[0][0] == "name" and words[0] in _LENGTHS:
        return _length(_field(tokens[1], draft), words[2:])
    if tokens and tokens[0][0] in {"number", "sign"}:
        # The other way round: 0 < speed.
        value, signs = _number(words[:-1])
        field = _field(tokens[-1], draft)
        return field, _compared(field, _MIRRORED.get("".join(signs), ""), [value])
    if not tokens:
        raise _NotSaid
    field = _field(tokens[0], draft)
    return field, _behind(field, words[1:], tokens)


def _behind(field: FieldDraft, words: Sequence[str], tokens: Sequence[Token]) -> Rules:
    """What is said of a field by the words behind its name."""
    match words:
        case ["in", *_]:
            return {"in": _values(field, tokens[2:])}
        case ["=", "any", "array", *_]:
            return {"in": _values(field, tokens[4:])}
        case ["between", *bounds]:
            lowest, behind = _number(bounds)
            if behind[:1] != ["and"]:
                raise _NotSaid
            return _compared(field, ">=", [lowest]) | _compared(field, "<=", behind[1:])
        case ["<>" | "!=", ""] if field.type == "string" and tokens[2][0] == "text":
            return {"min_len": word(1)}
        case [sign, *number]:
            return _compared(field, sign, number)
        case _:
            raise _NotSaid


def _field(token: Token, draft: ComponentDraft) -> FieldDraft:
    kind, name = token
    columns = {one.column if kind == "quoted" else one.column.lower(): one for one in draft.fields}
    found = columns.get(name if kind == "quoted" else name.lower())
    if kind not in {"name", "quoted"} or found is None or found.repeated:
        raise _NotSaid
    return found


def _number(words: Sequence[str]) -> tuple[str, list[str]]:
    """A number at the beginning, and what is behind it."""
    sign = "-" if words[:1] == ["-"] else ""
    rest = list(words[1:] if words[:1] in (["-"], ["+"]) else words)
    if not rest or not _NUMBER.fullmatch(rest[0]):
        raise _NotSaid
    return sign + rest[0], rest[1:]


def _compared(field: FieldDraft, sign: str, words: Sequence[str]) -> Rules:
    value, end = _number(words)
    if end or sign not in _BOUNDS:
        raise _NotSaid
    return {_BOUNDS[sign]: _literal(field, value)}


def _literal(field: FieldDraft, value: str) -> Word:
    if field.type not in _NUMBERS or (field.type.startswith("uint") and value.startswith("-")):
        raise _NotSaid
    if field.type not in _INTEGERS:
        return Word(value)
    if float(value) != int(float(value)):
        raise _NotSaid
    return Word(value if value.lstrip("-").isdigit() else str(int(float(value))))


def _length(field: FieldDraft, words: Sequence[str]) -> tuple[FieldDraft, Rules]:
    if field.type != "string" or not words or not "".join(words[1:]).isdigit():
        raise _NotSaid
    length = int("".join(words[1:]))
    bounds = {"<=": ("max_len", 0), "<": ("max_len", -1), ">=": ("min_len", 0), ">": ("min_len", 1), "=": ("len", 0)}
    if words[0] not in bounds:
        raise _NotSaid
    name, more = bounds[words[0]]
    if name == "max_len" and "max_len" in field.rules:
        length = min(length, int(field.rules["max_len"]))
    return field, {name: word(length + more)}


def _values(field: FieldDraft, tokens: Sequence[Token]) -> list[Value]:
    """The values of IN, between commas."""
    groups: list[list[Token]] = [[]]
    for token in tokens:
        if token == ("sign", ","):
            groups.append([])
        else:
            groups[-1].append(token)
    if field.type == "string":
        if any(len(group) != 1 or group[0][0] != "text" for group in groups):
            raise _NotSaid
        return [group[0][1] for group in groups]
    found: list[Value] = []
    for group in groups:
        number, end = _number([value for _, value in group])
        if end:
            raise _NotSaid
        found.append(_literal(field, number))
    return found
