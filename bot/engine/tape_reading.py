"""Reads the tape as the service read its feeds: for processes that look back, whose event loop nobody waits for."""

import os
import sys
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from bot.flow.known import Known
from bot.flow.legs import Legs
from bot.flow.tape import Recorded, day_of, end_of
from bot.flow.trading_time import open_s
from bot.model.errors import FrameError
from bot.model.ports import Frame
from bot.model.prints import Print
from bot.providers.feed import Decode, Several
from bot.providers.recorded import Recording, days_in
from bot.providers.taped import Sort, decoder_of, is_known

_NOTHING: Final = Several()
_LOOK_AT_PARENT: Final = 10_000
"""Frames after which it looks whether it still has a parent: one that was killed wants nothing more."""


class Reader:
    """Makes of frames what the rules see of them."""

    def __init__(self, sorts: Mapping[str, Sort]) -> None:
        self._sorts = sorts
        self._decoders: dict[str, Decode | None] = {}
        self._known = Known({name: rank for rank, name in enumerate(sorts)}) if len(sorts) > 1 else None
        self._legs = Legs()

    def read(self, name: str, received_ns: int, raw: Frame) -> Several:
        """The prints in a frame. None in one that cannot be read: the service said so when it came."""
        decode = self._decoder(name)
        if decode is None:
            return _NOTHING
        try:
            found = decode(raw, received_ns, name)
        except FrameError:
            return _NOTHING
        except Exception:  # noqa: BLE001 - a bug in one frame's decoding, which the service reported
            return _NOTHING
        if isinstance(found, Print):
            return Several((self._prepared(found),))
        if isinstance(found, Several):
            return Several(tuple(map(self._prepared, found.prints)), found.cancelled)
        return _NOTHING

    def _decoder(self, name: str) -> Decode | None:
        if name not in self._decoders:
            sort = self._sorts.get(name, name if is_known(name) else None)
            self._decoders[name] = None if sort is None else decoder_of(sort)
        return self._decoders[name]

    def _prepared(self, found: Print) -> Print:
        if self._known is not None:
            found = self._known.completed(found)
        return self._legs.paired(found)[0]


def lines_since(folder: Path, begins_ns: int, until_ns: int) -> Iterator[Recorded]:
    """The tape's lines, of whole days, the oldest first. Raises InputError where it breaks off."""
    for day in _days(folder, begins_ns, until_ns):
        for count, line in enumerate(Recording(folder, day)):
            if count % _LOOK_AT_PARENT == 0 and os.getppid() == 1:
                sys.exit(1)
            yield line


def _days(folder: Path, begins_ns: int, until_ns: int) -> list[date]:
    """The days to read, oldest first: back to a day on which the market was open, and nothing was recorded."""
    there = set(days_in(folder)) if folder.is_dir() else set()
    days: list[date] = []
    day, first = day_of(until_ns), day_of(begins_ns)
    while day >= first:
        day_begins_ns = end_of(day - timedelta(days=1))
        if day in there:
            days.append(day)
        elif open_s(max(day_begins_ns, begins_ns), min(end_of(day), until_ns)) > 0:
            break
        day -= timedelta(days=1)
    return days[::-1]
