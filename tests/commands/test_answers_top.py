"""Prints in order: `/flow top` and `/flow unusual`, their pages, and what is said where there are none."""

from datetime import timedelta
from typing import Any

import pytest

from bot.commands.core import Core, ProviderReport, StatusReport
from bot.commands.requests import Request, Ticker, Top, Unusual
from bot.commands.vendors import Told, Untold
from bot.engine.session import Query
from bot.model.answers import Answer, Button
from bot.model.ports import ProviderStatus
from bot.model.prints import Print
from tests.commands.prints import ANN, NOW, Says, a_print, core, lines_of, ns

LINE = "NVDA 145C 8/7 (21d) · $2.4M · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · 10:31:05 ET"
YESTERDAY = NOW - timedelta(days=1)


async def ask(asked: Core, request: Request) -> Answer:
    return await asked.answer(request, ANN)


def ranked(count: int, **facts: Any) -> list[Print]:
    """The first has the highest score, 90, and a premium of as many thousands as its place."""
    return [a_print(score=90.0 - n, premium=1000.0 * (n + 1), strike=100.0 + n, **facts) for n in range(count)]


async def test_lines_read_as_traders_write() -> None:
    """Contract, premium, how, bias, score with its band, New York time; what is missing is left out."""
    bare = a_print(ticker="SPY", type=None, strike=None, expiry=None, dte=None, premium=None, side=None, kind=None,
                   score=None, bias=None, time=None)  # fmt: skip
    answer = await ask(core(a_print(), bare), Top(Query()))
    assert answer.title == "Top flow, today"
    assert answer.source == "this session's prints"
    assert lines_of(answer) == [f"1. {LINE}", "2. SPY · 10:31:05 ET"]
    assert answer.buttons == ()


async def test_what_was_asked_is_repeated() -> None:
    """Whoever reads the channel sees the filters too."""
    asked = Query(ticker="NVDA", type="call", side="ask", kind="sweep", min_score=90, min_premium=1_000_000)
    answer = await ask(core(a_print()), Top(asked))
    assert not answer.is_private
    assert lines_of(answer)[-1] == "Filter: NVDA, calls, at the ask, sweeps, score 90+, premium $1M+."


@pytest.mark.parametrize(
    ("dte", "said"),
    [((0, 0), "0DTE"), ((0, 7), "0 to 7 days to expiry"), ((90, 3650), "90+ days to expiry")],
)
async def test_days_to_expiry_in_words(dte: tuple[int, int], said: str) -> None:
    answer = await ask(core(a_print(dte=dte[0])), Top(Query(dte=dte)))
    assert lines_of(answer)[-1] == f"Filter: {said}."


async def test_pages_are_turned_by_buttons() -> None:
    """Three of seven a page: the numbers go on, the title says which page, and each button asks for its page whole."""
    asked = core(*ranked(7))
    first = await ask(asked, Top(Query(limit=3)))
    second = await ask(asked, Top(Query(limit=3), page=2))
    third = await ask(asked, Top(Query(limit=3), page=3))
    assert first.title == "Top flow, today"
    assert first.buttons == (Button("Next ▶", "flow top limit=3 page=2", is_replacing=True),)
    assert second.title == "Top flow, today · page 2"
    assert [line.split()[0] for line in lines_of(second)] == ["4.", "5.", "6."]
    assert [button.says for button in second.buttons] == ["flow top limit=3", "flow top limit=3 page=3"]
    assert [line.split()[:3] for line in lines_of(third)] == [["7.", "NVDA", "106C"]]
    assert third.buttons == (Button("◀ Back", "flow top limit=3 page=2", is_replacing=True),)


async def test_a_page_past_the_end() -> None:
    """The day may have turned since the button was shown: the way back to the first page."""
    answer = await ask(core(a_print()), Top(Query(ticker="NVDA"), page=4))
    assert answer.title == "There is no page 4"
    assert answer.buttons == (Button("◀ First page", "flow top ticker=NVDA", is_replacing=True),)


async def test_a_vendor_is_asked_first() -> None:
    """Its prints are shown in its order, with its name and what is to be known of it; one more than a page is asked."""
    rows = tuple(ranked(4, provider="radarpulse"))
    vendors = Says(top=Told(rows, "radarpulse", "a delayed feed"))
    answer = await ask(core(a_print(), vendors=vendors), Top(Query(limit=3)))
    assert answer.source == "radarpulse (a delayed feed)"
    assert [line.split()[2] for line in lines_of(answer)] == ["100C", "101C", "102C"]
    assert [button.says for button in answer.buttons] == ["flow top limit=3 page=2"]
    assert vendors.asked == [("top", Query(limit=3), 4)]
    last = await ask(core(vendors=vendors), Top(Query(limit=3), page=2))
    assert [line.split()[:3] for line in lines_of(last)] == [["4.", "NVDA", "103C"]]
    assert [button.label for button in last.buttons] == ["◀ Back"]


@pytest.mark.parametrize(
    ("said", "note"),
    [
        (
            Untold("radarpulse", "the key's plan does not include this"),
            "radarpulse did not tell: the key's plan does not include this.",
        ),
        (Told((), "radarpulse"), "radarpulse has none like that."),
        (Told((a_print(time=YESTERDAY),), "radarpulse"), "radarpulse has none later than Thu 7/16."),
    ],
)
async def test_where_the_vendor_has_nothing_the_session_answers(said: object, note: str) -> None:
    """Refused, empty, or of an earlier day: this session's prints, and why it is those."""
    answer = await ask(core(a_print(), vendors=Says(top=said)), Top(Query()))
    assert answer.source == "this session's prints"
    assert lines_of(answer) == [f"1. {LINE}", note]


async def test_a_vendors_earlier_day_is_better_than_nothing() -> None:
    """Before the first print of the day: the vendor's, with their day in the title."""
    answer = await ask(core(vendors=Says(top=Told((a_print(time=YESTERDAY),), "radarpulse"))), Top(Query()))
    assert answer.title == "Top flow, Thu 7/16 (the last day with prints)"


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        (Query(min_score=99), "Leave out min_score, and there are some. The best score otherwise is 94."),
        (Query(min_score=99, side="ask"), "Leave out min_score, and there are some. The best score otherwise is 94."),
        (Query(ticker="SPY", type="put"), "Leave out ticker or type, and there are some."),
        (Query(min_score=99, ticker="AMD"), "Leave out more than one of these: no single one is to blame."),
    ],
)
async def test_nothing_that_qualifies(query: Query, advice: str) -> None:
    """An empty answer says what there is, what was asked and which option to leave out, to the asker alone."""
    answer = await ask(core(a_print(type="put"), a_print(ticker="SPY")), Top(query))
    assert answer.is_private
    assert answer.title == "Nothing like that, today"
    first, second = lines_of(answer)
    assert first.startswith("Of 2 prints on 2 tickers none qualifies: ")
    assert second == advice


@pytest.mark.parametrize(("hours", "said"), [(0, "The market is open"), (9, "The market is closed")])
async def test_no_prints_yet(hours: int, said: str) -> None:
    """Before the first print the answer knows whether there should be any: 10:36 and 19:36 in New York."""
    empty = core(now=NOW + timedelta(hours=hours))
    for request in (Top(Query()), Ticker("NVDA"), Unusual(Query())):
        answer = await ask(empty, request)
        assert answer.title == "No prints yet"
        assert said in lines_of(answer)[0]


async def test_a_silent_feed_is_named() -> None:
    """With the market open: which feed is not connected, and how long the other has been silent."""
    down = ProviderReport("radarpulse", ProviderStatus(last_error="the key was refused."))
    silent = ProviderStatus(is_connected=True, last_frame_ns=ns(NOW - timedelta(minutes=4)))
    report = StatusReport(ns(NOW), (down, ProviderReport("whales", silent)))
    assert lines_of(await ask(core(status=report), Top(Query())))[0] == (
        "The market is open, so the feeds should be talking: see /flow status."
        " radarpulse: not connected · the key was refused. whales: connected, last heard 4 min ago."
    )


async def test_unusual_begins_with_the_ratio() -> None:
    """The biggest volume over open interest first, whatever its score; further pages as with top."""
    odd = a_print(ticker="AMD", vol_oi=12.3, score=50.0)
    asked = core(a_print(vol_oi=3.0, open_interest=400), odd, a_print(ticker="SPY"))
    answer = await ask(asked, Unusual(Query(limit=1)))
    assert answer.title == "Unusual volume, today"
    assert answer.source == "this session's prints"
    assert lines_of(answer) == [f"1. vol/OI 12.3× · {LINE.replace('NVDA', 'AMD').replace('94 EXTREME', '50')}"]
    assert [button.says for button in answer.buttons] == ["flow unusual limit=1 page=2"]
    second = await ask(asked, Unusual(Query(limit=1), page=2))
    assert lines_of(second) == [f"2. vol/OI 3× · {LINE}"]
    assert [button.label for button in second.buttons] == ["◀ Back"]


async def test_prints_without_open_interest_are_never_unusual() -> None:
    """A feed that tells no open interest has nothing to show, and the answer says so."""
    answer = await ask(core(a_print()), Unusual(Query()))
    assert lines_of(answer)[0] == "Of 1 print on 1 ticker none tells its volume and open interest."
