"""The functions of a map's expressions, and its units: what feeds do to option symbols, times and percents."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Literal

from bot.flow.facts import MAX_TEXT
from bot.flow.numbers import number
from bot.flow.occ import Contract, parse_occ
from bot.flow.times import FIRST_YEAR, LAST_YEAR, NEW_YORK, to_date, to_utc
from bot.model.errors import FrameError

Unit = Literal["s", "ms", "us", "ns", "iso", "percent", "fraction"]

PER_SECOND: dict[str, int] = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}
_FIRST_S = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
_LAST_S = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())
_MS_PER_DAY = 86_400_000
_LONGEST_NUMBER = 40


calendar_day = lru_cache(maxsize=1024)(to_date)
"""A number such as 20260717, or a short text: dear to read, and the same in many prints."""


def occ(symbol: object) -> str | None:
    """The option symbol itself if it is one (OCC's form, padded or not, `O:` before it or not), else missing."""
    return symbol if isinstance(symbol, str) and parse_occ(symbol) is not None else None


def occ_contract(symbol: object) -> Contract | None:
    """The parts of an option symbol; missing where it is none."""
    return parse_occ(symbol) if isinstance(symbol, str) else None


def et(day: object, clock: object = None) -> datetime:
    """A time in ISO 8601 that states no zone, taken as New York's: one text, or a date and a time of day.

    Raises FrameError("bad_date").
    """
    texts = [text.strip() for text in (day, clock) if isinstance(text, str) and len(text) <= MAX_TEXT]
    if len(texts) != (1 if clock is None else 2):
        raise FrameError("bad_date", "et() takes texts such as 2026-07-16 and 09:31:02")
    return to_utc("T".join(texts), NEW_YORK)


def et_date_ms(day: object, ms_of_day: object) -> datetime:
    """A New York date (20260716, or ISO 8601) and the milliseconds on its clock since midnight, as ThetaData has it.

    Raises FrameError: bad_date, bad_number.
    """
    if isinstance(day, bool) or not isinstance(day, (int, float, str)) or len(str(day)) > MAX_TEXT:
        raise FrameError("bad_date", f"et_date_ms(): expected a date, got {type(day).__name__}")
    ms = number(ms_of_day, "et_date_ms()")
    if not 0 <= ms < _MS_PER_DAY:
        raise FrameError("bad_date", f"et_date_ms(): {ms:g} is no millisecond of a day")
    midnight = datetime.combine(calendar_day(day), time(), NEW_YORK)  # what is added moves the clock's hands: wall time
    return (midnight + timedelta(milliseconds=ms)).astimezone(UTC)


def join(*parts: object) -> str:
    """The parts with - between them, for an identity made of several. Raises FrameError("bad_value")."""
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, (str, int, float)) or len(str(part)[:MAX_TEXT]) == MAX_TEXT:
            raise FrameError("bad_value", f"join(): {type(part).__name__} is no short text or number")
    return "-".join(map(str, parts))


def unix(per_second: int) -> Callable[[object], int | float]:
    """Checks that a unix time is of the unit that the map states; its size tells the unit from then on.

    Raises FrameError("bad_date"), also before 1990 and after 2100.
    """
    first, last = _FIRST_S * per_second, _LAST_S * per_second

    def read(value: object) -> int | float:
        told = value if type(value) is int else _exact(value)
        if not first <= told < last:
            raise FrameError("bad_date", f"{str(value)[:40]!r} is no unix time between {FIRST_YEAR} and {LAST_YEAR}")
        return told

    return read


def _exact(value: object) -> int | float:
    """A number without the loss of digits that a float costs nanoseconds; 0, which is no time, for what is none."""
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
        text = value.strip()
        try:
            value = int(text) if text.isdecimal() else float(text)
        except ValueError:
            return 0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return value if abs(value) < 10**_LONGEST_NUMBER else 0  # a NaN is not


def iso(value: object) -> datetime:
    """ISO 8601; UTC where it states no zone. Raises FrameError("bad_date")."""
    if not isinstance(value, str) or value.strip().isdecimal() or len(value) > MAX_TEXT:
        raise FrameError("bad_date", f"expected a time in ISO 8601, got {type(value).__name__}")
    return to_utc(value)
