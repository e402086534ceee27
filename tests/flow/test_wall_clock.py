"""The time of day that a clock in New York shows at a print's time, and whether the market is open then."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.market import is_open, new_york
from bot.flow.wall_clock import WallClock
from bot.model.errors import FrameError

CLOCK = WallClock()
HOUR = 3600.0


@pytest.mark.parametrize(
    ("utc", "shown", "session"),
    [
        ("2026-07-16 13:29:59.999", 9.5 * HOUR - 0.001, "extended"),
        ("2026-07-16 13:30:00", 9.5 * HOUR, "regular"),  # summer: four hours behind UTC
        ("2026-07-16 19:59:59.999999", 16 * HOUR - 0.000001, "regular"),
        ("2026-07-16 20:00:00", 16 * HOUR, "extended"),
        ("2026-07-17 03:59:59", 24 * HOUR - 1, "extended"),
        ("2026-07-17 04:00:00", 0.0, "extended"),  # midnight begins the next day
        ("2026-01-05 14:30:00", 9.5 * HOUR, "regular"),  # winter: five hours
        ("2026-11-27 17:59:59", 13 * HOUR - 1, "regular"),  # a half day
        ("2026-11-27 18:00:00", 13 * HOUR, "extended"),
        ("2026-11-26 15:00:00", 10 * HOUR, "extended"),  # Thanksgiving
        ("2026-07-18 15:00:00", 11 * HOUR, "extended"),  # a Saturday
        # 8 March 2026, 23 hours long: 02:00 is 03:00.
        ("2026-03-08 05:00:00", 0.0, "extended"),
        ("2026-03-08 06:59:59", 2 * HOUR - 1, "extended"),
        ("2026-03-08 07:00:00", 3 * HOUR, "extended"),
        ("2026-03-09 03:59:59", 24 * HOUR - 1, "extended"),
        ("2026-03-09 13:30:00", 9.5 * HOUR, "regular"),
        # 1 November 2026, 25 hours long: 01:00 to 02:00 comes twice.
        ("2026-11-01 05:30:00", 1.5 * HOUR, "extended"),
        ("2026-11-01 06:30:00", 1.5 * HOUR, "extended"),
        ("2026-11-02 04:59:59", 24 * HOUR - 1, "extended"),
        ("2026-11-02 14:30:00", 9.5 * HOUR, "regular"),
    ],
)
def test_what_the_clock_shows(utc: str, shown: float, session: str) -> None:
    """Whatever was asked before, and in whichever form the moment comes."""
    moment = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    told, at, reading = CLOCK.read(moment)
    assert (told, at) == (moment, session)
    assert reading == pytest.approx(shown, abs=1e-9)
    unix_ms = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert WallClock().read(unix_ms)[:2] == (cut, session)


@given(st.lists(st.integers(min_value=0, max_value=2_000_000), min_size=1, max_size=4))
def test_any_order_of_moments(minutes: list[int]) -> None:
    """The days on which the clocks are changed among them: the reading is that of the time zone's own arithmetic."""
    clock = WallClock()
    for minute in minutes:
        moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minute, milliseconds=minute % 1000)
        local = new_york(moment)
        shown = timedelta(
            hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        ).total_seconds()
        assert clock.read(moment) == (moment, "regular" if is_open(moment) else "extended", shown)


def test_a_time_that_is_none_is_refused() -> None:
    """And does no harm to the next."""
    with pytest.raises(FrameError, match="bad_date"):
        CLOCK.read(17)
    assert CLOCK.read(1_784_208_600_000)[1:] == ("regular", 9.5 * HOUR)
