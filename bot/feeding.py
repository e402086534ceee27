"""The providers at work, by name: begun, exchanged one at a time while the others go on, and closed together."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator

from bot.engine.metrics import Metrics
from bot.model.ports import Intake, Provider

CLOSE_S = 1.5
"""How long a provider may take to end its session in good order."""


class Feeding:
    """Owns the providers' tasks."""

    def __init__(self, intake: Intake, metrics: Metrics) -> None:
        self.providers: dict[str, Provider] = {}
        self._intake = intake
        self._metrics = metrics
        self._tasks: asyncio.TaskGroup | None = None
        self._running: dict[str, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[Provider]:
        """In the order in which they came."""
        return iter(self.providers.values())

    def add(self, provider: Provider) -> None:
        """Feed from `provider`, now or once `begin` is called."""
        self.providers[provider.name] = provider
        self._metrics.watch(provider.name, provider.status)
        if self._tasks is not None:
            self._start(provider, self._tasks)

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Feed, in tasks of this group."""
        self._tasks = tasks
        for provider in self.providers.values():
            self._start(provider, tasks)

    async def remove(self, name: str) -> None:
        """Feed from this provider no more; its session has ended when this returns, so another may begin."""
        provider = self.providers.pop(name)
        await self._close([provider])
        self._metrics.unwatch(name)

    async def close(self) -> None:
        """Feed no more."""
        await self._close(self.providers.values())

    def _start(self, provider: Provider, tasks: asyncio.TaskGroup) -> None:
        self._running[provider.name] = tasks.create_task(provider.run(self._intake), name=f"provider {provider.name}")

    async def _close(self, providers: Iterable[Provider]) -> None:
        closing = list(providers)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.gather(*(provider.close() for provider in closing))
        running = [task for provider in closing if (task := self._running.pop(provider.name, None)) is not None]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=CLOSE_S)
