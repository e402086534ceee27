"""Plays tapes through rule sets, as fast as they decode. The clock is the tape's own."""

import gc
import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import itemgetter
from pathlib import Path

from bot.flow.tape import Recorded, end_of
from bot.model.errors import FrameError, InputError, Problem
from bot.model.matches import Match
from bot.model.prints import Print
from bot.providers.feed import Decode, ErrorFrame, Note, Several
from bot.providers.recorded import Recording
from bot.workbench.backtest.difference import Difference
from bot.workbench.backtest.tally import MINUTE_NS
from bot.workbench.backtest.trial import Trial

Reader = tuple[str, Decode]
"""The provider that a frame's print is said to be of, and how the frame is read."""


@dataclass(frozen=True, slots=True)
class Readers:
    """How frames are read."""

    by_name: Mapping[str, Reader]
    """By the name under which a frame stands on the tape."""
    usual: Reader
    """Of plain prints, and of frames under any other name."""
    completed: Callable[[Print], Print] | None = None
    """What other providers said of the same contract, filled in; None: there is one provider."""
    paired: Callable[[Print], tuple[Print, Sequence[Print]]] | None = None
    """A print as a leg of an order, and the earlier prints that it shows to be legs too."""

    @property
    def is_preparing(self) -> bool:
        return self.completed is not None or self.paired is not None


@dataclass(slots=True)
class Heard:
    """What was on the tapes."""

    frames: int = 0
    prints: Counter[str] = field(default_factory=Counter)
    """By provider."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Frames, or records in them, by reason."""
    first_ns: int = 0
    """Receipt of the first frame, unix nanoseconds."""
    last_ns: int = 0
    lines_skipped: int = 0
    """That are neither of a tape nor a print."""
    broken: list[str] = field(default_factory=list)
    """Why there was no more of a tape, in words."""


class Tapes:
    """Tapes as one, in order of time. Raises InputError, when made or iterated, where there is nothing to read."""

    def __init__(self, paths: Sequence[Path], day: date | None = None) -> None:
        """`day`: of it alone, by New York's date."""
        self.paths = tuple(paths)
        self.broken: list[str] = []
        self._recordings = [Recording(path, day) for path in paths]
        self._day = day
        for recording in self._recordings:
            recording.check()

    @property
    def lines_skipped(self) -> int:
        return sum(recording.skipped for recording in self._recordings)

    def __iter__(self) -> Iterator[Recorded]:
        if len(self._recordings) == 1:
            lines = self._whole(self._recordings[0])
        else:
            timed = [_timed(self._whole(recording)) for recording in self._recordings]
            lines = (line for _, line in heapq.merge(*timed, key=itemgetter(0)))
        return lines if self._day is None else _within(lines, self._day)

    def _whole(self, recording: Recording) -> Iterator[Recorded]:
        """A tape that breaks off is no reason to forget what came before."""
        lines = iter(recording)
        first = next(lines, None)
        if first is None:
            return
        yield first
        try:
            yield from lines
        except InputError as error:
            self.broken.append(str(error))


def _timed(lines: Iterator[Recorded]) -> Iterator[tuple[int, Recorded]]:
    clock_ns = 0
    for line in lines:
        clock_ns = max(clock_ns, line.received_ns or 0)
        yield clock_ns, line


def _within(lines: Iterator[Recorded], day: date) -> Iterator[Recorded]:
    begins_ns, ends_ns = end_of(day - timedelta(days=1)), end_of(day)
    return (line for line in lines if line.received_ns is None or begins_ns <= line.received_ns < ends_ns)


class Player:
    """Plays once."""

    def __init__(self, readers: Readers, trial: Trial, other: Trial | None = None) -> None:
        """`other`: the rule set that is compared with the first."""
        self.heard = Heard()
        self.difference = Difference()
        """From the first rule set to the other."""
        self._readers = readers
        self._trial = trial
        self._other = other
        self._trials = (trial,) if other is None else (trial, other)
        self._clock_ns = 0

    def play(self, tapes: Tapes, now_ns: int) -> Heard:
        """Play the tapes whole. `now_ns` is the time of plain prints that name none, where none before them does.

        Raises InputError where there is not one frame.
        """
        with _without_gc():
            self._play(iter(tapes), now_ns)
            for trial in self._trials:
                trial.finish()
        heard = self.heard
        heard.last_ns, heard.lines_skipped, heard.broken = self._clock_ns, tapes.lines_skipped, tapes.broken
        if not heard.frames:
            lines = f"; {heard.lines_skipped:,} lines are neither of a tape nor a print" if heard.lines_skipped else ""
            message = f'no print to play{lines}: expected one JSON object a line, a print or {{"t", "p", "raw"}}'
            raise InputError(Problem(", ".join(map(str, tapes.paths)), 0, 0, message))
        return heard

    def _play(self, lines: Iterator[Recorded], now_ns: int) -> None:
        """This runs for every frame: one long loop, because each call that would divide it costs a hundredth."""
        heard, prints = self.heard, self.heard.prints
        by_name, usual = self._readers.by_name, self._readers.usual
        match, other = self._trial.match, None if self._other is None else self._other.match
        prepare = self._prepared if self._readers.is_preparing else None
        clock_ns = frames = tick_ns = 0
        for line in lines:
            received_ns = line.received_ns
            if received_ns is None:
                received_ns = clock_ns or now_ns
            if received_ns > clock_ns:
                clock_ns = self._clock_ns = received_ns
                if received_ns >= tick_ns:
                    tick_ns = self._tick(received_ns)
            frames += 1
            provider = line.provider
            name, decode = usual if provider is None else by_name.get(provider, usual)
            try:
                found = decode(line.raw, received_ns, name)
            except FrameError as error:
                heard.rejected[error.reason] += 1
                continue
            except Exception:  # noqa: BLE001 - in one frame's decoding: the service too would refuse it and go on
                heard.rejected["bug"] += 1
                continue
            if type(found) is not Print:
                self._heed(found)
                continue
            prints[name] += 1
            if prepare is not None:
                found = prepare(found)
            matched = match(found)
            if other is not None:
                matched_too = other(found)
                if matched is not None or matched_too is not None:
                    self._compare(found, matched, matched_too)
            elif matched is not None:
                self._trial.take(matched, found.identity, clock_ns)
        heard.frames = frames

    def _tick(self, now_ns: int) -> int:
        """Tell the memories that the feed is heard; when to tell them again. Once a minute, for it takes a while."""
        self.heard.first_ns = self.heard.first_ns or now_ns
        for trial in self._trials:
            trial.memories.heard(now_ns)
        return now_ns + MINUTE_NS

    def _heed(self, note: Print | Note) -> None:
        """What is not one print."""
        rejected = self.heard.rejected
        if isinstance(note, ErrorFrame):
            rejected["error_frame"] += 1
        elif isinstance(note, Several):
            rejected.update(fault.reason for fault in note.faults)
            for found in note.prints:
                self._accept(found)
            for found in note.cancelled:
                for trial in self._trials:
                    trial.cancel(found, self._clock_ns)

    def _accept(self, found: Print) -> None:
        """One print of several in a frame."""
        self.heard.prints[found.provider] += 1
        if self._readers.is_preparing:
            found = self._prepared(found)
        matched = self._trial.match(found)
        matched_too = None if self._other is None else self._other.match(found)
        if matched is not None or matched_too is not None:
            self._compare(found, matched, matched_too)

    def _prepared(self, found: Print) -> Print:
        """The print as the rules see it."""
        if self._readers.completed is not None:
            found = self._readers.completed(found)
        if self._readers.paired is not None:
            found, others = self._readers.paired(found)
            for other in others:
                for trial in self._trials:
                    trial.amend(other, self._clock_ns)
        return found

    def _compare(self, found: Print, matched: Match | None, matched_too: Match | None) -> None:
        identity, now_ns = found.identity, self._clock_ns
        before = None if matched is None else self._trial.take(matched, identity, now_ns)
        if self._other is not None:
            after = None if matched_too is None else self._other.take(matched_too, identity, now_ns)
            self.difference.note(found, identity, before, after)


@contextmanager
def _without_gc() -> Iterator[None]:
    """Playing makes no cycles worth looking for, and looking costs a tenth once many alerts are remembered."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
