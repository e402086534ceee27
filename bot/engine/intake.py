"""Intake: print to committed. Matching happens at once, in the provider's own read; the store is waited for here.

A slow disk never slows the feed: matches gather in a bounded queue and go into the next transaction together.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.engine.decision import backoff_s
from bot.engine.metrics import Metrics
from bot.engine.quarantine import Quarantine
from bot.engine.recent import Recent
from bot.model.errors import StoreError
from bot.model.matches import Match, Route
from bot.model.ports import Commit, Frame, Judge, Outbox, Record, Target
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
        complete: Callable[[Print], Print] | None = None,
        record: Record | None = None,
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
        self._complete = complete
        self.record = record
        self._waiting: deque[Match] = deque()
        self._taken_back: deque[tuple[int, Print]] = deque()
        """Each with how many matches came before it."""
        self._takings_back = 0
        """Since start, whether carried out or not."""
        self._lined_up = 0
        """Matches since start."""
        self._durable = 0
        """Of them, in order."""
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._progress = asyncio.Condition()
        self._is_closing = False
        self._failures = 0
        self._is_failing = False
        self.matched = 0
        """Prints that at least one rule matched."""
        self.alerted = 0
        """Alerts made durable."""

    # --- what providers call ---

    def accept(self, found: Print) -> None:
        """Match one print and put it in line for its verdict."""
        metrics = self._metrics
        if self._complete is not None:
            found = self._complete(found)
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

    def cancel(self, found: Print) -> None:
        self._taken_back.append((self._lined_up, found))
        self._takings_back += 1
        self._arrived.set()

    async def settled(self) -> None:
        lined_up, taken_back = self._lined_up, self._takings_back
        async with self._progress:
            await self._progress.wait_for(
                lambda: self._durable >= lined_up and self._takings_back - len(self._taken_back) >= taken_back
            )

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
        return not self._is_failing

    async def run(self) -> None:
        """Commit what arrives until `close`, and then the rest."""
        while True:
            if self._taken_back and self._taken_back[0][0] <= self._durable:
                has_done = await self._cancel()
            elif self._waiting:
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_GROUP))]
                has_done = await self._commit(group)
            elif self._is_closing:
                return
            else:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            if not has_done and self._is_closing:
                log.error("intake.stopped_uncommitted", matches=len(self._waiting))
                return
            if not has_done:
                await asyncio.sleep(backoff_s(self._failures, jitter=0.5))
                self._failures += 1
            elif not self.is_full:
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
        self._lined_up += 1
        self._arrived.set()

    async def _commit(self, group: list[Match]) -> bool:
        """Whether the store took the group; else it is back in line."""
        commit = await self._store(lambda: self._outbox.commit(group, self._judge, self._targets()))
        if commit is None:
            self._waiting.extendleft(reversed(group))
            return False
        self.alerted += len(commit.alerts)
        self._metrics.alerts.inc(len(commit.alerts))
        for (rule, reason), count in commit.suppressed.items():
            self._metrics.suppressed.labels(rule, reason).inc(count)
        async with self._progress:
            self._durable += len(group)
            self._progress.notify_all()
        return True

    async def _cancel(self) -> bool:
        """Whether the store took back the trade that is first in line."""
        _, found = self._taken_back[0]
        if await self._store(lambda: self._outbox.cancel(found)) is None:
            return False
        async with self._progress:
            self._taken_back.popleft()
            self._progress.notify_all()
        return True

    async def _store(self, work: Callable[[], Awaitable[Commit]]) -> Commit | None:
        """What the store made durable, handed on; None where it could not."""
        try:
            commit = await work()
        except StoreError as error:
            log.error("intake.store_failed", reason=str(error), waiting=len(self._waiting))  # noqa: TRY400 - no bug
            self._is_failing = True
            return None
        self._failures, self._is_failing = 0, False
        self._committed(commit)
        return commit
