"""What each form of `when` means, and every problem of one that means nothing."""

from datetime import date

import pytest

from bot.rules.clauses import All, Any, Between, Compare, Node, Not, OneOf, Watched
from bot.rules.grammar import parse
from bot.rules.names import Item, Vocabulary

WHALE = Compare("premium", ">=", 1e6)
HOT = All((Compare("score", ">=", 85), Compare("side", "==", "ask")))
NAMES = Vocabulary(
    lists={
        "mega": (Item("AAPL", ("lists", "mega", 0)), Item("msft", ("lists", "mega", 1))),
        "cyclicals": (Item("energy", ("lists", "cyclicals", 0)), Item("Materials", ("lists", "cyclicals", 1))),
        "mixed": (Item("AAPL", ("lists", "mixed", 0)), Item("earnings", ("lists", "mixed", 1))),
        "broken": None,
    },
    definitions={"whale": WHALE, "hot": HOT, "broken": None},
    watchlists={"earnings": ("IBM",)},
)
A_LIST = "expected the name of a list, or a ticker in capital letters"
A_RANGE = "expected min, max or both; or else between or not"
CLAUSES = "expected clauses, such as score: '>= 85', or the name of a definition"
MEGA = OneOf("ticker", ("AAPL", "MSFT"), "mega")


def read(when: object) -> Node:
    node, flaws = parse(when, vocabulary=NAMES)
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
        ("score", {"between": [1, "2.5"]}, Between("score", 1, 2.5)),
        ("premium", {"between": ["500k", "$1M"]}, Between("premium", 500_000, 1_000_000)),
        ("expiry", {"between": ["2026-07-17", "2026-07-24"]},
         Between("expiry", date(2026, 7, 17), date(2026, 7, 24))),
        ("session", "Regular", Compare("session", "==", "regular")),
        ("session", {"not": "regular"}, Not(Compare("session", "==", "regular"))),
        ("opening", True, Compare("opening", "==", True)),
        ("opening", "true", Compare("opening", "==", True)),
        ("multi_leg", "False", Compare("multi_leg", "==", False)),
        ("multi_leg", "!= true", Compare("multi_leg", "!=", True)),
        ("multi_leg", {"not": True}, Not(Compare("multi_leg", "==", True))),
        ("time", ">= 15:30", Compare("time", ">=", 55_800)),
        ("time", "< 10:00", Compare("time", "<", 36_000)),
        ("time", "> 9:30:15", Compare("time", ">", 34_215)),
        ("time", {"min": "09:30"}, Compare("time", ">=", 34_200)),
        ("time", {"min": "09:30", "max": "16:00"}, Between("time", 34_200, 57_600)),
        ("time", {"between": ["09:30", "16:00"]}, All((Compare("time", ">=", 34_200), Compare("time", "<", 57_600)))),
        ("time", {"between": ["20:00", "04:00"]}, Any((Compare("time", ">=", 72_000), Compare("time", "<", 14_400)))),
        ("time", {"between": ["09:30", "09:30"]}, Any((Compare("time", ">=", 34_200), Compare("time", "<", 34_200)))),
        ("time", {"between": ["16:00", "24:00"]}, All((Compare("time", ">=", 57_600), Compare("time", "<", 86_400)))),
        ("time", {"not": {"min": "09:30"}}, Not(Compare("time", ">=", 34_200))),
        ("time", ["< 10:00", ">= 15:30"], Any((Compare("time", "<", 36_000), Compare("time", ">=", 55_800)))),
    ],
)  # fmt: skip
def test_the_forms_of_a_field(field: str, raw: object, node: Node) -> None:
    assert read({field: raw}) == node


@pytest.mark.parametrize(
    ("when", "node"),
    [
        ({"ticker": "mega"}, MEGA),
        ({"ticker": "MEGA"}, Compare("ticker", "==", "MEGA")),
        ({"ticker": ["mega"]}, MEGA),
        ({"ticker": {"not": "mega"}}, Not(MEGA)),
        ({"ticker": "!= mega"}, Not(MEGA)),
        ({"ticker": "= mega"}, MEGA),
        ({"ticker": ["mega", "TSLA", "aapl"]}, OneOf("ticker", ("AAPL", "MSFT", "TSLA"), "mega, TSLA, AAPL")),
        ({"ticker": ["TSLA", "> mega"]}, None),
        ({"sector": "cyclicals"}, OneOf("sector", ("Energy", "Materials"), "cyclicals")),
        ({"sector": "Cyclicals"}, None),
        ({"ticker": "earnings"}, Watched("earnings")),
        ({"ticker": {"not": "earnings"}}, Not(Watched("earnings"))),
        ({"ticker": ["earnings", "TSLA", "mega"]},
         Any((Watched("earnings"), OneOf("ticker", ("TSLA", "AAPL", "MSFT"), "TSLA, mega")))),
        ({"ticker": "mixed"}, Any((OneOf("ticker", ("AAPL",), "mixed"), Watched("earnings")))),
        ({"provider": "earnings"}, Compare("provider", "==", "earnings")),
        ({"ticker": "broken", "side": "ask"}, None),
        ("whale", WHALE),
        ({"use": "whale"}, WHALE),
        ({"use": "hot"}, HOT),
        ({"use": ["whale", "hot"], "dte": 0}, All((WHALE, *HOT.parts, Compare("dte", "==", 0)))),
        ({"use": "hot", "side": "ask"}, HOT),
        ({"any": ["whale", {"score": ">= 90"}]}, Any((WHALE, Compare("score", ">=", 90)))),
        ({"any": ["hot", "whale"]}, Any((HOT, WHALE))),
        ({"any": [{"use": "hot", "dte": 0}]}, All((*HOT.parts, Compare("dte", "==", 0)))),
        ({"not": "hot"}, Not(HOT)),
        ({"not": {"use": ["whale"]}}, Not(WHALE)),
        ({"use": "broken", "side": "ask"}, None),
    ],
)  # fmt: skip
def test_names(when: object, node: Node | None) -> None:
    """Of lists, watchlists and definitions; what is no list's name in that spelling is a value."""
    found, _ = parse(when, vocabulary=NAMES)
    assert found == node


@pytest.mark.parametrize(
    ("when", "message", "hint"),
    [
        ({"ticker": "megaa"}, f"ticker of this rule: {A_LIST}",
         '; did you mean "mega"?'),
        ({"ticker": "earningsweek"},
         f"ticker of this rule: {A_LIST}", '; did you mean "earnings"?'),
        ({"ticker": "semiconductors"}, f"ticker of this rule: {A_LIST}",
         ""),
        ({"ticker": "Mega_"}, "ticker of this rule: expected a ticker, such as NVDA or BRK.B",
         '; did you mean "mega"?'),
        ({"sector": "cyclical"}, None, '; did you mean "cyclicals"?'),
        ({"side": "mega"}, "lists.mega[0], used for side in this rule: expected ask, bid or mid", ""),
        ({"use": "whal"}, "use of this rule: expected the name of a definition", '; did you mean "whale"?'),
        ({"use": 5}, "use of this rule: expected the name of a definition", ""),
        ({"use": []}, "use of this rule: the list is empty; put a definition's name in it or leave it out", ""),
        ({"use": ["whale", "zebra"]}, "use[1] of this rule: expected the name of a definition",
         "; known: broken, hot and whale"),
        ({"any": ["zebra"]},
         f"any[0] of this rule: {CLAUSES}",
         "; known: broken, hot and whale"),
        ({"any": "whale"}, "any of this rule: expected a list of clauses, each on a line such as - score: '>= 85'", ""),
        ("whales", f"this rule: {CLAUSES}",
         '; did you mean "whale"?'),
    ],
)  # fmt: skip
def test_a_name_that_nothing_has(when: object, message: str | None, hint: str) -> None:
    """Suggests the one that was meant."""
    node, flaws = parse(when, vocabulary=NAMES)
    assert node is None
    assert flaws[0].hint == hint
    assert message is None or flaws[0].message == message


def test_tickers_in_small_letters_stay_tickers() -> None:
    """Whatever lists there are, unless one is called nearly the same."""
    for ticker in ("nvda", "brk.b", "spy", "a", "googl", "meta", "on", "btc-usd"):
        assert read({"ticker": ticker}) == Compare("ticker", "==", ticker.upper())


def test_nothing_is_unknown_for_sure_while_a_file_is_missing() -> None:
    """A name may be defined in a file that could not be read, which is a problem already."""
    partial = Vocabulary(is_whole=False)
    for when in ("whale", {"use": "whale"}, {"sector": "cyclicals"}, {"ticker": "mega_caps"}):
        assert parse(when, vocabulary=partial) == (None, [])
    assert len(parse({"sector": "No Sector"}, vocabulary=partial)[1]) == 1


def test_any_of_its_clauses() -> None:
    """As `exclude` reads them, where a definition is one clause and `use` names several."""
    when = {"use": ["hot", "whale"], "dte": 0}
    assert parse(when, vocabulary=NAMES, group=Any)[0] == Any((HOT, WHALE, Compare("dte", "==", 0)))


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
        ({"score": {}}, ("score",), f"score of this rule: {A_RANGE}"),
        ({"score": {"min": 1, "not": 2}}, ("score",), f"score of this rule: {A_RANGE}"),
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
         "side of this rule: min, max and between are for numbers, dates and times; list the values: [a, b]"),
        ({"ticker": True}, ("ticker",),
         "ticker of this rule: expected a ticker, such as NVDA or BRK.B; put it in quotes"),
        ({"ticker": "NV DA"}, ("ticker",), "ticker of this rule: expected a ticker, such as NVDA or BRK.B"),
        ({"provider": ""}, ("provider",), "provider of this rule: expected a name"),
        ({"any": {"score": 1}}, ("any",),
         "any of this rule: expected a list of clauses, each on a line such as - score: '>= 85'"),
        ({"any": []}, ("any",), "any of this rule: the list is empty; put a clause in it or leave it out"),
        ({"any": [{}]}, ("any", 0), "any[0] of this rule: there is no clause here, so every print would match"),
        ({"all": ["score"]}, ("all", 0), f"all[0] of this rule: {CLAUSES}"),
        ({"not": [1]}, ("not",), f"not of this rule: {CLAUSES}"),
        ({"score": {"between": [1]}}, ("score", "between"),
         "score.between of this rule: expected a list of two values, where it begins and where it ends"),
        ({"score": {"between": 1, "min": 2}}, ("score",),
         f"score of this rule: {A_RANGE}"),
        ({"score": {"between": [2, 1]}}, ("score", "between"),
         "score.between of this rule: the first is above the second, so nothing would match"),
        ({"score": {"between": ["> 2", 3]}}, ("score", "between", 0),
         "score.between[0] of this rule: expected a number, such as 30 or 1.5k"),
        ({"side": {"between": ["ask", "bid"]}}, ("side",),
         "side of this rule: min, max and between are for numbers, dates and times; list the values: [a, b]"),
        ({"opening": "yes"}, ("opening",), "opening of this rule: expected true or false"),
        ({"opening": 1}, ("opening",), "opening of this rule: expected true or false"),
        ({"opening": "> true"}, ("opening",), "opening of this rule: > compares numbers; use = or != here"),
        ({"session": "premarket"}, ("session",), "session of this rule: expected regular or extended"),
        ({"time": "16:00"}, ("time",),
         """time of this rule: expected a span of time, such as '>= 15:30' or {between: ["09:30", "16:00"]}"""),
        ({"time": ">= 25:00"}, ("time",),
         'time of this rule: expected a time of day in New York, such as "09:30" or "16:00:30"'),
        ({"time": {"between": [930, "16:00"]}}, ("time", "between", 0),
         'time.between[0] of this rule: expected a time of day in New York, such as "09:30" or "16:00:30"'),
        ({"time": {"min": "16:00", "max": "09:30"}}, ("time",),
         "time of this rule: min is above max, so nothing would match"),
        ({}, (), "this rule: there is no clause here, so every print would match"),
        (5, (), f"this rule: {CLAUSES}"),
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


def test_definitions_count_with_the_nesting_and_the_size() -> None:
    """However little is written where they are used."""
    deep: Node = WHALE
    for _ in range(20):
        deep = Not(deep)
    wide = All(tuple(Compare("dte", "!=", float(day)) for day in range(600)))
    names = Vocabulary(definitions={"deep": deep, "wide": wide})
    when: dict[str, object] = {"use": "deep"}
    for _ in range(4):
        when = {"not": when}
    assert parse(when, vocabulary=names)[1] == []
    (flaw,) = parse({"not": when}, vocabulary=names)[1]
    assert flaw.message.endswith("nested more than 24 levels deep, with what it uses")
    assert parse({"any": ["wide", "whale"]}, vocabulary=Vocabulary(definitions=dict(names.definitions, whale=WHALE)))[0]
    (flaw,) = parse({"any": ["wide", {"not": "wide"}]}, vocabulary=names)[1]
    assert flaw.message == "this rule: more than 1000 clauses, with those it uses"
