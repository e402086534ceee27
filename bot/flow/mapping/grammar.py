"""Parses the expressions of a map, by this grammar; nothing is ever eval'ed.

expression  = term (("+" | "-") term)*
term        = factor (("*" | "/") factor)*
factor      = "-"* (number | path | call | "(" expression ")")
path        = ("$" | name | index) ("." name | index)*
index       = "[" digits "]" | "['" any key "']"
call        = name "(" expression ("," expression)* ")" ("." part)?
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from bot.config.wording import suggest
from bot.flow.mapping.expressions import FUNCTIONS, Call, Expression, Function, Negation, Number, Operation, Path

MAX_LENGTH = 300
MAX_NESTING = 16
"""Parentheses and calls within one another."""
MAX_OPERANDS = 40
"""The closures that an expression becomes call one another: deeper ones would meet Python's own limit."""


def parse(text: str) -> Expression:
    """The expression in `text`. Raises ValueError, which says what is wrong at which character and quotes no more."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"an expression has at most {MAX_LENGTH} characters")
    parser = _Parser(list(_tokens(text)))
    found = parser.expression(0)
    parser.end()
    return found


class _Token(NamedTuple):
    kind: str
    """number, name, index, key, or the character itself; end."""
    text: str
    position: int
    """Counts from 1."""


_TOKEN = re.compile(
    r"""(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |\[\s*(?P<index>[0-9]{1,6})\s*\]
    |\[\s*(?P<quote>['"])(?P<key>[^'"]*)(?P=quote)\s*\]
    |(?P<other>[$.()+*/,-])""",
    re.VERBOSE,
)


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        found = _TOKEN.match(text, position)
        if found is None:
            what = "a [ that begins neither [0] nor ['key']" if text[position] == "[" else "no part of an expression"
            raise ValueError(f"character {position + 1}: {what}")
        kind = found.lastgroup or ""
        word = found["other"] if kind == "other" else found[kind]
        yield _Token(word if kind == "other" else kind, word, position + 1)
        position = found.end()
    yield _Token("end", "", len(text) + 1)


class _Parser:
    """Recursive descent; `depth` counts what is within what."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._operands = 0

    def expression(self, depth: int) -> Expression:
        left = self._term(depth)
        while (token := self._token).kind in ("+", "-"):
            self._take()
            left = Operation("+" if token.kind == "+" else "-", left, self._term(depth))
        return left

    def end(self) -> None:
        if self._token.kind != "end":
            raise self._flaw("an operator, such as * or +, is missing")

    def _term(self, depth: int) -> Expression:
        left = self._factor(depth)
        while (token := self._token).kind in ("*", "/"):
            self._take()
            left = Operation("*" if token.kind == "*" else "/", left, self._factor(depth))
        return left

    def _factor(self, depth: int) -> Expression:
        is_negative = False
        while self._token.kind == "-":
            self._take()
            is_negative = not is_negative
        found = self._primary(depth)
        return Negation(found) if is_negative else found

    def _primary(self, depth: int) -> Expression:
        token = self._token
        self._operands += 1
        if depth > MAX_NESTING or self._operands > MAX_OPERANDS:
            raise self._flaw("too long or too deep an expression")
        if token.kind == "number":
            self._take()
            return Number(float(token.text))
        if token.kind == "(":
            self._take()
            found = self.expression(depth + 1)
            self._expect(")")
            return found
        if token.kind == "name" and self._tokens[self._next + 1].kind == "(":
            return self._call(depth)
        if token.kind in ("name", "$", "index", "key"):
            return self._path()
        raise self._flaw("a path, a number or ( is missing")

    def _path(self) -> Path:
        first = self._take()
        steps = [] if first.kind == "$" else [_step(first)]
        while self._token.kind in (".", "index", "key"):
            token = self._take()
            steps.append(_step(self._expect("name") if token.kind == "." else token))
        return Path(tuple(steps), first.kind == "$")

    def _call(self, depth: int) -> Call:
        token = self._token
        function = FUNCTIONS.get(token.text)
        if function is None:
            raise self._flaw(f'unknown function "{token.text}"{suggest(token.text, FUNCTIONS)}')
        self._take()
        self._take()
        arguments = [self.expression(depth + 1)]
        while self._token.kind == ",":
            self._take()
            arguments.append(self.expression(depth + 1))
        self._expect(")")
        if not function.fewest <= len(arguments) <= function.most:
            wanted = "one value" if function.most == 1 else f"{function.fewest} to {function.most} values"
            raise ValueError(f"character {token.position}: {token.text}() takes {wanted}")
        return Call(token.text, tuple(arguments), self._part(token.text, function))

    def _part(self, name: str, function: Function) -> str:
        if self._token.kind != ".":
            return ""
        self._take()
        part = self._token
        if part.text not in function.parts:
            raise self._flaw(f'{name}() has no part "{part.text}"{suggest(part.text, function.parts)}')
        return self._take().text

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        self._next += 1
        return token

    def _expect(self, kind: str) -> _Token:
        if self._token.kind != kind:
            raise self._flaw("a key is missing after the dot" if kind == "name" else f"{kind} is missing")
        return self._take()

    def _flaw(self, what: str) -> ValueError:
        return ValueError(f"character {self._token.position}: {what}")


def _step(token: _Token) -> str | int:
    return int(token.text) if token.kind == "index" else token.text
