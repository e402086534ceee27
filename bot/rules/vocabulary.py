"""The facts that `when` may ask for: how a value of each is written in YAML, and how people write it."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from bot.config.units import parse_clock, parse_money, write_clock
from bot.config.wording import join
from bot.model.prints import Bias, Kind, OptionType, Session, Side
from bot.model.sectors import SECTORS, gics_name
from bot.rules.clauses import Value


@dataclass(frozen=True, slots=True)
class Fact:
    """One name of the print vocabulary."""

    name: str
    kind: Literal["number", "date", "clock", "text", "flag"]
    """A clock is a time of day in seconds since midnight; a flag is true or false."""
    about: str
    unit: Literal["", "premium", "usd", "percent", "fraction"] = ""
    choices: tuple[str, ...] = ()
    """What a text may be; empty: anything."""

    @property
    def attribute(self) -> str:
        """Of `Print`, which keeps the moment under `time` and the time of day beside it."""
        return "time_of_day" if self.name == "time" else self.name

    @property
    def is_ordered(self) -> bool:
        """Whether >, min and max mean something."""
        return self.kind not in ("text", "flag")


FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        Fact("ticker", "text", "The underlying, such as NVDA."),
        Fact("type", "text", "Call or put.", choices=get_args(OptionType)),
        Fact("strike", "number", "The strike in US dollars.", "usd"),
        Fact("expiry", "date", "The day of expiry."),
        Fact("dte", "number", "Calendar days to expiry; 0 expires today."),
        Fact("size", "number", "Contracts in this print."),
        Fact("volume", "number", "Contracts traded today in this contract."),
        Fact("open_interest", "number", "Open contracts."),
        Fact("vol_oi", "number", "Volume divided by open interest."),
        Fact("premium", "number", "The print's premium in US dollars.", "premium"),
        Fact("price", "number", "US dollars a share.", "usd"),
        Fact("side", "text", "Where it traded: at the ask, at the bid or between.", choices=get_args(Side)),
        Fact("kind", "text", "How it was executed.", choices=get_args(Kind)),
        Fact("otm_pct", "number", "Percent out of the money; negative is in the money.", "percent"),
        Fact("spot", "number", "The underlying's price in US dollars.", "usd"),
        Fact("iv", "number", "Implied volatility: 0.45 or 45%.", "fraction"),
        Fact("score", "number", "The score, 0 to 100."),
        Fact("bias", "text", "What the print bets on.", choices=get_args(Bias)),
        Fact("sector", "text", "One of the eleven GICS sectors; Yahoo's names do too.", choices=SECTORS),
        Fact("provider", "text", "The name of a provider of yours."),
        Fact("session", "text", "Traded in New York's regular hours, or outside them.", choices=get_args(Session)),
        Fact("time", "clock", "When it traded, by New York's clock."),
        Fact("opening", "flag", "Provably a new position: larger than all that was open and traded before."),
        Fact("multi_leg", "flag", "One leg of a multi-leg order, as far as the feed or its other leg shows."),
    )
}

_FORMS = {
    "": "a number, such as 30 or 1.5k",
    "premium": "an amount, such as 500k, $1.2M or 500,000",
    "usd": "an amount, such as 145 or $352.50",
    "percent": "a percentage, such as 10 or 10%",
    "fraction": "a fraction or a percentage, such as 0.45 or 45%",
}
_NUMBER = re.compile(r"(?P<sign>-?)\s*(?P<amount>[^-%]+?)\s*(?P<percent>%?)")
_TICKER = re.compile(r"\$?([A-Z0-9][A-Z0-9./^-]{0,11}|\^[A-Z]{1,11})")


def read(fact: Fact, raw: object) -> Value:
    """The value of `fact` that a scalar of YAML stands for. Raises ValueError, which does not quote it."""
    if fact.kind == "number":
        return _read_number(fact, raw)
    if fact.kind == "date":
        try:
            return date.fromisoformat(raw.strip() if isinstance(raw, str) else "")
        except ValueError:
            raise ValueError("expected a date, such as 2026-07-17") from None
    if fact.kind == "clock":
        return parse_clock(raw)
    if fact.kind == "flag":
        return _read_flag(raw)
    if not isinstance(raw, str):
        raise ValueError(f"expected {_form_of_text(fact)}; put it in quotes")  # noqa: TRY004 one kind of error for all
    return _read_text(fact, " ".join(raw.split()))


def write(fact: Fact, value: Value) -> str:
    """The value as people write it, rounded: `$2.4M`, `45%`, `7/17/2026`."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    if fact.kind == "flag":
        return "true" if value else "false"
    if fact.kind == "clock":
        return write_clock(value)
    if fact.unit == "premium":
        return _abbreviate(value)
    return _dress(fact, _round(value * 100 if fact.unit == "fraction" else value))


def write_exactly(fact: Fact, value: Value) -> str:
    """The value as people write it, with every digit that counts: `$499,999.5`."""
    if isinstance(value, (date, str)) or fact.kind == "flag":
        return write(fact, value)
    if fact.kind == "clock":
        return f"{write_clock(value - value % 60)}:{value % 60:09.6f}"
    return _dress(fact, f"{value * 100 if fact.unit == 'fraction' else value:,.15g}")


def _read_number(fact: Fact, raw: object) -> float:
    found = None if isinstance(raw, bool) else _NUMBER.fullmatch(str(raw).strip())
    expected = f"expected {_FORMS[fact.unit]}"
    if not found or (found["percent"] and fact.unit not in ("percent", "fraction")):
        raise ValueError(expected)
    try:
        amount = parse_money(found["amount"])
        if found["percent"] and fact.unit == "fraction":
            amount = float(f"{amount!r}e-2")  # not amount / 100, which may miss the nearest fraction
    except ValueError:
        raise ValueError(expected) from None
    return -amount if found["sign"] else amount


def _read_flag(raw: object) -> bool:
    text = str(raw).strip().lower() if isinstance(raw, (bool, str)) else ""
    if text not in ("true", "false"):
        raise ValueError("expected true or false")
    return text == "true"


def _read_text(fact: Fact, text: str) -> str:
    if fact.name == "sector":
        found = gics_name(text)
    elif fact.choices:
        found = text.lower() if text.lower() in fact.choices else None
    elif fact.name == "ticker":
        match = _TICKER.fullmatch(text.upper())
        found = match[1] if match else None
    else:
        found = text or None
    if found is None:
        raise ValueError(f"expected {_form_of_text(fact)}")
    return found


def _form_of_text(fact: Fact) -> str:
    if fact.name == "ticker":
        return "a ticker, such as NVDA or BRK.B"
    return join(fact.choices) if fact.choices else "a name"


def _abbreviate(value: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= size * 0.999995:  # $999,996 would round to $1000K
            return _sign(_round(value / size), "$", letter)
    return _sign(_round(value), "$")


def _round(value: float) -> str:
    """At most two decimals, without idle zeros, with commas."""
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")


def _dress(fact: Fact, digits: str) -> str:
    if fact.unit in ("premium", "usd"):
        return _sign(digits, "$")
    return f"{digits}%" if fact.unit in ("percent", "fraction") else digits


def _sign(digits: str, before: str, after: str = "") -> str:
    """`-$5`, not `$-5`."""
    return f"{'-' * digits.startswith('-')}{before}{digits.removeprefix('-')}{after}"
