"""What traders may ask, and reading it: loosely typed options or a line of text in, one typed request out. Pure."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal, get_args

from bot.commands.requests import Help, Request, Status, Ticker, Top, Why
from bot.config.units import parse_money
from bot.engine.session import Query
from bot.model.prints import Kind, OptionType, Side
from bot.model.sectors import SECTORS, gics_name
from bot.render.words import one_line

MOST_SHOWN = 25
"""As many lines as one Discord embed and one Slack message carry."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command, as the platforms' own forms show it."""

    name: str
    about: str
    sort: Literal["text", "integer", "number"] = "text"
    choices: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand of `/flow`."""

    name: str
    about: str
    options: tuple[Option, ...] = ()


COMMANDS = (
    Command(
        "top",
        "The day's best prints, by score, then premium",
        (
            Option("limit", "How many, 10 unless told", "integer", bounds=(1, MOST_SHOWN)),
            Option("min_score", "The lowest score, 0 to 100", "number", bounds=(0, 100)),
            Option("min_premium", "The lowest premium: 500k, 1.2m"),
            Option("ticker", "One underlying: NVDA"),
            Option("side", "Where it traded", choices=get_args(Side)),
            Option("kind", "How it traded", choices=get_args(Kind)),
            Option("type", "Calls or puts", choices=get_args(OptionType)),
            Option("sector", "One GICS sector", choices=SECTORS),
        ),
    ),
    Command(
        "ticker",
        "One underlying's day: premium, biggest prints, busiest contracts",
        (Option("symbol", "The underlying: NVDA", is_required=True),),
    ),
    Command(
        "why",
        "Why an alert fired, and what became of it",
        (Option("alert", "The eight characters in the alert's footer", is_required=True),),
    ),
    Command("status", "Feeds, queues and today's counts"),
)
EXAMPLES = (
    "/flow top 5 ticker=NVDA min_premium=1m",
    "/flow top side=ask kind=sweep min_score=85",
    "/flow ticker NVDA",
    "/flow why 7kq2m9xd",
    "/flow status",
)


_WORD = re.compile(r"""([a-z_]+)=("[^"]*"|'[^']*'|\S*)|(\S+)""", re.IGNORECASE)
_SYMBOL = re.compile(r"[A-Z][A-Z0-9./-]{0,9}")
_ALERT_ID = re.compile(r"[A-Za-z0-9]{4,16}")
_STRAIGHT_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
_MOST_TEXT = 500


def read_options(command: str, options: Mapping[str, Any]) -> Request:
    """A request from a command's name and its options by name, whatever their types: Discord's forms."""
    try:
        return _request(command, {name: str(value) for name, value in options.items()})
    except ValueError as problem:
        return Help(str(problem))


def read_text(text: str) -> Request:
    """A request from what follows `/flow` on a line: words and key=value, in any order after the command."""
    straight = text[:_MOST_TEXT].translate(_STRAIGHT_QUOTES)
    words = [(key.lower(), value.strip("\"'"), word) for key, value, word in _WORD.findall(straight)]
    if not words:
        return Help()
    command = words[0][2].lower()
    try:
        said = [(key, value) if key else _guess(command, word) for key, value, word in words[1:]]
        return _request(command, _once_each(said))
    except ValueError as problem:
        return Help(str(problem))


def _once_each(said: Iterable[tuple[str, str]]) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in said:
        if name in options:
            raise ValueError(f'"{_shown(name)}" is there twice: give it once.')
        options[name] = value
    return options


def _guess(command: str, word: str) -> tuple[str, str]:
    """The option that a bare word must mean."""
    if command == "ticker":
        return "symbol", word
    if command == "why":
        return "alert", word
    if command == "top":
        if word.isdecimal():
            return "limit", word
        for option in COMMANDS[0].options:
            if option.choices and _choice(option.choices, word):
                return option.name, word
        return "ticker", word
    raise ValueError(f'I do not know what to do with "{_shown(word)}" after "{_shown(command)}".')


def _request(command: str, said: Mapping[str, str]) -> Request:
    known = {known.name: known for known in COMMANDS}
    if command == "help":
        return Help()
    if command not in known:
        raise ValueError(f'There is no command "{_shown(command)}".{_did_you_mean(command, known)}')
    names = [option.name for option in known[command].options]
    for name in said:
        if name not in names:
            raise ValueError(f'"{command}" has no option "{_shown(name)}".{_did_you_mean(name, names)}')
    for option in known[command].options:
        if option.is_required and not said.get(option.name, "").strip():
            raise ValueError(f'"{command}" needs the {option.name}: {option.about[0].lower()}{option.about[1:]}.')
    if command == "ticker":
        return Ticker(_symbol(said["symbol"]))
    if command == "why":
        return Why(_alert_id(said["alert"]))
    return Status() if command == "status" else Top(_query(said))


def _query(said: Mapping[str, str]) -> Query:
    read: Mapping[str, Callable[[str], Any]] = {
        "limit": _limit,
        "min_score": _score,
        "min_premium": _money,
        "ticker": _symbol,
        "side": _one_of("side", get_args(Side)),
        "kind": _one_of("kind", get_args(Kind)),
        "type": _one_of("type", get_args(OptionType)),
        "sector": _sector,
    }
    return replace(Query(), **{name: read[name](value.strip()) for name, value in said.items()})


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) > 0):
        raise ValueError(f'The limit "{_shown(text)}" is no whole number from 1 to {MOST_SHOWN}: try limit=10.')
    return min(int(text), MOST_SHOWN)


def _score(text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not 0 <= score <= 100:  # false for NaN too
        raise ValueError(f'min_score "{_shown(text)}" is no number from 0 to 100: try min_score=85.')
    return score


def _money(text: str) -> float:
    try:
        return parse_money(text)
    except ValueError:
        raise ValueError(f'min_premium "{_shown(text)}" is no sum of money: try min_premium=500k, or 1.2m.') from None


def _symbol(text: str) -> str:
    symbol = text.strip().removeprefix("$").upper()
    if not _SYMBOL.fullmatch(symbol):
        raise ValueError(f'"{_shown(text)}" is no ticker: try a symbol such as NVDA or BRK.B.')
    return symbol


def _alert_id(text: str) -> str:
    alert_id = text.strip().strip("#`")
    if not _ALERT_ID.fullmatch(alert_id):
        raise ValueError(f'"{_shown(text)}" is no alert id: it is the eight letters and digits in the alert\'s footer.')
    return alert_id


def _sector(text: str) -> str:
    sector = gics_name(text)
    if sector is None:
        alike = [name for name in SECTORS if text.casefold() in name.casefold()]
        if len(alike) != 1:
            raise ValueError(f'"{_shown(text)}" is no sector that I know. There are {", ".join(SECTORS)}.')
        sector = alike[0]
    return sector


def _one_of(name: str, choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        chosen = _choice(choices, text)
        if chosen is None:
            raise ValueError(f'{name} "{_shown(text)}" is none of {", ".join(choices)}.')
        return chosen

    return read


def _choice(choices: tuple[str, ...], text: str) -> str | None:
    """In any case, and in the plural: `Calls`, `SWEEP`."""
    said = text.casefold()
    return next((choice for choice in choices if said in (choice.casefold(), f"{choice.casefold()}s")), None)


def _did_you_mean(said: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(said.lower(), names, n=1)
    if close:
        return f' Did you mean "{close[0]}"?'
    return f" There are {', '.join(names)}." if names else " It takes none."


def _shown(text: str) -> str:
    return one_line(text, 40)
