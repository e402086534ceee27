"""How many requests a vendor still allows, a minute and a day: counted by us, corrected by its answers. Pure.

It is told the time, in unix seconds, and never asks for it; `Spent` is what is worth keeping over a restart.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

MINUTE_S: Final = 60
DAY_S: Final = 86_400
LONGEST_MINUTE_S: Final = 120
"""A reset that is nearer belongs to the minute's window, clocks that disagree included; any other to the day's."""
LONGEST_WINDOW_S: Final = 2 * DAY_S
"""A reset that is farther away is not believed."""


class Quota(msgspec.Struct, frozen=True):
    """Requests that a vendor allows; None: it names no number, and is obeyed when it refuses."""

    per_minute: int | None = None
    per_day: int | None = None


class Spent(msgspec.Struct, frozen=True):
    """The requests of one day, to be kept over restarts."""

    ends_s: float
    """When that day is over, in unix seconds: midnight UTC, unless the vendor's answers name another moment."""
    count: int
    quota: Quota
    """As last heard: it tells which plan the key is on."""


class Standing(msgspec.Struct, frozen=True):
    """What is left at a moment, for people and for whoever plans ahead; None: no such limit is known."""

    minute_left: int | None
    day_left: int | None
    day_ends_s: float
    ready_at_s: float
    """When the next request may go out, in unix seconds; not after that moment: at once."""


@dataclass(slots=True)
class _Window:
    """What the vendor last said of one of its windows."""

    left: int
    ends_s: float


class Budget:
    """One key's requests."""

    def __init__(self, tiers: tuple[Quota, ...] = (Quota(),), spent: Spent | None = None) -> None:
        """`tiers`: the vendor's plans, the smallest first, which holds until an answer tells another."""
        self._tiers = tiers
        self._quota = spent.quota if spent else tiers[0]
        self._count = spent.count if spent else 0
        self._ends_s = spent.ends_s if spent else 0.0
        self._sent: deque[float] = deque()
        self._minute: _Window | None = None
        self._rests_until_s = 0.0

    def ready_at(self, now_s: float) -> float:
        """When the next request may go out, in unix seconds; `now_s` where that is at once."""
        self._turn_over(now_s)
        ready_s = max(now_s, self._rests_until_s, self._minute_ready_at(now_s))
        per_day = self._quota.per_day
        if per_day is not None and self._count >= per_day:
            ready_s = max(ready_s, self._ends_s)
        return ready_s

    def take(self, now_s: float) -> None:
        """A request goes out."""
        self._turn_over(now_s)
        self._sent.append(now_s)
        self._count += 1
        if self._minute is not None:
            self._minute.left -= 1

    def heed(self, headers: Mapping[str, str], now_s: float) -> None:
        """What an answer says: X-RateLimit-Limit, -Remaining, -Reset (unix seconds; OptionWhales' documentation).

        The vendor does not say which window it tells of. Its sample (60, 58, a moment within the minute) is the
        minute's; a reset farther away is taken for the day's. Without a usable reset nothing is learned.
        """
        limit, left, ends = (_whole(headers.get(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining", "Reset"))
        if ends is None or not now_s < ends <= now_s + LONGEST_WINDOW_S:
            return
        self._turn_over(now_s)
        if ends - now_s <= LONGEST_MINUTE_S:
            self._heed_minute(limit, left, float(ends))
        else:
            self._heed_day(limit, left, float(ends))

    def rest_until(self, at_s: float) -> None:
        """The vendor asked for a wait."""
        self._rests_until_s = max(self._rests_until_s, at_s)

    def spent(self, now_s: float) -> Spent:
        """For the next run's `Budget`."""
        self._turn_over(now_s)
        return Spent(self._ends_s, self._count, self._quota)

    def standing(self, now_s: float) -> Standing:
        """What is left at that moment."""
        ready_s = self.ready_at(now_s)
        per_minute, per_day = self._quota.per_minute, self._quota.per_day
        told = [] if self._minute is None else [self._minute.left]
        counted = [] if per_minute is None else [per_minute - len(self._sent)]
        return Standing(
            minute_left=max(0, min(told + counted)) if told or counted else None,
            day_left=max(0, per_day - self._count) if per_day is not None else None,
            day_ends_s=self._ends_s,
            ready_at_s=ready_s,
        )

    def _minute_ready_at(self, now_s: float) -> float:
        """Any minute holds so many, until the vendor says when its minute ends: then a new one begins."""
        per_minute, told = self._quota.per_minute, self._minute
        if told is not None and told.left <= 0:
            return told.ends_s
        if per_minute is None or len(self._sent) < per_minute:
            return now_s
        ready_s = (self._sent[-per_minute] if per_minute else now_s) + MINUTE_S
        return ready_s if told is None else min(ready_s, told.ends_s)

    def _turn_over(self, now_s: float) -> None:
        """Forget the windows that are over."""
        if self._sent and self._sent[-1] > now_s:
            self._sent.clear()  # the clock was set back
        while self._sent and now_s - self._sent[0] >= MINUTE_S:
            self._sent.popleft()
        if self._minute is not None and now_s >= self._minute.ends_s:
            while self._sent and self._sent[0] < self._minute.ends_s:
                self._sent.popleft()  # they were of the vendor's minute that is over
            self._minute = None
        if now_s >= self._ends_s:
            self._count, self._ends_s = 0, (now_s // DAY_S + 1) * DAY_S

    def _heed_minute(self, limit: int | None, left: int | None, ends_s: float) -> None:
        if limit is not None and limit != self._quota.per_minute:
            same = (tier for tier in self._tiers if tier.per_minute == limit)
            self._quota = next(same, Quota(limit, self._quota.per_day))
        if left is None:
            return
        if self._minute is not None and self._minute.ends_s == ends_s:
            left = min(left, self._minute.left)  # an answer may come late, when more requests have gone out
        self._minute = _Window(left, ends_s)

    def _heed_day(self, limit: int | None, left: int | None, ends_s: float) -> None:
        self._ends_s = ends_s
        if limit is None:
            return
        same = (tier for tier in self._tiers if tier.per_day == limit)
        self._quota = next(same, Quota(self._quota.per_minute, limit))
        if left is not None:
            self._count = max(self._count, limit - left)


def _whole(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else None
