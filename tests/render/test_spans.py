"""Durations and stretches of time in a few characters."""

from datetime import UTC, datetime

import pytest

from bot.render.spans import clock_span, lateness, span
from tests.render.samples import NOW_NS


def _ns(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000_000  # type: ignore[misc,arg-type]  # a table's rows


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0s"), (0.2, "0s"), (42, "42s"), (59.4, "59s"), (59.6, "1m"), (60, "1m"), (185, "3m05s"), (192, "3m12s"),
        (3600, "1h"), (3900, "1h05m"), (3959, "1h05m"), (86_399, "23h59m"), (86_400, "1d"), (183_600, "2d3h"),
    ],
)  # fmt: skip
def test_lateness(seconds: float, shown: str) -> None:
    """To the second below an hour: it is what a trader judges a print by."""
    assert lateness(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0s"), (0.4, "0s"), (40, "40s"), (59.7, "1m"), (89, "1m"), (90, "2m"), (121, "2m"), (3569, "59m"),
        (3571, "1h"), (3600, "1h"), (3900, "1h 5m"), (86_399, "1d"), (183_600, "2d 3h"),
    ],
)  # fmt: skip
def test_span(seconds: float, shown: str) -> None:
    """To the minute from a minute on."""
    assert span(seconds) == shown


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ((2026, 6, 26, 13, 30, 1), (2026, 6, 26, 13, 34, 12), "09:30:01–09:34:12 ET"),
        ((2026, 6, 26, 13, 30, 1), (2026, 6, 26, 13, 30, 1), "09:30:01 ET"),
        ((2026, 6, 25, 20, 20, 0), (2026, 6, 26, 8, 10, 0), "6/25 16:20:00 – 04:10:00 ET"),
        ((2026, 6, 25, 13, 30, 1), (2026, 6, 25, 13, 34, 12), "6/25 09:30:01–09:34:12 ET"),
        ((2025, 12, 31, 15, 0, 0), (2026, 1, 1, 15, 0, 0), "12/31/25 10:00:00 – 1/1 10:00:00 ET"),
    ],
)
def test_clock_span(first: tuple[int, ...], last: tuple[int, ...], shown: str) -> None:
    """In New York, with the date where it is not today's."""
    assert clock_span(_ns(*first), _ns(*last), NOW_NS) == shown
