"""How long until the next poll: sooner while something new comes, later where nothing does, within the budget. Pure.

A day's requests are spread over what is left of the hours in which prints come; nights get a tenth of them.
"""

from dataclasses import dataclass
from typing import Final

from bot.providers.budget import Standing
from bot.providers.hours import polling_hours

FASTEST_S: Final = 5.0
"""RadarPulse's guide, "Rate Limits": an answer may be kept for 5 to 10 seconds."""
USUAL_S: Final = 15.0
EAGER: Final = 0.5
IDLE: Final = 4.0
EAGER_IN_BUDGET: Final = 0.8
IDLE_IN_BUDGET: Final = 1.25
"""Where the day's requests are scarce: a busy morning must leave enough for the afternoon."""
AFTER_HOURS_S: Final = 600.0
LONGEST_S: Final = 3_600.0
NIGHT_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """How eagerly a feed is polled."""

    factor: float = 1.0
    """Of the usual interval."""
    cost: int = 1
    """Requests that a poll takes."""

    def after(self, *, has_news: bool, cost: int) -> "Pace":
        """As the last poll went."""
        factor = max(EAGER, self.factor / 2) if has_news else min(IDLE, self.factor * 1.25)
        return Pace(factor, max(1, cost))


def wait_s(pace: Pace, standing: Standing, now_s: float, *, every_s: float | None = None) -> float:
    """Seconds until the next poll. `every_s`: never sooner than that."""
    begins_s, ends_s = polling_hours(now_s)
    if now_s < begins_s:
        wanted_s = min(_by_night(pace, standing, begins_s - now_s, now_s), begins_s - now_s)
    else:
        spread_s = _spread(pace, standing, min(ends_s, standing.day_ends_s) - now_s)
        wanted_s = max(USUAL_S * pace.factor, spread_s * min(max(pace.factor, EAGER_IN_BUDGET), IDLE_IN_BUDGET))
    return max(wanted_s, every_s or FASTEST_S, standing.ready_at_s - now_s)


def _by_night(pace: Pace, standing: Standing, until_open_s: float, now_s: float) -> float:
    span_s = min(until_open_s, standing.day_ends_s - now_s)
    return min(LONGEST_S, max(AFTER_HOURS_S, _spread(pace, standing, span_s) / NIGHT_SHARE))


def _spread(pace: Pace, standing: Standing, span_s: float) -> float:
    """Between polls that use up what is left of the day in so many seconds; 0 where nothing limits it."""
    return 0.0 if standing.day_left is None else span_s * pace.cost / max(standing.day_left, 1)
