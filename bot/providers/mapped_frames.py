"""What the frames of a mapped feed are to whoever receives them: prints, answers to us, lists to take apart. Pure."""

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from bot.flow.facts import load
from bot.flow.mapping.reading import MAX_RECORDS, Cancelled, Map, Reading, Skipped, says
from bot.flow.mapping.settings import Conditions, MapSettings
from bot.flow.mapping.sources import paths_of
from bot.model.errors import FrameError
from bot.model.ports import Frame
from bot.model.prints import Print
from bot.providers.answers import texts
from bot.providers.ends import TOLD_MAX
from bot.providers.feed import Decode, Heartbeat, Note, Several, Unwelcome, Welcome

MAX_AROUND: Final = 4096
"""Bytes around a list that are worth repeating for each of its records."""

_MARK: Final = "\x00record"
_NOTHING: Final = Heartbeat()


def decoder(map_: Map, *, is_delayed: bool = False) -> Decode:
    """Decodes by the map; `is_delayed`: each print says so of its feed."""
    read = map_.read

    def decode(raw: Frame, received_ns: int, name: str) -> Print | Note:
        readings = read(raw, received_ns, name)
        if is_delayed:
            readings = [_delayed(reading) for reading in readings]
        if len(readings) != 1:
            return _several(readings)
        (reading,) = readings
        if type(reading) is Print:
            return reading
        if isinstance(reading, FrameError):
            raise reading
        return _several(readings)

    return decode


def _several(readings: Iterable[Reading]) -> Note:
    prints, cancelled, faults = [], [], []
    for reading in readings:
        match reading:
            case Print():
                prints.append(reading)
            case Cancelled():
                cancelled.append(reading.print)
            case FrameError():
                faults.append(reading)
            case Skipped():
                pass
    if not (prints or cancelled or faults):
        return _NOTHING
    return Several(tuple(prints), tuple(cancelled), tuple(faults))


def _delayed(reading: Reading) -> Reading:
    match reading:
        case Print():
            return msgspec.structs.replace(reading, is_delayed=True)
        case Cancelled():
            return Cancelled(msgspec.structs.replace(reading.print, is_delayed=True))
    return reading


def answering(decode: Decode, wait_for: Conditions, refused: Conditions) -> Decode:
    """The same for one session that begins with a message of ours: its answer is a `Welcome` or an `Unwelcome`.

    Without `wait_for` the first print shows that we are welcome.
    """
    is_yes, is_no = _says(wait_for), _says(refused)
    is_known = False

    def decode_answer(raw: Frame, received_ns: int, name: str) -> Print | Note:
        nonlocal is_known
        if is_known:
            return decode(raw, received_ns, name)
        if is_no(raw):
            return Unwelcome(_words(raw))
        if is_yes(raw):
            is_known = True
            return Welcome()
        found = decode(raw, received_ns, name)
        is_known = not wait_for and isinstance(found, Print | Several)
        return found

    return decode_answer


def _says(conditions: Conditions) -> Callable[[Frame], bool]:
    """Nothing says what has no conditions."""
    return says(conditions) if conditions else lambda _: False


def _words(raw: Frame) -> str:
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else raw
    return "".join(character if character.isprintable() else " " for character in text[:TOLD_MAX])


def taken_apart(settings: MapSettings, body: Frame) -> list[bytes]:
    """The body as frames of one record each, which its map reads as it reads the body: a fault costs, and shows, one.

    Where there is no list, or a record needs its neighbours, the body is the one frame. Raises FrameError where it is
    no JSON.
    """
    whole = [body.encode() if isinstance(body, str) else body]
    root, where = load(body), settings.records
    if not where.is_list or _looks_into(settings, where.path.steps):
        return whole
    records = root
    for step in where.path.steps:
        records = _inner(records, step)
    if not isinstance(records, list) or len(records) > MAX_RECORDS:
        return whole
    try:
        around = json.dumps(_around(root, where.path.steps)).split(json.dumps(_MARK))
        if len(around) != 2 or sum(map(len, around)) > MAX_AROUND:
            return whole
        before, after = (part.encode() for part in around)
        return [before + text + after for text in texts(records)]
    except RecursionError:
        return whole


def _looks_into(settings: MapSettings, steps: tuple[str | int, ...]) -> bool:
    """Whether something in the map looks, from the whole frame, for what is in the list at `steps`."""
    conditions = (*settings.only, *settings.skip, *settings.cancels)
    sources = (*settings.fields.values(), *(condition.source for condition in conditions))
    paths = (path for source in sources for path in paths_of(source) if path.is_from_frame)
    return any(path.steps[: len(steps)] == steps for path in paths)


def _inner(found: Any, step: str | int) -> Any:
    if isinstance(found, dict):
        return found.get(step)
    is_there = isinstance(found, list) and isinstance(step, int) and step < len(found)
    return found[step] if is_there else None


def _around(root: Any, steps: tuple[str | int, ...]) -> Any:
    """The whole frame with the mark alone in the list at `steps`."""
    if not steps:
        return [_MARK]
    step, inner = steps[0], _around(_inner(root, steps[0]), steps[1:])
    if isinstance(root, dict):
        return {**root, step: inner}
    return [inner if place == step else item for place, item in enumerate(root)]
