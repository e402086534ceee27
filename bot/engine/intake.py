"""Intake: print to committed. Matching happens at once, in the provider's own read; the store is waited for here.

A slow disk never slows the feed: matches gather in a bounded queue and go into the next transaction together.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from bot.engine.decision import backoff_s
from bot.engine.metrics import Metrics
from bot.engine.quarantine import Quarantine
from bot.engine.recent import Recent
from bot.model.errors import StoreError
from bot.model.matches import Match, Route
from bot.model.ports import Commit, Frame, Judge, Outbox, Target
from bot.model.prints import Print

log = structlog.get_logger()

LARGEST_GROUP = 1000
"""Matches in one transaction: bounds how long the first of a burst waits (about 50 ms)."""
FULL = 10_000
"""Matches that wait for the store before providers are asked to hold their sockets."""
OVERFULL = 50_000
"""Matches that wait before new ones are dropped, counted: only a store that has been broken for long gets here."""

Matcher = Callable[[Print], Sequence[Route]]


class Intake:
    """See `bot.model.ports.Intake`."""

    def __init__(
        self,
        match: Matcher,
        judge: Judge,
        outbox: Outbox,
        metrics: Metrics,
        quarantine: Quarantine,
        *,
        remember: Callable[[Print], None],
        targets: Callable[[], dict[str, Target]],
        committed: Callable[[Commit], None],
    ) -> None:
        self._match = match
        self._judge = judge
        self._outbox = outbox
        self._metrics = metrics
        self._quarantine = quarantine
        self._remember = remember
        self._targets = targets
        self._committed = committed
        self._recent = Recent()
        self._waiting: deque[Match] = deque()
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_closing = False
        self._failures = 0
        self.matched = 0
        """Prints that at least one rule matched."""
        self.alerted = 0
        """Alerts made durable."""

    # --- what providers call ---

    def accept(self, found: Print) -> None:
        """Match one print and put it in line for its verdict."""
        metrics = self._metrics
        if self._recent.is_repeat(found):
            metrics.repeats[found.provider] += 1
        else:
            metrics.prints[found.provider] += 1
            self._remember(found)
        routes = self._match(found)
        if routes:
            self.matched += 1
            self._line_up(Match(found, tuple(routes)))

    def reject(self, provider: str, reason: str, detail: str, raw: Frame) -> None:
        self._metrics.rejected.labels(provider, reason).inc()
        self._quarantine.add(provider, reason, detail, raw)

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= FULL

    async def room(self) -> None:
        self._has_room.clear()
        if self.is_full:
            await self._has_room.wait()

    # --- what the engine runs ---

    @property
    def depth(self) -> int:
        """Matches that wait for the store."""
        return len(self._waiting)

    @property
    def is_healthy(self) -> bool:
        """The store took the last transaction."""
        return self._failures == 0

    async def run(self) -> None:
        """Commit what arrives until `close`, and then the rest."""
        while True:
            if not self._waiting:
                if self._is_closing:
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_GROUP))]
            if not await self._commit(group) and self._is_closing:
                log.error("intake.stopped_uncommitted", matches=len(self._waiting))
                return
            if not self.is_full:
                self._has_room.set()

    def close(self) -> None:
        """No more prints come: `run` commits what waits and returns."""
        self._is_closing = True
        self._arrived.set()

    def _line_up(self, match: Match) -> None:
        for route in match.routes:
            self._metrics.matches.labels(route.rule).inc()
        if len(self._waiting) >= OVERFULL:
            for route in match.routes:
                self._metrics.suppressed.labels(route.rule, "overflow").inc()
            return
        self._waiting.append(match)
        self._arrived.set()

    async def _commit(self, group: list[Match]) -> bool:
        """Whether the store took the group; else it is back in line, after a pause."""
        try:
            commit = await self._outbox.commit(group, self._judge, self._targets())
        except StoreError as error:
            self._waiting.extendleft(reversed(group))
            log.error("intake.store_failed", reason=str(error), waiting=len(self._waiting))  # noqa: TRY400 - no bug
            if not self._is_closing:
                await asyncio.sleep(backoff_s(self._failures, jitter=0.5))
            self._failures += 1
            return False
        self._failures = 0
        self.alerted += len(commit.alerts)
        self._metrics.alerts.inc(len(commit.alerts))
        for (rule, reason), count in commit.suppressed.items():
            self._metrics.suppressed.labels(rule, reason).inc(count)
        self._committed(commit)
        return True
