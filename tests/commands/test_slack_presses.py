"""Buttons and menus on Slack, over real sockets: on alerts, on pages, of older versions; and answers' pictures."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.commands.asker import Asker
from bot.commands.requests import Request, Ticker, Top
from bot.model.answers import Answer, Part, Picture
from bot.render import slack as render
from bot.render.look import Look
from tests.commands.prints import a_print, core, explanation, knowing
from tests.commands.slack_door import always, connected, pages, reply, scripted, settled, text_of
from tests.fakes.slack_message import elements
from tests.fakes.slack_socket import Asked, FakeSlack
from tests.render.samples import NOW_NS, SPARSE, batch, delivery

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)
PICTURE = Picture("heatmap.png", PNG, "Premium by sector: Technology first")
WITH_PICTURE = Answer("Heat map", (Part("", ("Technology $4M",)),), picture=PICTURE)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


def alert(*deliveries: Any) -> dict[str, Any]:
    """A message as the channel shows it."""
    return render.message(batch(*deliveries), Look(), NOW_NS, is_answered=True)


def older(value: str) -> dict[str, Any]:
    """A message of an earlier version, with a button that nobody makes any more."""
    text = {"type": "plain_text", "text": "Old"}
    button = {"type": "button", "action_id": "x", "text": text, "value": value}
    return {"text": "x", "blocks": [{"type": "actions", "elements": [button]}]}


async def test_why_on_an_alert(slack: FakeSlack) -> None:
    """Answered to the one who pressed, in their own message, by a door that never saw the alert: after any restart."""
    found = knowing({"a1b2c3d4": explanation("a1b2c3d4")})
    async with connected(slack, core(explain=found)):
        asked = await slack.press(alert(), "=flow why a1b2c3d4", user="U7")
        body = await reply(asked)
    assert asked.acks == 1
    assert (body["response_type"], body["replace_original"]) == ("ephemeral", False)
    assert "premium &gt;= $500K" in text_of(body)


async def test_one_of_several_alerts(slack: FakeSlack) -> None:
    """Chosen from the menu."""
    shown = alert(delivery(), delivery(SPARSE, "b1b2c3d4"))
    found = knowing({"b1b2c3d4": explanation("b1b2c3d4")})
    async with connected(slack, core(explain=found)):
        body = await reply(await slack.press(shown, "=flow why b1b2c3d4"))
    assert "b1b2c3d4" in body["text"]
    assert body["response_type"] == "ephemeral"


async def test_more_like_this_is_for_the_one_who_presses(slack: FakeSlack) -> None:
    """A public question, asked by a button on an alert: the channel is not filled with answers."""
    async with connected(slack, core(a_print())):
        body = await reply(await slack.press(alert(), "=flow ticker NVDA"))
    assert body["response_type"] == "ephemeral"
    assert "NVDA 145C" in text_of(body)


async def test_muting_is_for_admins(slack: FakeSlack) -> None:
    """Anyone sees the button; whoever is none is told so, and nothing is done."""
    async with connected(slack, core()):
        body = await reply(await slack.press(alert(), "=flowadmin mute ticker NVDA for 1h"))
    assert "Only admins" in body["text"]
    assert body["response_type"] == "ephemeral"


async def test_the_asker_turns_the_page(slack: FakeSlack) -> None:
    """In the message's place, which stays as public as it was."""
    async with connected(slack, always(pages())):
        first = await reply(await slack.ask("top"))
        assert first["response_type"] == "in_channel"
        second = await reply(await slack.press(first, "U1~flow top page=2"))
        third = await reply(await slack.press(second, "U1~flow top page=2"))
    for body in (second, third):
        assert body["replace_original"] is True
        assert "response_type" not in body


async def test_another_member_gets_their_own_page(slack: FakeSlack) -> None:
    """And may turn the pages in that."""
    async with connected(slack, always(pages())):
        first = await reply(await slack.ask("top"))
        theirs = await reply(await slack.press(first, "U1~flow top page=2", user="U2"))
        further = await reply(await slack.press(theirs, "U2~flow top page=2", user="U2", is_ephemeral=True))
    assert (theirs["response_type"], theirs["replace_original"]) == ("ephemeral", False)
    assert further["replace_original"] is True


@pytest.mark.parametrize("is_hidden", [False, True])
async def test_what_went_wrong_takes_no_place(slack: FakeSlack, *, is_hidden: bool) -> None:
    """The page stays, and the apology is beside it, for the one who turned."""

    async def says(request: Request, asker: Asker) -> Answer:
        del asker
        if isinstance(request, Top) and request.page == 2:
            raise ZeroDivisionError
        return pages()

    with capture_logs():
        async with connected(slack, scripted(says)):
            first = await reply(await slack.ask("top"))
            body = await reply(await slack.press(first, "U1~flow top page=2", is_ephemeral=is_hidden))
    assert (body["response_type"], body["replace_original"]) == ("ephemeral", False)


async def test_a_press_is_a_question_like_any_other(slack: FakeSlack) -> None:
    """The core gets the same request as if it had been typed."""
    asked: list[Request] = []

    async def says(request: Request, asker: Asker) -> Answer:
        del asker
        asked.append(request)
        return pages()

    async with connected(slack, scripted(says)):
        first = await reply(await slack.ask("top"))
        await reply(await slack.press(first, "=flow ticker NVDA"))
        await reply(await slack.ask("ticker NVDA"))
    assert asked[1:] == [Ticker("NVDA")] * 2


@pytest.mark.parametrize("value", ["why:a1b2c3d4", "U1", "~", "=", "UU~x", "\x00", "click_me_123"])
async def test_a_button_of_an_older_version(slack: FakeSlack, value: str) -> None:
    """It is told as that, or as what it says."""
    async with connected(slack, core()):
        body = await reply(await slack.press(older(value), value))
    assert body["response_type"] == "ephemeral"
    assert body["attachments"][0]["color"] == "#e0a030"
    assert value == "UU~x" or body["text"].startswith("This is from an older flowbot")


async def test_a_press_that_comes_twice(slack: FakeSlack) -> None:
    """Is answered once."""
    async with connected(slack, core(a_print())):
        asked = await slack.press(alert(), "=flow ticker NVDA")
        await reply(asked)
        await slack.again(asked)
        await reply(await slack.ask("status"))
    assert (asked.acks, len(asked.replies)) == (2, 1)


async def test_a_picture_follows_its_text(slack: FakeSlack) -> None:
    """Into the channel, with its words for those who do not see it; the text waits for nothing."""
    slack.uploads.trouble["place"] = None  # never answered
    async with connected(slack, always(WITH_PICTURE)):
        assert (await reply(await slack.ask("heatmap")))["text"].startswith("Heat map")
        await settled(lambda: slack.uploads.steps == ["place"])
        slack.uploads.trouble.clear()
        asked = await slack.ask("heatmap")
        await settled(lambda: len(slack.uploads.shared) == 1)
    assert len(asked.replies) == 1
    (shown,) = slack.uploads.shared
    assert (shown.name, shown.content, shown.channel, shown.thread) == ("heatmap.png", PNG, "C1", None)
    assert shown.alt == "Premium by sector: Technology first"


async def test_a_private_answer_has_no_picture(slack: FakeSlack) -> None:
    """A file cannot be for one member of a channel alone; nor has the answer to a press on an alert one."""
    private = Answer("Mine", (), picture=PICTURE, is_private=True)
    async with connected(slack, always(private)):
        await answered(slack, await slack.ask("heatmap"))
    async with connected(slack, always(WITH_PICTURE)):
        await answered(slack, await slack.press(alert(), "=flow ticker NVDA"))
    assert slack.uploads.steps == []


async def answered(slack: FakeSlack, asked: Asked) -> None:
    """Until the answer is out, and whatever came after it has begun."""
    await reply(asked)
    await reply(await slack.ask("status"))


@pytest.mark.parametrize(
    ("channel", "has_scope", "reason"),
    [
        ("C9", True, "not_in_channel: invite the bot to the channel"),
        ("C1", False, "missing_scope: give the Slack app the scope files:write and install it again"),
    ],
)
async def test_a_picture_that_may_not_be_shown(slack: FakeSlack, channel: str, reason: str, *, has_scope: bool) -> None:
    """The text stands, and the log says what to do."""
    slack.uploads.has_scope = has_scope
    with capture_logs() as logs:
        async with connected(slack, always(WITH_PICTURE)):
            await reply(await slack.ask("heatmap", channel=channel))
            await settled(lambda: any(log["event"] == "commands.picture_left_out" for log in logs))
    assert [log["reason"] for log in logs if log["event"] == "commands.picture_left_out"] == [reason]
    assert "secret" not in str(logs)


async def test_values_hold_the_asker_where_pages_are_turned(slack: FakeSlack) -> None:
    """And nowhere else: any member may ask what any button says."""
    async with connected(slack, always(pages())):
        body = await reply(await slack.ask("top", user="U0ASKER"))
    assert [one["value"] for one in elements(body)] == ["U0ASKER~flow top page=2", "=flow ticker NVDA"]
