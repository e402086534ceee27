"""RadarPulse: one bare JSON print per frame, the key in a header, nothing to subscribe to, no heartbeat.

Source: RadarPulse's developer guide of 29 June 2026. Its `volume` is "contracts traded this print": our `size`.
"""

from functools import partial
from typing import Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from bot.config.units import Duration
from bot.flow.complete import complete
from bot.flow.facts import Amount, Count, Day, Facts, Id, Moment, Parts, Signed, Text, facts_from, load
from bot.model.feeds import FeedMeans
from bot.model.ports import Frame, Provider
from bot.model.prints import Print
from bot.model.secret import Secret
from bot.providers.feed import ApiKey, Feed, RestUrl, StreamUrl

FACTS = frozenset(
    {
        "ticker", "type", "strike", "expiry", "dte", "size", "open_interest", "vol_oi", "premium", "price", "side",
        "kind", "otm_pct", "spot", "iv", "score", "bias", "sector", "time",
        "session", "time_of_day", "multi_leg",
    }
)  # fmt: skip
"""All but the day's volume, and what takes it: the guide's fields, and what follows from them."""


class RadarPulseSettings(BaseModel):
    """A RadarPulse feed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: Literal["radarpulse"] = Field(description="The vendor.")
    api_key: ApiKey = Field(description="The key from RadarPulse's Developer Console, best as ${RADARPULSE_API_KEY}.")
    ws_url: StreamUrl = Field("wss://api.radarpulse.io/v1/stream", description="The stream; change it for a proxy.")
    rest_url: RestUrl = Field("https://api.radarpulse.io/v1", description="Base of the REST API.")
    auth: Literal["x-api-key", "bearer"] = Field(
        "x-api-key", description="The header that carries the key: x-api-key, or Authorization: Bearer."
    )
    mode: Literal["auto", "stream", "poll"] = Field(
        "auto", description="auto: the stream, or polls of the REST API where the key's plan has no stream."
    )
    every: Duration | None = Field(
        None, ge=1, description="Poll no more often than this; without it, as often as news and the plan allow."
    )
    silence: Duration = Field(
        120.0, ge=1, description="Reconnect after so long without a frame, in regular trading hours."
    )


class _Documented(
    Facts,
    gc=False,
    kw_only=True,
    rename={
        "vol_oi": "volOI", "otm_pct": "otmPct", "open_interest": "openInterest", "time": "timestamp",
        "provider_id": "id", "score_parts": "scoreParts", "expiry_date": "expiryDate",
    },
):  # fmt: skip
    """A print of the guide's, read whole by one decode that knows the guide's names alone, which is faster.

    What other feeds name otherwise has no default here, so that a frame that lacks it is refused, and then read
    under every name of the vocabulary. The names that were not documented but may come follow last.
    """

    ticker: str
    type: Text
    strike: Amount
    volume: Count
    vol_oi: Amount
    premium: Amount
    side: Text
    kind: Text
    otm_pct: Signed
    spot: Amount
    iv: Signed
    time: Moment
    expiry_date: Day = None
    open_interest: Count = None
    oi: Count = None
    provider_id: Id = None
    score_parts: Parts = None


_decode = msgspec.json.Decoder(_Documented).decode


def decode(raw: Frame, received_ns: int, name: str) -> Print:
    """The print in one frame of provider `name`. Raises FrameError and nothing else."""
    facts: Facts
    try:
        facts = sent = _decode(raw)
        if sent.expiry is None or sent.open_interest is None:
            facts = _spelled_otherwise(sent, raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        facts = facts_from(load(raw))
    if facts.size is None:
        facts.size = facts.volume
    facts.volume = None
    return complete(facts, name, received_ns)


def _spelled_otherwise(sent: _Documented, raw: Frame) -> Facts:
    """The guide has expiry or expiryDate, openInterest or oi; a frame with none of either may use yet another name."""
    if sent.expiry is None:
        sent.expiry = sent.expiry_date
    if sent.open_interest is None:
        sent.open_interest = sent.oi
    return facts_from(load(raw)) if sent.expiry is None or sent.open_interest is None else sent


def feed(name: str, settings: RadarPulseSettings) -> Feed:
    """The protocol as `settings` want it."""
    key = settings.api_key
    is_bearer = settings.auth == "bearer"
    return Feed(
        name=name,
        url=Secret(settings.ws_url),
        key=key,
        headers={"Authorization": Secret(f"Bearer {key.reveal()}")} if is_bearer else {"x-api-key": key},
        decode=decode,
        facts=FACTS,
        silence_s=settings.silence,
        is_silent_after_hours=True,
    )


def build(name: str, settings: RadarPulseSettings, means: FeedMeans) -> Provider:
    """The provider, ready to run."""
    # aiohttp takes 300 ms to import: only for who runs a feed.
    from bot.providers.radarpulse_source import RadarPulseSource
    from bot.providers.vendor import build_vendor

    return build_vendor(feed(name, settings), settings, means, partial(RadarPulseSource, name, settings))
