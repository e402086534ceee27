"""Times and dates as feeds send them: unix seconds to nanoseconds, numeric strings, ISO 8601. Out comes aware UTC."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.model.errors import FrameError

NEW_YORK = ZoneInfo("America/New_York")

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Dates outside are absurd. Within, a unix time's magnitude tells its unit: no two units overlap."""

_S_PER_HOUR = 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_S = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
_LAST_S = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())
FIRST_MS, LAST_MS = _FIRST_S * 1000, _LAST_S * 1000
"""The same in unix milliseconds."""
_UNITS = tuple((_FIRST_S * n, _LAST_S * n, n) for n in (1, 1000, 1_000_000, 1_000_000_000))
_utc_at = datetime.fromtimestamp


def to_utc(value: int | float | str | datetime, naive: tzinfo = UTC) -> datetime:
    """The moment that `value` names: unix s, ms, µs or ns (as number or digits), ISO 8601, or a datetime.

    `naive` is the zone of a text or datetime that states none. Precise to the microsecond.
    Raises FrameError("bad_date"), also for moments before 1990 or after 2100.
    """
    if type(value) is int and FIRST_MS <= value < LAST_MS:  # by far the commonest
        return _utc_at(value / 1000, UTC)
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, datetime):
        return _aware(value, naive)
    for first, last, per_second in _UNITS:
        if first <= value < last:
            return _from_unix(value, per_second)
    raise FrameError("bad_date", f"{_shown(value)} is no unix time between {FIRST_YEAR} and {LAST_YEAR}")


def to_date(value: int | float | str | date, naive: tzinfo = UTC) -> date:
    """The calendar date that `value` names: ISO 8601 (of a time, its date as written), YYYYMMDD or a unix time.

    Raises FrameError("bad_date"), also for dates before 1990 or after 2100.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and 10**7 <= value < 10**8:
        value = str(value)
    if isinstance(value, (int, float)):
        return to_utc(value, naive).date()
    if isinstance(value, str):
        text = value.strip()
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            return to_utc(text, naive).date()
    found = value.date() if isinstance(value, datetime) else value
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise FrameError("bad_date", f"{found} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return found


def new_york_ordinal(unix_s: float) -> int:
    """The proleptic Gregorian ordinal of the date in New York at that moment."""
    return _ordinal_of_hour(unix_s // _S_PER_HOUR)


@lru_cache(maxsize=256)
def _ordinal_of_hour(unix_hour: float) -> int:
    # Midnight in New York, and every shift of its clocks, falls on a whole hour UTC: one answer serves the hour.
    return (_EPOCH + timedelta(hours=unix_hour)).astimezone(NEW_YORK).toordinal()


def _from_unix(value: int | float, per_second: int) -> datetime:
    if isinstance(value, float) and per_second <= 1000:
        return _utc_at(value / per_second, UTC)
    seconds, rest = divmod(int(value), per_second)
    return _utc_at(seconds, UTC).replace(microsecond=rest * 1_000_000 // per_second)


def _from_text(text: str) -> float | datetime:
    text = text.strip()
    try:
        return int(text) if text.isdecimal() and len(text) <= 20 else float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise FrameError("bad_date", f"{text[:40]!r} is neither a unix time nor ISO 8601") from None


def _aware(value: datetime, naive: tzinfo) -> datetime:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise FrameError("bad_date", f"{value.isoformat()} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return (value if value.tzinfo else value.replace(tzinfo=naive)).astimezone(UTC)


def _shown(value: int | float) -> str:
    return f"{value:g}" if isinstance(value, float) or abs(value) < 10**20 else "a huge integer"
