"""Reads the text of a filter: a subset of AIP-160, and `in` and `null`. As there, OR binds more tightly than AND.

filter     = [expression]
expression = choice {AND choice}
choice     = term {OR term}
term       = {NOT | "-"} ("(" expression ")" | comparison)
comparison = path ("=" | "!=" | "<" | "<=" | ">" | ">=" | ":") value  |  path IN "(" [value {"," value}] ")"
path       = name {"." (name | number | text)}
value      = text in quotes | number | name | "*"
"""

from __future__ import annotations

from collections.abc import Callable

from toolcrib.server.errors import InvalidRequest
from toolcrib.server.query.lexer import Token, literal, tokens
from toolcrib.server.query.refusals import DEPTH_MAX, Budget, refusal, too_deep
from toolcrib.server.query.tree import And, Comparison, FieldPath, Literal, Node, Not, Operator, Or

_OPERATORS = {operator.value: operator for operator in Operator}
_VALUES = frozenset({"text", "number", "word"})


def parse(text: str) -> Node:
    """The tree of a filter; an empty one asks for everything. Raises InvalidRequest with the position."""
    parser = _Parser(tokens(text))
    if parser.next.kind == "end":
        return And(())
    tree = parser.expression(0)
    if parser.next.kind != "end":
        raise parser.unfinished()
    return tree


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._index = 0
        self._budget = Budget()

    @property
    def next(self) -> Token:
        return self._tokens[self._index]

    def expression(self, depth: int) -> Node:
        return self._joined("AND", And, self._choice, depth)

    def _choice(self, depth: int) -> Node:
        return self._joined("OR", Or, self._term, depth)

    def _joined(
        self, keyword: str, join: Callable[[tuple[Node, ...]], Node], part: Callable[[int], Node], depth: int
    ) -> Node:
        terms = [part(depth)]
        while self._is_keyword(self.next, keyword):
            self._index += 1
            terms.append(part(depth))
        return terms[0] if len(terms) == 1 else join(tuple(terms))

    def _term(self, depth: int) -> Node:
        token = self.next
        if depth > DEPTH_MAX:
            raise too_deep(token.start)
        if token.text == "-" or self._is_keyword(token, "NOT"):
            self._index += 1
            return Not(self._term(depth + 1))
        if token.text != "(":
            return self._comparison()
        self._index += 1
        inner = self.expression(depth + 1)
        self._expect(")", 'AND, OR or ")"')
        return inner

    def _comparison(self) -> Comparison:
        path, token = self._path(), self.next
        self._budget.take_term(path.place)
        if token.kind == "operator":
            self._index += 1
            return Comparison(path, _OPERATORS[token.text], (self._value(),), token.start)
        if self._is_keyword(token, "IN"):
            self._index += 1
            return Comparison(path, Operator.IN, self._list(), token.start)
        name = ".".join(path.names)
        raise refusal(token.start, self.unexpected(f"an operator; a field is compared, as in {name} = 1"))

    def _path(self) -> FieldPath:
        first = self.next
        if first.kind != "word" or "*" in first.text:
            raise refusal(first.start, self.unexpected("the name of a field"))
        self._index += 1
        names = [first.text]
        while self.next.text == ".":
            self._index += 1
            if self.next.kind not in _VALUES:
                raise refusal(self.next.start, self.unexpected('a name behind "."'))
            names.append(str(literal(self.next).value))
            self._index += 1
        return FieldPath(tuple(names), first.start)

    def _list(self) -> tuple[Literal, ...]:
        self._expect("(", '"(" and a list of values')
        values: list[Literal] = []
        while self.next.text != ")" or values:
            values.append(self._value())
            if self.next.text != ",":
                break
            self._index += 1
        self._expect(")", '"," or ")"')
        return tuple(values)

    def _value(self) -> Literal:
        token = self.next
        if token.text == "-" and self._tokens[self._index + 1].start == token.end:
            # A minus before a name, as in -inf; that of a number is its own.
            self._index += 1
            word = self.next
            token = Token(word.kind if word.kind == "word" else "", f"-{word.text}", token.start, word.end)
        if token.kind not in _VALUES:
            raise refusal(token.start, self.unexpected("a value"))
        self._index += 1
        self._budget.take_value(token.start)
        return literal(token)

    def _expect(self, mark: str, wanted: str) -> None:
        if self.next.text != mark:
            raise refusal(self.next.start, self.unexpected(wanted))
        self._index += 1

    def unexpected(self, wanted: str) -> str:
        """What stands here, and what should."""
        token = self.next
        found = "the filter ends" if token.kind == "end" else f"here is {token.text[:40]}"
        return f"{found}, where there should be {wanted}"

    def unfinished(self) -> InvalidRequest:
        """The refusal of what stands behind a whole expression."""
        token = self.next
        touching = self._index > 0 and self._tokens[self._index - 1].end == token.start
        hint = "; put text, times and bytes into quotes" if touching and token.text != ")" else ""
        return refusal(token.start, self.unexpected("AND, OR or the end") + hint)

    @staticmethod
    def _is_keyword(token: Token, keyword: str) -> bool:
        return token.kind == "word" and token.text in {keyword, keyword.lower()}
