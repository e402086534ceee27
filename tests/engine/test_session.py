"""Today's flow in memory: totals, the best prints, the day's end, and its bounds."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine import session as module
from bot.engine import session_day
from bot.engine.session import ContractFlow, Query, Session, Totals
from bot.engine.session_search import Steps
from bot.model.prints import Print

MORNING = datetime(2026, 7, 17, 14, 31, tzinfo=UTC)
"""10:31 in New York, in summer: four hours behind UTC."""


def ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


def a_print(**facts: Any) -> Print:
    received = facts.pop("received", MORNING)
    known: dict[str, Any] = {
        "provider": "tape", "ticker": "NVDA", "received_ns": ns(received), "time": MORNING, "type": "call",
        "strike": 145.0, "expiry": date(2026, 8, 7), "size": 10, "premium": 1000.0, "side": "ask", "kind": "sweep",
        "score": 50.0, "bias": "bull", "sector": "Information Technology",
    }  # fmt: skip
    return Print(**(known | facts))


def fed(*prints: Print) -> Session:
    session = Session()
    for found in prints:
        session.add(found)
    return session


def looked(steps: Steps, meanwhile: Callable[[], None] = lambda: None) -> tuple[Print, ...]:
    """What is found; `meanwhile` happens after each step."""
    while True:
        try:
            next(steps)
            meanwhile()
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]  # StopIteration says nothing of it


def test_totals_of_a_ticker() -> None:
    """Premium by type and by bias; a print without premium counts, and adds none."""
    session = fed(
        a_print(),
        a_print(type="put", bias="bear", premium=300.0),
        a_print(type=None, bias="neutral", premium=50.0),
        a_print(premium=None, size=None),
        a_print(ticker="SPY", premium=7.0, bias=None),
    )
    flow = session.ticker("NVDA")
    assert flow is not None
    assert flow.totals == Totals(4, call_usd=1000, put_usd=300, bull_usd=1000, bear_usd=300, neutral_usd=50)
    assert session.summary().totals == Totals(
        5, call_usd=1007, put_usd=300, bull_usd=1000, bear_usd=300, neutral_usd=50
    )
    assert session.summary().tickers == 2
    assert session.ticker("AAPL") is None


def test_lists_of_a_ticker() -> None:
    """The biggest prints and the contracts with the most premium, the largest first; small prints make no line."""
    session = fed(
        a_print(premium=25_000.0),
        a_print(premium=90_000.0),
        a_print(premium=50_000.0, strike=150.0),
        a_print(strike=None, premium=100_000.0),
        a_print(premium=24_999.0),
    )
    flow = session.ticker("NVDA")
    assert flow is not None
    assert [found.premium for found in flow.biggest] == [100_000.0, 90_000.0, 50_000.0, 25_000.0, 24_999.0]
    assert flow.most_active == (
        ContractFlow("call", 145.0, date(2026, 8, 7), prints=2, contracts=20, premium_usd=115_000.0),
        ContractFlow("call", 150.0, date(2026, 8, 7), prints=1, contracts=10, premium_usd=50_000.0),
    )


def test_top_ranks_by_score_then_premium() -> None:
    """A higher score beats any premium; among equal scores the premium decides; no score comes last."""
    small, large = a_print(score=90.0, premium=1.0), a_print(score=90.0, premium=2.0)
    huge, best = a_print(score=89.9, premium=9e9), a_print(score=91.0, premium=None)
    unscored = a_print(score=None, premium=9e9)
    assert looked(fed(unscored, small, huge, best, large).top(Query())) == (best, large, small, huge, unscored)


@pytest.mark.parametrize(
    ("query", "tickers"),
    [
        (Query(), ["A", "B", "C", "D"]),
        (Query(limit=2), ["A", "B"]),
        (Query(limit=0), []),
        (Query(min_score=80.0), ["A", "B"]),
        (Query(min_premium=3000.0), ["C", "D"]),
        (Query(ticker="C"), ["C"]),
        (Query(ticker="Z"), []),
        (Query(side="bid"), ["B", "D"]),
        (Query(side="bid", type="put"), ["D"]),
        (Query(kind="block"), ["C"]),
        (Query(sector="Energy"), ["B"]),
        (Query(sector="Utilities"), []),
        (Query(min_score=0.0), ["A", "B", "C"]),
    ],
)
def test_top_filters(query: Query, tickers: list[str]) -> None:
    """Each filter, and mixtures; a print that lacks the fact does not qualify."""
    session = fed(
        a_print(ticker="D", score=None, premium=4000.0, side="bid", type="put", kind=None, sector=None),
        a_print(ticker="C", score=70.0, premium=3000.0, kind="block"),
        a_print(ticker="B", score=80.0, premium=2000.0, side="bid", sector="Energy"),
        a_print(ticker="A", score=90.0, premium=None),
    )
    assert [found.ticker for found in looked(session.top(query))] == tickers


def test_a_rare_sort_is_not_drowned() -> None:
    """A thousand better prints of another sort do not hide the only bid block."""
    rare = a_print(score=1.0, premium=1.0, side="bid", kind="block")
    crowd = [a_print(score=99.0, premium=1e6 + number) for number in range(1000)]
    assert looked(fed(rare, *crowd).top(Query(side="bid", kind="block", ticker="NVDA"))) == (rare,)


def test_a_rare_sector_is_not_drowned() -> None:
    """A thousand better prints of other sectors do not hide the only utility."""
    rare = a_print(ticker="DUK", score=1.0, premium=1.0, sector="Utilities")
    crowd = [a_print(score=99.0, premium=1e6 + number) for number in range(1000)]
    assert looked(fed(rare, *crowd).top(Query(sector="Utilities"))) == (rare,)


def test_a_high_score_outlives_high_premiums() -> None:
    """What ranks high stays, however many larger prints of its sort come."""
    best = a_print(score=99.0, premium=1.0)
    crowd = [a_print(score=50.0, premium=1e6 + number) for number in range(200)]
    assert looked(fed(best, *crowd).top(Query(limit=1))) == (best,)


def test_a_high_premium_outlives_high_scores() -> None:
    """A large print with a low score is found by its premium, however many better scores of its sort come."""
    large = a_print(ticker="SPY", score=1.0, premium=5e6)
    crowd = [a_print(score=90.0, premium=1e3 + number) for number in range(200)]
    assert looked(fed(*crowd, large).top(Query(min_premium=1e6))) == (large,)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "B", "C"]),
            st.none() | st.integers(0, 100).map(float),
            st.none() | st.integers(0, 10**7).map(float),
            st.sampled_from(["ask", "bid", "mid", None]),
            st.sampled_from(["call", "put", None]),
        ),
        max_size=150,
    ),
    st.sampled_from([Query(limit=20), Query(limit=20, side="ask"), Query(limit=20, type="put", min_score=50)]),
)
def test_top_is_what_sorting_everything_gives(rows: list[tuple[Any, ...]], query: Query) -> None:
    """Bounded lists, and yet the same answer as from all prints, for mixtures of sorts and a lowest score."""
    prints = [
        a_print(ticker=ticker, score=score, premium=premium, side=side, type=type_)
        for ticker, score, premium, side, type_ in rows
    ]

    def key(found: Print) -> tuple[float, float]:
        return (0.0 if found.score is None else found.score, found.premium or 0.0)

    expected = [
        key(found)
        for found in prints
        if (query.side is None or found.side == query.side)
        and (query.type is None or found.type == query.type)
        and (query.min_score is None or (found.score is not None and found.score >= query.min_score))
    ]
    assert [key(found) for found in looked(fed(*prints).top(query))] == sorted(expected, reverse=True)[:20]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 7, 18, 3, 59, 59, tzinfo=UTC), date(2026, 7, 17)),
        (datetime(2026, 7, 18, 4, 0, tzinfo=UTC), date(2026, 7, 18)),
        (datetime(2026, 12, 1, 4, 59, 59, tzinfo=UTC), date(2026, 11, 30)),
        (datetime(2026, 12, 1, 5, 0, tzinfo=UTC), date(2026, 12, 1)),
    ],
)
@pytest.mark.parametrize("has_time", [True, False])
def test_the_day_ends_at_midnight_in_new_york(moment: datetime, day: date, *, has_time: bool) -> None:
    """By the print's own time, else by the receive time, in summer and in winter; the old day is gone."""
    session = fed(a_print(), a_print(time=moment if has_time else None, received=moment))
    assert session.summary().day == day
    assert session.summary().totals.prints == (2 if day == date(2026, 7, 17) else 1)


def test_a_straggler_does_not_bring_yesterday_back() -> None:
    """A print of an earlier day is dropped, and counted."""
    tomorrow = MORNING + timedelta(days=1)
    session = fed(a_print(), a_print(time=tomorrow, received=tomorrow), a_print(received=tomorrow))
    assert session.summary().day == date(2026, 7, 18)
    assert session.summary().totals.prints == 1
    assert session.summary().late == 1


def test_a_wrong_clock_cannot_end_the_day() -> None:
    """A print that claims to be of next year counts as of the day we received it."""
    session = fed(a_print(), a_print(time=MORNING + timedelta(days=365)), a_print())
    assert session.summary().day == date(2026, 7, 17)
    assert session.summary().totals.prints == 3


def test_bounds_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its bounds the session forgets the quiet, keeps the busy, and its lists stay as long as they may be."""
    monkeypatch.setattr(module, "MOST_TICKERS", 10)
    monkeypatch.setattr(session_day, "MOST_CONTRACTS", 10)
    session = fed(
        a_print(ticker="BUSY", premium=1e6),
        *(a_print(ticker=f"T{number}", premium=float(number), sector=f"S{number}") for number in range(100)),
        *(a_print(ticker="BUSY", strike=float(number), premium=30_000.0 + number) for number in range(100)),
    )
    assert session.summary().tickers <= 10
    busy = session.ticker("BUSY")
    assert busy is not None
    assert busy.totals.prints == 101
    assert busy.most_active[0].premium_usd == 1e6
    assert len(busy.most_active) <= 10
    assert len(busy.biggest) <= session_day.BEST_PER_TICKER
    assert len(looked(session.top(Query(limit=10_000)))) <= 2 * session_day.BEST_PER_SORT


def test_pages_follow_one_another() -> None:
    """`skip` leaves out what earlier pages showed, and the last page ends."""
    prints = [a_print(score=float(score)) for score in range(25)]
    session = fed(*prints)
    pages = [looked(session.top(Query(limit=10), skip=skip)) for skip in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [found.score for page in pages for found in page] == [float(score) for score in range(24, -1, -1)]


def test_biggest_need_a_premium() -> None:
    """A print whose premium nobody told is not among the biggest."""
    flow = fed(a_print(premium=None), a_print(premium=5.0)).ticker("NVDA")
    assert flow is not None
    assert [found.premium for found in flow.biggest] == [5.0]
