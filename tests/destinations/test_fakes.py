"""The fakes themselves: they keep the platforms' rules, and complain about what no document describes."""

from typing import Any

import aiohttp
import pytest

from tests.fakes.discord_rest import FakeDiscord, check_message, pings
from tests.fakes.slack_web import FakeSlack
from tests.fakes.slack_web import check_message as check_slack
from tests.fakes.slack_web import pings as slack_pings

CHANNEL = "1122334455667788"
EMBED = {"title": "x"}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"embeds": [EMBED] * 11}, "embeds"),
        ({"embeds": [{"title": "x" * 257}]}, "title"),
        ({"embeds": [{"title": "😀" * 129}]}, "title"),
        ({"embeds": [{"description": "x" * 4097}]}, "description"),
        ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "footer"),
        ({"embeds": [{"fields": [{"name": "n", "value": "x" * 1025}]}]}, "value"),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "fields"),
        ({"embeds": [{"description": "x" * 3001}] * 2}, "embeds"),
        ({"embeds": [{"color": 1}]}, "description"),
        ({"embeds": [{**EMBED, "color": 0x1000000}]}, "color"),
        ({"embeds": [{**EMBED, "url": "x" * 2049}]}, "url"),
        ({"content": "x" * 2001}, "content"),
        ({"content": "x", "nonce": "x" * 26}, "nonce"),
        ({"content": "x", "allowed_mentions": {"parse": ["here"]}}, "allowed_mentions"),
        ({"content": "x", "allowed_mentions": {"roles": [1]}}, "allowed_mentions"),
        ({"content": "x", "allowed_mentions": {"parse": ["roles"], "roles": ["1"]}}, "allowed_mentions"),
    ],
)
def test_discord_refuses_what_breaks_a_limit(body: dict[str, Any], path: str) -> None:
    """With the path of what is wrong."""
    assert path in str(check_message(body))


def test_discord_wakes_only_whom_the_content_names_and_the_message_allows() -> None:
    """Everyone by default, which is why `allowed_mentions` is always sent."""
    content = "@everyone <@&1> <@2>"
    assert pings({"content": content}) == {"everyone", "role:1", "user:2"}
    assert pings({"content": content, "allowed_mentions": {"parse": [], "roles": ["1"]}}) == {"role:1"}
    assert pings({"embeds": [{"title": content}]}) == frozenset()


async def test_discord_limits_a_channel_as_its_headers_say() -> None:
    """Five in five seconds; then 429 until the window ends, on whatever clock."""
    now = 100.0
    async with FakeDiscord(clock=lambda: now) as discord, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {discord.token}", "User-Agent": "DiscordBot (https://x.example, 1)"}
        url = f"{discord.api_url}/channels/{CHANNEL}/messages"

        async def post() -> tuple[int, dict[str, Any], str]:
            async with session.post(url, json={"content": "x"}, headers=headers) as reply:
                return reply.status, await reply.json(), reply.headers["X-RateLimit-Remaining"]

        assert [(await post())[2] for _ in range(5)] == ["4", "3", "2", "1", "0"]
        now = 101.0
        assert await post() == (
            429,
            {"message": "You are being rate limited.", "retry_after": 4.0, "global": False},
            "0",
        )
        now = 105.0
        assert (await post())[0] == 200
        assert discord.unexpected == []


async def test_discord_complains_about_the_undocumented() -> None:
    """An unknown route, key or client name is recorded, for the test to find."""
    async with FakeDiscord() as discord, aiohttp.ClientSession() as session:
        async with session.get(f"{discord.api_url}/nothing") as reply:
            assert reply.status == 404
        async with session.post(discord.webhook_url(), json={"content": "x", "nonce": "1"}) as reply:
            assert reply.status == 204  # without wait=true nothing is told
        assert len(discord.unexpected) == 3


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("channels/1/messages", 404, 10003), ("webhooks/1/x", 404, 10015), ("webhooks/9000/x", 401, 50027)],
)
async def test_discord_refuses_the_unknown(path: str, status: int, code: int) -> None:
    """With Discord's own codes."""
    async with FakeDiscord() as discord, aiohttp.ClientSession() as session:
        discord.webhook_url("9000")
        headers = {"Authorization": f"Bot {discord.token}"}
        async with session.post(f"{discord.api_url}/{path}", json={"content": "x"}, headers=headers) as reply:
            assert (reply.status, (await reply.json())["code"]) == (status, code)


def header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "no_text"),
        ({"text": "x" * 4001}, "msg_too_long"),
        ({"blocks": [header("x" * 151)]}, "invalid_blocks"),
        ({"blocks": [header("")]}, "invalid_blocks"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [section("x" * 2900)] * 5}, "msg_blocks_too_long"),
        ({"text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"text": "x", "blocks": [header("x"), section("y"), {"type": "divider"}]}, ""),
    ],
)
def test_slack_refuses_what_breaks_a_limit(body: dict[str, Any], error: str) -> None:
    """With Slack's own words."""
    assert check_slack(body) == error


def test_slack_wakes_whom_markup_names() -> None:
    """In the text and in mrkdwn, not in plain_text, and not where it is escaped."""
    body = {"text": "<!channel> <@U1|x> &lt;!here&gt;", "blocks": [header("<!everyone>"), section("<!subteam^S1>")]}
    assert slack_pings(body) == {"!channel", "@U1", "!subteam^S1"}


async def test_slack_limits_a_channel() -> None:
    """One a second after a short burst, on whatever clock."""
    now = 100.0
    async with FakeSlack(clock=lambda: now, burst=2) as slack, aiohttp.ClientSession() as session:

        async def post() -> tuple[int, str | None, str]:
            async with session.post(slack.webhook_url(), json={"text": "x"}) as reply:
                return reply.status, reply.headers.get("Retry-After"), await reply.text()

        assert [await post() for _ in range(3)] == [(200, None, "ok")] * 2 + [(429, "1", "rate_limited")]
        now = 101.0
        assert await post() == (200, None, "ok")


@pytest.mark.parametrize(
    ("headers", "channel", "error"),
    [
        ({}, "C0123ABCD", "not_authed"),
        ({"Authorization": "Bearer x"}, "C0123ABCD", "invalid_auth"),
        (None, "C9", "channel_not_found"),
    ],
)
async def test_slack_says_no_with_http_200(headers: dict[str, str] | None, channel: str, error: str) -> None:
    """Its usual failure."""
    async with FakeSlack() as slack, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {slack.token}"} if headers is None else headers
        url = f"{slack.api_url}chat.postMessage"
        async with session.post(url, json={"channel": channel, "text": "x"}, headers=headers) as reply:
            assert (reply.status, await reply.json()) == (200, {"ok": False, "error": error})
