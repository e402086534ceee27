"""The index: the same rules are true as by the interpreter, in their order, whatever comes, goes and is missing."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from math import inf, nextafter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.prints import Print
from bot.rules import index, index_bits, index_columns
from bot.rules.clauses import All, Between, Compare, Node, Not, OneOf, Watched
from bot.rules.clauses import Any as AnyOf
from bot.rules.explain import judge
from bot.rules.index import RuleIndex
from tests.rules.strategies import VALUES, prints, trees, usual

CRAMPED: Mapping[Any, Mapping[str, int]] = {
    index: {"GROUPS": 2, "TOGETHER": 1, "FEW_TICKERS": 2, "RULES_AT_ONCE": 2, "MOST_COMPILED": 1},
    index_columns: {"MOST_TURNS": 2, "MOST_BITS": 1, "FEWEST_WORDS": 1, "SETS_AT_ONCE": 1, "SAMPLE": 4},
    index_bits: {"STEP": 2, "_FEW": 1, "_SPARSE": 0, "_CHUNK": 1},
}
"""Limits so low that a handful of rules goes every way there is."""

nodes = usual | trees
limits = pytest.mark.parametrize("limits", [{}, CRAMPED], ids=["usual limits", "cramped"])


@contextmanager
def obeying(limits: Mapping[Any, Mapping[str, int]]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, constants in limits.items():
            for name, value in constants.items():
                patch.setattr(module, name, value)
        yield


def make(**facts: Any) -> Print:
    return Print(provider="radar", ticker=facts.pop("ticker", "NVDA"), received_ns=1, **facts)


def built(*nodes: Node) -> RuleIndex[int]:
    return RuleIndex.of((str(rank), node, rank) for rank, node in enumerate(nodes))


def interpreted(rules: Iterable[tuple[Node, int]], found: Print) -> list[int]:
    return [result for node, result in rules if judge(node, found) is True]


@limits
@settings(max_examples=120, deadline=None)
@given(some=st.lists(nodes, max_size=8), found=st.lists(prints, min_size=1, max_size=4))
def test_finds_what_the_interpreter_calls_true(limits: Any, some: list[Node], found: list[Print]) -> None:
    """For any rules and any prints, whatever is missing, in the rules' order."""
    with obeying(limits):
        rules = built(*some)
        for one in found:
            assert list(rules.match(one)) == interpreted(zip(some, range(len(some)), strict=True), one)


@limits
@settings(max_examples=120, deadline=None)
@given(
    begun=st.lists(nodes, max_size=4),
    changes=st.lists(st.tuples(st.sampled_from("0123xy"), st.none() | nodes), max_size=12),
    found=st.lists(prints, min_size=1, max_size=3),
)
def test_changed_in_place_it_is_as_if_built_so(
    limits: Any, begun: list[Node], changes: list[tuple[str, Node | None]], found: list[Print]
) -> None:
    """After each of any additions, replacements and removals; a replaced rule keeps its rank, a new one comes last."""
    with obeying(limits):
        rules = built(*begun)
        expected = {str(rank): (node, rank) for rank, node in enumerate(begun)}
        for result, (key, node) in enumerate(changes, start=100):
            if node is not None:
                rules.add(key, node, result)
                expected[key] = node, result
            elif key in expected:
                rules.remove(key)
                del expected[key]
            else:
                with pytest.raises(KeyError):
                    rules.remove(key)
            assert len(rules) == len(expected)
            assert (key in rules) == (key in expected)
            for one in found:
                assert list(rules.match(one)) == interpreted(expected.values(), one)


def test_matches_come_in_the_order_of_the_rules() -> None:
    """However the index arranges them."""
    rules = built(
        Compare("side", "==", "ask"),
        Compare("score", ">=", 90.0),
        All((Compare("premium", ">", 1e6), Compare("side", "==", "ask"))),
        All((Compare("score", ">=", 50.0), Compare("side", "==", "ask"))),
        Compare("ticker", "==", "NVDA"),
        Compare("score", ">", 50.0),
        Compare("premium", ">=", 1e6),
        All((OneOf("ticker", ("SPY", "QQQ")), Compare("score", ">=", 1.0))),
        Compare("side", "==", "bid"),
    )
    assert rules.match(make(side="ask", score=90.0, premium=2e6)) == (0, 1, 2, 3, 4, 5, 6)
    assert rules.match(make(side="ask", score=50.0, premium=1e6)) == (0, 3, 4, 6)
    assert rules.match(make(ticker="SPY", score=50.0)) == (7,)
    assert rules.match(make(ticker="AMD", side="mid")) == ()


def test_an_index_without_rules_finds_none() -> None:
    assert RuleIndex[str]().match(make()) == ()
    assert RuleIndex[str].of([]).match(make()) == ()


def test_no_match_is_one_shared_tuple() -> None:
    rules = built(Compare("side", "==", "ask"), Compare("side", "==", "mid"))
    assert rules.match(make()) is rules.match(make(side="bid"))


def test_of_rules_with_one_key_the_last_counts_in_the_first_ones_place() -> None:
    anything = All(())
    rules = RuleIndex.of([("a", Compare("side", "==", "ask"), 1), ("b", anything, 2), ("a", anything, 3)])
    assert len(rules) == 2
    assert rules.match(make()) == (3, 2)


def test_a_rule_that_comes_back_comes_last() -> None:
    """Replaced it keeps its place; removed and added it is new."""
    anything = All(())
    rules = RuleIndex.of([("a", anything, 1), ("b", anything, 2)])
    rules.add("a", anything, 3)
    assert rules.match(make()) == (3, 2)
    rules.remove("a")
    rules.add("a", anything, 4)
    assert rules.match(make()) == (2, 4)


def test_a_rule_that_cannot_be_read_changes_nothing() -> None:
    """A watchlist that nobody resolved."""
    rules = RuleIndex.of([("a", Compare("ticker", "==", "NVDA"), 1)])
    for key in ("a", "b"):
        with pytest.raises(TypeError, match="mega"):
            rules.add(key, All((Watched("mega"), Compare("score", ">", 1.0))), 2)
    assert len(rules) == 1
    assert rules.match(make()) == (1,)


def test_a_function_kept_from_before_knows_the_changes() -> None:
    """`match` may be taken along: a fact that nobody had asked about is looked up all the same."""
    rules = built(Compare("side", "==", "ask"))
    match = rules.match
    rules.add("b", Compare("score", ">", 80.0), 2)
    assert match(make(side="ask", score=90.0)) == (0, 2)
    rules.remove("0")
    assert match(make(side="ask", score=90.0)) == (2,)


def test_thresholds_by_the_hundred() -> None:
    """More than are kept apart, at each of them and right beside it; numbers, days, ranges and single values."""
    count = 3 * index_columns.MOST_TURNS
    premiums = [1000.0 * n for n in range(count)]
    days = [date.fromordinal(739_000 + n) for n in range(count)]
    some: list[Node] = [
        *(Compare("premium", operator, value) for value in premiums for operator in (">=", ">")),
        *(Compare("expiry", operator, day) for day in days for operator in ("<=", "<")),
        *(Between("premium", value, value + 2500.0) for value in premiums),
        *(OneOf("expiry", (day, days[0])) for day in days),
        *(Not(OneOf("premium", (value, 5000.0))) for value in premiums),
    ]
    rules = built(*some)
    for n in (0, 1, 5, 100, 200, count - 1):
        for premium in (nextafter(premiums[n], -inf), premiums[n], nextafter(premiums[n], inf)):
            found = make(premium=premium, expiry=days[-n])
            assert list(rules.match(found)) == interpreted(zip(some, range(len(some)), strict=True), found)
    for n in range(0, len(some), 7):
        rules.remove(str(n))
    left = [(node, n) for n, node in enumerate(some) if n % 7]
    found = make(premium=premiums[50], expiry=days[7])
    assert list(rules.match(found)) == interpreted(left, found)


def test_values_that_come_late_leave_doubts_as_they_are() -> None:
    """A new threshold is kept apart in the midst of others that are not."""
    some: list[Node] = [Compare("premium", ">=", float(n)) for n in range(20)]
    with obeying({index_columns: {"MOST_TURNS": 2}}):
        rules = built(*some)
    some += [Compare("premium", ">=", n + 0.5) for n in range(20)]
    for n in range(20, 40):
        rules.add(str(n), some[n], n)
    for n in range(80):
        found = make(premium=n / 4)
        assert list(rules.match(found)) == interpreted(zip(some, range(40), strict=True), found)


def test_words_by_the_hundred() -> None:
    """More tickers than have a set of their own, in rules that name too many of them to stand in groups."""
    with obeying({index_columns: {"MOST_BITS": 1, "FEWEST_WORDS": 16}, index: {"TOGETHER": 0}}):
        tickers = [f"T{n}" for n in range(100)]
        some: list[Node] = [OneOf("ticker", tuple(tickers[n : n + 10])) for n in range(90)]
        rules = built(*some)
        rules.add("late", OneOf("ticker", (*tickers[:9], "LATE")), 90)
        some.append(OneOf("ticker", (*tickers[:9], "LATE")))
        for ticker in ("T0", "T45", "T98", "LATE", "NONE"):
            found = make(ticker=ticker)
            assert list(rules.match(found)) == interpreted(zip(some, range(91), strict=True), found)


def test_numbers_that_are_no_floats() -> None:
    """Whole numbers of any size, and infinity, are compared as they are."""
    large = 2**53
    some: list[Node] = [
        Compare("size", operator, value)
        for operator in (">=", ">", "<=", "<", "==", "!=")
        for value in (float(large), float(-large), inf, -inf, 0.0, -0.0)
    ]
    rules = built(*some)
    for size in (large, large + 1, large - 1, -large - 1, 0, 1, 10**400, inf):
        found = make(size=size)
        assert list(rules.match(found)) == interpreted(zip(some, range(len(some)), strict=True), found)


def test_the_last_day_of_the_calendar() -> None:
    some: list[Node] = [Compare("expiry", operator, date.max) for operator in (">", "<=", "==", "!=")]
    rules = built(*some)
    assert rules.match(make(expiry=date.max)) == (1, 2)
    assert rules.match(make(expiry=date(2026, 7, 17))) == (1, 3)


@limits
def test_watches_that_come_and_go_leave_nothing_behind(limits: Any) -> None:
    """Slots are used again, and tickers that nobody names any more are forgotten."""
    with obeying(limits):
        rules = built(*(OneOf("ticker", tuple(VALUES["ticker"][: n % 3 + 1])) for n in range(4)))
        for n in range(300):
            rules.add("watch", All((Compare("ticker", "==", f"T{n}"), Compare("score", ">", float(n % 5)))), n)
            assert rules.match(make(ticker=f"T{n}", score=9.0)) == (n,)
            rules.remove("watch")
        for n in range(4):
            rules.remove(str(n))
        assert len(rules) == 0
        assert not rules._by_ticker
        assert not rules._naming
        assert not rules._groups
        assert not rules._together
        assert len(rules._others) == 0


def test_a_slot_that_is_used_again_knows_nothing_of_its_last_rule() -> None:
    """Rules of every form follow one another on one slot."""
    after: list[Node] = [
        All(()),
        Compare("score", ">", 50.0),
        AnyOf((Compare("score", ">", 90.0), Compare("side", "==", "ask"))),
        Not(Compare("side", "==", "ask")),
        Compare("premium", "<", 5.0),
    ]
    keeper = Compare("side", "==", "mid")
    rules = built(keeper)
    for first in after:
        for second in after:
            rules.add("x", first, 1)
            rules.remove("x")
            rules.add("x", second, 2)
            for found in (make(score=60.0, side="ask"), make(side="bid", premium=1.0), make(score=95.0), make()):
                assert list(rules.match(found)) == ([2] if judge(second, found) else [])
            rules.remove("x")
    assert len(rules._others._ranks) == 2


def test_prints_leave_nothing_behind() -> None:
    """Tickers and words that no rule names are not remembered, however many come."""
    rules = built(Compare("ticker", "==", "NVDA"), Compare("sector", "==", "Energy"), Compare("provider", "!=", "x"))
    before = {field: len(column) for field, column in rules._others._columns.items() if isinstance(column, dict)}
    for n in range(1000):
        rules.match(make(ticker=f"T{n}", sector=f"S{n}"))
    assert before == {
        field: len(column) for field, column in rules._others._columns.items() if isinstance(column, dict)
    }


def test_building_gives_others_their_turn() -> None:
    """A thousand rules take some steps, and what is built is whole only at the end."""
    building = RuleIndex[int].building(
        (str(n), All((Compare("ticker", "==", f"T{n % 300}"), Compare("score", ">=", float(n % 100)))), n)
        for n in range(1000)
    )
    steps = 0
    rules = RuleIndex[int]()
    while len(rules) == 0:
        try:
            next(building)
            steps += 1
        except StopIteration as done:
            rules = done.value
    assert steps >= 1000 // index.RULES_AT_ONCE
    assert rules.match(make(ticker="T7", score=7.0)) == (7, 307, 607, 907)
    assert rules.match(make(ticker="T7", score=6.9)) == ()
