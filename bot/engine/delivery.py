"""All lanes together: who is idle, who is woken, and how delivery ends in good order."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from bot.engine.insist import insist
from bot.engine.lane import Lane
from bot.model.alerts import Batch
from bot.model.people import person_at
from bot.model.ports import Commit, Outbox, Target

log = structlog.get_logger()

DRAIN_S = 4.0
"""How long a stop waits for queued deliveries to go."""
FINISH_S = 2.0
"""How long it then waits for messages that are on their way; together under Docker's ten seconds."""
DRAIN_POLL_S = 0.02


class PersonalLanes(Protocol):
    """Who serves the destinations that reach one person each: a lane begins when there is something for it.

    All of it is in the store, so these calls only say where to look.
    """

    @property
    def targets(self) -> Mapping[str, Target]:
        """What a commit needs to know of them."""

    def wake(self, name: str, count: int) -> None:
        """So many deliveries more wait at `name`; 0: there may be some, or a batch that was interrupted."""

    def edit(self, name: str) -> None:
        """A message at `name` has, or may have, news."""

    def expire(self, name: str, count: int) -> None:
        """So many deliveries that waited at `name` are ended."""

    def look_again(self) -> None:
        """What was held is so no longer, or something is from now on."""

    def unpark(self) -> None:
        """Try a platform that refused us again now: somebody may have mended it."""


class Delivery:
    """Owns the lanes' tasks."""

    def __init__(self, lanes: Sequence[Lane], outbox: Outbox) -> None:
        self.personal: PersonalLanes | None = None
        """Set before `run`. None: what was meant for one person stays in the store."""
        self.lanes = {lane.name: lane for lane in lanes}
        self._outbox = outbox
        self._tasks: asyncio.TaskGroup | None = None
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._drained = asyncio.Event()

    def add(self, lane: Lane) -> None:
        """One lane more, before `run`."""
        self.lanes[lane.name] = lane

    def targets(self) -> dict[str, Target]:
        """What a commit needs to know of every destination; it freezes batches for those that would send at once."""
        personal = {} if self.personal is None else self.personal.targets
        return {**personal, **{name: lane.target for name, lane in self.lanes.items()}}

    def take(self, commit: Commit) -> None:
        """Hand over what a commit made ready, and wake the lanes and editors that have something to do."""
        for batch in commit.batches:
            if batch.destination in self.lanes:  # else a reload is exchanging the lane, and its successor finds it
                self.lanes[batch.destination].hand(batch)
        for name, count in commit.queued.items():
            if name in self.lanes:
                self.lanes[name].wake(count)
            elif (personal := self._personal(name)) is not None:
                personal.wake(name, count)
        for name, count in commit.expired.items():
            if name in self.lanes:
                self.lanes[name].expire(count)
            elif (personal := self._personal(name)) is not None:
                personal.expire(name, count)
        for name in commit.edits:
            if name in self.lanes:
                self.lanes[name].wake_editor()
            elif (personal := self._personal(name)) is not None:
                personal.edit(name)

    def is_parked(self, name: str) -> bool:
        """Whether the platform refuses us there."""
        return name in self.lanes and bool(self.lanes[name].parked)

    def unpark(self, name: str | None = None) -> None:
        """Try destination `name`, or every one, again now: somebody has mended it."""
        for lane in self.lanes.values():
            if name in (None, lane.name):
                lane.unpark()
        if self.personal is not None and (name is None or person_at(name) is not None):
            self.personal.unpark()

    def look_again(self) -> None:
        """Something is held from now on, or no longer: `Shared.steering` knows what."""
        for lane in self.lanes.values():
            lane.look_again()
        if self.personal is not None:
            self.personal.look_again()

    async def wake_all(self) -> None:
        """Look at the store anew, after it was changed behind the lanes' backs. Raises StoreError."""
        waiting = await self._outbox.waiting()
        self._wake(waiting)
        for name in waiting:
            if (personal := self._personal(name)) is not None:
                personal.wake(name, 0)

    async def run(self) -> None:
        """Serve every destination until `drain` ended it; what an earlier run left comes first."""
        interrupted: dict[str, list[Batch]] = defaultdict(list)
        for batch in await self._outbox.interrupted():
            interrupted[batch.destination].append(batch)
        waiting = await self._outbox.waiting()
        for name in (waiting.keys() | interrupted.keys()) - self.lanes.keys():
            if (personal := self._personal(name)) is not None:
                personal.wake(name, waiting.get(name, 0))
                continue
            count = waiting.get(name, 0) + sum(batch.count for batch in interrupted[name])
            remedy = "add the destination again to have them posted; else they stay in the store"
            log.warning("destination.gone", destination=name, deliveries=count, remedy=remedy)
        async with asyncio.TaskGroup() as self._tasks:
            self._wake(waiting)
            for name, lane in self.lanes.items():
                self._serve(lane, interrupted[name])
            await self._drained.wait()  # there may be no lane now, and one again later

    async def replace(self, name: str, lane: Lane | None) -> None:
        """Have `lane` serve the destination from now on, or nobody; what is on its way ends first, within a time.

        A batch that is cut off is journaled like any that a crash cuts off, and comes first.
        """
        old = self.lanes.pop(name, None)
        if old is not None:
            old.drain()
            serving = self._serving.pop(name)
            await asyncio.wait([serving], timeout=FINISH_S)
            serving.cancel()
            await asyncio.wait([serving])
        if lane is None:
            return
        never = asyncio.Event()
        interrupted = await insist(self._outbox.interrupted, name, never)
        self.lanes[name] = lane  # from now on it is handed batches: none of these is among those
        self._serve(lane, [batch for batch in interrupted if batch.destination == name])
        waiting = await insist(self._outbox.waiting, name, never)
        lane.wake(waiting.get(name, 0) - lane.waiting)

    async def drain(self) -> None:
        """Wait for the queues to empty, then for what is on its way; both only so long. `run` then returns."""
        deadline = asyncio.get_running_loop().time() + DRAIN_S
        for lane in self.lanes.values():
            lane.stop_editing()
        while not all(lane.is_quiet for lane in self.lanes.values()):
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(DRAIN_POLL_S)
        for lane in self.lanes.values():
            lane.drain()
        self._drained.set()

    def _personal(self, name: str) -> PersonalLanes | None:
        """Who serves the destination, if it reaches one person."""
        return None if person_at(name) is None else self.personal

    def _serve(self, lane: Lane, interrupted: Sequence[Batch]) -> None:
        if self._tasks is None:
            raise RuntimeError("a lane is served from `run` on")
        self._serving[lane.name] = self._tasks.create_task(lane.run(interrupted), name=f"lane {lane.name}")

    def _wake(self, waiting: Mapping[str, int]) -> None:
        for name, lane in self.lanes.items():
            lane.wake(waiting.get(name, 0) - lane.waiting)  # intake and the lanes may have been quicker than we
            lane.wake_editor()
