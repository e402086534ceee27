"""What each form of `when` means, and every problem of one that means nothing."""

from datetime import date

import pytest

from bot.rules.clauses import All, Any, Between, Compare, Node, Not, OneOf
from bot.rules.grammar import parse


def read(when: object) -> Node:
    node, flaws = parse(when)
    assert flaws == []
    assert node is not None
    return node


@pytest.mark.parametrize(
    ("field", "raw", "node"),
    [
        ("score", ">= 85", Compare("score", ">=", 85)),
        ("score", "<=85", Compare("score", "<=", 85)),
        ("score", " > 5 ", Compare("score", ">", 5)),
        ("score", "< 1.5", Compare("score", "<", 1.5)),
        ("score", "= 3", Compare("score", "==", 3)),
        ("score", "== 3", Compare("score", "==", 3)),
        ("score", "!= 3", Compare("score", "!=", 3)),
        ("score", 3, Compare("score", "==", 3)),
        ("score", "3", Compare("score", "==", 3)),
        ("score", [1, "2"], OneOf("score", (1, 2))),
        ("score", [1, 1.0], Compare("score", "==", 1)),
        ("score", [1, "> 5"], Any((Compare("score", "==", 1), Compare("score", ">", 5)))),
        ("score", {"min": 1, "max": 1}, Between("score", 1, 1)),
        ("score", {"min": 1}, Compare("score", ">=", 1)),
        ("score", {"max": "2"}, Compare("score", "<=", 2)),
        ("score", {"not": 3}, Not(Compare("score", "==", 3))),
        ("score", {"not": {"not": [1, {"min": 2}]}},
         Not(Not(Any((Compare("score", "==", 1), Compare("score", ">=", 2)))))),
        ("premium", ">= 500k", Compare("premium", ">=", 500_000)),
        ("premium", {"min": "$1.2M", "max": "2,000,000"}, Between("premium", 1_200_000, 2_000_000)),
        ("size", "> 1k", Compare("size", ">", 1000)),
        ("iv", "45%", Compare("iv", "==", 0.45)),
        ("iv", "> 0.45", Compare("iv", ">", 0.45)),
        ("iv", "> 512.5 %", Compare("iv", ">", 5.125)),
        ("otm_pct", "<= 10%", Compare("otm_pct", "<=", 10)),
        ("otm_pct", ">= -2.5", Compare("otm_pct", ">=", -2.5)),
        ("otm_pct", -3, Compare("otm_pct", "==", -3)),
        ("otm_pct", "-3%", Compare("otm_pct", "==", -3)),
        ("side", "ASK", Compare("side", "==", "ask")),
        ("kind", ["Sweep", "block"], OneOf("kind", ("sweep", "block"))),
        ("bias", "!= bull", Compare("bias", "!=", "bull")),
        ("type", "Call", Compare("type", "==", "call")),
        ("ticker", "nvda", Compare("ticker", "==", "NVDA")),
        ("ticker", ["$nvda", "brk.b", "ON"], OneOf("ticker", ("NVDA", "BRK.B", "ON"))),
        ("ticker", {"not": ["SPY"]}, Not(Compare("ticker", "==", "SPY"))),
        ("sector", "health  CARE", Compare("sector", "==", "Health Care")),
        ("sector", ["Technology", "consumer cyclical"],
         OneOf("sector", ("Information Technology", "Consumer Discretionary"))),
        ("provider", "My-Feed", Compare("provider", "==", "My-Feed")),
        ("expiry", "2026-07-17", Compare("expiry", "==", date(2026, 7, 17))),
        ("expiry", "< 2026-07-17", Compare("expiry", "<", date(2026, 7, 17))),
        ("expiry", {"min": "2026-07-17", "max": "2026-07-24"}, Between("expiry", date(2026, 7, 17), date(2026, 7, 24))),
    ],
)  # fmt: skip
def test_the_forms_of_a_field(field: str, raw: object, node: Node) -> None:
    assert read({field: raw}) == node


def test_groups_nest_beside_fields() -> None:
    """Fields beside one another all hold; any, all and not take clauses of the same kind."""
    when = {
        "score": ">= 85",
        "any": [{"dte": 0, "side": "ask"}, {"all": [{"dte": 1}, {"not": {"side": "bid", "kind": "split"}}]}],
        "not": {"any": [{"ticker": "SPY"}, {"ticker": "QQQ"}]},
    }
    assert read(when) == All(
        (
            Compare("score", ">=", 85),
            Any(
                (
                    All((Compare("dte", "==", 0), Compare("side", "==", "ask"))),
                    All(
                        (
                            Compare("dte", "==", 1),
                            Not(All((Compare("side", "==", "bid"), Compare("kind", "==", "split")))),
                        )
                    ),
                )
            ),
            Not(Any((Compare("ticker", "==", "SPY"), Compare("ticker", "==", "QQQ")))),
        )
    )


@pytest.mark.parametrize(
    ("when", "path", "message"),
    [
        ({"premuim": 1}, ("premuim",), 'unknown field "premuim" in this rule; did you mean "premium"?'),
        ({"anny": []}, ("anny",), 'unknown field "anny" in this rule; did you mean "any"?'),
        ({"score": "high"}, ("score",), "score of this rule: expected a number, such as 30 or 1.5k"),
        ({"score": True}, ("score",), "score of this rule: expected a number, such as 30 or 1.5k"),
        ({"score": None}, ("score",), "score of this rule: expected a number, such as 30 or 1.5k"),
        ({"score": "5%"}, ("score",), "score of this rule: expected a number, such as 30 or 1.5k"),
        ({"score": ">="}, ("score",), "score of this rule: expected a number, such as 30 or 1.5k"),
        ({"score": float("nan")}, ("score",), "score of this rule: expected a number, such as 30 or 1.5k"),
        ({"score": "=> 5"}, ("score",), "score of this rule: unknown operator; known: >=, <=, >, <, = and !="),
        ({"score": []}, ("score",), "score of this rule: the list is empty, so nothing would match"),
        ({"score": [1, "x"]}, ("score", 1), "score[1] of this rule: expected a number, such as 30 or 1.5k"),
        ({"score": {}}, ("score",), "score of this rule: expected min, max or both; or not, alone"),
        ({"score": {"min": 1, "not": 2}}, ("score",), "score of this rule: expected min, max or both; or not, alone"),
        ({"score": {"mn": 1}}, ("score", "mn"), 'unknown field "mn" in score of this rule; did you mean "min"?'),
        ({"score": {"min": 2, "max": 1}}, ("score",), "score of this rule: min is above max, so nothing would match"),
        ({"score": {"min": ">= 2"}}, ("score", "min"), "score.min of this rule: expected a number, such as 30 or 1.5k"),
        ({"premium": "lots"}, ("premium",), "premium of this rule: expected an amount, such as 500k, $1.2M or 500,000"),
        ({"strike": "1.2.3"}, ("strike",), "strike of this rule: expected an amount, such as 145 or $352.50"),
        ({"iv": "high"}, ("iv",), "iv of this rule: expected a fraction or a percentage, such as 0.45 or 45%"),
        ({"otm_pct": "--3"}, ("otm_pct",), "otm_pct of this rule: expected a percentage, such as 10 or 10%"),
        ({"expiry": "7/17"}, ("expiry",), "expiry of this rule: expected a date, such as 2026-07-17"),
        ({"expiry": 20260717}, ("expiry",), "expiry of this rule: expected a date, such as 2026-07-17"),
        ({"side": "buy"}, ("side",), "side of this rule: expected ask, bid or mid"),
        ({"side": "> ask"}, ("side",), "side of this rule: > compares numbers; use = or != here"),
        ({"side": {"min": "ask"}}, ("side",),
         "side of this rule: min and max are for numbers and dates; list the values: [a, b]"),
        ({"ticker": True}, ("ticker",),
         "ticker of this rule: expected a ticker, such as NVDA or BRK.B; put it in quotes"),
        ({"ticker": "NV DA"}, ("ticker",), "ticker of this rule: expected a ticker, such as NVDA or BRK.B"),
        ({"provider": ""}, ("provider",), "provider of this rule: expected a name"),
        ({"any": {"score": 1}}, ("any",),
         "any of this rule: expected a list of clauses, each on a line such as - score: '>= 85'"),
        ({"any": []}, ("any",), "any of this rule: the list is empty; put a clause in it or leave it out"),
        ({"any": [{}]}, ("any", 0), "any[0] of this rule: there is no clause here, so every print would match"),
        ({"all": ["score"]}, ("all", 0), "all[0] of this rule: expected clauses, such as score: '>= 85'"),
        ({"not": [1]}, ("not",), "not of this rule: expected clauses, such as score: '>= 85'"),
        ({}, (), "this rule: there is no clause here, so every print would match"),
        (5, (), "this rule: expected clauses, such as score: '>= 85'"),
    ],
)  # fmt: skip
def test_a_problem_and_its_path(when: object, path: tuple[str | int, ...], message: str) -> None:
    """Messages name the field and the remedy; they never quote the value, which may be a secret."""
    node, flaws = parse(when)
    assert node is None
    assert [(flaw.path, flaw.message) for flaw in flaws] == [(path, message)]


def test_a_wrong_sector_lists_the_eleven() -> None:
    _, flaws = parse({"sector": "Tekk"})
    assert flaws[0].message.startswith("sector of this rule: expected Energy, Materials, ")
    assert flaws[0].message.endswith(" Utilities or Real Estate")


def test_all_problems_at_once() -> None:
    """Problems in every branch, in the order of the text, with the path from the root of the file."""
    when = {"score": "x", "any": [{"side": "y"}, {"not": {"zebra": 1}}], "dte": {"min": "a", "max": "b"}}
    _, flaws = parse(when, ("rules", 3, "when"), 'rule "r"')
    assert [flaw.path[3:] for flaw in flaws] == [
        ("score",), ("any", 0, "side"), ("any", 1, "not", "zebra"), ("dte", "min"), ("dte", "max"),
    ]  # fmt: skip
    assert flaws[1].message == 'when.any[0].side of rule "r": expected ask, bid or mid'
    assert [flaw.is_about_key for flaw in flaws] == [False, False, True, False, False]


def test_bottomless_nesting_is_refused() -> None:
    when: dict[str, object] = {"score": 1}
    field: object = 1
    for _ in range(30):
        when, field = {"not": when}, {"not": field}
    for deep in (when, {"score": field}):
        _, flaws = parse(deep)
        assert [flaw.message.split(": ")[1] for flaw in flaws] == ["nested more than 24 levels deep"]
