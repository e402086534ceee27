"""How long the New York market was open between two moments. Told both, it asks no clock."""

from datetime import date
from functools import lru_cache
from typing import Final

from bot.flow.market import session_bounds
from bot.flow.times import new_york_ordinal

MOST_DAYS: Final = 40
"""Of a longer time the last days alone count: nothing that is remembered reaches back so far."""

_NS_PER_S: Final = 1_000_000_000


def open_s(from_ns: int, to_ns: int) -> float:
    """Seconds of regular trading between two moments, unix nanoseconds; none where the second is not the later."""
    if to_ns <= from_ns:
        return 0.0
    last_day = new_york_ordinal(to_ns // _NS_PER_S)
    first_day = max(new_york_ordinal(from_ns // _NS_PER_S), last_day - MOST_DAYS + 1)
    open_ns = 0
    for day in range(first_day, last_day + 1):
        opens_ns, closes_ns = _session_ns(day)
        open_ns += max(0, min(to_ns, closes_ns) - max(from_ns, opens_ns))
    return open_ns / _NS_PER_S


def opened_ns(now_ns: int) -> int | None:
    """When regular trading began, unix nanoseconds, if it is on now; None while the market is closed."""
    opens_ns, closes_ns = _session_ns(new_york_ordinal(now_ns // _NS_PER_S))
    return opens_ns if opens_ns <= now_ns < closes_ns else None


@lru_cache(maxsize=2 * MOST_DAYS)
def _session_ns(day: int) -> tuple[int, int]:
    """From when to when there is regular trading on a day; of a day without any, an empty time."""
    bounds = session_bounds(date.fromordinal(day))
    if bounds is None:
        return 0, 0
    opens, closes = (int(bound.timestamp()) * _NS_PER_S for bound in bounds)
    return opens, closes
