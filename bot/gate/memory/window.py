"""`Window`: what the trades of a stretch of time amount to, by running sums. Told where the stretch begins."""

from bisect import bisect_left, bisect_right
from collections import deque
from itertools import islice
from operator import attrgetter
from typing import Final

import msgspec

from bot.gate.memory.trade import Trade

CELLS: Final = 256
"""Stretches into which a window is cut where it holds more trades than are kept apart: they leave it together, at most
a 256th of the window late."""

_at = attrgetter("at_ns")


class Lump(msgspec.Struct, gc=False):
    """Trades that are told apart no more; they age as the newest of them."""

    first_ns: int
    at_ns: int
    count: int
    cents: int
    of: int


class Window:
    """Counted trades, oldest first, and their sums. Older ones may be in lumps: the sums stay exact."""

    __slots__ = ("cents", "count", "lumps", "of", "trades")

    def __init__(self) -> None:
        self.trades: deque[Trade] = deque()
        self.lumps: deque[Lump] = deque()
        self.count = 0
        self.cents = 0
        self.of = 0
        """How many are of the sort that a share asks for."""

    @property
    def first_ns(self) -> int:
        """The oldest; of a window that is not empty."""
        return min(first for first, _ in self._ends())

    @property
    def last_ns(self) -> int:
        return max(last for _, last in self._ends())

    def newest(self, most: int) -> list[Trade]:
        """Oldest first."""
        return list(islice(reversed(self.trades), most))[::-1]

    def add(self, trade: Trade) -> None:
        """Put it in its place, which is the last unless it comes late."""
        if not self.trades or self.trades[-1].at_ns <= trade.at_ns:
            self.trades.append(trade)
        else:
            self.trades.insert(bisect_right(self.trades, trade.at_ns, key=_at), trade)
        self.count += 1
        self.cents += trade.cents
        self.of += trade.is_of

    def add_lump(self, lump: Lump, grain_ns: int) -> None:
        """What left another window; as one with those of the same `grain_ns`."""
        self._pour(lump, grain_ns)
        self._sum(lump.count, lump.cents, lump.of)

    def age(self, edge_ns: int) -> list[Trade | Lump]:
        """Let go of what is of `edge_ns` and before."""
        gone: list[Trade | Lump] = []
        while self.lumps and self.lumps[0].at_ns <= edge_ns:
            lump = self.lumps.popleft()
            self._sum(-lump.count, -lump.cents, -lump.of)
            gone.append(lump)
        while self.trades and self.trades[0].at_ns <= edge_ns:
            trade = self.trades.popleft()
            self._sum(-1, -trade.cents, -trade.is_of)
            gone.append(trade)
        return gone

    def remove(self, trade: Trade) -> None:
        """Of a trade that is here."""
        self._take_out(trade)
        self._sum(-1, -trade.cents, -trade.is_of)

    def squeeze(self, trade: Trade, grain_ns: int) -> None:
        """Tell a trade that is here no longer from its neighbours within `grain_ns`."""
        self._take_out(trade)
        self._pour(Lump(trade.at_ns, trade.at_ns, 1, trade.cents, int(trade.is_of)), grain_ns)

    def clear(self) -> None:
        self.trades.clear()
        self.lumps.clear()
        self.count = self.cents = self.of = 0

    def _take_out(self, trade: Trade) -> None:
        trades = self.trades
        place = 0
        if trades[0] is not trade:
            place = bisect_left(trades, trade.at_ns, key=_at)
            while trades[place] is not trade:
                place += 1
        del trades[place]

    def _pour(self, lump: Lump, grain_ns: int) -> None:
        cell = lump.at_ns // grain_ns
        lumps = self.lumps
        place = len(lumps) - 1
        if not lumps or lumps[-1].at_ns // grain_ns != cell:
            place = bisect_left(lumps, cell, key=lambda other: other.at_ns // grain_ns)
        if place == len(lumps) or lumps[place].at_ns // grain_ns != cell:
            lumps.insert(place, lump)
            return
        into = lumps[place]
        into.first_ns, into.at_ns = min(into.first_ns, lump.first_ns), max(into.at_ns, lump.at_ns)
        into.count, into.cents, into.of = into.count + lump.count, into.cents + lump.cents, into.of + lump.of

    def _sum(self, count: int, cents: int, of: int) -> None:
        self.count += count
        self.cents += cents
        self.of += of

    def _ends(self) -> list[tuple[int, int]]:
        ends = []
        if self.lumps:
            ends.append((self.lumps[0].first_ns, self.lumps[-1].at_ns))
        if self.trades:
            ends.append((self.trades[0].at_ns, self.trades[-1].at_ns))
        return ends
