"""Looking through a day for the prints that somebody asks for, some hundred at a time.

A whole market's day holds half a million, and more come meanwhile. Holds nothing itself.
"""

import asyncio
import time
from collections.abc import Generator, Iterable
from heapq import nlargest
from typing import Final

from bot.engine.session_day import Best, rank
from bot.engine.session_query import Query, qualifies
from bot.model.prints import Print

STEP: Final = 500
"""Prints looked at between two steps: about a millisecond."""
TURN_S: Final = 0.003
"""How long it may hold up the event loop, in seconds."""

Steps = Generator[None, None, tuple[Print, ...]]
"""What was found, once all steps are taken. The day may go on between two of them."""


async def in_turns(steps: Steps) -> tuple[Print, ...]:
    """Take the steps, and give the event loop its turn in between."""
    began_s = time.perf_counter()
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            found: tuple[Print, ...] = ended.value
            return found
        if time.perf_counter() - began_s >= TURN_S:
            await asyncio.sleep(0)
            began_s = time.perf_counter()


def best(places: Iterable[Best], query: Query, most: int) -> Steps:
    """The best that qualify of all that are kept there: by score, then premium, the latest first among equals."""
    highest: dict[int, tuple[float, int, Print]] = {}
    looked = 0
    for place in places:
        kept = place.kept()
        if qualified := {id(found): (rank(found), order, found) for order, found in kept if qualifies(found, query)}:
            highest = {id(entry[2]): entry for entry in nlargest(most, (highest | qualified).values())}
        looked += len(kept)
        if looked >= STEP:
            looked = 0
            yield
    return tuple(found for _, _, found in highest.values())


def oddest(places: Iterable[Iterable[Print]], query: Query, most: int) -> Steps:
    """Those that qualify with the most volume over open interest, one a contract."""
    highest: dict[object, Print] = {}
    looked = 0
    for place in places:
        for found in place:
            looked += 1
            if found.vol_oi is not None and qualifies(found, query):
                contract = (found.ticker, found.type, found.strike, found.expiry)
                held = highest.get(contract)
                if held is None or _oddness(found) > _oddness(held):
                    highest[contract] = found
        if looked >= STEP:
            looked = 0
            # What is left out here comes again if its contract has a higher one yet.
            highest = dict(nlargest(most, highest.items(), key=lambda item: _oddness(item[1])))
            yield
    return tuple(nlargest(most, highest.values(), key=_oddness))


def _oddness(found: Print) -> tuple[float, int]:
    return (found.vol_oi or 0.0, found.received_ns)
