"""A recorded file as a source of the simulator: tape lines or plain prints, one JSON object a line, gzip too."""

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec
import structlog

from bot.flow.market import NEW_YORK
from bot.model.errors import InputError, Problem
from bot.workbench.sources import Source
from bot.workbench.wire import Frame, encode, enveloped

log = structlog.get_logger()

_MS_PER_S = 1000
_NS_PER_S = 1_000_000_000


def recorded(path: Path, *, rate: float | None, speed: float, clock_ms: Callable[[], int]) -> Source:
    """The lines of a file once: tape lines `{"t", "p", "raw"}` or plain prints, gzip too.

    Lines are due at `rate` a second, or where that is None as far apart as they were recorded, divided by `speed`;
    0 means at once. Plain prints without a `timestamp` get the present one. A line that is neither is skipped with a
    warning: the last one of a tape may be cut off. Raises InputError where the file cannot be read.
    """
    first_s: float | None = None
    elapsed_s = 0.0
    for n, line in enumerate(_lines(path)):
        if rate is not None:
            elapsed_s = n / rate if rate else 0.0
        elif line.time_s is not None and speed:
            first_s = line.time_s if first_s is None else first_s
            elapsed_s = max(elapsed_s, (line.time_s - first_s) / speed)
        yield elapsed_s, line.frame(clock_ms)


class _Line(msgspec.Struct, frozen=True):
    """One usable line. `facts` is None where the recorded frame is not a JSON object: then `text` goes out as it is."""

    text: str
    time_s: float | None
    facts: dict[str, object] | None
    is_tape: bool

    def frame(self, clock_ms: Callable[[], int]) -> Frame:
        if self.facts is None:
            return Frame("", self.text, self.text)
        facts, text = self.facts, self.text
        if facts.get("type") == "abnormal_trade":
            data = facts.get("data")
            return Frame(_ticker(data), encode(data), text)
        if not self.is_tape and "timestamp" not in facts:
            facts = facts | {"timestamp": clock_ms()}
            text = encode(facts)
        return Frame(_ticker(facts), text, encode(enveloped(facts)))


def check(path: Path) -> None:
    """Raise InputError where there is nothing in `path` that could be sent."""
    if next(_lines(path), None) is None:
        raise InputError(
            Problem(
                str(path), 0, 0, 'no print in this file; expected one JSON object a line: a print, or {"t", "p", "raw"}'
            )
        )


def _lines(path: Path) -> Iterator[_Line]:
    try:
        with _open(path) as file:
            for number, text in enumerate(file, 1):
                if not text.strip():
                    continue
                try:
                    line = _parse(text.strip())
                except (msgspec.DecodeError, ValueError, TypeError) as error:
                    log.warning("simulate.line_skipped", file=str(path), line=number, reason=str(error))
                    continue
                if line is not None:
                    yield line
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Problem(str(path), 0, 0, f"cannot be read: {reason}")) from error


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _parse(text: str) -> _Line | None:
    """None for what a connection says of itself (heartbeats, acknowledgements), which the simulator says anew."""
    fields = msgspec.json.decode(text, type=dict[str, object])
    if "raw" not in fields or "t" not in fields:
        return _Line(text, _own_time_s(fields), fields, is_tape=False)
    raw = fields["raw"]
    time_s = int(str(fields["t"])) / _NS_PER_S
    if not isinstance(raw, str):
        raise TypeError('"raw" is not a string; a tape holds frames as text')
    try:
        facts = msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.DecodeError:
        return _Line(raw, time_s, None, is_tape=True)
    if facts.get("type") in ("heartbeat", "subscribed", "error"):
        return None
    return _Line(raw, time_s, facts, is_tape=True)


def _own_time_s(fields: dict[str, object]) -> float | None:
    """When a plain print says that it happened: `timestamp` (unix ms or ISO 8601), or New York's `origTime`."""
    time = fields.get("timestamp", fields.get("origTime"))
    if isinstance(time, int | float):
        return time / _MS_PER_S
    if not isinstance(time, str):
        return None
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return None  # an odd print is to be sent like any other
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=NEW_YORK if "timestamp" not in fields else UTC)
    return moment.timestamp()


def _ticker(facts: object) -> str:
    ticker = facts.get("ticker") if isinstance(facts, dict) else None
    return ticker if isinstance(ticker, str) else ""
