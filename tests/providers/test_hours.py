"""Trading hours that a stretch of time touches: a table. New York is four hours behind UTC in July."""

from datetime import UTC, date, datetime

import pytest

from bot.providers.hours import in_session, polling_hours, sessions_touched


def at(text: str) -> int:
    """Unix nanoseconds of a moment in July 2026, `16 13:30`, UTC; the 3rd is a holiday, the 4th a Saturday."""
    return int(datetime.strptime(f"2026-07-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("from_", "to", "expected"),
    [
        ("16 15:00", "16 15:30", ("16 15:00", "16 15:30")),
        ("15 19:00", "16 15:30", ("16 13:30", "16 15:30")),
        ("16 19:00", "16 23:00", ("16 19:00", "16 20:00")),
        ("15 19:00", "16 13:30", None),
        ("16 20:00", "16 23:00", None),
        ("17 19:00", "18 15:30", None),
        ("2 19:00", "3 15:30", None),
    ],
)
def test_the_part_in_the_current_session(from_: str, to: str, expected: tuple[str, str] | None) -> None:
    """Of the New York day on which it ends."""
    assert in_session(at(from_), at(to)) == (expected and (at(expected[0]), at(expected[1])))


@pytest.mark.parametrize(
    ("from_", "to", "expected"),
    [
        ("16 15:00", "16 15:01", [16]),
        ("15 19:59", "16 13:31", [15, 16]),
        ("15 20:00", "16 13:30", []),
        ("2 15:00", "6 15:00", [2, 6]),
        ("1 15:00", "20 15:00", [10, 13, 14, 15, 16, 17, 20]),
    ],
)
def test_sessions_that_are_touched(from_: str, to: str, expected: list[int]) -> None:
    """Neither nights nor holidays; the last ten days of a long absence."""
    assert sessions_touched(at(from_), at(to)) == tuple(date(2026, 7, day) for day in expected)


@pytest.mark.parametrize(
    ("now", "begins", "ends"),
    [
        ("16 15:00", "16 13:30", "16 20:30"),
        ("16 20:29", "16 13:30", "16 20:30"),
        ("16 20:30", "17 13:30", "17 20:30"),
        ("17 23:00", "20 13:30", "20 20:30"),
        ("2 22:00", "6 13:30", "6 20:30"),
    ],
)
def test_when_prints_are_to_be_expected(now: str, begins: str, ends: str) -> None:
    """Half an hour longer than the session: a delayed feed tells of its end then."""
    assert polling_hours(at(now) / 1e9) == (at(begins) / 1e9, at(ends) / 1e9)
