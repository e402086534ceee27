"""Which of very many rules are true of a print: the cost follows how many those are, not how many there are.

Rules that name a few tickers stand in groups that only prints of those tickers meet, all others in one group. Agrees
with `explain.judge`, which is the specification.
"""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from itertools import count
from operator import itemgetter
from typing import Final, Generic, TypeVar, cast

from bot.model.prints import Print
from bot.rules.clauses import Node
from bot.rules.explain import judge
from bot.rules.index_conditions import Condition, Demands, demands
from bot.rules.index_draft import Draft
from bot.rules.index_group import Group
from bot.rules.predicate import Predicate, compile_predicate

R = TypeVar("R")

GROUPS: Final = 16
"""Among which tickers are spread. With more, sets are shorter, but what a print meets is in no cache."""
TOGETHER: Final = 16_384
"""So many rules stand in one group whatever they name: one look is cheaper than two."""
FEW_TICKERS: Final = 4
"""A rule that names more stands with those that name none: it would be in too many groups."""
RULES_AT_ONCE: Final = 128
"""Rules read between two turns of the event loop: one takes some 15 microseconds."""
MOST_COMPILED: Final = 8192
"""Predicates that are kept, a kilobyte each; further ones are interpreted."""

_RANK = itemgetter(0)


class RuleIndex(Generic[R]):
    """Which of very many rules are true of a print."""

    def __init__(self) -> None:
        self._ranks: dict[str, int] = {}
        """By key; ranks ascend in the order of the rules' adding."""
        self._next_rank = count()
        self._nodes: dict[int, Node] = {}
        """By rank."""
        self._compiled: dict[int, Predicate] = {}
        """Of rules that a group was not sure of."""
        self._others = Group[R](self._holds)
        self._groups: dict[int, Group[R]] = {}
        self._by_ticker: dict[str, Group[R]] = {}
        self._naming: Counter[str] = Counter()
        """Rules by the tickers for which they are in a group."""
        self._together: set[int] = set()
        """Rules that name a few tickers and stand with the others all the same."""
        self._find: Callable[[Print], Sequence[R]]
        self._settle()

    @classmethod
    def building(cls, rules: Iterable[tuple[str, Node, R]]) -> "Generator[None, None, RuleIndex[R]]":
        """Builds in steps of a few milliseconds, between which an event loop can take its turn; returns the index.

        Of rules with one key the last counts, in the first one's place.
        """
        index = cls()
        results: list[R] = []
        for done, (key, node, result) in enumerate(rules):
            rank = index._note(key, node)
            results[rank : rank + 1] = [result]
            if done % RULES_AT_ONCE == 0:
                yield
        others = Draft[R]()
        parts: dict[int, Draft[R]] = {}
        for rank, result in enumerate(results):
            asked = demands(index._nodes[rank])
            tickers = index._place(rank, asked, count=len(results))
            if tickers is None:
                others.add(rank, result, asked)
            else:
                for number, asked_there in index._parted(tickers, asked):
                    if number not in parts:
                        parts[number] = Draft()
                    parts[number].add(rank, result, asked_there)
            if rank % RULES_AT_ONCE == 0:
                yield
        if others.results:
            yield from index._others.fill(others)
        while parts:
            number, part = parts.popitem()
            yield from index._groups[number].fill(part)
        index._settle()
        return index

    @classmethod
    def of(cls, rules: Iterable[tuple[str, Node, R]]) -> "RuleIndex[R]":
        """The index of these rules, built at one go."""
        building = cls.building(rules)
        while True:
            try:
                next(building)
            except StopIteration as built:
                index: RuleIndex[R] = built.value
                return index

    def __len__(self) -> int:
        return len(self._ranks)

    def __contains__(self, key: object) -> bool:
        return key in self._ranks

    def add(self, key: str, node: Node, result: R) -> None:
        """Take in one rule, in place. It replaces the rule with that key, and keeps that one's rank in the order."""
        asked = demands(node)
        if key in self._ranks:
            self._take_out(self._ranks[key])
        rank = self._note(key, node)
        tickers = self._place(rank, asked, count=len(self._others))
        if tickers is None:
            self._others.add(rank, result, asked)
        else:
            for number, asked_there in self._parted(tickers, asked):
                self._groups[number].add(rank, result, asked_there)
        self._settle()

    def remove(self, key: str) -> None:
        """Let go of one rule, in place. KeyError where there is none."""
        rank = self._ranks.pop(key)
        self._take_out(rank)
        del self._nodes[rank]
        self._settle()

    def match(self, found: Print) -> Sequence[R]:
        """What belongs to the rules that are true of the print, in the order of their first adding."""
        return self._find(found)

    def _note(self, key: str, node: Node) -> int:
        rank = self._ranks.get(key)
        if rank is None:
            rank = self._ranks[key] = next(self._next_rank)
        self._nodes[rank] = node
        return rank

    def _place(self, rank: int, asked: Demands, *, count: int) -> Collection[str] | None:
        """The tickers in whose groups the rule is to stand; None: with the others, of which there are `count`."""
        tickers = _few_tickers(asked)
        if tickers is not None and count < TOGETHER:
            self._together.add(rank)
            return None
        return tickers

    def _parted(self, tickers: Collection[str], asked: Demands) -> Iterator[tuple[int, Demands]]:
        """The numbers of the groups in which a rule stands that names these tickers, and what it asks in each."""
        parts: dict[int, list[str]] = {}
        for ticker in tickers:
            self._naming[ticker] += 1
            number = hash(ticker) % GROUPS
            if number not in self._groups:
                self._groups[number] = Group(self._holds)
            self._by_ticker[ticker] = self._groups[number]
            parts.setdefault(number, []).append(ticker)
        for number, here in parts.items():
            condition: Condition = False, tuple(here)
            yield number, asked._replace(conditions=asked.conditions | {"ticker": condition})

    def _take_out(self, rank: int) -> None:
        self._compiled.pop(rank, None)
        tickers = None if rank in self._together else _few_tickers(demands(self._nodes[rank]))
        if tickers is None:
            self._together.discard(rank)
            self._others.remove(rank)
            if not self._others:
                self._others = Group(self._holds)
            return
        for number in {hash(ticker) % GROUPS for ticker in tickers}:
            self._groups[number].remove(rank)
            if not self._groups[number]:
                del self._groups[number]
        for ticker in tickers:
            self._naming[ticker] -= 1
            if not self._naming[ticker]:
                del self._naming[ticker], self._by_ticker[ticker]

    def _settle(self) -> None:
        """Rules have changed."""
        self._find = self._others.finder(self._left, self._more if self._by_ticker else None)

    def _left(self, left: int, found: Print) -> Sequence[R]:
        true = self._others.true_of(left, found)
        if (group := self._by_ticker.get(found.ticker)) is not None:
            true += group.find(found)
        return _ranked(true)

    def _more(self, found: Print) -> Sequence[R]:
        group = self._by_ticker.get(found.ticker)
        true = () if group is None else group.find(found)
        return _ranked(true) if true else ()

    def _holds(self, rank: int, found: Print) -> bool:
        predicate = self._compiled.get(rank)
        if predicate is None:
            if len(self._compiled) >= MOST_COMPILED:
                return judge(self._nodes[rank], found) is True
            predicate = self._compiled[rank] = compile_predicate(self._nodes[rank])
        return predicate(found)


def _few_tickers(asked: Demands) -> Collection[str] | None:
    """The tickers that the rule names, if it is true of no others and they are few."""
    begins, tickers = asked.conditions.get("ticker", (True, ()))
    return None if begins or len(tickers) > FEW_TICKERS else cast("tuple[str, ...]", tickers)


def _ranked(true: Sequence[tuple[int, R]]) -> tuple[R, ...]:
    return tuple([result for _, result in sorted(true, key=_RANK)])
