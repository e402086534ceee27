"""Direct messages: the person's channel is opened once, and what a refusal means for that person alone."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web

from bot.destinations import discord_dm, slack_dm
from bot.destinations.catalog import Means
from bot.destinations.direct import Direct, DirectMessages, Fault
from bot.destinations.http import open_session
from bot.destinations.platforms import DiscordSettings, SlackSettings
from bot.model.alerts import Edit, Posted
from bot.model.outcomes import Absent, Blind, DestinationDead, Pace, Permanent, Retry, Sent
from bot.model.ports import Rate
from bot.model.secret import Secret
from bot.render.look import Look
from tests.destinations.contract import EditingContract, LookingContract, NetworkRig, Rig
from tests.destinations.test_contract import CHANNEL, discord_rig, slack_rig
from tests.fakes.discord_rest import FakeDiscord
from tests.fakes.slack_web import FakeSlack
from tests.render.samples import NOW_NS, batch

TOKEN = "t0ken"
USER: Final = "80351110224678912"
DM_CHANNEL = "319674150115610528"
SLACK_USER: Final = "U012ABCDEF"
SLACK_DM = "D069C7QFK"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


@dataclass
class Platform:
    """Answers as it is told, by path; keeps what it was asked. `{"message": …, "code": …}` and such."""

    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    """Path -> answers still to be given; then the usual ones."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        assert request.headers["Authorization"].endswith(TOKEN)
        self.asked.append((request.method, request.path, body))
        if self.answers.get(request.path):
            status, answer = self.answers[request.path].pop(0)
            return web.json_response(answer, status=status)
        return web.json_response(self.usual(request, body), headers=self.headers)

    def usual(self, request: web.Request, body: Any) -> Any:
        """What the platforms document."""
        match request.path:
            case "/users/@me/channels":
                return {"id": DM_CHANNEL, "type": 1, "recipients": [{"id": body["recipient_id"], "username": "ann"}]}
            case "/conversations.open":
                return {"ok": True, "channel": {"id": SLACK_DM}}
            case "/chat.postMessage":
                return {"ok": True, "channel": body["channel"], "ts": "1503435956.000247"}
            case "/chat.update":
                return {"ok": True, "channel": body["channel"], "ts": body["ts"]}
            case "/conversations.history":
                return {"ok": True, "messages": []}
            case path if request.method == "GET":
                assert path == f"/channels/{DM_CHANNEL}/messages"
                return [{"id": "1", "channel_id": DM_CHANNEL, "embeds": []}]
            case path:
                return {"id": "1200000000000000000", "channel_id": path.split("/")[2]}

    def paths(self) -> list[str]:
        return [path for _, path, _ in self.asked]


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    fake = Platform()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    fake.url = f"http://{host}:{port}/"
    yield fake
    await runner.cleanup()


@pytest.fixture
def means(platform: Platform, session: aiohttp.ClientSession) -> Means:
    return Means(
        look=Look(),
        session=session,
        discord=DiscordSettings(token=Secret(TOKEN), api_url=platform.url),
        slack=SlackSettings(bot_token=Secret(TOKEN), api_url=platform.url),
        now_ns=lambda: NOW_NS,
    )


Build = Callable[[str | None], DirectMessages]


@pytest.fixture
def on_discord(means: Means) -> Build:
    return lambda channel: discord_dm.build(f"dm:discord:{USER}", USER, channel, means)


@pytest.fixture
def on_slack(means: Means) -> Build:
    return lambda channel: slack_dm.build(f"dm:slack:{SLACK_USER}", SLACK_USER, channel, means)


# --- the contract of all destinations, once the channel is known ---


class TestDiscordDm(EditingContract, LookingContract):
    @pytest.fixture
    async def network(self, session: aiohttp.ClientSession) -> AsyncIterator[NetworkRig]:
        async with FakeDiscord(channels=[CHANNEL]) as discord:
            means = Means(
                look=Look(),
                session=session,
                discord=DiscordSettings(token=Secret(discord.token), api_url=discord.api_url),
                now_ns=lambda: NOW_NS,
            )
            rig = discord_rig(discord, session, "channel")
            yield replace(rig, destination=discord_dm.build("room", USER, CHANNEL, means))

    @pytest.fixture
    def rig(self, network: NetworkRig) -> Rig:
        return network


class TestSlackDm(EditingContract, LookingContract):
    @pytest.fixture
    async def network(self, session: aiohttp.ClientSession) -> AsyncIterator[NetworkRig]:
        async with FakeSlack(channels=["C0123ABCD"], burst=50) as slack:
            means = Means(
                look=Look(),
                session=session,
                slack=SlackSettings(bot_token=Secret(slack.token), api_url=slack.api_url),
                now_ns=lambda: NOW_NS,
            )
            rig = slack_rig(slack, session, "channel")
            yield replace(rig, destination=slack_dm.build("room", SLACK_USER, "C0123ABCD", means))

    @pytest.fixture
    def rig(self, network: NetworkRig) -> Rig:
        return network


# --- the first message ---


async def test_a_channel_on_discord_is_opened_once_and_known_from_then_on(
    platform: Platform, on_discord: Build
) -> None:
    destination = on_discord(None)
    first, second = await destination.send(batch()), await destination.send(batch(id="batch0002"))
    assert isinstance(first, Sent)
    assert (first.message_id, first.channel) == ("1200000000000000000", DM_CHANNEL)
    assert isinstance(second, Sent)
    posts = f"/channels/{DM_CHANNEL}/messages"
    assert platform.paths() == ["/users/@me/channels", posts, posts]
    assert platform.asked[0][2] == {"recipient_id": USER}
    body = platform.asked[1][2]
    assert (body["nonce"], body["enforce_nonce"], body["allowed_mentions"]["parse"]) == ("batch0001", True, [])


async def test_a_conversation_on_slack_is_opened_once_and_known_from_then_on(
    platform: Platform, on_slack: Build
) -> None:
    destination = on_slack(None)
    first, second = await destination.send(batch()), await destination.send(batch(id="batch0002"))
    assert (first, second) == (Sent("1503435956.000247", SLACK_DM), Sent("1503435956.000247", SLACK_DM))
    assert platform.paths() == ["/conversations.open", "/chat.postMessage", "/chat.postMessage"]
    assert platform.asked[0][2] == {"users": SLACK_USER}
    assert platform.asked[1][2]["channel"] == SLACK_DM


async def test_a_known_channel_is_not_opened(platform: Platform, on_discord: Build, on_slack: Build) -> None:
    assert isinstance(await on_discord(DM_CHANNEL).send(batch()), Sent)
    assert isinstance(await on_slack(SLACK_DM).send(batch()), Sent)
    assert platform.paths() == [f"/channels/{DM_CHANNEL}/messages", "/chat.postMessage"]


async def test_people_share_a_pace_of_their_own_and_openings_another(platform: Platform, on_discord: Build) -> None:
    """At most ten messages a second of the fifty that the bot has, and one opening."""
    destination = on_discord(None)
    opening, *rest = destination.buckets.items()
    assert opening == (next(key for key in destination.buckets if "openings" in key), (Rate(1, 1.0),))
    await destination.send(batch())
    assert list(destination.buckets.items()) == rest
    own, people, bot = rest
    assert own == (f"discord:dm:{USER}", (Rate(5, 5.0),))
    assert (people[0].startswith("discord:dms:"), people[1]) == (True, (Rate(10, 1.0),))
    assert (bot[0].startswith("discord:bot:"), bot[1]) == (True, (Rate(50, 1.0),))
    assert not any(key.startswith("discord:channel:") for key in {**destination.buckets, **destination.edit_buckets})


async def test_people_on_slack_leave_room_for_channels(on_slack: Build) -> None:
    own, people = on_slack(SLACK_DM).buckets.items()
    assert own == (f"slack:dm:{SLACK_USER}", (Rate(1, 1.0),))
    assert people[1] == (Rate(3, 1.0),)
    opening, *_ = on_slack(None).buckets.items()
    assert opening[1] == (Rate(50, 60.0),)
    edits = [own for _, own in on_slack(SLACK_DM).edit_buckets.items()]
    assert edits == [(Rate(50, 60.0),), (Rate(20, 60.0),)], "Slack's, and less than half of it"


async def test_what_a_channels_answer_says_of_its_pace_is_not_true_of_openings(
    platform: Platform, on_discord: Build
) -> None:
    platform.headers = {"X-RateLimit-Remaining": "4", "X-RateLimit-Reset-After": "5", "X-RateLimit-Bucket": "80c1"}
    destination = on_discord(None)
    first, second = await destination.send(batch()), await destination.send(batch())
    assert isinstance(first, Sent)
    assert isinstance(second, Sent)
    assert (first.pace, second.pace) == (Pace(), Pace(4, 5.0, "80c1"))


# --- refusals ---


@dataclass(frozen=True)
class Refusal:
    """One answer to the opening or to the message, and what it means."""

    status: int
    answer: Any
    fault: Fault
    at_opening: bool = False


UNAUTHORIZED = {"message": "401: Unauthorized", "code": 0}


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(403, {"message": "Cannot send messages to this user", "code": 50007}, "person"),
        Refusal(403, {"message": "Cannot send messages to this user", "code": 50007}, "person", at_opening=True),
        Refusal(403, {"message": "… no mutual guilds", "code": 50278}, "person"),
        Refusal(400, {"message": "Invalid Recipient(s)", "code": 50033}, "person", at_opening=True),
        Refusal(404, {"message": "Unknown User", "code": 10013}, "person", at_opening=True),
        Refusal(401, UNAUTHORIZED, "platform"),
        Refusal(401, UNAUTHORIZED, "platform", at_opening=True),
        Refusal(403, {"message": "Missing Access", "code": 50001}, ""),
        Refusal(400, {"message": "Invalid Form Body", "code": 50035}, "", at_opening=True),
    ],
)
async def test_a_refusal_on_discord_is_that_persons_or_everybodys(
    platform: Platform, on_discord: Build, refusal: Refusal
) -> None:
    path = "/users/@me/channels" if refusal.at_opening else f"/channels/{DM_CHANNEL}/messages"
    platform.answers[path] = [(refusal.status, refusal.answer)]
    destination = on_discord(None)
    outcome = await destination.send(batch())
    assert isinstance(outcome, DestinationDead)
    assert refusal.answer["message"] in outcome.reason
    assert destination.fault == refusal.fault


@pytest.mark.parametrize("at_opening", [True, False])
@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ("user_not_found", "person"),
        ("user_disabled", "person"),
        ("user_not_visible", "person"),
        ("cannot_dm_bot", "person"),
        ("invalid_auth", "platform"),
        ("account_inactive", "platform"),  # "for a deleted user or workspace": the token's, not the addressee's
        ("missing_scope", "platform"),
        ("messages_tab_disabled", "platform"),
        ("something_new", ""),
    ],
)
async def test_a_refusal_on_slack_is_that_persons_or_everybodys(
    platform: Platform, on_slack: Build, error: str, fault: Fault, at_opening: bool
) -> None:
    platform.answers["/conversations.open" if at_opening else "/chat.postMessage"] = [
        (200, {"ok": False, "error": error})
    ]
    destination = on_slack(None)
    assert await destination.send(batch()) == DestinationDead(error)
    assert destination.fault == fault


async def test_a_message_that_discord_will_not_have_is_no_refusal_of_the_person(
    platform: Platform, on_discord: Build
) -> None:
    platform.answers[f"/channels/{DM_CHANNEL}/messages"] = [(400, {"message": "Invalid Form Body", "code": 50035})]
    destination = on_discord(DM_CHANNEL)
    assert isinstance(await destination.send(batch()), Permanent)
    assert destination.fault == ""


async def test_a_channel_that_is_gone_is_opened_anew(platform: Platform, on_discord: Build, on_slack: Build) -> None:
    """It was known from an earlier message, which may be weeks ago."""
    platform.answers["/channels/1/messages"] = [(404, {"message": "Unknown Channel", "code": 10003})]
    platform.answers["/chat.postMessage"] = [(200, {"ok": False, "error": "channel_not_found"})]
    for destination in (on_discord("1"), on_slack("D1")):
        assert isinstance(await destination.send(batch()), Retry)
        assert isinstance(await destination.send(batch()), Sent)
    assert "/users/@me/channels" in platform.paths()
    assert "/conversations.open" in platform.paths()


async def test_a_channel_that_is_gone_at_once_is_not_opened_for_ever(platform: Platform, on_slack: Build) -> None:
    platform.answers["/chat.postMessage"] = [(200, {"ok": False, "error": "channel_not_found"})]
    assert await on_slack(None).send(batch()) == DestinationDead("channel_not_found")


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (500, {}, Retry),
        (504, {}, Retry),  # nothing was posted, so nothing is in doubt
        (200, {"type": 1}, Retry),
        (429, {"message": "You are being rate limited.", "retry_after": 1.5, "global": False}, Retry),
    ],
)
async def test_an_opening_that_failed_is_tried_again(
    platform: Platform, on_discord: Build, status: int, answer: Any, expected: type
) -> None:
    platform.answers["/users/@me/channels"] = [(status, answer)]
    destination = on_discord(None)
    assert isinstance(await destination.send(batch()), expected)
    assert destination.fault == ""
    assert isinstance(await destination.send(batch()), Sent)


@pytest.mark.parametrize(
    ("status", "answer"), [(502, {}), (200, {"ok": True}), (200, {"ok": False, "error": "fatal_error"})]
)
async def test_an_opening_on_slack_that_failed_is_tried_again(
    platform: Platform, on_slack: Build, status: int, answer: Any
) -> None:
    platform.answers["/conversations.open"] = [(status, answer)]
    destination = on_slack(None)
    assert isinstance(await destination.send(batch()), Retry)
    assert isinstance(await destination.send(batch()), Sent)


async def test_who_opens_too_fast_waits(platform: Platform, on_discord: Build) -> None:
    """It is no refusal of that person: Discord says so to a bot that opens many channels quickly."""
    platform.answers["/users/@me/channels"] = [
        (403, {"message": "You are opening direct messages too fast", "code": 40003})
    ]
    outcome = await on_discord(None).send(batch())
    assert isinstance(outcome, Retry)
    assert (outcome.after_s, outcome.is_asked) == (60.0, True)


# --- edits and looks ---


async def test_an_edit_knows_where_its_message_stands(platform: Platform, on_discord: Build, on_slack: Build) -> None:
    await on_discord(None).edit(Edit(Posted("77", DM_CHANNEL, NOW_NS), batch()))
    await on_slack(None).edit(Edit(Posted("1.2", SLACK_DM, NOW_NS), batch()))
    assert [asked[:2] for asked in platform.asked] == [
        ("PATCH", f"/channels/{DM_CHANNEL}/messages/77"),
        ("POST", "/chat.update"),
    ]
    assert platform.asked[1][2]["channel"] == SLACK_DM


async def test_a_refused_edit_shuts_nobody_out(platform: Platform, on_discord: Build) -> None:
    platform.answers[f"/channels/{DM_CHANNEL}/messages/77"] = [(403, {"message": "Cannot send …", "code": 50007})]
    destination = on_discord(DM_CHANNEL)
    assert isinstance(await destination.edit(Edit(Posted("77", DM_CHANNEL, NOW_NS), batch())), DestinationDead)
    assert destination.fault == ""


async def test_a_look_opens_the_channel_first(platform: Platform, on_discord: Build, on_slack: Build) -> None:
    assert await on_discord(None).find(batch()) == Absent()
    assert await on_slack(None).find(batch()) == Absent()
    platform.answers["/users/@me/channels"] = [(403, {"message": "Cannot send …", "code": 50007}), (500, {})]
    assert isinstance(await on_discord(None).find(batch()), Blind)
    assert isinstance(await on_discord(None).find(batch()), Retry)


# --- who is where ---


@pytest.mark.parametrize(
    ("name", "path"), [(f"dm:discord:{USER}", f"/channels/{DM_CHANNEL}/messages"), ("dm:slack:U1", "/chat.postMessage")]
)
async def test_people_are_reached_on_their_own_platform_where_they_were_before(
    platform: Platform, means: Means, name: str, path: str
) -> None:
    asked = []

    async def channel_of(destination: str) -> str:
        asked.append(destination)
        return DM_CHANNEL

    direct = Direct(lambda: means, channel_of)
    destination = await direct.build(name)
    assert destination is not None
    assert (destination.name, asked) == (name, [name])
    await destination.send(batch())
    assert platform.paths() == [path]


async def test_where_there_is_no_bot_nobody_is_reached(means: Means) -> None:
    async def channel_of(destination: str) -> None:
        return None

    direct = Direct(lambda: replace(means, slack=None), channel_of)
    assert list(direct.platforms) == ["discord"]
    assert await direct.build("dm:slack:U1") is None
    assert await direct.build("dm:telegram:1") is None
