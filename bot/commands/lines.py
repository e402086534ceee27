"""A line of text as words: bare ones, and `key=value` with any comparison between. Pure; takes whatever is typed."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from bot.render.words import one_line

LONGEST: Final = 1000
"""Characters of a line; more is refused, for half a filter would be another filter."""

_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "≥": ">=", "≤": "<=", "≠": "!=", "–": "-"})
_QUOTED = r"\"[^\"]*\"|'[^']*'"
# A `<` that begins a mention or a link ("<@U1>", "<https://…>") compares nothing.
_WORD = re.compile(
    rf"""(?P<key>[a-z_]++)\s*(?P<operator>>=|<=|!=|==|[=>]|<(?![@#!h]))\s*
    (?P<value>(?:{_QUOTED}|[^\s,]+)?(?:\s*,\s*(?:{_QUOTED}|[^\s,=<>!]++(?!\s*[=<>!])))*)
    |(?P<bare>{_QUOTED}|\S+)""",
    re.IGNORECASE | re.VERBOSE,
)


class Word(NamedTuple):
    """One word of a line."""

    key: str
    """In small letters; empty of a bare word."""
    operator: str
    """`=`, `>=`, `<=`, `>`, `<` or `!=`; empty of a bare word."""
    value: str
    """What follows the operator, or the bare word itself; without the quotes round it."""
    begins: int
    ends: int
    """Where it stands in the line."""


def straight(line: str) -> str:
    """The line with plain quotes and signs and single spaces, which phones do not type, and nothing invisible.

    Raises ValueError where it is too long.
    """
    if len(line) > LONGEST:
        raise ValueError(f"That is {len(line):,} characters long: {LONGEST:,} at most.")
    return one_line(line.translate(_STRAIGHT), 2 * LONGEST)


def words(line: str) -> Iterator[Word]:
    """The words of a straight line, in order."""
    for found in _WORD.finditer(line):
        key, operator, value, bare = found.group("key", "operator", "value", "bare")
        if key:
            yield Word(key.lower(), "=" if operator == "==" else operator, unquoted(value), *found.span())
        elif text := unquoted(bare).strip(","):
            yield Word("", "", text, *found.span())


def unquoted(text: str) -> str:
    """Without the quotes round it, or the one that has no other; quotes among several values stay."""
    if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0] and text[0] not in text[1:-1]:
        return text[1:-1]
    return text if "," in text else text.strip("\"'")
