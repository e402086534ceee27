"""A day added up: what a `Session` answers with, and the sums themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bot.engine.session_day import TickerDay
from bot.model.heat import Heat
from bot.model.prints import OptionType, Print


@dataclass(frozen=True, slots=True)
class Totals:
    """Prints and their premium in US dollars; a print without a premium counts as a print alone."""

    prints: int = 0
    call_usd: float = 0.0
    put_usd: float = 0.0
    bull_usd: float = 0.0
    bear_usd: float = 0.0
    neutral_usd: float = 0.0

    @property
    def premium_usd(self) -> float:
        """Of calls and puts; a print of unknown type is in neither."""
        return self.call_usd + self.put_usd


@dataclass(frozen=True, slots=True)
class ContractFlow:
    """One contract's day so far, counting prints from `LINE_FROM_USD` on."""

    type: OptionType
    strike: float
    expiry: date
    prints: int
    contracts: int
    premium_usd: float


@dataclass(frozen=True, slots=True)
class TickerFlow:
    """One underlying's day so far, the largest first."""

    ticker: str
    totals: Totals
    biggest: tuple[Print, ...]
    most_active: tuple[ContractFlow, ...]


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """The whole day so far."""

    day: date | None
    """The New York date; None before the first print."""
    totals: Totals
    tickers: int
    late: int
    """Prints of an earlier day that came after the new one had begun: not counted."""


def heat_of(name: str, days: Iterable[TickerDay]) -> Heat:
    totals = totals_of(days := tuple(days))
    return Heat(name, sum(day.premium for day in days), totals.bull_usd, totals.bear_usd, totals.prints)


def totals_of(tickers: Iterable[TickerDay]) -> Totals:
    prints, call, put, bull, bear, neutral = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    for ticker in tickers:
        prints += ticker.prints
        call += ticker.call
        put += ticker.put
        bull += ticker.bull
        bear += ticker.bear
        neutral += ticker.neutral
    return Totals(prints, call, put, bull, bear, neutral)
