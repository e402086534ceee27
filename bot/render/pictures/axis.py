"""Round numbers and round times for an axis. Pure."""

import math
from datetime import timedelta
from typing import Final

from bot.render.words import new_york

_ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_MINUTES: Final = (5, 10, 15, 30, 60, 120, 180, 240, 360, 720)


def round_step(span: float, most: int) -> float:
    """The smallest round step of which at most `most` go into the span."""
    least = span / most
    power = 10.0 ** math.floor(math.log10(least))
    return next((part * power for part in _ROUND if part * power >= least * (1 - 1e-9)), 10 * power)


def clock_ticks(from_ns: int, to_ns: int, most: int) -> list[tuple[int, str]]:
    """At most so many round times of New York's clock within the span, both ends in: unix nanoseconds and `13:30`."""
    span_minutes = (to_ns - from_ns) / 60e9
    step = next((minutes for minutes in _MINUTES if span_minutes / minutes < most), _MINUTES[-1])
    begins = new_york(from_ns)
    midnight = begins.replace(hour=0, minute=0, second=0, microsecond=0)
    # By the wall clock: New York moves it at night, while nothing is drawn.
    walls = (midnight + timedelta(minutes=step * number) for number in range(2 * 24 * 60 // step))
    found = ((int(wall.timestamp()) * 10**9, f"{wall.hour}:{wall:%M}") for wall in walls)
    return [tick for tick in found if from_ns <= tick[0] <= to_ns][:most]
