"""When buckets let the next message go, as `bot.engine.pace` reckons it where every answer takes `ANSWER_S`."""

from collections import defaultdict
from typing import Final

from bot.engine.pace import LATEST_ARRIVAL_S, TRAVEL_SHARE, Keys

ANSWER_S: Final = 0.1
"""What a platform takes to answer: Discord and Slack take 60 to 150 ms."""
SECOND_NS: Final = 10**9


class Windows:
    """All buckets by key, shared by the destinations that name them. Moments are unix nanoseconds."""

    def __init__(self) -> None:
        self._sent: dict[str, list[int]] = defaultdict(list)
        """When messages went, in order."""

    def ready_ns(self, keys: Keys) -> int:
        """The earliest moment for the next message; it may be past."""
        ready_ns = 0
        for key, rates in keys.items():
            sent = self._sent[key]
            for rate in rates:
                if len(sent) >= rate.count:
                    counted_s = min(ANSWER_S, TRAVEL_SHARE * rate.window_s, LATEST_ARRIVAL_S)
                    ready_ns = max(ready_ns, sent[-rate.count] + round((rate.window_s + counted_s) * SECOND_NS))
        return ready_ns

    def take(self, keys: Keys, now_ns: int) -> None:
        """A message goes now."""
        for key in keys:
            self._sent[key].append(now_ns)
