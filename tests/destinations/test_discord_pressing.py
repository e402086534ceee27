"""What can be pressed on Discord's messages, and the pictures of reports: of a bot's channel, and of a webhook."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from bot.destinations import discord_channel, discord_thread, discord_webhook
from bot.destinations.catalog import Means
from bot.destinations.http import open_session
from bot.destinations.platforms import DiscordSettings
from bot.destinations.settings import DiscordChannelSettings, DiscordWebhookSettings
from bot.model.alerts import Batch, Edit, Posted
from bot.model.answers import Answer, Button, Part, Picture
from bot.model.outcomes import Sent
from bot.model.ports import Destination
from bot.model.secret import Secret
from bot.render.look import Look
from tests.fakes.discord_components import custom_ids, values_of
from tests.fakes.discord_rest import FakeDiscord
from tests.render.samples import NOW_NS, RECEIVED_NS, SIX_MORE, batch, delivery, digest, notice

CHANNEL = "1122334455667788"
BUTTONS = ["=flow why a1b2c3d4", "=flow ticker NVDA", "=flowadmin mute ticker NVDA for 1h"]
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
REPORT = Batch(
    "r3p0rt00xyz",
    "room",
    (),
    RECEIVED_NS,
    report=Answer(
        "Midday recap",
        (Part("", ("🐂 BULL $2.4M",)),),
        picture=Picture("timeline.png", PNG, "Premium by the half hour"),
        buttons=(Button("Status", "flow status"),),
    ),
)


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(now_ns=lambda: NOW_NS) as fake:
        yield fake
    assert not fake.unexpected


@pytest.fixture
async def means(discord: FakeDiscord) -> AsyncIterator[Means]:
    settings = DiscordSettings(token=Secret(discord.token), api_url=discord.api_url)
    async with open_session() as session:
        yield Means(Look(), session, settings, now_ns=lambda: NOW_NS)


@pytest.fixture
def room(means: Means) -> Destination:
    return discord_channel.build("room", DiscordChannelSettings(type="discord_channel", channel=CHANNEL), means)


@pytest.fixture
def hook(means: Means, discord: FakeDiscord) -> Destination:
    settings = DiscordWebhookSettings(type="discord_webhook", url=Secret(discord.webhook_url()))
    return discord_webhook.build("hook", settings, means)


async def sent(destination: Destination, shown: Batch) -> Posted:
    outcome = await destination.send(shown)
    assert isinstance(outcome, Sent)
    assert outcome.message_id is not None
    return Posted(outcome.message_id, outcome.channel, NOW_NS)


async def test_an_alert_has_its_buttons(discord: FakeDiscord, room: Destination) -> None:
    """In a bot's message; and an edit keeps what it does not change."""
    posted = await sent(room, batch())
    assert list(custom_ids(discord.messages[0].body["components"])) == BUTTONS
    repeated = batch(delivery(repeats=SIX_MORE))
    assert isinstance(await room.edit(Edit(posted, repeated)), Sent)
    assert list(custom_ids(discord.messages[0].body["components"])) == BUTTONS


async def test_a_cancelled_alert_keeps_its_reason(discord: FakeDiscord, room: Destination) -> None:
    """Nobody mutes for a trade that never was."""
    posted = await sent(room, batch())
    assert isinstance(await room.edit(Edit(posted, batch(delivery(is_cancelled=True)))), Sent)
    assert list(custom_ids(discord.messages[0].body["components"])) == BUTTONS[:1]


async def test_several_alerts_have_a_menu(discord: FakeDiscord, room: Destination) -> None:
    """Of a batch, and of a digest."""
    await sent(room, batch(delivery(), delivery(id="b1b2c3d4")))
    await sent(room, digest())
    for message in discord.messages:
        assert list(custom_ids(message.body["components"])) == ["menu"]
        assert values_of(message.body["components"], "menu") == ["=flow why a1b2c3d4", "=flow why b1b2c3d4"]


async def test_a_notice_has_none(discord: FakeDiscord, room: Destination) -> None:
    """There is nothing to ask about it."""
    await sent(room, notice())
    assert discord.messages[0].body["components"] == []


async def test_a_report_shows_its_picture(discord: FakeDiscord, room: Destination) -> None:
    """With what a screen reader says of it, and its buttons; it is found again by its mark."""
    await sent(room, REPORT)
    message = discord.messages[0]
    assert message.body["attachments"] == [
        {"id": 0, "filename": "timeline.png", "description": "Premium by the half hour"}
    ]
    assert message.files["0"].data == PNG
    assert message.body["embeds"][0]["image"] == {"url": "attachment://timeline.png"}
    assert list(custom_ids(message.body["components"])) == ["=flow status"]
    assert isinstance(await room.find(REPORT), Sent)


async def test_a_webhooks_messages_cannot_be_pressed(discord: FakeDiscord, hook: Destination) -> None:
    """Nobody would be told of it. A report's picture is shown there too."""
    posted = await sent(hook, batch())
    assert isinstance(await hook.edit(Edit(posted, batch(delivery(repeats=SIX_MORE)))), Sent)
    await sent(hook, REPORT)
    assert not any("components" in message.body for message in discord.messages)
    assert discord.messages[1].files["0"].data == PNG


async def test_a_report_sent_again_is_one_message(discord: FakeDiscord, room: Destination) -> None:
    """Its id goes along beside the picture."""
    await sent(room, REPORT)
    await sent(room, msgspec.structs.replace(REPORT, attempts=1))
    assert len(discord.messages) == 1


def test_a_reports_forum_post_is_named_after_it() -> None:
    """As an alert's is after its contract."""
    assert discord_thread.name("{title} · {date}", REPORT, Look(), NOW_NS) == "Midday recap · 2026-06-26"


async def test_without_attach_files_a_report_goes_without_its_picture(room: Destination, discord: FakeDiscord) -> None:
    """A missing permission for pictures is no reason to park a channel: the words say the same."""
    discord.may_attach = False
    assert isinstance(await room.send(REPORT), Sent)
    (message,) = discord.messages
    assert message.files == {}
    (embed,) = message.embeds
    assert "image" not in embed
    assert "BULL" in embed["description"]
