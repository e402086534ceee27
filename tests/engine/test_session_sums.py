"""The day added up for pictures: by ticker, by sector, and five minutes at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.session import Session
from bot.model.heat import Bucket, Heat
from tests.engine.test_session import MORNING, a_print, fed, ns

HALF_PAST = ns(datetime(2026, 7, 17, 14, 30, tzinfo=UTC))
"""10:30 in New York: where `MORNING`'s bucket begins."""
FIVE_MINUTES = 300 * 10**9


def at(**past: Any) -> dict[str, Any]:
    """The facts of a print that long after `MORNING`."""
    moment = MORNING + timedelta(**past)
    return {"time": moment, "received": moment}


def test_tickers_by_premium() -> None:
    """The largest first, small prints too; a print of unknown type counts, one without premium only as a print."""
    session = fed(
        a_print(ticker="SMALL", premium=10.0),
        a_print(ticker="NVDA", premium=1000.0),
        a_print(ticker="NVDA", type="put", premium=500.0, bias="bear"),
        a_print(ticker="NVDA", type=None, premium=200.0, bias=None),
        a_print(ticker="NVDA", premium=None),
        a_print(ticker="SPY", premium=300.0, bias="neutral", sector=None),
        a_print(ticker="NONE", premium=None),
    )
    nvda = Heat("NVDA", 1700.0, bull_usd=1000.0, bear_usd=500.0, prints=4)
    spy = Heat("SPY", 300.0, prints=1)
    assert session.by_ticker(10) == (nvda, spy, Heat("SMALL", 10.0, bull_usd=10.0, prints=1))
    assert session.by_ticker(2) == (nvda, spy)
    assert session.by_ticker(0) == ()


def test_sectors_by_premium() -> None:
    """The tickers of a sector together; an index fund, which is of none, is left out, and so is an empty sector."""
    session = fed(
        a_print(ticker="XOM", sector="Energy", premium=100.0),
        a_print(ticker="CVX", sector="Energy", premium=50.0, bias="bear"),
        a_print(ticker="NVDA", premium=400.0, bias="neutral"),
        a_print(ticker="SPY", sector=None, premium=9000.0),
        a_print(ticker="DUK", sector="Utilities", premium=None),
    )
    assert session.by_sector() == (
        Heat("Information Technology", 400.0, prints=1),
        Heat("Energy", 150.0, bull_usd=100.0, bear_usd=50.0, prints=2),
    )


def test_a_sector_once_told_is_not_forgotten() -> None:
    """A second feed that knows no sectors takes none away."""
    session = fed(a_print(sector="Energy"), a_print(sector=None, score=99.0))
    assert [heat.name for heat in session.by_sector()] == ["Energy"]


def test_an_empty_day_has_nothing() -> None:
    """Before the first print there is nothing to add up."""
    session = Session()
    assert (session.by_sector(), session.by_ticker(5), session.timeline(), session.timeline("NVDA")) == ((), (), (), ())


def test_timeline_counts_large_prints_by_bias() -> None:
    """From $25,000 on, five minutes at a time, empty ones left out; of the market and of each ticker."""
    session = fed(
        a_print(premium=25_000.0),
        a_print(premium=30_000.0, bias="bear"),
        a_print(premium=24_999.0),
        a_print(premium=99_000.0, bias=None),
        a_print(ticker="SPY", premium=40_000.0, bias="neutral", **at(minutes=3, seconds=59)),
        a_print(premium=50_000.0, **at(minutes=4)),
        a_print(premium=60_000.0, **at(minutes=14)),
    )
    second, fourth = HALF_PAST + FIVE_MINUTES, HALF_PAST + 3 * FIVE_MINUTES
    assert session.timeline() == (
        Bucket(HALF_PAST, 25_000.0, 30_000.0, 40_000.0),
        Bucket(second, 50_000.0, 0.0, 0.0),
        Bucket(fourth, 60_000.0, 0.0, 0.0),
    )
    assert session.timeline("SPY") == (Bucket(HALF_PAST, 0.0, 0.0, 40_000.0),)
    assert session.timeline("AAPL") == ()


def test_a_print_given_back_late_counts_where_it_happened() -> None:
    """By its own time, whenever it comes; a print without one counts when it was received."""
    session = fed(
        a_print(premium=25_000.0, **at(minutes=30)),
        a_print(premium=30_000.0, received=MORNING + timedelta(minutes=31)),
        a_print(premium=40_000.0, time=None, received=MORNING + timedelta(minutes=31)),
        a_print(premium=50_000.0, **at(minutes=31)),
    )
    eleven = HALF_PAST + 6 * FIVE_MINUTES
    assert session.timeline() == (Bucket(HALF_PAST, 30_000.0, 0.0, 0.0), Bucket(eleven, 115_000.0, 0.0, 0.0))


def test_a_clock_that_runs_ahead_moves_nothing() -> None:
    """A print that claims to be of an hour from now counts when it was received."""
    session = fed(a_print(premium=25_000.0, time=MORNING + timedelta(hours=1)), a_print(premium=25_000.0))
    assert session.timeline() == (Bucket(HALF_PAST, 50_000.0, 0.0, 0.0),)


@pytest.mark.parametrize(
    ("moment", "begins"),
    [
        (datetime(2026, 3, 8, 6, 59, tzinfo=UTC), datetime(2026, 3, 8, 6, 55, tzinfo=UTC)),
        (datetime(2026, 3, 8, 20, 1, tzinfo=UTC), datetime(2026, 3, 8, 20, 0, tzinfo=UTC)),
        (datetime(2026, 11, 2, 4, 59, tzinfo=UTC), datetime(2026, 11, 2, 4, 55, tzinfo=UTC)),
    ],
)
def test_timeline_on_days_that_are_not_24_hours(moment: datetime, begins: datetime) -> None:
    """When New York moves its clocks (8 March and 1 November 2026) a bucket still begins where it does."""
    (bucket,) = fed(a_print(premium=25_000.0, time=moment, received=moment)).timeline()
    assert bucket.begins_ns == ns(begins)


def test_another_day_begins_anew() -> None:
    """Yesterday's sums are gone."""
    session = fed(a_print(premium=25_000.0), a_print(premium=30_000.0, **at(days=1)))
    assert session.timeline() == (Bucket(HALF_PAST + 288 * FIVE_MINUTES, 30_000.0, 0.0, 0.0),)
    assert [heat.premium_usd for heat in session.by_ticker(5)] == [30_000.0]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-90, 400),
            st.sampled_from(["A", "B"]),
            st.integers(20_000, 90_000),
            st.sampled_from(["bull", "bear", "neutral", None]),
        ),
        max_size=80,
    )
)
def test_timeline_is_what_adding_up_gives(rows: list[tuple[int, str, int, Any]]) -> None:
    """In whatever order the prints come, each counts once, in the five minutes of its own time."""
    received = MORNING + timedelta(minutes=401)
    expected: dict[tuple[str, int], dict[Any, float]] = {}
    session = Session()
    for minute, ticker, premium, bias in rows:
        moment = MORNING + timedelta(minutes=minute)
        session.add(a_print(ticker=ticker, premium=float(premium), bias=bias, time=moment, received=received))
        if premium >= 25_000 and bias is not None:
            for name in (ticker, "all"):
                sums = expected.setdefault((name, ns(moment) // FIVE_MINUTES), {"bull": 0, "bear": 0, "neutral": 0})
                sums[bias] += premium
    for name in ("A", "B", "all"):
        buckets = session.timeline(None if name == "all" else name)
        assert [(name, bucket.begins_ns // FIVE_MINUTES) for bucket in buckets] == sorted(
            key for key in expected if key[0] == name
        )
        for bucket in buckets:
            sums = expected[name, bucket.begins_ns // FIVE_MINUTES]
            assert (bucket.bull_usd, bucket.bear_usd, bucket.neutral_usd) == (
                sums["bull"],
                sums["bear"],
                sums["neutral"],
            )
