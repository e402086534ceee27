"""A request as text: what a button says is read back to the very same request."""

from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.commands.filters import read_filter
from bot.commands.lines import straight
from bot.commands.reading import read_says
from bot.commands.requests import (
    Audit,
    Congress,
    Deliveries,
    Heatmap,
    Help,
    Intent,
    Momentum,
    MuteFor,
    Mutes,
    Pause,
    Reload,
    Report,
    Request,
    Resume,
    Retry,
    Rules,
    SendTest,
    Snooze,
    Status,
    Ticker,
    Top,
    Unmute,
    Unusual,
    WatchAdd,
    WatchList,
    WatchRemove,
    Why,
)
from bot.commands.saying import says_of
from bot.commands.values import reason
from bot.engine.session import Query
from bot.model.alerts import DeliveryState
from bot.model.sectors import SECTORS


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Top(Query()), "flow top"),
        (Top(Query(ticker="NVDA", min_premium=1_000_000.0), 2), "flow top min_premium=1m ticker=NVDA page=2"),
        (Top(Query(sector="Health Care", min_score=85.5)), 'flow top min_score=85.5 sector="Health Care"'),
        (Unusual(Query(limit=5, dte=(0, 7))), "flow unusual limit=5 dte=0-7"),
        (Momentum("NVDA", 3), "flow momentum ticker=NVDA page=3"),
        (Heatmap("ticker"), "flow heatmap by=ticker"),
        (Help("wrong", "watch"), "watch help"),
        (WatchAdd("NVDA calls", "{}", 600.0), "watch add NVDA calls cooldown=10m"),
        (Snooze(None), "snooze off"),
        (MuteFor("ticker", "NVDA", 7200.0, "earnings, again"), "flowadmin mute ticker NVDA for 2h earnings, again"),
        (Pause(None, "30m of work"), 'flowadmin pause reason="30m of work"'),
        (Report("recap", Query()), ""),
    ],
)
def test_what_is_said(request_: Request, says: str) -> None:
    """As short as a button's id needs it, and as people would type it."""
    assert says_of(request_) == says


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Top(Query(ticker="NVDA")), "flow top ticker=NVDA page=4"),
        (Rules(3), "flowadmin rules page=4"),
        (Deliveries("dead", "desk"), "flowadmin deliveries state=dead destination=desk page=4"),
        (Status(), "flow status"),
    ],
)
def test_another_page(request_: Request, says: str) -> None:
    """The same request elsewhere; what has no pages stays what it is."""
    assert says_of(request_, page=4) == says


TICKERS = st.sampled_from(["NVDA", "BRK.B", "SPXW", "^VIX", "CALL", "A", "BF/B", "1INCH"])
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,39}", fullmatch=True)
PAGES = st.integers(1, 1000)
REASONS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["for 2h", "30m", "reason=x", ", so", "it's 'odd", '"a" b', "a = b", "x" * 300]),
).map(lambda text: reason(straight(text)))
SECONDS = st.integers(1, 30 * 86_400).map(float)
IDS = st.from_regex(r"[a-z0-9]{8}", fullmatch=True)
OPTIONAL_TICKERS = st.none() | TICKERS
QUERIES = st.builds(
    Query,
    limit=st.integers(1, 25),
    min_score=st.none() | st.floats(0, 100),
    min_premium=st.none() | st.floats(0, 1e12) | st.integers(0, 10**7).map(lambda thousands: thousands * 1000.0),
    ticker=OPTIONAL_TICKERS,
    side=st.sampled_from([None, "ask", "bid", "mid"]),
    kind=st.sampled_from([None, "sweep", "block", "split", "single"]),
    type=st.sampled_from([None, "call", "put"]),
    sector=st.sampled_from([None, *SECTORS]),
    dte=st.none() | st.tuples(st.integers(0, 3650), st.integers(0, 3650)).map(lambda ends: (min(ends), max(ends))),
)
UNUSUAL = QUERIES.map(
    lambda query: Query(
        query.limit, None, query.min_premium, query.ticker, None, None, query.type, query.sector, query.dte
    )
)
FILTERS = st.sampled_from(["NVDA", "nvda, amd calls", 'NVDA sector="Health Care"', "0dte $500,000", "NVDA side!=mid"])
STATES = st.sampled_from(["", *get_args(DeliveryState)])
REQUESTS = st.one_of(
    st.builds(Top, QUERIES, PAGES),
    st.builds(Unusual, UNUSUAL, PAGES),
    st.builds(Ticker, TICKERS),
    st.builds(Why, IDS | st.sampled_from(["1700000000.123456", "1234567890123456789"])),
    st.builds(Heatmap, st.sampled_from(["sector", "ticker"])),
    st.builds(Momentum, OPTIONAL_TICKERS, PAGES),
    st.builds(Intent, OPTIONAL_TICKERS, PAGES),
    st.builds(Congress, OPTIONAL_TICKERS, PAGES),
    st.builds(Help, st.just(""), st.sampled_from(["flow", "watch", "snooze", "flowadmin"])),
    st.builds(lambda text, for_s: WatchAdd(text, read_filter(text), for_s), FILTERS, st.none() | st.just(600.0)),
    st.builds(WatchRemove, st.none() | st.integers(1, 10**9)),
    st.builds(Snooze, st.none() | SECONDS),
    st.builds(MuteFor, st.sampled_from(["rule", "destination"]), NAMES, SECONDS, REASONS),
    st.builds(MuteFor, st.just("ticker"), TICKERS, SECONDS, REASONS),
    st.builds(Unmute, st.sampled_from(["rule", "destination"]), NAMES),
    st.builds(SendTest, NAMES),
    st.builds(Pause, st.none() | SECONDS, REASONS),
    st.builds(Deliveries, STATES, st.just("") | NAMES, PAGES),
    st.builds(Retry, IDS | st.builds("{}@{}".format, IDS, NAMES)),
    st.builds(Rules, PAGES),
    st.builds(Audit, PAGES),
    st.sampled_from([Status(), WatchList(), Mutes(), Reload(), Resume()]),
)


@settings(max_examples=400, deadline=None)
@example(Top(Query(min_premium=1234567.8901234567)))
@given(REQUESTS)
def test_it_is_read_back(request_: Request) -> None:
    """Whatever can be asked is asked again by its own text."""
    assert read_says(says_of(request_)) == request_


PIECES = [
    "top", "ticker", "why", "add", "remove", "mute", "pause", "rule", "NVDA", "$nvda", "calls", "ask", "500k",
    "0dte", "5", "page=2", "for", "2h", "for=1h", "reason=", "it's", '"', "'", ",", "premium>=1M", "dte=0-7",
    "side=ask,bid", "sector=", "health", "care", "=", "cooldown=10m", "filter=", ")", "\u202e",
]  # fmt: skip
WORDS = st.sampled_from(PIECES)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["flow top", "watch add", "flowadmin mute", "flowadmin pause"]), st.lists(WORDS, max_size=8))
def test_whatever_was_understood_is_read_back(begin: str, words: list[str]) -> None:
    """Likewise what people type, however odd."""
    request = read_says(" ".join([begin, *words]))
    if not isinstance(request, Help):
        assert read_says(says_of(request)) == request
