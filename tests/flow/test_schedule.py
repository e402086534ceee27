"""When reports are due, against times written by hand from the exchanges' calendar of 2026 and New York's clocks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flow.market import new_york
from bot.flow.schedule import At, Schedule, due, due_between, next_due, parse_at

NOON = At(12 * 3600.0 + 1800.0)
"""12:30"""
SCAN = At(600.0, "open")
RECAP = At(300.0, "close")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12:30", NOON),
        (" 9:05 ", At(9 * 3600.0 + 300.0)),
        ("09:30:15", At(9 * 3600.0 + 1815.0)),
        ("open", At(0.0, "open")),
        ("close", At(0.0, "close")),
        ("open+10m", SCAN),
        ("close + 5m", RECAP),
        ("close-30m", At(-1800.0, "close")),
        ("close-1.5h", At(-5400.0, "close")),
        ("open-90s", At(-90.0, "open")),
        ("open+6h", At(21600.0, "open")),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, expected: At) -> None:
    """A time of New York's clock, or a bell with or without a time from it."""
    assert parse_at(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "noon", "24:00", "25:00", "12:60", "12", 45000, 12.5, None, "open+10", "open10m", "open+", "close+-5m",
        "opening", "open+6.1h", "close-7h", "open+1d", "12:30+5m", "open+10m close", "open+10ms",
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_words(text: object) -> None:
    """A number without a unit would be seconds to some and minutes to others."""
    with pytest.raises(ValueError, match=r"expected a (time in New York|moment)"):
        parse_at(text)


@pytest.mark.parametrize(
    ("at", "day", "expected"),
    [
        # A Thursday in July: New York is four hours behind UTC.
        (NOON, "2026-07-16", "2026-07-16 16:30"),
        (SCAN, "2026-07-16", "2026-07-16 13:40"),
        (RECAP, "2026-07-16", "2026-07-16 20:05"),
        (At(-1800.0, "open"), "2026-07-16", "2026-07-16 13:00"),
        # Winter time: five hours. The clocks go forward on Sunday 8 March, back on Sunday 1 November.
        (NOON, "2026-03-06", "2026-03-06 17:30"),
        (SCAN, "2026-03-06", "2026-03-06 14:40"),
        (NOON, "2026-03-09", "2026-03-09 16:30"),
        (SCAN, "2026-03-09", "2026-03-09 13:40"),
        (RECAP, "2026-10-30", "2026-10-30 20:05"),
        (RECAP, "2026-11-02", "2026-11-02 21:05"),
        # Half days: the close is at 13:00, a time of the clock is what it is.
        (RECAP, "2026-11-27", "2026-11-27 18:05"),
        (At(-1800.0, "close"), "2026-12-24", "2026-12-24 17:30"),
        (SCAN, "2026-11-27", "2026-11-27 14:40"),
        (At(15 * 3600.0), "2026-11-27", "2026-11-27 20:00"),
        # Late in the evening in New York it is another date in UTC.
        (At(21 * 3600.0), "2026-07-16", "2026-07-17 01:00"),
    ],
)
def test_it_is_due_by_new_yorks_clock_and_that_days_bells(at: At, day: str, expected: str) -> None:
    assert due(at, date.fromisoformat(day)) == utc(expected)


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-01", "2026-01-19", "2026-02-16", "2026-04-03", "2026-05-25", "2026-06-19", "2026-07-03",
        "2026-09-07", "2026-11-26", "2026-12-25", "2026-07-18", "2026-07-19",
    ],
)  # fmt: skip
def test_nothing_is_due_while_the_market_is_closed_all_day(day: str) -> None:
    """Holidays and weekends."""
    assert [due(at, date.fromisoformat(day)) for at in (NOON, SCAN, RECAP)] == [None, None, None]


def test_the_week_of_thanksgiving() -> None:
    """No report on the Thursday, an early one on the Friday."""
    week = due_between(Schedule((RECAP,)), utc("2026-11-22 00:00"), utc("2026-11-29 00:00"))
    assert [f"{new_york(moment):%a %H:%M}" for moment in week] == ["Mon 16:05", "Tue 16:05", "Wed 16:05", "Fri 13:05"]


def test_only_its_days_count() -> None:
    """Mondays and Wednesdays; and the Monday of Labor Day is none."""
    schedule = Schedule((At(15 * 3600.0),), frozenset({0, 2}))
    found = due_between(schedule, utc("2026-09-01 00:00"), utc("2026-09-15 00:00"))
    assert [f"{new_york(moment):%m-%d}" for moment in found] == ["09-02", "09-09", "09-14"]


def test_two_moments_that_fall_together_are_one() -> None:
    """15:30 is half an hour before the close, but on half days."""
    schedule = Schedule((At(-1800.0, "close"), At(15.5 * 3600)))
    assert due_between(schedule, utc("2026-11-25 00:00"), utc("2026-11-28 00:00")) == [
        utc("2026-11-25 20:30"),
        utc("2026-11-27 17:30"),
        utc("2026-11-27 20:30"),
    ]


def test_between_takes_in_the_end_and_not_the_beginning() -> None:
    """So that what was looked at once is not looked at again."""
    at = utc("2026-07-16 16:30")
    assert due_between(Schedule((NOON,)), at, at + timedelta(hours=1)) == []
    assert due_between(Schedule((NOON,)), at - timedelta(seconds=1), at) == [at]
    assert due_between(Schedule((NOON,)), at, at) == []


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-07-16 13:39:59", "2026-07-16 13:40"),
        ("2026-07-16 13:40:00", "2026-07-16 20:05"),
        ("2026-07-16 20:05:00", "2026-07-17 13:40"),
        ("2026-07-17 20:05:00", "2026-07-20 13:40"),  # over the weekend
        ("2026-11-25 21:05:00", "2026-11-27 14:40"),  # over Thanksgiving
        ("2026-03-06 21:05:00", "2026-03-09 13:40"),  # over the change of the clocks
    ],
)
def test_the_next_of_several(after: str, expected: str) -> None:
    assert next_due([Schedule((SCAN,)), Schedule((RECAP,))], utc(after)) == utc(expected)


def test_the_next_of_a_day_that_is_closed_two_weeks_running() -> None:
    """Christmas 2025 and New Year 2026 fall on Thursdays: it is looked for far enough."""
    assert next_due([Schedule((NOON,), frozenset({3}))], utc("2025-12-18 18:00")) == utc("2026-01-08 17:30")


def test_nothing_scheduled_is_never_due() -> None:
    assert next_due([], utc("2026-07-16 12:00")) is None
    assert next_due([Schedule((NOON,), frozenset())], utc("2026-07-16 12:00")) is None


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
ATS = st.one_of(
    st.builds(At, st.integers(0, 86_399).map(float)),
    st.builds(At, st.integers(-21_600, 21_600).map(float), st.sampled_from(["open", "close"])),
)
SCHEDULES = st.builds(
    Schedule, st.lists(ATS, min_size=1, max_size=3).map(tuple), st.frozensets(st.integers(0, 4), min_size=1)
)


@settings(max_examples=60, deadline=None)
@given(schedule=SCHEDULES, after=MOMENTS)
def test_the_next_is_the_first_of_what_is_due_after(schedule: Schedule, after: datetime) -> None:
    """Both ways of asking agree, and nothing is missed or told twice where a span is cut in two."""
    moment = next_due([schedule], after)
    assert moment is not None
    end = after + timedelta(days=12)
    whole = due_between(schedule, after, end)
    assert whole[:1] == ([moment] if moment <= end else [])
    assert whole == sorted(set(whole))
    middle = after + timedelta(days=5, hours=7)
    assert due_between(schedule, after, middle) + due_between(schedule, middle, end) == whole
