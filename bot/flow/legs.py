"""Which prints are legs of one multi-leg order: that they trade at once, on opposite sides and in like sizes shows it.

A spread or a roll reaches the tape as several prints. Each read for itself bets on a direction, which the order does
not: the market's commonest false alarm. Orders whose legs are all on one side, such as a straddle, are not found.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from bot.model.prints import Print

AT_ONCE = timedelta(milliseconds=5)
"""An exchange fills all legs of an order in one go. Their times differ by as much as it took to report them one after
the other, and by the millisecond to which feeds cut them. Where a feed names whole seconds, legs are paired within one
and not with the next: legs that fall to either side are rarer than strangers who trade within two seconds."""
RATIO = 2
"""Legs are as large as each other, or one is twice the other: a butterfly's middle, the most usual ratio spread."""

REMEMBERED = 5000
"""Prints, in each of two generations. Legs follow each other closely, but what a gap gives back comes among others."""
PER_TICKER = 64
"""Prints of one underlying, in each: bounds what a print is compared with where a feed names whole seconds."""


class _Lately:
    """The latest prints of one underlying."""

    __slots__ = ("newest", "prints")

    def __init__(self, first: Print, time: datetime) -> None:
        self.newest = time
        self.prints = deque((first,), PER_TICKER)


class Legs:
    """Remembers prints that could be legs, and tells of each once another shows it to be one.

    Legs come from one provider (two clocks are not one), and are of one underlying, but not of one contract.
    """

    __slots__ = ("_count", "_new", "_old")

    def __init__(self) -> None:
        self._new: dict[str, _Lately] = {}
        self._old: dict[str, _Lately] = {}
        self._count = 0

    def paired(self, found: Print) -> tuple[Print, tuple[Print, ...]]:
        """`found` with `multi_leg` known where it can be, and the earlier prints that it shows to be legs as well.

        A leg's bias is neutral, whoever named another. False says that no other leg was seen as yet. What the feed says
        stands. A print at neither side, or whose time, size or contract is not known, cannot be paired and stays as it
        is. In the end the same prints are legs, in whichever order they came.
        """
        time, side = found.time, found.side
        if (
            found.multi_leg is not None or time is None or not found.size or (side != "ask" and side != "bid")
            or found.type is None or found.strike is None or found.expiry is None
        ):  # fmt: skip
            return found, ()
        told = msgspec.structs.replace(found, multi_leg=False)
        others: tuple[Print, ...] = ()
        ticker = found.ticker
        new, old = self._new.get(ticker), self._old.get(ticker)
        # What comes later than all of an underlying's prints, as most do, needs no comparing.
        if (new is not None and time - new.newest <= AT_ONCE) or (old is not None and time - old.newest <= AT_ONCE):
            told, others = _join(told, time, [one.prints for one in (old, new) if one is not None])
        if new is None:
            self._new[ticker] = _Lately(told, time)
        else:
            new.prints.append(told)
            if time > new.newest:
                new.newest = time
        self._count += 1
        if self._count == REMEMBERED:
            self._old, self._new, self._count = self._new, {}, 0
        return told, others


def _join(found: Print, time: datetime, remembered: Iterable[deque[Print]]) -> tuple[Print, tuple[Print, ...]]:
    """The print, a leg if there is another in what is remembered, and what was not known to be a leg and is one."""
    shown: dict[bytes, Print] = {}
    is_leg = False
    for prints in remembered:
        for place, other in enumerate(prints):
            if not _are_legs(found, time, other):
                continue
            is_leg = True
            if not other.multi_leg:
                prints[place] = leg = _leg(other)
                shown.setdefault(leg.identity, leg)  # a frame may have been sent twice
    return _leg(found) if is_leg else found, tuple(shown.values())


def _are_legs(found: Print, time: datetime, other: Print) -> bool:
    """Of two prints of one underlying, both at a side."""
    size, other_size = found.size, other.size
    if found.side == other.side or size is None or other_size is None or other.time is None:
        return False
    if not (size == other_size or size == RATIO * other_size or other_size == RATIO * size):
        return False
    return (
        abs(time - other.time) <= AT_ONCE
        and found.provider == other.provider
        and (found.strike, found.type, found.expiry) != (other.strike, other.type, other.expiry)
    )


def _leg(found: Print) -> Print:
    return msgspec.structs.replace(found, multi_leg=True, bias="neutral")
