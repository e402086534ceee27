"""Adds up the day so far from the tape, in a process of its own: `python -m bot.engine.recalling_day`.

It is told on its standard input which tape, and writes the day to its standard output; `recalling` begins it.
"""

import logging
import os
import pickle
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.engine.recent import Recent
from bot.engine.session import Session
from bot.engine.tape_reading import Reader, lines_since
from bot.engine.twins import Twins
from bot.model.errors import InputError
from bot.model.prints import Print
from bot.providers.taped import Sort


@dataclass(frozen=True, slots=True)
class Recall:
    """What to read."""

    folder: Path
    sorts: Mapping[str, Sort]
    """By the provider's name, in the configuration's order."""
    begins_ns: int
    """The day's beginning in New York, unix nanoseconds."""
    until_ns: int
    """What was received later comes by the feeds themselves."""


def day_so_far(asked: Recall) -> tuple[Session, int]:
    """The day as the service would know it, and when the newest print was received, unix nanoseconds (0: there is
    none). Raises InputError where the tape breaks off."""
    session, recent, twins, newest_ns = Session(), Recent(), Twins(), 0
    for found in _prints(asked):
        newest_ns = max(newest_ns, found.received_ns)
        if not recent.is_repeat(found) and not (len(asked.sorts) > 1 and twins.is_twin(found)):
            session.add(found)
    return session, newest_ns


def _prints(asked: Recall) -> Iterator[Print]:
    reader = Reader(asked.sorts)
    for line in lines_since(asked.folder, asked.begins_ns, asked.until_ns):
        if line.received_ns is None or line.provider is None or line.received_ns >= asked.until_ns:
            continue
        yield from reader.read(line.provider, line.received_ns, line.raw).prints


def main() -> None:
    """The child."""
    os.nice(10)  # the service's own work goes first
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # the parent tells
    asked: Recall = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent, and nobody else's words
    try:
        session, newest_ns = day_so_far(asked)
    except InputError as error:
        sys.exit(str(error))
    pickler = pickle.Pickler(sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dump(newest_ns)
    for piece in session.pieces():
        pickler.dump(piece)


if __name__ == "__main__":
    main()
