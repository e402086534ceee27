"""Some of an index's rules, side by side: a print is looked up fact by fact, and the rules that are left are true."""

from array import array
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any as AnyValue
from typing import Final, Generic, TypeVar

from bot.model.prints import Print
from bot.rules.index_bits import STEP, bits_in_steps, numbers_in
from bot.rules.index_columns import Column, Ordered, Words
from bot.rules.index_conditions import NEVER, Demands
from bot.rules.index_draft import Draft
from bot.rules.index_finder import finder
from bot.rules.vocabulary import FACTS

R = TypeVar("R")
T = TypeVar("T")

Holds = Callable[[int, Print], bool]
"""Whether the rule of that rank is true of a print, whatever it takes."""

FIRST: Final = ("premium", "score", "ticker")
"""Among facts that equally many rules ask about, those that rule out most are looked up first; then words."""
NOBODY: Final = -1


class Group(Generic[R]):
    """Finds the rules that are true of a print: their ranks, which are unique, and what belongs to them."""

    __slots__ = ("_columns", "_doubtful", "_free", "_holds", "_ranks", "_results", "_taken", "_unsure", "find")

    def __init__(self, holds: Holds) -> None:
        self._holds = holds
        self._ranks = array("q")
        """By slot; NOBODY's are free."""
        self._results: list[AnyValue] = []
        """Likewise: None's are free."""
        self._free: list[int] = []
        self._taken = 0
        """The set of slots that are not free."""
        self._unsure = 0
        """Slots whose rules ask more than columns can tell."""
        self._columns: dict[str, Column] = {}
        """By fact, in the order of looking up. A free slot is in no set of the first."""
        self._doubtful: list[tuple[str, Column]] = []
        self.find = finder(self._columns, self.true_of)
        """What is true of a print, in no order to rely on."""

    def __len__(self) -> int:
        return self._taken.bit_count()

    def fill(self, draft: Draft[R]) -> Iterator[None]:
        """Take in many rules at once, in steps. The group must be new."""
        order, places = yield from draft.order()
        ranks = yield from _picked(draft.ranks, order)
        self._ranks = array("q", ranks)
        self._results = yield from _picked(draft.results, order)
        self._taken = (1 << len(order)) - 1
        unsure = yield from _picked(places, draft.unsure)
        self._unsure = yield from bits_in_steps(unsure)
        self._look_at(sorted(draft.asking, key=lambda field: (-len(draft.asking[field][0]), _turn(field))))
        while draft.asking:  # piece by piece, for what is let go at once takes its time too
            field, (slots, conditions) = draft.asking.popitem()
            placed = yield from _picked(places, slots)
            yield from self._columns[field].fill(placed, conditions)
        self._settle()

    def add(self, rank: int, result: R, demands: Demands) -> None:
        """Take in one rule."""
        if not self._columns or not demands.conditions.keys() <= self._columns.keys():
            self._look_at(sorted(demands.conditions, key=_turn))
        if not self._free:
            self._free.append(len(self._ranks))
            self._ranks.append(NOBODY)
            self._results.append(None)
        slot = self._free.pop()
        bit = 1 << slot
        self._ranks[slot], self._results[slot] = rank, result
        self._taken |= bit
        self._unsure = self._unsure & ~bit if demands.is_all else self._unsure | bit
        for field, column in self._columns.items():
            column.put(slot, demands.conditions.get(field))
        self._settle()

    def remove(self, rank: int) -> None:
        """Let go of one rule; ValueError where it is not here."""
        slot = self._ranks.index(rank)
        self._ranks[slot], self._results[slot] = NOBODY, None
        self._taken ^= 1 << slot
        self._free.append(slot)
        next(iter(self._columns.values())).put(slot, NEVER)

    def finder(
        self, hit: Callable[[int, Print], Sequence[T]], more: Callable[[Print], Sequence[T]] | None
    ) -> Callable[[Print], Sequence[T]]:
        """See `index_finder.finder`: what it gives is good until something is added."""
        return finder(self._columns, hit, more)

    def true_of(self, left: int, found: Print) -> list[tuple[int, R]]:
        """What is true among the slots that all columns have `left`: some rules may look true and not be."""
        unsure = left & self._unsure
        for attribute, column in self._doubtful:
            unsure |= left & column.doubt(getattr(found, attribute))
        slots = numbers_in(left ^ unsure if unsure else left)
        if unsure:
            slots += [slot for slot in numbers_in(unsure) if self._holds(self._ranks[slot], found)]
        ranks, results = self._ranks, self._results
        return [(ranks[slot], results[slot]) for slot in slots]

    def _look_at(self, fields: Sequence[str]) -> None:
        """From now on look these facts up too, after those before."""
        for field in fields or ("ticker",):  # a print that no rule asks anything still has one
            if field not in self._columns:
                self._columns[field] = (Ordered if FACTS[field].is_ordered else Words)(self._taken)

    def _settle(self) -> None:
        """What is looked up has changed."""
        self._doubtful = [
            (FACTS[field].attribute, column) for field, column in self._columns.items() if column.is_doubtful
        ]
        self.find = finder(self._columns, self.true_of)


def _picked(some: Sequence[T], places: Sequence[int]) -> Generator[None, None, list[T]]:
    """What stands at these places, in steps."""
    picked: list[T] = []
    for start in range(0, len(places), STEP):
        picked += [some[place] for place in places[start : start + STEP]]
        yield
    return picked


def _turn(field: str) -> tuple[int, str]:
    if field in FIRST:
        return FIRST.index(field), field
    return len(FIRST) + FACTS[field].is_ordered, field
