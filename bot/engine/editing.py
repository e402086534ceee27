"""The editor: shows repeats in the messages that are there already, one edit at a time. One per lane.

An edit's content is absolute and the store always has the newest, so whatever waits or fails is simply asked anew.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from bot.engine.decision import decide_edit
from bot.engine.insist import insist
from bot.engine.shared import Shared
from bot.engine.turns import Turns, circle_of, monotonic
from bot.model.alerts import Edit
from bot.model.outcomes import EditOutcome, Gone, Sent
from bot.model.people import label
from bot.model.ports import Destination

log = structlog.get_logger()

EDIT_EVERY_S = 5.0
"""One message is edited no more often: what a flurry brings meanwhile is shown by one edit."""


class Editing:
    """Edits the messages of one destination."""

    def __init__(
        self,
        destination: Destination,
        shared: Shared,
        *,
        is_parked: Callable[[], bool],
        queued: Callable[[int], None],
    ) -> None:
        self._destination = destination
        self._name = destination.name
        self._shared = shared
        self._turns = Turns(circle_of(destination), lambda: destination.edit_buckets, shared)
        self._is_parked = is_parked
        self._queued = queued
        """Told how many deliveries are queued again, because their message is gone."""
        self._edited: dict[str, float] = {}
        """Message id -> when it was edited, by the loop's clock; the last few seconds only."""
        self._failures = 0
        """Of one message in a row: the store names it until it is settled."""
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()

    def wake(self) -> None:
        """A message has news, or the destination is no longer parked."""
        self._news.set()

    def stop(self) -> None:
        """Begin no edit any more: the news stay in the store."""
        self._stopping.set()
        self._turns.stop()
        self._news.set()

    async def run(self) -> None:
        """Edit until `stop`. The first question to the store finds what an earlier run left."""
        while await self._turns.ready():
            self._news.clear()
            edit = None if self._is_parked() else await self._next()
            if edit is None:
                await self._wait(None)
            elif (wait_s := self._edited.get(edit.posted.message_id, -EDIT_EVERY_S) + EDIT_EVERY_S - monotonic()) > 0:
                await self._wait(wait_s)
            else:
                await self._show(edit)

    async def _wait(self, most_s: float | None) -> None:
        """Wait for news where there is nothing to do; else for the moment, with one eye on the end."""
        event = self._news if most_s is None else self._stopping
        if not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(most_s):
                    await event.wait()

    async def _next(self) -> Edit | None:
        outbox = self._shared.outbox
        return await insist(lambda: outbox.next_edit(self._name), self._name, self._stopping)

    async def _show(self, edit: Edit) -> None:
        turn = self._turns.try_take()
        if turn is None:
            return
        outcome = await self._destination.edit(edit)
        self._turns.answered(turn, outcome)
        self._remember(edit.posted.message_id)
        decision = decide_edit(outcome, failures=self._failures, jitter=self._shared.jitter())
        self._count(edit, outcome, is_final=decision.action == "settle")
        if decision.action == "settle":
            self._failures = 0
            await self._settle(edit, outcome)
        else:
            self._failures += decision.counts
            self._turns.hold(decision.after_s)

    async def _settle(self, edit: Edit, outcome: EditOutcome) -> None:
        outbox = self._shared.outbox
        await insist(lambda: outbox.settle_edit(edit, outcome), self._name, self._stopping)
        if isinstance(outcome, Gone):
            self._queued(sum(delivery.repeats is not None for delivery in edit.batch.deliveries))

    def _remember(self, message_id: str) -> None:
        now = monotonic()
        self._edited = {known: at for known, at in self._edited.items() if now - at < EDIT_EVERY_S}
        self._edited[message_id] = now

    def _count(self, edit: Edit, outcome: EditOutcome, *, is_final: bool) -> None:
        kind = str(outcome.__struct_config__.tag)
        self._shared.metrics.edits.labels(label(self._name), kind).inc()
        facts = {"destination": self._name, "batch": edit.batch.id, "outcome": kind}
        if isinstance(outcome, Sent):
            log.info("edit.shown", **facts)
        else:
            log.warning("edit.given_up" if is_final else "edit.failed", reason=outcome.reason, **facts)
