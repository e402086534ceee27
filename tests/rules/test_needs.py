"""Which facts a rule cannot fire without."""

import msgspec
import pytest
from hypothesis import given, settings

from bot.model.prints import Print
from bot.rules.clauses import All, Node, Watched
from bot.rules.explain import judge
from bot.rules.grammar import parse
from bot.rules.needs import facts_needed
from bot.rules.vocabulary import FACTS
from tests.rules.strategies import prints, trees


@pytest.mark.parametrize(
    ("when", "needed"),
    [
        ({"score": ">= 85", "side": "ask"}, {"score", "side"}),
        ({"score": {"not": 1}}, {"score"}),
        ({"any": [{"score": 1}, {"iv": 1}]}, set()),
        ({"any": [{"score": 1, "side": "ask"}, {"score": 2, "iv": 1}]}, {"score"}),
        ({"not": {"score": 1, "iv": 1}}, set()),
        ({"not": {"any": [{"score": 1}, {"iv": 1}]}}, {"score", "iv"}),
        ({"not": {"not": {"score": 1, "iv": 1}}}, {"score", "iv"}),
        ({"score": [1, "> 5"]}, {"score"}),
        ({"time": {"between": ["20:00", "04:00"]}, "opening": True}, {"time", "opening"}),
    ],
)
def test_what_is_needed(when: dict[str, object], needed: set[str]) -> None:
    node, _ = parse(when)
    assert node is not None
    assert facts_needed(node) == needed


def test_a_watchlist_needs_the_ticker() -> None:
    ask, _ = parse({"side": "ask"})
    assert ask is not None
    assert facts_needed(All((Watched("earnings"), ask))) == {"ticker", "side"}


@settings(max_examples=60, deadline=None)
@given(trees, prints)
def test_without_a_needed_fact_nothing_fires(node: Node, found: Print) -> None:
    for name in facts_needed(node) - {"ticker"}:
        assert judge(node, msgspec.structs.replace(found, **{FACTS[name].attribute: None})) is not True
