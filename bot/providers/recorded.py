"""Reads tapes: a file of any name, a day of a folder, or a folder whole. The format itself, `bot.flow.tape` knows."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Final

import structlog

from bot.flow.tape import PACKED, PLAIN, Recorded, day_in, file_name, from_line
from bot.model.errors import FrameError, InputError, Problem

log = structlog.get_logger()

LONGEST_LINE: Final = 16 * 2**20
"""More than any frame makes (1 MiB at most, six times that where all of it must be escaped): a longer line is read in
pieces, none of which is a line, so that a file without line ends does not fill the memory."""
_BUFFER: Final = 2**18


class Recording:
    """Iterate it, as often as you like, for what is recorded, in the order in which it was.

    Lines that are torn or otherwise none are passed over; `skipped` counts those of the last time. Raises InputError
    where there is nothing to read, or a file breaks off: then what came before it has been given.
    """

    def __init__(self, path: Path, day: date | None = None) -> None:
        """`path` is a file, plain or gzip, or a folder of days, of which `day` chooses one."""
        self.path = path
        self._day = day
        self.skipped = 0

    def __iter__(self) -> Iterator[Recorded]:
        self.skipped = 0
        for files in self._files():
            for path in files:
                yield from self._read(path)

    def check(self) -> None:
        """Raise InputError where there is nothing to read."""
        for path in next(self._files()):
            with self._explained(path), opened(path) as file:
                file.read(1)

    def _files(self) -> Iterator[tuple[Path, ...]]:
        """Day by day, each looked for when its turn comes: a recorder may be at work, and pack a day meanwhile."""
        if not self.path.is_dir():
            yield (self.path,)
            return
        with self._explained(self.path):
            days = days_in(self.path) if self._day is None else [self._day]
        has_any = False
        for day in days:
            with self._explained(self.path):
                files = files_of(self.path, day)
            if files:
                has_any = True
                yield files
        if not has_any:
            wanted = file_name(self._day or date(2026, 11, 20))
            raise InputError(Problem(str(self.path), 0, 0, f"no tape here; expected {wanted}, or {wanted}.gz"))

    def _read(self, path: Path) -> Iterator[Recorded]:
        skipped, first = 0, ""
        try:
            with self._explained(path), opened(path) as file:
                number = 0
                while line := file.readline(LONGEST_LINE):
                    number += 1
                    try:
                        yield from_line(line)
                    except FrameError as error:
                        if not line.isspace():
                            skipped += 1
                            first = first or f"line {number}: {error.detail}"
        finally:
            self.skipped += skipped
            if skipped:
                log.warning("tape.lines_skipped", file=str(path), lines=skipped, first=first)

    @staticmethod
    @contextmanager
    def _explained(path: Path) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(Problem(str(path), 0, 0, f"cannot be read: {reason}")) from error


def days_in(folder: Path) -> list[date]:
    """The days that a folder holds, oldest first."""
    return sorted({day for path in folder.iterdir() if (day := day_in(path.name)) is not None})


def files_of(folder: Path, day: date) -> tuple[Path, ...]:
    """The files that together hold the day, each of its frames once, in the order in which they were recorded.

    There may be two. A plain file that begins as the gzip does is what the gzip was made from, and outlived it because
    of a crash: it alone counts, and may have grown. One that begins otherwise came later. Raises OSError, EOFError and
    zlib.error, as reading does.
    """
    plain, packed = folder / file_name(day, PLAIN), folder / file_name(day, PACKED)
    there = tuple(path for path in (packed, plain) if path.exists())
    return (plain,) if len(there) == 2 and _first_line(plain) == _first_line(packed) else there


def opened(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked where its name says that it is packed."""
    if path.suffix != ".gz":
        return path.open("rb", _BUFFER)
    # A GzipFile reads lines in Python; a buffer around it does in C. Closing the buffer closes the file.
    return io.BufferedReader(gzip.open(path, "rb"), _BUFFER)


def _first_line(path: Path) -> bytes:
    with opened(path) as file:
        return file.readline(LONGEST_LINE)
