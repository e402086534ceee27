"""What follows when somebody cannot be told: it is that person's own affair, or the platform's trouble with all of us.

The admins hear of the latter only.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

import structlog

from bot.destinations.direct import DirectMessages
from bot.engine.decision import LONGEST_PROBE_S, PROBE_S
from bot.engine.insist import insist
from bot.engine.personal_queue import Queue
from bot.engine.shared import Shared
from bot.engine.turns import monotonic
from bot.model.alerts import Notice
from bot.model.people import DM, person_at
from bot.model.steering import Mute

log = structlog.get_logger()


class Refusals:
    """Keeps those quiet who take no messages, and has everybody else wait."""

    def __init__(
        self,
        shared: Shared,
        mute: Callable[[Mute], Awaitable[None]],
        shut: Callable[[str, str], Awaitable[int]],
        stopping: asyncio.Event,
    ) -> None:
        """`shut` ends everything for a destination, for a reason; how many deliveries."""
        self._shared = shared
        self._mute = mute
        self._shut = shut
        self._stopping = stopping
        self._in_a_row: dict[str, int] = defaultdict(int)
        """By destination, where nobody knows whose fault it is."""

    def end(self, destination: DirectMessages, queue: Queue) -> None:
        """Somebody on this platform was told."""
        self._in_a_row.pop(destination.name, None)
        if queue.is_refused:
            log.info("destination.unparked", destination=DM, platform=destination.platform)
        queue.accept()

    async def begin(self, destination: DirectMessages, reason: str, queue: Queue) -> None:
        """They refused us, in these words. Raises StoreError once all is to stop."""
        name, fault = destination.name, destination.fault
        if fault == "person":
            await self._close(name, reason)
        elif fault == "platform":
            queue.add(name)
            if queue.refuse(monotonic()):
                self._tell(destination.platform, reason)
        else:
            wait_s = min(PROBE_S * 2 ** min(self._in_a_row[name], 10), LONGEST_PROBE_S)
            self._in_a_row[name] += 1
            queue.add_later(name, monotonic() + wait_s)

    async def _close(self, name: str, reason: str) -> None:
        """They take no messages: nothing more is made for them until they ask for something again."""
        person, made_ns = person_at(name) or "", self._shared.now_ns()
        mute = Mute("closed", person, until_ns=None, by="flowbot", reason=reason, made_ns=made_ns)
        await insist(lambda: self._mute(mute), name, self._stopping)
        ended = await insist(lambda: self._shut(name, reason), name, self._stopping)
        self._in_a_row.pop(name, None)
        self._shared.metrics.today.settled("dead", ended)
        log.info("person.closed", destination=name, reason=reason, alerts=ended)

    def _tell(self, platform: str, reason: str) -> None:
        log.error("destination.parked", destination=DM, platform=platform, reason=reason)
        lines = (
            f"The platform says: {reason}",
            "Personal alerts wait.",
            f"What to do: mend the {platform} bot: its scopes, then `flowbot reload`; its token, then restart flowbot.",
            f"Or flowbot finds out by itself: it tries again in {PROBE_S / 60:.0f} minutes, then ever less often.",
        )
        self._shared.tell(f"parked:{DM} {platform}", Notice(f"Direct messages on {platform} are refused", lines))
