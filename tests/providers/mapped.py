"""A mapped provider at work against a fake of its feed, in a time of the test's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.model.feeds import FeedMeans
from bot.model.ports import ProviderStatus
from bot.model.prints import Print
from bot.providers.mapped import plan
from bot.providers.mapped_settings import MappedSettings
from bot.providers.vendor import Vendor
from tests.providers.doubles import NOON_NS, Clock, KeepingIntake, KeepingLedger, until

NAME = "feed"


def settings(**given: Any) -> MappedSettings:
    return MappedSettings.model_validate({"type": "mapped", **given})


@dataclass
class Mapped:
    """A provider that runs, and what it talks to."""

    provider: Vendor
    task: asyncio.Task[None]
    clock: Clock
    intake: KeepingIntake = field(default_factory=KeepingIntake)
    ledger: KeepingLedger = field(default_factory=KeepingLedger)
    taped: list[tuple[str, int, Any]] = field(default_factory=list)

    @property
    def status(self) -> ProviderStatus:
        return self.provider.status

    async def prints(self, count: int) -> list[Print]:
        await until(lambda: len(self.intake.prints) >= count)
        return self.intake.prints

    async def slept(self, *, at_least_s: float = 0.0, at_most_s: float = 1e9) -> float:
        """Wait until somebody sleeps for such a time; how long."""

        def found() -> list[float]:
            return [seconds for _, seconds, _ in self.clock.sleepers if at_least_s <= seconds <= at_most_s]

        await until(found)
        return found()[0]

    async def ends(self, count: int = 1) -> float:
        """Wait until so many sessions or attempts have ended; the seconds until the next."""
        await until(lambda: sum(self.status.disconnects.values()) >= count and len(self.clock.sleepers) == 1)
        return self.clock.sleepers[0][1]

    async def retry(self, count: int = 1) -> None:
        """Let the wait after the `count`th end pass."""
        await self.clock.advance(await self.ends(count))


@asynccontextmanager
async def running(wanted: MappedSettings, *, now_ns: int = NOON_NS) -> AsyncIterator[Mapped]:
    clock, ledger, intake = Clock(now_ns), KeepingLedger(), KeepingIntake()
    taped: list[tuple[str, int, Any]] = []
    intake.record = lambda name, at_ns, frame: taped.append((name, at_ns, frame))
    provider = Vendor(plan(NAME, wanted), FeedMeans(ledger, lambda _subject, _notice: None), clock.surroundings)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(provider.run(intake))
        try:
            yield Mapped(provider, task, clock, intake, ledger, taped)
        finally:
            await provider.close()
