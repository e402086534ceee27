"""The market's clock, against calendars written by hand from the exchanges' announcements."""

from datetime import UTC, date, datetime, timedelta

import pytest
from holidays import financial_holidays

from bot.flow.market import is_open, new_york, session_bounds, session_date

CLOSED = {
    2014: ["01-01", "01-20", "02-17", "04-18", "05-26", "07-04", "09-01", "11-27", "12-25"],
    # Jan 9: the day of mourning for President Carter
    2025: ["01-01", "01-09", "01-20", "02-17", "04-18", "05-26", "06-19", "07-04", "09-01", "11-27", "12-25"],
    2026: ["01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25"],
    2027: ["01-01", "01-18", "02-15", "03-26", "05-31", "06-18", "07-05", "09-06", "11-25", "12-24"],
}
HALF_DAYS = {
    2014: ["07-03", "11-28", "12-24"],
    2025: ["07-03", "11-28", "12-24"],
    2026: ["11-27", "12-24"],
    2027: ["11-26"],
}


def weekdays(year: int) -> list[date]:
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(365))
    return [day for day in days if day.weekday() < 5]


@pytest.mark.parametrize("year", CLOSED)
def test_a_year_has_exactly_the_announced_closures_and_half_days(year: int) -> None:
    """Every weekday of the year is judged: closed, until 13:00, or until 16:00."""
    closed, half = [], []
    for day in weekdays(year):
        bounds = session_bounds(day)
        if bounds is None:
            closed.append(f"{day:%m-%d}")
            continue
        opens, closes = (f"{new_york(bound):%Y-%m-%d %H:%M}" for bound in bounds)
        assert opens == f"{day} 09:30"
        assert closes in (f"{day} 13:00", f"{day} 16:00")
        if closes.endswith("13:00"):
            half.append(f"{day:%m-%d}")
    assert closed == CLOSED[year]
    assert half == HALF_DAYS[year]


def test_twenty_years_agree_with_a_calendar_library() -> None:
    """Closures and half days of every weekday, as the `holidays` package knows the NYSE's, past and announced."""
    years = range(2015, 2036)
    closed = financial_holidays("NYSE", years=years)
    half = financial_holidays("NYSE", years=years, categories=("half_day",))
    for day in (day for year in years for day in weekdays(year)):
        bounds = session_bounds(day)
        assert (bounds is None) == (day in closed), day
        if bounds is not None:
            assert (new_york(bounds[1]).hour == 13) == (day in half), day


def test_weekends_have_no_session() -> None:
    """Saturday and Sunday are closed, whatever the year."""
    assert session_bounds(date(2026, 7, 18)) is None
    assert session_bounds(date(2026, 7, 19)) is None


def test_a_new_years_day_on_a_saturday_closes_no_friday() -> None:
    """Friday 31 December 2021 and 2027 were, and will be, full sessions."""
    assert session_bounds(date(2021, 12, 31)) is not None
    assert session_bounds(date(2027, 12, 31)) is not None


def test_juneteenth_before_2022_was_a_session() -> None:
    """The exchanges have kept it since 2022."""
    assert session_bounds(date(2014, 6, 19)) is not None


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2026-07-17 13:29:59", False),  # summer: New York is UTC-4
        ("2026-07-17 13:30:00", True),
        ("2026-07-17 19:59:59", True),
        ("2026-07-17 20:00:00", False),
        ("2026-01-05 14:29:59", False),  # winter: UTC-5
        ("2026-01-05 14:30:00", True),
        ("2026-01-05 20:59:59", True),
        ("2026-01-05 21:00:00", False),
        ("2026-03-06 13:45:00", False),  # the Friday before the clocks go forward on 8 March
        ("2026-03-09 13:45:00", True),  # and the Monday after
        ("2026-10-30 13:45:00", True),  # the Friday before they go back on 1 November
        ("2026-11-02 13:45:00", False),
        ("2026-11-02 14:45:00", True),
        ("2026-11-27 17:59:59", True),  # a half day ends at 13:00
        ("2026-11-27 18:00:00", False),
        ("2026-11-26 15:00:00", False),  # Thanksgiving
        ("2026-07-18 15:00:00", False),  # a Saturday
    ],
)
def test_the_market_is_open_in_regular_hours_only(utc: str, expected: bool) -> None:
    """The opening belongs to the session, the closing does not; summer time is New York's."""
    assert is_open(datetime.fromisoformat(utc).replace(tzinfo=UTC)) is expected


def test_bounds_are_utc_moments() -> None:
    """6 March 2026 is still winter time, 9 March is summer time: the same wall clock is an hour earlier in UTC."""
    assert session_bounds(date(2026, 3, 6)) == (
        datetime(2026, 3, 6, 14, 30, tzinfo=UTC),
        datetime(2026, 3, 6, 21, 0, tzinfo=UTC),
    )
    assert session_bounds(date(2026, 3, 9)) == (
        datetime(2026, 3, 9, 13, 30, tzinfo=UTC),
        datetime(2026, 3, 9, 20, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2026-07-17 03:59:59", date(2026, 7, 16)),  # 23:59:59 in New York
        ("2026-07-17 04:00:00", date(2026, 7, 17)),
        ("2026-01-06 04:59:59", date(2026, 1, 5)),
        ("2026-01-06 05:00:00", date(2026, 1, 6)),
    ],
)
def test_the_session_date_is_new_yorks(utc: str, expected: date) -> None:
    """A late evening in New York is already tomorrow in UTC."""
    assert session_date(datetime.fromisoformat(utc).replace(tzinfo=UTC)) == expected


def test_a_naive_time_is_refused() -> None:
    """Nobody knows which zone it is in."""
    with pytest.raises(ValueError, match="no time zone"):
        new_york(datetime(2026, 7, 17, 12, 0))  # noqa: DTZ001 - the very thing under test
