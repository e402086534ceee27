"""One rule as one function: Kleene's logic, and agreement with the interpreter, as the index has it too."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from bot.model.prints import Print
from bot.rules.clauses import All, Compare, Node, Watched
from bot.rules.clauses import Any as AnyOf
from bot.rules.explain import judge
from bot.rules.grammar import parse
from bot.rules.index import RuleIndex
from bot.rules.predicate import compile_predicate
from tests.rules.strategies import prints, trees


def make(**facts: Any) -> Print:
    return Print(provider=facts.pop("provider", "radar"), ticker=facts.pop("ticker", "NVDA"), received_ns=1, **facts)


def by_index(node: Node) -> Callable[[Print], Sequence[str]]:
    return RuleIndex.of([("rule", node, "hit")]).match


@pytest.mark.parametrize(
    ("when", "facts", "verdict"),
    [
        ({"score": ">= 85"}, {"score": 85.0}, True),
        ({"score": ">= 85"}, {"score": 84.9}, False),
        ({"score": ">= 85"}, {}, None),
        ({"score": {"not": 85}}, {"score": 84.0}, True),
        ({"score": {"not": 85}}, {"score": 85.0}, False),
        ({"score": {"not": 85}}, {}, None),
        ({"score": "!= 85"}, {}, None),
        ({"score": {"not": {"not": "> 85"}}}, {}, None),
        ({"score": {"not": [1, 2]}}, {}, None),
        ({"score": {"not": [1, 2]}}, {"score": 3.0}, True),
        ({"score": [1, 2]}, {"score": 2.0}, True),
        ({"dte": {"min": 0, "max": 30}}, {"dte": 0}, True),
        ({"dte": {"min": 0, "max": 30}}, {"dte": 30}, True),
        ({"dte": {"min": 0, "max": 30}}, {"dte": 31}, False),
        ({"dte": {"not": {"min": 0, "max": 30}}}, {"dte": 31}, True),
        ({"dte": {"not": {"min": 0, "max": 30}}}, {}, None),
        ({"side": "ask"}, {"side": "ask"}, True),
        ({"side": "ask"}, {}, None),
        ({"side": {"not": "ask"}}, {}, None),
        ({"side": {"not": "ask"}}, {"side": "bid"}, True),
        ({"sector": {"not": ["Utilities", "Energy"]}}, {}, None),
        ({"sector": {"not": ["Utilities", "Energy"]}}, {"sector": "Materials"}, True),
        ({"iv": "< 45%"}, {"iv": 0.4499}, True),
        ({"iv": "45%"}, {"iv": 0.45}, True),
        ({"expiry": "<= 2026-07-17"}, {"expiry": date(2026, 7, 17)}, True),
        ({"expiry": "<= 2026-07-17"}, {"expiry": date(2026, 7, 18)}, False),
        ({"expiry": "<= 2026-07-17"}, {}, None),
        ({"expiry": {"not": "<= 2026-07-17"}}, {}, None),
        ({"provider": "radar"}, {}, True),
        ({"any": [{"score": "< 5"}, {"score": ">= 5"}]}, {}, None),
        ({"any": [{"otm_pct": "<= 10"}, {"vol_oi": "> 5"}]}, {"vol_oi": 6.0}, True),
        ({"any": [{"otm_pct": "<= 10"}, {"vol_oi": "> 5"}]}, {"vol_oi": 4.0}, None),
        ({"any": [{"otm_pct": "<= 10"}, {"vol_oi": "> 5"}]}, {"vol_oi": 4.0, "otm_pct": 11.0}, False),
        ({"not": {"any": [{"otm_pct": "<= 10"}, {"vol_oi": "> 5"}]}}, {"vol_oi": 6.0}, False),
        ({"not": {"any": [{"otm_pct": "<= 10"}, {"vol_oi": "> 5"}]}}, {"vol_oi": 4.0}, None),
        ({"not": {"score": "> 5", "side": "ask"}}, {"side": "bid"}, True),
        ({"not": {"score": "> 5", "side": "ask"}}, {"side": "ask"}, None),
    ],
)
def test_kleene_logic(when: dict[str, object], facts: dict[str, Any], verdict: bool | None) -> None:
    """A missing fact is unknown, `not` of unknown is unknown, and only true fires."""
    node, _ = parse(when)
    assert node is not None
    assert judge(node, make(**facts)) is verdict
    assert compile_predicate(node)(make(**facts)) is (verdict is True)
    assert list(by_index(node)(make(**facts))) == (["hit"] if verdict else [])


@pytest.mark.parametrize(
    ("node", "verdict"),
    [
        (Compare("time", ">=", 34_200.0), True),
        (Compare("time", ">", 34_200.0), False),
        (Compare("opening", "==", True), True),
        (Compare("multi_leg", "==", False), True),
        (Compare("multi_leg", "!=", False), False),
        (Compare("session", "==", "regular"), True),
        (All(()), True),
        (AnyOf(()), False),
    ],
)
def test_every_sort_of_fact(node: Node, verdict: bool) -> None:
    """Clock times, yes and no; and groups without a clause."""
    found = make(time_of_day=34_200.0, opening=True, multi_leg=False, session="regular")
    assert judge(node, found) is verdict
    assert compile_predicate(node)(found) is verdict
    assert bool(by_index(node)(found)) is verdict


def test_the_users_text_is_no_part_of_the_program() -> None:
    """Names that would break out of a string are compared like any other."""
    for name in ('"', "'); raise SystemExit #", "{0}", "\\", "\n"):
        node = Compare("provider", "==", name)
        for true_of in (compile_predicate(node), by_index(node)):
            assert true_of(make(provider=name))
            assert not true_of(make())


def test_a_watchlist_must_be_resolved_first() -> None:
    with pytest.raises(TypeError, match="mega"):
        compile_predicate(All((Compare("score", ">", 1.0), Watched("mega"))))


@settings(max_examples=150, deadline=None)
@given(trees, prints)
def test_compiled_is_interpreted(node: Node, found: Print) -> None:
    """Whatever is missing, the function says true exactly where the interpreter does."""
    assert compile_predicate(node)(found) is (judge(node, found) is True)
