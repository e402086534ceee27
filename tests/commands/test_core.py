"""Question to answer, before any platform dresses it: who answers what, who may see it, and whatever upstream says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.asker import Asker
from bot.commands.core import is_private
from bot.commands.reading import read_says
from bot.commands.requests import (
    Congress,
    Heatmap,
    Help,
    Intent,
    Momentum,
    MuteFor,
    Personal,
    Report,
    Request,
    Show,
    Status,
    Steering,
    Ticker,
    Top,
    Unusual,
    WatchAdd,
    WatchList,
    Why,
)
from bot.commands.vendors import Told, Untold
from bot.engine.session import Query
from bot.model.answers import MAX_ID, Answer, pressed
from bot.model.heat import Heat
from bot.model.prints import Print
from bot.providers.optionwhales_answers import Ranking, TickerDetail
from bot.providers.pages import Page
from bot.providers.radarpulse_answers import Disclosure, ExplainedPart, ScoreExplanation
from tests import virtual_time
from tests.commands.prints import ANN, HOSTILE, NOW, Hangs, Says, a_print, core, explanation, knowing, lines_of


@dataclass
class Door:
    """A personal or a steering one."""

    asked: list[tuple[Request, Asker]] = field(default_factory=list)

    async def answer(self, request: Request, asker: Asker) -> Answer:
        self.asked.append((request, asker))
        return Answer("Done", ())


async def test_what_is_no_question_goes_to_its_own_door() -> None:
    """A person's watches to one, steering to the other; the asker goes along."""
    personal, steering = Door(), Door()
    both = core(personal=personal, steering=steering)
    mute = MuteFor("ticker", "NVDA", 3600.0)
    assert (await both.answer(WatchList(), ANN)).title == "Done"
    assert (await both.answer(mute, ANN)).title == "Done"
    assert personal.asked == [(WatchList(), ANN)]
    assert steering.asked == [(mute, ANN)]


@pytest.mark.parametrize("request_", [WatchList(), MuteFor("ticker", "NVDA", 3600.0)])
async def test_a_door_that_is_not_there(request_: Personal | Steering) -> None:
    """A polite word to the asker alone."""
    answer = await core().answer(request_, ANN)
    assert answer.is_private
    assert lines_of(answer) == ["Not set up in this flowbot. /flow help shows what can be asked."]


@pytest.mark.parametrize(
    ("request_", "is_so"),
    [
        (Top(Query()), False),
        (Ticker("NVDA"), False),
        (Heatmap(), False),
        (Momentum(), False),
        (Report("recap", Query()), False),
        (Why("7kq2m9xd"), True),
        (Status(), True),
        (Help(), True),
        (WatchAdd("NVDA", "{}"), True),
        (MuteFor("rule", "whales", 60.0), True),
    ],
)
def test_whose_business_an_answer_is(request_: Request, is_so: bool) -> None:
    """Flow is for all to see; reasons, status, help, one's own and steering are for the asker."""
    assert is_private(request_) is is_so


def test_a_vendor_that_hangs_is_given_up() -> None:
    """Within seven seconds the session's own prints answer, and say why they do."""

    async def ask() -> tuple[Answer, float]:
        began = virtual_time.now_ns()
        answer = await core(a_print(), vendors=Hangs()).answer(Top(Query()), ANN)
        return answer, (virtual_time.now_ns() - began) / 1e9

    answer, took_s = virtual_time.run(ask())
    assert 6.0 <= took_s <= 7.0
    assert answer.source == "this session's prints"
    assert lines_of(answer) == [
        "1. NVDA 145C 8/7 (21d) · $2.4M · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · 10:31:05 ET",
        "The vendor did not tell: it did not answer within 6.5 s.",
    ]


def test_a_hanging_vendor_and_an_empty_session() -> None:
    """Nothing from either says both."""
    answer = virtual_time.run(core(vendors=Hangs()).answer(Heatmap(), ANN))
    assert lines_of(answer)[0] == "The vendor did not tell: it did not answer within 6.5 s."
    assert answer.title == "No prints yet"


async def test_help_is_of_one_command() -> None:
    """That command's uses and examples, then the other commands by name."""
    answer = await core().answer(Help(command="snooze"), ANN)
    assert answer.title == "/snooze: Keep your own alerts quiet for a while"
    assert answer.parts[0].lines == ("/snooze <for>: Keep your own alerts quiet for a while",)
    assert answer.parts[1].lines[0] == "/snooze 1h"
    assert [line.partition(":")[0] for line in answer.parts[2].lines] == ["/flow", "/watch", "/flowadmin"]
    assert answer.parts[2].lines[2].endswith("(admins)")


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        (
            Help("The reason.", "flow", "heatmap"),
            [
                ("", ["The reason."]),
                ("/flow heatmap", ["by · By sector unless told: sector, ticker"]),
                ("Try", ["/flow heatmap by=ticker"]),
                ("", ["/flow help tells all that it can."]),
            ],
        ),
        (
            Help("The reason.", "snooze"),
            [
                ("", ["The reason."]),
                ("/snooze", ["for · How long: 30m, 1h, 1d; off to end it"]),
                ("Try", ["/snooze 1h", "/snooze off"]),
            ],
        ),
    ],
)
async def test_a_wrong_question_is_answered_with_what_mends_it(asked: Help, parts: list[tuple[str, list[str]]]) -> None:
    """What was wrong, the options of what was asked, and how it is typed; no more, for it is read on a phone."""
    answer = await core().answer(asked, ANN)
    assert (answer.title, answer.tone, answer.is_private) == ("That did not work", "trouble", True)
    assert [(part.heading, list(part.lines)) for part in answer.parts] == parts


async def test_a_subcommand_that_is_none_is_answered_with_examples() -> None:
    answer = await core().answer(Help("The reason.", "flow"), ANN)
    assert [part.heading for part in answer.parts] == ["", "Try", ""]


async def test_help_names_every_subcommand() -> None:
    answer = await core().answer(Help(), ANN)
    assert answer.title == "/flow: Today's options flow, and why an alert fired"
    named = [line.split()[1].rstrip(":") for line in answer.parts[0].lines]
    assert named == ["top", "ticker", "why", "heatmap", "momentum", "intent", "congress", "unusual", "status", "help"]


NASTY = (HOSTILE, HOSTILE * 30, "", "\n\n# x", "\x00\x1b[31m", "\ud800", "𝕏" * 400, "for 1h", "&" * 500, "NVDA")
TEXTS = st.lists(st.sampled_from(NASTY) | st.text(max_size=20), min_size=3, max_size=6)
USD = st.floats(-1e18, 1e18)


def _upstream(texts: Iterator[str], usd: float) -> tuple[Print, Says]:
    """A print and vendors, whose every word is hostile."""
    found = a_print(ticker=next(texts), sector=next(texts), premium=abs(usd), vol_oi=2.0, provider=next(texts))
    row = Ranking(next(texts), intent_label=next(texts), intent_primary=next(texts), direction_bias=next(texts),
                  momentum_fast=usd, strength_last=usd, intent_confidence=0.5, key_strikes=(abs(usd),) * 9)  # fmt: skip
    detail = TickerDetail(None, None, row, ({next(texts): next(texts)},), Page((found,)), (row,))
    disclosure = Disclosure(next(texts), next(texts), next(texts), next(texts), next(texts), next(texts), next(texts))
    explained = ScoreExplanation(91, "x", (ExplainedPart(next(texts), 13.0, None, usd),))
    said = {"top": (found,) * 12, "heat": (Heat(next(texts), abs(usd)),), "momentum": (row,) * 12, "intent": detail,
            "congress": (disclosure,) * 12, "score": explained}  # fmt: skip
    return found, Says(**{what: Told(value, next(texts), next(texts)) for what, value in said.items()})


def _requests(text: str) -> Iterator[Request]:
    query = Query(ticker=text, sector=text)
    yield from (Top(query), Top(Query(), page=2), Ticker(text), Why(text), Why("7kq2m9xd"), Why("55"), Help(text, text))
    yield from (
        Unusual(Query()),
        Unusual(query),
        Heatmap("ticker"),
        Momentum(),
        Momentum(text),
        Intent(text),
        Congress(text),
    )
    yield from (Report(show, Query()) for show in get_args(Show))


@settings(max_examples=30, deadline=None)
@given(TEXTS, USD)
def test_whatever_upstream_and_askers_say(texts: list[str], usd: float) -> None:
    """Every answer has a title; each line is one line and no novel; a button asks just what it was made for."""
    found, says = _upstream(cycle(texts), usd)
    known = explanation("7kq2m9xd", texts[0], found=found, rules=(texts[1],))
    reason = Says(
        **dict.fromkeys(("top", "heat", "momentum", "intent", "congress", "score"), Untold(texts[0], texts[1]))
    )

    async def ask() -> list[Answer]:
        cores = [core(found, explain=knowing({"7kq2m9xd": known}), vendors=each) for each in (says, reason)]
        return [await each.answer(request, ANN) for each in cores for request in _requests(texts[2])]

    for answer in virtual_time.run(ask()):
        _check(answer)


def _check(answer: Answer) -> None:
    assert answer.title
    for line in [answer.title, answer.source, *lines_of(answer), *(part.heading for part in answer.parts)]:
        assert not re.search("[\n\r\x00\x1b\u202e\ud800]", line)
        assert len(line) <= 500
    assert len(answer.buttons) <= 5
    for button in answer.buttons:
        assert len(button.id) <= MAX_ID
        back = pressed(button.id)
        assert back is not None
        assert not isinstance(read_says(back.says), Help)


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Painting waits for a thread, and a virtual clock waits for none."""

    async def nothing(*_: object) -> None:
        return None

    for place in ("ticker.timeline", "recap.timeline", "heatmap.painted"):
        monkeypatch.setattr(f"bot.commands.answers.{place}", nothing)


async def test_yesterdays_flow_is_called_so() -> None:
    """On Saturday there is Friday's flow, and it says so."""
    answer = await core(a_print(), now=NOW + timedelta(days=1)).answer(Top(Query()), ANN)
    assert answer.title == "Top flow, Fri 7/17 (the last day with prints)"
