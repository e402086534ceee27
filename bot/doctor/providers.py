"""What the doctor sees of the vendors: whether the key is good, what its plan includes, whether the stream opens."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from bot.config.units import is_loopback
from bot.doctor.asking import ONLINE, NoAnswerError
from bot.doctor.findings import Finding, Health, good
from bot.model.errors import Refusal, VendorError
from bot.providers.backoff import End, Reason
from bot.providers.catalog import ProviderSettings
from bot.providers.connection import NoSession, connected
from bot.providers.optionwhales import OptionWhalesSettings
from bot.providers.optionwhales_rest import OptionWhalesRest
from bot.providers.radarpulse import RadarPulseSettings, feed
from bot.providers.radarpulse_rest import RadarPulseRest

HANDSHAKE_S: Final = 8.0
NEW_KEY: Final = "copy the key anew from the vendor, and put it into .env"
APART: Final = "the stream is on this machine and the REST API is not: the key is not sent there"
_UNSEEN: Final = {
    "mapped": Finding("", "doubt", "how a mapped feed does is seen when it runs", "`/flow status` and the log tell"),
    "webhook": Finding("", "doubt", "its prints are posted to us", "`flowbot webhooks list` tells what is registered"),
    "replay": Finding("", "good", "a tape: nothing outside to look at"),
}
"""By type of provider. A mapped feed's vendor may allow one connection a key, and a running flowbot has it."""
_REFUSALS: Final[Mapping[Refusal, tuple[Health, str, str]]] = {
    "unauthorized": ("bad", "the vendor refuses the key", NEW_KEY),
    "tier": ("bad", "the key's plan does not include the REST API", "take a plan that has it"),
    "rate_limited": ("unreachable", "the key has used up its requests for now", "try again later"),
    "not_found": ("bad", "there is no such API", "check rest_url"),
    "bad_answer": ("bad", "the answer cannot be read", "check rest_url: is a proxy in between?"),
    "upstream": ("unreachable", "the vendor cannot be reached", ONLINE),
}
_NO_STREAM: Final[Mapping[Reason, tuple[Health, str, str]]] = {
    "auth": ("bad", "the stream refuses the key", NEW_KEY),
    "forbidden": ("bad", "the plan has no stream", "set mode: poll, or take a plan that has one"),
    "connection_limit": (
        "doubt",
        "the key's connections are taken",
        "does a flowbot run with this key? Then all is well",
    ),
    "redirect": ("bad", "the stream is elsewhere", "set ws_url to its address"),
    "bad_handshake": ("bad", "what answers there is no stream", "check ws_url: is a proxy in between?"),
    "proxy": ("bad", "the proxy is of no use", "set HTTPS_PROXY, or NO_PROXY for the vendor"),
    "tls": ("bad", "no safe connection to the stream", "check ws_url, and this machine's clock and certificates"),
}
_MAY_PASS: Final[tuple[Health, str, str]] = ("unreachable", "the stream does not open", ONLINE)
"""Whatever else ends a handshake."""


async def provider(name: str, settings: ProviderSettings) -> AsyncIterator[Finding]:
    """What can be seen without disturbing a flowbot that is running. Raises NoAnswerError."""
    match settings:
        case RadarPulseSettings():
            async for found in _radarpulse(name, settings):
                yield found
        case OptionWhalesSettings():
            yield await _optionwhales(name, settings)
        case _:
            yield replace(_UNSEEN[settings.type], subject=name)


async def _radarpulse(name: str, settings: RadarPulseSettings) -> AsyncIterator[Finding]:
    if _is_apart(settings.ws_url, settings.rest_url):
        yield Finding(name, "doubt", APART)
    else:
        rest = RadarPulseRest(name, settings)
        try:
            await rest.top(limit=1)
            yield good(name, "the key works: /flow/top answers")
            yield await _congress(name, rest)
        except VendorError as refused:
            if refused.kind == "unauthorized":  # the stream would say the same
                raise NoAnswerError(_refused(name, refused)) from None
            yield _refused(name, refused)
        finally:
            await rest.close()
    if settings.mode != "poll":
        yield await _stream(name, settings)


async def _congress(name: str, rest: RadarPulseRest) -> Finding:
    try:
        await rest.congress()
    except VendorError as refused:
        if refused.kind == "tier":
            return good(name, "the plan has no Congress trades: Pro and above have")
        return _refused(name, refused)
    return good(name, "the plan has Congress trades")


async def _stream(name: str, settings: RadarPulseSettings) -> Finding:
    try:
        async with asyncio.timeout(HANDSHAKE_S), connected(feed(name, settings), time.time()):
            return good(name, "the stream opens")
    except TimeoutError:
        end = End("timeout", f"no answer within {HANDSHAKE_S:.0f} s")
    except NoSession as none:
        end = none.end
    if end.reason == "forbidden" and settings.mode == "auto":
        what = "the plan has no stream: prints are polled instead, and marked as a delayed feed's"
        return Finding(name, "doubt", what, "set mode: poll if that is meant so; a plan with a stream is faster")
    health, what, remedy = _NO_STREAM.get(end.reason, _MAY_PASS)
    return Finding(name, health, f"{what}: {end.detail or end.reason}", remedy)


async def _optionwhales(name: str, settings: OptionWhalesSettings) -> Finding:
    """Its stream is not opened: one connection a key is allowed, and a running flowbot has it."""
    if _is_apart(settings.ws_url, settings.rest_url):
        return Finding(name, "doubt", APART)
    rest = OptionWhalesRest(name, settings)
    try:
        tier = (await rest.usage()).tier
    except VendorError as refused:
        return _refused(name, refused)
    finally:
        await rest.close()
    if tier is None or tier.lower() != "free":
        return good(name, f"the key works, on the plan {tier or 'that the vendor does not name'}")
    if settings.mode == "poll":
        return good(name, "the key works, on the free plan: ten requests a minute")
    health: Health = "bad" if settings.mode == "stream" else "doubt"
    what = "the key is on the free plan, which has no stream, and ten requests a minute"
    return Finding(name, health, what, "set mode: poll, or take the Pro plan")


def _refused(name: str, refused: VendorError) -> Finding:
    health, what, remedy = _REFUSALS[refused.kind]
    return Finding(name, health, f"{what}: {refused.detail}", remedy)


def _is_apart(ws_url: str, rest_url: str) -> bool:
    """What is not the vendor gets no vendor's key, nor the other way round."""
    return is_loopback(urlsplit(ws_url).hostname or "") and not is_loopback(urlsplit(rest_url).hostname or "")
