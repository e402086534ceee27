"""What the store remembers of one feed: how far it was heard, its gaps, its requests. A store that refuses never stops
the feed."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, TypeVar

import msgspec
import structlog

from bot.model.errors import StoreError
from bot.model.feeds import Gap, Ledger
from bot.model.ports import ProviderStatus
from bot.model.secret import Secret
from bot.providers.budget import Budget
from bot.providers.hours import in_session

log = structlog.get_logger()

PATIENCE_S: Final = 5.0
BEING_FETCHED: Final = "being fetched"
"""The reason of a gap about which there is no word yet."""

IS_CUT: Final = "not wholly: the vendor's list does not reach that far"

T = TypeVar("T")


class FeedRecords:
    """One feed's part of the ledger, and of its status."""

    def __init__(self, name: str, key: Secret, ledger: Ledger, status: ProviderStatus) -> None:
        self._name = name
        self._account = account_of(key)
        self._ledger = ledger
        self._status = status
        self._is_first = False
        """The next gap began in an earlier run."""

    async def heard_until(self) -> int | None:
        """When an earlier run last heard the feed, unix nanoseconds; None: nobody knows."""
        heard_ns = await self._asked(self._ledger.heard_until(self._name), None)
        self._is_first = heard_ns is not None
        return heard_ns

    async def unfinished(self, since_ns: int) -> list[Gap]:
        """Gaps that an earlier run left while their prints were being fetched."""
        gaps = await self._asked(self._ledger.gaps(since_ns), ())
        return [gap for gap in gaps if gap.provider == self._name and _is_unfinished(gap)]

    def gap(self, from_ns: int, to_ns: int) -> Gap | None:
        """The gap between; None: that is none. Of one since an earlier run the current session's part counts."""
        part: tuple[int, int] | None = (from_ns, to_ns)
        if self._is_first:
            self._is_first, part = False, in_session(from_ns, to_ns)
        return None if part is None or part[0] >= part[1] else Gap(self._name, *part, reason=BEING_FETCHED)

    async def open(self, gap: Gap) -> None:
        """Its prints are being fetched."""
        self._show(gap)
        await self._asked(self._ledger.note_gap(gap), None)

    async def settle(self, gap: Gap, recovered: int | None, reason: str) -> None:
        """What became of it."""
        gap = msgspec.structs.replace(gap, recovered=recovered, reason=reason)
        self._status.gaps["lost" if recovered is None else "recovered"] += 1
        self._show(gap)
        tell = log.warning if reason else log.info
        seconds = round((gap.to_ns - gap.from_ns) / 1e9, 1)
        tell("provider.gap", provider=self._name, seconds=seconds, recovered=recovered, reason=reason)
        await self._asked(self._ledger.note_gap(gap), None)

    async def used_today(self, now_ns: int) -> int:
        """Requests that the key has used on this day, UTC."""
        return await self._asked(self._ledger.spent(self._account, _day(now_ns / 1e9)), 0)

    async def note_used(self, budget: Budget, now_ns: int) -> None:
        """Remember what the key has used, and show what is left."""
        spent = budget.spent(now_ns / 1e9)
        self._status.budget = in_words(budget, now_ns)
        if spent.count:
            await self._asked(self._ledger.note_spent(self._account, _day(spent.ends_s - 1), spent.count), None)

    def _show(self, gap: Gap) -> None:
        shown = self._status.last_gap
        if shown is None or shown.to_ns <= gap.to_ns:
            self._status.last_gap = gap

    async def _asked(self, answer: Awaitable[T], otherwise: T) -> T:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await answer
        except (StoreError, TimeoutError) as error:
            log.warning("provider.ledger_failed", provider=self._name, reason=str(error) or "no answer")
            return otherwise


def account_of(key: Secret) -> str:
    """What names a key and does not hold it: nobody finds the key in a digest of it."""
    return blake2b(key.reveal().encode(), digest_size=8, person=b"flowbot account").hexdigest()


def in_words(budget: Budget, now_ns: int) -> str:
    """What is left of the key's requests; empty where nothing limits it."""
    standing = budget.standing(now_ns / 1e9)
    left = ((standing.day_left, "today"), (standing.minute_left, "this minute"))
    told = ", ".join(f"{count:,} {when}" for count, when in left if count is not None)
    return f"requests left: {told}" if told else ""


def _is_unfinished(gap: Gap) -> bool:
    return gap.recovered is None and gap.reason == BEING_FETCHED


def _day(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).date().isoformat()
