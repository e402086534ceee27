"""A print's time by New York's clock: the time of day, and whether that is in regular trading hours. Asks no clock."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from bot.flow.market import NEW_YORK, session_bounds
from bot.flow.times import FIRST_MS, LAST_MS, to_utc
from bot.model.prints import Session

_MS_PER_S = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_utc_at = datetime.fromtimestamp


_Stretch = tuple[datetime, int, float, float, float, float]
"""A time in which New York's clock is not changed and stays on one date: a day, or on two days a year a part of one.

Its zero, a UTC moment that readings of that clock are counted from, in seconds (on the two days it is not midnight's
for both parts), and the same in unix milliseconds; then four readings: the first, the last (exclusive), and when
regular trading begins and ends, an empty time where there is none.
"""


class WallClock:
    """Reads the times of prints, which come day by day: the stretch of the last one is kept, for speed."""

    __slots__ = ("_stretch",)

    def __init__(self) -> None:
        self._stretch: _Stretch = (_EPOCH, 0, 0.0, 0.0, 0.0, 0.0)  # no time is in it

    def read(self, sent: int | float | datetime) -> tuple[datetime, Session, float]:
        """The moment that a feed's time names (see `to_utc`), its session, and its time of day in New York.

        Raises FrameError("bad_date").
        """
        zero, zero_ms, first, last, opens, closes = self._stretch
        if type(sent) is int and FIRST_MS <= sent < LAST_MS:  # by far the commonest
            time, reading = _utc_at(sent / _MS_PER_S, UTC), (sent - zero_ms) / _MS_PER_S
        else:
            time = to_utc(sent)
            reading = (time - zero).total_seconds()
        if not first <= reading < last:
            self._stretch = zero, _, _, _, opens, closes = _stretch_of(time.replace(minute=0, second=0, microsecond=0))
            reading = (time - zero).total_seconds()
        return time, "regular" if opens <= reading < closes else "extended", reading


@lru_cache(maxsize=256)
def _stretch_of(hour: datetime) -> _Stretch:
    """Whatever happens to New York's clock happens at a whole hour UTC: one answer serves the hour."""
    here = hour.astimezone(NEW_YORK)
    day, offset = here.date(), here.utcoffset() or timedelta()
    zero = datetime(day.year, day.month, day.day, tzinfo=UTC) - offset
    hours = ((zero + timedelta(hours=n)).astimezone(NEW_YORK) for n in range(24))
    alike = [n for n, at in enumerate(hours) if at.date() == day and at.utcoffset() == offset]
    opens, closes = session_bounds(day) or (zero, zero)
    return (
        zero,
        (zero - _EPOCH) // timedelta(milliseconds=1),
        alike[0] * 3600.0,
        (alike[-1] + 1) * 3600.0,
        (opens - zero).total_seconds(),
        (closes - zero).total_seconds(),
    )
