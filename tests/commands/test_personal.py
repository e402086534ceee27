"""`/watch` and `/snooze`: durable and in force before the answer, within the limit, everybody's own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.commands.asker import Asker
from bot.commands.personal import PersonalAnswers
from bot.commands.reading import read_says
from bot.commands.requests import Personal, Snooze, WatchAdd, WatchList, WatchRemove
from bot.engine.control import Control
from bot.engine.rulebook import Rulebook
from bot.engine.settings import WatchSettings
from bot.model.answers import Answer
from bot.model.errors import StoreError
from bot.model.matches import Known
from bot.model.steering import Mute
from bot.outbox.sqlite import SqliteOutbox, open_outbox
from bot.requests import Requests
from bot.rules.watches import watch_body
from tests.engine.test_rulebook import Uses, names
from tests.samples import NOON_NS, a_match, a_print

ANN, BOB = Asker("discord", "1", "ann"), Asker("slack", "U2", "bob")
HOUR_NS = 3600 * 10**9
NVDA = WatchAdd("NVDA premium>=1M", '{"ticker": "NVDA", "premium": ">= 1M"}')


class Desk:
    """A service's part in it."""

    def __init__(self, outbox: SqliteOutbox) -> None:
        self.now_ns = NOON_NS
        self.settings = WatchSettings(per_person=3, cooldown=300.0)
        self.outbox = outbox
        self.book = Rulebook(Uses())
        self.requests = Requests(outbox, self.book, dict, frozenset)
        self.control = Control(outbox, lambda: self.now_ns)
        self.platforms = {"discord", "slack"}
        self.answers = PersonalAnswers(
            outbox,
            self.requests,
            self.control,
            settings=lambda: self.settings,
            platforms=lambda: self.platforms,
            now_ns=lambda: self.now_ns,
        )

    async def ask(self, request: Personal, asker: Asker = ANN) -> Answer:
        answer = await self.answers.answer(request, asker)
        assert answer.is_private, "nobody else's business"
        return answer


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    outbox = open_outbox(tmp_path / "flowbot.db", lambda: NOON_NS)
    yield Desk(outbox)
    await outbox.close()


def lines(answer: Answer) -> list[str]:
    return [line for part in answer.parts for line in part.lines]


def says(answer: Answer) -> list[str]:
    return [button.says for button in answer.buttons]


async def test_a_watch_is_in_force_when_it_is_answered(desk: Desk) -> None:
    answer = await desk.ask(NVDA)
    assert answer.title == "👁 Watch 1 is on"
    assert lines(answer) == [
        "NVDA premium>=1M",
        "Alerts come to you alone, by direct message.",
        "the same contract stays quiet for 5m",
    ]
    assert [read_says(said) for said in says(answer)] == [WatchRemove(1), WatchList()]
    assert names(desk.book, premium=2e6) == ["watch:1"]
    (route,) = desk.book.true_of(a_print(premium=2e6))
    assert (route.send_to, route.cooldown_s) == (("dm:discord:1",), 300.0)
    assert names(desk.book, premium=5e5) == []


async def test_it_survives_a_restart(desk: Desk, tmp_path: Path) -> None:
    await desk.ask(NVDA)
    await desk.outbox.close()
    again = Desk(open_outbox(tmp_path / "flowbot.db", lambda: NOON_NS))
    await again.requests.follow()
    assert names(again.book) == ["watch:1"]
    assert again.answers.watches_of("discord:1") == [(1, "NVDA premium>=1M")]
    await again.outbox.close()


@pytest.mark.parametrize(("cooldown_s", "told"), [(7200.0, "for 2h"), (0.0, "each match is told")])
async def test_a_watch_may_say_its_own_cooldown(desk: Desk, cooldown_s: float, told: str) -> None:
    answer = await desk.ask(WatchAdd("NVDA", '{"ticker": "NVDA"}', cooldown_s))
    assert told in lines(answer)[2]
    (route,) = desk.book.true_of(a_print())
    assert route.cooldown_s == cooldown_s


async def test_what_is_wrong_is_said_in_the_grammars_words_and_nothing_is_kept(desk: Desk) -> None:
    answer = await desk.ask(WatchAdd("tikker=NVDA", '{"tikker": "NVDA"}'))
    assert answer.tone == "trouble"
    assert lines(answer) == ['Unknown field "tikker" in this watch; did you mean "ticker"?']
    assert await desk.outbox.watch_ids() == frozenset()


async def test_nobody_has_more_than_the_limit_however_many_ask_at_once(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.ask(NVDA) for _ in range(6)), desk.ask(NVDA, BOB))
    refused = [answer for answer in answers if answer.tone == "trouble"]
    assert [answer.title for answer in refused] == ["You have 3 watches, and may have no more"] * 3
    assert len(desk.requests.watches_of("discord:1")) == 3
    assert len(desk.requests.watches_of("slack:U2")) == 1
    desk.settings = WatchSettings(per_person=4)
    assert (await desk.ask(NVDA)).tone == "neutral", "as the configuration says now"


async def test_a_configuration_may_allow_none(desk: Desk) -> None:
    desk.settings = WatchSettings(per_person=0)
    answer = await desk.ask(NVDA)
    assert (answer.title, answer.tone) == ("Nobody may have watches here", "trouble")


async def test_one_removes_ones_own_and_no_other(desk: Desk) -> None:
    await desk.ask(NVDA)
    await desk.ask(NVDA, BOB)
    for number in (2, 99):
        answer = await desk.ask(WatchRemove(number))
        assert (answer.title, answer.tone) == (f"You have no watch {number}", "trouble"), "no word of whose it is"
    assert names(desk.book) == ["watch:1", "watch:2"]
    answer = await desk.ask(WatchRemove(1))
    assert (answer.title, lines(answer)) == ("Watch 1 is removed", ["1 · NVDA premium>=1M"])
    assert names(desk.book) == ["watch:2"]
    assert (await desk.ask(WatchRemove(1))).tone == "trouble", "pressed twice"


async def test_all_may_be_removed_at_once(desk: Desk) -> None:
    for _ in range(3):
        await desk.ask(NVDA)
    await desk.ask(NVDA, BOB)
    assert (await desk.ask(WatchRemove(None))).title == "3 watches are removed"
    assert names(desk.book) == ["watch:4"]
    assert (await desk.ask(WatchRemove(None))).title == "You have no watches"


async def test_a_list_shows_what_is_watched_and_how_to_end_it(desk: Desk) -> None:
    desk.settings = WatchSettings(per_person=30, budget=60)
    for _ in range(6):
        await desk.ask(NVDA)
    await desk.ask(WatchAdd("x" * 500, '{"ticker": "X"}', 0.0))
    await desk.ask(NVDA, BOB)
    await desk.ask(Snooze(3600.0))
    answer = await desk.ask(WatchList())
    assert answer.title == "Your watches: 7 of 30"
    shown = lines(answer)
    assert shown[0] == "1 · NVDA premium>=1M · the same contract stays quiet for 5m"
    assert shown[6].startswith("7 · xxx")
    assert all(len(line) < 300 for line in shown)
    assert "You are snoozed until 13:00:00 ET (1h)" in shown[7]
    assert "60 alerts" in shown[8]
    assert says(answer) == [f"watch remove {n}" for n in range(1, 6)]


async def test_a_list_of_nothing_says_what_to_try(desk: Desk) -> None:
    answer = await desk.ask(WatchList())
    assert answer.title == "You watch nothing"
    assert "/watch add NVDA" in lines(answer)[0]


async def test_a_watch_that_cannot_be_used_any_more_is_marked(desk: Desk) -> None:
    """The grammar may have changed since, or another process wrote it."""
    await desk.outbox.add_watch("discord:1", '{"when": {"tikker": "NVDA"}, "send_to": ["dm"], "text": "tikker=NVDA"}')
    await desk.requests.follow()
    (line, _) = lines(await desk.ask(WatchList()))
    assert line.startswith("1 · tikker=NVDA · ⚠")
    assert (await desk.ask(WatchRemove(1))).title == "Watch 1 is removed"


async def test_where_no_bot_can_write_one_is_warned(desk: Desk) -> None:
    desk.platforms = {"discord"}
    assert "No bot of this flowbot can write to you on slack" in lines(await desk.ask(NVDA, BOB))[-1]


async def test_a_snooze_keeps_ones_own_alerts_quiet_until_it_ends(desk: Desk) -> None:
    await desk.ask(NVDA)
    await desk.ask(NVDA, BOB)
    answer = await desk.ask(Snooze(3600.0))
    assert answer.title == "💤 Snoozed until 13:00:00 ET (1h)"
    assert read_says(says(answer)[0]) == Snooze(None)

    def fires() -> list[str]:
        match = a_match(a_print(), *desk.book.true_of(a_print()))
        verdict = desk.control.judge(match, Known())
        assert {held.reason for held in verdict.held} <= {"snooze"}
        return [route.rule for route in verdict.fires]

    assert fires() == ["watch:2"]
    desk.now_ns += HOUR_NS
    assert fires() == ["watch:1", "watch:2"]
    await desk.ask(Snooze(3600.0))
    assert (await desk.ask(Snooze(None))).title == "Your alerts come again"
    assert fires() == ["watch:1", "watch:2"]
    assert (await desk.ask(Snooze(None))).title == "You are not snoozed"


async def test_who_adds_a_watch_while_snoozed_is_reminded(desk: Desk) -> None:
    await desk.ask(Snooze(3600.0))
    assert "You are snoozed" in lines(await desk.ask(NVDA))[-1]


@pytest.mark.parametrize("request_", [NVDA, WatchList(), WatchRemove(7), Snooze(60.0), Snooze(None)])
async def test_who_was_shut_out_is_tried_again_once_they_ask_for_something(desk: Desk, request_: Personal) -> None:
    reason = "HTTP 403: Cannot send messages to this user (code 50007)"
    await desk.control.mute(Mute("closed", "discord:1", None, "flowbot", reason, NOON_NS - HOUR_NS))
    await desk.ask(request_, BOB)
    assert desk.control.active("closed"), "somebody else's word opens nothing"
    first = lines(await desk.ask(request_))[0]
    assert first.startswith("Since 11:00:00 ET your direct messages were closed to flowbot")
    assert "code 50007" in first
    assert not desk.control.active("closed")
    assert await desk.outbox.mutes() == [] or desk.control.active("person")
    assert not any("were closed" in line for line in lines(await desk.ask(request_)))


async def test_a_store_that_is_out_of_order_is_said_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> int:
        raise StoreError("disk full")

    monkeypatch.setattr(desk.outbox, "add_watch_within", broken)
    answer = await desk.ask(NVDA)
    assert (answer.title, answer.tone) == ("The store cannot do that now", "trouble")


async def test_a_watch_whose_asker_is_gone_is_in_force_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store does what it was asked, whoever waits for it."""
    add = desk.outbox.add_watch_within

    async def slow(owner: str, body: str, most: int) -> int | None:
        added = await add(owner, body, most)
        await asyncio.sleep(60.0)
        return added

    monkeypatch.setattr(desk.outbox, "add_watch_within", slow)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await desk.ask(NVDA)
    assert names(desk.book) == ["watch:1"]


async def test_what_a_store_did_long_after_its_asker_was_gone_is_in_force_once_anybody_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took longer than anybody waited."""
    follow = desk.requests.follow

    async def broken() -> None:
        raise StoreError("busy")

    async def gone(*_: object) -> int:
        await asyncio.sleep(60.0)
        raise AssertionError("somebody waited")

    monkeypatch.setattr(desk.outbox, "add_watch_within", gone)
    monkeypatch.setattr(desk.requests, "follow", broken)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await desk.ask(NVDA)
    await desk.outbox.add_watch("discord:1", watch_body(NVDA.when, NVDA.text, 300.0))
    monkeypatch.setattr(desk.requests, "follow", follow)
    assert names(desk.book) == []
    await desk.ask(WatchList(), BOB)
    assert names(desk.book) == ["watch:1"]


async def test_why_ones_own_watch_fired_is_told_to_its_owner(desk: Desk) -> None:
    await desk.ask(NVDA)
    await desk.ask(WatchAdd("NVDA", '{"ticker": "NVDA"}'), BOB)
    found = a_print(premium=2_400_000.0)
    (hit,) = await desk.answers.hits("discord:1", ("watch:1", "watch:2", "watch:9"), found)
    assert hit.rule == "watch:1"
    assert [(clause.text, clause.verdict) for clause in hit.why] == [
        ("ticker = NVDA", True),
        ("premium >= $1M", True),
    ]
    assert await desk.answers.hits("discord:5", ("watch:1",), found) == ()
