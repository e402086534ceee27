"""Answers, before any platform dresses them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.asker import Asker
from bot.commands.core import Core, DestinationReport, ProviderReport, StatusReport
from bot.commands.layout import boxes
from bot.commands.questions import read_text
from bot.commands.requests import Help, Status, Ticker, Top, Why
from bot.engine.session import Query
from bot.model.answers import Answer, Part
from bot.model.feeds import Gap
from bot.model.ports import ProviderStatus
from bot.render.spans import clock_span
from tests.commands.prints import NOW, a_print, core, ns

ASKER = Asker("discord", "5")


async def lines(core_: Core, text: str) -> list[str]:
    answer = await core_.answer(read_text(text), ASKER)
    return [line for part in answer.parts for line in part.lines]


async def test_top_lines_read_as_traders_write() -> None:
    """Contract, premium, how, bias, score with its band, New York time; what is missing is left out."""
    bare = a_print(ticker="SPY", type=None, strike=None, expiry=None, dte=None, premium=None, side=None, kind=None,
                   score=None, bias=None, time=None)  # fmt: skip
    first, second = await lines(core(a_print(), bare), "top")
    assert first == "1. NVDA 145C 8/7 (21d) · $2.4M · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · 10:31:05 ET"
    assert second == "2. SPY · 10:31:05 ET"


async def test_top_repeats_what_was_asked() -> None:
    """Whoever reads the channel sees the filters too."""
    asked = Query(ticker="NVDA", type="call", side="ask", kind="sweep", min_score=90, min_premium=1_000_000)
    answer = await core(a_print()).answer(Top(asked), ASKER)
    assert answer.title == "Top flow, today"
    assert answer.parts[-1].lines == (
        "Asked for NVDA, calls, at the ask, sweeps, score from 90, premium from $1M.",
    )  # fmt: skip
    assert not answer.is_private


async def test_nothing_that_qualifies() -> None:
    """An empty answer says what there is, what was asked and what to try, to the asker alone."""
    answer = await core(a_print(), a_print(ticker="SPY")).answer(Top(Query(min_score=99)), ASKER)
    assert answer.is_private
    assert answer.parts[0].lines == (
        "None of the 2 prints on 2 tickers qualifies: score from 99.",
        "Try a lower min_score or min_premium, or leave an option out.",
    )


@pytest.mark.parametrize(("hours", "said"), [(0, "The market is open"), (9, "The market is closed")])
async def test_no_prints_yet(hours: int, said: str) -> None:
    """Before the first print the answer knows whether there should be any: 10:36 and 19:36 in New York."""
    empty = core(now=NOW + timedelta(hours=hours))
    for request in (Top(Query()), Ticker("NVDA")):
        answer = await empty.answer(request, ASKER)
        assert said in answer.parts[0].lines[0]


async def test_yesterdays_flow_is_called_so() -> None:
    """On Saturday there is Friday's flow, and it says so."""
    answer = await core(a_print(), now=NOW + timedelta(days=1)).answer(Top(Query()), ASKER)
    assert answer.title == "Top flow, Fri 7/17 (the last day with prints)"


async def test_a_ticker_in_full() -> None:
    """Totals by type and bias, the biggest prints, the busiest contracts; the tone follows the larger side."""
    put = a_print(type="put", strike=130.0, bias="bear", premium=5_000_000.0, size=10, kind="block")
    other = a_print(ticker="SPY")
    answer = await core(a_print(), a_print(premium=100_000.0, size=50), put, other).answer(Ticker("NVDA"), ASKER)
    assert answer.title == "NVDA, today"
    assert answer.tone == "bear"
    assert answer.parts[0].lines == (
        "3 prints · calls $2.5M · puts $5M",
        "🐂 BULL $2.5M · 🐻 BEAR $5M · ⚪ NEUTRAL $0.00",
    )
    assert answer.parts[1].lines[0].startswith("NVDA 130P 8/7 (21d) · $5M")
    assert answer.parts[2].lines == (
        "NVDA 130P 8/7 · $5M · 10 contracts in 1 print",
        "NVDA 145C 8/7 · $2.5M · 1,250 contracts in 2 prints",
    )


async def test_an_unknown_alert() -> None:
    """An id that the store does not know: where ids come from."""
    answer = await core().answer(Why("zzzzzzzz"), ASKER)
    assert answer.tone == "trouble"
    assert "footer" in answer.parts[0].lines[0]


async def test_status_tells_good_from_bad() -> None:
    """Each feed, each destination, today's counts; one bad feed or parked destination is trouble."""
    connected = ProviderStatus(is_connected=True, last_frame_ns=ns(NOW - timedelta(seconds=2)))
    fine = StatusReport(
        started_ns=ns(NOW - timedelta(hours=2)),
        providers=(ProviderReport("radarpulse", connected),),
        destinations=(DestinationReport("desk", waiting=1204),),
        counts_today={"prints": 12431, "alerts": 40},
        last_alert_ns=ns(NOW - timedelta(minutes=1)),
    )
    well = await core(status=fine).answer(Status(), ASKER)
    assert well.title == "All is well · up 2 h"
    assert [part.lines for part in well.parts] == [
        ("radarpulse: 🟢 connected · last frame 2 s ago",),
        ("desk: 🟢 open · 1,204 waiting",),
        ("prints: 12,431", "alerts: 40", "last alert: 1 min ago"),
    ]
    down = replace(fine, providers=(ProviderReport("radarpulse", ProviderStatus(last_error="refused:\nkey")),))
    parked = replace(fine, destinations=(DestinationReport("desk", parked="channel_not_found"),))
    for report, line in (
        (down, "radarpulse: 🔴 not connected · last frame never · refused: key"),
        (parked, "desk: 🔴 parked: channel_not_found · 0 waiting"),
    ):
        bad = await core(status=report).answer(Status(), ASKER)
        assert bad.tone == "trouble"
        assert line in [each for part in bad.parts for each in part.lines]


async def test_status_tells_how_a_feed_is_heard_and_what_it_missed() -> None:
    """A polled feed says so, with what its key has left; gaps with what became of them, and when the last was."""
    gap = Gap("whales", ns(NOW - timedelta(minutes=5)), ns(NOW - timedelta(minutes=4)), recovered=31)
    polled = ProviderStatus(
        is_connected=True, last_frame_ns=ns(NOW), mode="poll", is_delayed=True, budget="150 of 200 left today",
        gaps={"recovered": 1, "lost": 1}, recovered=31, last_gap=gap,
    )  # fmt: skip
    answer = await core(status=StatusReport(ns(NOW), (ProviderReport("whales", polled),))).answer(Status(), ASKER)
    (line,) = answer.parts[0].lines
    assert line == (
        "whales: 🟢 connected · polled · delayed · last frame 0 ms ago · 2 gaps (1 not recovered), 31 prints recovered,"
        f" the last {clock_span(gap.from_ns, gap.to_ns, ns(NOW))} · 150 of 200 left today"
    )


async def test_help_names_every_command() -> None:
    """Whatever went wrong, the help lists what there is."""
    answer = await core().answer(Help("The reason."), ASKER)
    assert answer.parts[0].lines == ("The reason.",)
    assert len(answer.parts[1].lines) == 4


def test_boxes_hold_whole_lines() -> None:
    """Lines that do not fit are counted, and none is cut in two."""
    answer = Answer("", (Part("Head", tuple(f"line {number:02}" for number in range(20))),))
    assert boxes(answer, str, "*", most=1, max_units=1000)[0].count("line") == 20
    packed = boxes(answer, str, "*", most=2, max_units=80)
    assert packed[0].splitlines()[0] == "*Head*"
    shown = sum(box.count("line") for box in packed)
    assert packed[-1].splitlines()[-1] == f"… and {20 - shown} more"
    assert all(len(box) <= 80 for box in packed)
