"""Words to the admins about flowbot itself. They keep the pace like alerts, but are not journaled: they may be lost."""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import blake2b

import structlog

from bot.engine.decision import backoff_s
from bot.engine.shared import Shared
from bot.engine.turns import Turns
from bot.model.alerts import Batch, Notice
from bot.model.errors import StoreError
from bot.model.outcomes import Retry, Sent
from bot.model.ports import Destination

log = structlog.get_logger()

TOLD_EVERY_S = 3600.0
"""One subject is told no more often, over restarts too."""
MOST_TRIES = 5
PATIENCE_S = 120.0
"""One notice is tried no longer than this: the next may matter more."""


class Notices:
    """Tells what `Shared.tell` was given to every destination that is to be notified and can be reached."""

    def __init__(self, shared: Shared, destinations: Sequence[Destination], is_parked: Callable[[str], bool]) -> None:
        self._shared = shared
        self._destinations = [(destination, _turns(destination, shared)) for destination in destinations]
        self._is_parked = is_parked

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            subject, notice = await self._shared.notices.get()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._tell(subject, notice)
            except TimeoutError:
                log.warning("notice.given_up", subject=subject, reason=f"it took longer than {PATIENCE_S:.0f} s")
            except StoreError as error:
                log.warning("notice.given_up", subject=subject, reason=str(error))

    async def _tell(self, subject: str, notice: Notice) -> None:
        reachable = [
            (destination, turns)
            for destination, turns in self._destinations
            if subject != f"parked:{destination.name}" and not self._is_parked(destination.name)
        ]
        if not reachable or not await self._shared.outbox.may_tell(subject, TOLD_EVERY_S):
            return
        frozen_ns = self._shared.now_ns()
        async with asyncio.TaskGroup() as tasks:
            for destination, turns in reachable:
                mark = blake2b(f"{subject} {destination.name} {frozen_ns}".encode(), digest_size=12).hexdigest()
                batch = Batch(mark, destination.name, (), frozen_ns, notice=notice)
                tasks.create_task(self._post(destination, turns, batch), name=f"notice {destination.name}")

    async def _post(self, destination: Destination, turns: Turns, batch: Batch) -> None:
        for failures in range(MOST_TRIES):
            turn = await turns.take()
            if turn is None:
                return
            outcome = await destination.send(batch)
            turns.answered(turn, outcome)
            if isinstance(outcome, Sent):
                log.info("notice.sent", destination=destination.name)
                return
            log.warning("notice.failed", destination=destination.name, reason=outcome.reason)
            if not isinstance(outcome, Retry):
                return  # an unknown one may have gone out, and nobody misses a notice that did not
            turns.hold(outcome.after_s or backoff_s(failures, self._shared.jitter()))
        log.warning("notice.given_up", destination=destination.name, reason=f"{MOST_TRIES} tries failed")


def _turns(destination: Destination, shared: Shared) -> Turns:
    return Turns(destination.platform, lambda: destination.buckets, shared)
