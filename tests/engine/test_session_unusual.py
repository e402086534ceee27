"""The prints with the most volume over open interest: one a contract, filtered, in pages, and bounded."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine import session_day
from bot.engine.session import Query
from tests.engine.test_session import MORNING, a_print, fed, looked


def test_the_highest_ratio_comes_first() -> None:
    """Whatever the score and the premium; a print whose ratio nobody told is not there."""
    found = looked(
        fed(
            a_print(strike=1.0, vol_oi=2.0, score=99.0, premium=9e6),
            a_print(strike=2.0, vol_oi=50.0, premium=None),
            a_print(strike=3.0, vol_oi=None),
            a_print(strike=4.0, vol_oi=0.5),
        ).unusual(Query())
    )
    assert [each.vol_oi for each in found] == [50.0, 2.0, 0.5]


def test_a_contract_has_one_line() -> None:
    """A contract that prints fifty times does not fill the list: its newest print stands for it."""
    crowd = [a_print(vol_oi=10.0 + number, size=number) for number in range(50)]
    other = a_print(strike=150.0, vol_oi=3.0)
    assert looked(fed(*crowd, other).unusual(Query())) == (crowd[-1], other)


def test_of_equals_the_newest() -> None:
    """The volume stood still between two prints: the later is shown."""
    first, second = a_print(vol_oi=10.0, size=1), a_print(vol_oi=10.0, size=2)
    assert looked(fed(first, second).unusual(Query())) == (second,)


def test_a_late_small_ratio_hides_nothing() -> None:
    """A feed that tells no volume compares the print's own size: the contract's highest stays."""
    high, low = a_print(vol_oi=40.0, premium=90_000.0), a_print(vol_oi=0.1, premium=90_000.0)
    assert looked(fed(high, low).unusual(Query())) == (high,)
    assert looked(fed(high, low).unusual(Query(ticker="NVDA"))) == (high,)


@pytest.mark.parametrize(
    ("query", "tickers"),
    [
        (Query(), ["A", "B", "C", "D"]),
        (Query(limit=2), ["A", "B"]),
        (Query(limit=0), []),
        (Query(ticker="C"), ["C"]),
        (Query(ticker="Z"), []),
        (Query(sector="Energy"), ["B"]),
        (Query(side="bid"), ["B"]),
        (Query(type="put"), ["C"]),
        (Query(kind="block"), ["D"]),
        (Query(min_premium=2000.0), ["C", "D"]),
        (Query(min_score=60.0), ["A", "D"]),
        (Query(dte=(0, 7)), ["A"]),
        (Query(dte=(8, 60)), ["B", "C"]),
    ],
)
def test_filters(query: Query, tickers: list[str]) -> None:
    """The same filters as of the best prints; a print that lacks the fact does not qualify."""
    session = fed(
        a_print(ticker="A", vol_oi=40.0, dte=0, score=70.0),
        a_print(ticker="B", vol_oi=30.0, dte=30, sector="Energy", side="bid"),
        a_print(ticker="C", vol_oi=20.0, dte=60, type="put", premium=2000.0),
        a_print(ticker="D", vol_oi=10.0, dte=None, kind="block", premium=3000.0, score=60.0),
    )
    assert [found.ticker for found in looked(session.unusual(query))] == tickers


def test_the_side_that_is_asked_for() -> None:
    """A contract that later printed at the bid, higher, is still found by its print at the ask."""
    ask, bid = a_print(side="ask", vol_oi=10.0), a_print(side="bid", vol_oi=12.0)
    assert looked(fed(ask, bid).unusual(Query(side="ask"))) == (ask,)


def test_a_ticker_is_not_drowned() -> None:
    """Neither a thousand higher ratios of others nor its own larger prints hide a large one of what is asked for."""
    mine = a_print(ticker="DUK", vol_oi=5.0, premium=30_000.0, sector="Utilities")
    better: dict[str, Any] = {"premium": 1e6, "score": 99.0}
    own = [a_print(ticker="DUK", strike=1.0, vol_oi=0.2, sector="Utilities", **better) for _ in range(100)]
    crowd = [a_print(strike=float(number), vol_oi=1000.0 + number, **better) for number in range(1000)]
    session = fed(mine, *own, *crowd)
    assert looked(session.unusual(Query(ticker="DUK")))[0] == mine
    assert looked(session.unusual(Query(sector="Utilities")))[0] == mine
    assert mine in looked(session.unusual(Query(min_premium=25_000.0, limit=10_000)))


def test_pages_follow_one_another() -> None:
    """`skip` leaves out what earlier pages showed."""
    session = fed(*(a_print(strike=float(number), vol_oi=1.0 + number) for number in range(25)))
    pages = [looked(session.unusual(Query(limit=10), skip=skip)) for skip in (0, 10, 20, 30)]
    assert [found.vol_oi for page in pages for found in page] == [float(ratio) for ratio in range(25, 0, -1)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 500), st.sampled_from(["ask", "bid"])), max_size=200))
def test_bounded_and_yet_the_highest(rows: list[tuple[int, int, Any]]) -> None:
    """The first ten contracts are those that sorting everything gives, though little is remembered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_day, "MOST_ODD", 20)
        session = fed(*(a_print(strike=float(strike), vol_oi=float(ratio), side=side) for strike, ratio, side in rows))
        kept = len(list(session._odd))
    highest: dict[int, int] = {}
    for strike, ratio, _ in rows:
        highest[strike] = max(ratio, highest.get(strike, 0))
    expected = sorted(highest.values(), reverse=True)[:10]
    assert [found.vol_oi for found in looked(session.unusual(Query(limit=10)))] == expected
    assert kept < 40


def test_another_day_begins_anew() -> None:
    """What was unusual yesterday is gone."""
    tomorrow = MORNING + timedelta(days=1)
    today = a_print(vol_oi=1.5, time=tomorrow, received=tomorrow)
    assert looked(fed(a_print(vol_oi=99.0), today).unusual(Query())) == (today,)
