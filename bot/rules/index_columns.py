"""One fact of many rules: which of them may be true of a print, looked up by the print's value.

Each rule has a slot, a number; a set of slots is an integer (`index_bits`). Where there are more values than are kept
apart, the sets hold rather too many rules than too few, and it is known about which they are in doubt.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterator, Sequence
from typing import Any as AnyValue
from typing import Final

from bot.rules.clauses import Value
from bot.rules.index_bits import STEP, bits, bits_in_steps
from bot.rules.index_conditions import Condition

MOST_TURNS: Final = 128
"""Values of an ordered fact that are kept apart: each costs a set, and a rule that changes touches all of them."""
MOST_BITS: Final = 1 << 26
"""Of one fact's words together: where rules name more words than that allows, the rarest have no set of their own."""
FEWEST_WORDS: Final = 64
"""Have one all the same."""
SETS_AT_ONCE: Final = 16
"""Sets made between two turns of the event loop."""
SAMPLE: Final = 8192
"""Conditions that are looked at to choose among too many values."""


class Ordered:
    """A number, a date or a time of day."""

    __slots__ = ("doubts", "is_doubtful", "keys", "sets")

    def __init__(self, everyone: int) -> None:
        """For the slots `everyone`, none of which asks anything yet."""
        self.keys: list[AnyValue] = []
        """Ascending: the values from which on the next set holds."""
        self.sets = [everyone, everyone]
        """Before the first key, then from each key on; and last, where the fact is missing."""
        self.doubts = [0, 0]
        """Likewise: slots in the set whose rules turn somewhere between two keys."""
        self.is_doubtful = False

    def doubt(self, value: AnyValue) -> int:
        """The slots about which the set for that value cannot tell."""
        return self.doubts[-1 if value is None else bisect_right(self.keys, value)]

    def fill(self, slots: Sequence[int], conditions: Sequence[Condition]) -> Iterator[None]:
        """Let the rules of these slots ask that, in steps; all others go on asking nothing."""
        self.keys = yield from _keys(conditions)
        count = len(self.keys) + 1
        turned: list[list[int]] = [[] for _ in range(count + 1)]
        doubted: list[set[int]] = [set() for _ in range(count)]
        for done, (slot, (begins, turns)) in enumerate(zip(slots, conditions, strict=True)):
            if begins:
                turned[0].append(slot)
            for region, is_key in self._regions(turns):
                turned[region if is_key else region + 1].append(slot)
                if not is_key:
                    doubted[region].add(slot)
            if done % STEP == 0:
                yield
        silent = self.sets[-1] ^ (yield from bits_in_steps(slots))
        self.is_doubtful = any(doubted)
        self.sets, self.doubts, holding = [], [], silent
        for region in range(count):
            holding ^= yield from bits_in_steps(turned[region])
            self.doubts.append(bits(doubted[region]))
            self.sets.append(holding | self.doubts[region])
            if region % SETS_AT_ONCE == 0:
                yield
        self.sets.append(silent)
        self.doubts.append(0)

    def put(self, slot: int, condition: Condition | None) -> None:
        """Let the slot's rule ask this, whatever it asked before."""
        turned: set[int] = set()
        doubted: set[int] = set()
        if condition is not None:
            self._make_room(condition[1])
            for region, is_key in self._regions(condition[1]):
                turned ^= {region if is_key else region + 1}
                if not is_key:
                    doubted.add(region)
        holds, bit, missing = condition is None or condition[0], 1 << slot, len(self.keys) + 1
        for region in range(missing):
            holds ^= region in turned
            self.sets[region] = _with(self.sets[region], bit, is_in=holds or region in doubted)
        self.sets[missing] = _with(self.sets[missing], bit, is_in=condition is None)
        self.is_doubtful = self.is_doubtful or bool(doubted)
        if self.is_doubtful:
            for region in range(missing):
                self.doubts[region] = _with(self.doubts[region], bit, is_in=region in doubted)

    def _regions(self, turns: tuple[Value, ...]) -> Iterator[tuple[int, bool]]:
        """Of each turn: the region that begins there, or else within which it lies."""
        for turn in turns:
            region = bisect_right(self.keys, turn)
            yield region, region > 0 and self.keys[region - 1] == turn

    def _make_room(self, turns: tuple[Value, ...]) -> None:
        for turn in turns:
            region = bisect_left(self.keys, turn)
            if len(self.keys) < MOST_TURNS and turn not in self.keys[region : region + 1]:
                self.keys.insert(region, turn)
                self.sets.insert(region, self.sets[region])
                self.doubts.insert(region, self.doubts[region])


class Words(dict[Value | None, int]):
    """A word, or yes and no: sets by value; None is a missing fact."""

    __slots__ = ("is_doubtful", "others", "others_doubt")

    def __init__(self, everyone: int) -> None:
        """For the slots `everyone`, none of which asks anything yet."""
        self[None] = self.others = everyone
        self.others_doubt = 0
        """Slots whose rules name a word that has no set of its own."""
        self.is_doubtful = False

    def __missing__(self, value: Value | None) -> int:
        return self.others

    def doubt(self, value: Value | None) -> int:
        """The slots about which the set for that value cannot tell."""
        return 0 if value in self else self.others_doubt

    def fill(self, slots: Sequence[int], conditions: Sequence[Condition]) -> Iterator[None]:
        """Let the rules of these slots ask that, in steps; all others go on asking nothing."""
        naming: dict[Value, list[int]] = {}
        begin: list[int] = []
        for done, (slot, (begins, words)) in enumerate(zip(slots, conditions, strict=True)):
            if begins:
                begin.append(slot)
            for word in words:
                naming.setdefault(word, []).append(slot)
            if done % STEP == 0:
                yield
        self[None] = self.others ^ (yield from bits_in_steps(slots))
        others = self[None] | (yield from bits_in_steps(begin))
        most = _most_words(self.others)
        for done, word in enumerate(sorted(naming, key=lambda word: -len(naming[word]))):
            named = yield from bits_in_steps(naming[word])
            if done < most:
                self[word] = others ^ named
            else:
                self.others_doubt |= named
            if done % SETS_AT_ONCE == 0:
                yield
        self.others = others | self.others_doubt
        self.is_doubtful = bool(self.others_doubt)

    def put(self, slot: int, condition: Condition | None) -> None:
        """Let the slot's rule ask this, whatever it asked before."""
        named = frozenset(condition[1]) if condition is not None else frozenset()
        for word in named:
            # A word that gets its set late must not be one that a rule in doubt may mean.
            if word not in self and len(self) <= _most_words(self.others) and not self.others_doubt:
                self[word] = self.others
        is_doubtful = not named <= self.keys()
        begins, bit = condition is None or condition[0], 1 << slot
        for value, slots in self.items():
            self[value] = _with(slots, bit, is_in=condition is None if value is None else begins ^ (value in named))
        self.others = _with(self.others, bit, is_in=begins or is_doubtful)
        self.others_doubt = _with(self.others_doubt, bit, is_in=is_doubtful)
        self.is_doubtful = bool(self.others_doubt)


Column = Ordered | Words


def _keys(conditions: Sequence[Condition]) -> Generator[None, None, list[AnyValue]]:
    """The values that are kept apart: all, or where there are too many some between which rules are evenly many."""
    different: set[AnyValue] = set()
    for done, (_, turns) in enumerate(conditions):
        different.update(turns)
        if len(different) > MOST_TURNS:
            break
        if done % STEP == 0:
            yield
    else:
        return sorted(different)
    sample = sorted(turn for _, turns in conditions[:: len(conditions) // SAMPLE + 1] for turn in turns)
    return sorted({*sample[:: len(sample) // MOST_TURNS + 1]})


def _most_words(slots: int) -> int:
    return max(FEWEST_WORDS, MOST_BITS // max(1, slots.bit_length()))


def _with(slots: int, bit: int, *, is_in: bool) -> int:
    return slots if bool(slots & bit) == is_in else slots ^ bit
