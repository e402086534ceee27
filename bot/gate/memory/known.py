"""`Known`: which prints of one key were counted, told by identity and as twins of other providers' prints."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from bot.gate.memory.trade import Contract, Trade, ns
from bot.gate.verdict import TWIN_WINDOW_S, is_same_amount
from bot.model.prints import Print

TWIN_NS: Final = ns(TWIN_WINDOW_S)
SAME_USD: Final = 0.01
"""A premium that one frame states and another leaves to be computed differs by less."""


class Known:
    """The trades of one key in the order of their coming, a bounded number of them."""

    __slots__ = ("_by_mark", "_by_moment", "_provider", "_trades")

    def __init__(self) -> None:
        self._trades: deque[Trade] = deque()
        self._by_mark: dict[bytes, Trade] = {}
        self._provider: str | None = None
        """The only one so far."""
        self._by_moment: dict[tuple[Contract, int], list[Trade]] | None = None
        """By contract and stretch of `TWIN_NS`; None while one provider alone has told, for then there are no twins."""

    def __len__(self) -> int:
        return len(self._trades)

    def __iter__(self) -> Iterator[Trade]:
        return iter(self._trades)

    def get(self, mark: bytes) -> Trade | None:
        return self._by_mark.get(mark)

    def find(self, found: Print, happened_ns: int) -> Trade | None:
        """The oldest that counts and has this print's facts: what takes a print back may lack its id."""
        contract = Contract(found.ticker, found.type, found.strike, found.expiry)
        if not contract.is_whole or found.time is None or (found.size is None and found.premium is None):
            return None
        wanted = (happened_ns, found.provider, contract, found.size)
        for trade in self._trades:
            if (
                trade.is_counted
                and (trade.at_ns, trade.provider, trade.contract, trade.size) == wanted
                and _is_same(trade.premium, found.premium)
            ):
                return trade
        return None

    def twin_of(self, found: Print, happened_ns: int) -> Trade | None:
        """The trade that another provider told of, and this one has not yet; the nearest in time."""
        by_moment = self._by_moment
        if by_moment is None:
            if self._provider == found.provider or self._provider is None:
                return None
            by_moment = self._by_moment = self._filed()
        if found.time is None:
            return None
        contract = Contract(found.ticker, found.type, found.strike, found.expiry)
        if not contract.is_whole:
            return None
        stretch = happened_ns // TWIN_NS
        candidates = [
            trade
            for near in (stretch - 1, stretch, stretch + 1)
            for trade in by_moment.get((contract, near), ())
            if abs(trade.at_ns - happened_ns) <= TWIN_NS
            and _has_not_told(found.provider, trade)
            and is_same_amount(found, size=trade.size, premium=trade.premium)
        ]
        return min(candidates, key=lambda trade: (abs(trade.at_ns - happened_ns), trade.at_ns), default=None)

    def add(self, trade: Trade) -> None:
        self._trades.append(trade)
        self._by_mark[trade.mark] = trade
        for _, mark in trade.twins:
            self._by_mark[mark] = trade
        if self._by_moment is not None:
            _file(trade, self._by_moment)
        elif self._provider is None:
            self._provider = trade.provider
        elif self._provider != trade.provider:
            self._by_moment = self._filed()

    def add_twin(self, trade: Trade, provider: str, mark: bytes) -> None:
        """Another provider told of it: nobody's second telling counts."""
        trade.twins = (*trade.twins, (provider, mark))
        self._by_mark[mark] = trade

    def drop(self, until_ns: int, most: int) -> list[Trade]:
        """Forget those of `until_ns` and before, as far as they came first, and what is more than `most`."""
        trades = self._trades
        dropped: list[Trade] = []
        while trades and (len(trades) > most or trades[0].at_ns <= until_ns):
            trade = trades.popleft()
            dropped.append(trade)
            self._by_mark.pop(trade.mark, None)
            for _, mark in trade.twins:
                self._by_mark.pop(mark, None)
            if self._by_moment is not None:
                _unfile(trade, self._by_moment)
        return dropped

    def _filed(self) -> dict[tuple[Contract, int], list[Trade]]:
        by_moment: dict[tuple[Contract, int], list[Trade]] = {}
        for trade in self._trades:
            _file(trade, by_moment)
        return by_moment


def _is_same(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else abs(one - other) < SAME_USD


def _has_not_told(provider: str, trade: Trade) -> bool:
    return trade.provider != provider and all(teller != provider for teller, _ in trade.twins)


def _file(trade: Trade, by_moment: dict[tuple[Contract, int], list[Trade]]) -> None:
    if trade.is_timed and trade.contract.is_whole:
        by_moment.setdefault((trade.contract, trade.at_ns // TWIN_NS), []).append(trade)


def _unfile(trade: Trade, by_moment: dict[tuple[Contract, int], list[Trade]]) -> None:
    key = (trade.contract, trade.at_ns // TWIN_NS)
    filed = by_moment.get(key)
    if filed is not None:
        by_moment[key] = [other for other in filed if other is not trade]
        if not by_moment[key]:
            del by_moment[key]
