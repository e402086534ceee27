"""All lanes together: who is idle, who is woken, and how delivery ends in good order."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import structlog

from bot.engine.lane import Lane
from bot.model.alerts import Batch
from bot.model.ports import Commit, Fit, Outbox

log = structlog.get_logger()

DRAIN_S = 4.0
"""How long a stop waits for queued deliveries to go."""
FINISH_S = 2.0
"""How long it then waits for messages that are on their way; together under Docker's ten seconds."""
DRAIN_POLL_S = 0.02


class Delivery:
    """Owns the lanes' tasks."""

    def __init__(self, lanes: Sequence[Lane], outbox: Outbox) -> None:
        self.lanes = {lane.name: lane for lane in lanes}
        self._outbox = outbox

    def idle(self) -> dict[str, Fit]:
        """Lanes that would send at once, with what fits their message: intake freezes batches for them."""
        return {name: lane.destination.fit for name, lane in self.lanes.items() if lane.is_idle}

    def take(self, commit: Commit) -> None:
        """Hand over what a commit made ready, and wake the lanes that have something waiting."""
        for batch in commit.batches:
            self.lanes[batch.destination].hand(batch)
        for destination, count in commit.queued.items():
            self.lanes[destination].wake(count)

    async def run(self) -> None:
        """Serve every destination until `drain` ended it; what an earlier run left comes first."""
        interrupted: dict[str, list[Batch]] = defaultdict(list)
        for batch in await self._outbox.interrupted():
            interrupted[batch.destination].append(batch)
        waiting = await self._outbox.waiting()
        for name in (waiting.keys() | interrupted.keys()) - self.lanes.keys():
            count = waiting.get(name, 0) + sum(len(batch.deliveries) for batch in interrupted[name])
            remedy = "add the destination again to have them posted; else they stay in the store"
            log.warning("destination.gone", destination=name, deliveries=count, remedy=remedy)
        async with asyncio.TaskGroup() as tasks:
            for name, lane in self.lanes.items():
                lane.wake(waiting.get(name, 0) - lane.waiting)  # intake may have been quicker than we
                tasks.create_task(lane.run(interrupted[name]), name=f"lane {name}")

    async def drain(self) -> None:
        """Wait for the queues to empty, then for what is on its way; both only so long. `run` then returns."""
        deadline = asyncio.get_running_loop().time() + DRAIN_S
        while not all(lane.is_quiet for lane in self.lanes.values()):
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(DRAIN_POLL_S)
        for lane in self.lanes.values():
            lane.drain()
