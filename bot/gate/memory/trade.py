"""`Trade`: what a rule keeps of one print that it counted, and the print's own time. Knows no window."""

from datetime import date
from typing import Final

import msgspec

from bot.model.prints import OptionType, Print

NS_PER_S: Final = 1_000_000_000
AHEAD_NS: Final = 60 * NS_PER_S
"""A print cannot have happened after we received it: a feed's clock may be fast by this much. One print that claims
more (from next year, say) would make all that follow it too late to count, so its receipt is taken instead."""
MARK_BYTES: Final = 8
"""Of a print's identity: enough to tell apart the thousands that a key remembers."""


class Contract(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """As much of it as the feed named."""

    ticker: str
    type: OptionType | None
    strike: float | None
    expiry: date | None

    @property
    def is_whole(self) -> bool:
        return self.type is not None and self.strike is not None and self.expiry is not None


class Trade(msgspec.Struct, gc=False):
    """One print that a rule counted. Not tracked by the garbage collector: there may be a million, and no cycles."""

    at_ns: int
    """Its own time, unix nanoseconds."""
    mark: bytes
    """The beginning of the print's identity."""
    provider: str
    contract: Contract
    size: int | None
    premium: float | None
    side: str | None
    is_timed: bool
    """The feed named its time; else it is our receipt, which says nothing of another provider's print."""
    is_of: bool
    """It is of the sort that a share asks for."""
    cents: int
    """The premium in whole cents, none where there is none: sums that change all day stay exact."""
    is_counted: bool = True
    """False: spent by an alert, too old, or taken back. Still known, so that a repeat of it is told."""
    twins: tuple[tuple[str, bytes], ...] = ()
    """Which other providers told of it, and the marks of their prints."""


def at_ns(found: Print) -> int:
    """When it happened as far as is known, unix nanoseconds."""
    if found.time is None:
        return found.received_ns
    happened_ns = round(found.time.timestamp() * 1_000_000) * 1000  # to the microsecond, which a float still holds
    return found.received_ns if happened_ns > found.received_ns + AHEAD_NS else happened_ns


def mark_of(found: Print) -> bytes:
    return found.identity[:MARK_BYTES]


def trade_of(found: Print, happened_ns: int, mark: bytes, *, is_of: bool) -> Trade:
    return Trade(
        happened_ns,
        mark,
        found.provider,
        Contract(found.ticker, found.type, found.strike, found.expiry),
        found.size,
        found.premium,
        found.side,
        found.time is not None,
        is_of,
        cents(found.premium),
    )


def cents(premium_usd: float | None) -> int:
    return 0 if premium_usd is None else round(premium_usd * 100)


def ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)
