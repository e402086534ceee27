"""How a row of OptionWhales' rankings reads, in momentum's words and in intent's."""

from collections.abc import Mapping
from typing import Final

from bot.providers.optionwhales_answers import Ranking
from bot.render.words import clock, dotted, money, one_line, trimmed

PAGE: Final = 10
"""Rows a page."""
MOST_STRIKES: Final = 5

MOMENTUM_TERMS: Final = (
    "Momentum: above 0 the flow is bullish and getting more so, below 0 bearish; steady is the same, smoothed.",
    "Agreement: how well the trades point the same way. Strength: how large their Greeks are together, in dollars.",
)
INTENT_TERMS: Final = (
    "Directional: bets on where the price goes. Gamma: on a fast move, whichever way.",
    "Long vol: on wilder swings. Short vol: on calm. Mixed: no one purpose.",
    "Sure: how far the vendor trusts its own reading.",
)
_DIRECTIONS: Mapping[str, str] = {"bullish": "🐂 bullish", "bearish": "🐻 bearish", "neutral": "⚪ neutral"}
_PURPOSES: Mapping[str, str] = {"longvol": "long vol", "shortvol": "short vol"}


def momentum_line(row: Ranking, now_ns: int) -> str:
    """`NVDA · momentum +1.84 (steady +0.92) · 🐂 bullish · agreement 0.83 · strength $4.2M`."""
    return dotted(
        _name(row, now_ns),
        _momentum(row),
        _direction(row),
        None if row.coherence_last is None else f"agreement {trimmed(row.coherence_last, 2)}",
        None if row.strength_last is None else f"strength {money(row.strength_last)}",
    )


def intent_line(row: Ranking, now_ns: int) -> str:
    """`NVDA · 🐂 bullish · directional (72% sure) · call buying · strikes 145, 150`."""
    return dotted(_name(row, now_ns), intent_facts(row))


def intent_facts(row: Ranking) -> str:
    """What one ticker's flow is after, without what is not told."""
    sure = "" if row.intent_confidence is None else f"{trimmed(100 * row.intent_confidence, 0)}% sure"
    purpose = _purpose(row.intent_primary)
    return dotted(
        _direction(row),
        f"{purpose} ({sure})" if purpose and sure else purpose or sure,
        one_line(row.intent_label or "", 80),
        "strikes " + ", ".join(map(_strike, row.key_strikes[:MOST_STRIKES])) if row.key_strikes else "",
    )


def greeks(row: Ranking) -> str:
    """`delta +1,200,000 · gamma -35,000`: of the whole flow together, in the vendor's own unit."""
    told = (("delta", row.net_delta_last), ("gamma", row.net_gamma_last), ("vega", row.net_vega_last))
    return dotted(*(None if value is None else f"{name} {_signed(value)}" for name, value in told))


def _name(row: Ranking, now_ns: int) -> str:
    """The ticker; of a history the day, of a day the half hour."""
    if row.time is not None:
        return clock(row.time, now_ns)
    if row.ticker:
        return one_line(row.ticker, 16)
    return "" if row.session is None else f"{row.session:%a} {row.session.month}/{row.session.day}"


def _momentum(row: Ranking) -> str | None:
    fast, slow = row.momentum_fast, row.momentum_slow
    if fast is None:
        return None if slow is None else f"steady momentum {_signed(slow)}"
    return f"momentum {_signed(fast)}" + ("" if slow is None else f" (steady {_signed(slow)})")


def _strike(usd: float) -> str:
    """`227.5`, as a contract's line has it."""
    return trimmed(usd, 3).replace(",", "")


def _direction(row: Ranking) -> str:
    said = one_line(row.direction_bias or "", 30)
    return _DIRECTIONS.get(said.lower(), said)


def _purpose(said: str | None) -> str:
    word = one_line(said or "", 40)
    return _PURPOSES.get(word.lower(), word.lower())


def _signed(value: float) -> str:
    shown = trimmed(value, 2)
    return f"+{shown}" if value > 0 and shown != "0" else shown
