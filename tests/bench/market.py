"""Frames of the bench's provider: a natural mix in which nothing matches, and matching prints that can be found again.

A matching print has a strike of its own, six digits that every client shows in its post.
"""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

from tests.bench.rules import SAMPLE_BOT, Fact, Rule

FIRST_MARK = 100_000
LAST_MARK = 999_999
"""Strikes that mark matching prints; no other number of a post has this form."""

BELL = 60
"""The lowest score of the opening bell's prints; all of them match."""
FILLERS = 32_768
FRIDAY = 4
SECTORS = (
    "Energy", "Materials", "Industrials", "Consumer Discretionary", "Consumer Staples", "Health Care", "Financials",
    "Information Technology", "Communication Services", "Utilities", "Real Estate",
)  # fmt: skip
TICKERS = (
    "SPY", "QQQ", "IWM", "NVDA", "AAPL", "TSLA", "AMD", "MSFT", "AMZN", "META", "GOOGL", "AVGO", "MU", "TSM", "NFLX",
    "JPM", "BAC", "GS", "XOM", "CVX", "UNH", "LLY", "PFE", "BA", "CAT", "GE", "DIS", "NKE", "HD", "COST", "PLTR",
    "COIN", "INTC", "ORCL", "CRM", "UBER", "SHOP", "SQ", "T", "VZ", "F", "GM", "WMT", "TGT", "SLV", "GLD", "TLT", "XLF",
    "SMH",
)  # fmt: skip

Frame = dict[str, Fact]


class Market:
    """Makes frames. Fillers are encoded beforehand but for their time, which keeps every frame different."""

    def __init__(self, rules: Sequence[Rule], seed: int = 1) -> None:
        self._random = Random(seed)
        self._today = datetime.now(UTC).date()
        self._first_friday = self._today + timedelta(days=(FRIDAY - self._today.weekday()) % 7)
        self._fillers = [self._filler(rules) for _ in range(FILLERS)]
        self._next_filler = 0
        self._next_mark = FIRST_MARK

    def filler(self, time_ms: int) -> bytes:
        """A print that no rule matches."""
        self._next_filler = (self._next_filler + 1) % FILLERS
        return b"%b%d}" % (self._fillers[self._next_filler], time_ms)

    def match(self, time_ms: int) -> tuple[int, bytes]:
        """A print that the sample bot posts, and so does flowbot; its mark is its strike."""
        mark, found = self._marked(self._random.randint(85, 99))
        assert SAMPLE_BOT.matches(found)
        return mark, json.dumps(found | {"timestamp": time_ms}).encode()

    def ring(self, time_ms: int, *, rank: float | None) -> tuple[int, bytes]:
        """A print of the opening bell: one of the best, at `rank` (0 to 1) among them, or one of the many."""
        random = self._random
        score = round(random.triangular(BELL, 90, 72), 1) if rank is None else round(95 + 4.99 * rank, 2)
        mark, found = self._marked(score)
        return mark, json.dumps(found | {"timestamp": time_ms}).encode()

    def _marked(self, score: float) -> tuple[int, Frame]:
        mark, self._next_mark = self._next_mark, self._next_mark + 1
        assert mark <= LAST_MARK, "out of marks: send fewer matching prints"
        premium = self._random.randint(500_000, 3_000_000)
        theirs: Frame = {"type": "CALL", "strike": mark, "score": score, "premium": premium}
        return mark, self._draw() | theirs | {"side": "ASK", "bias": "BULL", "flag": "EXTREME"}

    def _filler(self, rules: Sequence[Rule]) -> bytes:
        found = self._draw()
        while any(rule.matches(found) for rule in rules):
            found = self._draw()
        unstamped = json.dumps(found | {"timestamp": 0})
        return unstamped.removesuffix("0}").encode()

    def _draw(self) -> Frame:
        """The documented fields, both spellings where the guide names two, and two that nobody announced."""
        random = self._random
        option_type, side = random.choice(("CALL", "PUT")), random.choice(("ASK", "BID", "MID"))
        listing = random.randrange(len(TICKERS))
        ticker, close = TICKERS[listing], 40 + 17 * listing
        step = max(1, close // 50)
        spot = round(close * random.gauss(1, 0.004), 2)
        strike = close // step * step + step * round(random.gauss(0, 4))
        away = strike - spot if option_type == "CALL" else spot - strike
        size, open_interest = random.randint(1, 2000), random.randint(1, 20_000)
        expiry = self._first_friday + timedelta(weeks=int(random.expovariate(0.4)))
        score = min(99, int(random.paretovariate(1.2) * 25))
        return {
            "ticker": ticker, "type": option_type, "strike": strike,
            "expiry": str(expiry), "expiryDate": str(expiry), "dte": (expiry - self._today).days,
            "volume": size, "openInterest": open_interest, "oi": open_interest, "volOI": round(size / open_interest, 2),
            "premium": int(random.paretovariate(0.95) * 6000), "side": side,
            "kind": random.choice(("SWEEP", "BLOCK", "SPLIT")),
            "otmPct": round(away / spot * 100, 2), "spot": spot, "iv": round(random.uniform(0.1, 1.5), 4),
            "score": score, "bias": _bias(option_type, side), "sector": SECTORS[listing % len(SECTORS)],
            "flag": "NOTABLE" if score >= 55 else "NONE", "contract": _occ(ticker, expiry, option_type, strike),
        }  # fmt: skip


def _bias(option_type: str, side: str) -> str:
    if side == "MID":
        return "NEUTRAL"
    return "BULL" if (option_type == "CALL") == (side == "ASK") else "BEAR"


def _occ(ticker: str, expiry: date, option_type: str, strike: int) -> str:
    return f"{ticker:6}{expiry:%y%m%d}{option_type[0]}{strike * 1000:08d}"
