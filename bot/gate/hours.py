"""`active_hours`: whether a destination is posted to now, and when it will be. New York's clock, told the time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.model.terms import ActiveHours

NEW_YORK = ZoneInfo("America/New_York")

_DAY = timedelta(days=1)
_WEEK = 8
"""Days from one opening to the next at most, both counted: a destination may have one day a week."""


def closed_until(hours: ActiveHours, now_ns: int) -> int | None:
    """When the next window opens, in unix nanoseconds; None within one.

    A window that goes on past midnight belongs to the day on which it begins. Where the clocks change, a window
    begins and ends by the wall clock, and a time that does not exist that night is the moment after the gap.
    `hours.days` must name a day, or nothing ever opens: ValueError.
    """
    today = datetime.fromtimestamp(now_ns // 10**9, UTC).astimezone(NEW_YORK).date()
    if any(begins <= now_ns < ends for begins, ends in (_window(hours, day) for day in _days(hours, today - _DAY, 2))):
        return None
    return min(begins for begins, _ in (_window(hours, day) for day in _days(hours, today, _WEEK)) if begins > now_ns)


def _days(hours: ActiveHours, first: date, count: int) -> list[date]:
    days = (first + n * _DAY for n in range(count))
    return [day for day in days if day.weekday() in hours.days]


def _window(hours: ActiveHours, day: date) -> tuple[int, int]:
    """The window that begins on `day`, in unix nanoseconds; the end is exclusive."""
    last = day if hours.begins < hours.ends else day + _DAY
    begins, ends = (
        datetime.combine(day, hours.begins, NEW_YORK),
        datetime.combine(last, hours.ends, NEW_YORK),
    )
    return int(begins.timestamp()) * 10**9, int(ends.timestamp()) * 10**9
