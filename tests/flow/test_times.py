"""Times and dates in every form that feeds have been seen to send."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.times import new_york_ordinal, to_date, to_utc
from bot.model.errors import FrameError

# 1747419592.926384123 is 2025-05-16 18:19:52.926384123 UTC; the .926 is from a feed's own sample.
SECOND = datetime(2025, 5, 16, 18, 19, 52, tzinfo=UTC)
MILLISECOND = SECOND.replace(microsecond=926_000)
MICROSECOND = SECOND.replace(microsecond=926_384)


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        (1747419592, SECOND),
        (1747419592.926, MILLISECOND),
        (1747419592926, MILLISECOND),
        (1747419592926.0, MILLISECOND),
        (1747419592926384, MICROSECOND),
        (1747419592926384123, MICROSECOND),
        ("1747419592926", MILLISECOND),
        (" 1747419592.926 ", MILLISECOND),
        ("1747419592926384123", MICROSECOND),
        ("2025-05-16T18:19:52Z", SECOND),
        ("2025-05-16T18:19:52.926Z", MILLISECOND),
        ("2025-05-16T14:19:52-04:00", SECOND),
        ("2025-05-16 18:19:52", SECOND),
        (SECOND, SECOND),
        (SECOND.replace(tzinfo=None), SECOND),
    ],
)
def test_a_time_in_any_form_is_the_same_moment_in_utc(sent: int | float | str | datetime, moment: datetime) -> None:
    """The magnitude tells the unit, and a naive time is UTC."""
    found = to_utc(sent)
    assert found == moment
    assert found.tzinfo is UTC


def test_a_naive_time_is_in_the_zone_that_the_caller_states() -> None:
    """In May New York is four hours behind UTC."""
    assert to_utc("2025-05-16T14:19:52", naive=ZoneInfo("America/New_York")) == SECOND


@pytest.mark.parametrize(
    "sent",
    [0, -1, 1, 12345, 10**22, 10**400, float("nan"), float("inf"), -float("inf"), 1e300, "soon", "", "nan", "9" * 400,
     "1969-12-31T00:00:00Z", "2200-01-01", "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_an_absurd_time_is_an_error(sent: int | float | str | datetime) -> None:
    """Not a time, or one before 1990 or after 2100."""
    with pytest.raises(FrameError) as caught:
        to_utc(sent)
    assert caught.value.reason == "bad_date"


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("2026-07-18", date(2026, 7, 18)),
        ("20260718", date(2026, 7, 18)),
        (20260718, date(2026, 7, 18)),
        (20260718.0, date(2026, 7, 18)),
        ("2026-07-18T00:00:00Z", date(2026, 7, 18)),
        ("2026-07-18T23:00:00-04:00", date(2026, 7, 18)),  # as written, not as UTC has it
        (1784332800000, date(2026, 7, 18)),
        (1784332800, date(2026, 7, 18)),
        ("1784332800000", date(2026, 7, 18)),
        (date(2026, 7, 18), date(2026, 7, 18)),
    ],
)
def test_a_date_in_any_form_is_the_same_day(sent: int | float | str | date, day: date) -> None:
    """ISO 8601, eight digits or a unix time."""
    assert to_date(sent) == day


@pytest.mark.parametrize("sent", ["2026-02-30", "July", 20261399, 0, 7, float("nan"), "1776-07-04", date(9999, 1, 1)])
def test_an_absurd_date_is_an_error(sent: int | float | str | date) -> None:
    """Not a date, or one before 1990 or after 2100."""
    with pytest.raises(FrameError) as caught:
        to_date(sent)
    assert caught.value.reason == "bad_date"


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 7, 17, 3, 59, 59, tzinfo=UTC), date(2026, 7, 16)),
        (datetime(2026, 7, 17, 4, 0, 0, tzinfo=UTC), date(2026, 7, 17)),
        (datetime(2026, 1, 17, 4, 59, 59, tzinfo=UTC), date(2026, 1, 16)),
        (datetime(2026, 1, 17, 5, 0, 0, tzinfo=UTC), date(2026, 1, 17)),
    ],
)
def test_the_day_changes_at_midnight_in_new_york(moment: datetime, day: date) -> None:
    """At 04:00 UTC in summer, at 05:00 in winter."""
    assert new_york_ordinal(moment.timestamp()) == day.toordinal()


@given(st.one_of(st.text(max_size=40), st.integers(), st.floats()))
def test_nothing_but_a_frame_error_comes_of_any_time(sent: int | float | str) -> None:
    """Whatever a feed sends as a time or date is one or is refused."""
    for read in (to_utc, to_date):
        reason = "bad_date"
        try:
            read(sent)
        except FrameError as error:
            reason = error.reason
        assert reason == "bad_date"
