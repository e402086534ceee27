"""The compiled function: Kleene's logic, the configuration's order, and agreement with the interpreter."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.prints import Print
from bot.rules.clauses import Node
from bot.rules.compile import compile_matcher
from bot.rules.explain import judge
from bot.rules.grammar import parse
from tests.rules.strategies import prints, trees


def matcher(*whens: dict[str, object]) -> Callable[[Print], Sequence[int]]:
    nodes = [parse(when)[0] for when in whens]
    return compile_matcher([(node, index) for index, node in enumerate(nodes) if node])


def make(**facts: Any) -> Print:
    return Print(provider="radar", ticker=facts.pop("ticker", "NVDA"), received_ns=1, **facts)


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
        ({"expiry": "<= 2026-07-17"}, {}, None),
        ({"expiry": {"not": "<= 2026-07-17"}}, {}, None),
        ({"provider": "radar"}, {}, True),
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
    assert list(matcher(when)(make(**facts))) == ([0] if verdict else [])


def test_matches_come_in_the_order_of_the_rules() -> None:
    """However the function arranges them: watch-lists, shared bounds on two fields, and the rest."""
    match = matcher(
        {"side": "ask"},
        {"score": ">= 90"},
        {"premium": "> 1M", "side": "ask"},
        {"score": ">= 50", "side": "ask"},
        {"ticker": "NVDA"},
        {"score": "> 50"},
        {"premium": ">= 1M"},
        {"ticker": ["SPY", "QQQ"], "score": ">= 1"},
        {"side": "bid"},
    )
    assert match(make(side="ask", score=90.0, premium=2e6)) == (0, 1, 2, 3, 4, 5, 6)
    assert match(make(side="ask", score=50.0, premium=1e6)) == (0, 3, 4, 6)
    assert match(make(ticker="SPY", score=50.0)) == (7,)
    assert match(make(ticker="AMD", side="mid")) == ()


def test_no_match_is_one_shared_tuple() -> None:
    match = matcher({"side": "ask"}, {"side": "mid"})
    assert match(make()) is match(make(side="bid"))
    assert compile_matcher([])(make()) == ()


def test_the_users_text_is_no_part_of_the_program() -> None:
    """Names that would break out of a string are compared like any other."""
    for name in ('"', "'); raise SystemExit #", "{0}", "\\", "\n"):
        node, flaws = parse({"provider": f"x{name}x"})
        assert node is not None, flaws
        match = compile_matcher([(node, "hit")])
        text = " ".join(f"x{name}x".split())
        assert match(Print(provider=text, ticker="A", received_ns=1)) == ("hit",)
        assert match(make()) == ()


@settings(max_examples=120, deadline=None)
@given(st.lists(trees, min_size=1, max_size=6), st.lists(prints, min_size=1, max_size=4))
def test_compiled_is_interpreted(nodes: list[Node], found: list[Print]) -> None:
    """For any rules and any prints, whatever is missing, the function finds exactly what the interpreter calls true."""
    match = compile_matcher([(node, index) for index, node in enumerate(nodes)])
    for one in found:
        assert list(match(one)) == [index for index, node in enumerate(nodes) if judge(node, one) is True]
