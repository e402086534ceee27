"""The tape's folder on the disk: the file of today, days that are packed when they are over, and what is let go.

Knows no queue and no thread. Every change of a file is whole or has not happened, wherever the process is killed.
"""

import gzip
import os
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Final

import structlog

from bot.flow.tape import PACKED, PLAIN, add_line, file_name
from bot.model.errors import InputError, Problem
from bot.model.ports import Frame
from bot.providers.recorded import days_in, files_of, opened

log = structlog.get_logger()

CHUNK: Final = 2**20
"""Bytes packed in one step: some 15 ms, in which other threads run."""
_TAIL: Final = 2**16
_PACKING, _FETCHING = ".packing", ".fetching"
"""What the names of unfinished files end in."""


# --- the file of a day ---------------------------------------------------------------------------------------


class DayFile:
    """The plain file of one day, open to be added to."""

    def __init__(self, folder: Path, day: date) -> None:
        """Opens it, or makes it. A last line that a crash tore is cut off. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.day = day
        self._file = (folder / file_name(day)).open("ab+", buffering=0)
        self._size = cut_off_torn(self._file)

    @property
    def is_gone(self) -> bool:
        """Somebody has deleted it: what is added now, nobody will read."""
        return os.fstat(self._file.fileno()).st_nlink == 0

    def add(self, lines: bytearray) -> None:
        """Append all of it, or nothing. Raises OSError: the disk is full, say."""
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            # Cutting off needs no space. Where even that fails, the next one who opens the file does it.
            with suppress(OSError):
                self._file.truncate(self._size)
            raise
        self._size += len(lines)

    def close(self) -> None:
        """May be called twice."""
        self._file.close()


def cut_off_torn(file: IO[bytes]) -> int:
    """Cut off what stands behind the last line end; the size that is left. Raises OSError."""
    size = end = file.seek(0, os.SEEK_END)
    while end:
        begin = max(0, end - _TAIL)
        file.seek(begin)
        if at := file.read(end - begin).rfind(b"\n") + 1:
            end = begin + at
            break
        end = begin
    if end < size:
        file.truncate(end)
        log.warning("tape.torn_line_cut_off", file=str(file.name), bytes=size - end)
    return end


# --- days that are over --------------------------------------------------------------------------------------


def tidy(folder: Path, today: date, *, keep_days: int, max_bytes: int) -> Generator[None, None, None]:
    """Let go of days that are too old, pack those that are over, and let go of what is too much, oldest first.

    A step at a time, and it may be dropped between two steps. `today` stays as it is. Raises OSError.
    """
    for unfinished in folder.glob(f"*{PACKED}{_PACKING}"):
        unfinished.unlink(missing_ok=True)
    over = [day for day in days_in(folder) if day < today]
    while over and over[0] <= today - timedelta(days=keep_days):
        _drop(folder, over.pop(0))
    for day in over:
        if (folder / file_name(day)).exists():
            try:
                yield from _pack(folder, day)
            except (OSError, EOFError, zlib.error) as error:
                log.warning("tape.day_not_packed", day=day.isoformat(), reason=str(error))
    sizes = {day: sum(path.stat().st_size for path in _paths(folder, day)) for day in days_in(folder)}
    while over and sum(sizes.values()) > max_bytes:
        _drop(folder, over[0])
        del sizes[over.pop(0)]


def _drop(folder: Path, day: date) -> None:
    for path in _paths(folder, day):
        path.unlink(missing_ok=True)
    log.info("tape.day_dropped", day=day.isoformat())


def _pack(folder: Path, day: date) -> Iterator[None]:
    """All that is recorded of a day into one gzip, which takes the place of what there was."""
    plain = folder / file_name(day)
    with plain.open("rb+", buffering=0) as file:
        cut_off_torn(file)
        # The gzip is on the disk before the plain file goes; were that one not, a power cut between could leave it
        # shorter than the gzip, and yet it would count (see `files_of`).
        os.fsync(file.fileno())
    with _new_gzip(folder, day, _PACKING) as out:
        for path in files_of(folder, day):
            with opened(path) as source:
                while chunk := source.read(CHUNK):
                    out.write(chunk)
                    yield
    # In the step in which its end was read, so that what was added meanwhile (the clock was set back) is packed too.
    plain.unlink()
    log.info("tape.day_packed", day=day.isoformat(), bytes=(folder / file_name(day, PACKED)).stat().st_size)


class FetchedDay:
    """A day's tape in the making, from somewhere else than a live feed."""

    def __init__(self, out: gzip.GzipFile) -> None:
        self._out = out
        self.count = 0
        """Frames so far."""

    def add(self, received_ns: int, provider: str, raw: Frame) -> None:
        """One frame more; whoever reads the tape reads them in this order. Raises OSError."""
        line = bytearray()
        add_line(line, received_ns, provider, raw)
        self._out.write(line)
        self.count += 1


@contextmanager
def write_day(folder: Path, day: date, *, replace: bool = False) -> Iterator[FetchedDay]:
    """A new gzip of a day that is over, which is there when the block ends, whole, and not at all if that raises.

    Raises InputError where the day is on the tape already and is not to be replaced; OSError where it cannot be
    written. Without a frame nothing is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there = _paths(folder, day)
    if there and not replace:
        message = "this day is on the tape already; delete the file, or say that it is to be replaced"
        raise InputError(Problem(str(there[0]), 0, 0, message))
    with suppress(_NothingWrittenError), _new_gzip(folder, day, _FETCHING) as out:
        fetched = FetchedDay(out)
        yield fetched
        if not fetched.count:
            raise _NothingWrittenError
    if fetched.count:
        (folder / file_name(day)).unlink(missing_ok=True)


class _NothingWrittenError(Exception):
    """Leaves no file behind."""


@contextmanager
def _new_gzip(folder: Path, day: date, ending: str) -> Iterator[gzip.GzipFile]:
    """The day's gzip, to be written under another name; when the block ends it is on the disk, and has its own."""
    final = folder / file_name(day, PACKED)
    unfinished = final.with_name(final.name + ending)
    try:
        with unfinished.open("wb") as file:
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as out:
                yield out
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(final)
        _sync(folder)
    finally:
        unfinished.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Make names durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _paths(folder: Path, day: date) -> list[Path]:
    return [path for ending in (PLAIN, PACKED) if (path := folder / file_name(day, ending)).exists()]
