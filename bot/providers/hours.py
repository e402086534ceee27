"""Which trading hours a stretch of time touches, for gaps and for polls. Pure."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from bot.flow.market import session_bounds, session_date

AFTER_CLOSE_S: Final = 1_800.0
"""Some options trade until 16:15, and a delayed feed tells of them a quarter of an hour later."""
_DAY: Final = timedelta(days=1)
_MOST_DAYS: Final = 10
"""More than the market is ever closed in a row."""


def in_session(from_ns: int, to_ns: int) -> tuple[int, int] | None:
    """The part of a stretch that is within regular hours of the New York day on which it ends; None: there is none."""
    bounds = _bounds_ns(session_date(_utc(to_ns)))
    if bounds is None:
        return None
    begins, ends = max(from_ns, bounds[0]), min(to_ns, bounds[1])
    return (begins, ends) if begins < ends else None


def sessions_touched(from_ns: int, to_ns: int) -> tuple[date, ...]:
    """The days whose regular hours a stretch has a part of, oldest first; of a long one the last ten days count."""
    last = session_date(_utc(to_ns))
    first = max(session_date(_utc(from_ns)), last - _MOST_DAYS * _DAY)
    days = (first + number * _DAY for number in range((last - first).days + 1))
    return tuple(day for day in days if (b := _bounds_ns(day)) is not None and max(from_ns, b[0]) < min(to_ns, b[1]))


def polling_hours(now_s: float) -> tuple[float, float]:
    """When new prints are to be expected: the present or next such time, in unix seconds."""
    today = session_date(datetime.fromtimestamp(now_s, UTC))
    for number in range(_MOST_DAYS + 1):
        bounds = session_bounds(today + number * _DAY)
        if bounds is not None and now_s < (ends_s := bounds[1].timestamp() + AFTER_CLOSE_S):
            return bounds[0].timestamp(), ends_s
    raise AssertionError("the market is never closed for so long")


def _bounds_ns(day: date) -> tuple[int, int] | None:
    bounds = session_bounds(day)
    return None if bounds is None else (_ns(bounds[0]), _ns(bounds[1]))


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000


def _utc(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns / 1e9, UTC)
