"""Today's flow, bounded and in memory: what `/flow top` and `/flow ticker` are answered from.

Every print passes through `add`, so that one is written for speed. It knows no clock (a print says when it was), no
disk and no platform; a restart begins with an empty day. A little over 300 lines: the values it answers with stand
beside the one class that makes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappush, heappushpop, nlargest

from bot.flow.market import NEW_YORK, session_date
from bot.model.prints import Kind, OptionType, Print, Side

MOST_TICKERS = 20_000
"""More underlyings than the US lists (about 6,000); past it, the half with the least premium is forgotten."""
MOST_CONTRACTS = 512
"""Contracts remembered per ticker; past it, the half with the least premium is forgotten, so a rank stays honest
for the busy ones and a newcomer's total may begin late."""
LINE_FROM_USD = 25_000.0
"""Prints from here on count towards a contract's line. Smaller ones are most of a whole tape and little of its money,
and the contracts they touch would not fit the processor's cache."""
BEST_PER_TICKER = 20
BEST_PER_SORT = 25
"""Of each of the at most 60 sorts: (2 types + missing) x (3 sides + missing) x (4 kinds + missing)."""

_POINT = 1e12
"""One score point outweighs any premium, so that one float ranks by score, then premium."""


@dataclass(frozen=True, slots=True)
class Query:
    """What `top` looks for; None asks nothing. A print that lacks a fact that is asked for does not qualify."""

    limit: int = 10
    min_score: float | None = None
    min_premium: float | None = None
    """US dollars."""
    ticker: str | None = None
    side: Side | None = None
    kind: Kind | None = None
    type: OptionType | None = None
    sector: str | None = None
    dte: tuple[int, int] | None = None
    """Calendar days to expiry, both ends in."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Prints and their premium in US dollars; a print without a premium counts as a print alone."""

    prints: int = 0
    call_usd: float = 0.0
    put_usd: float = 0.0
    bull_usd: float = 0.0
    bear_usd: float = 0.0
    neutral_usd: float = 0.0

    @property
    def premium_usd(self) -> float:
        """Of calls and puts; a print of unknown type is in neither."""
        return self.call_usd + self.put_usd


@dataclass(frozen=True, slots=True)
class ContractFlow:
    """One contract's day so far, counting prints from `LINE_FROM_USD` on."""

    type: OptionType
    strike: float
    expiry: date
    prints: int
    contracts: int
    premium_usd: float


@dataclass(frozen=True, slots=True)
class TickerFlow:
    """One underlying's day so far, the largest first."""

    ticker: str
    totals: Totals
    biggest: tuple[Print, ...]
    most_active: tuple[ContractFlow, ...]


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """The whole day so far."""

    day: date | None
    """The New York date; None before the first print."""
    totals: Totals
    tickers: int
    late: int
    """Prints of an earlier day that came after the new one had begun: not counted."""


class _Best:
    """The best few by rank and by premium. The floors are what a print must beat, once the lists are full."""

    __slots__ = ("_most", "by_premium", "by_rank", "premium_floor", "rank_floor")

    def __init__(self, most: int) -> None:
        self._most = most
        self.rank_floor = -1.0
        self.premium_floor = 0.0
        self.by_rank: list[tuple[float, int, Print]] = []
        self.by_premium: list[tuple[float, int, Print]] = []

    def keep(self, rank: float, premium: float, order: int, found: Print) -> None:
        if rank > self.rank_floor:
            self.rank_floor = self._push(self.by_rank, (rank, order, found), self.rank_floor)
        if premium > self.premium_floor:
            self.premium_floor = self._push(self.by_premium, (premium, order, found), self.premium_floor)

    def _push(self, heap: list[tuple[float, int, Print]], entry: tuple[float, int, Print], floor: float) -> float:
        if len(heap) < self._most:
            heappush(heap, entry)
            return heap[0][0] if len(heap) == self._most else floor
        heappushpop(heap, entry)
        return heap[0][0]


class _Line:
    __slots__ = ("contracts", "premium", "prints")

    def __init__(self) -> None:
        self.prints = 0
        self.contracts = 0
        self.premium = 0.0


_Contract = tuple[OptionType | None, float | None, date | None]
_Sort = tuple[OptionType | None, Side | None, Kind | None]


class _Ticker(_Best):
    __slots__ = ("bear", "bull", "call", "lines", "neutral", "prints", "put", "sector")

    def __init__(self) -> None:
        super().__init__(BEST_PER_TICKER)
        self.prints = 0
        self.sector: str | None = None
        self.call = self.put = self.bull = self.bear = self.neutral = 0.0
        self.lines: dict[_Contract, _Line] = {}

    def line(self, contract: _Contract) -> _Line:
        """A new contract's line; at the bound the quieter half makes room."""
        if len(self.lines) >= MOST_CONTRACTS:
            busiest = nlargest(MOST_CONTRACTS // 2, self.lines.items(), key=lambda item: item[1].premium)
            self.lines = dict(busiest)
        self.lines[contract] = line = _Line()
        return line


class Session:
    """Feed it every print once; ask it about the New York day of the latest."""

    __slots__ = ("_begins", "_begins_ns", "_ends", "_ends_ns", "_late", "_order", "_sorts", "_tickers", "day")

    def __init__(self) -> None:
        self.day: date | None = None
        self._begins = self._ends = datetime.min.replace(tzinfo=UTC)
        self._begins_ns = self._ends_ns = 0
        self._clear()

    def add(self, found: Print) -> None:
        """Count one print. The hot path, so it reads plainly and branches little."""
        when = found.time
        if when is None:
            if not self._begins_ns <= found.received_ns < self._ends_ns and not self._turn(found):
                return
        elif not self._begins <= when < self._ends and not self._turn(found):
            return

        try:
            ticker = self._tickers[found.ticker]
        except KeyError:
            ticker = self._open(found.ticker)
        type_ = found.type
        premium = found.premium or 0.0
        ticker.prints += 1
        if type_ == "call":
            ticker.call += premium
        elif type_ == "put":
            ticker.put += premium
        bias = found.bias
        if bias == "bull":
            ticker.bull += premium
        elif bias == "bear":
            ticker.bear += premium
        elif bias == "neutral":
            ticker.neutral += premium

        if premium >= LINE_FROM_USD:
            contract = (type_, found.strike, found.expiry)
            try:
                line = ticker.lines[contract]
            except KeyError:
                line = ticker.line(contract)
            line.prints += 1
            line.contracts += found.size or 0
            line.premium += premium

        score = found.score
        rank = premium if score is None else score * _POINT + premium
        if rank > ticker.rank_floor or premium > ticker.premium_floor:
            self._order += 1
            ticker.keep(rank, premium, self._order, found)
            ticker.sector = found.sector
        key = (type_, found.side, found.kind)
        try:
            sort = self._sorts[key]
        except KeyError:
            sort = self._sorts[key] = _Best(BEST_PER_SORT)
        if rank > sort.rank_floor or premium > sort.premium_floor:
            self._order += 1
            sort.keep(rank, premium, self._order, found)

    def top(self, query: Query) -> tuple[Print, ...]:
        """The best prints that qualify, by score, then premium, the latest first among equals.

        Exact up to `BEST_PER_SORT` for any mixture of type, side, kind and a lowest score. With a ticker, a sector or
        a lowest premium it may miss a print that neither ranks nor is among the biggest of its sort or its ticker.
        """
        wanted = (query.type, query.side, query.kind)
        lists: list[_Best] = [best for sort, best in self._sorts.items() if _fits(sort, wanted)]
        if query.ticker is not None:
            lists += [self._tickers[query.ticker]] if query.ticker in self._tickers else []
        elif query.sector is not None:
            lists += [ticker for ticker in self._tickers.values() if ticker.sector == query.sector]
        found = {id(entry[2]): entry for best in lists for heap in (best.by_rank, best.by_premium) for entry in heap}
        qualified = [entry for entry in found.values() if _qualifies(entry[2], query)]
        best_first = nlargest(max(0, query.limit), qualified, key=lambda entry: (_rank(entry[2]), entry[1]))
        return tuple(entry[2] for entry in best_first)

    def ticker(self, symbol: str) -> TickerFlow | None:
        """One underlying's day; None where nothing of it has come today."""
        ticker = self._tickers.get(symbol)
        if ticker is None:
            return None
        lines = nlargest(BEST_PER_TICKER, ticker.lines.items(), key=lambda item: item[1].premium)
        return TickerFlow(
            ticker=symbol,
            totals=_totals((ticker,)),
            biggest=tuple(entry[2] for entry in sorted(ticker.by_premium, key=lambda e: e[:2], reverse=True)),
            most_active=tuple(
                ContractFlow(type_, strike, expiry, line.prints, line.contracts, line.premium)
                for (type_, strike, expiry), line in lines
                if type_ is not None and strike is not None and expiry is not None
            ),
        )

    def summary(self) -> SessionSummary:
        """The day over all tickers that are remembered."""
        return SessionSummary(self.day, _totals(self._tickers.values()), len(self._tickers), self._late)

    def _turn(self, found: Print) -> bool:
        """A print outside the day: begin a new day, or drop a straggler. True if the print counts today.

        A print cannot be of a later day than we received it, so a feed with a broken clock cannot end the day.
        """
        received = datetime.fromtimestamp(found.received_ns / 1e9, UTC)
        day = session_date(min(found.time, received) if found.time is not None else received)
        if self.day is not None and day <= self.day:
            self._late += day < self.day
            return day == self.day
        begins, ends = (
            datetime.combine(day + timedelta(days=more), time.min, NEW_YORK).astimezone(UTC) for more in (0, 1)
        )
        self.day, self._begins, self._ends = day, begins, ends
        self._begins_ns, self._ends_ns = int(begins.timestamp()) * 10**9, int(ends.timestamp()) * 10**9
        self._clear()
        return True

    def _clear(self) -> None:
        self._tickers: dict[str, _Ticker] = {}
        self._sorts: dict[_Sort, _Best] = {}
        self._order = 0
        self._late = 0

    def _open(self, symbol: str) -> _Ticker:
        if len(self._tickers) >= MOST_TICKERS:
            busiest = nlargest(MOST_TICKERS // 2, self._tickers.items(), key=lambda item: item[1].call + item[1].put)
            self._tickers = dict(busiest)
        self._tickers[symbol] = ticker = _Ticker()
        return ticker


def _fits(sort: _Sort, wanted: _Sort) -> bool:
    return all(want is None or has == want for has, want in zip(sort, wanted, strict=True))


def _qualifies(found: Print, query: Query) -> bool:
    if query.min_score is not None and (found.score is None or found.score < query.min_score):
        return False
    if query.min_premium is not None and (found.premium is None or found.premium < query.min_premium):
        return False
    if query.ticker is not None and found.ticker != query.ticker:
        return False
    if query.sector is not None and found.sector != query.sector:
        return False
    if query.dte is not None and (found.dte is None or not query.dte[0] <= found.dte <= query.dte[1]):
        return False
    return _fits((found.type, found.side, found.kind), (query.type, query.side, query.kind))


def _rank(found: Print) -> float:
    premium = found.premium or 0.0
    return premium if found.score is None else found.score * _POINT + premium


def _totals(tickers: Iterable[_Ticker]) -> Totals:
    prints, call, put, bull, bear, neutral = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    for ticker in tickers:
        prints += ticker.prints
        call += ticker.call
        put += ticker.put
        bull += ticker.bull
        bear += ticker.bear
        neutral += ticker.neutral
    return Totals(prints, call, put, bull, bear, neutral)
