"""The Slack fakes themselves: they keep Slack's rules, and complain about what no document describes."""

from typing import Any

import aiohttp
import pytest

from tests.fakes.slack_message import check_message, elements
from tests.fakes.slack_socket import FakeSlack as Socket
from tests.fakes.slack_web import FakeSlack as Web


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def button(number: int = 0, text: str = "Why?", value: str = "v", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": f"b{number}", "text": plain(text), "value": value, **more}


def menu(options: list[tuple[str, str]], placeholder: str = "Choose", **more: Any) -> dict[str, Any]:
    shown = [{"text": plain(text), "value": value} for text, value in options]
    return {"type": "static_select", "action_id": "m", "placeholder": plain(placeholder), "options": shown, **more}


def confirm(**changes: Any) -> dict[str, Any]:
    return {"title": plain("t"), "text": plain("x"), "confirm": plain("y"), "deny": plain("n"), **changes}


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([button(number) for number in range(25)], ""),
        ([button(number) for number in range(26)], "invalid_blocks"),
        ([], "invalid_blocks"),
        ([button(), button()], "invalid_blocks"),  # one action_id twice
        ([button(text="x" * 75)], ""),
        ([button(text="x" * 76)], "invalid_blocks"),
        ([button(text="")], "invalid_blocks"),
        ([button(value="x" * 2000)], ""),
        ([button(value="x" * 2001)], "invalid_blocks"),
        ([button(style="danger", confirm=confirm(style="danger"))], ""),
        ([button(style="warning")], "invalid_blocks"),
        ([button(confirm=confirm(title=plain("x" * 101)))], "invalid_blocks"),
        ([button(confirm=confirm(text=plain("x" * 301)))], "invalid_blocks"),
        ([button(confirm=confirm(deny=plain("x" * 31)))], "invalid_blocks"),
        ([menu([("a", "1"), ("b", "2")])], ""),
        ([menu([(str(n), str(n)) for n in range(101)])], "invalid_blocks"),
        ([menu([])], "invalid_blocks"),
        ([menu([("a", "1"), ("b", "1")])], "invalid_blocks"),
        ([menu([("x" * 76, "1")])], "invalid_blocks"),
        ([menu([("a", "x" * 150)])], ""),
        ([menu([("a", "x" * 151)])], "invalid_blocks"),
        ([menu([("a", "1")], placeholder="x" * 151)], "invalid_blocks"),
        ([{"type": "checkboxes"}], "invalid_blocks"),
    ],
)
def test_what_can_be_pressed(parts: list[dict[str, Any]], error: str) -> None:
    """Block elements within their documented limits, in the message or in an attachment of it."""
    blocks = [{"type": "actions", "elements": parts}]
    assert check_message({"text": "x", "blocks": blocks}) == error
    body = {"text": "x", "attachments": [{"color": "#2e9e5b", "fallback": "x", "blocks": blocks}]}
    assert check_message(body) == error
    assert elements(body) == parts


@pytest.mark.parametrize("attachment", [{"color": "green", "blocks": [{"type": "divider"}]}, {"blocks": []}, {}])
def test_attachments(attachment: dict[str, Any]) -> None:
    """A colour and blocks; an empty one shows nothing."""
    assert check_message({"text": "x", "attachments": [attachment]}) == "invalid_attachments"


async def test_a_response_url_takes_five_answers() -> None:
    """And says so of the sixth."""
    slack = Socket()
    slack.problems = []
    async with slack, aiohttp.ClientSession() as session:
        opened = await _opened(slack, session)
        asked = await slack.ask("top")
        url = (await opened.receive_json(timeout=5))["payload"]["response_url"]
        statuses = [await _post(session, url, {"text": "x"}) for _ in range(6)]
        await opened.close()
        assert statuses == [200] * 5 + [404]
        assert len(asked.replies) == 5
        assert slack.problems == ["a response URL used up, or never given"]
        slack.problems.clear()


async def _opened(slack: Socket, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    headers = {"Authorization": f"Bearer {slack.app_token}"}
    async with session.post(f"{slack.api_url}apps.connections.open", headers=headers) as reply:
        socket = await session.ws_connect((await reply.json())["url"])
    assert (await socket.receive_json(timeout=5))["type"] == "hello"
    return socket


async def _post(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> int:
    async with session.post(url, json=body) as reply:
        return reply.status


async def test_a_command_has_nothing_to_replace() -> None:
    """Only a press comes from a message."""
    slack = Socket()
    async with slack, aiohttp.ClientSession() as session:
        opened = await _opened(slack, session)
        await slack.ask("top")
        url = (await opened.receive_json(timeout=5))["payload"]["response_url"]
        await _post(session, url, {"text": "x", "replace_original": True})
        await opened.close()
        assert slack.problems == ["a command has no message to replace"]
        slack.problems.clear()


async def test_people_on_the_web_api() -> None:
    """A conversation is the same whenever it is opened; a group's members are told to whom may know."""
    async with Web(is_limited=False) as slack, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {slack.token}"}

        async def open_im(user: str) -> dict[str, Any]:
            url = f"{slack.api_url}conversations.open"
            async with session.post(url, json={"users": user}, headers=headers) as reply:
                said: dict[str, Any] = await reply.json()
                return said

        async def group(name: str) -> dict[str, Any]:
            url = f"{slack.api_url}usergroups.users.list?usergroup={name}"
            async with session.get(url, headers=headers) as reply:
                said: dict[str, Any] = await reply.json()
                return said

        slack.closed["U9"] = "user_disabled"
        slack.groups["S1"] = ["U1"]
        first, second = await open_im("U1"), await open_im("U1")
        assert first == second == {"ok": True, "channel": {"id": "D1"}}
        assert (await open_im("U9"))["error"] == "user_disabled"
        assert (await open_im("everyone"))["error"] == "user_not_found"
        assert (await group("S1"))["users"] == ["U1"]
        assert (await group("S2"))["error"] == "no_such_subteam"
        slack.has_groups_scope = False
        assert (await group("S1"))["error"] == "missing_scope"
        assert slack.unexpected == []
