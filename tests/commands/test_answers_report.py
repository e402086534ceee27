"""What a schedule posts: for all to read, with nothing to turn."""

from datetime import timedelta
from typing import get_args

import pytest

from bot.commands.core import Core
from bot.commands.requests import By, Report, Show
from bot.commands.vendors import Told
from bot.engine.session import Query
from bot.engine.today import DayCounts
from bot.model.answers import Answer, Part
from tests.commands.prints import ANN, NOW, PICTURE, Says, a_print, core, lines_of, ns, painting

LINE = "NVDA 145C 8/7 (21d) · $2.4M · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · 10:31:05 ET"
COUNTED = DayCounts(ns(NOW - timedelta(hours=2)), {}, {}, {"cooldown": 14}, posted=12, digested=30, expired=2, dead=1)


@pytest.fixture(autouse=True)
def _painter(monkeypatch: pytest.MonkeyPatch) -> None:
    painting(monkeypatch)


async def report(asked: Core, show: Show, query: Query | None = None, by: By = "sector") -> Answer:
    return await asked.answer(Report(show, query or Query(), by), ANN)


@pytest.mark.parametrize("show", get_args(Show))
async def test_a_report_is_for_all_and_has_no_pages(show: Show) -> None:
    """With many prints and with none."""
    many = core(*(a_print(strike=100.0 + n, vol_oi=2.0) for n in range(20)))
    for asked in (many, core()):
        answer = await report(asked, show)
        assert not answer.is_private
        assert answer.buttons == ()
        assert lines_of(answer)


async def test_the_opening_scan() -> None:
    """The best prints so far that qualify, of this session once it has a few; no vendor is asked."""
    prints = [a_print(score=70.0 + n) for n in range(4)]
    vendors = Says(top=Told((a_print(ticker="AMD"),), "radarpulse"))
    answer = await report(core(*prints, a_print(), vendors=vendors), "opening", Query(limit=1, min_score=80))
    assert answer.title == "Opening scan, Fri 7/17"
    assert answer.source == "this session's prints"
    assert lines_of(answer) == [f"1. {LINE}", "Filter: score 80+.", "5 prints so far."]
    assert vendors.asked == []


async def test_the_opening_scan_of_a_cold_stream() -> None:
    """With fewer than five prints the vendor's best are shown, and whose they are."""
    vendors = Says(top=Told((a_print(ticker="AMD"),), "radarpulse"))
    answer = await report(core(*[a_print()] * 4, vendors=vendors), "opening")
    assert answer.source == "radarpulse"
    assert lines_of(answer) == [
        f"1. {LINE.replace('NVDA', 'AMD')}",
        "4 prints so far: these are the best that the vendor has.",
    ]


async def test_the_opening_scan_before_anything_traded() -> None:
    """Yesterday's prints, of the session or the vendor, are called so."""
    yesterday = a_print(time=NOW - timedelta(days=1), received_ns=ns(NOW - timedelta(days=1)))
    for asked in (core(yesterday), core(vendors=Says(top=Told((yesterday,), "radarpulse")))):
        answer = await report(asked, "opening")
        assert answer.title == "Opening scan, Fri 7/17"
        assert lines_of(answer)[1].startswith("0 prints so far")
        assert lines_of(answer)[2:] == ["None of today yet: these are of Thu 7/16."]


async def test_the_recap_at_midday() -> None:
    """The market, its tickers and contracts, the biggest prints, what became of alerts, and the day as a picture."""
    put = a_print(ticker="AMD", type="put", bias="bear", premium=5_600_000.0, size=10, score=60.0)
    answer = await report(core(a_print(), put, today=lambda: COUNTED), "recap")
    assert answer.title == "Recap until 10:36 ET, Fri 7/17"
    assert answer.tone == "bear"
    assert answer.picture == PICTURE
    assert answer.parts == (
        Part(
            "The market",
            ("2 prints · calls $2.4M (30%) · puts $5.6M (70%)", "🐂 BULL $2.4M (30%) · 🐻 BEAR $5.6M (70%)"),
        ),
        Part(
            "Top tickers",
            (
                "AMD · $5.6M (70%) · 🐂 BULL $0 · 🐻 BEAR $5.6M (100%)",
                "NVDA · $2.4M (30%) · 🐂 BULL $2.4M (100%) · 🐻 BEAR $0",
            ),
        ),
        Part(
            "Top contracts",
            (
                "1. AMD 145P 8/7 · $5.6M · 10 contracts in 1 print",
                "2. NVDA 145C 8/7 · $2.4M · 1,200 contracts in 1 print",
            ),
        ),
        Part(
            "Biggest prints",
            ("1. AMD 145P 8/7 (21d) · $5.6M · ⚡ SWEEP @ASK · 🐻 BEAR · 60 NOTABLE · 10:31:05 ET", f"2. {LINE}"),
        ),
        Part(
            "Alerts",
            ("12 posted · 30 in digests · 2 expired · 1 not delivered", "kept quiet: 14 in a cooldown"),
        ),
    )


@pytest.mark.parametrize(
    ("since", "lines"),
    [
        (NOW - timedelta(minutes=3), ("None posted.", "counted since 10:33:05 ET")),
        (NOW - timedelta(days=1), ()),
    ],
)
async def test_counts_of_a_part_of_the_day_or_another(since: object, lines: tuple[str, ...]) -> None:
    """After a restart the counts say since when they count; of another day than the prints' they are not shown."""
    asked = core(a_print(), today=lambda: DayCounts(ns(since), {}, {}, {}))  # type: ignore[arg-type]  # it is a datetime
    answer = await report(asked, "recap")
    assert [part.lines for part in answer.parts if part.heading == "Alerts"] == ([lines] if lines else [])


async def test_the_recap_after_the_close() -> None:
    """16:30 in New York."""
    answer = await report(core(a_print(), now=NOW + timedelta(hours=6)), "recap")
    assert answer.title == "Recap, Fri 7/17"
