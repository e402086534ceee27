"""A Slack for commands and presses over real sockets: apps.connections.open, Socket Mode, response URLs, user groups.

Behaves as Slack's documents say ("Using Socket Mode", "Slash commands", "Handling user interaction",
apps.connections.open; 2026-11), answers nothing else, and fails the test that asked for it.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.fakes.slack_message import check_message, elements
from tests.fakes.slack_uploads import Uploads

APP_TOKEN = "xapp-fake"
BOT_TOKEN = "xoxb-fake"
MOST_ANSWERS = 5
"""To one response URL, within thirty minutes."""


@dataclass
class Asked:
    """One command or press: the app's acknowledgements, and its answers to the response URL."""

    envelope: dict[str, Any]
    ack: asyncio.Future[dict[str, Any]]
    reply: asyncio.Future[dict[str, Any]]
    acks: int = 0
    replies: list[dict[str, Any]] = field(default_factory=list)


class FakeSlack:
    """`async with FakeSlack() as slack:`; leaving it fails if anything undocumented was asked."""

    def __init__(self) -> None:
        self.app_token = APP_TOKEN
        self.problems: list[str] = []
        self.opens = 0
        self.errors: deque[tuple[int, Mapping[str, Any] | str]] = deque()
        """Answers to the next calls of apps.connections.open: a status, and a body or plain text."""
        self.says_hello = True
        self.sockets: list[web.WebSocketResponse] = []
        self.groups: dict[str, list[str]] = {}
        """User groups and their members."""
        self.group_error = ""
        """Slack's word for why it tells nobody who is in a group."""
        self.group_looks = 0
        self.members_of = {"C1"}
        """Channels with the bot in them."""
        self.uploads = Uploads(lambda: f"http://{self._host}", BOT_TOKEN, self.problems, self._is_member)
        self._tickets: set[str] = set()
        self._asked: dict[str, Asked] = {}
        self._next_id = 1
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/apps.connections.open", self._open)
        app.router.add_get("/link/", self._link)
        app.router.add_post("/{kind:commands|actions}/T1/{id}", self._response_url)
        app.router.add_get("/api/usergroups.users.list", self._group, allow_head=False)
        app.router.add_routes(self.uploads.routes())
        app.router.add_route("*", "/{rest:.*}", self._undocumented)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._host = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        for socket in tuple(self.sockets):
            await socket.close()
        await self._runner.cleanup()
        if kind is None:
            assert not self.problems, self.problems

    @property
    def api_url(self) -> str:
        return f"http://{self._host}/api/"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on this fake holds; it is asked again whenever something happened."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(condition)

    async def ask(
        self,
        text: str,
        *,
        command: str = "/flow",
        user: str = "U1",
        channel: str = "C1",
        socket: int = -1,
        response_url: str | None = None,
    ) -> Asked:
        """A member writes `/flow text`; one of the app's connections gets it."""
        payload = {
            "token": "old", "team_id": "T1", "team_domain": "desk", "channel_id": channel, "channel_name": "flow",
            "user_id": user, "user_name": "trader", "command": command, "text": _escaped(text), "api_app_id": "A1",
            "is_enterprise_install": "false", "trigger_id": "1.2.3",
            "response_url": response_url or self._new_url("commands"),
        }  # fmt: skip
        return await self.envelope("slash_commands", payload, socket=socket)

    async def press(
        self,
        message: Mapping[str, Any],
        value: str,
        *,
        user: str = "U1",
        channel: str = "C1",
        is_ephemeral: bool = False,
        socket: int = -1,
    ) -> Asked:
        """A member presses what has this value on a message that the app sent, or chooses it from a menu."""
        pressed = [one for element in elements(dict(message)) if (one := _action(element, value))]
        assert len(pressed) == 1, f"{len(pressed)} things to press say {value!r}"
        container = {"type": "message_attachment", "message_ts": "1700000000.000100", "attachment_id": 1}
        payload: dict[str, Any] = {
            "type": "block_actions", "api_app_id": "A1", "token": "old", "trigger_id": "1.2.3", "enterprise": None,
            "user": {"id": user, "username": "trader", "name": "trader", "team_id": "T1"},
            "team": {"id": "T1", "domain": "desk"}, "channel": {"id": channel, "name": "flow"},
            "container": {**container, "channel_id": channel, "is_ephemeral": is_ephemeral, "is_app_unfurl": False},
            # Of an ephemeral message Slack sends no `message`.
            **({} if is_ephemeral else {"message": {"type": "message", "ts": "1700000000.000100", **message}}),
            "state": {"values": {}}, "is_enterprise_install": False, "response_url": self._new_url("actions"),
            "actions": pressed,
        }  # fmt: skip
        return await self.envelope("interactive", payload, socket=socket)

    def _new_url(self, kind: str) -> str:
        return f"http://{self._host}/{kind}/T1/{self._next_id}"

    async def envelope(self, kind: str, payload: Mapping[str, Any], *, socket: int = -1) -> Asked:
        """Anything that the app must acknowledge: `slash_commands`, `events_api`, `interactive`."""
        number = str(self._next_id)
        self._next_id += 1
        loop = asyncio.get_running_loop()
        envelope = {"envelope_id": number, "type": kind, "payload": payload, "accepts_response_payload": True}
        asked = Asked(envelope, loop.create_future(), loop.create_future())
        self._asked[number] = asked
        await self.again(asked, socket=socket)
        return asked

    async def again(self, asked: Asked, *, socket: int = -1) -> None:
        """Send an envelope (once more), as Slack does when it saw no acknowledgement."""
        await self.sockets[socket].send_str(json.dumps(asked.envelope))

    async def disconnect(self, reason: str, *, socket: int = -1) -> None:
        """Announce the end of a connection; `warning` and `refresh_requested` leave it open for a while."""
        message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "fake"}}
        await self.sockets[socket].send_str(json.dumps(message))

    async def tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _undocumented(self, request: web.Request) -> web.Response:
        self.problems.append(f"{request.method} {request.path}")
        return web.json_response({"ok": False, "error": "unknown_method"}, status=404)

    async def _open(self, request: web.Request) -> web.Response:
        self.opens += 1
        await self.tell()
        if request.query_string or "token" in await request.post():
            self.problems.append("the token belongs in the Authorization header")
        if self.errors:
            status, body = self.errors.popleft()
            headers = {"Retry-After": "30"} if status == 429 else {}
            if isinstance(body, str):
                return web.Response(text=body, status=status, headers=headers, content_type="text/html")
            return web.json_response(body, status=status, headers=headers)
        if request.headers.get("Authorization") != f"Bearer {self.app_token}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        ticket = f"ticket{self.opens}"
        self._tickets.add(ticket)
        return web.json_response({"ok": True, "url": f"ws://{self._host}/link/?ticket={ticket}&app_id=A1"})

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            self.problems.append("a ticket used twice, or never given")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        if self.says_hello:
            hello = {"type": "hello", "num_connections": len(self.sockets), "connection_info": {"app_id": "A1"}}
            await socket.send_str(json.dumps(hello | {"debug_info": {"host": "fake", "started": "now"}}))
        await self.tell()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledged(json.loads(message.data))
        finally:
            self.sockets.remove(socket)
            await self.tell()
        return socket

    def _acknowledged(self, message: dict[str, Any]) -> None:
        asked = self._asked.get(str(message.get("envelope_id")))
        if asked is None or set(message) - {"envelope_id", "payload"}:
            self.problems.append(f"no acknowledgement: {message}")
            return
        asked.acks += 1
        if not asked.ack.done():
            asked.ack.set_result(message)

    async def _response_url(self, request: web.Request) -> web.Response:
        asked = self._asked.get(request.match_info["id"])
        if asked is None or len(asked.replies) == MOST_ANSWERS:
            self.problems.append("a response URL used up, or never given")
            return web.Response(status=404, text="used_url")
        body = await request.json()
        self._check(body, is_press=request.match_info["kind"] == "actions")
        asked.replies.append(body)
        if not asked.reply.done():
            asked.reply.set_result(body)
        return web.Response(text="ok")

    def _check(self, body: dict[str, Any], *, is_press: bool) -> None:
        known = {"text", "blocks", "attachments", "response_type", "replace_original", "delete_original"}
        if error := check_message(body) or ("invalid_arguments" if body.keys() - known else ""):
            self.problems.append(f"{error}: {body}")
        if body.get("response_type", "ephemeral") not in ("ephemeral", "in_channel") or not body.get("text"):
            self.problems.append("a message without its text, or for nobody")
        if "replace_original" in body and not is_press:
            self.problems.append("a command has no message to replace")

    async def _group(self, request: web.Request) -> web.Response:
        self.group_looks += 1
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if self.group_error:
            return web.json_response({"ok": False, "error": self.group_error, "needed": "usergroups:read"})
        users = self.groups.get(request.query["usergroup"])
        known = {"ok": True, "users": users}
        return web.json_response(known if users is not None else {"ok": False, "error": "no_such_subteam"})

    def _is_member(self, channel: str) -> bool:
        return channel in self.members_of


def _action(element: dict[str, Any], value: str) -> dict[str, Any] | None:
    """The action of a press on `element`, if that is where the value is."""
    about = {"type": element["type"], "action_id": element["action_id"], "block_id": "Xy1", "action_ts": "1700000001.2"}
    if element["type"] == "button":
        return {**about, "text": element["text"], "value": value} if element["value"] == value else None
    chosen = next((option for option in element["options"] if option["value"] == value), None)
    return None if chosen is None else {**about, "selected_option": chosen}


def _escaped(text: str) -> str:
    """In a command's text Slack escapes what it escapes in messages."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
