"""A recorded file as a source of the simulator: a tape or plain prints, one JSON object a line, gzip too."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from bot.flow.tape import Recorded
from bot.model.errors import InputError, Problem
from bot.providers.recorded import Recording
from bot.workbench.sources import Source
from bot.workbench.wire import Frame, encode, enveloped


def recorded(path: Path, *, rate: float | None, speed: float, clock_ms: Callable[[], int]) -> Source:
    """The lines of a file, or of a folder's days, once: tape lines `{"t", "p", "raw"}` or plain prints, gzip too.

    Lines are due at `rate` a second, or where that is None as far apart as they were recorded, divided by `speed`;
    0 means at once. Plain prints without a `timestamp` get the present one. A line that is neither is passed over with
    a warning: the last one of a tape may be cut off. Raises InputError where the file cannot be read.
    """
    first_ns: int | None = None
    elapsed_s = 0.0
    for n, (line, facts) in enumerate(_lines(path)):
        if rate is not None:
            elapsed_s = n / rate if rate else 0.0
        elif line.received_ns is not None and speed:
            first_ns = line.received_ns if first_ns is None else first_ns
            elapsed_s = max(elapsed_s, (line.received_ns - first_ns) / 1e9 / speed)
        yield elapsed_s, _frame(str(line.raw), facts, clock_ms, is_tape=line.provider is not None)


def check(path: Path) -> None:
    """Raise InputError where there is nothing in `path` that could be sent."""
    if next(_lines(path), None) is None:
        raise InputError(
            Problem(
                str(path), 0, 0, 'no print in this file; expected one JSON object a line: a print, or {"t", "p", "raw"}'
            )
        )


_Facts = dict[str, object] | None
"""None where the recorded frame is not a JSON object: then it goes out as it is."""

_decode = msgspec.json.Decoder(dict[str, object]).decode


def _lines(path: Path) -> Iterator[tuple[Recorded, _Facts]]:
    """Without what a connection says of itself (heartbeats, acknowledgements), which the simulator says anew, and
    without frames that are no text, which it does not send."""
    for line in Recording(path):
        if isinstance(line.raw, bytes):
            continue
        facts = _facts(line.raw)
        if line.provider is None or facts is None or facts.get("type") not in ("heartbeat", "subscribed", "error"):
            yield line, facts


def _facts(raw: str) -> _Facts:
    try:
        return _decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _frame(text: str, facts: _Facts, clock_ms: Callable[[], int], *, is_tape: bool) -> Frame:
    if facts is None:
        return Frame("", text, text)
    if facts.get("type") == "abnormal_trade":
        data = facts.get("data")
        return Frame(_ticker(data), encode(data), text)
    if not is_tape and "timestamp" not in facts:
        facts = facts | {"timestamp": clock_ms()}
        text = encode(facts)
    return Frame(_ticker(facts), text, encode(enveloped(facts)))


def _ticker(facts: object) -> str:
    ticker = facts.get("ticker") if isinstance(facts, dict) else None
    return ticker if isinstance(ticker, str) else ""
