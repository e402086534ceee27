"""Builds what a configuration names: destinations and providers, with all that they need from outside."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bot import logs
from bot.destinations import catalog as destinations
from bot.model.feeds import FeedMeans
from bot.model.ports import Destination, Provider
from bot.providers import catalog as providers
from bot.settings import Settings, load


def ready(config: Path) -> Settings:
    """The configuration, with logs as it wants them and its secrets starred out of them. Raises InputError."""
    settings = load(config)
    logs.redactor.learn(settings.secrets)
    logs.configure(settings.log)
    return settings


@asynccontextmanager
async def open_destinations(
    settings: Settings, *, only: str | None = None, write: Callable[[str], None] | None = None
) -> AsyncIterator[list[Destination]]:
    """The configured destinations, or one of them, over one shared session; `write` is the console's."""
    chosen = {name: own for name, own in settings.destinations.items() if only in (None, name)}
    async with AsyncExitStack() as stack:
        session = None
        if any(own.type != "console" for own in chosen.values()):
            from bot.destinations.http import open_session

            session = await stack.enter_async_context(open_session())
        means = destinations.Means(settings.look, session, settings.discord, settings.slack, write=write)
        built = []
        for name, own in chosen.items():
            built.append(destinations.build(name, own, replace(means, look=settings.look_at(name))))
            stack.push_async_callback(built[-1].close)
        yield built


def build_feeds(settings: Settings, means: FeedMeans) -> list[Provider]:
    """The configured providers, in the order of the file."""
    return [providers.build_provider(name, own, means) for name, own in settings.providers.items()]
