"""One batch from its turn to its end: sent, put back, split, or looked for and sent again. One per lane.

It knows what may have gone out, and never lets such a batch go anew without need.
"""

import asyncio
from collections.abc import Callable

import structlog

from bot.engine.decision import (
    LOOK_AFTER_S,
    Decision,
    OnUnknown,
    decide,
    decide_sight,
    is_recognised,
)
from bot.engine.insist import insist
from bot.engine.pace import Keys, Turn
from bot.engine.parking import Parking
from bot.engine.shared import Shared
from bot.engine.today import Settled
from bot.engine.turns import Turns, circle_of
from bot.model.alerts import Batch
from bot.model.outcomes import DestinationDead, Outcome, Sent, Sight, Unknown
from bot.model.people import label
from bot.model.ports import Destination

log = structlog.get_logger()


class Sending:
    """Sends to one destination; several batches may be on their way at a time."""

    def __init__(
        self,
        destination: Destination,
        shared: Shared,
        turns: Turns,
        parking: Parking,
        *,
        on_unknown: OnUnknown,
        stopping: asyncio.Event,
        waiting: Callable[[int], int],
        sent: Callable[[], None],
    ) -> None:
        self.failures = 0
        """In a row, over batches: the platform's trouble, not the batch's."""
        self.last_sent_ns = 0
        self._destination = destination
        self._name = destination.name
        self._label = label(destination.name)
        self._shared = shared
        self._turns = turns
        self._parking = parking
        self._looks = Turns(circle_of(destination), self._look_keys, shared)
        self._on_unknown = on_unknown
        self._stopping = stopping
        self._waiting = waiting
        """Takes how many deliveries more wait in the queue, and says how many that makes."""
        self._sent = sent
        """Told after each message that is recorded: its alerts may have been repeated while it was on its way."""

    async def deliver(self, batch: Batch, turn: Turn | None) -> None:
        """Send one batch. What surely did not go out returns to the queue; what may have, goes again as it is."""
        if turn is None:
            await self._requeue(batch, None)
            return
        outcome = await self._attempt(batch, turn)
        if not await self._conclude(batch, outcome, may_be_out=isinstance(outcome, Unknown)):
            await self._clear_up(batch)

    async def resume(self, batch: Batch) -> None:
        """Nobody knows whether this one went out before the last run ended."""
        self._count(batch, Unknown("flowbot stopped before the answer was recorded"))
        self._looks.hold(LOOK_AFTER_S - self._age_s(batch))
        await self._clear_up(batch)

    def unpark(self) -> None:
        """Try again now, as if nothing had happened."""
        self.failures = 0
        self._parking.unpark()
        self._turns.release()

    def stop(self) -> None:
        """Begin nothing more; a batch in doubt stays journaled, and the next start finds it."""
        self._turns.stop()
        self._looks.stop()

    async def _clear_up(self, batch: Batch) -> None:
        """The batch may be out: find out, or send it again where that does no harm, until it is settled."""
        is_in_doubt = True
        looks = 0
        while await self._turns.ready():
            if is_in_doubt and not self._is_recognised(batch):
                sight = await self._look(batch)
                if sight is None:
                    return
                decision = decide_sight(sight, looks=looks, on_unknown=self._on_unknown, jitter=self._shared.jitter())
                if decision.action in ("settle", "drop"):
                    await self._end(batch, sight if isinstance(sight, Sent) else _unseen(sight))
                    return
                looks += decision.counts
                is_in_doubt = decision.action == "look"
                self._turns.hold(decision.after_s)
            elif (turn := self._turns.try_take()) is not None:
                outcome = await self._attempt(batch, turn)
                if await self._conclude(batch, outcome, may_be_out=True):
                    return
                if isinstance(outcome, Unknown):
                    is_in_doubt, looks = True, 0

    async def _attempt(self, batch: Batch, turn: Turn) -> Outcome:
        outcome = await self._destination.send(batch)
        self._turns.answered(turn, outcome)
        self._count(batch, outcome)
        return outcome

    async def _look(self, batch: Batch) -> Sight | None:
        """Look whether the batch is there; None where the lane is to stop."""
        turn = await self._looks.take()
        if turn is None:
            return None
        sight = await self._destination.find(batch)
        self._looks.answered(turn, sight)
        kind = str(sight.__struct_config__.tag)
        log.info("delivery.looked", destination=self._name, batch=batch.id, sight=kind)
        if isinstance(sight, Sent):
            self._shared.metrics.deliveries.labels(self._label, _told_as(batch)).inc(batch.count)
        return sight

    async def _conclude(self, batch: Batch, outcome: Outcome, *, may_be_out: bool) -> bool:
        """Do what follows from an attempt; False where the batch stays as it is, to be sent again."""
        decision = self._decide(batch, outcome)
        if isinstance(outcome, DestinationDead):
            self._parking.park(outcome.reason, waiting=self._waiting(0) + batch.count)
        else:
            self._parking.unpark()
        if isinstance(outcome, Unknown):
            self._looks.hold(LOOK_AFTER_S)
        if decision.action == "settle":
            await self._end(batch, outcome)
            return True
        if decision.action == "split":
            await self._requeue(batch, outcome, is_solo=True)
            return True
        self.failures += decision.counts
        self._turns.hold(decision.after_s)
        if not may_be_out:
            await self._requeue(batch, outcome)
            return True
        await self._settle(batch, outcome, is_final=False)
        return False

    async def _end(self, batch: Batch, outcome: Outcome) -> None:
        self.failures = 0
        await self._settle(batch, outcome, is_final=True)
        is_sent = isinstance(outcome, Sent)
        how: Settled = "dead" if not is_sent else "posted" if batch.digest is None else "digested"
        if batch.report is None:  # the day's counts are of alerts
            self._shared.metrics.today.settled(how, batch.count)
        if is_sent:
            self._sent()

    async def _settle(self, batch: Batch, outcome: Outcome, *, is_final: bool) -> None:
        outbox = self._shared.outbox
        await insist(lambda: outbox.settle(batch, outcome, is_final=is_final), self._name, self._stopping)

    async def _requeue(self, batch: Batch, outcome: Outcome | None, *, is_solo: bool = False) -> None:
        outbox = self._shared.outbox
        await insist(lambda: outbox.requeue(batch, outcome, is_solo=is_solo), self._name, self._stopping)
        self._waiting(batch.count)

    def _decide(self, batch: Batch, outcome: Outcome) -> Decision:
        return decide(
            outcome,
            failures=self.failures,
            alerts=len(batch.deliveries),
            is_recognised=self._is_recognised(batch),
            jitter=self._shared.jitter(),
        )

    def _is_recognised(self, batch: Batch) -> bool:
        return is_recognised(age_s=self._age_s(batch), is_idempotent=self._destination.is_idempotent)

    def _age_s(self, batch: Batch) -> float:
        return (self._shared.now_ns() - batch.frozen_ns) / 1e9

    def _look_keys(self) -> Keys:
        """A look is no post: it counts against what all requests share, not against the channel's own bucket."""
        own, *general = self._destination.buckets.items() or [("", ())]
        return {f"{own[0]}:look": (), **dict(general)}

    def _count(self, batch: Batch, outcome: Outcome) -> None:
        kind = _told_as(batch) if isinstance(outcome, Sent) else str(outcome.__struct_config__.tag)
        self._shared.metrics.deliveries.labels(self._label, kind).inc(batch.count)
        if not isinstance(outcome, Sent):
            log.warning("delivery.failed", outcome=kind, destination=self._name, batch=batch.id, reason=outcome.reason)
            return
        self.last_sent_ns = now_ns = self._shared.now_ns()
        latency = self._shared.metrics.latency.labels(self._label)
        for delivery in batch.deliveries:
            latency.observe((now_ns - delivery.alert.print.received_ns) / 1e9)
        log.info("delivery.sent", destination=self._name, batch=batch.id, alerts=batch.count, outcome=kind)


def _told_as(batch: Batch) -> str:
    return "sent" if batch.digest is None else "digested"


def _unseen(sight: Sight) -> Unknown:
    return Unknown(f"nobody could see whether it went out: {getattr(sight, 'reason', '')}")
