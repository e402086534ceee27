"""Providers come and go by name while the others feed on."""

import asyncio

from bot.engine.metrics import Metrics
from bot.feeding import Feeding
from bot.model.ports import Intake, ProviderStatus
from tests.providers.doubles import KeepingIntake


class Feed:
    """Runs until it is closed, and notes what was done with it; `is_deaf` does not hear that it is closed."""

    facts: frozenset[str] = frozenset()

    def __init__(self, name: str, log: list[str], *, is_deaf: bool = False) -> None:
        self.name = name
        self.status = ProviderStatus()
        self._log = log
        self._is_deaf = is_deaf
        self._closed = asyncio.Event()

    async def run(self, intake: Intake) -> None:
        self._log.append(f"{self.name} runs")
        try:
            await self._closed.wait()
        finally:
            self._log.append(f"{self.name} ended")

    async def close(self) -> None:
        if not self._is_deaf:
            self._closed.set()


async def test_one_is_exchanged_while_the_other_feeds_on() -> None:
    log: list[str] = []
    metrics = Metrics()
    feeding = Feeding(KeepingIntake(), metrics)
    feeding.add(Feed("a", log))
    feeding.add(Feed("b", log))
    async with asyncio.TaskGroup() as tasks:
        feeding.begin(tasks)
        await asyncio.sleep(0)
        await feeding.remove("a")
        assert log == ["a runs", "b runs", "a ended"], "ended before its successor may begin"
        feeding.add(Feed("a", log))
        await asyncio.sleep(0)
        assert [feed.name for feed in feeding] == ["b", "a"]
        await feeding.close()
        await feeding.close()
    assert log == ["a runs", "b runs", "a ended", "a runs", "b ended", "a ended"]


async def test_one_that_does_not_end_by_itself_is_cancelled() -> None:
    log: list[str] = []
    feeding = Feeding(KeepingIntake(), Metrics())
    feeding.add(Feed("a", log, is_deaf=True))
    async with asyncio.TaskGroup() as tasks:
        feeding.begin(tasks)
        await asyncio.sleep(0)
        await feeding.remove("a")
    assert log == ["a runs", "a ended"]


async def test_metrics_show_those_at_work() -> None:
    metrics = Metrics()
    feeding = Feeding(KeepingIntake(), metrics)
    feeding.add(Feed("a", []))
    assert metrics.registry.get_sample_value("flowbot_provider_connected", {"provider": "a"}) == 0
    await feeding.remove("a")
    assert metrics.registry.get_sample_value("flowbot_provider_connected", {"provider": "a"}) is None
    assert metrics.registry.get_sample_value("flowbot_prints_total", {"provider": "a"}) == 0
