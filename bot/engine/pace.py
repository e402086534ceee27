"""Pace: when a platform's rate limits let the next message go. Pure; seconds are of one monotonic clock."""

from collections import deque
from collections.abc import Iterable, Mapping

from bot.model.outcomes import Outcome, Retry, Sent
from bot.model.ports import Rate


class Bucket:
    """One platform bucket: the documented rates, and what the server's own answers added to them."""

    __slots__ = ("_not_before", "_sent", "rates")

    def __init__(self, rates: tuple[Rate, ...]) -> None:
        self.rates = rates
        self._sent: deque[float] = deque(maxlen=max((rate.count for rate in rates), default=1))
        self._not_before = 0.0

    def ready_at(self, now: float) -> float:
        """The earliest moment for the next message; in the past or `now` means at once."""
        ready = self._not_before
        for rate in self.rates:
            if len(self._sent) >= rate.count:
                ready = max(ready, self._sent[-rate.count] + rate.window_s)
        return max(ready, now)

    def take(self, now: float) -> None:
        self._sent.append(now)

    def hold(self, until: float) -> None:
        self._not_before = max(self._not_before, until)


class Buckets:
    """All buckets by key, shared by the destinations that name them."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def ready_at(self, keys: Mapping[str, tuple[Rate, ...]], now: float) -> float:
        """The earliest moment at which every one of these buckets lets a message go."""
        return max((self._of(key, rates).ready_at(now) for key, rates in keys.items()), default=now)

    def take(self, keys: Mapping[str, tuple[Rate, ...]], now: float) -> None:
        """A message goes now: it counts against all of them."""
        for key, rates in keys.items():
            self._of(key, rates).take(now)

    def learn(self, keys: Mapping[str, tuple[Rate, ...]], outcome: Outcome, now: float) -> None:
        """Obey what the answer said: a wait that was asked for, or a window in which nothing remains.

        The first key is the destination's own bucket, whose headers these are; only a global wait holds them all.
        """
        if isinstance(outcome, Retry) and outcome.is_asked:
            held = keys if outcome.is_global else list(keys)[:1]
            self._hold(held, now + (outcome.after_s or 1.0))
        if isinstance(outcome, Sent | Retry):
            pace = outcome.pace
            if pace.remaining == 0 and pace.reset_after_s is not None:
                self._hold(list(keys)[:1], now + pace.reset_after_s)

    def _hold(self, keys: Iterable[str], until: float) -> None:
        for key in keys:
            self._of(key, ()).hold(until)

    def _of(self, key: str, rates: tuple[Rate, ...]) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(rates)
        return bucket
