"""The tape's format: one JSON object a line, `{"t": receive time in unix ns, "p": provider, "raw": "the frame"}`.

A frame that is no text (bytes that are not UTF-8, which no documented feed sends) stands as base64 under `raw64` in the
place of `raw`, so that nothing is lost. Also reads plain prints, one JSON object a line. Opens no file.
"""

import re
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from bot.flow.times import NEW_YORK, new_york_ordinal
from bot.model.errors import FrameError
from bot.model.ports import Frame

PLAIN, PACKED = ".jsonl", ".jsonl.gz"
"""What the files of a day end in: while it lasts, and when it is over."""

_FILE_NAME = re.compile(r"(\d{4}-\d\d-\d\d)\.jsonl(\.gz)?")
_NS_PER_S = 1_000_000_000
_MS_PER_S = 1000
_LAST_NS = 2**63
_LINE_END = ord("\n")


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """One line that was read."""

    received_ns: int | None
    """Unix nanoseconds. Of a plain print: when it says that it happened; None where it does not say."""
    provider: str | None
    """None: a plain print, whose `raw` is the whole line."""
    raw: Frame
    """Text, and bytes only where they are not UTF-8."""


class _Text(msgspec.Struct, gc=False):
    t: int
    p: str
    raw: str


class _Bytes(msgspec.Struct, gc=False):
    t: int
    p: str
    raw64: bytes


class _Line(msgspec.Struct, gc=False):
    """Either of them, or neither: what else a plain print may hold is nobody's business here."""

    t: int | None = None
    p: str = ""
    raw: str | None = None
    raw64: bytes | None = None


_append = msgspec.json.Encoder().encode_into
_decode = msgspec.json.Decoder(_Line).decode
_decode_any = msgspec.json.Decoder(dict[str, object]).decode


# --- lines ---


def add_line(lines: bytearray, received_ns: int, provider: str, raw: Frame) -> None:
    """Append a frame's line to `lines`. This runs for every frame of every feed."""
    try:
        _append(_Text(received_ns, provider, raw if isinstance(raw, str) else raw.decode()), lines, -1)
    except UnicodeError:
        # A text with half a surrogate pair, which no frame of a WebSocket can hold, is kept as bytes too.
        data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
        del lines[lines.rfind(b"\n") + 1 :]
        _append(_Bytes(received_ns, provider, data), lines, -1)
    lines.append(_LINE_END)


def from_line(line: bytes) -> Recorded:
    """What a line holds. Raises FrameError where it is torn, or is neither of a tape nor a plain print."""
    try:
        found = _decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _plain(line)
    frame = found.raw if found.raw64 is None else found.raw64
    if found.t is None or frame is None:
        return _plain(line)
    if not 0 <= found.t < _LAST_NS:
        raise FrameError("bad_date", "t is no time in unix nanoseconds")
    return Recorded(found.t, found.p, frame)


def _plain(line: bytes) -> Recorded:
    try:
        fields = _decode_any(line)
        text = line.decode()
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise FrameError("not_json", f"no JSON object: {error}") from None
    if "t" in fields and ("raw" in fields or "raw64" in fields):
        raise FrameError("bad_shape", 'expected "t" as unix nanoseconds, "p" as text, and "raw" as text')
    return Recorded(_own_time_ns(fields), None, text.strip())


def _own_time_ns(fields: dict[str, object]) -> int | None:
    """When a plain print says that it happened: `timestamp` (unix ms or ISO 8601), or New York's `origTime`."""
    told = fields.get("timestamp", fields.get("origTime"))
    if isinstance(told, str):
        try:
            moment = datetime.fromisoformat(told)
        except ValueError:
            return None  # an odd print is read like any other
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC if "timestamp" in fields else NEW_YORK)
        told = moment.timestamp() * _MS_PER_S
    if isinstance(told, int | float) and 0 <= told < _LAST_NS / _NS_PER_S * _MS_PER_S:
        return int(told * (_NS_PER_S // _MS_PER_S))
    return None


# --- days ---


def day_of(received_ns: int) -> date:
    """The date in New York then: the day that a frame is recorded under."""
    return date.fromordinal(new_york_ordinal(received_ns // _NS_PER_S))


def begins_of(day: date) -> int:
    """When the day begins in New York, unix nanoseconds."""
    return end_of(day - timedelta(days=1))


def end_of(day: date) -> int:
    """When the day after begins in New York, unix nanoseconds."""
    return int(datetime.combine(day + timedelta(days=1), time.min, NEW_YORK).timestamp()) * _NS_PER_S


def file_name(day: date, ending: str = PLAIN) -> str:
    return f"{day.isoformat()}{ending}"


def day_in(name: str) -> date | None:
    """The day that a file of this name holds; None where it is no file of a tape."""
    found = _FILE_NAME.fullmatch(name)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
