"""Which prints are legs of one multi-leg order: that they trade at once, on opposite sides and in like sizes shows it.

A spread or a roll reaches the tape as several prints. Each read for itself bets on a direction, which the order does
not: the market's commonest false alarm. Orders whose legs are all on one side, such as a straddle, are not found.
"""

from datetime import timedelta

import msgspec

from bot.model.prints import Print

AT_ONCE = timedelta(milliseconds=5)
"""An exchange fills all legs of an order in one go. Their times differ by as much as it took to report them one after
the other, and by the millisecond to which feeds cut them. Where a feed names whole seconds, legs are paired within one
and not with the next: legs that fall to either side are rarer than strangers who trade within two seconds."""
RATIO = 2
"""Legs are as large as each other, or one is twice the other: a butterfly's middle, the most usual ratio spread."""

REMEMBERED = 64
"""Prints. Legs follow each other closely, also in what a gap gives back. What is remembered keeps its memory from the
next print, which else would find it hot: five thousand cost a third of intake's time."""
MOST_TICKERS = 20_000
"""More underlyings than the US lists."""

_AT_ONCE_S = AT_ONCE.total_seconds() + 1e-6  # a float of the day is not exact
_HALF_A_DAY_S = 43_200.0


class Legs:
    """Remembers prints that could be legs, and tells of each once another shows it to be one.

    Legs come from one provider (two clocks are not one), and are of one underlying, but not of one contract.
    """

    __slots__ = ("_newest", "_next", "_prints")

    def __init__(self) -> None:
        self._prints: list[Print | None] = [None] * REMEMBERED
        """A ring."""
        self._next = 0
        self._newest: dict[str, float] = {}
        """By underlying: the time of day of the latest."""

    def paired(self, found: Print) -> tuple[Print, tuple[Print, ...]]:
        """`found` with `multi_leg` known where it can be, and the earlier prints that it shows to be legs as well.

        A leg's bias is neutral, whoever named another. False says that no other leg was seen as yet. What the feed says
        stands. A print at neither side, or whose time, size or contract is not known, cannot be paired and stays as it
        is. In the end the same prints are legs, in whichever order they came.
        """
        at_s, side, ticker = found.time_of_day, found.side, found.ticker
        if (
            found.multi_leg is not None or at_s is None or not found.size or (side != "ask" and side != "bid")
            or found.type is None or found.strike is None or found.expiry is None
        ):  # fmt: skip
            return found, ()
        told = msgspec.structs.replace(found, multi_leg=False)
        others: tuple[Print, ...] = ()
        newest = self._newest
        last_s = newest.get(ticker)
        # What comes later than all of an underlying's prints, as most do, needs no comparing.
        if last_s is not None and at_s - last_s <= _AT_ONCE_S:
            told, others = self._join(told)
        if last_s is None or at_s > last_s or last_s - at_s > _HALF_A_DAY_S:  # the next day begins at 0
            newest[ticker] = at_s
            if len(newest) > MOST_TICKERS:
                newest.clear()
        self._prints[self._next] = told
        self._next = (self._next + 1) % REMEMBERED
        return told, others

    def _join(self, found: Print) -> tuple[Print, tuple[Print, ...]]:
        """The print, a leg if there is another in what is remembered, and what was not known to be a leg and is one."""
        shown: dict[bytes, Print] = {}
        is_leg = False
        ticker, prints = found.ticker, self._prints
        for place, other in enumerate(prints):
            if other is None or other.ticker != ticker or not _are_legs(found, other):
                continue
            is_leg = True
            if not other.multi_leg:
                prints[place] = leg = _leg(other)
                shown.setdefault(leg.identity, leg)  # a frame may have been sent twice
        return _leg(found) if is_leg else found, tuple(shown.values())


def _are_legs(found: Print, other: Print) -> bool:
    """Of two prints of one underlying, both at a side."""
    size, other_size = found.size, other.size
    if found.side == other.side or size is None or other_size is None or found.time is None or other.time is None:
        return False
    if not (size == other_size or size == RATIO * other_size or other_size == RATIO * size):
        return False
    return (
        abs(found.time - other.time) <= AT_ONCE
        and found.provider == other.provider
        and (found.strike, found.type, found.expiry) != (other.strike, other.type, other.expiry)
    )


def _leg(found: Print) -> Print:
    return msgspec.structs.replace(found, multi_leg=True, bias="neutral")
