"""Some of an index's rules, side by side: a print is looked up fact by fact, and the rules that are left are true.

A rule is known by its rank here, a number that nothing else is known of.
"""

from collections import Counter
from collections.abc import Callable, Container, Generator, Iterator, Sequence
from typing import Final, TypeVar, cast

from bot.model.prints import Print
from bot.rules.index_bits import bits, numbers_in
from bot.rules.index_columns import STEP, Column, Found, Ordered, Words
from bot.rules.index_conditions import NEVER, Demands
from bot.rules.index_finder import Hit, More, finder
from bot.rules.vocabulary import FACTS

T = TypeVar("T")

Holds = Callable[[int, Print], bool]
"""Whether the rule of that rank is true of a print, whatever it takes."""
Member = tuple[int, Demands]
"""A rule's rank, and what it asks."""

FIRST: Final = ("score", "premium", "ticker")
"""Among facts that equally many rules ask about, those that rule out most are looked up first; then words."""
NOBODY: Final = -1


class Group:
    """Finds the rules that are true of a print."""

    __slots__ = ("_columns", "_doubtful", "_free", "_holds", "_ranks", "_taken", "_unsure", "find")

    def __init__(self, holds: Holds) -> None:
        self._holds = holds
        self._ranks: list[int] = []
        """By slot; NOBODY's are free."""
        self._free: list[int] = []
        self._taken = 0
        """The set of slots that are not free."""
        self._unsure = 0
        """Slots whose rules ask more than columns can tell."""
        self._columns: dict[str, Column] = {}
        """By fact, in the order of looking up. A free slot is in no set of the first."""
        self._doubtful: list[tuple[str, Column]] = []
        self.find = finder(self._columns, self.true_of)
        """The ranks of the rules that are true of a print, in no order to rely on."""

    def __len__(self) -> int:
        return self._taken.bit_count()

    def fill(self, members: Sequence[Member]) -> Iterator[None]:
        """Take in many rules at once, in steps. The group must be new."""
        members = yield from _by_score(members)
        self._ranks = [rank for rank, _ in members]
        self._taken = (1 << len(members)) - 1
        asked = Counter[str]()
        unsure = []
        for slot, (_, demands) in enumerate(members):
            for field in demands.conditions:
                asked[field] += 1
            if not demands.is_all:
                unsure.append(slot)
            if slot % STEP == 0:
                yield
        self._unsure = bits(unsure)
        self._look_at(sorted(asked, key=lambda field: (-asked[field], _turn(field))))
        for field, column in self._columns.items():
            asking = yield from _asking(field, members)
            yield from column.fill(asking)
        self._settle()

    def add(self, rank: int, demands: Demands) -> None:
        """Take in one rule."""
        if not self._columns or not demands.conditions.keys() <= self._columns.keys():
            self._look_at(sorted(demands.conditions, key=_turn))
        if not self._free:
            self._free.append(len(self._ranks))
            self._ranks.append(NOBODY)
        slot = self._free.pop()
        bit = 1 << slot
        self._ranks[slot] = rank
        self._taken |= bit
        self._unsure = self._unsure & ~bit if demands.is_all else self._unsure | bit
        for field, column in self._columns.items():
            column.put(slot, demands.conditions.get(field))
        self._settle()

    def remove(self, rank: int) -> None:
        """Let go of one rule; ValueError where it is not here."""
        slot = self._ranks.index(rank)
        self._ranks[slot] = NOBODY
        self._taken ^= 1 << slot
        self._free.append(slot)
        next(iter(self._columns.values())).put(slot, NEVER)

    def finder(self, hit: Hit[T], more: More[T] | None, named: Container[str]) -> Callable[[Print], Sequence[T]]:
        """See `index_finder.finder`: what it gives is good until something is added."""
        return finder(self._columns, hit, more, named)

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

    def true_of(self, left: int, found: Print) -> list[int]:
        """The ranks of the slots `left`, except of those rules that look true and are not."""
        unsure = left & self._unsure
        for attribute, column in self._doubtful:
            unsure |= left & column.doubt(getattr(found, attribute))
        ranks = self._ranks
        true = [ranks[slot] for slot in numbers_in(left ^ unsure)]
        if unsure:
            true += [rank for slot in numbers_in(unsure) if self._holds(rank := ranks[slot], found)]
        return true


def _turn(field: str) -> tuple[int, str]:
    if field in FIRST:
        return FIRST.index(field), field
    return len(FIRST) + FACTS[field].is_ordered, field


def _asking(field: str, members: Sequence[Member]) -> Generator[None, None, Found]:
    """The slots whose rules ask something of the fact, and what."""
    asking = []
    for slot, (_, demands) in enumerate(members):
        if (condition := demands.conditions.get(field)) is not None:
            asking.append((slot, condition))
        if slot % STEP == 0:
            yield
    return asking


def _by_score(members: Sequence[Member]) -> Generator[None, None, Sequence[Member]]:
    """Those first that a low score is enough for: the set that such a print finds is a short integer then."""
    by_score: dict[int, list[Member]] = {}
    for done, member in enumerate(members):
        condition = member[1].conditions.get("score")
        least = 0.0 if condition is None or condition.begins or not condition.turns else condition.turns[0]
        by_score.setdefault(max(0, min(int(cast("float", least)), 100)), []).append(member)
        if done % STEP == 0:
            yield
    return [member for least in sorted(by_score) for member in by_score[least]]
