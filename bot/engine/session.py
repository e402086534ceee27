"""Today's flow, bounded and in memory: what `/flow top`, `ticker`, `unusual` and `heatmap` are answered from.

Every print passes through `add`, so that one is written for speed. It knows no clock (a print says when it was), no
disk and no platform.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from heapq import nlargest
from itertools import chain, islice
from typing import Any, Final

from bot.engine.session_day import (
    BEST_PER_SORT,
    BEST_PER_TICKER,
    BIASES,
    LINE_FROM_USD,
    POINT,
    Best,
    Odd,
    Slices,
    Sort,
    TickerDay,
)
from bot.engine.session_flows import ContractFlow, SessionSummary, TickerFlow, Totals, heat_of, totals_of
from bot.engine.session_query import Query, fits, qualifies
from bot.engine.session_search import Steps, best, oddest
from bot.flow.market import NEW_YORK, session_date
from bot.model.heat import BUCKET_NS, Bucket, Heat
from bot.model.prints import Print

__all__ = ["LINE_FROM_USD", "ContractFlow", "Query", "Session", "SessionSummary", "TickerFlow", "Totals", "qualifies"]

MOST_TICKERS = 20_000
"""More underlyings than the US lists (about 6,000); past it, the half with the least premium is forgotten."""

TICKERS_A_PIECE: Final = 50


class Session:
    """Feed it every print once; ask it about the New York day of the latest."""

    __slots__ = (
        "_begins_ns", "_bucket_begins", "_bucket_begins_ns", "_bucket_ends", "_bucket_ends_ns", "_late",
        "_odd", "_odd_floor", "_order", "_slice", "_slices", "_sorts", "_tickers", "day",
    )  # fmt: skip

    def __init__(self) -> None:
        self.day: date | None = None
        self._begins_ns = 0
        self._bucket_begins = self._bucket_ends = datetime.min.replace(tzinfo=UTC)
        self._bucket_begins_ns = self._bucket_ends_ns = 0
        self._clear()

    def _clear(self) -> None:
        self._slice = 0
        self._tickers: dict[str, TickerDay] = {}
        self._sorts: dict[Sort, Best] = {}
        self._slices: Slices = defaultdict(float)
        self._odd = Odd()
        self._odd_floor = 0.0
        self._order = 0
        self._late = 0

    def add(self, found: Print) -> None:
        """Count one print. The hot path, so it reads plainly and branches little.

        Nearly every print is of the bucket of the one before it, which shows at once that it is of this day.
        """
        when = found.time
        if when is None:
            if not self._bucket_begins_ns <= found.received_ns < self._bucket_ends_ns and not self._turn(found):
                return
        elif not self._bucket_begins <= when < self._bucket_ends and not self._turn(found):
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
        else:
            ticker.untyped += premium
        bias = found.bias
        if bias == "bull":
            ticker.bull += premium
        elif bias == "bear":
            ticker.bear += premium
        elif bias == "neutral":
            ticker.neutral += premium

        vol_oi = found.vol_oi or 0.0
        if vol_oi > self._odd_floor:
            self._odd_floor = self._odd.keep(vol_oi, found)
        if premium >= LINE_FROM_USD:
            contract = (type_, found.strike, found.expiry)
            try:
                line = ticker.lines[contract]
            except KeyError:
                line = ticker.line(contract)
            line.prints += 1
            line.contracts += found.size or 0
            line.premium += premium
            if vol_oi >= line.vol_oi:
                line.vol_oi, line.odd = vol_oi, found
            if bias is not None:
                slice_ = self._slice + BIASES[bias]
                ticker.slices[slice_] += premium
                self._slices[slice_] += premium

        score = found.score
        rank = premium if score is None else score * POINT + premium
        if rank > ticker.rank_floor or premium > ticker.premium_floor:
            self._order += 1
            ticker.keep(rank, premium, self._order, found)
            ticker.sector = found.sector or ticker.sector
        key = (type_, found.side, found.kind)
        try:
            sort = self._sorts[key]
        except KeyError:
            sort = self._sorts[key] = Best(BEST_PER_SORT)
        if rank > sort.rank_floor or premium > sort.premium_floor:
            self._order += 1
            sort.keep(rank, premium, self._order, found)

    def top(self, query: Query, *, skip: int = 0) -> Steps:
        """Look for the best prints that qualify, by score, then premium, the latest first among equals, past `skip`.

        Exact up to `BEST_PER_SORT` for any mixture of type, side, kind and a lowest score. With a ticker, a sector, a
        lowest premium or days to expiry it may miss a print that neither ranks nor is among the biggest of its sort or
        its ticker.
        """
        is_narrow = query.ticker is not None or query.sector is not None
        places = [*self._fitting(query), *(self._days(query) if is_narrow else ())]
        found = yield from best(places, query, _end(query, skip))
        return found[max(0, skip) :]

    def unusual(self, query: Query, *, skip: int = 0) -> Steps:
        """Look for the prints with the most volume over open interest that qualify, one a contract, past `skip`.

        Of a contract, the print where it was highest, the newest among equals: where the feed tells the volume, that is
        its last. Exact for the first ten contracts where nothing else is asked. Else it may miss a print that is
        neither among the `MOST_ODD`, nor its contract's highest from `LINE_FROM_USD` on, nor among its sort's best.
        """
        days = self._days(query)
        kept = [*self._fitting(query), *(days if query.ticker is not None else ())]
        lines = days if query != Query(limit=query.limit) else []
        places: Iterator[Iterable[Print]] = chain([self._odd], map(_prints, kept), map(_odd, lines))
        found = yield from oddest(places, query, _end(query, skip))
        return found[max(0, skip) :]

    def ticker(self, symbol: str) -> TickerFlow | None:
        """One underlying's day; None where nothing of it has come today."""
        ticker = self._tickers.get(symbol)
        if ticker is None:
            return None
        lines = nlargest(BEST_PER_TICKER, ticker.lines.items(), key=lambda item: item[1].premium)
        return TickerFlow(
            ticker=symbol,
            totals=totals_of((ticker,)),
            biggest=ticker.biggest(),
            most_active=tuple(
                ContractFlow(type_, strike, expiry, line.prints, line.contracts, line.premium)
                for (type_, strike, expiry), line in lines
                if type_ is not None and strike is not None and expiry is not None
            ),
        )

    def by_ticker(self, limit: int) -> tuple[Heat, ...]:
        """The underlyings with the most premium, that first; one without any premium is none of them."""
        days = nlargest(max(0, limit), self._tickers.items(), key=lambda item: item[1].premium)
        return tuple(heat_of(symbol, (day,)) for symbol, day in days if day.premium > 0)

    def busiest(self, part: str, most: int) -> list[str]:
        """Underlyings whose symbol holds `part`, capitals: those that begin with it first, and then by premium."""
        days = [
            (symbol.startswith(part), day.premium, symbol) for symbol, day in self._tickers.items() if part in symbol
        ]
        return [symbol for _, _, symbol in nlargest(most, days)]

    def by_sector(self) -> tuple[Heat, ...]:
        """The sectors with the most premium, that first.

        What belongs to no sector (an index, a fund over many, a symbol that nobody knows) is left out: the few largest
        index products would else leave the sectors a corner of the picture.
        """
        sums: dict[str, list[float]] = {}
        for day in self._tickers.values():
            if day.sector is None:
                continue
            of_sector = sums.get(day.sector) or sums.setdefault(day.sector, [0.0] * 4)
            of_sector[0] += day.call + day.put + day.untyped
            of_sector[1] += day.bull
            of_sector[2] += day.bear
            of_sector[3] += day.prints
        heats = [Heat(name, premium, bull, bear, int(prints)) for name, (premium, bull, bear, prints) in sums.items()]
        return tuple(sorted((heat for heat in heats if heat.premium_usd > 0), key=lambda heat: -heat.premium_usd))

    def timeline(self, ticker: str | None = None) -> tuple[Bucket, ...]:
        """Premium by bias, five minutes at a time, of the whole market or one underlying; oldest first.

        Counts prints from `LINE_FROM_USD` on that have a bias; a bucket without any is not there.
        """
        if ticker is None:
            slices = self._slices
        elif ticker in self._tickers:
            slices = self._tickers[ticker].slices
        else:
            return ()
        return tuple(
            Bucket(self._begins_ns + number * BUCKET_NS, *(slices.get(3 * number + bias, 0.0) for bias in range(3)))
            for number in sorted({slice_ // 3 for slice_ in slices})
        )

    def summary(self) -> SessionSummary:
        """The day over all tickers that are remembered."""
        return SessionSummary(self.day, totals_of(self._tickers.values()), len(self._tickers), self._late)

    # --- from one process to another ---

    def pieces(self) -> Iterator[Mapping[str, object]]:
        """Everything that is known, in pieces each of which is soon unpickled. One pickler for all of them: prints that
        several hold stay one."""
        yield {name: getattr(self, name) for name in self.__slots__ if name != "_tickers"}
        tickers = iter(self._tickers.items())
        while some := dict(islice(tickers, TICKERS_A_PIECE)):
            yield {"_tickers": some}

    def take_in(self, piece: Mapping[str, Any]) -> None:
        """A piece of another session, which this one becomes; the first one first."""
        for name, value in piece.items():
            if name == "_tickers":
                self._tickers |= value
            else:
                setattr(self, name, value)

    def become(self, other: "Session") -> None:
        """Know what `other` knows, and nothing else. `other` is not to be used any more."""
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))

    def _turn(self, found: Print) -> bool:
        """A print of another bucket: turn to it, be it of this day or the first of a new one; or drop a straggler.

        True if the print counts today. It cannot be of later than we received it, so a feed with a broken clock cannot
        end the day.
        """
        received = datetime.fromtimestamp(found.received_ns // 10**9, UTC)
        moment = received if found.time is None else min(found.time, received)
        day = session_date(moment)
        if self.day is None or day > self.day:
            self.day = day
            self._begins_ns = int(datetime.combine(day, time.min, NEW_YORK).timestamp()) * 10**9
            self._clear()
        elif day < self.day:
            self._late += 1
            return False
        number = (int(moment.timestamp()) * 10**9 - self._begins_ns) // BUCKET_NS
        self._slice = 3 * number
        self._bucket_begins_ns = self._begins_ns + number * BUCKET_NS
        self._bucket_ends_ns = self._bucket_begins_ns + BUCKET_NS
        self._bucket_begins = datetime.fromtimestamp(self._bucket_begins_ns // 10**9, UTC)
        self._bucket_ends = datetime.fromtimestamp(self._bucket_ends_ns // 10**9, UTC)
        return True

    def _open(self, symbol: str) -> TickerDay:
        if len(self._tickers) >= MOST_TICKERS:
            busiest = nlargest(MOST_TICKERS // 2, self._tickers.items(), key=lambda item: item[1].premium)
            self._tickers = dict(busiest)
        self._tickers[symbol] = ticker = TickerDay()
        return ticker

    def _fitting(self, query: Query) -> list[Best]:
        wanted = (query.type, query.side, query.kind)
        return [best for sort, best in self._sorts.items() if fits(sort, wanted)]

    def _days(self, query: Query) -> list[TickerDay]:
        if query.ticker is not None:
            return [self._tickers[query.ticker]] if query.ticker in self._tickers else []
        return [day for day in self._tickers.values() if query.sector is None or day.sector == query.sector]


def _end(query: Query, skip: int) -> int:
    return max(0, query.limit) + max(0, skip)


def _prints(place: Best) -> list[Print]:
    return [found for _, found in place.kept()]


def _odd(day: TickerDay) -> list[Print]:
    return [line.odd for line in day.lines.values() if line.odd is not None]
