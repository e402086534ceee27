"""Builds what a configuration names: destinations and providers, with all that they need from outside."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot import logs
from bot.destinations import catalog as destinations
from bot.destinations.direct import Direct
from bot.model.feeds import FeedMeans
from bot.model.ports import Destination, Provider
from bot.providers import catalog as providers
from bot.settings import Settings, load

if TYPE_CHECKING:
    from aiohttp import ClientSession


def ready(config: Path) -> Settings:
    """The configuration, with logs as it wants them and its secrets starred out of them. Raises InputError."""
    settings = load(config)
    logs.redactor.learn(settings.secrets)
    logs.configure(settings.log)
    return settings


class Destinations:
    """Builds destinations over one session, and closes them. Make one with `Destinations.open`."""

    def __init__(self, stack: AsyncExitStack, write: Callable[[str], None] | None) -> None:
        self._stack = stack
        self._write = write
        self._session: ClientSession | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, write: Callable[[str], None] | None = None) -> "AsyncIterator[Destinations]":
        """What it built is closed at the end of the context, where it was not before; `write` is the console's."""
        async with AsyncExitStack() as stack:
            yield cls(stack, write)

    async def build(self, name: str, settings: Settings) -> Destination:
        """The destination as `settings` have it."""
        own = settings.destinations[name]
        if own.type != "console":
            await self._open_session()
        look = settings.look_at(name)
        means = destinations.Means(look, self._session, settings.discord, settings.slack, write=self._write)
        built = destinations.build(name, own, means)
        self._stack.push_async_callback(built.close)  # may be called twice
        return built

    async def direct(
        self, settings: Callable[[], Settings], channel_of: Callable[[str], Awaitable[str | None]]
    ) -> Direct:
        """Who builds what reaches one person, as `settings` have it by then."""
        if settings().discord is not None or settings().slack is not None:
            await self._open_session()

        def means() -> destinations.Means:
            now = settings()
            look = replace(now.look, late_after_s=now.delivery.late_after)
            return destinations.Means(look, self._session, now.discord, now.slack)

        return Direct(means, channel_of)

    async def _open_session(self) -> None:
        if self._session is None:
            from bot.destinations.http import open_session

            self._session = await self._stack.enter_async_context(open_session())


def build_feed(name: str, settings: Settings, means: FeedMeans) -> Provider:
    """The provider as `settings` have it."""
    return providers.build_provider(name, settings.providers[name], means)
