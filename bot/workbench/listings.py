"""What can be traded in the simulated pit: underlyings with plausible spots, the strikes and expiries listed on them.

Follows the listing rules of the options exchanges closely enough that no contract looks made up; knows no prices.
"""

from datetime import date, timedelta
from typing import NamedTuple

from bot.flow.market import session_bounds

WEEKLIES = 8
"""Fridays ahead with a weekly expiry."""
MONTHLIES = 12
DAILIES_DAYS = 10
"""Calendar days ahead in which SPY, QQQ and their like expire every session."""

_FRIDAY = 4


class Listing(NamedTuple):
    """One underlying. `activity` is its share of the prints relative to the others."""

    ticker: str
    spot: float
    iv: float
    """Its usual implied volatility, a fraction."""
    activity: int
    step: float
    """US dollars between two strikes."""
    has_dailies: bool = False


_UNDERLYINGS = """
SPY 672 .15 100 | QQQ 611 .19 80 | IWM 243 .22 40 | GLD 378 .19 10 | TLT 89 .12 12 | XLF 53 .17 8 | XLE 90 .23 6
SMH 352 .33 8 | GDX 79 .38 6 | SQQQ 15.2 .58 8 | TZA 8.4 .66 3 | NVDA 187 .42 80 | TSLA 441 .52 75
AAPL 268 .25 45 | AMD 236 .52 40 | AMZN 231 .31 40 | META 648 .32 30 | MSFT 512 .24 30 | GOOGL 288 .30 30
PLTR 182 .58 38 | AVGO 347 .45 18 | COIN 311 .68 20 | MSTR 242 .72 20 | HOOD 129 .70 16 | SOFI 28.4 .62 14
NFLX 111 .34 12 | SMCI 41.5 .70 14 | INTC 39.2 .55 16 | MU 241 .55 12 | BABA 163 .46 14 | NIO 6.4 .62 9
RIVN 15.3 .66 7 | F 13.2 .36 7 | GME 22.6 .55 8 | BAC 53.4 .26 8 | JPM 311 .24 8 | XOM 118 .24 7 | OXY 42.1 .33 5
UNH 332 .35 9 | LLY 1010 .36 6 | PFE 25.1 .26 6 | DIS 109 .29 6 | BA 204 .36 8 | CAT 566 .32 4 | UBER 92.5 .38 7
KO 71.3 .16 4 | WMT 104 .21 5 | COST 917 .23 4 | HIMS 38.8 .82 6 | FCX 41.7 .39 5 | NEE 84.6 .27 4 | VST 178 .50 4
PLD 126 .26 2 | OPEN 7.6 1.05 6 | RKLB 51 .88 6
"""

_DAILIES = frozenset({"SPY", "QQQ", "IWM"})


def underlyings() -> tuple[Listing, ...]:
    """The names that the pit trades, of every GICS sector."""
    rows = (row.split() for row in _UNDERLYINGS.replace("\n", "|").split("|") if row.strip())
    return tuple(_listing(ticker, float(spot), float(iv), int(activity)) for ticker, spot, iv, activity in rows)


def _listing(ticker: str, spot: float, iv: float, activity: int) -> Listing:
    has_dailies = ticker in _DAILIES
    return Listing(ticker, spot, iv, activity, 1.0 if has_dailies else strike_step(spot), has_dailies)


def strike_step(spot: float) -> float:
    """The distance between strikes near `spot`, in US dollars: finer for cheaper shares, as the exchanges list them."""
    for below, step in ((25.0, 0.5), (100.0, 1.0), (250.0, 2.5), (500.0, 5.0)):
        if spot < below:
            return step
    return 10.0


def expiries(today: date, *, has_dailies: bool) -> tuple[date, ...]:
    """The expiries listed on `today`, soonest first, today's own among them; each is a trading day.

    Weeklies and monthlies fall on Fridays (monthlies on the third, LEAPS on January's), or on the last trading day
    before a Friday on which the market is closed.
    """
    friday = today + timedelta(days=(_FRIDAY - today.weekday()) % 7)
    days = {friday + timedelta(weeks=n) for n in range(WEEKLIES)}
    days |= {_third_friday(today.year, today.month + n) for n in range(MONTHLIES + 1)}
    days |= {_third_friday(today.year + n, 1) for n in (1, 2)}
    listed = {_last_session(day) for day in days}
    if has_dailies:
        ahead = (today + timedelta(days=n) for n in range(DAILIES_DAYS + 1))
        listed |= {day for day in ahead if session_bounds(day)}
    return tuple(sorted(day for day in listed if day >= today))


def _third_friday(year: int, month: int) -> date:
    """`month` may run past December into the years after."""
    first = date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
    return first + timedelta(days=(_FRIDAY - first.weekday()) % 7 + 14)


def _last_session(day: date) -> date:
    while session_bounds(day) is None:
        day -= timedelta(days=1)
    return day
