"""Intake: print to committed. Matching happens at once, in the provider's own read; the store is waited for here.

A slow disk never slows the feed: matches gather in a bounded queue and go into the next transaction together.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from bot.engine.decision import backoff_s
from bot.engine.matching import Matching
from bot.engine.metrics import Metrics, rule_label
from bot.engine.quarantine import Quarantine
from bot.engine.recent import Recent
from bot.engine.twins import Twins
from bot.model.errors import StoreError
from bot.model.matches import Match
from bot.model.ports import Commit, Frame, Judge, Outbox, Record, Target
from bot.model.prints import Print
from bot.outbox.watchers import AT_ONCE

log = structlog.get_logger()

LARGEST_GROUP = 1000
"""Matches in one transaction: bounds how long the first of a burst waits (about 50 ms)."""
MOST_ROUTES = 2000
"""Rules that they fire together, for the same reason; a match of more goes alone."""
FULL = 10_000
"""Matches that wait for the store before providers are asked to hold their sockets."""
OVERFULL = 50_000
"""Matches that wait before new ones are dropped, counted: only a store that has been broken for long gets here."""

LATELY = 1000
"""Matched prints whose identity is kept: the other leg of an order comes within a moment of the first."""


class Store(Outbox, Protocol):
    """The store, as intake needs it."""

    async def tell_watchers(self, judge: Judge, targets: Mapping[str, Target]) -> Commit | None:
        """Judge some of those whom a commit left for later, because very many people watched for a print.

        None where nobody is left.
        """


Change = Callable[[Print], Awaitable[Commit]]
"""What the store is to do about a print whose match is durable: take it back, or tell more of it."""


class Intake:
    """See `bot.model.ports.Intake`."""

    def __init__(
        self,
        matching: Matching,
        judge: Judge,
        outbox: Store,
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
        self.twins: Twins | None = None
        """For several providers at once."""
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
        self._has_watchers = True
        """The store has, or may have, people who are still to be told: an earlier run may have left some."""
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
            if self.twins is None or not self.twins.is_twin(found):
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
        """Commit what arrives until `close`, and then the rest.

        Where very many people watched for a print, they have their turn after each group, some at a time, and the rest
        after the close is the next run's: it is all in the store.
        """
        is_peoples_turn = False
        while True:
            if self._changes and self._changes[0][0] <= self._durable:
                has_done = await self._carry_out()
            elif self._has_watchers and not self._is_closing and (is_peoples_turn or not self._waiting):
                is_peoples_turn = False
                has_done = await self._tell_watchers()
            elif self._waiting:
                is_peoples_turn = True
                has_done = await self._commit(self._group())
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
        by_label = Counter(rule_label(route.rule) for route in match.routes)
        for label, count in by_label.items():
            self._metrics.matches.labels(label).inc(count)
            self._metrics.today.matched(label, count)
        if len(self._waiting) >= OVERFULL:
            for label, count in by_label.items():
                self._metrics.suppressed.labels(label, "overflow").inc(count)
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

    def _group(self) -> list[Match]:
        """What goes into the next transaction."""
        group = [self._waiting.popleft()]
        routes = len(group[0].routes)
        while self._waiting and len(group) < LARGEST_GROUP:
            routes += len(self._waiting[0].routes)
            if routes > MOST_ROUTES:
                break
            group.append(self._waiting.popleft())
        return group

    async def _commit(self, group: list[Match]) -> bool:
        """Whether the store took the group; else it is back in line."""
        commit = await self._store(lambda: self._outbox.commit(group, self._judge, self._targets()))
        if commit is None:
            self._waiting.extendleft(reversed(group))
            return False
        self._has_watchers |= any(len(match.routes) > AT_ONCE for match in group)
        self._count(commit)
        async with self._progress:
            self._durable += len(group)
            self._progress.notify_all()
        return True

    async def _tell_watchers(self) -> bool:
        """Whether the store judged some of those who wait, or said that nobody does."""

        async def tell() -> Commit:
            commit = await self._outbox.tell_watchers(self._judge, self._targets())
            self._has_watchers = commit is not None
            return commit or Commit({}, (), (), {})

        commit = await self._store(tell)
        if commit is not None:
            self._count(commit)
        return commit is not None

    def _count(self, commit: Commit) -> None:
        self.alerted += len(commit.alerts)
        self._metrics.alerts.inc(len(commit.alerts))
        self._metrics.today.committed(commit)
        suppressed: Counter[tuple[str, str]] = Counter()
        for (rule, reason), count in commit.suppressed.items():
            suppressed[rule_label(rule), reason] += count
        for labels, count in suppressed.items():
            self._metrics.suppressed.labels(*labels).inc(count)

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
