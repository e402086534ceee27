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


class Client:
    """Speaks to a fake as an obedient bot, or as a webhook."""

    def __init__(self, session: aiohttp.ClientSession, token: str) -> None:
        self._session = session
        self._headers = {"Authorization": token, "User-Agent": "DiscordBot (https://x.example, 1)"}

    async def __call__(self, method: str, url: str, body: object = None) -> tuple[int, Any, dict[str, str]]:
        async with self._session.request(method, url, headers=self._headers, json=body) as reply:
            return reply.status, await reply.json(content_type=None), dict(reply.headers)


async def test_any_five_seconds_hold_five_messages() -> None:
    """No window begins anew as a whole."""
    now = 100.0
    async with FakeDiscord(clock=lambda: now) as discord, aiohttp.ClientSession() as session:
        call = Client(session, f"Bot {discord.token}")
        url = f"{discord.api_url}/channels/{CHANNEL}/messages"
        await call("POST", url, {"content": "x"})
        now = 104.0
        for _ in range(4):
            await call("POST", url, {"content": "x"})
        now = 105.0
        assert (await call("POST", url, {"content": "x"}))[0] == 200
        status, body, headers = await call("POST", url, {"content": "x"})
        assert (status, body["retry_after"], headers["X-RateLimit-Reset-After"]) == (429, 4.0, "4.000")


async def test_discord_keeps_a_bucket_for_each_route() -> None:
    """Edits and looks do not use up what posts may."""
    async with FakeDiscord(clock=lambda: 100.0) as discord, aiohttp.ClientSession() as session:
        call = Client(session, f"Bot {discord.token}")
        url = f"{discord.api_url}/channels/{CHANNEL}/messages"
        _, message, posted = await call("POST", url, {"content": "x"})
        _, _, edited = await call("PATCH", f"{url}/{message['id']}", {"content": "y"})
        _, _, looked = await call("GET", url)
        assert len({headers["X-RateLimit-Bucket"] for headers in (posted, edited, looked)}) == 3
        assert {headers["X-RateLimit-Remaining"] for headers in (posted, edited, looked)} == {"4"}


async def test_webhooks_of_one_channel_share_thirty_a_minute() -> None:
    """Which no header shows."""
    now = 100.0
    async with FakeDiscord(clock=lambda: now) as discord, aiohttp.ClientSession() as session:
        call = Client(session, "")
        first, second = (f"{discord.webhook_url(id_)}?wait=true" for id_ in ("1", "2"))
        for index in range(30):
            now = 100.0 + index
            assert (await call("POST", first, {"content": "x"}))[0] == 200
        status, body, headers = await call("POST", second, {"content": "x"})
        assert (status, body["retry_after"], headers["X-RateLimit-Scope"]) == (429, 31.0, "shared")
        assert headers["X-RateLimit-Remaining"] == "5"


async def test_fifty_requests_a_second_are_all_a_bot_has() -> None:
    """Over all its channels; the answer says that it is global."""
    channels = [str(index) for index in range(1, 12)]
    async with FakeDiscord(channels=channels, clock=lambda: 100.0) as discord, aiohttp.ClientSession() as session:
        call = Client(session, f"Bot {discord.token}")
        urls = [f"{discord.api_url}/channels/{channel}/messages" for channel in channels]
        assert {(await call("POST", url, {"content": "x"}))[0] for url in urls[:10] for _ in range(5)} == {200}
        status, body, headers = await call("POST", urls[10], {"content": "x"})
        assert (status, body["global"], body["retry_after"]) == (429, True, 1.0)
        assert headers["X-RateLimit-Scope"] == "global"


async def test_discord_edits_and_shows_its_history() -> None:
    """Newest first, fifty unless told otherwise; what an edit does not name stays; what is deleted is gone."""
    async with FakeDiscord(is_limited=False) as discord, aiohttp.ClientSession() as session:
        call = Client(session, f"Bot {discord.token}")
        url = f"{discord.api_url}/channels/{CHANNEL}/messages"
        ids = [(await call("POST", url, {"content": str(n), "embeds": [EMBED]}))[1]["id"] for n in range(60)]
        assert [row["id"] for row in (await call("GET", url))[1]] == ids[:9:-1]
        assert [row["id"] for row in (await call("GET", f"{url}?limit=2&before={ids[10]}"))[1]] == [ids[9], ids[8]]
        assert (await call("GET", f"{url}?limit=101"))[0] == 400
        assert (await call("PATCH", f"{url}/{ids[0]}", {"content": "new"}))[1]["embeds"] == [{"type": "rich", **EMBED}]
        assert [body["content"] for _, body in discord.messages[0].states] == ["0", "new"]
        discord.delete(ids[0])
        assert (await call("PATCH", f"{url}/{ids[0]}", {"content": "newer"}))[1]["code"] == 10008
        assert len((await call("GET", f"{url}?limit=100"))[1]) == 59
        discord.history = "hidden"
        assert (await call("GET", url))[:2] == (200, [])
        discord.history = "refused"
        assert (await call("GET", url))[1]["code"] == 50001
        assert discord.unexpected == []
        await call("PATCH", f"{url}/{ids[1]}", {"nonce": "1"})
        assert discord.unexpected == ["undocumented message key nonce on PATCH"]


async def test_a_nonce_is_remembered_for_minutes() -> None:
    """Then the same message appears again. Whether the history shows it is open."""
    now = 100.0
    async with FakeDiscord(clock=lambda: now) as discord, aiohttp.ClientSession() as session:
        call = Client(session, f"Bot {discord.token}")
        url = f"{discord.api_url}/channels/{CHANNEL}/messages"
        body = {"content": "x", "nonce": "n1", "enforce_nonce": True}
        first, again = [(await call("POST", url, body))[1] for _ in range(2)]
        assert (first["id"], first["nonce"]) == (again["id"], "n1")
        assert "nonce" not in (await call("GET", url))[1][0]
        discord.shows_nonce = True
        assert (await call("GET", url))[1][0]["nonce"] == "n1"
        now = 500.0
        assert (await call("POST", url, body))[1]["id"] != first["id"]


@pytest.mark.parametrize(
    ("is_forum", "query", "body", "code"),
    [
        (True, "", {}, 220001),
        (True, "&thread_id=5", {"thread_name": "x"}, 220002),
        (False, "", {"thread_name": "x"}, 220003),
        (True, "", {"thread_name": "x" * 101}, 50035),
        (True, "", {"thread_name": "x"}, None),
        (True, "&thread_id=5", {}, None),
        (False, "&thread_id=5", {}, None),
    ],
)
async def test_a_forum_takes_messages_into_threads_only(
    query: str, body: dict[str, str], code: int | None, *, is_forum: bool
) -> None:
    """With Discord's own codes."""
    async with FakeDiscord() as discord, aiohttp.ClientSession() as session:
        url = f"{discord.webhook_url(is_forum=is_forum)}?wait=true{query}"
        _, answer, _ = await Client(session, "")("POST", url, {"content": "x", **body})
        assert answer.get("code") == code


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


async def test_slack_edits_and_shows_its_history() -> None:
    """An edit replaces what is read and keeps the metadata, which the history gives to those who ask."""
    async with FakeSlack(is_limited=False) as slack, aiohttp.ClientSession() as session:
        call = Client(session, f"Bearer {slack.token}")
        metadata = {"event_type": "x", "event_payload": {"n": 1}}
        post, update = f"{slack.api_url}chat.postMessage", f"{slack.api_url}chat.update"
        history = f"{slack.api_url}conversations.history?channel=C0123ABCD"
        message = {"channel": "C0123ABCD", "text": "x", "blocks": [header("x")], "metadata": metadata}
        stamps = [(await call("POST", post, message))[1]["ts"] for _ in range(3)]
        assert stamps == sorted(set(stamps))
        edit = {"channel": "C0123ABCD", "ts": stamps[0], "text": "y"}
        assert (await call("POST", update, edit))[1]["ok"]
        shown = (await call("GET", history))[1]["messages"]
        assert [row["ts"] for row in shown] == stamps[::-1]
        assert (shown[2]["text"], "blocks" in shown[2], "metadata" in shown[2]) == ("y", False, False)
        rest = f"{history}&include_all_metadata=true&oldest={stamps[0]}"
        assert [row["metadata"] for row in (await call("GET", rest))[1]["messages"]] == [metadata] * 2
        page = (await call("GET", f"{history}&limit=2"))[1]
        assert page["has_more"]
        cursor = page["response_metadata"]["next_cursor"]
        assert [row["ts"] for row in (await call("GET", f"{history}&limit=2&cursor={cursor}"))[1]["messages"]] == [
            stamps[0]
        ]
        slack.delete(stamps[0])
        assert (await call("POST", update, edit))[1] == {"ok": False, "error": "message_not_found"}
        slack.has_history_scope = False
        assert (await call("GET", history))[1]["error"] == "missing_scope"
        assert slack.unexpected == []
        await call("POST", update, {**edit, "unfurl_links": False})
        assert slack.unexpected == ["undocumented argument unfurl_links of chat.update"]


async def test_slack_lets_a_webhook_s_message_be() -> None:
    """The bot did not write it."""
    async with FakeSlack() as slack, aiohttp.ClientSession() as session:
        call = Client(session, f"Bearer {slack.token}")
        async with session.post(slack.webhook_url(), json={"text": "x"}):
            pass
        body = {"channel": "C0123ABCD", "ts": slack.messages[0].ts, "text": "y"}
        assert (await call("POST", f"{slack.api_url}chat.update", body))[1]["error"] == "cant_update_message"


async def test_slack_limits_a_method_as_a_whole() -> None:
    """Tier 3: fifty a minute."""
    async with FakeSlack(clock=lambda: 100.0) as slack, aiohttp.ClientSession() as session:
        call = Client(session, f"Bearer {slack.token}")
        url = f"{slack.api_url}conversations.history?channel=C0123ABCD"
        assert {(await call("GET", url))[0] for _ in range(50)} == {200}
        status, body, headers = await call("GET", url)
        assert (status, body["error"], headers["Retry-After"]) == (429, "ratelimited", "60")
