"""What an alert tells of a memory: `Evidence`, and the prints that contributed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice

from bot.gate.memory.trade import NS_PER_S, Contract, Trade
from bot.gate.memory.window import Window
from bot.model.memory import MOST_CONTRIBUTIONS, Contribution, Evidence


def window_evidence(text: str, window: Window) -> Evidence:
    """Of a window that is not empty."""
    return Evidence(
        text,
        count=window.count,
        premium_usd=window.cents / 100,
        span_s=(window.last_ns - window.first_ns) / NS_PER_S,
        prints=contributions(window.newest(MOST_CONTRIBUTIONS)),
    )


def contributions(trades: Sequence[Trade]) -> tuple[Contribution, ...]:
    """Of trades, oldest first: the newest."""
    newest = islice(trades, max(0, len(trades) - MOST_CONTRIBUTIONS), None)
    return tuple(
        Contribution(trade.at_ns, _title(trade.contract, trade.at_ns), trade.premium, trade.size, trade.side)
        for trade in newest
    )


def _title(contract: Contract, at_ns: int) -> str:
    """`NVDA 145C 7/17`, as an alert's title has it: the year only where it is another than the trade's."""
    words = [contract.ticker]
    kind = contract.type or ""
    if contract.strike is not None:
        words.append(f"{contract.strike:.3f}".rstrip("0").rstrip(".") + kind[:1].upper())
    elif kind:
        words.append(kind.upper())
    expiry = contract.expiry
    if expiry is not None:
        is_this_year = expiry.year == datetime.fromtimestamp(at_ns // NS_PER_S, UTC).year
        words.append(f"{expiry.month}/{expiry.day}" + ("" if is_this_year else f"/{expiry:%y}"))
    return " ".join(words)
