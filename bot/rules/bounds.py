"""Spans of time and sums of money as the keys of rules with memory take them."""

import re
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema

from bot.config.units import DURATION_PATTERN, MONEY_PATTERN, PLACEHOLDER, parse_duration, parse_money

LONGEST_S = 30 * 86400.0
"""A month: what is remembered is kept print by print."""

_FLOOR = re.compile(r"\s*(?P<operator>>=?)?\s*(?P<amount>[^<>=].*)", re.DOTALL)
_POSITIVE = r"^(?=[^1-9]*[1-9])"


def _parse_span(raw: str | float) -> float:
    seconds = parse_duration(raw)
    if not 0 < seconds <= LONGEST_S:
        raise ValueError("expected a duration of more than 0 and at most 30d")
    return seconds


Span = Annotated[
    float,
    BeforeValidator(_parse_span),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_S},
                {"type": "string", "pattern": f"{_POSITIVE}{DURATION_PATTERN.removeprefix('^')}|{PLACEHOLDER}"},
            ],
        }
    ),
]
"""Seconds as a float, more than 0 and at most a month."""


class Floor(NamedTuple):
    """What a sum must reach."""

    premium_usd: float
    is_strict: bool
    """It must be more than that."""


def _parse_floor(raw: object) -> Floor:
    """From 5M, `>= 5M` or `> 5M`. Raises ValueError."""
    found = None if isinstance(raw, bool) else _FLOOR.fullmatch(str(raw))
    try:
        amount = parse_money(found["amount"]) if found else 0.0
    except ValueError:
        amount = 0.0
    if found is None or amount <= 0:
        raise ValueError("expected an amount of more than 0, such as '>= 5M', '> 500k' or $5M")
    return Floor(amount, found["operator"] == ">")


MoneyFloor = Annotated[
    Floor,
    PlainValidator(_parse_floor),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {
                    "type": "string",
                    "pattern": rf"{_POSITIVE}\s*(>=?)?{MONEY_PATTERN.removeprefix('^')}|{PLACEHOLDER}",
                },
            ],
        }
    ),
]
