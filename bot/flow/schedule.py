"""When something that has a schedule is due: New York times and the market's bells, on trading days.

It is told the time, and never asks for it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from bot.config.units import parse_clock, parse_duration
from bot.flow.market import NEW_YORK, session_bounds, session_date

Bell = Literal["open", "close"]

FURTHEST_S: Final = 6 * 3600.0
"""From a bell: further away it would be another day's."""
MOST_DAYS: Final = 31
"""To the next time at most, for one that comes on any weekday at all: Christmas and New Year close two Thursdays."""
AT_PATTERN: Final = (
    r"^\s*(?:((?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)"
    r"|(open|close)\s*(?:([+-])\s*([0-9]+\.?[0-9]*\s*[smh]))?)\s*$"
)

_DAY = timedelta(days=1)
_AT = re.compile(AT_PATTERN)
_EXPECTED = 'expected a time in New York such as "12:30", or a bell such as open+10m, close or close-30m'


@dataclass(frozen=True, slots=True)
class At:
    """A moment of every trading day."""

    seconds: float
    """Since midnight by New York's clock; where there is a bell, after it, and before it where negative."""
    bell: Bell | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Some moments of some days."""

    at: tuple[At, ...]
    days: frozenset[int] = frozenset(range(5))
    """0 = Monday. Of these, the days on which the market opens count."""


def parse_at(text: object) -> At:
    """A moment as people write it: `12:30`, `open+10m`, `close`, `close-1.5h`. Raises ValueError."""
    found = _AT.match(text) if isinstance(text, str) else None
    if not found:
        raise ValueError(_EXPECTED)
    clock, bell, sign, by = found.groups()
    if clock:
        return At(parse_clock(clock))
    seconds = parse_duration(by) if by else 0.0
    if seconds > FURTHEST_S:
        raise ValueError(f"expected a moment at most {FURTHEST_S / 3600:.0f} hours from the bell")
    return At(-seconds if sign == "-" else seconds, "open" if bell == "open" else "close")


def due(at: At, day: date) -> datetime | None:
    """When that is on a New York date, in UTC; None where the market is closed all day.

    The bells are that day's own: on a half day `close` is 13:00. A time of the clock is that time, whether the market
    is open then or not.
    """
    bounds = session_bounds(day)
    if bounds is None:
        return None
    if at.bell is None:
        midnight = datetime.combine(day, time.min, NEW_YORK)
        return (midnight + timedelta(seconds=at.seconds)).astimezone(UTC)  # adds on the wall clock
    return bounds[at.bell == "close"] + timedelta(seconds=at.seconds)


def due_between(schedule: Schedule, after: datetime, until: datetime) -> list[datetime]:
    """Every moment that came after the one and not after the other, each once, in order."""
    return [moment for day in _days(after, until) for moment in _moments(schedule, day) if after < moment <= until]


def next_due(schedules: Iterable[Schedule], after: datetime) -> datetime | None:
    """The first moment of any of them that comes after this one; None within a month."""
    firsts = (_first(schedule, after) for schedule in schedules)
    return min((moment for moment in firsts if moment is not None), default=None)


def _first(schedule: Schedule, after: datetime) -> datetime | None:
    days = _days(after, after + MOST_DAYS * _DAY)
    return next((moment for day in days for moment in _moments(schedule, day) if moment > after), None)


def _moments(schedule: Schedule, day: date) -> list[datetime]:
    if day.weekday() not in schedule.days:
        return []
    return sorted({moment for at in schedule.at if (moment := due(at, day)) is not None})


def _days(first: datetime, last: datetime) -> Iterable[date]:
    day, end = session_date(first), session_date(last)
    while day <= end:
        yield day
        day += _DAY
