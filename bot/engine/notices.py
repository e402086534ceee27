"""Words about flowbot itself and its feeds, to the admins or to a rule's destinations. They keep the pace like alerts,
but are not journaled: they may be lost."""

import asyncio
from collections.abc import Callable, Collection
from hashlib import blake2b

import structlog

from bot.engine.decision import backoff_s
from bot.engine.delivery import Delivery
from bot.engine.shared import Shared, Word
from bot.engine.turns import Turns
from bot.model.alerts import Batch
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
    """Tells what `Shared.tell` and `Shared.post` were given, where it is to be told and the place can be reached."""

    def __init__(self, shared: Shared, delivery: Delivery, notify: Callable[[], Collection[str]]) -> None:
        """`notify`: the names of the admins' destinations."""
        self._shared = shared
        self._delivery = delivery
        self._notify = notify

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            word = await self._shared.notices.get()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._tell(word)
            except TimeoutError:
                log.warning("notice.given_up", subject=word.subject, reason=f"it took longer than {PATIENCE_S:.0f} s")
            except StoreError as error:
                log.warning("notice.given_up", subject=word.subject, reason=str(error))

    async def _tell(self, word: Word) -> None:
        wanted = self._wanted(word)
        reachable = self._reachable(wanted, word.subject)
        if wanted and not reachable:
            log.warning("notice.unreachable", subject=word.subject, title=word.notice.title)
        if not reachable:
            return
        if word.send_to is None and not await self._shared.outbox.may_tell(word.subject, TOLD_EVERY_S):
            return
        frozen_ns = self._shared.now_ns()
        async with asyncio.TaskGroup() as tasks:
            for destination in reachable:
                mark = blake2b(f"{word.subject} {destination.name} {frozen_ns}".encode(), digest_size=12).hexdigest()
                batch = Batch(mark, destination.name, (), frozen_ns, notice=word.notice)
                tasks.create_task(self._post(destination, batch), name=f"notice {destination.name}")

    def _wanted(self, word: Word) -> Collection[str]:
        """The admins are told whatever is muted: they must hear of trouble. A rule's destinations are not."""
        if word.send_to is None:
            return self._notify()
        wanted = [name for name in word.send_to if not self._shared.steering.is_held(name)]
        if len(wanted) < len(word.send_to):
            log.info("notice.muted", subject=word.subject, title=word.notice.title)
        return wanted

    def _reachable(self, wanted: Collection[str], subject: str) -> list[Destination]:
        return [
            lane.destination
            for name, lane in self._delivery.lanes.items()
            if name in wanted and subject != f"parked:{name}" and not lane.parked
        ]

    async def _post(self, destination: Destination, batch: Batch) -> None:
        turns = Turns(destination.platform, lambda: destination.buckets, self._shared)
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
