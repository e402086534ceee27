"""`type: mapped`: any JSON feed, by a map. Knows no vendor; what it asks and says is written in the configuration."""

from functools import partial
from typing import TYPE_CHECKING, Final

from bot.flow.mapping.fills import facts_filled
from bot.flow.mapping.reading import Map
from bot.model.feeds import FeedMeans
from bot.model.ports import Provider
from bot.model.secret import Secret
from bot.providers.feed import Feed
from bot.providers.inbound import Inbound, InboundFeed
from bot.providers.mapped_auth import headers, key_of, lines, stream_url
from bot.providers.mapped_frames import answering, decoder, taken_apart
from bot.providers.mapped_settings import MappedSettings
from bot.providers.surroundings import Surroundings

if TYPE_CHECKING:
    from bot.providers.vendor import Plan

NO_HISTORY: Final = "this feed has no history to ask"
SHORTEST_SCRUBBED: Final = 8
"""Characters of a session's id: a shorter one is a number, which any text may hold."""
DELAYED_BACK_S: Final = 86_400.0
"""How far back the polls of a delayed feed look: nobody says by how much it is delayed."""


def facts(settings: MappedSettings) -> frozenset[str]:
    """The names of the print vocabulary that such a feed is known to fill."""
    return facts_filled(settings.map)


def feed(name: str, settings: MappedSettings) -> Feed:
    """The protocol as `settings` want it; each session has its own where it begins with a request or a question."""
    is_renewed = bool(settings.auth.session or settings.auth.wait_for or settings.auth.refused)
    return _feed(name, settings, Map(settings.map), None, is_renewed=is_renewed)


def _feed(name: str, settings: MappedSettings, map_: Map, session: str | None, *, is_renewed: bool) -> Feed:
    auth = settings.auth
    decode = decoder(map_, is_delayed=settings.delayed)
    return Feed(
        name=name,
        url=stream_url(settings, session),
        key=key_of(settings),
        headers=headers(settings, session),
        decode=answering(decode, auth.wait_for, auth.refused) if auth.wait_for or auth.refused else decode,
        facts=facts(settings),
        silence_s=settings.silence,
        is_silent_after_hours=True,
        lines=lines(settings, session),
        renew=partial(_renewed, name, settings, map_) if is_renewed else None,
        session=Secret(session) if session and len(session) >= SHORTEST_SCRUBBED else None,
        is_delayed=settings.delayed,
    )


async def _renewed(name: str, settings: MappedSettings, map_: Map, around: Surroundings) -> Feed:
    """The feed as its next session has it. Raises NoSession."""
    session = None
    if settings.auth.session:
        from bot.providers.mapped_rest import ask_session  # aiohttp, as below

        session = (await ask_session(name, settings, settings.auth.session, around)).reveal()
    return _feed(name, settings, map_, session, is_renewed=True)


def build(name: str, settings: MappedSettings, means: FeedMeans) -> Provider:
    """The provider, ready to run."""
    if settings.transport == "webhook":
        return inbound(name, settings)
    from bot.providers.vendor import Vendor  # aiohttp takes 300 ms to import: only for who runs a feed

    return Vendor(plan(name, settings), means)


def plan(name: str, settings: MappedSettings) -> "Plan":
    """A stream or polls, as `settings` want it."""
    from bot.providers.mapped_rest import MappedSource
    from bot.providers.polling import LOOK_BACK_S
    from bot.providers.vendor import Plan

    ours = feed(name, settings)
    if settings.transport == "poll":
        back_s = DELAYED_BACK_S if settings.delayed else LOOK_BACK_S
        source = partial(MappedSource, name, settings)
        return Plan(ours, "poll", source, settings.every, is_steady=True, look_back_s=back_s)
    return Plan(ours, "stream", None, why_lost=NO_HISTORY)


def inbound(name: str, settings: MappedSettings) -> Inbound:
    """A feed that is sent to us, as `settings` want it."""
    own = (key_of(settings),)
    provider = Inbound(
        InboundFeed(
            name=name,
            path=settings.path or "",
            secrets=lambda: own,
            frames=partial(taken_apart, settings.map),
            decode=decoder(Map(settings.map), is_delayed=settings.delayed),
            facts=facts(settings),
        )
    )
    provider.status.is_delayed = settings.delayed
    return provider
