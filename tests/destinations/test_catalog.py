"""Settings of destinations, and what is built of them."""

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from pydantic import TypeAdapter, ValidationError

from bot.destinations.catalog import AnyDestinationSettings, Means, build, missing
from bot.destinations.http import open_session
from bot.destinations.platforms import DiscordSettings, SlackSettings
from bot.destinations.settings import ConsoleSettings, DiscordChannelSettings, PerMinute
from bot.model.outcomes import Sent
from bot.model.ports import Destination, Rate
from bot.model.secret import Secret
from bot.render.look import Look
from tests.fakes.discord_rest import FakeDiscord
from tests.fakes.slack_web import FakeSlack
from tests.render.samples import batch, delivery

HOOK = "https://discord.com/api/webhooks/9000/fake-webhook-token"
settings_of: TypeAdapter[AnyDestinationSettings] = TypeAdapter(AnyDestinationSettings)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


@pytest.mark.parametrize(
    "settings",
    [
        {"type": "discord_channel", "channel": "1122334455667788"},
        {"type": "discord_webhook", "url": HOOK, "pace": "none"},
        {"type": "slack_channel", "channel": "C0123ABCD", "on_unknown": "drop"},
        {"type": "slack_webhook", "url": "https://hooks.slack.com/services/T0/B0/fake"},
        {"type": "console", "pace": {"per_minute": 30}},
    ],
)
def test_the_documented_settings(settings: dict[str, Any]) -> None:
    """As the README shows them; the pace and the rest are optional."""
    assert settings_of.validate_python(settings).type == settings["type"]


def test_a_pace_of_ones_own() -> None:
    """Messages a minute."""
    assert settings_of.validate_python({"type": "console", "pace": {"per_minute": 30}}).pace == PerMinute(per_minute=30)
    assert settings_of.validate_python({"type": "console"}).pace is None


@pytest.mark.parametrize(
    "settings",
    [
        {"type": "email"},
        {"type": "discord_channel", "channel": "#whales"},
        {"type": "discord_channel", "channel": 1122334455667788},
        {"type": "slack_channel", "channel": "#whales"},
        {"type": "discord_webhook", "url": "http://example.com/webhooks/1/x"},
        {"type": "discord_webhook", "url": "wss://example.com/webhooks/1/x"},
        {"type": "console", "pace": {"per_minute": 0}},
        {"type": "console", "colour": True},
    ],
)
def test_mistakes_are_refused(settings: dict[str, Any]) -> None:
    """While the configuration is read."""
    with pytest.raises(ValidationError):
        settings_of.validate_python(settings)


def test_settings_cost_no_client_library() -> None:
    """Start-up pays for aiohttp only where something is posted."""
    code = "import sys, bot.destinations.catalog; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_section_is_named() -> None:
    """In the words an admin needs."""
    channel, console = DiscordChannelSettings, ConsoleSettings
    words = 'destination "room" posts as a bot: add a discord: section with token: ${DISCORD_BOT_TOKEN}'
    assert missing("room", channel, {"rules"}) == words
    assert missing("room", channel, {"rules", "discord"}) is None
    assert missing("room", console, set()) is None


async def test_buckets(session: aiohttp.ClientSession) -> None:
    """The platforms' documented rates; destinations that share a credential or a channel share a key."""
    discord = DiscordSettings(token=Secret("fake-discord-token"))
    means = Means(look=Look(), session=session, discord=discord, slack=SlackSettings(bot_token=Secret("xoxb-fake")))

    def buckets(**settings: str) -> dict[str, tuple[Rate, ...]]:
        return dict(build("room", settings_of.validate_python(settings), means).buckets)

    first, second = (buckets(type="discord_channel", channel=channel) for channel in ("1", "2"))
    assert first.keys() - second.keys() == {"discord:channel:1"}
    assert list(first.values()) == [(Rate(5, 5.0),), (Rate(50, 1.0),)]
    assert buckets(type="discord_webhook", url=HOOK) == {"discord:webhook:9000": (Rate(5, 2.0), Rate(30, 60.0))}
    assert buckets(type="slack_channel", channel="C0123ABCD") == {"slack:channel:C0123ABCD": (Rate(1, 1.0),)}
    assert list(buckets(type="slack_webhook", url="https://hooks.slack.com/services/T/B/x").values()) == [
        (Rate(1, 1.0),)
    ]
    assert buckets(type="console") == {}


async def test_a_webhook_learns_its_channel(session: aiohttp.ClientSession) -> None:
    """Two webhooks of one channel share its pace, from their first answers on."""
    async with FakeDiscord() as discord:
        means = Means(look=Look(), session=session)
        hooks = [
            build(
                "room", settings_of.validate_python({"type": "discord_webhook", "url": discord.webhook_url(id_)}), means
            )
            for id_ in ("1", "2")
        ]
        for hook in hooks:
            outcome = await hook.send(batch())
            assert isinstance(outcome, Sent)
            assert outcome.message_id is not None
        assert set(hooks[0].buckets) & set(hooks[1].buckets) == {"discord:channel:1122334455667788"}
        assert next(iter(hooks[0].buckets)) == "discord:webhook:1"
        assert discord.unexpected == []


async def test_edits_have_buckets_of_their_own(session: aiohttp.ClientSession) -> None:
    """A channel's or a webhook's at Discord, the whole app's at Slack; all that a Discord bot does counts together."""
    discord = DiscordSettings(token=Secret("fake-discord-token"))
    means = Means(look=Look(), session=session, discord=discord, slack=SlackSettings(bot_token=Secret("xoxb-fake")))

    def edits(**settings: str) -> dict[str, tuple[Rate, ...]]:
        destination = build("room", settings_of.validate_python(settings), means)
        assert not destination.edit_buckets.keys() & destination.buckets.keys() - {bot}
        return dict(destination.edit_buckets)

    (bot,) = (key for key in build_channel(means).buckets if key.startswith("discord:bot:"))
    first, second = (edits(type="discord_channel", channel=channel) for channel in ("1", "2"))
    assert first == {"discord:edit:1": (Rate(5, 5.0),), bot: (Rate(50, 1.0),)}
    assert first.keys() & second.keys() == {bot}
    assert edits(type="discord_webhook", url=HOOK) == {"discord:webhook-edit:9000": (Rate(5, 5.0),)}
    (desk, other) = (edits(type="slack_channel", channel=channel) for channel in ("C0123ABCD", "C9999ZZZZ"))
    assert desk == other
    assert list(desk.values()) == [(Rate(50, 60.0),)]
    assert edits(type="slack_webhook", url="https://hooks.slack.com/services/T/B/x") == edits(type="console") == {}


def build_channel(means: Means) -> Destination:
    return build("room", settings_of.validate_python({"type": "discord_channel", "channel": "1"}), means)


async def test_a_webhook_posts_into_the_thread_of_its_url(session: aiohttp.ClientSession) -> None:
    """And still waits for the message to be stored."""
    async with FakeDiscord() as discord:
        url = f"{discord.webhook_url()}?thread_id=555"
        hook = build(
            "room", settings_of.validate_python({"type": "discord_webhook", "url": url}), Means(Look(), session)
        )
        outcome = await hook.send(batch())
        assert isinstance(outcome, Sent)
        assert (outcome.channel, discord.messages[0].channel) == ("555", "555")
        assert "nonce" not in discord.messages[0].body


async def test_a_discord_bot_message_on_the_wire(session: aiohttp.ClientSession) -> None:
    """The batch's id as nonce, and the role that a rule names is woken."""
    async with FakeDiscord() as discord:
        means = Means(Look(), session, DiscordSettings(token=Secret(discord.token), api_url=f"{discord.api_url}/"))
        settings = settings_of.validate_python({"type": "discord_channel", "channel": "1122334455667788"})
        outcome = await build("room", settings, means).send(batch(delivery(mentions=("42",)), id="b" * 25))
        assert isinstance(outcome, Sent)
        (message,) = discord.messages
        assert (message.body["nonce"], message.body["enforce_nonce"]) == ("b" * 25, True)
        assert message.pings == {"role:42"}
        assert outcome.message_id == message.id
        assert discord.unexpected == []


async def test_a_slack_bot_message_on_the_wire(session: aiohttp.ClientSession) -> None:
    """The alerts' ids in the metadata, nothing unfurled, the group woken."""
    async with FakeSlack() as slack:
        means = Means(Look(), session, slack=SlackSettings(bot_token=Secret(slack.token), api_url=slack.api_url))
        settings = settings_of.validate_python({"type": "slack_channel", "channel": "C0123ABCD"})
        outcome = await build("room", settings, means).send(batch(delivery(mentions=("S0WHALES",)), delivery(id="id2")))
        (message,) = slack.messages
        assert outcome == Sent(message.ts, "C0123ABCD")
        assert message.body["metadata"] == {
            "event_type": "flowbot_alert",
            "event_payload": {"alerts": ["a1b2c3d4", "id2"], "batch": "batch0001"},
        }
        assert (message.body["unfurl_links"], message.body["unfurl_media"]) == (False, False)
        assert message.pings == {"!subteam^S0WHALES"}
        assert slack.unexpected == []


async def test_the_console_outlives_its_reader() -> None:
    """A closed pipe parks the destination; it raises nothing."""

    def write(text: str) -> None:
        raise BrokenPipeError

    outcome = await build("room", settings_of.validate_python({"type": "console"}), Means(Look(), write=write)).send(
        batch()
    )
    assert repr(outcome) == "DestinationDead(reason='nobody reads standard output any more')"


async def test_the_console_writes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Without colours where it is no terminal."""
    await build("room", settings_of.validate_python({"type": "console"}), Means(Look())).send(batch())
    written = capsys.readouterr().out
    assert written.startswith("NVDA 145C 7/17")
    assert "\x1b" not in written
