"""What a rule's tree asks of each fact by itself, so that an index can look up one fact after the other."""

from datetime import date, timedelta
from functools import lru_cache, partial, reduce
from math import inf, nextafter
from typing import Final, NamedTuple, TypeAlias

from bot.rules.clauses import All, Between, Compare, Node, Not, OneOf, Operator, Test, Value, Watched
from bot.rules.vocabulary import FACTS

Condition: TypeAlias = tuple[bool, tuple[Value, ...]]
"""For which values of one fact a rule may be true; while the fact is missing, it is not.

Of an ordered fact: whether it may be true of the very least value, and the values, ascending, from which on the answer
is the other one. Of a word: whether it may be true of one that is not listed, and those for which the answer is the
other one. A plain tuple, which the garbage collector soon lets alone: there may be a million of them.
"""


class Demands(NamedTuple):
    """What must hold of each fact for a tree to be true."""

    conditions: dict[str, Condition]
    """By the fact's name; a fact that is not here may be anything, or missing."""
    is_all: bool
    """Nothing else is asked: a print that meets these makes the tree true."""


NEVER: Final[Condition] = (False, ())

_EXACT: Final = 2.0**53
"""From here on a whole number need not be a float, and the next float is not the next number."""


def demands(node: Node) -> Demands:
    """What the tree asks. TypeError for a `Watched`, which nobody resolved."""
    conditions: dict[str, Condition] = {}
    is_all = _gather(node, conditions, is_true=True)
    return Demands(conditions, is_all)


def _gather(node: Node, conditions: dict[str, Condition], *, is_true: bool) -> bool:
    """Add what makes `node` true, or false, and tell whether that is all it takes.

    Kleene's `not` goes inwards like any other.
    """
    if isinstance(node, (Compare, OneOf, Between)):
        condition = _condition(node, is_true=is_true)
        if condition is None:
            return False
        known = conditions.get(node.field)
        conditions[node.field] = condition if known is None else _both(node.field, known, condition)
        return True
    if isinstance(node, Not):
        return _gather(node.part, conditions, is_true=not is_true)
    if isinstance(node, Watched):
        raise TypeError(f"watchlist {node.watchlist} was not resolved")
    if isinstance(node, All) == is_true:
        is_all = True
        for part in node.parts:
            is_all &= _gather(part, conditions, is_true=is_true)
        return is_all
    return _gather_any(node.parts, conditions, is_true=is_true)


def _gather_any(parts: tuple[Node, ...], conditions: dict[str, Condition], *, is_true: bool) -> bool:
    """What each of `parts` asks something of, one of them does; the rest depends on which."""
    branches: list[dict[str, Condition]] = [{} for _ in parts]
    are_all = [_gather(part, branch, is_true=is_true) for part, branch in zip(parts, branches, strict=True)]
    common = set[str]().union(*branches).intersection(*branches)
    for field in common:
        found = reduce(partial(_either, field), [branch[field] for branch in branches])
        known = conditions.get(field)
        conditions[field] = found if known is None else _both(field, known, found)
    return len(common) == 1 and all(are_all) and all(len(branch) == 1 for branch in branches)


def _either(field: str, one: Condition, other: Condition) -> Condition:
    """For which values one of them holds, or both do."""
    return _opposite(_both(field, _opposite(one), _opposite(other)))


def _opposite(condition: Condition) -> Condition:
    begins, turns = condition
    return not begins, turns


def _both(field: str, one: Condition, other: Condition) -> Condition:
    """For which values both hold."""
    is_ordered = FACTS[field].is_ordered
    (first_begins, mine), (second_begins, theirs) = (one[0], frozenset(one[1])), (other[0], frozenset(other[1]))
    first, second = first_begins, second_begins
    begins = holds = first and second
    turns: list[Value] = []
    for value in sorted(mine | theirs):
        first = (first if is_ordered else first_begins) ^ (value in mine)
        second = (second if is_ordered else second_begins) ^ (value in theirs)
        if (first and second) != holds:
            turns.append(value)
            holds ^= is_ordered
    return begins, tuple(turns)


def _condition(test: Test, *, is_true: bool) -> Condition | None:
    """None where looking up the fact cannot tell."""
    if isinstance(test, Compare):
        found = _compared(test.field, test.operator, test.value)
    elif isinstance(test, OneOf):
        found = _among(test.field, test.values)
    else:
        low, high = _compared(test.field, ">=", test.low), _compared(test.field, "<=", test.high)
        found = _both(test.field, low, high) if low and high else None
    return found if is_true or found is None else _opposite(found)


@lru_cache(4096)
def _compared(field: str, operator: Operator, value: Value) -> Condition | None:
    is_negative = operator in ("<", "<=", "!=")
    if not FACTS[field].is_ordered:
        return (is_negative, (value,)) if operator in ("==", "!=") else None
    if isinstance(value, str) or (not isinstance(value, date) and not -_EXACT < value < _EXACT):
        return None
    after = _after(value)
    turns = (value,) if operator in (">=", "<") else after if operator in (">", "<=") else (value, *after)
    return is_negative, turns


@lru_cache(1024)
def _among(field: str, values: tuple[Value, ...]) -> Condition | None:
    if not FACTS[field].is_ordered:
        return False, tuple(dict.fromkeys(values))
    turns: set[Value] = set()
    for value in frozenset(values):
        condition = _compared(field, "==", value)
        if condition is None:
            return None
        turns ^= set(condition[1])  # a day and the next: what ends the one begins the other
    return False, tuple(sorted(turns))


def _after(value: date | float) -> tuple[date] | tuple[float] | tuple[()]:
    """The very next value, if there is one."""
    if isinstance(value, date):
        return (value + timedelta(days=1),) if value < date.max else ()
    return (nextafter(value, inf),)
