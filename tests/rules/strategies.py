"""Random prints and random trees of clauses, over values few enough to collide often."""

from datetime import date, timedelta
from itertools import combinations, product
from typing import Any as Anything
from typing import get_args

from hypothesis import strategies as st

from bot.model.prints import Print
from bot.rules.clauses import All, Any, Between, Compare, Node, Not, OneOf, Operator

VALUES: dict[str, list[Anything]] = {
    "score": [0.0, 1.0, 2.5],
    "premium": [0.0, 500_000.0],
    "dte": [0, 1, 2],
    "otm_pct": [-1.0, 0.0, 1.5],
    "expiry": [date(2026, 7, 17) + timedelta(days) for days in range(3)],
    "ticker": ["NVDA", "SPY", "ON"],
    "side": ["ask", "bid", "mid"],
    "sector": ["Energy", "Utilities", "Materials"],
    "opening": [True, False],
}
WORDS = {"ticker", "side", "sector", "opening"}

TESTS: list[Node] = [
    *(
        Compare(field, operator, value)
        for field, values in VALUES.items()
        for operator, value in product(get_args(Operator), values)
        if field not in WORDS or operator in ("==", "!=")
    ),
    *(OneOf(field, pair) for field, values in VALUES.items() for pair in combinations(values, 2)),
    *(OneOf(field, tuple(values[:count])) for field, values in VALUES.items() for count in (0, 1)),
    *(Between(field, *pair) for field in VALUES.keys() - WORDS for pair in combinations(VALUES[field], 2)),
]


def groups(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return several.map(All) | several.map(Any) | parts.map(Not)


_tests = st.sampled_from(sorted(TESTS, key=repr))

trees: st.SearchStrategy[Node] = st.recursive(_tests, groups, max_leaves=6)

usual: st.SearchStrategy[Node] = st.lists(_tests, min_size=1, max_size=4).map(tuple).map(All)
"""Rules as people write most of them: all of some tests."""

prints: st.SearchStrategy[Print] = st.builds(
    Print,
    provider=st.just("radar"),
    ticker=st.sampled_from(VALUES["ticker"]),
    received_ns=st.just(1),
    **{field: st.sampled_from([None, *values]) for field, values in VALUES.items() if field != "ticker"},
)
"""Every fact but the ticker may be missing."""
