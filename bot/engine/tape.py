"""The tape: every frame as it was received, in daily files. A thread of its own writes; the feed never waits for it.

What cannot be written, because the disk is slow or full, is missing from the tape and counted, and nothing else.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Final

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from bot.engine.tape_folder import Limits, Surroundings, TapeFolder
from bot.flow.tape import Entry, day_of, to_lines
from bot.model.ports import Frame

log = structlog.get_logger()

FLUSH_S: Final = 0.25
"""Frames gather for so long: what a `kill -9` costs. A power cut costs what the system had not yet written, usually
half a minute: the tape is not synced, because the store's commits would have to wait for it on the same disk."""
SLICE: Final = 64
"""Frames turned into lines together, by whoever records the last of them: they are still in that core's cache, where
the thread would have to fetch each of them from there, and all that in the interpreter's lock."""
BUFFER: Final = 2**18
"""Bytes of lines in one write."""
MOST_BUFFERS: Final = 256
"""With lines that wait for the disk, 64 MiB; past that frames are dropped."""
TELL_S: Final = 60.0
CLOSE_S: Final = 2.0


class _Buffer:
    """Lines of one day. Used again and again: new memory costs more, page by page, than what is done with it."""

    __slots__ = ("day", "frames", "held", "used")

    def __init__(self, size: int) -> None:
        self.held = bytearray(size)
        self.day = date.min
        self.used = self.frames = 0

    def begin(self, day: date) -> None:
        self.day, self.used, self.frames = day, 0, 0

    def add(self, lines: bytes, frames: int) -> None:
        end = self.used + len(lines)
        self.held[self.used : end] = lines
        self.used = end
        self.frames += frames


class Tape:
    """Give `record` to the intake, `start` it, and `close` it when all providers are closed.

    A collector of metrics, too: register it. Frames must hold no key: whoever records them scrubs what a vendor may
    have quoted.
    """

    def __init__(self, folder: Path, limits: Limits | None = None, surroundings: Surroundings | None = None) -> None:
        self._around = surroundings or Surroundings()
        self._folder = TapeFolder(folder, limits or Limits(), self._around)
        self._entries: list[Entry] = []
        self._gathering = threading.Lock()
        """Held by whoever turns entries into lines, and hands on what they fill."""
        self._filling: _Buffer | None = None
        self._full: deque[_Buffer] = deque()
        self._empty: deque[_Buffer] = deque()
        self._crowded_out = 0
        """Frames that found no place to wait in."""
        # The rest is the thread's own.
        self._refused = 0
        """Frames that the disk refused."""
        self._told = 0
        self._tell_s = 0.0
        self._wake = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="tape", daemon=True)

    def record(self, provider: str, received_ns: int, raw: Frame) -> None:
        """Put a frame on the tape. Takes a microsecond, whatever the disk does."""
        entries = self._entries
        entries.append((received_ns, provider, raw))
        if len(entries) >= SLICE:
            self._gather()

    @property
    def dropped(self) -> int:
        """Frames since start that are missing from the tape."""
        return self._crowded_out + self._refused

    @property
    def trouble(self) -> str:
        """Why nothing is recorded now; empty while all is well."""
        return self._folder.trouble

    def collect(self) -> Iterator[Metric]:
        """Called by the registry at every scrape."""
        yield CounterMetricFamily("flowbot_tape_dropped", "Frames that are missing from the tape", self.dropped)
        yield GaugeMetricFamily("flowbot_tape_recording", "0 while the disk does not take the tape", not self.trouble)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    async def close(self) -> None:
        """Write what waits, if the disk takes it within two seconds. May be called twice."""
        self._is_closing = True
        self._wake.set()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, CLOSE_S)

    def _gather(self) -> None:
        """Turn entries into lines, in the order in which they came. In either thread."""
        with self._gathering:
            # Nobody but the event loop adds to them, and only at the end: it may do so between these two lines.
            entries = self._entries[:SLICE]
            del self._entries[: len(entries)]
            try:
                for day, own in _by_day(entries):
                    lines = to_lines(own)
                    self._buffer(day, len(lines)).add(lines, len(own))
            except _CrowdedOutError:
                self._crowded_out += len(entries)
            except Exception:  # a bug here must not cost the feed anything
                log.exception("tape.bug")
                self._crowded_out += len(entries)

    def _buffer(self, day: date, size: int) -> _Buffer:
        """One for a day, with room for so many bytes. Raises _CrowdedOutError."""
        filling = self._filling
        if filling is None or filling.day != day or filling.used + size > len(filling.held):
            self._hand_on()
            self._wake.set()
            if len(self._full) >= MOST_BUFFERS:
                raise _CrowdedOutError
            is_usual = size <= BUFFER
            filling = self._empty.pop() if is_usual and self._empty else _Buffer(max(size, BUFFER))
            filling.begin(day)
            self._filling = filling
        return filling

    def _hand_on(self) -> None:
        if self._filling is not None:
            self._full.append(self._filling)
            self._filling = None

    # --- the thread ---

    def _run(self) -> None:
        is_last = False
        while not is_last:
            self._wake.wait(0.0 if self._folder.is_tidying else FLUSH_S)
            self._wake.clear()
            is_last = self._is_closing
            try:
                self.work()
            except Exception:  # a bug here must cost no more than what it met
                log.exception("tape.bug")
        self._folder.close()

    def work(self) -> None:
        """One turn of the thread: write what waits, say what is missing, and do a step of what else is to be done."""
        while self._entries:
            self._gather()
        with self._gathering:
            self._hand_on()
        while self._full:
            self._write(self._full.popleft())
        self._tell()
        self._folder.tidy()

    def _write(self, full: _Buffer) -> None:
        if not self._folder.add(full.day, memoryview(full.held)[: full.used]):
            self._refused += full.frames
        if len(full.held) == BUFFER:
            self._empty.append(full)

    def _tell(self) -> None:
        """What is missing, once a minute."""
        missing, now_s = self.dropped - self._told, self._around.elapsed_s()
        if missing and now_s >= self._tell_s:
            self._told, self._tell_s = self._told + missing, now_s + TELL_S
            log.warning("tape.frames_dropped", frames=missing, reason=self.trouble or "the disk does not keep up")


def _by_day(entries: list[Entry]) -> list[tuple[date, list[Entry]]]:
    """By the day in New York on which they were received: nearly always one."""
    if not entries:
        return []
    first, last = day_of(entries[0][0]), day_of(entries[-1][0])
    if first == last:
        return [(first, entries)]
    return [(day, list(group)) for day, group in groupby(entries, lambda entry: day_of(entry[0]))]


class _CrowdedOutError(Exception):
    """Too much waits for the disk."""
