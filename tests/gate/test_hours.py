"""Active hours: New York's wall clock, whole weeks, windows past midnight, and the nights on which clocks change."""

from datetime import UTC, datetime, time

import pytest

from bot.gate.hours import closed_until
from bot.model.terms import ActiveHours

DAY = ActiveHours(time(9, 25), time(16, 15))
NIGHT = ActiveHours(time(18, 0), time(2, 30), days=frozenset({4, 5}))  # Friday and Saturday evenings
ALWAYS = ActiveHours(time(9, 0), time(9, 0), days=frozenset(range(7)))
SUNDAYS = ActiveHours(time(10, 0), time(11, 0), days=frozenset({6}))


def utc_ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


# New York is UTC-4 in July; 2026-07-16 is a Thursday.
@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        (DAY, "2026-07-16 16:00:00", None),
        (DAY, "2026-07-16 13:24:59", "2026-07-16 13:25:00"),
        (DAY, "2026-07-16 13:25:00", None),
        (DAY, "2026-07-16 20:14:59", None),
        (DAY, "2026-07-16 20:15:00", "2026-07-17 13:25:00"),  # the end is exclusive
        (DAY, "2026-07-17 20:15:00", "2026-07-20 13:25:00"),  # Friday evening: Monday
        (DAY, "2026-07-18 16:00:00", "2026-07-20 13:25:00"),
        (NIGHT, "2026-07-17 21:59:59", "2026-07-17 22:00:00"),
        (NIGHT, "2026-07-18 06:29:59", None),  # 02:29:59 on Saturday: Friday's window
        (NIGHT, "2026-07-18 06:30:00", "2026-07-18 22:00:00"),
        (NIGHT, "2026-07-19 05:00:00", None),  # 01:00 on Sunday: Saturday's window
        (NIGHT, "2026-07-20 05:00:00", "2026-07-24 22:00:00"),  # 01:00 on Monday: Sunday has none
        (NIGHT, "2026-07-17 05:00:00", "2026-07-17 22:00:00"),  # 01:00 on Friday: Thursday has none
        (ALWAYS, "2026-07-16 12:59:59", None),  # begins when it ends: round the clock
        (ALWAYS, "2026-07-16 13:00:00", None),
        (SUNDAYS, "2026-07-19 15:00:00", "2026-07-26 14:00:00"),  # a week on
        # Clocks go forward on 2026-03-08 and back on 2026-11-01: the opening keeps its wall time.
        (DAY, "2026-03-06 22:00:00", "2026-03-09 13:25:00"),
        (DAY, "2026-10-30 21:00:00", "2026-11-02 14:25:00"),
        # Saturday's window ends at 02:30 on a Sunday that has none: half an hour after 02:00 became 03:00.
        (NIGHT, "2026-03-08 07:29:59", None),
        (NIGHT, "2026-03-08 07:30:00", "2026-03-13 22:00:00"),
        # 02:30 on the Sunday on which clocks go back: 01:30 came twice, the window lasts an hour longer.
        (NIGHT, "2026-11-01 07:29:59", None),
        (NIGHT, "2026-11-01 07:30:00", "2026-11-06 23:00:00"),
    ],
)
def test_closed_until_the_next_window(hours: ActiveHours, now: str, opens: str | None) -> None:
    assert closed_until(hours, utc_ns(now)) == (None if opens is None else utc_ns(opens))


def test_the_last_nanosecond_before_the_opening_is_closed() -> None:
    opens_ns = utc_ns("2026-07-16 13:25:00")
    assert closed_until(DAY, opens_ns - 1) == opens_ns
