"""How the two providers spell a trade: RadarPulse's bare print and OptionWhales' envelope.

RadarPulse sends the fields of its developer guide (29 June 2026), no more. OptionWhales promises "full trade data"
and names three fields; the rest is spelled as its REST answers and its peers do.
"""

from random import Random

import msgspec

from bot.workbench.pit import Trade

UNSTAMPED_MS = 0
_UNSTAMPED = f'"timestamp":{UNSTAMPED_MS}}}'

_encoder = msgspec.json.Encoder()


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One event of the stream, as text, for the clients of either provider."""

    ticker: str
    """What a subscription's filter looks at; empty where the frame names none."""
    bare: str
    """For RadarPulse clients: the print itself."""
    envelope: str
    """For OptionWhales clients: the print as `data` of an `abnormal_trade`."""

    def stamped(self, time_ms: int) -> "Frame":
        """The same with its time filled in; only a frame of an unstamped trade changes."""
        stamp = f'"timestamp":{time_ms}}}'
        return Frame(self.ticker, self.bare.replace(_UNSTAMPED, stamp, 1), self.envelope.replace(_UNSTAMPED, stamp, 1))


def frame_of(trade: Trade) -> Frame:
    """The trade as both providers would send it."""
    return Frame(trade.ticker, encode(radarpulse(trade)), encode(enveloped(optionwhales(trade))))


def radarpulse(trade: Trade) -> dict[str, object]:
    """The print fields of RadarPulse's guide. Its `volume` is the print's own size, and it sends no price."""
    return {
        "ticker": trade.ticker,
        "type": trade.type.upper(),
        "strike": trade.strike,
        "expiry": trade.expiry,
        "dte": trade.dte,
        "volume": trade.size,
        "openInterest": trade.open_interest,
        "volOI": round(trade.size / trade.open_interest, 4) if trade.open_interest else None,
        "premium": trade.premium,
        "side": trade.side.upper(),
        "kind": trade.kind.upper(),
        "otmPct": trade.otm_pct,
        "spot": trade.spot,
        "iv": trade.iv,
        "score": trade.score,
        "bias": trade.bias.upper(),
        "sector": trade.sector,
        "timestamp": trade.time_ms,
    }


def optionwhales(trade: Trade) -> dict[str, object]:
    """The data of an abnormal trade; OptionWhales sends no score."""
    return {
        "ticker": trade.ticker,
        "side": {"ask": "BUY", "bid": "SELL", "mid": "MID"}[trade.side],
        "premium": trade.premium,
        "option_type": trade.type,
        "strike": trade.strike,
        "expiration": trade.expiry,
        "size": trade.size,
        "price": trade.price,
        "volume": trade.volume,
        "open_interest": trade.open_interest,
        "underlying_price": trade.spot,
        "implied_volatility": trade.iv,
        "timestamp": trade.time_ms,
    }


def enveloped(data: object) -> dict[str, object]:
    return {"type": "abnormal_trade", "data": data}


def encode(value: object) -> str:
    return _encoder.encode(value).decode()


# --- what a real feed also sends, now and then ---

_ODDITIES: tuple[dict[str, object], ...] = (
    {"ticker": None},
    {"premium": -125_000},
    {"premium": "NaN"},
    {"expiry": "2026-07-18", "expiration": "2026-07-18"},  # a Saturday, from the provider's own sample
    {"side": None, "bias": None},
    {"side": None, "openInterest": None, "open_interest": None, "volOI": None, "iv": None, "sector": None},
    {"otmPct": 4_000_000_000.0, "strike": 0.0},
    {"venue": "CBOE", "legs": [{"ratio": 1}]},  # fields that nobody announced
)


def odd_frame(trade: Trade, random: Random) -> Frame:
    """A frame to stumble over: not JSON, no ticker, NaN, a Saturday expiry, nulls, or unknown fields."""
    which = random.randrange(len(_ODDITIES) + 2)
    frame = frame_of(trade)
    if which == len(_ODDITIES):
        return Frame("", frame.bare[: len(frame.bare) // 2], frame.envelope[: len(frame.envelope) // 2])
    if which == len(_ODDITIES) + 1:
        return Frame("", "upstream connect error", "upstream connect error")
    oddity = _ODDITIES[which]
    ticker = "" if "ticker" in oddity else trade.ticker
    bare = encode(_spoil(radarpulse(trade), oddity))
    envelope = encode(enveloped(_spoil(optionwhales(trade), oddity)))
    # JSON has no NaN, but many encoders write one.
    return Frame(ticker, bare.replace('"NaN"', "NaN"), envelope.replace('"NaN"', "NaN"))


def _spoil(fields: dict[str, object], oddity: dict[str, object]) -> dict[str, object]:
    known = {key: value for key, value in oddity.items() if key in fields or key in ("venue", "legs")}
    return known | {key: value for key, value in fields.items() if key not in known}
