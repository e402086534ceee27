"""Pace: when a platform's rate limits let the next message go. Pure; seconds are of one monotonic clock."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from bot.model.outcomes import Outcome, Retry, Sent
from bot.model.ports import Rate


class Bucket:
    """When messages went against one platform bucket, and until when the server said to wait."""

    __slots__ = ("_not_before", "_sent")

    def __init__(self) -> None:
        self._sent: deque[float] = deque(maxlen=1)
        self._not_before = 0.0

    def ready_at(self, rates: tuple[Rate, ...], now: float) -> float:
        """The earliest moment for the next message; `now` means at once."""
        ready = max(self._not_before, now)
        for rate in rates:
            if len(self._sent) >= rate.count:
                ready = max(ready, self._sent[-rate.count] + rate.window_s)
        return ready

    def take(self, rates: tuple[Rate, ...], now: float) -> None:
        most = max((rate.count for rate in rates), default=1)
        if most > (self._sent.maxlen or 0):
            self._sent = deque(self._sent, maxlen=most)
        self._sent.append(now)

    def hold(self, until: float) -> None:
        self._not_before = max(self._not_before, until)


class Buckets:
    """All buckets by key, shared by the destinations that name them; each brings the rates that it has to keep."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = defaultdict(Bucket)

    def ready_at(self, keys: Mapping[str, tuple[Rate, ...]], now: float) -> float:
        """The earliest moment at which every one of these buckets lets a message go."""
        return max((self._buckets[key].ready_at(rates, now) for key, rates in keys.items()), default=now)

    def take(self, keys: Mapping[str, tuple[Rate, ...]], now: float) -> None:
        """A message goes now: it counts against all of them."""
        for key, rates in keys.items():
            self._buckets[key].take(rates, now)

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
            self._buckets[key].hold(until)
