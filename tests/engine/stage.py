"""A stage for delivery in virtual time: one store, some scripted destinations, and the lanes between them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace
from structlog.testing import capture_logs

from bot.engine.control import Control
from bot.engine.delivery import Delivery
from bot.engine.lane import Lane, LaneOptions
from bot.engine.metrics import Metrics
from bot.engine.shared import Shared
from bot.model.alerts import Batch
from bot.model.matches import Match
from bot.outbox.sqlite import SqliteOutbox
from tests import virtual_time
from tests.engine.doubles import InlineTransactions, Scripted, an_outbox
from tests.samples import a_match, a_print, a_route


@dataclass
class Stage:
    """One store, some destinations, and the delivery between them."""

    destinations: tuple[Scripted, ...]
    options: LaneOptions = field(default_factory=LaneOptions)
    transactions: InlineTransactions = field(default_factory=InlineTransactions)
    metrics: Metrics = field(default_factory=Metrics)
    sizes: int = 0

    def __post_init__(self) -> None:
        self.outbox: SqliteOutbox = an_outbox(self.transactions)
        self.control = Control(self.outbox, virtual_time.now_ns, lambda: self.delivery.look_again())
        self.shared = Shared(
            self.outbox, self.metrics, now_ns=virtual_time.now_ns, jitter=lambda: 0.0, steering=self.control
        )
        self.lanes = [Lane(destination, self.options, self.shared) for destination in self.destinations]
        self.delivery = Delivery(self.lanes, self.outbox)

    async def post(self, count: int = 1, *, send_to: tuple[str, ...] = ("desk",), is_fast: bool = True) -> None:
        matches = []
        for _ in range(count):
            self.sizes += 1
            found = a_print(size=self.sizes, received_ns=virtual_time.now_ns())
            matches.append(a_match(found, a_route(send_to=send_to)))
        await self.take_in(matches, is_fast=is_fast)

    async def take_in(self, matches: Sequence[Match], *, is_fast: bool = True) -> None:
        """What intake does; not fast: as if every lane were busy."""
        targets = self.delivery.targets()
        if not is_fast:
            targets = {name: replace(target, fit=None) for name, target in targets.items()}
        self.delivery.take(await self.outbox.commit(matches, self.control.judge, targets))

    async def repeat(self, times: int = 1, **changes: object) -> None:
        """The same contract and side, each time another print, under a rule with a cooldown."""
        for _ in range(times):
            self.sizes += 1
            found = a_print(size=self.sizes, received_ns=virtual_time.now_ns(), premium=1_000_000.0, **changes)
            await self.take_in([a_match(found, a_route(cooldown_s=3600.0))])

    async def states(self) -> dict[str, int]:
        rows = self.transactions.connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state")
        return dict(rows.fetchall())

    def outcomes(self, outcome: str, destination: str = "desk") -> float:
        return self.sample("flowbot_deliveries_total", destination=destination, outcome=outcome)

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


def play(stage: Stage, scene: Callable[[], Awaitable[None]], *, seconds: float = 10_000.0) -> list[str]:
    """Run the scene while delivery serves, then let `seconds` of virtual time pass, then drain.

    Returns the names of the events that were logged.
    """
    events: list[str] = []

    async def main() -> None:
        with capture_logs() as logged:
            async with asyncio.TaskGroup() as tasks:
                controlling = tasks.create_task(stage.control.run())
                tasks.create_task(stage.delivery.run())
                await asyncio.sleep(0.001)
                await scene()
                await asyncio.sleep(seconds)
                await stage.delivery.drain()
                controlling.cancel()
        events.extend(str(entry["event"]) for entry in logged)

    virtual_time.run(main())
    return events


def sizes(batch: Batch) -> list[int | None]:
    return [delivery.alert.print.size for delivery in batch.deliveries]
