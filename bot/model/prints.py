"""`Print`: one option trade as the tape reported it, in one vocabulary whatever feed it came from.

Every field but `provider`, `ticker` and `received_ns` may be missing, and a missing fact is None, never zero.
Units and meanings are those of the print vocabulary in docs/vocabulary.md.
"""

from datetime import date, datetime
from hashlib import blake2b
from typing import Literal

import msgspec

OptionType = Literal["call", "put"]
Side = Literal["ask", "bid", "mid"]
Kind = Literal["sweep", "block", "split", "single"]
Bias = Literal["bull", "bear", "neutral"]
Session = Literal["regular", "extended"]

CONTRACT_MULTIPLIER = 100
"""Shares that one contract of US equity options stands for (OCC)."""


class ScorePart(msgspec.Struct, frozen=True, gc=False):
    """One addend of a score: `points` of at most `maximum`, for the input `value` (None: unknown)."""

    name: str
    points: float
    maximum: float
    value: float | None = None


class Print(msgspec.Struct, frozen=True, gc=False):
    """One print. Not tracked by the garbage collector: it holds no cycles, and there are thousands a second.

    `bot.flow.complete` builds it by position: a new field, or another order, is a change there too.
    """

    provider: str
    """The provider's configured name."""
    ticker: str
    """The underlying, upper case."""
    received_ns: int
    """When we received the frame, in unix nanoseconds."""

    provider_id: str | None = None
    """The provider's own id of this print, where it has one."""
    type: OptionType | None = None
    strike: float | None = None
    """US dollars."""
    expiry: date | None = None
    dte: int | None = None
    """Calendar days from the print's New York date to expiry; 0 = expires that day."""
    size: int | None = None
    """Contracts in this print."""
    volume: int | None = None
    """Contracts traded today in this contract."""
    open_interest: int | None = None
    """Contracts."""
    vol_oi: float | None = None
    """Volume (or size where the volume is unknown) / open interest; None where that is 0 or missing."""
    premium: float | None = None
    """US dollars: price x size x 100."""
    price: float | None = None
    """US dollars a share."""
    side: Side | None = None
    kind: Kind | None = None
    otm_pct: float | None = None
    """Percent out of the money; negative = in the money."""
    spot: float | None = None
    """US dollars."""
    iv: float | None = None
    """A fraction: 0.45 = 45 %."""
    score: float | None = None
    """0 to 100."""
    bias: Bias | None = None
    sector: str | None = None
    """One of the eleven GICS sectors."""
    time: datetime | None = None
    """When the trade happened, aware UTC."""

    score_is_local: bool = False
    """The score is ours, because the provider sent none."""
    score_parts: tuple[ScorePart, ...] = ()
    notes: tuple[str, ...] = ()
    """Oddities that a reader should know, in plain words: "expiry is a Saturday"."""
    session: Session | None = None
    """Whether `time` lies within New York's regular trading hours (half days and holidays known), or outside."""
    time_of_day: float | None = None
    """Of `time`: seconds since midnight by New York's clock."""
    opening: bool | None = None
    """True: provably opens a position, because it is larger than the open interest and all that traded before it that
    day together. False: not provable; it may open one all the same."""
    multi_leg: bool | None = None
    """One leg of a multi-leg order, as the feed says, or as its other leg shows: then `bias` is neutral."""

    is_recovered: bool = False
    """Given back after a gap in the feed: late by nature."""
    is_delayed: bool = False
    """The feed as a whole runs behind the market, by contract with its vendor; a single print is not to blame."""

    @property
    def contract(self) -> str | None:
        """The OCC symbol, unpadded (`NVDA260717C00145000`); None unless all four parts are known."""
        if self.type is None or self.strike is None or self.expiry is None:
            return None
        day = self.expiry  # digit by digit, because strftime takes twice as long as all the rest
        letter = "C" if self.type == "call" else "P"
        thousandths = round(self.strike * 1000)
        return f"{self.ticker}{day.year % 100:02d}{day.month:02d}{day.day:02d}{letter}{thousandths:08d}"

    @property
    def identity(self) -> bytes:
        """16 bytes that name this print within its provider: its id, else a digest of the facts.

        The receive time is no part of it, so a frame that is sent again keeps its identity.
        """
        facts: tuple[object, ...]
        if self.provider_id is not None:
            facts = (self.provider, self.provider_id)
        else:
            facts = (
                self.provider, self.ticker, self.type, self.strike, self.expiry, self.time,
                self.size, self.premium, self.side, self.kind,
            )  # fmt: skip
        return blake2b(repr(facts).encode(), digest_size=16).digest()
