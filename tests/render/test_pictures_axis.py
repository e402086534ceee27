"""Round numbers and round times."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.pictures.axis import clock_ticks, round_step


@pytest.mark.parametrize(
    ("span", "most", "step"),
    [
        (6.0, 6, 1.0),
        (6.1, 6, 2.0),
        (13.0, 6, 2.5),
        (1_000_000.0, 6, 200_000.0),
        (50_000.0, 6, 10_000.0),
        (0.07, 7, 0.01),
    ],
)
def test_round_step(span: float, most: int, step: float) -> None:
    """1, 2, 2.5 or 5 times a power of ten, the smallest of which no more fit in."""
    assert round_step(span, most) == pytest.approx(step)


@given(st.floats(0.01, 1e15), st.integers(2, 10))
def test_no_more_steps_than_asked(span: float, most: int) -> None:
    """And not needlessly few: at least two fifths as many."""
    assert 0.39 * most <= span / round_step(span, most) <= most * (1 + 1e-6)


def ns(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 10**9  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("begins", "ends", "labels"),
    [
        (ns(2026, 7, 17, 13, 30), ns(2026, 7, 17, 20), ["10:00", "11:00", "12:00", "13:00", "14:00", "15:00", "16:00"]),
        (
            ns(2026, 11, 27, 14, 30),
            ns(2026, 11, 27, 18),
            ["9:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30", "13:00"],
        ),
        (ns(2026, 7, 17, 13, 30), ns(2026, 7, 17, 14), ["9:30", "9:35", "9:40", "9:45", "9:50", "9:55", "10:00"]),
        (ns(2026, 7, 17, 4), ns(2026, 7, 18, 4), ["0:00", "4:00", "8:00", "12:00", "16:00", "20:00", "0:00"]),
    ],
)
def test_clock_ticks(begins: int, ends: int, labels: list[str]) -> None:
    """New York's clock, in summer and in winter, a half day and a night."""
    assert [label for _, label in clock_ticks(begins, ends, 8)] == labels


def test_a_tick_stands_at_its_moment() -> None:
    """10:00 in New York is 14:00 UTC in July."""
    assert clock_ticks(ns(2026, 7, 17, 13, 30), ns(2026, 7, 17, 20), 8)[0] == (ns(2026, 7, 17, 14), "10:00")
