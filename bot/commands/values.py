"""Reading one value as traders type it. What is wrong is a ValueError: whole sentences that say what to try."""

import math
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from bot.commands.forms import MOST_SHOWN
from bot.config.units import parse_duration, parse_money
from bot.model.sectors import SECTORS, gics_name
from bot.render.words import one_line
from bot.rules.vocabulary import FACTS, read

LONGEST_DTE: Final = 3650
"""Where days to expiry end that nobody ends: options live three years."""
MOST_PAGES: Final = 1000
LONGEST_MUTE_S: Final = 30 * 86400.0
LONGEST_COOLDOWN_S: Final = 7 * 86400.0
LONGEST_REASON: Final = 200

_UNITS = re.compile(r"(?<=[0-9 ])(?:(s)ec(?:ond)?s?|(m)in(?:ute)?s?|(h)(?:ou)?rs?|(d)ays?)$")
"""Words for `s`, `m`, `h` and `d`, which are all that YAML takes."""
_DTE = re.compile(r"(?P<operator>[<>]?=?)\s*(?P<low>[0-9]{1,4})\s*(?:(?:-|\.\.)\s*(?P<high>[0-9]{1,4}))?\s*(?:dte|d)?")
_DAYS = re.compile(r"([0-9]{1,4}(?:(?:-|\.\.)[0-9]{1,4})?)dte", re.IGNORECASE)
_MONEY = re.compile(r"\$[0-9].*|[0-9][0-9.,_]*[kmb]", re.IGNORECASE)


def shown(text: str) -> str:
    """The asker's own text, short enough and plain enough to repeat."""
    return one_line(text, 40)


def did_you_mean(said: str, known: Iterable[str]) -> str:
    """The end of a message about a word that is none of `known`."""
    names = list(known)
    if close := get_close_matches(said.lower(), names, n=1):
        return f' Did you mean "{close[0]}"?'
    if len(names) < 2:
        return f' There is only "{names[0]}".' if names else " It takes none."
    return f" There are {', '.join(names)}."


def whole(name: str, text: str, most: int) -> int:
    """A whole number from 1 on; more than `most` is `most`."""
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) > 0):
        raise ValueError(f'{name}: "{shown(text)}" is no whole number from 1 to {most}: try {name}={min(10, most)}.')
    return min(int(text), most)


def limit(text: str) -> int:
    return whole("limit", text, MOST_SHOWN)


def page(text: str) -> int:
    return whole("page", text, MOST_PAGES)


def score(text: str) -> float:
    """0 to 100."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found <= 100:  # false for NaN too
        raise ValueError(f'min_score: "{shown(text)}" is no number from 0 to 100: try min_score=85.')
    return found


def money(text: str) -> float:
    """US dollars."""
    try:
        return parse_money(text)
    except ValueError:
        raise ValueError(f'min_premium: "{shown(text)}" is no sum of money: try min_premium=500k, or 1.2m.') from None


def is_money(word: str) -> bool:
    """Whether a word says by itself that it is a sum: `$1.2M`, `500k`; not `500`."""
    try:
        parse_money(word)
    except ValueError:
        return False
    return _MONEY.fullmatch(word) is not None


def symbol(text: str) -> str:
    """A ticker, in capital letters, without the `$`."""
    try:
        return str(read(FACTS["ticker"], text))
    except ValueError:
        raise ValueError(f'"{shown(text)}" is no ticker: try a symbol such as NVDA or BRK.B.') from None


def sector(text: str) -> str:
    """GICS's name, from any part of it that no other sector has."""
    if found := gics_name(text):
        return found
    alike = [name for name in SECTORS if text.casefold() in name.casefold()]
    if len(alike) != 1:
        raise ValueError(f'"{shown(text)}" is no sector that I know. There are {", ".join(SECTORS)}.')
    return alike[0]


def choice(name: str, choices: Iterable[str], text: str) -> str:
    """One of them, in any case and in the plural."""
    found = choice_like(choices, text)
    if found is None:
        raise ValueError(f'{name}: "{shown(text)}" is none of {", ".join(choices)}.')
    return found


def choice_like(choices: Iterable[str], text: str) -> str | None:
    """`Calls`, `SWEEP` and `@ask` are call, sweep and ask; None where it is none of them."""
    said = text.casefold().removeprefix("@")
    return next((each for each in choices if said in (each.casefold(), f"{each.casefold()}s")), None)


def dte(text: str) -> tuple[int, int]:
    """Days to expiry, both ends in: `0dte`, `7`, `0-7`, `<=30`, `>90`."""
    found = _DTE.fullmatch(text.strip().lower())
    if found is None or (found["operator"] not in ("", "=") and found["high"]):
        raise ValueError(f'dte: "{shown(text)}" is no span of days: try dte=0, dte=0-7, dte<=30 or dte>=90.')
    low = int(found["low"])
    span = {
        "<": (0, low - 1),
        "<=": (0, low),
        ">": (low + 1, LONGEST_DTE),
        ">=": (low, LONGEST_DTE),
    }.get(found["operator"], (low, int(found["high"] or low)))
    if not 0 <= span[0] <= span[1] <= LONGEST_DTE:
        raise ValueError(f'dte: "{shown(text)}" lets nothing through: days go from 0 to {LONGEST_DTE}.')
    return span


def days_of(word: str) -> str:
    """What a word asks of dte that says by itself that it does: `0` of `0dte`, `0-7` of `0-7dte`. Empty otherwise."""
    found = _DAYS.fullmatch(word)
    return found[1] if found else ""


def duration(name: str, text: str, longest_s: float) -> float:
    """Whole seconds, at least one. A number without a unit is refused: YAML means seconds by it, people minutes."""
    example = "try 30m, 2h or 1d"
    try:
        seconds = float(round(parse_duration(_plain(text))))
    except ValueError:
        raise ValueError(f'{name}: "{shown(text)}" is no duration: {example}.') from None
    if text.strip()[-1:].isdecimal():
        raise ValueError(f'{name}: "{shown(text)}" needs a unit: {example}.')
    if not 1 <= seconds <= longest_s:
        raise ValueError(f'{name}: "{shown(text)}" is out of bounds: 1s at least, {longest_s / 86400:.0f}d at most.')
    return seconds


def is_duration(text: str) -> bool:
    """Whether it is meant as one, right or wrong: `30m`, `2 h`, `500d`."""
    try:
        parse_duration(_plain(text))
    except ValueError:
        return False
    return True


def _plain(text: str) -> str:
    """`2h` of `2 Hours`."""
    return _UNITS.sub(lambda found: "".join(unit or "" for unit in found.groups()), text.strip().lower())


def reason(text: str) -> str:
    """One line without double quotes, so that it can stand between them."""
    return one_line(text.replace('"', "'"), LONGEST_REASON).strip("' ")
