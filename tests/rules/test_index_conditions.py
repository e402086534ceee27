"""What a tree asks of each fact."""

from datetime import date
from math import inf, nextafter

import pytest
from hypothesis import given, settings

from bot.model.prints import Print
from bot.rules.clauses import All, Any, Between, Compare, Node, Not, OneOf
from bot.rules.explain import judge
from bot.rules.index_conditions import Condition, demands
from tests.rules.strategies import WORDS, prints, trees

SCORE = Compare("score", ">=", 80.0)
ASK, BID = Compare("side", "==", "ask"), Compare("side", "==", "bid")
ABOVE_80 = nextafter(80.0, inf)


@pytest.mark.parametrize(
    ("node", "conditions", "is_all"),
    [
        (SCORE, {"score": (False, (80.0,))}, True),
        (Not(SCORE), {"score": (True, (80.0,))}, True),
        (Compare("score", "<=", 80.0), {"score": (True, (ABOVE_80,))}, True),
        (Compare("score", "==", 80.0), {"score": (False, (80.0, ABOVE_80))}, True),
        (Between("score", 80.0, 70.0), {"score": (False, ())}, True),
        (All((SCORE, Compare("score", "<", 90.0))), {"score": (False, (80.0, 90.0))}, True),
        (Any((SCORE, Compare("score", "<", 70.0))), {"score": (True, (70.0, 80.0))}, True),
        (OneOf("expiry", (date(2026, 7, 17), date(2026, 7, 18))),
         {"expiry": (False, (date(2026, 7, 17), date(2026, 7, 19)))}, True),
        (OneOf("side", ()), {"side": (False, ())}, True),
        (All((ASK, SCORE)), {"side": (False, ("ask",)), "score": (False, (80.0,))}, True),
        (Any((ASK, BID)), {"side": (False, ("ask", "bid"))}, True),
        (All((ASK, BID)), {"side": (False, ())}, True),
        (Not(Any((ASK, BID))), {"side": (True, ("ask", "bid"))}, True),
        (Any((ASK, SCORE)), {}, False),
        (Not(All((ASK, SCORE))), {}, False),
        (Any((All((ASK, SCORE)), BID)), {"side": (False, ("ask", "bid"))}, False),
        (Compare("score", ">", 1e300), {}, False),
        (All(()), {}, True),
        (Any(()), {}, False),
    ],
)  # fmt: skip
def test_what_is_asked(node: Node, conditions: dict[str, Condition], is_all: bool) -> None:
    """Of each fact by itself; what hangs on two facts at once is more than that."""
    assert demands(node) == (conditions, is_all)


@settings(max_examples=150, deadline=None)
@given(trees, prints)
def test_a_true_rule_meets_its_conditions(node: Node, found: Print) -> None:
    """And where nothing else is asked, a print that meets them makes it true."""
    asked = demands(node)
    meets = all(holds(condition, field, found) for field, condition in asked.conditions.items())
    verdict = judge(node, found) is True
    assert meets or not verdict
    if asked.is_all:
        assert meets is verdict


def holds(condition: Condition, field: str, found: Print) -> bool:
    """A condition read as its documentation says."""
    value = getattr(found, field)
    if value is None:
        return False
    begins, turns = condition
    passed = [turn for turn in turns if (turn == value if field in WORDS else turn <= value)]
    return begins ^ (len(passed) % 2 == 1)
