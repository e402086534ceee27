"""What only a vendor can tell: momentum, intent, the disclosures of Congress."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from bot.commands.requests import Congress, Intent, Momentum, Request
from bot.commands.vendors import Told, Untold
from bot.model.answers import Part
from bot.model.errors import Refusal
from bot.providers.answers import Scalar
from bot.providers.optionwhales_answers import Ranking, TickerDetail
from bot.providers.pages import Page
from bot.providers.radarpulse_answers import Disclosure
from tests.commands.prints import ANN, Says, a_print, core, lines_of

NVDA = Ranking(
    "NVDA", momentum_fast=1.84, momentum_slow=0.915, coherence_last=0.83, strength_last=4_200_000.0,
    net_delta_last=1_200_000.0, net_gamma_last=-35_000.5, intent_label="call buying", intent_primary="Directional",
    intent_confidence=0.72, direction_bias="bullish", key_strikes=(145.0, 150.0),
)  # fmt: skip
PELOSI = Disclosure(
    "Jane Doe", "House", "D", "NVDA", None, "purchase", "$1,001 - $15,000", date(2026, 7, 1), date(2026, 7, 15)
)
ALL: list[Request] = [Momentum(), Intent(), Intent("NVDA"), Congress()]


@pytest.mark.parametrize(
    ("request_", "provider"),
    [
        (Momentum(), "optionwhales"),
        (Intent(), "optionwhales"),
        (Intent("NVDA"), "optionwhales"),
        (Congress(), "radarpulse"),
    ],
)
async def test_without_a_vendor(request_: Request, provider: str) -> None:
    """Which provider to add."""
    answer = await core(a_print()).answer(request_, ANN)
    assert answer.is_private
    assert lines_of(answer)[1] == (
        f"Whoever runs this bot can add one: a provider of type {provider} with its api_key."
    )


@pytest.mark.parametrize("request_", ALL)
@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        (None, ["Try again in a minute. /flow status shows how the feeds do."]),
        ("upstream", ["Try again in a minute. /flow status shows how the feeds do."]),
        ("tier", []),
        ("unauthorized", []),
        ("rate_limited", []),
    ],
)
async def test_a_vendor_that_refuses(request_: Request, refusal: Refusal | None, advice: list[str]) -> None:
    """Why, in its words for traders; and to ask again only where that can help."""
    no = Untold("pro", "the reason", refusal)
    answer = await core(vendors=Says(momentum=no, intent=no, congress=no)).answer(request_, ANN)
    assert answer.tone == "trouble"
    assert lines_of(answer) == ["pro did not tell: the reason.", *advice]


@pytest.mark.parametrize("request_", [Momentum("ZZZ"), Intent("ZZZ")])
async def test_a_vendor_that_knows_no_such_ticker(request_: Request) -> None:
    """It is no trouble with the vendor: the way to what it knows."""
    no = Untold("pro", "it knows nothing of that", "not_found")
    answer = await core(vendors=Says(momentum=no, intent=no)).answer(request_, ANN)
    assert answer.title.endswith("of ZZZ")
    assert lines_of(answer)[0].startswith("pro has nothing of it. /flow ")


@pytest.mark.parametrize("request_", [*ALL, Momentum("ZZZ"), Intent("ZZZ"), Congress("ZZZ")])
async def test_a_vendor_with_nothing_to_tell(request_: Request) -> None:
    """An empty answer says so and what to try, to the asker alone."""
    nothing: Told[tuple[Ranking, ...]] = Told((), "pro")
    detail = Told(TickerDetail(None, None, None, (), Page(), ()), "pro")
    intent = detail if isinstance(request_, Intent) and request_.ticker else nothing
    answer = await core(vendors=Says(momentum=nothing, intent=intent, congress=nothing)).answer(request_, ANN)
    assert answer.is_private
    assert "pro " in lines_of(answer)[0]


async def test_momentum_ranks_in_traders_words() -> None:
    """The vendor's order, each fact by name, and what they mean; what is missing is left out."""
    rows = (NVDA, Ranking("SPY", momentum_fast=-0.5, direction_bias="Bearish"), Ranking("AMD"))
    answer = await core(vendors=Says(momentum=Told(rows, "pro", "a delayed feed"))).answer(Momentum(), ANN)
    assert answer.title == "Momentum"
    assert answer.source == "pro (a delayed feed)"
    assert answer.parts[0].lines == (
        "1. NVDA · momentum +1.84 (steady +0.92) · 🐂 bullish · agreement 0.83 · strength $4.2M",
        "2. SPY · momentum -0.5 · 🐻 bearish",
        "3. AMD",
    )
    assert answer.parts[1].heading == "How to read it"
    assert answer.buttons == ()


async def test_momentum_in_pages() -> None:
    """Ten a page."""
    rows = tuple(Ranking(f"T{n}", momentum_fast=float(n)) for n in range(23))
    asked = core(vendors=Says(momentum=Told(rows, "pro")))
    answer = await asked.answer(Momentum(page=3), ANN)
    assert answer.title == "Momentum · page 3"
    assert answer.parts[0].lines[0] == "21. T20 · momentum +20"
    assert [button.says for button in answer.buttons] == ["flow momentum page=2"]
    assert (await asked.answer(Momentum(page=4), ANN)).title == "There is no page 4"


async def test_one_tickers_momentum_by_session() -> None:
    """Its rows are named by their day."""
    rows = (
        Ranking("NVDA", date(2026, 7, 16), momentum_fast=1.0),
        Ranking("NVDA", date(2026, 7, 15), momentum_slow=2.0),
    )
    answer = await core(vendors=Says(momentum=Told(rows, "pro"))).answer(Momentum("NVDA"), ANN)
    assert answer.title == "Momentum of NVDA, session by session"
    assert answer.parts[0].lines == ("1. Thu 7/16 · momentum +1", "2. Wed 7/15 · steady momentum +2")


async def test_intent_ranks_in_traders_words() -> None:
    rows = (NVDA, Ranking("SPY", intent_primary="LongVol", direction_bias="neutral"))
    answer = await core(vendors=Says(intent=Told(rows, "pro"))).answer(Intent(), ANN)
    assert answer.title == "Intent"
    assert answer.parts[0].lines == (
        "1. NVDA · 🐂 bullish · directional (72% sure) · call buying · strikes 145, 150",
        "2. SPY · ⚪ neutral · long vol",
    )


async def test_one_tickers_intent_in_full() -> None:
    """What it is after, its Greeks, the strategies as the vendor sends them, their largest trades, the last hours."""
    series = tuple(
        Ranking("NVDA", time=datetime(2026, 7, 17, 14 + n // 2, 30 * (n % 2), tzinfo=UTC), momentum_fast=float(n))
        for n in range(8)
    )
    clusters: tuple[Mapping[str, Scalar], ...] = ({"strategy_name": "call spread", "contracts": 1200, "note": None},)
    trades = Page((a_print(premium=1000.0), a_print(premium=2000.0)))
    detail = TickerDetail(date(2026, 7, 17), True, NVDA, clusters, trades, series)
    answer = await core(vendors=Says(intent=Told(detail, "pro"))).answer(Intent("NVDA"), ANN)
    assert answer.title == "Intent of NVDA, Fri 7/17"
    assert answer.tone == "bull"
    assert answer.parts[0] == Part(
        "",
        (
            "🐂 bullish · directional (72% sure) · call buying · strikes 145, 150",
            "net Greeks: delta +1,200,000 · gamma -35,000.5",
        ),
    )
    assert answer.parts[1] == Part("Strategies seen", ("strategy name: call spread · contracts: 1200",))
    assert [line.split(" · ")[1] for line in answer.parts[2].lines] == ["$2,000", "$1,000"]
    assert answer.parts[3].heading == "Half hour by half hour"
    assert len(answer.parts[3].lines) == 6
    assert answer.parts[3].lines[-1] == "13:30:00 ET · momentum +7"


async def test_congress() -> None:
    """Who, what, how much, and how late it was told."""
    bare = Disclosure(None, None, None, None, "Treasury bonds", "sale", None, date(2025, 12, 30), None)
    answer = await core(vendors=Says(congress=Told((PELOSI, bare), "radarpulse"))).answer(Congress(), ANN)
    assert answer.title == "Congress trades"
    assert answer.source == "radarpulse"
    assert answer.parts[0].lines == (
        "1. Jane Doe (House, D) · NVDA · purchase · $1,001 - $15,000 · traded 7/1, disclosed 7/15 (14 days later)",
        "2. somebody · Treasury bonds · sale · traded 12/30/25",
    )


async def test_congress_in_pages() -> None:
    asked = core(vendors=Says(congress=Told((PELOSI,) * 11, "radarpulse")))
    answer = await asked.answer(Congress("NVDA"), ANN)
    assert answer.title == "Congress trades in NVDA"
    assert len(answer.parts[0].lines) == 10
    assert [button.says for button in answer.buttons] == ["flow congress ticker=NVDA page=2"]
