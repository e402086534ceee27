"""The breaker: too many refused requests, and a whole platform is left in peace for a while. Pure."""

from collections import defaultdict, deque

from bot.engine.pace import Answer
from bot.model.outcomes import DestinationDead, Retry

WINDOW_S = 600.0
INVALID_LIMIT = 1_000
"""Discord bans an address for 10,000 answers of 401, 403 or 429 within ten minutes ("Invalid Request Limit"),
whoever else posts from that address."""


def is_invalid(answer: Answer) -> bool:
    """Whether the platform counts this answer against us."""
    return isinstance(answer, DestinationDead) or (isinstance(answer, Retry) and answer.is_asked)


class Breaker:
    """Counts refused requests per platform; seconds are of one monotonic clock."""

    def __init__(self) -> None:
        self._refused: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=INVALID_LIMIT))
        self._tripped_at: dict[str, float] = {}

    def ready_at(self, platform: str, now: float) -> float:
        """The earliest moment for the next request to `platform`; `now` means at once."""
        refused = self._refused.get(platform)
        return now if refused is None or len(refused) < INVALID_LIMIT else max(now, refused[0] + WINDOW_S)

    def count(self, platform: str, now: float) -> bool:
        """Count one refused request; whether the breaker trips, and did not within the last window."""
        self._refused[platform].append(now)
        if self.ready_at(platform, now) <= now or now - self._tripped_at.get(platform, -WINDOW_S) < WINDOW_S:
            return False
        self._tripped_at[platform] = now
        return True
