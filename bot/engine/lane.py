"""A lane: what goes to one destination next, and when. How one batch gets there is `sending`'s, edits are `editing`'s.

A lane knows nothing of the others: a platform that is down, slow or wrong holds up its own lane only.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from bot.engine.decision import OnUnknown
from bot.engine.editing import Editing
from bot.engine.insist import insist
from bot.engine.pace import Keys, Turn
from bot.engine.parking import Parking
from bot.engine.sending import Sending
from bot.engine.shared import Shared
from bot.engine.turns import Turns, circle_of, monotonic
from bot.gate.hours import closed_until
from bot.model.alerts import Batch
from bot.model.errors import StoreError
from bot.model.people import label, person_at
from bot.model.ports import Destination, Lease, Rate, Target
from bot.model.terms import Terms

log = structlog.get_logger()

MOST_IN_FLIGHT = 4
"""Messages on their way to one destination at a time, so that an alert need not wait for the answer to another's."""
PATIENCE_S = 0.5
"""A destination that fails, or is longer than this over an answer, gets one message at a time: were it to hang, each
one on its way would be in doubt."""
LONGEST_SLEEP_S = 60.0
"""A lane that sleeps until a moment of the wall clock asks again after this, because such clocks jump."""
SHORTEST_SLEEP_S = 0.25
"""However near the moment is that the store names."""


@dataclass(frozen=True, slots=True)
class LaneOptions:
    """How one destination is served. `rates` None: the platform's own limits; () none at all."""

    on_unknown: OnUnknown = "resend"
    rates: tuple[Rate, ...] | None = None
    terms: Terms = Terms()  # noqa: RUF009 - frozen


class Lane:
    """Serves one destination, a few messages at a time as its pace allows."""

    def __init__(self, destination: Destination, options: LaneOptions, shared: Shared) -> None:
        self.destination = destination
        self.name = destination.name
        self.waiting = 0
        """Deliveries that wait for their turn."""
        self._options = options
        self._shared = shared
        self._terms = msgspec.structs.replace(options.terms, can_edit=destination.can_edit)
        self._may_be_queued = True
        self._wakes = 0
        self._ask_at: float | None = None
        """When the store has something again, by the loop's clock; None: when something new is queued."""
        self._handed: list[Batch] = []
        self._in_flight: dict[str, float] = {}
        """Batch id -> when it went, by the loop's clock."""
        self._wake = asyncio.Event()
        self._draining = asyncio.Event()
        self._turns = Turns(circle_of(destination), self._keys, shared, is_held=lambda: self.is_held)
        self._parking = Parking(self.name, shared)
        self._sending = Sending(
            destination,
            shared,
            self._turns,
            self._parking,
            on_unknown=options.on_unknown,
            stopping=self._draining,
            waiting=self._requeued,
            sent=self.wake_editor,
        )
        self._editing = Editing(destination, shared, is_parked=lambda: bool(self.parked), queued=self.wake)

    # --- called by the engine, in the same event loop ---

    @property
    def target(self) -> Target:
        """What a commit needs to know; with what fits a message where one would go at once."""
        return Target(self._terms, self.destination.fit if self.is_idle else None)

    @property
    def is_idle(self) -> bool:
        """Nothing waits for its turn, and a message could go now."""
        is_free = not (self._handed or self._has_to_ask) and len(self._in_flight) < self._limit
        return is_free and self._turns.wait_s <= 0 and self._is_open

    @property
    def is_quiet(self) -> bool:
        """Nothing more will be sent soon: nothing waits or is on its way, or the destination is parked or held."""
        return not (self._handed or self._may_be_queued or self._in_flight) or bool(self.parked) or self.is_held

    @property
    def is_held(self) -> bool:
        """Somebody wants nothing posted here now: alerts wait, and are spared none of their terms for that.

        Edits go on: what they change makes no noise.
        """
        return self._shared.steering.is_held(self.name)

    @property
    def parked(self) -> str:
        """Why the destination is parked; empty while it is not."""
        return self._parking.reason

    @property
    def last_sent_ns(self) -> int:
        """Unix nanoseconds; 0: nothing yet."""
        return self._sending.last_sent_ns

    def hand(self, batch: Batch) -> None:
        """A batch that was frozen for this lane just now: send it next."""
        if not batch.deliveries:
            self._wait_for(-batch.count)  # a digest or a report: what it tells of waited before
        self._handed.append(batch)
        self._wake.set()

    def wake(self, queued: int) -> None:
        """So many deliveries were queued for this destination."""
        self._wait_for(queued)
        self._may_be_queued = True
        self._wakes += 1
        self._wake.set()

    def expire(self, count: int) -> None:
        """So many deliveries that waited here are ended."""
        if count:
            self._shared.metrics.deliveries.labels(label(self.name), "expired").inc(count)
            self._shared.metrics.today.settled("expired", count)
            log.info("delivery.expired", destination=self.name, alerts=count)
            self._wait_for(-count)

    def wake_editor(self) -> None:
        """A message of this destination has, or may have, news."""
        self._editing.wake()

    def unpark(self) -> None:
        """Try again now, whatever held the destination up: somebody has mended it."""
        self._sending.unpark()
        self.wake(0)
        self.wake_editor()

    def look_again(self) -> None:
        """It is held no longer, or from now on."""
        self._turns.look_again()
        self._wake.set()

    def stop_editing(self) -> None:
        """Begin no edit any more: alerts go first, and the news stay in the store."""
        self._editing.stop()

    def drain(self) -> None:
        """Finish what is on its way, begin nothing more."""
        self._draining.set()
        self._sending.stop()
        self._editing.stop()
        self._wake.set()

    async def run(self, interrupted: Sequence[Batch] = ()) -> None:
        """Serve until `drain`, what an earlier run left in the middle first."""
        async with asyncio.TaskGroup() as tasks:
            if self.destination.can_edit:
                tasks.create_task(self._guarded(self._editing.run()), name=f"editor {self.name}")
            for old in interrupted:
                await self._guarded(self._sending.resume(old))
            await self._guarded(self._serve(tasks))

    # --- the lane's own ---

    async def _serve(self, tasks: asyncio.TaskGroup) -> None:
        while (batch := await self._next()) is not None:
            self._in_flight[batch.id] = monotonic()
            tasks.create_task(self._send(batch, self._turns.try_take()), name=f"batch {batch.id}")

    async def _next(self) -> Batch | None:
        """The next batch when it may go; None once the lane is to stop."""
        while True:
            self._wake.clear()
            if self._handed:
                return self._handed.pop(0)
            if self._draining.is_set():
                return None
            if len(self._in_flight) >= self._limit:
                await self._sleep(None)
            elif not self._has_to_ask:
                await self._sleep(None if self._ask_at is None else self._ask_at - monotonic())
            elif (wait_s := self._turns.wait_s) > 0:
                await self._sleep(wait_s)
            elif (batch := await self._lease()) is not None:
                return batch

    async def _sleep(self, most_s: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if most_s == math.inf else most_s):
                await self._wake.wait()

    async def _lease(self) -> Batch | None:
        wakes = self._wakes
        outbox, fit = self._shared.outbox, self.destination.fit
        lease = await insist(lambda: outbox.lease(self.name, fit, self._terms), self.name, self._draining)
        self.expire(lease.expired)
        self._wait_for(-lease.batch.count if lease.batch is not None else 0)
        self._ask_at = self._asks_at(lease)
        if lease.batch is None and wakes == self._wakes:
            self._may_be_queued = False
        return lease.batch

    def _asks_at(self, lease: Lease) -> float | None:
        if lease.again_ns is None:
            return None
        sleep_s = (lease.again_ns - self._shared.now_ns()) / 1e9
        return monotonic() + min(max(sleep_s, SHORTEST_SLEEP_S), LONGEST_SLEEP_S)

    @property
    def _has_to_ask(self) -> bool:
        return self._may_be_queued or (self._ask_at is not None and monotonic() >= self._ask_at)

    @property
    def _is_open(self) -> bool:
        hours = self._terms.hours
        return hours is None or closed_until(hours, self._shared.now_ns()) is None

    async def _send(self, batch: Batch, turn: Turn | None) -> None:
        try:
            await self._guarded(self._sending.deliver(batch, turn))
        finally:
            del self._in_flight[batch.id]
            self._wake.set()

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except StoreError:  # raised only once the lane is to stop
            log.error("delivery.stopped_unrecorded", destination=self.name)  # noqa: TRY400 - told before, no bug

    def _requeued(self, count: int) -> int:
        if count:
            self._wait_for(count)
            self._may_be_queued = True
        return self.waiting

    def _wait_for(self, change: int) -> None:
        self.waiting += change
        if person_at(self.name) is None:  # all people share one label
            self._shared.metrics.queue_depth.labels(self.name).set(self.waiting)

    def _keys(self) -> Keys:
        """The buckets of the next message; an admin's own pace replaces the documented rates, not the server's word."""
        keys = self.destination.buckets
        if self._options.rates is None:
            return keys
        own = f"{self.name}:pace"
        return {**dict.fromkeys(keys, ()), own: self._options.rates}

    @property
    def _limit(self) -> int:
        is_slow = any(monotonic() - went > PATIENCE_S for went in self._in_flight.values())
        return 1 if self._sending.failures or self.parked or is_slow else MOST_IN_FLIGHT
