"""OptionWhales: typed JSON envelopes, the key in the URL, an optional ticker filter, a heartbeat every 30 seconds.

Source: OptionWhales' Pro API documentation. It shows three fields of a trade (ticker, side, premium) and promises
"full trade data": whatever of the print vocabulary is there is read. One connection per key.
"""

from collections.abc import Mapping
from functools import partial
from typing import Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from bot.config.units import Duration
from bot.flow.complete import complete
from bot.flow.facts import facts_from, load
from bot.model.errors import FrameError
from bot.model.feeds import FeedMeans
from bot.model.ports import Frame, Provider
from bot.model.prints import Print
from bot.model.secret import Secret
from bot.providers.feed import ApiKey, ErrorFrame, Feed, Heartbeat, Note, RestUrl, StreamUrl, Subscribed

FACTS = frozenset({"ticker", "side", "premium", "sector"})
"""What the documentation promises, and the sector, which is ours. More may come."""

MAX_MESSAGE = 300
"""Characters of an error frame's message that are worth keeping."""


class OptionWhalesSettings(BaseModel):
    """An OptionWhales feed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: Literal["optionwhales"] = Field(description="The vendor.")
    api_key: ApiKey = Field(description="A Pro key from your OptionWhales account, best as ${OPTIONWHALES_API_KEY}.")
    ws_url: StreamUrl = Field(
        "wss://api.optionwhales.io/v1/ws/abnormal-trades",
        description="The stream, without the key; change it for a proxy.",
    )
    rest_url: RestUrl = Field("https://api.optionwhales.io/v1", description="Base of the REST API.")
    tickers: tuple[str, ...] = Field(
        (), description="The server sends these underlyings only; leave it out for all of them."
    )
    mode: Literal["auto", "stream", "poll"] = Field(
        "auto", description="auto: the stream, or polls of the REST API where the key's plan has no stream."
    )
    every: Duration | None = Field(
        None, ge=1, description="Poll no more often than this; without it, as often as news and the plan allow."
    )
    silence: Duration = Field(
        75.0, ge=1, description="Reconnect after so long without a frame; a heartbeat is due every 30 s."
    )


def decode(raw: Frame, received_ns: int, name: str) -> Print | Note:
    """The print or the note in one frame of provider `name`. Raises FrameError and nothing else."""
    found = load(raw)
    if not isinstance(found, Mapping):
        raise FrameError("bad_shape", f"expected an object with a type, got {type(found).__name__}")
    match found.get("type"):
        case "abnormal_trade":
            return complete(facts_from(found.get("data")), name, received_ns)
        case "heartbeat":
            return Heartbeat()
        case "subscribed":
            return Subscribed(_tickers(found))
        case "error":
            return ErrorFrame(_message(found))
        case other:
            raise FrameError("bad_shape", f"unknown frame type {str(other)[:40]!r}")


def _tickers(found: Mapping[str, object]) -> frozenset[str] | None:
    """The filter that the server says is active, whose key and depth are not documented."""
    inner = found.get("data")
    for place in (found, inner if isinstance(inner, Mapping) else {}):
        for key in ("tickers", "active_tickers", "active"):
            names = place.get(key)
            if isinstance(names, list):
                return frozenset(str(ticker).upper() for ticker in names)
    return None


def _message(found: Mapping[str, object]) -> str:
    for key in ("message", "error", "detail", "reason", "data"):
        told = found.get(key)
        if isinstance(told, Mapping):
            return _message(told)
        if isinstance(told, str) and told:
            return told[:MAX_MESSAGE]
    return "the server reported an error without a message"


def feed(name: str, settings: OptionWhalesSettings) -> Feed:
    """The protocol as `settings` want it."""
    joint = "&" if urlsplit(settings.ws_url).query else "?"
    return Feed(
        name=name,
        url=Secret(f"{settings.ws_url}{joint}api_key={quote(settings.api_key.reveal(), safe='')}"),
        key=settings.api_key,
        headers={},
        decode=decode,
        facts=FACTS,
        silence_s=settings.silence,
        is_silent_after_hours=False,
        tickers=tuple(ticker.upper() for ticker in settings.tickers),
    )


def build(name: str, settings: OptionWhalesSettings, means: FeedMeans) -> Provider:
    """The provider, ready to run."""
    # aiohttp takes 300 ms to import: only for who runs a feed.
    from bot.providers.optionwhales_source import OptionWhalesSource
    from bot.providers.vendor import build_vendor

    return build_vendor(feed(name, settings), settings, means, partial(OptionWhalesSource, name, settings))
