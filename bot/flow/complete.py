"""From what a feed said to a `Print`: words made ours, and what the feed left out derived.

Runs once for every frame of every feed, so it is written for speed: `complete` is one long pass, because each call
that would divide it costs 2 % of the whole; look-ups in tables, no loops, and whatever is rare in a function of its
own. Throughout, `or` treats a zero as nothing where zero cannot be a fact (a strike, a price, a spot), and
`is not None` keeps it where it can (open interest, days to expiry, percent out of the money).
"""

import re
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from bot.flow.facts import MAX_TEXT, Facts
from bot.flow.occ import Contract, parse_occ
from bot.flow.opening import is_opening
from bot.flow.score import DTE_MAX, OTM_MAX, PREMIUM_MAX, VOL_OI_MAX, score_parts, total
from bot.flow.sectors import is_inverse, sector_of
from bot.flow.times import FIRST_YEAR, LAST_YEAR, new_york_ordinal
from bot.flow.wall_clock import WallClock
from bot.flow.words import BIAS_OF, BIASES, KINDS, OPPOSITE, SIDE_OF, SIDES, TYPES
from bot.model.errors import FrameError
from bot.model.prints import CONTRACT_MULTIPLIER, Bias, OptionType, Print, ScorePart, Session, Side
from bot.model.sectors import SECTORS, YAHOO_TO_GICS, gics_name

_TICKER = re.compile(r"[A-Z0-9.^/_-]{1,10}")
_SATURDAY = 5
_NS_PER_S = 1_000_000_000
_SAME_PRICE = 1e-9
_PRICE_STEPS = 10_000
"""A price that we derive is told to so many parts of a dollar. `round` to a number of digits takes 0.5 µs."""
_FIRST_DAY, _LAST_DAY = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
_LONGEST_DTE = 366 * 100
_HIGHEST_SCORE = 100.0
_PARTS = {
    "volOI": ("vol_oi", VOL_OI_MAX), "vol_oi": ("vol_oi", VOL_OI_MAX), "premium": ("premium", PREMIUM_MAX),
    "dte": ("dte", DTE_MAX), "otm": ("otm", OTM_MAX),
}  # fmt: skip
"""A provider's score parts by its names: ours, and the most that each can be."""


_SECTORS: dict[str | None, str | None] = {name: gics_name(name) for name in (*SECTORS, *YAHOO_TO_GICS)}
"""The usual spellings, to be looked up at once."""

_read_clock = WallClock().read


def complete(facts: Facts, provider: str, received_ns: int) -> Print:
    """The print that `facts` tell of. `received_ns` is when the frame came, in unix nanoseconds.

    Raises FrameError: no_ticker, bad_value (what stands there is no ticker or id), bad_date (the year is absurd).
    """
    f = facts
    option_symbol = f.option_symbol
    named = f.ticker or option_symbol
    if named is None:
        raise FrameError("no_ticker", "the frame names no underlying")
    known = _underlying(named)

    type_ = TYPES[f.type]
    strike = f.strike or None
    expiry = f.expiry
    if type_ is None or strike is None or expiry is None:
        contract = known.contract or _contract(option_symbol)
        if contract is not None:
            type_, strike, expiry = type_ or contract.type, strike or contract.strike, expiry or contract.expiry

    time: datetime | None = None
    session: Session | None = None
    time_of_day: float | None = None
    if f.time:
        time, session, time_of_day = _read_clock(f.time)
    dte = f.dte
    notes: tuple[str, ...] = ()
    if (
        dte is None
        or expiry is None
        or not (0 <= dte <= _LONGEST_DTE and _FIRST_DAY <= expiry <= _LAST_DAY and expiry.weekday() < _SATURDAY)
    ):
        dte, notes = _days_left(dte, expiry, time, received_ns)

    size, volume = f.size or None, f.volume or None
    premium = f.premium or None
    price = f.price or None
    if size:
        if premium is None and price is not None:
            premium = price * size * CONTRACT_MULTIPLIER
        elif price is None and premium is not None:
            price = round(premium / size * _PRICE_STEPS / CONTRACT_MULTIPLIER) / _PRICE_STEPS

    open_interest = f.open_interest
    vol_oi = f.vol_oi or None
    if open_interest == 0:
        vol_oi = None
    elif vol_oi is None and open_interest:
        traded = volume or size
        vol_oi = traded / open_interest if traded else None
    opening = is_opening(size, volume, open_interest) if volume and size and open_interest is not None else None

    sector = _SECTORS.get(f.sector) or _sector_told_otherwise(f.sector) or known.sector

    spot = f.spot or None
    otm_pct = f.otm_pct
    if otm_pct is None and spot and strike and type_:
        otm_pct = (strike - spot if type_ == "call" else spot - strike) / spot * 100

    side, bias = SIDES[f.side], BIASES[f.bias]
    if side is None:
        side, bias = _side_told_otherwise(f, type_, price, bias)
    if bias is None and side is not None and type_ is not None:
        bias = BIAS_OF[side, type_]
        if f.has_multileg:
            bias = "neutral"
        elif known.is_inverse:
            bias = OPPOSITE[bias]

    score = f.score
    parts: tuple[ScorePart, ...] = ()
    sent_parts = f.score_parts
    if sent_parts or score is None or score > _HIGHEST_SCORE:
        score, parts, notes = _score(score, sent_parts, notes, vol_oi, premium, dte, otm_pct)

    # By position, in the order of Print's fields, which is a tenth faster than by name.
    return Print(
        provider,
        known.ticker,
        received_ns,
        _id(f.provider_id) if f.provider_id else None,
        type_,
        strike,
        expiry,
        dte,
        size,
        volume,
        open_interest,
        vol_oi,
        premium,
        price or None,
        side,
        KINDS[f.kind] or ("sweep" if f.has_sweep else None),
        otm_pct,
        spot,
        f.iv if f.iv and f.iv > 0 else None,
        score,
        bias,
        sector,
        time,
        score is not None and f.score is None,
        parts,
        notes,
        session,
        time_of_day,
        opening,
        f.has_multileg,  # the thirtieth: beyond that, CPython makes a list of them first, which costs a tenth
    )


class _Underlying(NamedTuple):
    ticker: str
    sector: str | None
    is_inverse: bool
    contract: Contract | None
    """Where the feed names the option, not the underlying."""


@lru_cache(maxsize=4096)  # only what is a ticker gets this far, so a hostile feed cannot fill it with long texts
def _underlying(text: str) -> _Underlying:
    ticker, contract = text.strip().upper(), None
    if not ticker:
        raise FrameError("no_ticker", "the frame's ticker is empty")
    if not _TICKER.fullmatch(ticker):
        contract = parse_occ(ticker)
        if contract is None:
            raise FrameError("bad_value", f"{text[:40]!r} is no ticker: expected 1 to 10 of A-Z 0-9 . ^ / _ -")
        ticker = contract.ticker
    return _Underlying(ticker, sector_of(ticker), is_inverse(ticker), contract)


def _contract(option_symbol: str | None) -> Contract | None:
    return parse_occ(option_symbol) if option_symbol else None


def _id(sent: str | int) -> str:
    text = str(sent)
    if len(text) > MAX_TEXT or not text.isprintable():
        raise FrameError("bad_value", f"{text[:40]!r} is no id: expected at most {MAX_TEXT} printable characters")
    return text


def _days_left(
    sent: int | None, expiry: date | None, time: datetime | None, received_ns: int
) -> tuple[int | None, tuple[str, ...]]:
    """Days to expiry, and what is odd about it; the feed's own count is believed where it can be one."""
    if sent is not None and not 0 <= sent <= _LONGEST_DTE:
        sent = None
    if expiry is None:
        return sent, ()
    if not _FIRST_DAY <= expiry <= _LAST_DAY:
        raise FrameError("bad_date", f"expiry {expiry} is not between {FIRST_YEAR} and {LAST_YEAR}")
    notes: tuple[str, ...] = ()
    if expiry.weekday() >= _SATURDAY:
        notes = (f"expiry is a {expiry:%A}",)
    if sent is None:
        today = new_york_ordinal(time.timestamp() if time else received_ns / _NS_PER_S)
        sent = expiry.toordinal() - today
        if sent < 0:
            return None, (*notes, "expiry lies before the print")
    return sent, notes


def _side_told_otherwise(
    f: Facts, type_: OptionType | None, price: float | None, bias: Bias | None
) -> tuple[Side | None, Bias | None]:
    """Side and bias where the feed sent no word for a side: from a bias in its place, from tags, from the quote."""
    said = BIASES[f.side]
    side: Side | None = None
    for tag in f.tags or ():
        side, bias = side or SIDES[tag], bias or BIASES[tag]
    if side is None:
        side = SIDE_OF.get((said, type_)) or _side_of_quote(price, f.bid, f.ask)
    return side, bias or said


def _sector_told_otherwise(text: str | None) -> str | None:
    return gics_name(text) if text and len(text) <= MAX_TEXT else None


def _side_of_quote(price: float | None, bid: float | None, ask: float | None) -> Side | None:
    """Above the middle of the national best bid and offer is the ask's side; a missing bid is a bid of 0."""
    if not price or not ask or (bid or 0.0) > ask:
        return None
    above = price - ((bid or 0.0) + ask) / 2
    if abs(above) < _SAME_PRICE:
        return "mid"
    return "ask" if above > 0 else "bid"


def _score(
    sent: float | None,
    sent_parts: dict[str, float] | None,
    notes: tuple[str, ...],
    vol_oi: float | None,
    premium: float | None,
    dte: int | None,
    otm_pct: float | None,
) -> tuple[float | None, tuple[ScorePart, ...], tuple[str, ...]]:
    """Score, parts and notes: the provider's, brought within their bounds, or ours where all four inputs are known."""
    if sent is not None:
        parts = []
        for name, points in (sent_parts or {}).items():
            if name not in _PARTS:
                continue
            ours, most = _PARTS[name]
            parts.append(ScorePart(ours, min(max(points, 0.0), most), most))
            if not 0 <= points <= most:
                notes = (*notes, f"score part {ours} was sent as {points:g} of {most:g}")
        if sent > _HIGHEST_SCORE:
            notes = (*notes, f"score was sent as {sent:g} of {_HIGHEST_SCORE:g}")
        return min(sent, _HIGHEST_SCORE), tuple(parts), notes
    if vol_oi is None or premium is None or dte is None or otm_pct is None:
        return None, (), notes
    ours_parts = score_parts(vol_oi=vol_oi, premium=premium, dte=dte, otm_pct=otm_pct)
    return total(ours_parts), ours_parts, notes
