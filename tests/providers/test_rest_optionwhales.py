"""OptionWhales by REST, against a fake that does what its Pro API documentation and its public clients say."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.model.errors import VendorError
from bot.model.prints import Print
from bot.providers.budget import Quota, Spent
from bot.providers.optionwhales import OptionWhalesSettings, decode
from bot.providers.optionwhales_answers import (
    Health,
    Ranking,
    Rankings,
    Usage,
    detail_of,
    health_of,
    history_of,
    rankings_of,
    sessions_of,
    trades_of,
    usage_of,
)
from bot.providers.optionwhales_rest import OptionWhalesRest
from bot.providers.pages import Page
from tests.fakes.faults import BAD_GATEWAY, answer
from tests.fakes.optionwhales_rest import KEY, RANKING, FakeOptionWhales
from tests.providers.doubles import NOON_NS
from tests.providers.rest_clock import SleepingClock

DAY = date(2025, 6, 2)
TRADE: dict[str, Any] = {"ticker": "AAPL", "side": "BUY", "premium": 1250000}  # the three fields that are shown
NVDA = Ranking(
    ticker="NVDA", momentum_fast=1.25, momentum_slow=0.5, coherence_last=0.8, strength_last=3.1,
    net_delta_last=1_250_000.0, net_gamma_last=-2000.5, net_vega_last=310.0, intent_label="Bullish Directional",
    intent_primary="Directional", intent_confidence=0.82, direction_bias="bullish", key_strikes=(450.0, 400.0),
)  # fmt: skip


def read(raw: bytes) -> Print:
    found = decode(b'{"type":"abnormal_trade","data":%b}' % raw, NOON_NS, "whales")
    assert isinstance(found, Print)
    return found


def client(vendor: FakeOptionWhales, clock: SleepingClock, spent: Spent | None = None) -> OptionWhalesRest:
    values = {"type": "optionwhales", "api_key": KEY, "rest_url": vendor.rest_url}
    return OptionWhalesRest("whales", OptionWhalesSettings.model_validate(values), spent=spent, clock=clock.clock)


@asynccontextmanager
async def vendor_and_client(**changes: Any) -> AsyncIterator[tuple[FakeOptionWhales, OptionWhalesRest, SleepingClock]]:
    clock = SleepingClock()
    async with FakeOptionWhales(clock=clock.now_s, **changes) as vendor:
        rest = client(vendor, clock)
        try:
            yield vendor, rest, clock
        finally:
            await rest.close()
        assert vendor.unexpected == []


async def test_every_endpoint_is_where_its_clients_find_it() -> None:
    """Current or a past session, and what each holds; the key in X-API-Key alone, which the fake sees to."""
    async with vendor_and_client() as (vendor, rest, _):
        vendor.trades = [TRADE]
        vendor.detail["cluster_trades"] = [{**TRADE, "ticker": "NVDA"}]
        live, past = await rest.flow(), await rest.flow(DAY)
        assert live == Rankings(DAY, True, (NVDA,))
        assert past == Rankings(DAY, False, (NVDA,))
        details = await rest.ticker("nvda"), await rest.ticker("BRK.B", DAY)
        assert [(found.ranking, len(found.trades.prints)) for found in details] == [(NVDA, 1)] * 2
        assert (await rest.sessions()).days == (DAY, date(2025, 6, 3))
        assert (await rest.momentum()).rows == (NVDA,)
        assert (await rest.history("nvda")).rows[0].session == DAY
        trades = await rest.abnormal_trades(), await rest.abnormal_trades(DAY)
        assert [(found.session, found.is_live, len(found.trades.prints)) for found in trades] == [
            (DAY, True, 1), (DAY, False, 1),
        ]  # fmt: skip
        assert await rest.usage() == Usage("pro", {"tier": "pro", "usage.day": 12, "usage.minute": 1})
        assert vendor.asked == [
            "/v1/flow/current", "/v1/flow/2025-06-02", "/v1/flow/current/NVDA", "/v1/flow/2025-06-02/BRK.B",
            "/v1/flow/sessions", "/v1/momentum/rankings", "/v1/momentum/NVDA/history", "/v1/abnormal-trades/current",
            "/v1/abnormal-trades/2025-06-02", "/v1/account/usage",
        ]  # fmt: skip


async def test_the_health_needs_no_key_and_no_budget() -> None:
    """The documentation's sample, from beside the API's base."""
    async with vendor_and_client() as (_, rest, clock):
        before = rest.budget.standing(clock.now_s())
        found = await rest.health()
        assert found == Health("healthy", "pro-api", "1.0.0", 0)
        assert found.is_healthy
        assert rest.budget.standing(clock.now_s()) == before


async def test_a_trade_has_one_identity_whichever_way_it_came() -> None:
    """The stream's and the REST answer's; so that what a gap gives back is known for what it is."""
    trade = {**TRADE, "option_type": "call", "strike": "200", "expiration": "2026-07-17", "timestamp": NOON_NS // 10**6}
    streamed = decode(json.dumps({"type": "abnormal_trade", "data": trade}), NOON_NS - 1, "whales")
    assert isinstance(streamed, Print)
    async with vendor_and_client() as (vendor, rest, _):
        vendor.trades = [trade]
        (found,) = (await rest.abnormal_trades()).trades.prints
    assert found.identity == streamed.identity
    assert found.contract == "AAPL260717C00200000"


# --- limits and tiers ---


async def test_a_free_key_learns_its_place() -> None:
    """Three tickers, five trades, and no past: `tier` says so."""
    async with vendor_and_client(tier="free") as (vendor, rest, clock):
        vendor.rankings, vendor.trades = [RANKING] * 5, [{**TRADE, "premium": n} for n in range(8)]
        assert len((await rest.flow()).rows) == 3
        assert [found.premium for found in (await rest.abnormal_trades()).trades.prints] == [3, 4, 5, 6, 7]
        with pytest.raises(VendorError) as caught:
            await rest.sessions()
        assert (caught.value.kind, caught.value.detail) == (
            "tier", "HTTP 403: This endpoint requires Pro; does the plan include this?",
        )  # fmt: skip
        assert rest.budget.standing(clock.now_s()).minute_left == 7


async def test_a_wrong_key() -> None:
    """401, and the key stays unsaid."""
    clock = SleepingClock()
    async with FakeOptionWhales(clock=clock.now_s, key="another") as vendor:
        rest = client(vendor, clock)
        with pytest.raises(VendorError) as caught:
            await rest.flow()
        await rest.close()
    assert caught.value.kind == "unauthorized"
    assert KEY not in f"{caught.value!r} {rest!r} {rest._rest!r}"


async def test_a_ranking_is_kept_for_a_minute() -> None:
    """Ten traders who ask at once cost one request: rankings move every half hour."""
    async with vendor_and_client(tier="free") as (vendor, rest, clock):
        for _ in range(5):
            await rest.momentum()
            await rest.flow()
        assert vendor.asked == ["/v1/momentum/rankings", "/v1/flow/current"]
        clock.now_ns += 61_000_000_000
        await rest.momentum()
        assert len(vendor.asked) == 3


async def test_the_budget_is_kept_to() -> None:
    """Eleven reads of a free key's ten a minute, of which 20 s are left: the eleventh waits so long."""
    async with vendor_and_client(tier="free") as (vendor, rest, clock):
        clock.now_ns += 40_000_000_000
        for _ in range(11):
            await rest.usage()
        assert (len(vendor.asked), vendor.refused) == (11, 0)
        assert clock.slept == [pytest.approx(20)]


async def test_without_headers_any_minute_holds_ten() -> None:
    """The vendor promises them with every answer; a proxy may lose them."""
    async with vendor_and_client(tier="free", has_headers=False) as (vendor, rest, clock):
        clock.now_ns += 40_000_000_000
        for _ in range(10):
            await rest.usage()
        with pytest.raises(VendorError) as caught:
            await rest.usage()
        assert (caught.value.after_s, len(vendor.asked), vendor.refused) == (60, 10, 0)


async def test_a_pro_key_is_known_by_its_first_answer() -> None:
    """`X-RateLimit-Limit: 60`: from then on sixty a minute and five thousand a day."""
    async with vendor_and_client() as (vendor, rest, clock):
        for _ in range(60):
            await rest.usage()
        assert (len(vendor.asked), clock.slept) == (60, [])
        with pytest.raises(VendorError) as caught:
            await rest.usage()
        assert (caught.value.kind, caught.value.after_s) == ("rate_limited", 60)
        assert (len(vendor.asked), vendor.refused) == (60, 0)
        assert rest.budget.standing(clock.now_s()).day_left == 4_940


async def test_a_day_that_is_used_up_is_remembered_over_a_restart() -> None:
    """Nothing is asked until midnight UTC, eight hours away; then it goes on."""
    clock = SleepingClock()
    used_up = Spent(ends_s=clock.now_s() + 8 * 3600, count=200, quota=Quota(10, 200))
    async with FakeOptionWhales(clock=clock.now_s, tier="free") as vendor:
        rest = client(vendor, clock, used_up)
        with pytest.raises(VendorError) as caught:
            await rest.flow()
        assert (caught.value.after_s, vendor.asked) == (8 * 3600, [])
        await clock.sleep(8 * 3600)
        await rest.flow()
        assert rest.budget.spent(clock.now_s()) == Spent(used_up.ends_s + 86_400, 1, Quota(10, 200))
        await rest.close()


async def test_a_day_that_the_vendor_says_is_used_up() -> None:
    """Somebody else used the key: 429 with hours to wait, told at once and not asked again."""
    async with vendor_and_client() as (vendor, rest, _):
        vendor.script(answer(429, {"detail": "Daily limit reached"}, Retry_After="28800"), what="look")
        for _ in range(3):
            with pytest.raises(VendorError) as caught:
                await rest.flow()
            assert (caught.value.kind, caught.value.after_s) == ("rate_limited", 28_800)
        assert len(vendor.seen) == 1


async def test_the_vendors_own_source_is_down() -> None:
    """502: upstream data service unavailable. Its page is HTML."""
    async with vendor_and_client() as (vendor, rest, _):
        vendor.script(BAD_GATEWAY, what="look")
        with pytest.raises(VendorError) as caught:
            await rest.abnormal_trades()
    assert (caught.value.kind, caught.value.detail) == ("upstream", "HTTP 502: 502 Bad Gateway")


# --- reading ---


def test_rankings_read_leniently() -> None:
    """Strings for numbers, fewer fields for free keys, more than we know; what cannot be read is counted."""
    body = json.dumps({"session": "2025-06-02", "is_live": "true", "rankings": [
        {"ticker": "AAPL"}, {"symbol": "AMD", "momentum_fast": "-1.5", "expiry_noise": False, "key_strikes": ""},
        {"ticker": "X", "key_strikes": [5, "7.5"], "intent_label": "very\u0000long" + "x" * 300},
        {"ticker": "BAD", "momentum_fast": "fast"}, {"ticker": "BAD", "key_strikes": "450;n/a"}, {}, None, 7,
        {"ticker": "BAD", "strength_last": 1e300}, {"ticker": ["X"]},
    ]}).encode()  # fmt: skip
    found = rankings_of(body)
    assert (found.session, found.is_live, found.skipped) == (DAY, True, 7)
    assert found.rows[:2] == (Ranking("AAPL"), Ranking("AMD", momentum_fast=-1.5))
    assert found.rows[2].key_strikes == (5.0, 7.5)
    assert found.rows[2].intent_label == "very long" + "x" * 191


def test_a_wrapper_of_no_use_costs_no_row() -> None:
    """Or none at all."""
    assert rankings_of(b'[{"ticker": "A"}]') == Rankings(None, None, (Ranking("A"),))
    assert rankings_of(b'{"session": "soon", "is_live": [], "data": [{"ticker": "A"}]}').rows == (Ranking("A"),)


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"rankings": 5}', b'{"rankings": [', b"\xff", b"[" * 100_000])
def test_what_is_no_ranking(body: bytes) -> None:
    """It would look like a quiet day."""
    with pytest.raises(VendorError, match="bad_answer"):
        rankings_of(body)


def test_a_tickers_detail() -> None:
    """The four parts that clients see; clusters as they are sent, plain values alone; trades as prints."""
    found = detail_of({
        "session": "2025-06-02", "is_live": False, "ranking": RANKING,
        "clusters": [{"strategy": "call spread", "greeks": {"delta": 5.5}, "legs": [1, 2]}, "odd"],
        "cluster_trades": [TRADE, {"ticker": "A", "premium": float("nan")}],
        "time_series": [{"timestamp": "2025-06-02T13:30:00Z", "momentum_fast": 0.1}, {"momentum_fast": "x"}],
    }, read)  # fmt: skip
    assert (found.session, found.is_live, found.ranking, found.skipped) == (DAY, False, NVDA, 1)
    assert found.clusters == ({"strategy": "call spread", "greeks.delta": 5.5}, {})
    assert [trade.ticker for trade in found.trades.prints] == ["AAPL"]
    assert [bad.reason for bad in found.trades.rejected] == ["bad_number"]
    assert found.time_series == (Ranking(time=datetime(2025, 6, 2, 13, 30, tzinfo=UTC), momentum_fast=0.1),)


def test_a_detail_without_anything() -> None:
    """A ticker that nobody traded."""
    found = detail_of({"ranking": None, "clusters": None}, read)
    assert (found.ranking, found.clusters, found.trades, found.time_series) == (None, (), Page(), ())


@pytest.mark.parametrize("sent", [
    {"sessions": ["2025-06-02", "soon", None, 5]}, ["20250602", "", [], {}],
    {"data": [{"session": "2025-06-02"}, {"name": "x"}, True, {"date": []}]},
])  # fmt: skip
def test_sessions(sent: object) -> None:
    """Nobody shows the list: dates or objects with one, and what is neither is counted."""
    found = sessions_of(json.dumps(sent).encode())
    assert (found.days, found.skipped) == ((DAY,), 3)


@pytest.mark.parametrize("name", ["history", "sessions", "data", "rankings"])
def test_histories(name: str) -> None:
    """Under whatever name the list comes; rows need not repeat the ticker."""
    found = history_of(
        json.dumps({"ticker": "NVDA", name: [{"date": "2025-06-02", "momentum_slow": 2}]}).encode(), "NVDA"
    )
    assert found.rows == (Ranking(session=DAY, momentum_slow=2.0),)


def test_trades_that_cannot_be_read() -> None:
    """Each is kept with its reason, and no other is lost."""
    found = trades_of(b'{"trades": [7, {"ticker": "AAPL"}, {"premium": NaN, "ticker": "A"}, {}]}', read)
    assert [trade.ticker for trade in found.trades.prints] == ["AAPL"]
    assert [bad.reason for bad in found.trades.rejected] == ["bad_shape", "bad_number", "no_ticker"]


def test_usage_is_whatever_it_says() -> None:
    """Nobody shows it; lists and depths are left out."""
    assert usage_of({"plan": "pro", "a": {"b": {"c": 1}, "d": None}, "e": [1]}) == Usage(
        "pro", {"plan": "pro", "a.d": None}
    )


def test_a_health_that_is_none() -> None:
    """Another status is not healthy; a wrong type is no health."""
    assert not health_of({"status": "degraded"}).is_healthy
    with pytest.raises(VendorError, match="bad_answer"):
        health_of({"status": []})
