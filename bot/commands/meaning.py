"""Which option each word of a line must mean, so that traders need not say it: `top 5 nvda 1m calls`. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import get_args

from bot.commands.forms import Command
from bot.commands.lines import Word, words
from bot.commands.values import choice_like, days_of, is_duration, is_money, shown
from bot.model.alerts import DeliveryState
from bot.model.prints import Kind, OptionType, Side
from bot.model.sectors import gics_name

_AT_LEAST = {"premium": "min_premium", "score": "min_score", "min_premium": "min_premium", "min_score": "min_score"}
_SAYING: Mapping[str, tuple[str, ...]] = {
    "type": get_args(OptionType),
    "side": get_args(Side),
    "kind": get_args(Kind),
}
"""Options whose values say which option is meant."""
_WHOLE_LINES = {"why": "alert", "add": "filter", "remove": "watch"}
"""Options that are all of a line, by subcommand."""


def said(command: Command, line: str) -> dict[str, str]:
    """The options by name that a straight line gives to a subcommand. Raises ValueError."""
    if command.name in ("top", "unusual"):
        return _once_each(_filters(command, line))
    if command.name == "deliveries":
        return _once_each(_deliveries(line))
    if command.name in _WHOLE_LINES:
        return {_WHOLE_LINES[command.name]: _bare(_WHOLE_LINES[command.name], line)}
    return _InOrder(command, line).read()


def _bare(name: str, line: str) -> str:
    """`filter="NVDA side=ask" cooldown=5m` is `NVDA side=ask cooldown=5m`, for whoever names the option."""
    found = re.fullmatch(rf'{name} ?= ?(?:"([^"]*)"(.*)|(.*))', line, re.IGNORECASE)
    return "".join(part or "" for part in found.groups()) if found else line


def put(options: dict[str, str], name: str, value: str) -> None:
    """Note an option. Raises ValueError where it was said before."""
    if name in options:
        raise ValueError(f'"{shown(name)}" is there twice: give it once.')
    options[name] = value


def _once_each(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in pairs:
        put(options, name, value)
    return options


def _filters(command: Command, line: str) -> Iterator[tuple[str, str]]:
    """In any order: each value says what it is."""
    for word in _joined(words(line), _is_sector):
        if not word.key:
            yield _filter(word.value)
        elif word.operator == "=":
            yield word.key, word.value
        elif word.key == "dte" and word.operator != "!=":
            yield "dte", word.operator + word.value
        elif word.key in _AT_LEAST and word.operator in (">", ">="):
            yield _AT_LEAST[word.key], word.value
        else:
            asked = shown(word.key + word.operator + word.value)
            raise ValueError(f'"{command.name}" cannot ask for "{asked}": try premium>=1m, score>=85 or dte<=7.')


def _filter(word: str) -> tuple[str, str]:
    """The option that a bare word must mean; a ticker, if nothing else."""
    if word.isdecimal():
        return "limit", word
    if days := days_of(word):
        return "dte", days
    if is_money(word):
        return "min_premium", word
    for name, choices in _SAYING.items():
        if choice_like(choices, word):
            return name, word
    return ("sector" if gics_name(word) else "ticker"), word


def _is_sector(text: str) -> bool:
    return gics_name(text) is not None


def _joined(found: Iterable[Word], is_one: Callable[[str], bool]) -> Iterator[Word]:
    """Two words that mean something together are one word: `health care`, `2 hours`."""
    before: Word | None = None
    for word in found:
        if before and not word.key and is_one(both := f"{before.value} {word.value}"):
            before = before._replace(value=both, ends=word.ends)
            continue
        if before:
            yield before
        before = word
    if before:
        yield before


def _deliveries(line: str) -> Iterator[tuple[str, str]]:
    """`dead to desk`."""
    for word in words(line):
        if not word.key and word.value.lower() == "to":
            continue
        is_state = choice_like(get_args(DeliveryState), word.value) is not None
        yield word.key or ("state" if is_state else "destination"), word.value


class _InOrder:
    """Bare words are the options in the table's order; `for` may stand before a duration; a reason is all the rest."""

    def __init__(self, command: Command, line: str) -> None:
        self._command = command
        self._line = line
        self._left = {option.name: option for option in command.options}
        self._said: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        said_for: Word | None = None
        for word in _joined(words(self._line), is_duration):
            if word.key and (word.key in self._left or self._next != "reason"):
                self._put(word.key, word.value)
            elif self._next == "for" and not said_for and word.value.lower() == "for":
                said_for = word
            elif self._next == "for" and not self._left["for"].is_required and not is_duration(word.value):
                del self._left["for"]
                return self._reason(said_for or word)
            elif self._next == "reason":
                return self._reason(word)
            elif self._next:
                self._put(self._next, word.value)
            else:
                raise ValueError(f'"{shown(word.value)}" is one word too many after "{self._command.name}".')
        return self._said

    @property
    def _next(self) -> str:
        return next(iter(self._left), "")

    def _put(self, name: str, value: str) -> None:
        put(self._said, name, value)
        self._left.pop(name, None)

    def _reason(self, word: Word) -> dict[str, str]:
        """A reason may hold anything, so it is taken as it stands."""
        put(self._said, "reason", self._line[word.begins :])
        return self._said
