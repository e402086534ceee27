"""`flowbot map`: what the frames of a sample become. Its file is anything that people keep frames in."""

from pathlib import Path
from typing import Final

from bot.config.check import check
from bot.config.document import read
from bot.flow.facts import load
from bot.flow.mapping.explain import explain_frame
from bot.flow.mapping.reading import Map
from bot.flow.mapping.settings import MapSettings
from bot.flow.tape import from_line
from bot.model.errors import FrameError, InputError
from bot.model.ports import Frame
from bot.providers.maps import names, ready_map

MAX_FRAMES_SHOWN: Final = 10


def map_called(wanted: str) -> MapSettings:
    """The map of that name, or in the file at that path. Raises InputError."""
    if wanted in names():
        return ready_map(wanted)
    path = Path(wanted)
    if not path.is_file():
        raise InputError(f'no map comes by the name "{wanted}", and there is no such file; known: {", ".join(names())}')
    document = read(path, {})
    found, problems = check(MapSettings, document.value, (), document)
    if found is None:
        raise InputError(*document.problems, *problems)
    return found


def explain_sample(settings: MapSettings, sample: bytes, now_ns: int) -> str:
    """What each frame becomes, field by field.

    `sample` is one frame, over as many lines as it likes, or a frame a line, or a tape. `now_ns`, in unix nanoseconds,
    stands for the time of receipt where the sample does not tell it.
    """
    map_, frames = Map(settings), _frames(sample, now_ns)
    lines: list[str] = []
    for number, (frame, received_ns) in enumerate(frames[:MAX_FRAMES_SHOWN], 1):
        if len(frames) > 1:
            lines.append(f"frame {number}:")
        lines += explain_frame(map_, frame, received_ns)
    if len(frames) > MAX_FRAMES_SHOWN:
        lines.append(f"… and {len(frames) - MAX_FRAMES_SHOWN} more frames")
    return "\n".join(lines) or "there is nothing in the sample"


def _frames(sample: bytes, now_ns: int) -> list[tuple[Frame, int]]:
    """Each with its time of receipt."""
    lines = [line for line in sample.splitlines() if line.strip()]
    if len(lines) > 1 and _is_json(sample):
        return [(sample, now_ns)]
    return [_frame(line, now_ns) for line in lines]


def _frame(line: bytes, now_ns: int) -> tuple[Frame, int]:
    try:
        taped = from_line(line)
    except FrameError:
        return line, now_ns
    return (line, now_ns) if taped.provider is None else (taped.raw, taped.received_ns or now_ns)


def _is_json(sample: bytes) -> bool:
    try:
        load(sample)
    except FrameError:
        return False
    return True
