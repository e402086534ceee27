"""The New York market's clock: regular hours, holidays and half days. It is told the time, and never asks for it.

Closures follow the exchanges' standing rules (NYSE rule 7.2 and its yearly calendars, which Cboe's options hours
follow), so the clock needs no new table each year; closures that no rule foresees are listed.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
OPENS = time(9, 30)
CLOSES = time(16, 0)
CLOSES_EARLY = time(13, 0)

_SPECIAL_CLOSURES = frozenset(
    {
        date(2012, 10, 29),  # hurricane Sandy
        date(2012, 10, 30),
        date(2018, 12, 5),  # mourning for President George H. W. Bush
        date(2025, 1, 9),  # mourning for President Carter
    }
)

_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
_JUNETEENTH_SINCE = 2022


def new_york(moment: datetime) -> datetime:
    """The same moment in New York's time. Raises ValueError for a naive datetime, whose zone nobody knows."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; give an aware datetime, in UTC say")
    return moment.astimezone(NEW_YORK)


def session_date(moment: datetime) -> date:
    """The date in New York at `moment`; whether there is a session that day, `session_bounds` knows."""
    return new_york(moment).date()


def session_bounds(day: date) -> tuple[datetime, datetime] | None:
    """When regular trading begins and ends on that New York date, in UTC; None where the market is closed all day.

    Some index and ETF options trade 15 minutes longer, and SPX, XSP and VIX overnight; those are not regular hours.
    """
    if day.weekday() >= _SATURDAY or day in _holidays(day.year):
        return None
    closes = CLOSES_EARLY if day in _half_days(day.year) else CLOSES
    return _utc(day, OPENS), _utc(day, closes)


def is_open(now: datetime) -> bool:
    """Whether regular trading is on: from 09:30 until just before 16:00 (13:00 on half days) in New York."""
    bounds = _bounds(session_date(now))
    return bounds is not None and bounds[0] <= now < bounds[1]


_bounds = lru_cache(maxsize=16)(session_bounds)


def _utc(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    days = {
        _observed(date(year, 1, 1)),
        _nth(year, 1, _MONDAY, 3),  # Martin Luther King Jr.
        _nth(year, 2, _MONDAY, 3),  # Washington
        _easter(year) - timedelta(days=2),  # Good Friday
        _nth(year, 6, _MONDAY, 1) - timedelta(days=7),  # Memorial Day: the last Monday of May
        _observed(date(year, 7, 4)),
        _nth(year, 9, _MONDAY, 1),  # Labor Day
        _nth(year, 11, _THURSDAY, 4),  # Thanksgiving
        _observed(date(year, 12, 25)),
    }
    if year >= _JUNETEENTH_SINCE:
        days.add(_observed(date(year, 6, 19)))
    # A New Year's Day on a Saturday is not made up for: the Friday ends the accounting year (NYSE rule 7.2).
    return frozenset(day for day in days if day.year == year) | _SPECIAL_CLOSURES


@lru_cache(maxsize=64)
def _half_days(year: int) -> frozenset[date]:
    """Trading days that end at 13:00: before Independence Day and Christmas, and the Friday after Thanksgiving."""
    days = {date(year, 7, 3), date(year, 12, 24), _nth(year, 11, _THURSDAY, 4) + timedelta(days=1)}
    return frozenset(days)


def _observed(day: date) -> date:
    """A holiday on a Saturday is kept on the Friday before it, one on a Sunday on the Monday after."""
    return day + timedelta(days={_SATURDAY: -1, _SUNDAY: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (the "anonymous" computus, Nature 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
