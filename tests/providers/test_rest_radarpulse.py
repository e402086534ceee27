"""RadarPulse by REST, against a fake that does what its developer guide of 29 June 2026 says."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from bot.model.errors import VendorError
from bot.model.prints import Print
from bot.providers.pages import Page
from bot.providers.radarpulse import RadarPulseSettings, decode
from bot.providers.radarpulse_answers import (
    Disclosure,
    Disclosures,
    ExplainedPart,
    HeatCell,
    Heatmap,
    ScoreExplanation,
    Webhook,
    disclosures_of,
    explanation_of,
    heatmap_of,
    registered_of,
    webhooks_of,
)
from bot.providers.radarpulse_rest import RadarPulseRest
from tests.fakes.faults import BAD_GATEWAY, TRUNCATED, answer
from tests.fakes.radarpulse_rest import KEY, FakeRadarPulse, Paging
from tests.providers.doubles import NOON_NS
from tests.providers.rest_clock import SleepingClock

NOON_MS = NOON_NS // 1_000_000
# The guide's fields, with the values of its score-explain sample where it has one.
TRADE: dict[str, Any] = {
    "ticker": "NVDA", "type": "CALL", "strike": 200, "expiry": "2026-07-18", "dte": 14, "volume": 4200,
    "openInterest": 1250, "volOI": 3.36, "premium": 1250000, "side": "ASK", "kind": "SWEEP", "otmPct": 4.2,
    "spot": 191.9, "iv": 0.45, "score": 91, "bias": "BULL", "sector": "Technology", "timestamp": NOON_MS,
}  # fmt: skip


def trades(count: int, **changes: Any) -> list[dict[str, Any]]:
    """One a second, from noon in New York on."""
    return [{**TRADE, "volume": n + 1, "timestamp": NOON_MS + n * 1000, **changes} for n in range(count)]


@asynccontextmanager
async def client(vendor: FakeRadarPulse, clock: SleepingClock, **changes: Any) -> AsyncIterator[RadarPulseRest]:
    values = {"type": "radarpulse", "api_key": KEY, "rest_url": vendor.rest_url, **changes}
    rest = RadarPulseRest("pulse", RadarPulseSettings.model_validate(values), clock=clock.clock)
    try:
        yield rest
    finally:
        await rest.close()


@asynccontextmanager
async def vendor_and_client(**changes: Any) -> AsyncIterator[tuple[FakeRadarPulse, RadarPulseRest]]:
    clock = SleepingClock()
    async with FakeRadarPulse(clock=clock.now_s, **changes) as vendor:
        auth = {"auth": changes["auth"]} if "auth" in changes else {}
        async with client(vendor, clock, **auth) as rest:
            yield vendor, rest
        assert vendor.unexpected == []


async def everything(pages: AsyncIterator[Page]) -> list[Print]:
    return [found async for page in pages for found in page.prints]


@pytest.mark.parametrize("auth", ["x-api-key", "bearer"])
async def test_the_key_goes_into_the_header_that_is_set(auth: str) -> None:
    """Some deployments want a bearer."""
    async with vendor_and_client(auth=auth) as (vendor, rest):
        await rest.top()
        assert vendor.asked == ["/v1/flow/top?limit=25"]


# --- prints ---


async def test_a_print_has_one_identity_whichever_way_it_came() -> None:
    """The stream's, by top, by flow and by history; so that what a gap gives back is known for what it is."""
    streamed = decode(json.dumps(TRADE), NOON_NS - 5, "pulse")
    async with vendor_and_client() as (vendor, rest):
        vendor.rows = [TRADE]
        top = (await rest.top()).prints
        flow = await everything(rest.flow(since_ns=NOON_NS))
        history = await everything(rest.historical(date(2026, 7, 16)))
    for found in (*top, *flow, *history):
        assert found.identity == streamed.identity
        assert found == msgspec.structs.replace(streamed, received_ns=NOON_NS)
    assert len(top) == len(flow) == len(history) == 1


async def test_top_asks_for_what_is_wanted() -> None:
    """The guide: filter on the server, with limit, minScore, ticker and minPremium."""
    async with vendor_and_client() as (vendor, rest):
        vendor.rows = [*trades(3), {**TRADE, "ticker": "AMD", "score": 50}]
        page = await rest.top(limit=2, min_score=70, ticker="nvda", min_premium=500_000)
        assert vendor.asked == ["/v1/flow/top?limit=2&minScore=70&minPremium=500000&ticker=NVDA"]
    assert [found.ticker for found in page.prints] == ["NVDA", "NVDA"]


async def test_top_is_kept_for_five_seconds() -> None:
    """The guide: cache it for 5 to 10 seconds."""
    clock = SleepingClock()
    async with FakeRadarPulse(clock=clock.now_s) as vendor, client(vendor, clock) as rest:
        for _ in range(3):
            await rest.top()
        assert len(vendor.asked) == 1
        await clock.sleep(5)
        await rest.top()
        assert len(vendor.asked) == 2


@pytest.mark.parametrize("paging", ["nextCursor", "cursor", "next", "link", "since"])
async def test_a_session_of_many_pages(paging: Paging) -> None:
    """Each print once, however the vendor's pages follow one another; a link to another host is not followed there."""
    async with vendor_and_client(paging=paging, page_rows=7) as (vendor, rest):
        vendor.rows = trades(30)
        found = await everything(rest.flow(since_ns=NOON_NS + 5_000_000_000))
        assert vendor.asked[0] == f"/v1/flow?limit=500&since={NOON_MS + 5000}"
    assert [one.size for one in found] == list(range(6, 31))


@pytest.mark.parametrize("paging", ["circle", "endless"])
async def test_pages_that_never_end(paging: Paging) -> None:
    """Every print once, and an end."""
    async with vendor_and_client(paging=paging, page_rows=10) as (vendor, rest):
        vendor.rows = trades(30)
        assert len(await everything(rest.flow())) == 30
        assert len(vendor.asked) <= 4


async def test_the_bound_on_pages_is_told() -> None:
    """Then the gap is not closed, and must not be called so."""
    async with vendor_and_client(page_rows=10) as (vendor, rest):
        vendor.rows = trades(30)
        pages = [page async for page in rest.flow(max_pages=2)]
    assert [(len(page.prints), page.is_cut) for page in pages] == [(10, False), (10, True)]


async def test_a_day_of_history_is_new_yorks() -> None:
    """From midnight to midnight there, 04:00 UTC in summer; the pages end with the day."""
    begins = round(datetime(2026, 7, 16, 4, tzinfo=UTC).timestamp() * 1000)
    stamps = [
        begins - 1,
        begins,
        begins + 86_399_999,
        begins + 86_400_000,
        *(begins + 86_400_000 + n for n in range(9)),
    ]
    async with vendor_and_client(page_rows=2) as (vendor, rest):
        vendor.rows = [{**TRADE, "timestamp": stamp} for stamp in stamps]
        found = await everything(rest.historical(date(2026, 7, 16)))
        assert len(vendor.asked) == 2
        both = await everything(rest.historical(date(2026, 7, 16), date(2026, 7, 17)))
    assert [one.time for one in found] == [
        datetime(2026, 7, 16, 4, tzinfo=UTC), datetime(2026, 7, 17, 3, 59, 59, 999_000, tzinfo=UTC),
    ]  # fmt: skip
    assert len(both) == 11


async def test_hostile_rows_cost_no_other() -> None:
    """Nulls, wrong types, huge numbers, a ticker of no alphabet of ours: each counted with its reason."""
    bad: list[tuple[Any, str]] = [
        (None, "bad_shape"), ([], "bad_shape"), ({**TRADE, "ticker": None}, "no_ticker"),
        ({**TRADE, "ticker": "НВДА🐳"}, "bad_value"), ({**TRADE, "premium": -1}, "bad_number"),
        ({**TRADE, "premium": 10**400}, "bad_number"), ({**TRADE, "strike": {"usd": 1}}, "bad_number"),
        ({**TRADE, "premium": float("nan")}, "bad_number"), ({**TRADE, "timestamp": "yesterday"}, "bad_date"),
    ]  # fmt: skip
    good = [{**TRADE, "volume": "4200", "premium": "1250000.0"}, {**TRADE, "iv": None, "volume": 7, "venue": ["X"]}]
    async with vendor_and_client() as (vendor, rest):
        vendor.rows = [row for row, _ in bad] + good
        vendor.script(answer(200, json.dumps({"data": [row for row, _ in bad] + good})), what="look")
        page = await rest.top()
    assert [found.size for found in page.prints] == [4200, 7]
    assert [rejected.reason for rejected in page.rejected] == [reason for _, reason in bad]


async def test_a_key_given_twice_means_the_last() -> None:
    """As in a frame of the stream."""
    twice = json.dumps(TRADE)[:-1] + ', "premium": 5}'
    async with vendor_and_client() as (vendor, rest):
        vendor.script(answer(200, f'{{"data": [], "data": [{twice}]}}'), what="look")
        (found,) = (await rest.top()).prints
    assert found.premium == 5
    assert found.identity == decode(twice, NOON_NS, "pulse").identity


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (BAD_GATEWAY, "upstream"),
        (TRUNCATED, "upstream"),
        (answer(200, "<html>login</html>"), "bad_answer"),
        (answer(200, '{"data": [{"ticker": "NV'), "bad_answer"),
        (answer(200, ""), "bad_answer"),
        (answer(401, {"error": f"unknown key {KEY}"}), "unauthorized"),
        (answer(403, {"error": "Elite only"}), "tier"),
        (answer(302, "", Location="http://127.0.0.1:1/"), "bad_answer"),
    ],
)
async def test_refusals_are_typed(fault: Any, kind: str) -> None:
    """And no word of theirs holds the key."""
    async with vendor_and_client() as (vendor, rest):
        vendor.script(fault, what="look")
        with pytest.raises(VendorError) as caught:
            await everything(rest.flow(since_ns=NOON_NS))
    assert caught.value.kind == kind
    assert KEY not in str(caught.value)


async def test_a_limit_is_waited_for() -> None:
    """Two a minute, enforced; the third read waits as long as it is told."""
    clock = SleepingClock()
    async with FakeRadarPulse(clock=clock.now_s, per_minute=2, page_rows=1) as vendor, client(vendor, clock) as rest:
        vendor.rows = trades(2)
        await everything(rest.flow())
        with pytest.raises(VendorError) as caught:
            await rest.congress()
        assert (caught.value.kind, caught.value.after_s) == ("rate_limited", 60)
        await clock.sleep(60)
        assert await rest.congress() == Disclosures(())


# --- the heat map ---


@pytest.mark.parametrize(
    ("place", "asked"),
    [
        ("/v1/heatmap", ["/v1/heatmap"] * 2),
        ("/v1/flow/heatmap", ["/v1/heatmap", "/v1/flow/heatmap", "/v1/flow/heatmap"]),
    ],
)
async def test_the_heat_map_is_found_and_remembered(place: str, asked: list[str]) -> None:
    """The guide names it twice."""
    clock = SleepingClock()
    async with FakeRadarPulse(clock=clock.now_s, heatmap_at=place) as vendor, client(vendor, clock) as rest:
        assert await rest.heatmap() == Heatmap()
        await clock.sleep(60)
        await rest.heatmap()
        assert vendor.asked == asked


async def test_no_heat_map_at_all() -> None:
    """Neither spelling: then it is not there, and both are tried again next time."""
    async with vendor_and_client(heatmap_at="nowhere") as (vendor, rest):
        for _ in range(2):
            with pytest.raises(VendorError, match="not_found"):
                await rest.heatmap()
        assert vendor.asked == ["/v1/heatmap", "/v1/flow/heatmap"] * 2


CELL = {"sector": "Energy", "premium": "5,000", "callPremium": 4000.0, "put_premium": None, "count": 3}
ENERGY = HeatCell("Energy", 5000.0, 4000.0, None, 3)


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"data": {"sectors": [CELL], "tickers": [{"symbol": "XOM"}]}}, Heatmap((ENERGY,), (HeatCell("XOM"),))),
        ({"sectors": [CELL]}, Heatmap((ENERGY,))),
        ({"data": [CELL, {"ticker": "XOM"}]}, Heatmap((ENERGY,), (HeatCell("XOM"),))),
        ([CELL, None, {"premium": 5}, {"sector": "X", "premium": "a lot"}], Heatmap((ENERGY,), (), 3)),
    ],
)
def test_heat_maps(sent: object, found: Heatmap) -> None:
    """No cell is documented: the plausible spellings are read, and what is unreadable is counted."""
    assert heatmap_of(sent) == found


@pytest.mark.parametrize("sent", [{}, {"data": {}}, {"data": 5}, "hot", None, {"sectors": None}])
def test_what_is_no_heat_map(sent: object) -> None:
    """It would look like a quiet day."""
    with pytest.raises(VendorError, match="bad_answer"):
        heatmap_of(sent)


# --- the score ---


async def test_the_guides_explanation() -> None:
    """Its sample's otm part is 13 of 10: shown as 10, and kept as it was sent."""
    async with vendor_and_client() as (vendor, rest):
        found = await rest.score_explain("nvda", 200.0, "call", date(2026, 7, 18))
        assert vendor.asked == ["/v1/score-explain?ticker=NVDA&strike=200&type=CALL&expiry=2026-07-18"]
    assert found == ScoreExplanation(91.0, "EXTREME", (
        ExplainedPart("vol_oi", 34.0, 40.0, 34.0), ExplainedPart("premium", 28.0, 30.0, 28.0),
        ExplainedPart("dte", 16.0, 20.0, 16.0), ExplainedPart("otm", 10.0, 10.0, 13.0),
    ))  # fmt: skip


def test_explanations_read_leniently() -> None:
    """Strings, nothing, a part that nobody announced."""
    assert explanation_of({"score": "91", "flag": None}) == ScoreExplanation(91.0)
    assert explanation_of({"scoreParts": {"gamma": "-3", "otm": -1}}).parts == (
        ExplainedPart("gamma", 0.0, None, -3.0), ExplainedPart("otm", 0.0, 10.0, -1.0),
    )  # fmt: skip


@pytest.mark.parametrize("sent", [{"score": []}, {"scoreParts": {"otm": None}}, {"score": "high"}])
def test_explanations_of_no_use(sent: dict[str, object]) -> None:
    """One object, so there is nothing to skip."""
    with pytest.raises(VendorError, match="bad_answer"):
        explanation_of(sent)


# --- congress and webhooks ---


async def test_congress_is_for_pro() -> None:
    """A free key hears so."""
    async with vendor_and_client() as (vendor, rest):
        vendor.script(answer(403, {"error": "Pro required"}), what="look")
        with pytest.raises(VendorError) as caught:
            await rest.congress()
    assert (caught.value.kind, caught.value.detail) == ("tier", "HTTP 403: Pro required; does the plan include this?")


def test_disclosures() -> None:
    """No name is documented; filings have members, assets, ranges and two dates."""
    body = json.dumps({"data": [
        {"representative": "J. Doe", "chamber": "House", "symbol": "NVDA", "transactionType": "Purchase",
         "amount": "$1,001 - $15,000", "transactionDate": "2026-06-01", "disclosureDate": "2026-07-02T00:00:00Z"},
        {"senator": "A. Roe", "asset_description": "A bond\n", "amountRange": 15000, "traded": None},
        {}, None, {"member": "X", "traded": "someday"},
    ]}).encode()  # fmt: skip
    assert disclosures_of(body) == Disclosures((
        Disclosure(member="J. Doe", chamber="House", ticker="NVDA", transaction="Purchase", amount="$1,001 - $15,000",
                   traded=date(2026, 6, 1), disclosed=date(2026, 7, 2)),
        Disclosure(member="A. Roe", asset="A bond", amount="15000"),
    ), 3)  # fmt: skip


async def test_a_webhook_comes_and_goes() -> None:
    """Registered as in the guide, listed, deleted; deleting it again is not_found."""
    async with vendor_and_client() as (vendor, rest):
        made = await rest.register_webhook("https://bot.example/flow-hook", min_score=75)
        assert (made.id, made.secret.reveal()) == ("wh_abc0", "whsec_fake_wh_abc0")
        assert "whsec" not in repr(made)
        assert vendor.webhooks["wh_abc0"]["minScore"] == 75
        listed = await rest.webhooks()
        assert listed == (Webhook("wh_abc0", "https://bot.example/flow-hook", 75.0, ("flow.extreme", "flow.elevated")),)
        await rest.delete_webhook("wh_abc0")
        with pytest.raises(VendorError, match="not_found"):
            await rest.delete_webhook("wh_abc0")
        assert await rest.webhooks() == ()


@pytest.mark.parametrize("sent", [{}, {"id": "wh_1"}, {"id": 7, "secret": "s"}, {"id": "wh_1", "secret": ""}])
def test_a_registration_without_a_secret(sent: dict[str, object]) -> None:
    """Without it nothing that comes could be verified."""
    with pytest.raises(VendorError, match="bad_answer"):
        registered_of(sent)


def test_webhooks_that_cannot_be_read_are_listed() -> None:
    """They are there, and the admin must see that."""
    assert webhooks_of(b'[{"id": "wh_1", "minScore": "x"}, {"id": "wh_2", "events": [1, "flow.extreme"]}, 4]') == (
        Webhook(), Webhook("wh_2", events=("flow.extreme",)), Webhook(),
    )  # fmt: skip
