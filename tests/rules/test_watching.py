"""Watchlists in rules: found, and resolved without touching what has none."""

from hypothesis import given, settings

from bot.model.prints import Print
from bot.rules.clauses import All, Any, Compare, Node, Not, OneOf, Watched
from bot.rules.explain import judge
from bot.rules.names import Vocabulary
from bot.rules.rule import rule_of
from bot.rules.watching import resolve, watched
from tests.rules.strategies import trees

ASK = Compare("side", "==", "ask")
NAMES = Vocabulary(watchlists={"earnings": ("AAPL",), "ours": ()})


def test_it_is_found_and_resolved_everywhere() -> None:
    node = All((ASK, Any((Watched("a"), Not(Watched("b")))), All((ASK, ASK))))
    assert watched(node) == {"a", "b"}
    a, b = OneOf("ticker", ("AAPL", "IBM"), "a"), OneOf("ticker", (), "b")
    assert resolve(node, {"a": ("AAPL", "IBM")}) == All((ASK, Any((a, Not(b))), All((ASK, ASK))))


@settings(max_examples=30, deadline=None)
@given(trees)
def test_what_has_none_is_itself(node: Node) -> None:
    assert watched(node) == frozenset()
    assert resolve(node, {"a": ("AAPL",)}) is node


def test_a_rule_follows_its_watchlists_and_keeps_its_memory() -> None:
    """The clauses, the explanation and a share's sort change; what it remembers is still its own."""
    body: dict[str, object] = {
        "name": "r", "send_to": ["d"], "when": {"ticker": ["earnings", "TSLA"]},
        "share": {"of": {"ticker": "ours"}, "at_least": "50%", "within": "10m"},
    }  # fmt: skip
    rule = rule_of(body, NAMES)
    assert rule.watchlists == {"earnings", "ours"}
    ibm = Print(provider="p", ticker="IBM", received_ns=1)
    assert rule.when is not None
    assert judge(rule.when, ibm) is None
    verdicts = []
    for tickers in (["AAPL"], ["AAPL", "IBM"]):
        now = rule.resolved({"earnings": tickers, "ours": tickers})
        kept, was = now.route.remembering, rule.route.remembering
        assert kept is not None
        assert was is not None
        assert kept.is_of is not None
        assert now.when is not None
        assert (kept.id, kept.text, kept.memory) == (was.id, was.text, was.memory)
        assert now.route.explain(ibm)[0].parts[0].text == "ticker in earnings"
        verdicts.append((judge(now.when, ibm), now.route.explain(ibm)[0].verdict, kept.is_of(ibm)))
    assert verdicts == [(False, False, False), (True, True, True)]


def test_a_rule_without_watchlists_is_itself() -> None:
    rule = rule_of({"name": "r", "send_to": ["d"], "when": {"ticker": "TSLA"}}, NAMES)
    assert rule.resolved({"earnings": ["IBM"]}) is rule
