"""Delivery: one lane per destination takes batches from the outbox, keeps the pace, sends, and settles.

A lane knows nothing of the others: a platform that is down, slow or wrong holds up its own lane only.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from bot.engine.decision import Decision, OnUnknown, backoff_s, decide
from bot.engine.metrics import Metrics
from bot.engine.pace import Buckets
from bot.model.alerts import Batch
from bot.model.errors import StoreError
from bot.model.outcomes import DestinationDead, Outcome, Sent, Unknown
from bot.model.ports import Destination, Outbox, Rate

log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LaneOptions:
    """How one destination is served. `rates` None: the platform's own limits; () none at all."""

    on_unknown: OnUnknown = "resend"
    rates: tuple[Rate, ...] | None = None


MOST_IN_FLIGHT = 4
"""Messages on their way to one destination at a time, so that an alert need not wait for the answer to another's."""
PATIENCE_S = 0.5
"""A destination that fails, or is longer than this over an answer, gets one message at a time: were it to hang, each
one on its way would be in doubt."""


class Lane:
    """Serves one destination, a message at a time as its pace allows."""

    def __init__(
        self,
        destination: Destination,
        options: LaneOptions,
        outbox: Outbox,
        buckets: Buckets,
        metrics: Metrics,
        *,
        now_ns: Callable[[], int] = time.time_ns,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.destination = destination
        self.name = destination.name
        self.parked = ""
        """Why the destination is parked; empty while it is not."""
        self.last_sent_ns = 0
        self.waiting = 0
        """Deliveries that wait for their turn."""
        self._options = options
        self._outbox = outbox
        self._buckets = buckets
        self._metrics = metrics
        self._now_ns = now_ns
        self._jitter = jitter
        self._handed: list[Batch] = []
        self._may_be_queued = True
        self._wakes = 0
        self._in_flight: dict[str, float] = {}
        """Batch id -> when it went, by the loop's clock."""
        self._failures = 0
        """In a row, over batches: the platform's trouble, not the batch's."""
        self._hold_until = 0.0
        """By the loop's clock: the backoff after a failure."""
        self._wake = asyncio.Event()
        self._draining = asyncio.Event()

    # --- called by the engine, in the same event loop ---

    @property
    def is_idle(self) -> bool:
        """Nothing waits, and a message could go now."""
        is_free = not (self._handed or self._may_be_queued) and len(self._in_flight) < self._limit
        return is_free and self._wait_s() <= 0

    @property
    def is_quiet(self) -> bool:
        """Nothing more will be sent soon: nothing waits or is on its way, or the destination is parked."""
        return not (self._handed or self._may_be_queued or self._in_flight) or bool(self.parked)

    def hand(self, batch: Batch) -> None:
        """A batch that was frozen for this lane just now: send it next."""
        self._handed.append(batch)
        self._wake.set()

    def wake(self, queued: int) -> None:
        """So many deliveries were queued for this destination."""
        self._wait_for(queued)
        self._may_be_queued = True
        self._wakes += 1
        self._wake.set()

    def drain(self) -> None:
        """Finish what is on its way, begin nothing more."""
        self._draining.set()
        self._wake.set()

    async def run(self, interrupted: Sequence[Batch] = ()) -> None:
        """Serve until `drain`, what an earlier run left in the middle first."""
        async with asyncio.TaskGroup() as sending:
            for old in interrupted:
                await self._guarded(self._resume(old))
            while (batch := await self._next()) is not None:
                self._in_flight[batch.id] = self._monotonic()
                sending.create_task(self._send(batch, has_turn=self._take_turn()))

    # --- the lane's own ---

    async def _next(self) -> Batch | None:
        """The next batch when it may go; None once the lane is to stop."""
        while True:
            self._wake.clear()
            if self._handed:
                return self._handed.pop(0)
            if self._draining.is_set():
                return None
            wait_s = self._wait_s()
            if not self._may_be_queued or len(self._in_flight) >= self._limit:
                await self._wake.wait()
            elif wait_s > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._wake.wait()
            elif (batch := await self._lease()) is not None:
                return batch

    async def _lease(self) -> Batch | None:
        wakes = self._wakes
        batch = await self._store(lambda: self._outbox.lease(self.name, self.destination.fit))
        if batch is not None:
            self._wait_for(-len(batch.deliveries))
        elif wakes == self._wakes:
            self._may_be_queued = False
        return batch

    async def _send(self, batch: Batch, *, has_turn: bool) -> None:
        try:
            await self._guarded(self._deliver(batch, has_turn=has_turn, may_be_out=False))
        finally:
            del self._in_flight[batch.id]
            self._wake.set()

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except StoreError:  # raised only once the lane is to stop
            log.error("delivery.stopped_unrecorded", destination=self.name)  # noqa: TRY400 - told before, no bug

    async def _resume(self, batch: Batch) -> None:
        """Nobody knows whether this one went out before the last run ended."""
        outcome = Unknown("flowbot stopped before the answer was recorded")
        self._count(batch, outcome)
        if self._decide(batch, outcome).action == "settle":
            await self._settle(batch, outcome, is_final=True)
        else:
            await self._deliver(batch, has_turn=False, may_be_out=True)

    async def _deliver(self, batch: Batch, *, has_turn: bool, may_be_out: bool) -> None:
        """Send one batch. What surely did not go out returns to the queue; what may have, goes again as it is."""
        while has_turn or (may_be_out and await self._turn()):
            has_turn = False
            outcome = await self._attempt(batch)
            decision = self._decide(batch, outcome)
            self._park(outcome if decision.action == "park" else None)
            if decision.action == "settle":
                self._failures = 0
                await self._settle(batch, outcome, is_final=True)
                return
            if decision.action == "split":
                await self._requeue(batch, outcome, is_solo=True)
                return
            self._failures += decision.counts
            self._hold_until = self._monotonic() + decision.after_s
            may_be_out = may_be_out or isinstance(outcome, Unknown)
            if not may_be_out:
                await self._requeue(batch, outcome)
                return
            await self._settle(batch, outcome, is_final=False)
        if not may_be_out:  # else it stays journaled as sending, and the next start finds it
            await self._requeue(batch, None)

    async def _settle(self, batch: Batch, outcome: Outcome, *, is_final: bool) -> None:
        await self._store(lambda: self._outbox.settle(batch, outcome, is_final=is_final))

    async def _requeue(self, batch: Batch, outcome: Outcome | None, *, is_solo: bool = False) -> None:
        await self._store(lambda: self._outbox.requeue(batch, outcome, is_solo=is_solo))
        self._wait_for(len(batch.deliveries))
        self._may_be_queued = True

    def _wait_for(self, change: int) -> None:
        self.waiting += change
        self._metrics.queue_depth.labels(self.name).set(self.waiting)

    def _decide(self, batch: Batch, outcome: Outcome) -> Decision:
        return decide(
            outcome,
            failures=self._failures,
            alerts=len(batch.deliveries),
            age_s=(self._now_ns() - batch.frozen_ns) / 1e9,
            is_idempotent=self.destination.is_idempotent,
            on_unknown=self._options.on_unknown,
            jitter=self._jitter(),
        )

    async def _attempt(self, batch: Batch) -> Outcome:
        keys = self._keys()
        outcome = await self.destination.send(batch)
        self._buckets.learn(keys, outcome, self._monotonic())
        self._count(batch, outcome)
        return outcome

    def _count(self, batch: Batch, outcome: Outcome) -> None:
        kind = str(outcome.__struct_config__.tag)
        self._metrics.deliveries.labels(self.name, kind).inc(len(batch.deliveries))
        if isinstance(outcome, Sent):
            self.last_sent_ns = now_ns = self._now_ns()
            latency = self._metrics.latency.labels(self.name)
            for delivery in batch.deliveries:
                latency.observe((now_ns - delivery.alert.print.received_ns) / 1e9)
            log.info("delivery.sent", destination=self.name, batch=batch.id, alerts=len(batch.deliveries))
        else:
            log.warning("delivery.failed", outcome=kind, destination=self.name, batch=batch.id, reason=outcome.reason)

    def _park(self, refusal: Outcome | None) -> None:
        if isinstance(refusal, DestinationDead):
            if not self.parked:
                remedy = "mend the destination's URL, token, channel or permissions, then restart flowbot"
                log.error("destination.parked", destination=self.name, reason=refusal.reason, remedy=remedy)
            self.parked = refusal.reason
        elif self.parked:
            log.info("destination.unparked", destination=self.name)
            self.parked = ""
        self._metrics.parked.labels(self.name).set(bool(self.parked))

    def _keys(self) -> Mapping[str, tuple[Rate, ...]]:
        """The buckets of the next message; an admin's own pace replaces the documented rates, not the server's word."""
        keys = self.destination.buckets
        if self._options.rates is None:
            return keys
        own = f"{self.name}:pace"
        return {**dict.fromkeys(keys, ()), own: self._options.rates}

    @property
    def _limit(self) -> int:
        is_slow = any(self._monotonic() - went > PATIENCE_S for went in self._in_flight.values())
        return 1 if self._failures or self.parked or is_slow else MOST_IN_FLIGHT

    def _wait_s(self) -> float:
        """How long until the next message may go; 0 or less: at once."""
        now = self._monotonic()
        return max(self._hold_until, self._buckets.ready_at(self._keys(), now)) - now

    def _take_turn(self) -> bool:
        """Count a message against its buckets, if one may go now."""
        if self._wait_s() > 0:
            return False
        self._buckets.take(self._keys(), self._monotonic())
        return True

    async def _turn(self) -> bool:
        """Wait for a turn and take it; False once the lane is to stop."""
        while not self._draining.is_set():
            if self._take_turn():
                return True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wait_s()):
                    await self._draining.wait()
        return False

    async def _store(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it, however long the store is out of order: what was sent must be recorded before anything else."""
        failures = 0
        while True:
            try:
                return await work()
            except StoreError as error:
                log.error("delivery.store_failed", destination=self.name, reason=str(error))  # noqa: TRY400 - no bug
                if self._draining.is_set():
                    raise
                await asyncio.sleep(backoff_s(failures, self._jitter()))
                failures += 1

    @staticmethod
    def _monotonic() -> float:
        return asyncio.get_running_loop().time()
