"""What the doctor sees of the vendors: whether the key is good, what its plan includes, whether the stream opens."""

import time
from collections.abc import AsyncIterator, Awaitable
from urllib.parse import urlsplit

from bot.config.units import is_loopback
from bot.doctor.findings import Finding, Health, good
from bot.model.errors import Refusal, VendorError
from bot.providers.catalog import ProviderSettings
from bot.providers.connection import NoSession, connected
from bot.providers.optionwhales import OptionWhalesSettings
from bot.providers.optionwhales_rest import OptionWhalesRest
from bot.providers.radarpulse import RadarPulseSettings, feed
from bot.providers.radarpulse_rest import RadarPulseRest

_HEALTH: dict[Refusal, Health] = {
    "unauthorized": "bad", "tier": "doubt", "rate_limited": "doubt", "not_found": "doubt", "upstream": "unreachable",
    "bad_answer": "doubt",
}  # fmt: skip
_REMEDIES: dict[Refusal, str] = {
    "unauthorized": "copy the key anew from the vendor, and put it into .env",
    "tier": "what the plan does not include is left out; a better plan has it",
    "rate_limited": "the key has used up its requests for now",
    "upstream": "the vendor is down, or cannot be reached from here; try again later",
}


async def provider(name: str, settings: ProviderSettings) -> AsyncIterator[Finding]:
    """What can be seen without disturbing a flowbot that is running."""
    match settings:
        case RadarPulseSettings():
            async for found in _radarpulse(name, settings):
                yield found
        case OptionWhalesSettings():
            async for found in _optionwhales(name, settings):
                yield found
        case _:
            yield Finding(
                name, "doubt", f"a {settings.type} provider is not looked at", "flowbot run tells how it does"
            )


async def _radarpulse(name: str, settings: RadarPulseSettings) -> AsyncIterator[Finding]:
    rest = RadarPulseRest(name, settings)
    try:
        if not _is_apart(settings.ws_url, settings.rest_url):
            yield await _asked(name, "the key works: /flow/top answers", rest.top(limit=1))
            yield await _asked(name, "the plan has Congress (Pro and above)", rest.congress())
    finally:
        await rest.close()
    if settings.mode == "poll":
        return
    try:
        async with connected(feed(name, settings), time.time()):
            yield good(name, "the stream opens")
    except NoSession as refused:
        is_plan = refused.end.reason == "forbidden"
        remedy = "the plan has no stream: set mode: poll" if is_plan else ""
        yield Finding(name, "bad", f"the stream does not open: {refused.end.detail or refused.end.reason}", remedy)


async def _optionwhales(name: str, settings: OptionWhalesSettings) -> AsyncIterator[Finding]:
    """Its stream is not opened: one connection a key is allowed, and a running flowbot has it."""
    if _is_apart(settings.ws_url, settings.rest_url):
        yield Finding(name, "doubt", "the stream is on this machine and the REST API is not: the key is not sent there")
        return
    rest = OptionWhalesRest(name, settings)
    try:
        yield await _asked(name, "the vendor is healthy", rest.health())
        try:
            tier = (await rest.usage()).tier
        except VendorError as refused:
            yield _refused(name, refused)
            return
        if tier is not None and tier.lower() == "free":
            remedy = "free keys have no stream and ten requests a minute: set mode: poll, or take a Pro plan"
            yield Finding(name, "bad" if settings.mode == "stream" else "doubt", "the key is on the free plan", remedy)
        else:
            yield good(name, f"the key works, on the plan {tier or 'that the vendor does not name'}")
    finally:
        await rest.close()


async def _asked(name: str, what: str, question: Awaitable[object]) -> Finding:
    try:
        await question
    except VendorError as refused:
        return _refused(name, refused, what)
    return good(name, what)


def _refused(name: str, refused: VendorError, what: str = "") -> Finding:
    lead = f"not so: {what}; " if what and refused.kind == "tier" else ""
    return Finding(name, _HEALTH[refused.kind], f"{lead}{refused}", _REMEDIES.get(refused.kind, ""))


def _is_apart(ws_url: str, rest_url: str) -> bool:
    """What is not the vendor gets no vendor's key, nor the other way round."""
    return is_loopback(urlsplit(ws_url).hostname or "") and not is_loopback(urlsplit(rest_url).hostname or "")
