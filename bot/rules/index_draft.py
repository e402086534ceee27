"""Rules on their way into a group, taken apart by fact.

Nothing is kept for a rule that the garbage collector would look after: a collection in the midst of a hundred thousand
rules takes longer than a feed may stand still.
"""

from array import array
from collections.abc import Generator
from itertools import chain
from math import log2
from typing import Final, Generic, TypeVar, cast

from bot.rules.index_bits import STEP
from bot.rules.index_conditions import Condition, Demands

R = TypeVar("R")

STEPS_AN_OCTAVE: Final = 4
"""Of premiums, when rules are put in order."""


class Draft(Generic[R]):
    """Rules in the order in which they are added: that one's place is its slot."""

    def __init__(self) -> None:
        self.ranks = array("q")
        self.results: list[R] = []
        self.unsure: list[int] = []
        """Slots whose rules ask more than conditions say."""
        self.asking: dict[str, tuple[list[int], list[Condition]]] = {}
        """By fact: slots, and what their rules ask."""
        self._alike: dict[tuple[int, int], list[int]] = {}

    def add(self, rank: int, result: R, demands: Demands) -> None:
        slot = len(self.results)
        self.ranks.append(rank)
        self.results.append(result)
        if not demands.is_all:
            self.unsure.append(slot)
        for field, condition in demands.conditions.items():
            slots, conditions = self.asking.setdefault(field, ([], []))
            slots.append(slot)
            conditions.append(condition)
        least = round(STEPS_AN_OCTAVE * log2(_least("premium", demands))), round(_least("score", demands))
        self._alike.setdefault(least, []).append(slot)

    def order(self) -> Generator[None, None, tuple[list[int], list[int]]]:
        """The slots in a better order, and each one's place in it.

        Rules for which a small premium or else a low score is enough come first: what most prints find, being small, is
        a short integer then, and whatever is done with it cheap.
        """
        order = list(chain.from_iterable(self._alike[least] for least in sorted(self._alike)))
        places = [0] * len(order)
        for place, slot in enumerate(order):
            places[slot] = place
            if place % STEP == 0:
                yield
        return order, places


def _least(field: str, demands: Demands) -> float:
    """The least value that may make the rule true, if it is above 1."""
    begins, turns = demands.conditions.get(field, (True, ()))
    return 1.0 if begins or not turns else max(1.0, cast("float", turns[0]))
