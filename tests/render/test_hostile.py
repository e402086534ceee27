"""Whatever upstream sends, every documented limit holds and nobody is woken. The fakes' validators are the judges."""

import re
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.alerts import Batch, Delivery, Digest, Flow, Notice, Repeats, TickerFlow
from bot.model.prints import Print
from bot.render import discord, slack, terminal
from bot.render.cards import cards_of
from bot.render.look import Look
from tests.fakes import discord_rest, slack_web
from tests.render.samples import HOSTILE_TEXT, NOW_NS, RECEIVED_NS, batch, delivery, digest, notice

NASTY = st.sampled_from(
    ["@everyone", "@here", "<@1>", "<@&2>", "<!channel>", "<!subteam^S1>", "<@U1>", "](https://x.example)", "&amp;",
     "\\", "*", "`", '"', "&", "<", "\n# ", "😀", "\u202e", "\x1b[31m", "\ud800", "𝕏" * 200, "_" * 300,
     HOSTILE_TEXT * 20]
)  # fmt: skip
TEXT = st.lists(NASTY | st.text(max_size=8), max_size=8).map("".join)
AMOUNT = st.none() | st.floats(0, 1e18)
COUNT = st.none() | st.integers(0, 10**15)
PRINT = st.builds(
    Print,
    provider=TEXT,
    ticker=TEXT,
    received_ns=st.just(RECEIVED_NS),
    type=st.sampled_from([None, "call", "put"]),
    strike=AMOUNT,
    expiry=st.none() | st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    dte=COUNT,
    size=COUNT,
    volume=COUNT,
    open_interest=COUNT,
    vol_oi=AMOUNT,
    premium=AMOUNT,
    price=AMOUNT,
    side=st.sampled_from([None, "ask", "bid", "mid"]),
    kind=st.sampled_from([None, "sweep", "block", "split", "single"]),
    otm_pct=st.none() | st.floats(-1e9, 1e9),
    spot=AMOUNT,
    iv=AMOUNT,
    score=st.none() | st.floats(0, 100),
    bias=st.sampled_from([None, "bull", "bear", "neutral"]),
    sector=st.none() | TEXT,
    notes=st.lists(TEXT, max_size=8).map(tuple),
    time=st.none() | st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 hypothesis adds the zone
    is_recovered=st.booleans(),
    is_delayed=st.booleans(),
)
MENTIONS = st.lists(st.sampled_from(["12", "S1", "U1", "@everyone", "<!channel>", "!here"]) | TEXT, max_size=3).map(
    tuple
)
REPEATS = st.none() | st.builds(Repeats, st.integers(1, 10**15), st.floats(0, 1e18), st.integers(0, 2 * RECEIVED_NS))
DELIVERY = st.builds(
    delivery,
    PRINT,
    rules=st.lists(TEXT, max_size=4).map(tuple),
    mentions=MENTIONS,
    is_test=st.booleans(),
    repeats=REPEATS,
    is_cancelled=st.booleans(),
)
# A few different ones, over and over: long batches without long generation.
DELIVERIES = st.builds(list[Delivery].__mul__, st.lists(DELIVERY, min_size=1, max_size=3), st.integers(1, 8))
LOOK = st.builds(
    Look,
    footer_note=TEXT,
    links=st.just((("chart", "https://c.example/{ticker}"), ("occ", "https://o.example/{contract}"))),
)
ALLOWED = re.compile(r"[0-9]{1,20}")

FLOW = st.builds(Flow, st.integers(0, 10**15), st.floats(0, 1e18))
BY_BIAS = st.dictionaries(st.sampled_from(["bull", "bear", "neutral"]), FLOW)
MOMENT = st.integers(0, 2 * RECEIVED_NS)
DIGEST = st.builds(
    Digest,
    total=FLOW,
    first_ns=MOMENT,
    last_ns=MOMENT,
    by_bias=BY_BIAS,
    tickers=st.lists(st.builds(TickerFlow, TEXT, FLOW, BY_BIAS), max_size=3).map(lambda few: tuple(few * 5)),
    ticker_count=st.integers(0, 10**15),
    top=st.lists(DELIVERY, max_size=2).map(lambda few: tuple(few * 3)),
    why=st.dictionaries(st.sampled_from(["stale", "backlog", "budget", "hours"]), st.integers(0, 10**15)),
)
NOTICE = st.builds(Notice, TEXT, st.lists(TEXT, max_size=3).map(lambda few: tuple(few * 10)))
SINGLE = st.builds(digest, DIGEST) | st.builds(notice, NOTICE)
"""Batches that are one card."""


def _check_discord(shown: Batch, look: Look, roles: set[str]) -> None:
    body = discord.message(shown, look, NOW_NS)
    assert discord_rest.check_message(body) == {}
    assert 1 <= len(body["embeds"]) <= 10
    assert discord_rest.pings(body) <= roles
    text = str(body["embeds"])
    assert not re.search(r"@(everyone|here)|<(@|#|:|t:|/)", text)
    assert not re.search(r"(?<!\\)\]\(https?://(?![co]\.example/)", text)
    assert _is_marked(body["embeds"][0]["footer"]["text"], shown)
    msgspec.json.encode(body)


def _check_slack(shown: Batch, look: Look, pings: set[str]) -> None:
    body = slack.message(shown, look, NOW_NS)
    assert slack_web.check_message(body) == ""
    assert slack_web.pings(body) <= pings
    # Besides those, the only live brackets are links of the admin's own.
    rest = re.sub(r"<!subteam\^S1>|<@U1>|<https://[co]\.example/[^<>|]*\|(chart|occ)>", "", str(body))
    assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", rest)
    assert _is_marked(_slack_footer(body), shown)
    msgspec.json.encode(body)


def _slack_footer(body: dict[str, Any]) -> str:
    return str(body["attachments"][0]["blocks"][-1]["elements"][-1]["text"])


def _is_marked(footer: str, shown: Batch) -> bool:
    return shown.mark in footer.split(" ")


@settings(max_examples=30, deadline=None)
@given(DELIVERIES, LOOK)
def test_discord(deliveries: list[Delivery], look: Look) -> None:
    """Valid in full, whole where `fit` says so; only configured roles are pinged."""
    for shown in (deliveries, deliveries[: discord.fit(deliveries, look)]):
        waking = [mention for one in shown if not one.is_cancelled for mention in one.mentions]
        roles = {f"role:{mention}" for mention in waking if ALLOWED.fullmatch(mention)}
        _check_discord(batch(*shown), look, roles)


@settings(max_examples=30, deadline=None)
@given(DELIVERIES, LOOK)
def test_slack(deliveries: list[Delivery], look: Look) -> None:
    """Valid in full; only configured groups and users are pinged; every other `<` is escaped."""
    for shown in (deliveries, deliveries[: slack.fit(deliveries, look)]):
        _check_slack(batch(*shown), look, {"!subteam^S1", "@U1"})


@settings(max_examples=60, deadline=None)
@given(SINGLE, LOOK)
def test_digests_and_notices(shown: Batch, look: Look) -> None:
    """Valid on every platform, with their mark, and nobody is woken."""
    _check_discord(shown, look, set())
    _check_slack(shown, look, set())
    _check_terminal(shown, look)


@settings(max_examples=30, deadline=None)
@given(DELIVERY, LOOK)
def test_terminal(one: Delivery, look: Look) -> None:
    """Nothing steers the terminal."""
    _check_terminal(batch(one), look)


def _check_terminal(shown: Batch, look: Look) -> None:
    for found in cards_of(shown, look, NOW_NS):
        text = terminal.render(found).replace("\n", "")
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)
