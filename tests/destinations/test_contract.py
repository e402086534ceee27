"""The contract of the `Destination` port, kept by Discord's, Slack's and the terminal's types, over real sockets."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.destinations.catalog import Means, build
from bot.destinations.http import open_session
from bot.destinations.platforms import DiscordSettings, SlackSettings
from bot.destinations.settings import (
    ConsoleSettings,
    DiscordChannelSettings,
    DiscordWebhookSettings,
    SlackChannelSettings,
    SlackWebhookSettings,
)
from bot.model.secret import Secret
from bot.render.look import Look
from tests.destinations.contract import (
    BlindContract,
    EditingContract,
    FixedContract,
    LookingContract,
    NetworkContract,
    NetworkRig,
    Rig,
)
from tests.fakes.discord_rest import FakeDiscord
from tests.fakes.slack_web import FakeSlack
from tests.render.samples import NOW_NS

CHANNEL = "1122334455667788"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(channels=[CHANNEL]) as platform:
        yield platform


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(channels=["C0123ABCD"], burst=50) as platform:
        yield platform


def discord_rig(platform: FakeDiscord, session: aiohttp.ClientSession, kind: str) -> NetworkRig:
    means = Means(
        look=Look(),
        session=session,
        discord=DiscordSettings(token=Secret(platform.token), api_url=platform.api_url),
        now_ns=lambda: NOW_NS,
    )
    url = platform.webhook_url("9000", channel=CHANNEL)
    destination = (
        build("room", DiscordChannelSettings(type="discord_channel", channel=CHANNEL), means)
        if kind == "channel"
        else build("room", DiscordWebhookSettings(type="discord_webhook", url=Secret(url)), means)
    )
    return NetworkRig(
        destination,
        shown=lambda: [message.text for message in platform.shown],
        woken=lambda: {ping for message in platform.messages for ping in message.pings},
        secret=platform.token if kind == "channel" else "fake-webhook-token-9000",
        server=platform,
        idempotent=kind == "channel",
        delete=platform.delete,
    )


def slack_rig(platform: FakeSlack, session: aiohttp.ClientSession, kind: str) -> NetworkRig:
    means = Means(
        look=Look(),
        session=session,
        slack=SlackSettings(bot_token=Secret(platform.token), api_url=platform.api_url),
        now_ns=lambda: NOW_NS,
    )
    url = platform.webhook_url("B0FAKE")
    destination = (
        build("room", SlackChannelSettings(type="slack_channel", channel="C0123ABCD"), means)
        if kind == "channel"
        else build("room", SlackWebhookSettings(type="slack_webhook", url=Secret(url)), means)
    )
    return NetworkRig(
        destination,
        shown=lambda: [message.text for message in platform.shown],
        woken=lambda: {ping for message in platform.messages for ping in message.pings},
        secret=platform.token if kind == "channel" else "fakewebhooksecretB0FAKE",
        server=platform,
        delete=platform.delete,
    )


class TestDiscordChannel(EditingContract, LookingContract):
    @pytest.fixture
    def network(self, discord: FakeDiscord, session: aiohttp.ClientSession) -> NetworkRig:
        return discord_rig(discord, session, "channel")

    @pytest.fixture
    def rig(self, network: NetworkRig) -> Rig:
        return network


class TestDiscordWebhook(EditingContract, BlindContract):
    @pytest.fixture
    def network(self, discord: FakeDiscord, session: aiohttp.ClientSession) -> NetworkRig:
        return discord_rig(discord, session, "webhook")

    @pytest.fixture
    def rig(self, network: NetworkRig) -> Rig:
        return network


class TestSlackChannel(EditingContract, LookingContract):
    @pytest.fixture
    def network(self, slack: FakeSlack, session: aiohttp.ClientSession) -> NetworkRig:
        return slack_rig(slack, session, "channel")

    @pytest.fixture
    def rig(self, network: NetworkRig) -> Rig:
        return network


class TestSlackWebhook(NetworkContract, FixedContract, BlindContract):
    @pytest.fixture
    def network(self, slack: FakeSlack, session: aiohttp.ClientSession) -> NetworkRig:
        return slack_rig(slack, session, "webhook")

    @pytest.fixture
    def rig(self, network: NetworkRig) -> Rig:
        return network


class TestConsole(FixedContract, BlindContract):
    @pytest.fixture
    def rig(self) -> Rig:
        written: list[str] = []
        means = Means(look=Look(), now_ns=lambda: NOW_NS, write=written.append)
        return Rig(build("room", ConsoleSettings(type="console"), means), shown=lambda: written, woken=set)
