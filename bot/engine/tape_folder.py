"""The tape's folder over time: which day's file is open, when the disk refuses, when there is tidying up to do.

Used by one thread, in turns that take milliseconds. What it does to files, `tape_days` knows.
"""

import os
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date
from errno import ENOSPC
from pathlib import Path
from typing import Final

import structlog

from bot.engine.tape_days import DayFile, tidy
from bot.flow.tape import day_of

log = structlog.get_logger()

RETRY_S: Final = 30.0
"""After the disk refused."""
TIDY_S: Final = 3600.0
SETTLED_S: Final = 60.0
"""So long after midnight a day is over for good: nothing of it is still on its way to the disk."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the tape may take of the disk."""

    keep_days: int = 30
    max_bytes: int = 20 * 10**9
    """Today's file counts, but stays however large it is."""
    least_free: int = 256 * 2**20
    """Bytes left free on the disk: the store needs them more."""


def free_bytes(folder: Path) -> int:
    """What an ordinary user may still write there. Raises OSError."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a tape has of the world beside its folder; tests give it another."""

    now_ns: Callable[[], int] = time.time_ns
    elapsed_s: Callable[[], float] = time.monotonic
    free_bytes: Callable[[Path], int] = free_bytes


class TapeFolder:
    """Add lines to days, and `tidy` now and then."""

    def __init__(self, path: Path, limits: Limits, surroundings: Surroundings) -> None:
        self._path = path
        self._limits = limits
        self._around = surroundings
        self._file: DayFile | None = None
        self._retry_s = 0.0
        self._tidying: Generator[None, None, None] | None = None
        self._tidied_until: date | None = None
        self._tidy_s = 0.0
        self.trouble = ""
        """Why nothing is recorded now; empty while all is well."""

    def add(self, day: date, lines: bytearray) -> bool:
        """Append all of it, or nothing: the disk refused, now or a moment ago."""
        if self._around.elapsed_s() < self._retry_s:
            return False
        try:
            self._open(day).add(lines)
        except OSError as error:
            self._pause(error.strerror or type(error).__name__)
            return False
        if self.trouble:
            self.trouble = ""
            log.info("tape.resumed", folder=str(self._path))
        return True

    @property
    def is_tidying(self) -> bool:
        """There is more to do, a step at a time."""
        return self._tidying is not None

    def tidy(self) -> None:
        """Do a step of it where there is any: when a day is over, and every hour."""
        try:
            if self._tidying is None:
                self._begin_to_tidy()
            if self._tidying is not None and next(self._tidying, self) is self:
                self._tidying = None
        except OSError as error:
            self._tidying = None
            log.warning("tape.not_tidied", folder=str(self._path), reason=error.strerror)

    def close(self) -> None:
        """Leave everything whole. May be called twice."""
        if self._tidying is not None:
            self._tidying.close()
            self._tidying, self._tidied_until = None, None
        self._close_file()

    def _open(self, day: date) -> DayFile:
        """The file to add to. Raises OSError where there is none, or the disk is all but full."""
        if self._file is None or self._file.day != day or self._file.is_gone:
            self._close_file()
            self._file = DayFile(self._path, day)
        if self._around.free_bytes(self._path) < self._limits.least_free:
            raise OSError(ENOSPC, f"less than {self._limits.least_free >> 20} MiB are left on the disk")
        return self._file

    def _pause(self, reason: str) -> None:
        if not self.trouble:
            log.error("tape.paused", folder=str(self._path), reason=reason, retry_in_s=RETRY_S)
        self.trouble = reason
        self._retry_s = self._around.elapsed_s() + RETRY_S
        self._close_file()

    def _begin_to_tidy(self) -> None:
        settled, now_s = day_of(self._around.now_ns() - int(SETTLED_S * 1e9)), self._around.elapsed_s()
        if settled == self._tidied_until and now_s < self._tidy_s:
            return
        self._tidied_until, self._tidy_s = settled, now_s + TIDY_S
        if self._path.exists():
            limits = self._limits
            self._tidying = tidy(self._path, settled, keep_days=limits.keep_days, max_bytes=limits.max_bytes)

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
