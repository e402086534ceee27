"""Expressions of a map: parsed by a grammar of their own, told where they are wrong, and worth what they say."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.mapping.evaluate import compile_expression
from bot.flow.mapping.expressions import Call, Negation, Number, Operation, Path, paths
from bot.flow.mapping.grammar import MAX_LENGTH, parse
from bot.model.errors import FrameError

RECORD: dict[str, Any] = {
    "price": 2.5, "size": "40", "zero": 0, "null": None, "empty": "", "word": "lots", "flag": True,
    "trade": {"ms": 34_200_123, "day": 20260716}, "legs": [{"px": 1.5}, {"px": "2"}], "implied vol": 0.4,
    "sym": "O:SPXW251208C06840000", "stock": "SPY", "nan": float("nan"), "day": "2026-07-16", "clock": "09:31:02",
}  # fmt: skip
FRAME = ["trades", RECORD]


def value(text: str) -> Any:
    return compile_expression(parse(text))(RECORD, FRAME)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("price", Path(("price",))),
        (" trade . ms ", Path(("trade", "ms"))),
        ("legs[1].px", Path(("legs", 1, "px"))),
        ("[1].x", Path((1, "x"))),
        ("['implied vol']", Path(("implied vol",))),
        ('a["b-c"][0]', Path(("a", "b-c", 0))),
        ("$", Path((), True)),
        ("$[0]", Path((0,), True)),
        ("$.header.type", Path(("header", "type"), True)),
        ("1.5e2", Number(150.0)),
        ("-a", Negation(Path(("a",)))),
        ("--a", Path(("a",))),
        ("a+b*c", Operation("+", Path(("a",)), Operation("*", Path(("b",)), Path(("c",))))),
        ("a-b-c", Operation("-", Operation("-", Path(("a",)), Path(("b",))), Path(("c",)))),
        ("(a+b)/2", Operation("/", Operation("+", Path(("a",)), Path(("b",))), Number(2.0))),
        ("occ(sym).strike", Call("occ", (Path(("sym",)),), "strike")),
        ("et_date_ms(t.date, t.ms)", Call("et_date_ms", (Path(("t", "date")), Path(("t", "ms"))))),
        ("occ", Path(("occ",))),  # a key may have a function's name
    ],
)
def test_the_grammar(text: str, expression: object) -> None:
    """Paths, arithmetic with the usual precedence, and calls."""
    assert parse(text) == expression


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "character 1: a path, a number or ( is missing"),
        ("price *", "character 8: a path, a number or ( is missing"),
        ("price size", "character 7: an operator, such as * or +, is missing"),
        ("(price", "character 7: ) is missing"),
        ("price.", "character 7: a key is missing after the dot"),
        ("a.1", "character 3: a key is missing after the dot"),
        ("a % b", "character 3: no part of an expression"),
        ("a[x]", "character 2: a [ that begins neither [0] nor ['key']"),
        ("a[-1]", "character 2: a [ that begins neither [0] nor ['key']"),
        ("a ** b", "character 4: a path, a number or ( is missing"),
        ("__import__('os')", "character 12: no part of an expression"),
        ("ocx(sym)", 'character 1: unknown function "ocx"; did you mean "occ"?'),
        ("occ(sym).strik", 'character 10: occ() has no part "strik"; did you mean "strike"?'),
        ("et(a).x", 'character 7: et() has no part "x"'),
        ("occ(a, b)", "character 1: occ() takes one value"),
        ("et(a, b, c)", "character 1: et() takes 1 to 2 values"),
        ("occ()", "character 5: a path, a number or ( is missing"),
        ("(" * 100 + "a" + ")" * 100, "character 18: too long or too deep an expression"),
        ("+".join("a" * 60), "character 81: too long or too deep an expression"),
        ("a" * (MAX_LENGTH + 1), f"an expression has at most {MAX_LENGTH} characters"),
    ],
)
def test_a_flaw_is_told_with_its_place(text: str, message: str) -> None:
    """The message counts characters from 1."""
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price * size * 100", 10_000.0),  # digits in a text are a number
        ("-price + 3", 0.5),
        ("trade.ms / 1000", 34_200.123),
        ("legs[0].px + legs[1].px", 3.5),
        ("['implied vol'] * 100", 40.0),
        ("$[1].price", 2.5),
        ("$[0]", "trades"),
        ("word", "lots"),
        ("price / zero", None),
        ("price * nothing", None),
        ("price * null", None),
        ("empty", None),
        ("empty * 2", None),
        ("price.deeper", None),
        ("legs[7].px", None),
        ("price[0]", None),
        ("legs.px", None),
        ("occ(sym)", "O:SPXW251208C06840000"),
        ("occ(stock)", None),
        ("occ(price)", None),
        ("occ(sym).ticker", "SPXW"),
        ("occ(sym).type", "call"),
        ("occ(sym).strike / 10", 684.0),
        ("occ(sym).expiry", date(2025, 12, 8)),
        ("occ(stock).strike", None),
        # 09:30:00.123 in New York is 13:30:00.123 UTC in July.
        ("et_date_ms(trade.day, trade.ms)", datetime(2026, 7, 16, 13, 30, 0, 123_000, tzinfo=UTC)),
        ("et(day, clock)", datetime(2026, 7, 16, 13, 31, 2, tzinfo=UTC)),
        ("et(day)", datetime(2026, 7, 16, 4, tzinfo=UTC)),
        ("et(day, nothing)", None),
        ("join(stock, size, trade.day)", "SPY-40-20260716"),
    ],
)
def test_an_expression_is_worth_what_it_says(text: str, expected: object) -> None:
    """What is missing makes the whole missing, and so does a division by zero."""
    found = value(text)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("text", "reason", "told"),
    [
        ("word * 2", "bad_number", "word: 'lots' is not a number"),
        ("flag + 1", "bad_number", "flag: expected a number, got bool"),
        ("legs / 2", "bad_number", "legs: expected a number, got list"),
        ("nan + 1", "bad_number", "nan: nan is not a number that a print can have"),
        ("et(word)", "bad_date", "neither a unix time nor ISO 8601"),
        ("et(price)", "bad_date", "et\\(\\) takes texts"),
        ("et_date_ms(word, trade.ms)", "bad_date", "lots"),
        ("et_date_ms(legs, trade.ms)", "bad_date", "expected a date, got list"),
        ("et_date_ms(trade.day, trade.day * 10)", "bad_date", "is no millisecond of a day"),
        ("join(legs, size)", "bad_value", "list is no short text or number"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(text: str, reason: str, told: str) -> None:
    """With the path, so that the reader of the quarantine finds it."""
    with pytest.raises(FrameError, match=told) as caught:
        value(text)
    assert caught.value.reason == reason


def test_wall_time_crosses_the_clocks_change() -> None:
    """On 8 March 2026 New York's clocks went forward at two: 36,000,000 ms are 10:00 there, 14:00 UTC."""
    record = {"d": 20260308, "ms": 36_000_000}
    found = compile_expression(parse("et_date_ms(d, ms)"))(record, record)
    assert found == datetime(2026, 3, 8, 14, tzinfo=UTC)


def test_the_paths_of_an_expression_are_known() -> None:
    """From left to right, in calls too."""
    assert [str(path) for path in paths(parse("-a.b * (occ($.sym).strike + ['x y'][2])"))] == [
        "a.b", "$.sym", "['x y'][2]",
    ]  # fmt: skip


class Case(NamedTuple):
    """An expression, and its value as Python's own arithmetic has it."""

    text: str
    worth: Callable[[dict[str, float]], float | None]


def _both(operate: Callable[[float, float], float | None]) -> Callable[[Case, Case, str], Case]:
    def case(left: Case, right: Case, operator: str) -> Case:
        def worth(values: dict[str, float]) -> float | None:
            a, b = left.worth(values), right.worth(values)
            return None if a is None or b is None else operate(a, b)

        return Case(f"({left.text} {operator} {right.text})", worth)

    return case


SUM, DIFFERENCE, PRODUCT, QUOTIENT = (
    _both(lambda a, b: a + b), _both(lambda a, b: a - b), _both(lambda a, b: a * b),
    _both(lambda a, b: a / b if b else None),
)  # fmt: skip
LEAVES = st.one_of(
    st.sampled_from("abx").map(lambda name: Case(name, lambda values: values.get(name))),
    st.integers(0, 1000).map(lambda n: Case(str(n), lambda _: float(n))),
)


def _larger(inner: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(lambda pair: SUM(*pair, "+")),
        pairs.map(lambda pair: DIFFERENCE(*pair, "-")),
        pairs.map(lambda pair: PRODUCT(*pair, "*")),
        pairs.map(lambda pair: QUOTIENT(*pair, "/")),
        inner.map(lambda one: Case(f"-{one.text}", lambda v: None if (w := one.worth(v)) is None else -w)),
    )


@given(st.recursive(LEAVES, _larger, max_leaves=12), st.floats(-1e6, 1e6), st.integers(-1000, 1000))
def test_arithmetic_is_pythons_own(case: Case, a: float, b: int) -> None:
    """Any expression gives what a reference evaluator gives; x is always missing."""
    values = {"a": a, "b": float(b)}
    if len(case.text) > MAX_LENGTH - 4:
        return
    found = compile_expression(parse(f"0 + {case.text}"))({"a": a, "b": str(b)}, None)
    worth = case.worth(values)
    assert repr(found) == repr(worth if worth is None else 0 + worth)  # inf - inf is nan, which equals nothing


@given(st.text(max_size=40) | st.text("ab.()[]+-*/$,'0123 ", max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Nothing but ValueError comes out of the parser, and what it accepts can be run on anything."""
    try:
        read = compile_expression(parse(text))
    except ValueError:
        return
    for record in ({"a": 1, "b": [2]}, [1], None, "x"):
        try:
            read(record, record)
        except FrameError as error:
            assert error.reason in {"bad_number", "bad_date", "bad_value"}  # noqa: PT017 either is right
