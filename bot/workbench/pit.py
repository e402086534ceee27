"""The pit: a seeded crowd of traders whose prints look like a day of options flow.

The same seed and times give the same prints. It knows no wire format, and no clock but the times it is told.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from math import exp, log, sqrt
from random import Random

import msgspec

from bot.flow.market import NEW_YORK, session_bounds, session_date
from bot.flow.score import score_parts, total
from bot.flow.sectors import is_inverse, sector_of
from bot.model.prints import CONTRACT_MULTIPLIER, Bias, Kind, OptionType, Side
from bot.workbench.listings import Listing, expiries, underlyings
from bot.workbench.pricing import fair_price, strike_near, to_cents

# The crowd's habits, tuned by eye and by count: about one print in seventy scores 85 or more.
_CAMPAIGN_BEGINS = 0.006
"""How often somebody begins to come back to one contract, fast and large."""
_CAMPAIGN_SPEAKS = 0.03
"""How often the next print is a given campaign's."""
_CAMPAIGN_PREMIUM_USD = 1_000_000
_ECHO = 0.12
"""How often an ordinary print is on the contract of the one before it."""
_CALLS = 0.58
_MAX_CAMPAIGNS = 12
_MAX_SIZE = 40_000
_HOT_DTE = 14


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One simulated print, whole; what a provider shows of it is the wire's affair. Units as in `model.prints`."""

    ticker: str
    type: OptionType
    strike: float
    expiry: date
    dte: int
    size: int
    volume: int
    """Contracts traded today in this contract, this print among them."""
    open_interest: int
    premium: int
    """US dollars: price x size x 100 exactly, because prices are whole cents."""
    price: float
    side: Side
    kind: Kind
    otm_pct: float
    spot: float
    iv: float
    score: int
    bias: Bias
    sector: str | None
    time_ms: int


@dataclass(slots=True, eq=False)
class _Contract:
    listing: Listing
    type: OptionType
    strike: float
    expiry: date
    dte: int
    open_interest: int
    volume: int = 0


@dataclass(slots=True, eq=False)
class _Campaign:
    contract: _Contract
    side: Side
    prints_left: int


class Pit:
    """An endless market. One `Random` decides everything, so the order of calls is part of the outcome."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._listings = underlyings()
        self._weights = list(accumulate(listing.activity for listing in self._listings))
        self._spots = {listing.ticker: listing.spot for listing in self._listings}
        self._contracts: dict[tuple[str, OptionType, float, date], _Contract] = {}
        self._campaigns: list[_Campaign] = []
        self._last: _Contract | None = None
        self._board = _Board(0)

    def trade(self, at_ms: int) -> Trade:
        """The next print, at a time in unix milliseconds, which should not go back."""
        if at_ms >= self._board.until_ms:
            self._open_board(at_ms)
        random = self._random
        chance = random.random()
        if chance < _CAMPAIGN_SPEAKS * len(self._campaigns):
            return self._next_of_campaign(at_ms)
        if chance > 1 - _CAMPAIGN_BEGINS and len(self._campaigns) < _MAX_CAMPAIGNS:
            self._campaigns.append(self._begin_campaign())
        if self._last is None or random.random() > _ECHO:
            self._last = self._find_contract()
        premium = min(6_000 * random.paretovariate(0.95), 12e6)
        side: Side = random.choices(("ask", "bid", "mid"), (46, 34, 20))[0]
        return self._print(self._last, side, premium, at_ms)

    def _open_board(self, at_ms: int) -> None:
        self._board = _Board(at_ms)
        self._contracts.clear()
        self._campaigns.clear()
        self._last = None

    # --- who trades what ---

    def _find_contract(self) -> _Contract:
        """Mostly near expiries, a little out of the money, with an open interest that most prints cannot move."""
        listing = self._pick_listing()
        listed = self._board.expiries(listing)
        expiry = listed[min(int(self._random.expovariate(0.3)), len(listed) - 1)]
        return self._contract(listing, expiry, self._random.gauss(0.5, 0.6), usual_interest=1_800)

    def _begin_campaign(self) -> _Campaign:
        """Near expiries only, in contracts that few hold yet: a print is some twenty times the open interest."""
        listing = self._pick_listing()
        near = [day for day in self._board.expiries(listing) if (day - self._board.today).days <= _HOT_DTE]
        expiry = self._random.choice(near)
        years = _years((expiry - self._board.today).days)
        usual_price = 0.25 * self._spots[listing.ticker] * listing.iv * sqrt(years)
        usual_interest = _CAMPAIGN_PREMIUM_USD / (usual_price * CONTRACT_MULTIPLIER) / 20
        contract = self._contract(listing, expiry, self._random.uniform(0.1, 0.9), usual_interest=usual_interest)
        side: Side = "ask" if self._random.random() < 0.8 else "bid"
        return _Campaign(contract, side, self._random.randint(2, 7))

    def _next_of_campaign(self, at_ms: int) -> Trade:
        campaign = self._random.choice(self._campaigns)
        campaign.prints_left -= 1
        if not campaign.prints_left:
            self._campaigns.remove(campaign)
        premium = self._random.lognormvariate(log(_CAMPAIGN_PREMIUM_USD), 0.6)
        return self._print(campaign.contract, campaign.side, premium, at_ms)

    def _pick_listing(self) -> Listing:
        return self._random.choices(self._listings, cum_weights=self._weights)[0]

    def _contract(self, listing: Listing, expiry: date, otm: float, *, usual_interest: float) -> _Contract:
        """The contract `otm` standard deviations out of the money; the same one keeps its open interest all day."""
        random = self._random
        kind: OptionType = "call" if random.random() < _CALLS else "put"
        dte = (expiry - self._board.today).days
        deviations = max(-1.2, min(2.2, otm)) * listing.iv * sqrt(_years(dte))
        away = deviations if kind == "call" else -deviations
        strike = strike_near(self._spots[listing.ticker], listing.step, away)
        key = (listing.ticker, kind, strike, expiry)
        contract = self._contracts.get(key)
        if contract is None:
            interest = int(random.lognormvariate(log(usual_interest), 1.2))
            contract = self._contracts[key] = _Contract(listing, kind, strike, expiry, dte, interest)
        return contract

    # --- what it costs, and how it looks ---

    def _print(self, contract: _Contract, side: Side, premium_usd: float, at_ms: int) -> Trade:
        """One print of roughly `premium_usd`."""
        listing, kind, strike = contract.listing, contract.type, contract.strike
        spot = self._move(listing)
        away = log(strike / spot) / (listing.iv * sqrt(_years(contract.dte)))
        iv = round(listing.iv * (1 + 0.04 * away * away) * exp(self._random.gauss(0, 0.03)), 4)
        price = fair_price(kind, spot=spot, strike=strike, years=_years(contract.dte), iv=iv)
        price *= {"ask": 1.015, "bid": 0.985, "mid": 1.0}[side]
        cents = to_cents(price, has_pennies=listing.has_dailies)
        size = self._size(premium_usd / cents)
        contract.volume += size
        otm_pct = round((strike - spot if kind == "call" else spot - strike) / spot * 100, 2)
        return Trade(
            ticker=listing.ticker, type=kind, strike=strike, expiry=contract.expiry, dte=contract.dte, size=size,
            volume=contract.volume, open_interest=contract.open_interest, premium=cents * size, price=cents / 100,
            side=side, kind=self._kind(side, size), otm_pct=otm_pct, spot=spot, iv=iv,
            score=_score(contract, size=size, premium=cents * size, otm_pct=otm_pct),
            bias=_bias(listing.ticker, kind, side), sector=sector_of(listing.ticker), time_ms=at_ms,
        )  # fmt: skip

    def _move(self, listing: Listing) -> float:
        """A small step of the spot, drawn back to where it began so that days of prints stay plausible."""
        spot = self._spots[listing.ticker]
        spot += spot * 0.03 * listing.iv / 16 * self._random.gauss(0, 1) + 0.002 * (listing.spot - spot)
        self._spots[listing.ticker] = spot
        return round(spot, 2)

    def _size(self, contracts: float) -> int:
        """Whole contracts, large orders mostly in round numbers."""
        size = min(max(1, round(contracts)), _MAX_SIZE)
        return round(size / 50) * 50 if size >= 200 and self._random.random() < 0.6 else size

    def _kind(self, side: Side, size: int) -> Kind:
        weights = (15, 60, 25) if size >= 1_000 and side == "mid" else (48, 17, 35)
        return self._random.choices(("sweep", "block", "split"), weights)[0]


class _Board:
    """What is listed from one moment until the day's expiries stop trading, or the date changes in New York."""

    def __init__(self, at_ms: int) -> None:
        now = datetime.fromtimestamp(at_ms / 1000, UTC)
        self.today = session_date(now)
        bounds = session_bounds(self.today)
        is_before_close = bounds is not None and now < bounds[1]
        tomorrow = self.today + timedelta(days=1)
        midnight = datetime.combine(tomorrow, time(), NEW_YORK)
        until = bounds[1] if bounds is not None and is_before_close else midnight
        self.until_ms = int(until.timestamp() * 1000) if at_ms else 0
        first = self.today if is_before_close else tomorrow
        self._expiries = {dailies: expiries(first, has_dailies=dailies) for dailies in (True, False)}

    def expiries(self, listing: Listing) -> tuple[date, ...]:
        return self._expiries[listing.has_dailies]


def _years(dte: int) -> float:
    """Time to expiry; on the last day a few hours are left."""
    return (dte + 0.3) / 365


def _score(contract: _Contract, *, size: int, premium: int, otm_pct: float) -> int:
    """With no open interest the contract is new, which is as unusual as can be."""
    vol_oi = size / contract.open_interest if contract.open_interest else float(size)
    return round(total(score_parts(vol_oi=vol_oi, premium=premium, dte=contract.dte, otm_pct=otm_pct)))


def _bias(ticker: str, kind: OptionType, side: Side) -> Bias:
    if side == "mid":
        return "neutral"
    is_bullish = (kind == "call") == (side == "ask")
    return "bull" if is_bullish != is_inverse(ticker) else "bear"
