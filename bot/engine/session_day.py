"""What a day keeps of its prints, bounded: per ticker and contract, and the best few of each sort. Knows no question.

`Session.add` writes into these many thousand times a second, so their attributes are plain and open to it.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from heapq import heapify, heapreplace, nlargest
from typing import Final

from bot.model.prints import Bias, Kind, OptionType, Print, Side

MOST_CONTRACTS = 512
"""Contracts remembered per ticker; past it, the half with the least premium is forgotten, so a rank stays honest
for the busy ones and a newcomer's total may begin late."""
LINE_FROM_USD = 25_000.0
"""Prints from here on count towards a contract's line and the day's timeline. Smaller ones are most of a whole tape and
little of its money, and the contracts they touch would not fit the processor's cache."""
BEST_PER_TICKER = 20
BEST_PER_SORT = 30
"""Three pages of ten. There are at most 60 sorts: (2 types + missing) x (3 sides + missing) x (4 kinds + missing)."""
ODD_FROM = 1.0
"""A contract's line keeps its oddest print once it has traded more contracts in a day than were open."""
MOST_ODD = 256
"""Prints with the most volume over open interest, one a contract, side and kind: so of at least twelve contracts."""

POINT = 1e12
"""One score point outweighs any premium, so that one float ranks by score, then premium."""

BIASES: Final[dict[Bias, int]] = {"bull": 0, "bear": 1, "neutral": 2}
Slices = defaultdict[int, float]
"""US dollars by 3 x the bucket's number since midnight + the bias's in `BIASES`. One flat dictionary, because most
buckets of most tickers are empty, and on a busy day a hundred thousand are not."""

Contract = tuple[OptionType | None, float | None, date | None]
Sort = tuple[OptionType | None, Side | None, Kind | None]
Entry = tuple[float, int, Print]


def rank(found: Print) -> float:
    """By score, then premium, as one number."""
    premium = found.premium or 0.0
    return premium if found.score is None else found.score * POINT + premium


class Best:
    """The best few by rank and by premium. The floors are what a print must beat, once there are as many as may be."""

    __slots__ = ("_by_premium", "_by_rank", "_few", "_most", "premium_floor", "rank_floor")

    def __init__(self, most: int) -> None:
        self._most = most
        self.rank_floor = self.premium_floor = -1.0
        self._few: list[tuple[float, float, int, Print]] | None = []
        """All of them, until they are too many: most tickers of a day never have more."""
        self._by_rank: list[Entry] = []
        self._by_premium: list[Entry] = []

    def keep(self, rank: float, premium: float, order: int, found: Print) -> None:
        """Only for what beats a floor."""
        if self._few is not None:
            self._few.append((rank, premium, order, found))
            if len(self._few) == self._most:
                self._fill(self._few)
            return
        if rank > self.rank_floor:
            heapreplace(self._by_rank, (rank, order, found))
            self.rank_floor = self._by_rank[0][0]
        if premium > self.premium_floor:
            heapreplace(self._by_premium, (premium, order, found))
            self.premium_floor = self._by_premium[0][0]

    def kept(self) -> list[tuple[int, Print]]:
        """Whatever is kept, each with its number in the order of coming; in no order, and some twice."""
        if self._few is not None:
            return [(order, found) for _, _, order, found in self._few]
        return [(order, found) for heap in (self._by_rank, self._by_premium) for _, order, found in heap]

    def biggest(self) -> tuple[Print, ...]:
        """The most premium first, the newest of equals."""
        entries = self._by_premium
        if self._few is not None:
            entries = [(premium, order, found) for _, premium, order, found in self._few]
        return tuple(found for premium, _, found in sorted(entries, key=lambda e: e[:2], reverse=True) if premium > 0)

    def _fill(self, few: list[tuple[float, float, int, Print]]) -> None:
        self._by_rank = [(rank, order, found) for rank, _, order, found in few]
        self._by_premium = [(premium, order, found) for _, premium, order, found in few]
        self._few = None
        heapify(self._by_rank)
        heapify(self._by_premium)
        self.rank_floor, self.premium_floor = self._by_rank[0][0], self._by_premium[0][0]


class Odd:
    """The prints with the most volume over open interest: of a contract and sort its highest, the newest of equals."""

    __slots__ = ("_floor", "_held")

    def __init__(self) -> None:
        self._floor = 0.0
        self._held: dict[tuple[object, ...], Print] = {}

    def __iter__(self) -> Iterator[Print]:
        return iter(self._held.values())

    def keep(self, vol_oi: float, found: Print) -> float:
        """What a print must beat from now on. At twice the bound the lower half goes."""
        key = (found.ticker, found.strike, found.expiry, found.type, found.side, found.kind)
        held = self._held.get(key)
        if held is None or (held.vol_oi or 0.0) <= vol_oi:
            self._held[key] = found
        if len(self._held) >= 2 * MOST_ODD:
            highest = nlargest(MOST_ODD, self._held.items(), key=lambda item: item[1].vol_oi or 0.0)
            self._held = dict(highest)
            self._floor = highest[-1][1].vol_oi or 0.0
        return self._floor


class Line:
    """One contract's day."""

    __slots__ = ("contracts", "odd", "premium", "prints", "vol_oi")

    def __init__(self) -> None:
        self.prints = 0
        self.contracts = 0
        self.premium = 0.0
        self.vol_oi = ODD_FROM
        self.odd: Print | None = None
        """The print where volume over open interest was highest, and that ratio above."""


class TickerDay(Best):
    """One underlying's day."""

    __slots__ = ("bear", "bull", "call", "lines", "neutral", "prints", "put", "sector", "slices", "untyped")

    def __init__(self) -> None:
        super().__init__(BEST_PER_TICKER)
        self.prints = 0
        self.sector: str | None = None
        """What the latest ranked print that knows one said."""
        self.call = self.put = self.untyped = self.bull = self.bear = self.neutral = 0.0
        self.lines: dict[Contract, Line] = {}
        self.slices: Slices = defaultdict(float)

    @property
    def premium(self) -> float:
        """Of all its prints, in US dollars."""
        return self.call + self.put + self.untyped

    def line(self, contract: Contract) -> Line:
        """A new contract's line; at the bound the quieter half makes room."""
        if len(self.lines) >= MOST_CONTRACTS:
            busiest = nlargest(MOST_CONTRACTS // 2, self.lines.items(), key=lambda item: item[1].premium)
            self.lines = dict(busiest)
        self.lines[contract] = line = Line()
        return line
