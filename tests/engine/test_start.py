"""What comes in while the service is still starting."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

from bot.engine.delivery import Delivery
from bot.engine.lane import Lane, LaneOptions
from bot.engine.metrics import Metrics
from bot.engine.shared import Shared
from bot.gate.verdict import judge
from tests.engine.doubles import InlineTransactions, Scripted, an_outbox
from tests.samples import a_match
from tests.scenarios.process import until


class _SlowStore(InlineTransactions):
    """Every transaction takes one turn of the event loop."""

    async def do(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        await asyncio.sleep(0)
        return await super().do(work)


async def test_an_alert_committed_during_the_start_is_counted_once() -> None:
    """Delivery asks the store what waits while intake commits already: the queue's depth ends at nothing."""
    outbox, destination = an_outbox(_SlowStore()), Scripted()
    lane = Lane(destination, LaneOptions(), Shared(outbox, Metrics()))
    delivery = Delivery([lane], outbox)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(delivery.run())
        await asyncio.sleep(0)  # it has begun to ask
        delivery.take(await outbox.commit([a_match()], judge, delivery.targets()))
        await until(lambda: lane.is_quiet and destination.batches, "the message")
        await delivery.drain()
    await outbox.close()
    assert len(destination.batches) == 1
    assert lane.waiting == 0
