"""Questions to the vendors, against fakes that do what their documents say: answers, and refusals in plain words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest

from bot.commands import vendors
from bot.commands.vendors import Client, Told, Untold, Vendors
from bot.engine.session import Query
from bot.model.errors import Refusal
from bot.model.heat import Heat
from bot.model.prints import Print
from bot.providers.optionwhales import OptionWhalesSettings
from bot.providers.optionwhales_rest import OptionWhalesRest
from bot.providers.radarpulse import RadarPulseSettings
from bot.providers.radarpulse_rest import RadarPulseRest
from tests.fakes import optionwhales_rest as whales
from tests.fakes import radarpulse_rest as pulse
from tests.fakes.faults import BAD_GATEWAY, HANG, answer
from tests.fakes.optionwhales_rest import FakeOptionWhales
from tests.fakes.radarpulse_rest import FakeRadarPulse
from tests.providers.rest_clock import SleepingClock

ROW: dict[str, Any] = {
    "ticker": "NVDA", "type": "CALL", "strike": 200, "expiry": "2026-07-17", "dte": 14, "volume": 4200,
    "openInterest": 1250, "premium": 1_250_000, "side": "ASK", "kind": "SWEEP", "score": 91, "sector": "Technology",
    "timestamp": 1_784_304_000_000,
}  # fmt: skip


@asynccontextmanager
async def radarpulse(**changes: Any) -> AsyncIterator[tuple[FakeRadarPulse, Vendors]]:
    clock = SleepingClock()
    async with FakeRadarPulse(clock=clock.now_s) as vendor:
        settings = {"type": "radarpulse", "api_key": pulse.KEY, "rest_url": vendor.rest_url}
        rest = RadarPulseRest("pulse", RadarPulseSettings.model_validate(settings), clock=clock.clock)
        try:
            yield vendor, Vendors(lambda: {"pulse": Client(rest, **changes)}, clock.now_s)
        finally:
            await rest.close()
        assert vendor.unexpected == []


@asynccontextmanager
async def optionwhales(**changes: Any) -> AsyncIterator[tuple[FakeOptionWhales, Vendors, OptionWhalesRest]]:
    clock = SleepingClock()
    async with FakeOptionWhales(clock=clock.now_s, **changes) as vendor:
        settings = {"type": "optionwhales", "api_key": whales.KEY, "rest_url": vendor.rest_url}
        rest = OptionWhalesRest("ow", OptionWhalesSettings.model_validate(settings), clock=clock.clock)
        try:
            yield vendor, Vendors(lambda: {"ow": Client(rest)}, clock.now_s), rest
        finally:
            await rest.close()
        assert vendor.unexpected == []


async def test_top_filters_what_the_vendor_cannot() -> None:
    """The vendor knows score, premium and ticker; side, type, sector and days to expiry are filtered here."""
    async with radarpulse(is_delayed=True) as (vendor, asked):
        vendor.rows = [
            {**ROW, "strike": 1}, {**ROW, "strike": 2, "score": 95}, {**ROW, "strike": 3, "side": "BID"},
            {**ROW, "strike": 4, "dte": 40, "expiry": "2026-08-21"}, {**ROW, "strike": 5, "type": "PUT"},
        ]  # fmt: skip
        query = Query(min_score=80, side="ask", type="call", sector="Information Technology", dte=(0, 30))
        found = await asked.top(query, limit=5)
        assert isinstance(found, Told)
        assert [(each.strike, each.score) for each in found.value] == [(2, 95), (1, 91)]
        assert (found.source, found.note) == ("pulse", "a delayed feed")
        first = await asked.top(query, limit=1)
        assert isinstance(first, Told)
        assert [each.strike for each in first.value] == [2]


@pytest.mark.parametrize(
    ("fault", "reason", "refusal"),
    [
        (answer(401, {"error": "no"}), "it refuses the key: whoever runs this bot should check it", "unauthorized"),
        (answer(403, {"error": "tier"}), "the key's plan does not include this", "tier"),
        (answer(404, {"error": "nothing"}), "it knows nothing of that", "not_found"),
        (BAD_GATEWAY, "it cannot be reached at the moment", "upstream"),
    ],
)
async def test_refusals_are_told_in_plain_words(fault: Any, reason: str, refusal: Refusal) -> None:
    """Nothing is raised, and the words say whose fault it is."""
    async with radarpulse() as (vendor, asked):
        vendor.script(fault, what="look")
        assert await asked.congress(None) == Untold("pulse", reason, refusal)


async def test_a_vendor_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendors, "PATIENCE_S", 0.05)
    async with radarpulse() as (vendor, asked):
        vendor.script(HANG, what="look")
        found = await asked.top(Query(), limit=5)
        assert isinstance(found, Untold)
        assert found.reason.startswith("it did not answer within")


async def test_the_heat_map_is_ranked_here() -> None:
    async with radarpulse() as (vendor, asked):
        vendor.heat = {
            "data": {
                "sectors": [
                    {"sector": "Energy", "premium": 1.0},
                    {"sector": "Financials", "premium": 5.0, "prints": 3},
                ],
                "tickers": [{"ticker": "XOM", "callPremium": 2.0, "putPremium": 1.0}, {"premium": 9.0}],
            }
        }
        sectors, tickers = await asked.heat("sector"), await asked.heat("ticker")
        assert isinstance(sectors, Told)
        assert [(heat.name, heat.premium_usd, heat.prints) for heat in sectors.value] == [
            ("Financials", 5.0, 3),
            ("Energy", 1.0, 0),
        ]
        assert isinstance(tickers, Told)
        assert [(heat.name, heat.premium_usd) for heat in tickers.value] == [("XOM", 3.0)]
        assert all(isinstance(heat, Heat) for heat in sectors.value)


async def test_congress_of_one_ticker() -> None:
    async with radarpulse() as (vendor, asked):
        vendor.disclosures = [{"representative": "Jane Example", "ticker": t} for t in ("NVDA", "xom", None)]
        found = await asked.congress("XOM")
        assert isinstance(found, Told)
        assert [row.ticker for row in found.value] == ["xom"]


async def test_a_score_is_explained_by_the_prints_own_provider() -> None:
    """Another provider's print is not asked about, nor one whose contract is not known."""
    known = Print(
        provider="pulse", ticker="NVDA", received_ns=0, type="call", strike=200.0, expiry=date(2026, 7, 17), score=91.0
    )
    async with radarpulse() as (vendor, asked):
        vendor.rows = [ROW]
        found = await asked.score(known)
        assert isinstance(found, Told), found
        assert [part.name for part in found.value.parts] == ["vol_oi", "premium", "dte", "otm"]
        assert await asked.score(Print(provider="other", ticker="NVDA", received_ns=0, type="call", strike=200.0,
                                       expiry=date(2026, 7, 17))) is None  # fmt: skip
        assert await asked.score(Print(provider="pulse", ticker="NVDA", received_ns=0)) is None


async def test_momentum_and_intent() -> None:
    """The ranking of all, and one ticker whole; a plan without it says so."""
    async with optionwhales() as (vendor, asked, _):
        ranking, history = await asked.momentum(None), await asked.momentum("NVDA")
        whole, detail = await asked.intent(None), await asked.intent("nvda")
        for found in (ranking, history, whole, detail):
            assert isinstance(found, Told)
            assert found.source == "ow"
        assert vendor.asked == [
            "/v1/momentum/rankings", "/v1/momentum/NVDA/history", "/v1/flow/current", "/v1/flow/current/NVDA",
        ]  # fmt: skip
    async with optionwhales(tier="free") as (_, asked, _):
        assert await asked.momentum("NVDA") == Untold("ow", "the key's plan does not include this", "tier")


async def test_questions_leave_the_feed_its_requests() -> None:
    """A free key has 200 requests a day: with fewer than fifty left, traders get no more of them."""
    async with optionwhales(tier="free") as (vendor, asked, rest):
        for _ in range(151):
            rest.budget.take(asked._now_s())
        found = await asked.momentum(None)
        reason = "the 49 requests that its key has left today are kept for the feed"
        assert found == Untold("ow", reason, "rate_limited")
        assert vendor.asked == []


async def test_nobody_to_ask() -> None:
    nobody = Vendors()
    assert await nobody.top(Query(), limit=5) is None
    assert await nobody.intent("NVDA") is None
    async with optionwhales() as (_, asked, _):
        assert await asked.congress(None) is None, "OptionWhales tells nothing of Congress"


async def test_a_ticker_that_no_address_can_hold() -> None:
    async with optionwhales() as (_, asked, _):
        found = await asked.intent("..")
        assert isinstance(found, Untold)
        assert "cannot be part of an address" in found.reason
