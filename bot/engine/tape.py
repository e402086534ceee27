"""The tape: every frame as it was received, in daily files. A thread of its own writes; the feed never waits for it.

What cannot be written, because the disk is slow or full, is missing from the tape and counted, and nothing else.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from bot.engine.tape_folder import Limits, Surroundings, TapeFolder
from bot.flow.tape import add_line, day_of, end_of
from bot.model.ports import Frame

log = structlog.get_logger()

FLUSH_S: Final = 0.25
"""Lines gather for so long: what a `kill -9` costs. A power cut costs what the system had not yet written, usually
half a minute: the tape is not synced, because the store's commits would have to wait for it on the same disk."""
BUFFER: Final = 2**18
"""Bytes of lines that are enough for a write."""
MOST_BUFFERS: Final = 256
"""That wait for the disk, 64 MiB; past that they are dropped."""
TELL_S: Final = 60.0
CLOSE_S: Final = 2.0


class _Lines(NamedTuple):
    day: date
    text: bytearray


class Tape:
    """Give `record` to the intake, `start` it, and `close` it when all providers are closed.

    A collector of metrics, too: register it. Frames must hold no key: whoever records them scrubs what a vendor may
    have quoted.
    """

    def __init__(self, folder: Path, limits: Limits | None = None, surroundings: Surroundings | None = None) -> None:
        self._around = surroundings or Surroundings()
        self._folder = TapeFolder(folder, limits or Limits(), self._around)
        # The event loop's own.
        self._buffer = bytearray()
        self._day = date.min
        self._ends_ns = 0
        """When that day does."""
        self._ticking: asyncio.TimerHandle | None = None
        self._crowded_out = 0
        """Frames that found no room to wait in."""
        # Given and taken.
        self._full: deque[_Lines] = deque()
        self._wake = threading.Event()
        self._is_closing = False
        # The thread's own.
        self._refused = 0
        """Frames that the disk refused."""
        self._told = 0
        self._tell_s = 0.0
        self._thread = threading.Thread(target=self._run, name="tape", daemon=True)

    # --- the event loop's side ---

    def record(self, provider: str, received_ns: int, raw: Frame) -> None:
        """Put a frame on the tape. Takes a microsecond or two, whatever the disk does.

        The line is made here and now, though the thread could do it: the frame is in this core's cache, and its memory
        is free again for the next one. Frames kept for the thread cost the feed more, as it needs the same lock.
        """
        if received_ns >= self._ends_ns:
            self._begin_day(received_ns)
        buffer = self._buffer
        add_line(buffer, received_ns, provider, raw)
        if len(buffer) >= BUFFER:
            self._hand_on()

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
        """Begin to write. Called in the event loop in which frames are recorded."""
        self._thread.start()
        self._tick()

    async def close(self) -> None:
        """Write what waits, if the disk takes it within two seconds. May be called twice."""
        if self._ticking is not None:
            self._ticking.cancel()
        self._hand_on()
        self._is_closing = True
        self._wake.set()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, CLOSE_S)

    def _tick(self) -> None:
        self._hand_on()
        self._ends_ns = 0  # a clock that was set back is noticed with the next frame
        self._ticking = asyncio.get_running_loop().call_later(FLUSH_S, self._tick)

    def _begin_day(self, received_ns: int) -> None:
        day = day_of(received_ns)
        if day != self._day:
            self._hand_on()
            self._day = day
        self._ends_ns = end_of(day)

    def _hand_on(self) -> None:
        """Give the thread what there is, if it takes it."""
        if not self._buffer:
            return
        if len(self._full) < MOST_BUFFERS:
            self._full.append(_Lines(self._day, self._buffer))
            self._wake.set()
        else:
            self._crowded_out += self._buffer.count(b"\n")
        self._buffer = bytearray()

    # --- the thread's side ---

    def _run(self) -> None:
        is_last = False
        while not is_last:
            self._wake.wait(0.0 if self._folder.is_tidying else FLUSH_S)
            self._wake.clear()
            is_last = self._is_closing
            try:
                self.work()
            except Exception:  # a bug here must cost no more than the lines that it met
                log.exception("tape.bug")
        self._folder.close()

    def work(self) -> None:
        """One turn of the thread: write what waits, say what is missing, and do a step of what else is to be done."""
        while self._full:
            day, text = self._full.popleft()
            if not self._folder.add(day, text):
                self._refused += text.count(b"\n")
        self._tell()
        self._folder.tidy()

    def _tell(self) -> None:
        """What is missing, once a minute."""
        missing, now_s = self.dropped - self._told, self._around.elapsed_s()
        if missing and now_s >= self._tell_s:
            self._told, self._tell_s = self._told + missing, now_s + TELL_S
            log.warning("tape.frames_dropped", frames=missing, reason=self.trouble or "the disk does not keep up")
