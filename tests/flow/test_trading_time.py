"""Time on the market's clock: evenings, weekends, holidays and half days count for nothing."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.flow.trading_time import MOST_DAYS, open_s, opened_ns

HOUR_S = 3600.0
DAY_S = 6.5 * HOUR_S


def at(text: str) -> int:
    """New York time as unix nanoseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York")).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("begins", "ends", "expected_s"),
    [
        ("2026-11-18 10:00", "2026-11-18 10:10", 600.0),
        ("2026-11-18 09:00", "2026-11-18 10:00", 1800.0),  # from the opening on
        ("2026-11-18 15:45", "2026-11-18 20:00", 900.0),  # until the close
        ("2026-11-18 15:45", "2026-11-19 09:45", 1800.0),  # over a night
        ("2026-11-20 15:30", "2026-11-23 10:00", 3600.0),  # over a weekend
        ("2026-11-25 15:30", "2026-11-27 13:30", 1800.0 + 3.5 * HOUR_S),  # Thanksgiving, and the half day after it
        ("2026-11-21 08:00", "2026-11-22 20:00", 0.0),  # a weekend
        ("2026-10-30 15:59", "2026-11-02 09:31", 120.0),  # the clocks go back between
        ("2026-11-18 10:10", "2026-11-18 10:00", 0.0),  # backwards
        ("2026-11-18 10:00", "2026-11-18 10:00", 0.0),
    ],
)
def test_only_regular_trading_counts(begins: str, ends: str, expected_s: float) -> None:
    assert open_s(at(begins), at(ends)) == expected_s


def test_parts_of_a_second_count() -> None:
    assert open_s(at("2026-11-18 10:00"), at("2026-11-18 10:00") + 1_500_000) == 0.0015


def test_of_years_the_last_days_count_and_it_takes_no_longer() -> None:
    """Forty days up to Wednesday, November 18, begin on October 10: 28 weekdays, none of them a holiday."""
    assert MOST_DAYS == 40
    assert open_s(0, at("2026-11-18 20:00")) == 28 * DAY_S


def test_when_the_market_opened() -> None:
    opening = at("2026-11-18 09:30")
    assert [opened_ns(at(f"2026-11-18 {time}")) for time in ("09:30", "15:59", "16:00")] == [opening, opening, None]
    assert opened_ns(opening - 1) is None
    assert opened_ns(at("2026-11-27 13:00")) is None, "a half day"
    assert opened_ns(at("2026-11-26 12:00")) is None, "Thanksgiving"
