"""The doctor finds what is wrong outside, says what to mend, posts nothing and tells no secret."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.doctor.discord_rights import ALL, invite, lacking, rights
from bot.doctor.examination import examine
from bot.doctor.findings import Finding, told, worst
from tests.configurations import settings
from tests.doctor.platforms import (
    APP_TOKEN,
    BOT_TOKEN,
    CHANNEL,
    EVERYTHING,
    GUILD,
    HOOK,
    SLACK_TOKEN,
    THREAD,
    Discord,
    Slack,
    served,
)
from tests.fakes import optionwhales_rest, radarpulse_rest
from tests.fakes.optionwhales_rest import FakeOptionWhales
from tests.fakes.radarpulse_rest import FakeRadarPulse

NO_PROVIDERS: Mapping[str, Any] = {
    "radarpulse": {"type": "replay", "file": "tape.jsonl", "api_key": None},
}


class Outside:
    """Both platforms on loopback, and a configuration that uses them."""

    def __init__(self, folder: Path, discord_url: str, slack_url: str) -> None:
        self.discord, self.slack = Discord(), Slack()
        self.folder = folder
        self.changes: dict[str, Any] = {
            "discord": {"token": BOT_TOKEN, "api_url": f"{discord_url}/api/v10", "guilds": [GUILD * 3]},
            "slack": {"bot_token": SLACK_TOKEN, "app_token": APP_TOKEN, "api_url": f"{slack_url}/api/"},
            "destinations": {
                "room": {"type": "discord_channel", "channel": CHANNEL},
                "thread": {"type": "discord_channel", "channel": THREAD},
                "hook": {"type": "discord_webhook", "url": f"{discord_url}/api/v10/webhooks/9/{HOOK}"},
                "desk": {"type": "slack_channel", "channel": "C0123ABCD"},
                "desk-hook": {"type": "slack_webhook", "url": f"{slack_url}/services/T0/B0/fake-slack-hook"},
            },
        }
        self.discord.guilds.add(GUILD * 3)

    async def seen(self) -> dict[str, list[str]]:
        """By subject: each finding's mark, words and remedy, but for the provider's."""
        found = await examine(settings(self.folder, self.changes))
        by_subject: dict[str, list[str]] = {}
        for one in found:
            words = f"{one.health}: {one.what}" + (f" -> {one.remedy}" if one.remedy else "")
            by_subject.setdefault(one.subject, []).append(words)
        by_subject.pop("radarpulse", None)
        assert not any(secret in str(found) for secret in (BOT_TOKEN, SLACK_TOKEN, APP_TOKEN, HOOK, "fake-slack-hook"))
        return by_subject


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    async with AsyncExitStack() as stack:
        holder: list[Outside] = []
        discord = await stack.enter_async_context(served(lambda request: holder[0].discord(request)))
        slack = await stack.enter_async_context(served(lambda request: holder[0].slack(request)))
        world = Outside(tmp_path, discord, slack)
        # The vendor is nobody's subject here: its address is a port where nobody listens.
        world.changes["providers"] = {
            "radarpulse": {"ws_url": "ws://127.0.0.1:1/v1/stream", "rest_url": "http://127.0.0.1:1/v1"}
        }
        holder.append(world)
        yield world


async def test_all_is_well(outside: Outside) -> None:
    seen = await outside.seen()
    assert seen["room"] == ["good: the bot can post in #flow"]
    assert seen["thread"] == ["good: the bot can post in #flow-thread"]
    assert seen["hook"] == ["good: the webhook is there: Whales"]
    assert seen["desk"] == ["good: the bot is in C0123ABCD"]
    assert seen["desk-hook"] == ["good: the webhook is there"]
    assert "good: in the server Traders, with 2 commands registered" in seen["discord"]
    assert any(invite("1000") in line for line in seen["discord"])
    assert any("Socket Mode" in line for line in seen["slack"])
    assert not any(line.startswith(("bad", "unreachable")) for lines in seen.values() for line in lines)


async def test_a_wrong_discord_token_hides_the_rest(outside: Outside) -> None:
    """One cause, one finding: not every channel again."""
    outside.discord.token = "another"
    seen = await outside.seen()
    assert len(seen["discord"]) == 1
    assert seen["discord"][0].startswith("bad: Discord refuses the bot token -> copy the token anew")
    assert "room" not in seen


async def test_a_server_that_the_bot_is_not_in(outside: Outside) -> None:
    outside.discord.guilds.remove(GUILD * 3)
    seen = await outside.seen()
    assert f"bad: the bot is not in the server {GUILD * 3} -> invite it: {invite('1000')}" in seen["discord"]


async def test_missing_permissions_are_named(outside: Outside) -> None:
    """The role may embed links; the channel takes that away again for the bot's role."""
    outside.discord.overwrites = [{"id": "70", "type": 0, "allow": "0", "deny": str(16384 + 32768)}]
    seen = await outside.seen()
    assert seen["room"][0].startswith("bad: in #flow the bot lacks Embed Links, Attach Files -> give the bot's role")
    assert seen["thread"][0].startswith("bad: in #flow-thread the bot lacks Embed Links, Attach Files")


async def test_a_channel_that_is_gone(outside: Outside) -> None:
    outside.changes["destinations"]["room"]["channel"] = "69999"
    seen = await outside.seen()
    assert seen["room"][0].startswith("bad: there is no such channel -> copy the channel's id again")


async def test_a_webhook_that_is_gone(outside: Outside) -> None:
    outside.discord.hooks.clear()
    outside.slack.hook_says = ("no_service", 404)
    seen = await outside.seen()
    assert seen["hook"][0].startswith("bad: the webhook is gone (404) -> make a new one")
    assert seen["desk-hook"][0].startswith("bad: the webhook takes no messages: no_service -> make a new one")


async def test_missing_scopes(outside: Outside) -> None:
    outside.slack.scopes = "chat:write"
    outside.changes["admin"] = {"slack_groups": ["S0ADMINS"]}
    seen = await outside.seen()
    lacking = [line for line in seen["slack"] if line.startswith("bad")]
    assert [re.findall(r"scope (\S+)", line)[0] for line in lacking] == ["commands", "im:write", "usergroups:read"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("not_in_channel", "bad: the bot is not in C0123ABCD -> say /invite @flowbot there"),
        ("channel_not_found", "bad: there is no channel C0123ABCD that it can see -> copy the id"),
        ("missing_scope", "doubt: whether it can post in C0123ABCD cannot be seen without channels:history -> flowbot"),
    ],
)
async def test_a_slack_channel(outside: Outside, error: str, told: str) -> None:
    outside.slack.error = error
    assert (await outside.seen())["desk"][0].startswith(told)


async def test_wrong_slack_tokens(outside: Outside) -> None:
    outside.changes["slack"]["bot_token"] = "xoxb-other"
    seen = await outside.seen()
    (refused,) = seen["slack"]
    assert refused.startswith("bad: Slack refuses the bot token: invalid_auth -> copy it anew: OAuth & Permissions")
    outside.changes["slack"] |= {"bot_token": SLACK_TOKEN, "app_token": "xapp-other"}
    seen = await outside.seen()
    assert any(line.startswith("bad: Socket Mode cannot be opened: invalid_auth") for line in seen["slack"])


async def test_a_clock_that_is_wrong(outside: Outside) -> None:
    """Discord's answer is of ten years ago by our clock; Slack's agrees with us, and one witness is enough."""
    outside.discord.date = "Sun, 06 Nov 2016 08:49:37 GMT"
    seen = await outside.seen()
    assert seen["clock"] == ["good: agrees with Slack's"]
    del outside.changes["slack"]
    outside.changes["destinations"] = {"room": {"type": "discord_channel", "channel": CHANNEL}}
    outside.changes["rules"] = [{"name": "whales", "when": {"premium": ">= 1M"}, "send_to": ["room"]}]
    seen = await outside.seen()
    assert re.fullmatch(r"bad: \d{9} s ahead of Discord's -> set this machine's clock by NTP.*", seen["clock"][0])


async def test_few_logins_are_left(outside: Outside) -> None:
    outside.discord.sessions_left = 3
    assert any("only 3 of today's logins are left" in line for line in (await outside.seen())["discord"])


async def test_nobody_answers(outside: Outside) -> None:
    """No network: said so, and told apart from what is wrong."""
    outside.changes["discord"]["api_url"] = "http://127.0.0.1:1/api/v10"
    seen = await outside.seen()
    assert seen["discord"][0].startswith("unreachable: cannot connect: ")


async def test_radarpulses_key_and_plan(tmp_path: Path) -> None:
    """The key is refused; then it is good, and its plan's limits are told."""
    async with FakeRadarPulse() as vendor:
        own = {"rest_url": vendor.rest_url, "ws_url": "ws://127.0.0.1:1/v1/stream", "mode": "poll"}
        found: list[Finding] = []
        for key, health in (("fake-other", "bad"), (radarpulse_rest.KEY, "good")):
            changed = {"providers": {"radarpulse": {**own, "api_key": key}}}
            found = [one for one in await examine(settings(tmp_path, changed)) if one.subject == "radarpulse"]
            assert found[0].health == health, found
        assert not any("stream" in one.what for one in found), "a polled feed has no stream to open"


async def test_radarpulses_stream_that_does_not_open(tmp_path: Path) -> None:
    changed = {"providers": {"radarpulse": {"ws_url": "ws://127.0.0.1:1/v1/stream"}}}
    (found,) = await examine(settings(tmp_path, changed))
    assert found.health == "bad"
    assert found.what.startswith("the stream does not open: ")


@pytest.mark.parametrize(
    ("tier", "mode", "health"), [("pro", "auto", "good"), ("free", "auto", "doubt"), ("free", "stream", "bad")]
)
async def test_optionwhales_plan(tmp_path: Path, tier: Any, mode: str, health: str) -> None:
    """Its stream takes one connection a key: it is not opened."""
    async with FakeOptionWhales(tier=tier) as vendor:
        own = {
            "type": "optionwhales", "api_key": optionwhales_rest.KEY, "rest_url": vendor.rest_url,
            "ws_url": "ws://127.0.0.1:1/v1/ws/abnormal-trades", "mode": mode,
        }  # fmt: skip
        found = await examine(settings(tmp_path, {"providers": {"radarpulse": None, "whales": own}}))
        assert [(one.subject, one.health) for one in found] == [("whales", "good"), ("whales", health)]


def role(role_id: str, bits: int) -> dict[str, str]:
    return {"id": role_id, "permissions": str(bits)}


def overwrite(target: str, *, allow: int = 0, deny: int = 0) -> dict[str, str]:
    return {"id": target, "allow": str(allow), "deny": str(deny)}


@pytest.mark.parametrize(
    ("roles", "overwrites", "granted"),
    [
        ([role("g", 1), role("r", 2), role("other", 4)], [], 3),  # everyone's and one's own, no other's
        ([role("g", 8)], [overwrite("g", deny=8)], ALL),  # an administrator is beyond overwrites
        ([role("g", 7)], [overwrite("g", deny=6, allow=16)], 17),
        ([role("g", 7)], [overwrite("g", deny=2), overwrite("r", allow=2)], 7),  # the role's word after everyone's
        ([role("g", 0), role("r", 1)], [overwrite("r", deny=1), overwrite("r2", allow=1)], 1),  # allow wins among roles
        ([role("g", 1)], [overwrite("r", allow=2), overwrite("u", deny=3)], 0),  # one's own word last
    ],
)
def test_permissions_as_discord_documents_them(
    roles: list[dict[str, str]], overwrites: list[dict[str, str]], granted: int
) -> None:
    member = {"user": {"id": "u"}, "roles": ["r", "r2"]}
    assert rights(roles, member, "g", overwrites) == granted


def test_threads_have_a_permission_of_their_own() -> None:
    assert lacking(int(EVERYTHING) - 2048, is_thread=True) == []
    assert lacking(int(EVERYTHING) - 2048, is_thread=False) == ["Send Messages"]


def test_how_it_is_told() -> None:
    """In columns, each remedy under its own, and what the exit code says."""
    findings = [Finding("clock", "good", "agrees"), Finding("desk", "bad", "not there", "invite it")]
    assert told(findings) == "✓ clock  agrees\n✗ desk   not there\n         → invite it\n\n1 of 2 need mending"
    assert worst(findings) == "bad"
    assert worst([Finding("discord", "unreachable", "x"), Finding("desk", "doubt", "y")]) == "unreachable"
    assert worst([Finding("desk", "doubt", "y")]) == "good"


def test_the_documents_name_the_same_invitation() -> None:
    """docs/discord.md shows the link that the doctor makes."""
    text = (Path(__file__).parents[2] / "docs" / "discord.md").read_text("utf-8")
    assert invite("YOUR_APPLICATION_ID") in text
