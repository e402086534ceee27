"""`Facts`: what a feed said of one print, under our names; read from JSON under every name in docs/vocabulary.md.

The reading is lenient (numbers as strings, times in odd forms) and says precisely what it cannot accept. A provider
whose frames are documented may decode them into a subclass of its own, which is faster. Derives nothing: that is
`complete`'s.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from bot.flow.numbers import LIMIT, amount, count, number, whole
from bot.flow.times import to_date, to_utc
from bot.model.errors import FrameError

ALIASES: dict[str, tuple[str, ...]] = {
    "ticker": ("symbol", "underlying_symbol", "underlying", "root"),
    "option_symbol": ("option_chain", "sym"),
    "provider_id": ("id",),
    "type": ("option_type", "put_call", "right"),
    "strike": ("strike_price",),
    "expiry": ("expiryDate", "expiration", "date_expiration"),
    "size": ("total_size",),
    "open_interest": ("openInterest", "oi"),
    "vol_oi": ("volOI", "volume_oi_ratio"),
    "premium": ("total_premium", "cost_basis"),
    "price": ("p", "last"),
    "side": ("aggressor_ind",),
    "kind": ("option_activity_type",),
    "otm_pct": ("otmPct",),
    "spot": ("underlying_price",),
    "iv": ("implied_volatility",),
    "time": ("timestamp", "executed_at", "t", "ts"),
    "bid": ("nbbo_bid",),
    "ask": ("nbbo_ask",),
    "score_parts": ("scoreParts",),
}
"""Other names of a fact on the wire, beside our own, in the order in which they are believed."""

Text = str | None
Id = str | int | None
Amount = Annotated[float, Meta(ge=0, le=LIMIT)] | None
Signed = Annotated[float, Meta(ge=-LIMIT, le=LIMIT)] | None
Count = Annotated[int, Meta(ge=0, le=10**15)] | None
Whole = Annotated[int, Meta(ge=-(10**15), le=10**15)] | None
Day = date | None
Moment = int | float | datetime | None
Flag = bool | None
Tags = list[str] | None
Parts = dict[str, Annotated[float, Meta(ge=-LIMIT, le=LIMIT)]] | None

MAX_TEXT = 200
"""Longer texts are not facts: no word, ticker or id of a feed comes near."""


class Facts(msgspec.Struct, gc=False, kw_only=True):
    """What a frame said, unit and value as sent; None is what it did not say.

    What RadarPulse sends comes first and in its order, because a decoder looks for the next field where it left off.
    """

    ticker: Text = None
    type: Text = None
    strike: Amount = None
    expiry: Day = None
    dte: Whole = None
    volume: Count = None
    open_interest: Count = None
    vol_oi: Amount = None
    premium: Amount = None
    side: Text = None
    kind: Text = None
    otm_pct: Signed = None
    spot: Amount = None
    iv: Signed = None
    score: Amount = None
    bias: Text = None
    sector: Text = None
    time: Moment = None
    size: Count = None
    price: Amount = None
    provider_id: Id = None
    option_symbol: Text = None
    bid: Amount = None
    ask: Amount = None
    tags: Tags = None
    has_sweep: Flag = None
    has_multileg: Flag = None
    score_parts: Parts = None


def load(raw: str | bytes) -> object:
    """Any JSON, NaN and infinities included, so that the reader can name them. Raises FrameError."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass  # json takes longer, accepts more and says precisely what is wrong
    try:
        return json.loads(raw.decode() if isinstance(raw, bytes) else raw)
    except UnicodeDecodeError:
        raise FrameError("not_text", "a binary frame that is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise FrameError("not_json", str(error)) from None


def facts_from(found: object) -> Facts:
    """The facts in a JSON object whose values may be of the wrong type: "12.5", 10.0, an empty string for nothing.

    Where a fact is there under two names, the first in the vocabulary's order is read and the other is not, so that
    an unrelated `t` or `last` costs nothing. Raises FrameError for a value that cannot be what its name says.
    """
    if not isinstance(found, Mapping):
        raise FrameError("bad_shape", f"expected a JSON object, got {type(found).__name__}")
    spelled = {}
    for name, wire_names in _WIRE_NAMES:
        for wire_name in wire_names:
            value = found.get(wire_name)
            if value is not None and value != "":
                spelled[name] = wire_name
                break
    try:
        return msgspec.convert({name: found[wire_name] for name, wire_name in spelled.items()}, Facts)
    except (msgspec.ValidationError, UnicodeError):
        return Facts(**{name: _READERS[name](found[wire_name], wire_name) for name, wire_name in spelled.items()})


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise FrameError("bad_value", f"{name}: expected text, got {type(value).__name__}")
    if len(value) > MAX_TEXT or not value.isprintable():
        raise FrameError("bad_value", f"{name}: {value[:40]!r} is no word of a print")
    return value


def _id(value: object, name: str) -> str | int:
    return value if isinstance(value, int) and abs(value) < 10**40 else _text(value, name)


def _flag(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return value
    return number(value, name) != 0


def _tags(value: object, name: str) -> list[str]:
    if not isinstance(value, list):
        raise FrameError("bad_value", f"{name}: expected a list of texts, got {type(value).__name__}")
    return [tag for tag in value if isinstance(tag, str)]


def _parts(value: object, name: str) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise FrameError("bad_value", f"{name}: expected an object of numbers, got {type(value).__name__}")
    return {key: number(points, f"{name}.{key}") for key, points in value.items()}


def _day(value: object, name: str) -> date:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise FrameError("bad_date", f"{name}: expected a date, got {type(value).__name__}")
    return to_date(value)


def _moment(value: object, name: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise FrameError("bad_date", f"{name}: expected a time, got {type(value).__name__}")
    return to_utc(value)


_READER_OF: dict[object, Callable[[object, str], Any]] = {
    Text: _text, Id: _id, Amount: amount, Signed: number, Count: count, Whole: whole, Day: _day, Moment: _moment,
    Flag: _flag, Tags: _tags, Parts: _parts,
}  # fmt: skip

_WIRE_NAMES = tuple((name, (name, *ALIASES.get(name, ()))) for name in Facts.__struct_fields__)
_READERS = {name: _READER_OF[kind] for name, kind in get_type_hints(Facts, include_extras=True).items()}
