"""Why a rule fires or does not, clause by clause, in the words of a trader."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from bot.model.alerts import Clause
from bot.model.prints import Print
from bot.rules.clauses import Any as AnyOf
from bot.rules.clauses import Node, OneOf, Watched
from bot.rules.explain import describe, explain, judge
from bot.rules.grammar import parse
from tests.rules.strategies import prints, trees


def explained(when: dict[str, object], **facts: Any) -> tuple[Clause, ...]:
    node, flaws = parse(when)
    assert node is not None, flaws
    return explain(node, Print(provider="radar", ticker="NVDA", received_ns=1, **facts))


@pytest.mark.parametrize(
    ("when", "facts", "text", "value", "verdict"),
    [
        ({"premium": ">= 500k"}, {"premium": 2.4e6}, "premium >= $500K", "$2.4M", True),
        ({"premium": ">= 500k"}, {"premium": 950_000.0}, "premium >= $500K", "$950K", True),
        ({"premium": ">= 500k"}, {"premium": 499_999.5}, "premium >= $500K", "$499,999.5", False),
        ({"premium": ">= 500k"}, {"premium": 999_999.0}, "premium >= $500K", "$1M", True),
        ({"premium": ">= 1234567"}, {"premium": 987.0}, "premium >= $1,234,567", "$987", False),
        ({"premium": "< 2.5b"}, {}, "premium < $2.5B", "missing", None),
        ({"score": 85}, {"score": 85.0}, "score = 85", "85", True),
        ({"score": "!= 85"}, {"score": 84.999}, "score != 85", "84.999", True),
        ({"iv": "< 45%"}, {"iv": 0.523}, "iv < 45%", "52.3%", False),
        ({"otm_pct": "> -5"}, {"otm_pct": 3.456}, "otm_pct > -5%", "3.46%", True),
        ({"strike": "<= 352.5"}, {"strike": 5_000.0}, "strike <= $352.5", "$5,000", False),
        ({"price": "> -1"}, {"price": 0.05}, "price > -$1", "$0.05", True),
        ({"size": "> 1k"}, {"size": 12_000}, "size > 1,000", "12,000", True),
        ({"dte": {"min": 0, "max": 30}}, {"dte": 21}, "0 <= dte <= 30", "21", True),
        ({"kind": ["sweep", "block"]}, {"kind": "split"}, "kind in sweep, block", "split", False),
        ({"side": "ASK"}, {"side": "ask"}, "side = ask", "ask", True),
        ({"sector": "technology"}, {}, "sector = Information Technology", "missing", None),
        ({"ticker": "amd"}, {}, "ticker = AMD", "NVDA", False),
        ({"expiry": ">= 2026-07-17"}, {"expiry": date(2026, 7, 24)}, "expiry >= 2026-07-17", "2026-07-24", True),
        ({"session": "regular"}, {"session": "extended"}, "session = regular", "extended", False),
        ({"opening": True}, {"opening": False}, "opening = true", "false", False),
        ({"multi_leg": False}, {"multi_leg": False}, "multi_leg = false", "false", True),
        ({"multi_leg": False}, {}, "multi_leg = false", "missing", None),
        ({"time": ">= 15:30"}, {"time_of_day": 55_800.0}, "time >= 15:30", "15:30", True),
        ({"time": "< 09:30:15"}, {"time_of_day": 34_216.75}, "time < 09:30:15", "09:30:16", False),
        ({"time": "< 16:00"}, {"time_of_day": 57_600.25}, "time < 16:00", "16:00:00.250000", False),
        ({"time": {"min": "09:30", "max": "10:00"}}, {}, "09:30 <= time <= 10:00", "missing", None),
    ],
)  # fmt: skip
def test_one_clause(
    when: dict[str, object], facts: dict[str, Any], text: str, value: str, verdict: bool | None
) -> None:
    """Rounded, but never so that a value looks like the limit it misses."""
    assert explained(when, **facts) == (Clause(text, value, verdict),)


def test_groups_show_their_parts() -> None:
    when: dict[str, object] = {
        "score": ">= 85",
        "any": [{"otm_pct": "<= 10"}, {"side": "ask", "dte": 0}],
        "not": {"ticker": "SPY"},
    }
    assert explained(when, score=91.0, side="ask", dte=3) == (
        Clause("score >= 85", "91", True),
        Clause(
            "any",
            "",
            None,
            (
                Clause("otm_pct <= 10%", "missing", None),
                Clause("all", "", False, (Clause("side = ask", "ask", True), Clause("dte = 0", "3", False))),
            ),
        ),
        Clause("not", "", True, (Clause("ticker = SPY", "NVDA", False),)),
    )


def test_a_span_of_the_day_is_two_clauses() -> None:
    assert explained({"time": {"between": ["09:30", "16:00"]}, "side": "ask"}, time_of_day=57_600.0) == (
        Clause("time >= 09:30", "16:00", True),
        Clause("time < 16:00", "16:00", False),
        Clause("side = ask", "missing", None),
    )


def test_lists_by_their_names() -> None:
    """One without a name shows its values, the first of them where there are many."""
    nvda = Print(provider="radar", ticker="NVDA", received_ns=1)
    mega = OneOf("ticker", ("AAPL", "NVDA"), "mega")
    many = tuple(f"A{n}" for n in range(13))
    assert explain(mega, nvda) == (Clause("ticker in mega", "NVDA", True),)
    assert explain(OneOf("ticker", many[:12]), nvda)[0].text == f"ticker in {', '.join(many[:12])}"
    assert explain(OneOf("ticker", many), nvda)[0].text == f"ticker in {', '.join(many[:8])} and 5 more"
    assert explain(Watched("earnings"), nvda) == (Clause("ticker in earnings", "NVDA", None),)
    assert judge(AnyOf((Watched("earnings"), mega)), nvda) is True
    assert explain(None, nvda) == ()


def test_a_tree_in_one_line() -> None:
    node, _ = parse({"side": "ask", "any": [{"dte": 0}, {"premium": ">= 1M", "not": {"kind": ["split", "single"]}}]})
    assert node is not None
    assert describe(node) == "side = ask and (dte = 0 or (premium >= $1M and not (kind in split, single)))"


@settings(max_examples=60, deadline=None)
@given(trees, prints)
def test_the_clauses_add_up(node: Node, found: Print) -> None:
    """The top clauses together give the rule's verdict, and every test has its words."""
    clauses = explain(node, found)
    verdicts = [clause.verdict for clause in clauses]
    together = False if False in verdicts else None if None in verdicts else True
    assert together is judge(node, found)
    assert all(clause.text and (clause.value or clause.parts) for clause in clauses)
