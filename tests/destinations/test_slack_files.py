"""Pictures on Slack, and the messages with buttons that a channel posts, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs
from yarl import URL

from bot.destinations import slack_channel
from bot.destinations.catalog import Means
from bot.destinations.http import Endpoint, open_session
from bot.destinations.platforms import SlackSettings
from bot.destinations.settings import SlackChannelSettings
from bot.destinations.slack_channel import SlackChannel, build
from bot.destinations.slack_files import SlackFiles
from bot.model.alerts import Batch, Edit, Posted, Repeats
from bot.model.answers import Answer, Part, Picture
from bot.model.outcomes import Permanent, Sent
from bot.model.secret import Secret
from bot.render.look import Look
from tests.fakes.faults import answer
from tests.fakes.slack_message import elements
from tests.fakes.slack_uploads import Trouble
from tests.fakes.slack_web import FakeSlack
from tests.render.samples import NOW_NS, RECEIVED_NS, batch, delivery

CHANNEL = "C0123ABCD"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
PICTURE = Picture("heatmap.png", PNG, "Premium by sector: Technology first")
REPORT = Batch(
    "rep0rt00xyz", "desk", (), RECEIVED_NS, report=Answer("Closing recap", (Part("", ("x",)),), picture=PICTURE)
)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(channels=[CHANNEL], burst=50) as platform:
        yield platform
        assert platform.unexpected == []


@pytest.fixture
def files(slack: FakeSlack, session: aiohttp.ClientSession) -> SlackFiles:
    headers = {"Authorization": f"Bearer {slack.token}"}
    return SlackFiles(Endpoint(session, URL(slack.api_url.rstrip("/")), slack.token, headers))


def desk(slack: FakeSlack, session: aiohttp.ClientSession, *, is_answered: bool = True) -> SlackChannel:
    app_token = Secret("xapp-fake") if is_answered else None
    settings = SlackSettings(bot_token=Secret(slack.token), app_token=app_token, api_url=slack.api_url)
    means = Means(Look(), session, slack=settings, now_ns=lambda: NOW_NS)
    return build("desk", SlackChannelSettings(type="slack_channel", channel=CHANNEL), means)


async def test_a_picture_in_a_thread(slack: FakeSlack, files: SlackFiles) -> None:
    """Byte for byte, with its words."""
    assert await files.show(PICTURE, CHANNEL, "1782484266.000100") == ""
    (shown,) = slack.uploads.shared
    assert (shown.name, shown.content, shown.alt) == ("heatmap.png", PNG, "Premium by sector: Technology first")
    assert (shown.channel, shown.thread) == (CHANNEL, "1782484266.000100")
    assert slack.uploads.steps == ["place", "bytes", "share"]


async def test_long_words_are_cut(slack: FakeSlack, files: SlackFiles) -> None:
    """To what Slack takes."""
    assert await files.show(Picture("x" * 300 + ".png", PNG, "a & b = c? " * 200), CHANNEL) == ""
    (shown,) = slack.uploads.shared
    assert len(shown.alt) == 1000
    assert shown.thread is None


TROUBLE: list[tuple[str, Trouble, str, list[str]]] = [
    ("place", "file_uploads_disabled", "file_uploads_disabled", ["place"]),
    ("place", 500, "status 500", ["place"]),
    ("place", None, "not uploaded within 0.2 s", ["place"]),
    ("bytes", 500, "the upload was answered with status 500", ["place", "bytes"]),
    ("bytes", None, "not uploaded within 0.2 s", ["place", "bytes"]),
    ("share", "not_in_channel", "not_in_channel: invite the bot to the channel", ["place", "bytes", "share"]),
    ("share", 503, "status 503", ["place", "bytes", "share"]),
]


@pytest.mark.parametrize(("step", "trouble", "reason", "steps"), TROUBLE)
async def test_trouble_is_told_in_words(
    slack: FakeSlack, files: SlackFiles, step: str, trouble: Trouble, reason: str, steps: list[str]
) -> None:
    """What Slack said, at whichever step; nothing is tried again, and the address, a secret, is not among it."""
    slack.uploads.trouble[step] = trouble
    said = await files.show(PICTURE, CHANNEL, within_s=0.2 if trouble is None else 10)
    assert said == reason
    assert slack.uploads.steps == steps
    assert slack.uploads.shared == []


async def test_without_the_scope(slack: FakeSlack, files: SlackFiles) -> None:
    """Whoever reads the log knows what to do."""
    slack.uploads.has_scope = False
    assert await files.show(PICTURE, CHANNEL) == (
        "missing_scope: give the Slack app the scope files:write and install it again"
    )


async def test_nobody_is_there(slack: FakeSlack, files: SlackFiles) -> None:
    """No connection: words, no error."""
    await slack.stop()
    assert "cannot connect" in await files.show(PICTURE, CHANNEL)


# --- a report ---


async def test_a_report_has_its_picture_in_its_thread(slack: FakeSlack, session: aiohttp.ClientSession) -> None:
    """The text first; the picture says the same."""
    outcome = await desk(slack, session).send(REPORT)
    (message,) = slack.messages
    assert outcome == Sent(message.ts, CHANNEL)
    assert "Closing recap" in message.text
    assert message.body["metadata"]["event_payload"] == {"alerts": [], "batch": "rep0rt00xyz"}
    (shown,) = slack.uploads.shared
    assert (shown.channel, shown.thread, shown.content) == (CHANNEL, message.ts, PNG)


@pytest.mark.parametrize("trouble", ["not_in_channel", 500, None])
async def test_a_report_is_sent_whatever_becomes_of_its_picture(
    slack: FakeSlack, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, trouble: Trouble
) -> None:
    """An upload that hangs holds the lane up for a moment, and no longer; the log says what is missing."""
    monkeypatch.setattr(slack_channel, "PICTURE_S", 0.1)
    slack.uploads.trouble["share"] = trouble
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            outcome = await desk(slack, session).send(REPORT)
    assert isinstance(outcome, Sent)
    assert [log["event"] for log in logs] == ["delivery.picture_left_out"]


async def test_no_picture_without_its_report(slack: FakeSlack, session: aiohttp.ClientSession) -> None:
    """A post that was refused has no thread."""
    slack.script(answer(200, {"ok": False, "error": "invalid_blocks"}))
    assert await desk(slack, session).send(REPORT) == Permanent("invalid_blocks")
    assert slack.uploads.steps == []


# --- buttons ---


async def test_buttons_stay_through_an_edit(slack: FakeSlack, session: aiohttp.ClientSession) -> None:
    """An edit replaces the whole message, so it brings them again."""
    channel = desk(slack, session)
    await channel.send(batch())
    (message,) = slack.messages
    before = elements(message.body)
    assert [one["value"] for one in before] == [
        "=flow why a1b2c3d4", "=flow ticker NVDA", "=flowadmin mute ticker NVDA for 1h",
    ]  # fmt: skip
    repeated = batch(delivery(repeats=Repeats(1, 1e6, RECEIVED_NS)))
    assert isinstance(await channel.edit(Edit(Posted(message.ts, CHANNEL, NOW_NS), repeated)), Sent)
    assert "×2" in message.text
    assert elements(message.body) == before


async def test_without_an_app_token_nobody_listens(slack: FakeSlack, session: aiohttp.ClientSession) -> None:
    """So there is nothing to press, and more room."""
    channel = desk(slack, session, is_answered=False)
    await channel.send(batch())
    await channel.send(REPORT)
    assert [elements(message.body) for message in slack.messages] == [[], []]
    waiting = [delivery(id=f"a1b2c3d{number:x}") for number in range(15)]
    assert channel.fit(waiting) > desk(slack, session).fit(waiting)


async def test_what_fits_is_taken(slack: FakeSlack, session: aiohttp.ClientSession) -> None:
    """As many alerts as one message carries, with their menu."""
    channel = desk(slack, session)
    waiting = [delivery(id=f"a1b2c3d{number:x}") for number in range(15)]
    assert isinstance(await channel.send(batch(*waiting[: channel.fit(waiting)])), Sent)
    (menu,) = elements(slack.messages[0].body)
    values: list[Any] = [option["value"] for option in menu["options"]]
    assert values == [f"=flow why {one.alert.id}" for one in waiting[: channel.fit(waiting)]]
