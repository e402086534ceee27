"""Lanes for people: one is made when there is something for somebody, and forgotten once it is done.

However many people there are, a few are served at a time, and no other lane waits for them. Knows no platform.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol, TypeGuard

import structlog

from bot.destinations.direct import DirectMessages
from bot.engine.delivery import DRAIN_POLL_S, DRAIN_S
from bot.engine.insist import insist
from bot.engine.lane import Lane, LaneOptions
from bot.engine.personal_queue import Queue, Work
from bot.engine.personal_refusals import Refusals
from bot.engine.settings import DeliverySettings, WatchSettings
from bot.engine.shared import Shared
from bot.engine.turns import monotonic
from bot.model.errors import StoreError
from bot.model.people import DM, person_at
from bot.model.ports import Target
from bot.model.steering import Mute
from bot.model.terms import Terms
from bot.outbox.alerting import ALL_PEOPLE
from bot.outbox.people import Remains, TakenUp

log = structlog.get_logger()

LONGEST_S: Final = 60.0
"""One person is served so long in one go; then it is the next one's turn."""
LOOK_S: Final = 0.05
"""How often a lane is asked whether it is done; and its editor:"""
LOOK_AT_EDITS_S: Final = 0.5


class PeopleStore(Protocol):
    """What lanes for people ask of the store, beside what all lanes do. Every method raises StoreError."""

    async def take_up(self, destination: str) -> TakenUp:
        """What there is for a destination that no lane serves."""

    async def remains(self, destination: str) -> Remains:
        """What is left there once a lease gave nothing."""

    async def people_with_news(self) -> Sequence[str]:
        """The destinations of one person each where a message is to be edited."""

    async def shut(self, destination: str, reason: str) -> int:
        """End everything for a destination that takes nothing more; how many deliveries."""


Build = Callable[[str], Awaitable[DirectMessages | None]]
"""The destination of that name; None where the configuration has no bot on its platform. Raises StoreError."""


class PersonalLanes:
    """See `bot.engine.delivery.PersonalLanes`. Call `run`, and `drain` to end it."""

    def __init__(
        self,
        shared: Shared,
        store: PeopleStore,
        build: Build,
        options: Callable[[], LaneOptions],
        mute: Callable[[Mute], Awaitable[None]],
    ) -> None:
        """`options`: everybody's, as the configuration has them now. `mute`: keeps whoever takes no messages quiet."""
        self._shared = shared
        self._store = store
        self._build = build
        self._options = options
        self._queues: dict[str, Queue] = defaultdict(Queue)
        """By platform."""
        self._lanes: dict[str, Lane] = {}
        self._waiting: dict[str, int] = defaultdict(int)
        """Deliveries that wait where no lane serves now, by destination."""
        self._changed = asyncio.Event()
        self._is_draining = False
        self._stopping = asyncio.Event()
        self._gone: set[str] = set()
        """Platforms on which no bot can write to people, as was found and told."""
        self._refusals = Refusals(shared, mute, store.shut, self._stopping)

    # --- called by the engine, in the same event loop ---

    @property
    def targets(self) -> Mapping[str, Target]:
        """What a commit needs to know of everybody: one entry, however many there are."""
        return {ALL_PEOPLE: Target(self._options().terms)}

    @property
    def depth(self) -> int:
        """Deliveries that wait for their turn."""
        return sum(self._waiting.values()) + sum(lane.waiting for lane in self._lanes.values())

    def wake(self, name: str, count: int) -> None:
        """So many deliveries more wait at `name`; 0: there may be some, or a batch that was interrupted."""
        if (lane := self._lanes.get(name)) is not None:
            lane.wake(count)
            return
        if count:
            self._waiting[name] += count
        self._queue_of(name).add(name)
        self._changed.set()

    def edit(self, name: str) -> None:
        """A message at `name` has, or may have, news."""
        if (lane := self._lanes.get(name)) is not None:
            lane.wake_editor()
        self._queue_of(name).add_news(name)
        self._changed.set()

    def expire(self, name: str, count: int) -> None:
        """So many deliveries that waited at `name` are ended."""
        if (lane := self._lanes.get(name)) is not None:
            lane.expire(count)
            return
        self._shared.metrics.deliveries.labels(DM, "expired").inc(count)
        self._shared.metrics.today.settled("expired", count)
        self._waiting[name] = max(0, self._waiting[name] - count)

    def look_again(self) -> None:
        """What was held is so no longer, or something is from now on."""
        for queue in self._queues.values():
            queue.release(self._shared.steering.is_held)
        for lane in self._lanes.values():
            lane.look_again()
        self._changed.set()

    def unpark(self) -> None:
        """Try a platform that refused us again now: somebody may have mended it."""
        for queue in self._queues.values():
            queue.try_again()
        self._changed.set()

    async def run(self) -> None:
        """Serve people until `drain` ended it. What is left is in the store."""
        metrics, queues = self._shared.metrics, self._queues
        metrics.queue_depth.labels(DM).set_function(lambda: self.depth)
        metrics.parked.labels(DM).set_function(lambda: any(queue.is_refused for queue in queues.values()))
        await self._find_news()
        async with asyncio.TaskGroup() as tasks:
            while not self._stopping.is_set():
                self._changed.clear()
                for queue in self._queues.values():
                    while (work := self._next(queue)) is not None:
                        tasks.create_task(self._serve(work, queue), name=f"person {work.name}")
                await _passed(self._changed, self._sleep_s())

    async def drain(self) -> None:
        """Wait for the queues to empty, as other lanes' do, and only so long. `run` then returns."""
        deadline = monotonic() + DRAIN_S
        self._is_draining = True
        for lane in self._lanes.values():
            lane.stop_editing()
        while not all(queue.is_quiet for queue in self._queues.values()):
            if monotonic() >= deadline:
                break
            await asyncio.sleep(DRAIN_POLL_S)
        self._stopping.set()
        self._changed.set()

    # --- its own ---

    async def _find_news(self) -> None:
        """What an earlier run left to be edited; what it left to be sent, `wake` tells."""
        try:
            for name in await insist(self._store.people_with_news, DM, self._stopping):
                self.edit(name)
        except StoreError:  # raised only once all is to stop
            return

    def _queue_of(self, name: str) -> Queue:
        return self._queues[_platform(name)]

    def _next(self, queue: Queue) -> Work | None:
        """Whose turn it is, passing over those who want nothing now: their messages may still be edited."""
        while (work := queue.next(monotonic())) is not None:
            is_held = not work.is_editing and self._shared.steering.is_held(work.name)
            if not is_held and not (work.is_editing and self._is_draining):
                return work
            queue.done(work.name)
            if is_held:
                queue.hold(work.name)
        return None

    def _sleep_s(self) -> float | None:
        moments = [at for queue in self._queues.values() if (at := queue.next_at()) is not None]
        return max(0.0, min(moments) - monotonic()) if moments else None

    async def _serve(self, work: Work, queue: Queue) -> None:
        try:
            destination = await insist(lambda: self._build(work.name), work.name, self._stopping)
            if not self._is_there(destination, work.name):
                return
            try:
                await self._serve_at(destination, work, queue)
            finally:
                await destination.close()
        except StoreError:  # raised only once the lane is to stop
            log.error("delivery.stopped_unrecorded", destination=work.name)  # noqa: TRY400 - told before, no bug
        finally:
            queue.done(work.name)
            self._changed.set()

    def _is_there(self, destination: DirectMessages | None, name: str) -> TypeGuard[DirectMessages]:
        platform = _platform(name)
        if destination is not None:
            self._gone.discard(platform)
        elif platform not in self._gone:
            self._gone.add(platform)
            remedy = f"configure the {platform} bot again; else what is meant for people there stays in the store"
            log.warning("destination.gone", destination=DM, platform=platform, remedy=remedy)
        return destination is not None

    async def _serve_at(self, destination: DirectMessages, work: Work, queue: Queue) -> None:
        name = work.name
        taken = await insist(lambda: self._store.take_up(name), name, self._stopping)
        lane = Lane(destination, self._options(), self._shared)
        lane.wake(taken.waiting)
        if not work.is_editing:
            lane.stop_editing()
        self._waiting.pop(name, None)
        self._lanes[name] = lane
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(lane.run(taken.batches), name=f"lane {name}")
                remains = await self._done(lane, work)
                lane.drain()
                del self._lanes[name]  # from now on, what comes waits for the next lane
        finally:
            self._lanes.pop(name, None)
            if lane.waiting > 0:
                self._waiting[name] += lane.waiting
        if lane.last_sent_ns:
            self._refusals.end(destination, queue)
        if lane.parked:
            await self._refusals.begin(destination, lane.parked, queue)
            if destination.fault == "person":
                self._waiting.pop(name, None)
        else:
            self._put_back(work, remains, queue)

    async def _done(self, lane: Lane, work: Work) -> Remains | None:
        """Wait until nothing more can be done; then what remains. None: it was not done in time."""
        ends, look_s = monotonic() + LONGEST_S, LOOK_S
        while not lane.parked and monotonic() < ends and not await _passed(self._stopping, look_s):
            was_quiet = lane.is_quiet
            if not was_quiet:
                continue
            try:
                remains = await insist(lambda: self._store.remains(lane.name), lane.name, self._stopping)
            except StoreError:  # raised only once all is to stop
                return None
            is_edited = remains.has_news and work.is_editing and not self._is_draining
            if lane.is_quiet and not is_edited:  # else something came while the store was asked
                return remains
            look_s = LOOK_AT_EDITS_S if is_edited else LOOK_S
        return None

    def _put_back(self, work: Work, remains: Remains | None, queue: Queue) -> None:
        """What is left to do goes back in line."""
        name = work.name
        if remains is None or remains.is_waiting:
            queue.add(name)
        elif remains.due_ns is not None:
            queue.add_later(name, monotonic() + max(0.0, (remains.due_ns - self._shared.now_ns()) / 1e9))
        if work.is_editing if remains is None else remains.has_news:
            queue.add_news(name)


def personal_options(delivery: DeliverySettings, watches: WatchSettings) -> LaneOptions:
    """How everybody's direct messages are served: as other destinations, within a budget of their own, and quieter."""
    terms = Terms(
        max_age_s=delivery.max_age, backlog=delivery.backlog, budget=watches.budget, repeats="drop", can_edit=True
    )
    return LaneOptions(delivery.on_unknown, None, terms)


def _platform(name: str) -> str:
    """`discord`, of `dm:discord:123`."""
    return (person_at(name) or "").partition(":")[0]


async def _passed(event: asyncio.Event, most_s: float | None) -> bool:
    """Wait for `event`, at most so long; whether it came to pass."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(most_s):
            await event.wait()
    return event.is_set()
