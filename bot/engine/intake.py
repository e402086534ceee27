"""Intake: print to committed. Matching happens at once, in the provider's own read; the store is waited for here.

A slow disk never slows the feed: matches gather in a bounded queue and go into the next transaction together.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from bot.engine.decision import backoff_s
from bot.engine.matching import Matching
from bot.engine.metrics import Metrics, rule_label
from bot.engine.quarantine import Quarantine
from bot.engine.recent import Recent
from bot.model.errors import StoreError
from bot.model.matches import Match
from bot.model.ports import Commit, Frame, Judge, Outbox, Record, Target
from bot.model.prints import Print

log = structlog.get_logger()

LARGEST_GROUP = 1000
"""Matches in one transaction: bounds how long the first of a burst waits (about 50 ms)."""
FULL = 10_000
"""Matches that wait for the store before providers are asked to hold their sockets."""
OVERFULL = 50_000
"""Matches that wait before new ones are dropped, counted: only a store that has been broken for long gets here."""

LATELY = 1000
"""Matched prints whose identity is kept: the other leg of an order comes within a moment of the first."""

Change = Callable[[Print], Awaitable[Commit]]
"""What the store is to do about a print whose match is durable: take it back, or tell more of it."""


class Intake:
    """See `bot.model.ports.Intake`."""

    def __init__(
        self,
        matching: Matching,
        judge: Judge,
        outbox: Outbox,
        metrics: Metrics,
        quarantine: Quarantine,
        *,
        remember: Callable[[Print], None],
        targets: Callable[[], dict[str, Target]],
        committed: Callable[[Commit], None],
        complete: Callable[[Print], Print] | None = None,
        pair: Callable[[Print], tuple[Print, tuple[Print, ...]]] | None = None,
        record: Record | None = None,
    ) -> None:
        self._matching = matching
        self._judge = judge
        self._outbox = outbox
        self._metrics = metrics
        self._quarantine = quarantine
        self.remember = remember
        self._targets = targets
        self._committed = committed
        self._recent = Recent()
        self.complete = complete
        self._pair = pair
        self.record = record
        self.last_print_ns: dict[str, int] = {}
        """By provider: when its newest print was received, unix nanoseconds."""
        self._waiting: deque[Match] = deque()
        self._lately: dict[bytes, None] = {}
        """Identities of the prints that matched last, the oldest first."""
        self._changes: deque[tuple[int, Change, Print]] = deque()
        """Each with how many matches came before it."""
        self._changes_asked = 0
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
        if self.complete is not None:
            found = self.complete(found)
        if self._pair is not None:
            found, others = self._pair(found)
            for other in others:
                if other.identity in self._lately:
                    self._change(self._outbox.amend, other)
        self.last_print_ns[found.provider] = found.received_ns
        if self._recent.is_repeat(found):
            metrics.repeats[found.provider] += 1
        else:
            metrics.prints[found.provider] += 1
            self.remember(found)
        match = self._matching.match(found)
        if match is not None:
            self.matched += 1
            self._line_up(match)

    def reject(self, provider: str, reason: str, detail: str, raw: Frame) -> None:
        self._metrics.rejected.labels(provider, reason).inc()
        self._quarantine.add(provider, reason, detail, raw)

    def cancel(self, found: Print) -> None:
        self._matching.forget(found)
        self._change(self._outbox.cancel, found)

    async def settled(self) -> None:
        lined_up, changes = self._lined_up, self._changes_asked
        async with self._progress:
            await self._progress.wait_for(
                lambda: self._durable >= lined_up and self._changes_asked - len(self._changes) >= changes
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
            if self._changes and self._changes[0][0] <= self._durable:
                has_done = await self._carry_out()
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
            self._metrics.matches.labels(rule_label(route.rule)).inc()
            self._metrics.today.matched(route.rule)
        if len(self._waiting) >= OVERFULL:
            for route in match.routes:
                self._metrics.suppressed.labels(rule_label(route.rule), "overflow").inc()
            return
        self._waiting.append(match)
        self._lined_up += 1
        if self._pair is not None:
            self._lately[match.print.identity] = None
            if len(self._lately) > LATELY:
                del self._lately[next(iter(self._lately))]
        self._arrived.set()

    def _change(self, change: Change, found: Print) -> None:
        self._changes.append((self._lined_up, change, found))
        self._changes_asked += 1
        self._arrived.set()

    async def _commit(self, group: list[Match]) -> bool:
        """Whether the store took the group; else it is back in line."""
        commit = await self._store(lambda: self._outbox.commit(group, self._judge, self._targets()))
        if commit is None:
            self._waiting.extendleft(reversed(group))
            return False
        self.alerted += len(commit.alerts)
        self._metrics.alerts.inc(len(commit.alerts))
        self._metrics.today.committed(commit)
        for (rule, reason), count in commit.suppressed.items():
            self._metrics.suppressed.labels(rule_label(rule), reason).inc(count)
        async with self._progress:
            self._durable += len(group)
            self._progress.notify_all()
        return True

    async def _carry_out(self) -> bool:
        """Whether the store made the change that is first in line."""
        _, change, found = self._changes[0]
        if await self._store(lambda: change(found)) is None:
            return False
        async with self._progress:
            self._changes.popleft()
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
