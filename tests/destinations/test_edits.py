"""What edits and looks say on the wire, platform by platform."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from pydantic import TypeAdapter

from bot.destinations.catalog import AnyDestinationSettings, Means, build
from bot.destinations.http import open_session
from bot.destinations.platforms import DiscordSettings, SlackSettings
from bot.model.alerts import Batch, Edit, Posted
from bot.model.outcomes import Absent, Blind, DestinationDead, Gone, Retry, Sent
from bot.model.ports import Destination
from bot.model.secret import Secret
from bot.render.look import Look
from tests.destinations.contract import DIGEST, OTHER, posted, repeated
from tests.fakes.discord_rest import FakeDiscord
from tests.fakes.slack_web import FakeSlack
from tests.render.samples import NOW_NS, RECEIVED_NS, SPARSE, batch, delivery

CHANNEL = "1122334455667788"
HOUR_NS = 3_600_000_000_000
settings_of: TypeAdapter[AnyDestinationSettings] = TypeAdapter(AnyDestinationSettings)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(channels=[CHANNEL], is_limited=False) as platform:
        yield platform
        assert platform.unexpected == []


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(is_limited=False) as platform:
        yield platform
        assert platform.unexpected == []


class Clock:
    """Unix nanoseconds, as long as nobody sets another time."""

    def __init__(self) -> None:
        self.ns = NOW_NS

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


def room(
    platform: FakeDiscord | FakeSlack, session: aiohttp.ClientSession, clock: Clock, **settings: Any
) -> Destination:
    """A destination at a fake that marks what is older than a minute."""
    means = Means(
        look=Look(late_after_s=60.0),
        session=session,
        discord=DiscordSettings(token=Secret(platform.token), api_url=platform.api_url),
        slack=SlackSettings(bot_token=Secret(platform.token), api_url=platform.api_url),
        now_ns=clock,
    )
    return build("room", settings_of.validate_python(settings), means)


@pytest.mark.parametrize("kind", ["discord_channel", "discord_webhook"])
async def test_a_discord_edit(discord: FakeDiscord, session: aiohttp.ClientSession, clock: Clock, kind: str) -> None:
    """Latency and lateness stay as they were; the content stays, and pings nobody; no nonce."""
    where = {"channel": CHANNEL} if kind == "discord_channel" else {"url": discord.webhook_url(channel=CHANNEL)}
    destination = room(discord, session, clock, type=kind, **where)
    place = posted(await destination.send(batch(delivery(mentions=("42",)))))
    clock.ns += HOUR_NS
    assert isinstance(await destination.edit(Edit(place, repeated(6, "42"))), Sent)
    (message,) = discord.messages
    (_, before), (_, after) = message.states
    assert after["embeds"][0]["footer"] == before["embeds"][0]["footer"] == {"text": "a1b2c3d4 · 42 ms · radarpulse"}
    assert "LATE" not in message.text
    assert (before["content"], after["content"]) == ("<@&42>", "<@&42>")
    assert before["allowed_mentions"] == {"parse": [], "roles": ["42"]}
    assert after["allowed_mentions"] == {"parse": []}
    assert discord.seen[-1].method == "PATCH"


async def test_a_thread_s_message_is_edited_in_its_thread(
    discord: FakeDiscord, session: aiohttp.ClientSession, clock: Clock
) -> None:
    """Discord finds it there only; the settings' thread goes before the URL's."""
    url = f"{discord.webhook_url(channel=CHANNEL)}?thread_id=444&wait=false"
    hook = room(discord, session, clock, type="discord_webhook", url=url, thread_id="555")
    place = posted(await hook.send(batch()))
    assert place.channel == discord.messages[0].channel == "555"
    assert isinstance(await hook.edit(Edit(place, repeated(6))), Sent)
    elsewhere = room(discord, session, clock, type="discord_webhook", url=discord.webhook_url(channel=CHANNEL))
    assert isinstance(await elsewhere.edit(Edit(place, repeated(6))), Gone)


async def test_forum_posts(discord: FakeDiscord, session: aiohttp.ClientSession, clock: Clock) -> None:
    """Each message begins one, is edited in it, and none is a channel whose pace is to be kept."""
    url = f"{discord.webhook_url(is_forum=True)}?thread_id=444"
    hook = room(discord, session, clock, type="discord_webhook", url=url, thread_name="{date} {title}")
    places = [posted(await hook.send(one)) for one in (batch(), OTHER)]
    names = [message.body["thread_name"] for message in discord.messages]
    assert names == ["2026-06-26 NVDA 145C 7/17 (21d) · $2.4M", "2026-06-26 AAPL · $950K"]
    assert [place.channel for place in places] == [message.channel for message in discord.messages]
    assert places[0].channel != places[1].channel
    assert isinstance(await hook.edit(Edit(places[0], repeated(6))), Sent)
    assert [message.edits for message in discord.messages] == [1, 0]
    assert list(hook.buckets) == ["discord:webhook:9000"]
    bare = room(discord, session, clock, type="discord_webhook", url=discord.webhook_url())
    outcome = await bare.send(batch())
    assert isinstance(outcome, DestinationDead)
    assert "220001" in outcome.reason


async def test_another_s_message_is_not_edited(
    discord: FakeDiscord, session: aiohttp.ClientSession, clock: Clock
) -> None:
    """Once a webhook's, the destination is a bot's now: post anew."""
    hook = room(discord, session, clock, type="discord_webhook", url=discord.webhook_url(channel=CHANNEL))
    place = posted(await hook.send(batch()))
    bot = room(discord, session, clock, type="discord_channel", channel=CHANNEL)
    assert isinstance(await bot.edit(Edit(place, repeated(6))), Gone)


@pytest.mark.parametrize("shows_nonce", [False, True])
async def test_a_bot_s_message_beside_a_webhook_s(
    discord: FakeDiscord, session: aiohttp.ClientSession, clock: Clock, *, shows_nonce: bool
) -> None:
    """The same alert by a webhook in the same channel is not the bot's."""
    discord.shows_nonce = shows_nonce
    hook = room(discord, session, clock, type="discord_webhook", url=discord.webhook_url(channel=CHANNEL))
    bot = room(discord, session, clock, type="discord_channel", channel=CHANNEL)
    await hook.send(batch())
    assert await bot.find(batch()) == Absent()
    place = posted(await bot.send(batch()))
    await hook.send(batch())
    assert await bot.find(batch()) == Sent(place.message_id, CHANNEL)


async def test_a_digest_is_found_by_its_mark(
    discord: FakeDiscord, session: aiohttp.ClientSession, clock: Clock
) -> None:
    """Its footer shows the first eight characters of its batch's id."""
    bot = room(discord, session, clock, type="discord_channel", channel=CHANNEL)
    digest = Batch("d1gestxxbatch", "room", (), RECEIVED_NS, digest=DIGEST)
    await bot.send(batch())
    assert await bot.find(digest) == Absent()
    place = posted(await bot.send(digest))
    assert await bot.find(digest) == Sent(place.message_id, CHANNEL)


async def test_an_earlier_message_of_the_same_alert_is_another(
    discord: FakeDiscord, session: aiohttp.ClientSession, clock: Clock
) -> None:
    """The batch was frozen after that one had been posted."""
    bot = room(discord, session, clock, type="discord_channel", channel=CHANNEL)
    await bot.send(batch())
    later = msgspec.structs.replace(batch(), id="batch0009", frozen_ns=discord.messages[0].arrived_ns + 120 * 10**9)
    assert await bot.find(later) == Absent()


async def test_a_busy_channel_is_read_back_to_the_batch(
    discord: FakeDiscord, session: aiohttp.ClientSession, clock: Clock
) -> None:
    """A hundred messages a page, newest first; after five hundred nobody can say."""
    bot = room(discord, session, clock, type="discord_channel", channel=CHANNEL)
    place = posted(await bot.send(batch()))
    for index in range(499):
        await bot.send(batch(delivery(SPARSE, f"other{index:03d}"), id=f"other{index}"))
    discord.seen.clear()
    assert await bot.find(batch()) == Sent(place.message_id, CHANNEL)
    assert [seen.method for seen in discord.seen] == ["GET"] * 5
    await bot.send(OTHER)
    assert isinstance(await bot.find(batch()), Blind)


async def test_a_page_of_long_messages_is_read_whole(
    discord: FakeDiscord, session: aiohttp.ClientSession, clock: Clock
) -> None:
    """A hundred full messages are far more than the answer to a post."""
    bot = room(discord, session, clock, type="discord_channel", channel=CHANNEL)
    place = posted(await bot.send(batch()))
    rules = tuple(f"a-rule-of-a-long-name-{index:04d}" for index in range(12))
    crowd = [delivery(id=f"crowd{index:03d}", rules=rules) for index in range(10)]
    full = crowd[: bot.fit(crowd)]
    for index in range(80):
        await bot.send(batch(*full, id=f"full{index}"))
    assert sum(len(message.text) for message in discord.messages) > 300_000
    assert await bot.find(batch()) == Sent(place.message_id, CHANNEL)


@pytest.mark.parametrize("history", ["hidden", "refused"])
async def test_a_bot_without_the_permission_cannot_look(
    discord: FakeDiscord, session: aiohttp.ClientSession, clock: Clock, history: Any
) -> None:
    """Discord refuses, or shows no messages and says nothing."""
    bot = room(discord, session, clock, type="discord_channel", channel=CHANNEL)
    await bot.send(batch())
    discord.history = history
    assert isinstance(await bot.find(batch()), Blind)


async def test_a_slack_edit(slack: FakeSlack, session: aiohttp.ClientSession, clock: Clock) -> None:
    """Whole, with the metadata by which it is found; nothing is made a link; latency and lateness stay."""
    desk = room(slack, session, clock, type="slack_channel", channel="C0123ABCD")
    place = posted(await desk.send(batch()))
    clock.ns += HOUR_NS
    assert isinstance(await desk.edit(Edit(place, repeated(6))), Sent)
    (message,) = slack.messages
    (_, before), (_, after) = message.states
    assert "a1b2c3d4 · 42 ms · radarpulse" in str(before["attachments"])
    assert "a1b2c3d4 · 42 ms · radarpulse" in str(after["attachments"])
    assert "LATE" not in message.text
    assert after["metadata"] == before["metadata"]
    assert after["parse"] == "none"
    assert await desk.find(batch()) == Sent(place.message_id, "C0123ABCD")


async def test_a_slack_edit_goes_where_the_message_is(
    slack: FakeSlack, session: aiohttp.ClientSession, clock: Clock
) -> None:
    """Slack names the channel of a direct message in its answer; without one, the configured channel."""
    slack.channels.add("C0000ELSE")
    first = room(slack, session, clock, type="slack_channel", channel="C0123ABCD")
    moved = room(slack, session, clock, type="slack_channel", channel="C0000ELSE")
    place = posted(await first.send(batch()))
    assert isinstance(await moved.edit(Edit(place, repeated(6))), Sent)
    nowhere = Posted(place.message_id, None, NOW_NS)
    assert isinstance(await first.edit(Edit(nowhere, repeated(6))), Sent)
    assert isinstance(await moved.edit(Edit(nowhere, repeated(6))), Gone)


async def test_slack_s_edit_window(slack: FakeSlack, session: aiohttp.ClientSession, clock: Clock) -> None:
    """The workspace lets nobody edit any more: post anew."""
    desk = room(slack, session, clock, type="slack_channel", channel="C0123ABCD")
    place = posted(await desk.send(batch()))
    slack.is_edit_window_closed = True
    assert await desk.edit(Edit(place, repeated(6))) == Gone("edit_window_closed")


async def test_slack_edits_are_limited(session: aiohttp.ClientSession, clock: Clock) -> None:
    """The wait that Slack asks for is no failure."""
    async with FakeSlack(clock=lambda: 100.0) as slack:
        desk = room(slack, session, clock, type="slack_channel", channel="C0123ABCD")
        place = posted(await desk.send(batch()))
        outcomes = [await desk.edit(Edit(place, repeated(6))) for _ in range(51)]
        assert all(isinstance(outcome, Sent) for outcome in outcomes[:50])
        assert outcomes[50] == Retry("ratelimited", after_s=60.0, is_asked=True)


async def test_slack_without_the_scope(slack: FakeSlack, session: aiohttp.ClientSession, clock: Clock) -> None:
    """channels:history is optional."""
    desk = room(slack, session, clock, type="slack_channel", channel="C0123ABCD")
    await desk.send(batch())
    slack.has_history_scope = False
    assert await desk.find(batch()) == Blind("missing_scope")


async def test_a_busy_slack_channel(slack: FakeSlack, session: aiohttp.ClientSession, clock: Clock) -> None:
    """A hundred a page, as far as the messages since the batch go."""
    desk = room(slack, session, clock, type="slack_channel", channel="C0123ABCD")
    place = posted(await desk.send(batch()))
    for index in range(499):
        await desk.send(batch(delivery(SPARSE, f"other{index:03d}"), id=f"other{index}"))
    assert await desk.find(batch()) == Sent(place.message_id, "C0123ABCD")
    await desk.send(OTHER)
    assert isinstance(await desk.find(batch()), Blind)
    later = msgspec.structs.replace(batch(), frozen_ns=slack.messages[-1].arrived_ns + 120 * 10**9)
    assert await desk.find(later) == Absent()


async def test_a_digest_at_slack(slack: FakeSlack, session: aiohttp.ClientSession, clock: Clock) -> None:
    """Its metadata names the best alerts, and the batch by which it is found."""
    desk = room(slack, session, clock, type="slack_channel", channel="C0123ABCD")
    digest = Batch("d1gestxxbatch", "room", (), RECEIVED_NS, digest=DIGEST)
    assert await desk.find(digest) == Absent()
    place = posted(await desk.send(digest))
    payload = {"alerts": ["a1b2c3d4"], "batch": "d1gestxxbatch"}
    assert slack.messages[0].body["metadata"] == {"event_type": "flowbot_alert", "event_payload": payload}
    assert await desk.find(digest) == Sent(place.message_id, "C0123ABCD")
