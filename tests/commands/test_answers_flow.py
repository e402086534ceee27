"""Flow added up: one ticker's day, and the heat map; their pictures, and what is said without them."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.commands.requests import Heatmap, Ticker
from bot.commands.vendors import Told, Untold
from bot.model.answers import Part
from bot.model.heat import Bucket, Heat
from tests.commands.prints import ANN, MORNING, NOW, PICTURE, Says, a_print, core, lines_of, ns, painting

BUCKET_NS = ns(MORNING) - 65 * 10**9
"""10:30:00."""
OPENS_NS = ns(MORNING) - (61 * 60 + 5) * 10**9
"""09:30:00."""
CLOSES_NS = OPENS_NS + 6 * 3600 * 10**9 + 1800 * 10**9


async def test_a_ticker_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Totals by type and bias with their shares, the biggest prints, the busiest contracts, the day as a picture; the
    tone follows the larger side."""
    painted = painting(monkeypatch)
    put = a_print(type="put", strike=130.0, bias="bear", premium=5_000_000.0, size=10, kind="block")
    other = a_print(ticker="SPY")
    answer = await core(a_print(), a_print(premium=100_000.0, size=50), put, other).answer(Ticker("NVDA"), ANN)
    assert answer.title == "NVDA, today"
    assert answer.tone == "bear"
    assert answer.source == "this session's prints"
    assert answer.parts[0].lines == (
        "3 prints · calls $2.5M (33%) · puts $5M (67%)",
        "🐂 BULL $2.5M (33%) · 🐻 BEAR $5M (67%)",
    )
    assert answer.parts[1].heading == "Biggest prints"
    assert answer.parts[1].lines[0].startswith("NVDA 130P 8/7 (21d) · $5M")
    assert answer.parts[2] == Part(
        "Most active contracts (prints of $25,000+)",
        (
            "NVDA 130P 8/7 · $5M · 10 contracts in 1 print",
            "NVDA 145C 8/7 · $2.5M · 1,250 contracts in 2 prints",
        ),
    )
    assert answer.picture == PICTURE
    ((buckets, title, opens_ns, closes_ns),) = painted
    assert buckets == (Bucket(BUCKET_NS, 2_500_000.0, 5_000_000.0, 0.0),)
    assert (title, opens_ns, closes_ns) == ("NVDA, today", OPENS_NS, CLOSES_NS)


async def test_a_ticker_of_small_prints_has_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to draw is no picture, and a side without premium no share."""
    painted = painting(monkeypatch)
    answer = await core(a_print(premium=900.0)).answer(Ticker("NVDA"), ANN)
    assert lines_of(answer)[:2] == ["1 print · calls $900 (100%) · puts $0", "🐂 BULL $900 (100%) · 🐻 BEAR $0"]
    assert answer.picture is None
    assert painted == []


async def test_a_failing_painter_costs_the_picture_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words are there all the same, and the log has the bug."""
    painting(monkeypatch, ValueError("no font"))
    with capture_logs() as logs:
        answer = await core(a_print()).answer(Ticker("NVDA"), ANN)
    assert answer.picture is None
    assert lines_of(answer)[0] == "1 print · calls $2.4M (100%) · puts $0"
    assert [entry["event"] for entry in logs] == ["commands.picture_failed"]


async def test_a_ticker_that_only_the_vendor_has() -> None:
    """What has not been seen since the start may be known to the vendor."""
    found = a_print(ticker="AMD", provider="radarpulse")
    vendors = Says(top=Told((found,), "radarpulse"))
    answer = await core(a_print(), vendors=vendors).answer(Ticker("AMD"), ANN)
    assert answer.title == "AMD, today"
    assert answer.source == "radarpulse"
    (part,) = answer.parts
    assert part.heading == "Best prints"
    assert part.lines[0].startswith("AMD 145C 8/7 (21d) · $2.4M")


async def test_an_unknown_ticker() -> None:
    """How many there are, and what to try; why the vendor could not help."""
    vendors = Says(top=Untold("radarpulse", "it cannot be reached"))
    answer = await core(a_print(), vendors=vendors).answer(Ticker("ZZZ"), ANN)
    assert answer.title == "No ZZZ prints, today"
    assert answer.is_private
    assert lines_of(answer) == [
        "radarpulse did not tell: it cannot be reached.",
        "ZZZ is not among the 1 ticker seen.",
        "Check the symbol; /flow top shows what is busy.",
    ]


async def test_sectors_in_words_and_as_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest first, with its share of all and of bull and bear."""
    painted = painting(monkeypatch)
    bank = a_print(ticker="JPM", sector="Financials", premium=600_000.0, bias="bear")
    answer = await core(a_print(), bank, a_print(ticker="SPX", sector=None)).answer(Heatmap(), ANN)
    assert answer.title == "Premium by sector, today"
    assert answer.tone == "bull"
    assert lines_of(answer) == [
        "All · $3M · 🐂 BULL $2.4M (80%) · 🐻 BEAR $600K (20%)",
        "1. Information Technology · $2.4M (80%) · 🐂 BULL $2.4M (100%) · 🐻 BEAR $0 · 1 print",
        "2. Financials · $600K (20%) · 🐂 BULL $0 · 🐻 BEAR $600K (100%) · 1 print",
    ]
    assert answer.picture == PICTURE
    ((heats, title, subtitle),) = painted
    assert heats == (
        Heat("Information Technology", 2_400_000.0, 2_400_000.0, 0.0, 1),
        Heat("Financials", 600_000.0, 0.0, 600_000.0, 1),
    )
    assert (title, subtitle) == ("Premium by sector, today", "from this session's prints")


async def test_a_heat_map_of_tickers_has_as_many_as_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    painting(monkeypatch)
    prints = [a_print(ticker=f"T{n}", premium=1000.0 * (n + 1)) for n in range(30)]
    answer = await core(*prints).answer(Heatmap("ticker"), ANN)
    lines = lines_of(answer)
    assert len(lines) == 1 + 24
    assert lines[1].startswith("1. T29 · $30,000 (")


async def test_a_vendors_heat_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of premium; a vendor that knows no bull and bear is not made to."""
    painting(monkeypatch)
    heats = (Heat("Energy", 1_000_000.0), Heat("Utilities", 3_000_000.0, prints=7), Heat("Materials", 0.0))
    answer = await core(a_print(), vendors=Says(heat=Told(heats, "radarpulse"))).answer(Heatmap(), ANN)
    assert answer.source == "radarpulse"
    assert answer.tone == "neutral"
    assert lines_of(answer) == ["All · $4M", "1. Utilities · $3M (75%) · 7 prints", "2. Energy · $1M (25%)"]


async def test_a_vendor_without_a_heat_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session's own, and why it is."""
    painting(monkeypatch)
    vendors = Says(heat=Untold("radarpulse", "the key's plan does not include this"))
    answer = await core(a_print(), vendors=vendors).answer(Heatmap(), ANN)
    assert answer.source == "this session's prints"
    assert lines_of(answer)[-1] == "radarpulse did not tell: the key's plan does not include this."


async def test_prints_without_a_sector() -> None:
    """There are prints, and none of a sector: the other map is named."""
    answer = await core(a_print(sector=None)).answer(Heatmap(), ANN)
    assert answer.title == "No sectors, today"
    assert lines_of(answer)[-1] == "Try /flow heatmap by=ticker."


async def test_no_heat_without_prints() -> None:
    answer = await core(now=NOW + timedelta(hours=9)).answer(Heatmap("ticker"), ANN)
    assert answer.title == "No prints yet"
