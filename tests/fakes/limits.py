"""Rate limits as the fakes enforce them, on whatever clock they are given."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Window:
    """At most `limit` requests in any `length_s` seconds.

    Stricter than a window that begins anew as a whole, so that whoever keeps to this one keeps to either.
    """

    limit: int
    length_s: float
    _taken: deque[float] = field(default_factory=deque)

    def wait_s(self, now: float) -> float:
        """Seconds until one more is let through; 0: at once."""
        self._forget(now)
        return 0.0 if len(self._taken) < self.limit else self._taken[0] + self.length_s - now

    def take(self, now: float) -> None:
        self._taken.append(now)

    def remaining(self, now: float) -> int:
        self._forget(now)
        return self.limit - len(self._taken)

    def reset_after_s(self, now: float) -> float:
        """Seconds until one more than now is free."""
        self._forget(now)
        return self._taken[0] + self.length_s - now if self._taken else 0.0

    def _forget(self, now: float) -> None:
        while self._taken and now - self._taken[0] >= self.length_s:
            self._taken.popleft()


@dataclass(slots=True)
class Tokens:
    """One a second, after a burst of `burst`; a burst of 1 is the strict reading."""

    burst: int
    left: float
    at: float

    def wait_s(self, now: float) -> float:
        """Take one: 0. Otherwise the seconds until one is there."""
        self.left = min(float(self.burst), self.left + now - self.at)
        self.at = now
        if self.left < 1:
            return 1 - self.left
        self.left -= 1
        return 0.0
