"""Looks through the tape for prints that rules with memory would have counted, in a process of its own.

Decoding a day takes seconds, which the event loop does not have. `python -m bot.engine.tape_search` is told on its
standard input what to look for, and writes what it found to its standard output; `filling` begins it.
"""

import logging
import os
import pickle
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import structlog

from bot.engine.tape_reading import Reader, lines_since
from bot.flow.trading_time import open_s
from bot.gate.memory.trade import at_ns
from bot.model.errors import InputError
from bot.model.memory import By
from bot.model.prints import Print
from bot.providers.feed import Several
from bot.providers.taped import Sort
from bot.rules.clauses import Node
from bot.rules.explain import judge

MOST_PRINTS: Final = 50_000
"""Kept for one rule, the newest: what is older than those is as if the tape did not hold it."""
AT_ONCE: Final = 200
"""Prints in one piece: the event loop decodes and takes in one such between two turns, in a millisecond or two."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one rule would have counted."""

    id: str
    """`Remembering.id`."""
    when: Node
    since_ns: int
    """Prints from then on, unix nanoseconds."""
    newest_by: By | None = None
    """Only the newest print of each of these will do; None: all of them."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for, and where."""

    folder: Path
    sorts: Mapping[str, Sort]
    """By the provider's name, under which its frames stand on the tape; in the configuration's order."""
    wanted: tuple[Wanted, ...]
    until_ns: int


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """Some of what was found for one rule; the last piece of a rule says from when on the tape was complete."""

    id: str
    prints: tuple[Print, ...]
    since_ns: int | None = None
    """Unix nanoseconds; None: more pieces follow, or there is no tape."""


class _Kept:
    """What was found for one rule."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.prints: dict[object, Print] = {}
        self.cut_ns = 0
        """The time of the newest print that found no room."""

    def take_in(self, several: Several) -> None:
        for found in several.prints:
            if at_ns(found) >= self.wanted.since_ns and judge(self.wanted.when, found) is True:
                self._add(found)
        for found in several.cancelled:
            # Where only the newest counts it stays, for what came before it is gone.
            self.prints.pop(found.identity, None)

    def _add(self, found: Print) -> None:
        key = _key(found, self.wanted.newest_by)
        self.prints.pop(key, None)
        self.prints[key] = found
        if len(self.prints) > MOST_PRINTS:
            self.cut_ns = max(self.cut_ns, at_ns(self.prints.pop(next(iter(self.prints)))))


def search(asked: Search) -> Iterator[Piece]:
    """Everything that was found, rule by rule, the oldest first. Raises InputError where the tape breaks off."""
    kept = [_Kept(wanted) for wanted in asked.wanted]
    reader = Reader(asked.sorts)
    begins_ns = min(wanted.since_ns for wanted in asked.wanted)
    oldest_ns: int | None = None
    for line in lines_since(asked.folder, begins_ns, asked.until_ns):
        if line.received_ns is None or line.provider is None:
            continue
        oldest_ns = line.received_ns if oldest_ns is None else oldest_ns
        if line.received_ns >= begins_ns:
            found = reader.read(line.provider, line.received_ns, line.raw)
            for each in kept:
                each.take_in(found)
    for each in kept:
        yield from _pieces(each, _since_ns(each, oldest_ns))


def _since_ns(kept: _Kept, oldest_ns: int | None) -> int | None:
    """From when on everything is known; None: there is no tape."""
    since_ns = kept.wanted.since_ns
    if oldest_ns is None:
        return None
    if open_s(since_ns, oldest_ns) > 0:
        since_ns = oldest_ns
    return max(since_ns, kept.cut_ns)


def _pieces(kept: _Kept, since_ns: int | None) -> Iterator[Piece]:
    prints = sorted(kept.prints.values(), key=at_ns)
    for start in range(0, len(prints), AT_ONCE):
        yield Piece(kept.wanted.id, tuple(prints[start : start + AT_ONCE]))
    if since_ns is not None:
        yield Piece(kept.wanted.id, (), since_ns)


def _key(found: Print, newest_by: By | None) -> object:
    match newest_by:
        case "contract":
            return found.ticker, found.type, found.strike, found.expiry
        case "ticker":
            return found.ticker
        case "rule":
            return None
        case None:
            return found.identity


def main() -> None:
    """The child."""
    os.nice(10)  # the service's own work goes first
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # the parent tells
    encode = msgspec.msgpack.Encoder().encode
    asked: Search = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent, and nobody else's words
    out = sys.stdout.buffer
    try:
        for piece in search(asked):
            packed = encode(piece)
            out.write(len(packed).to_bytes(4, "big") + packed)
        out.flush()
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
