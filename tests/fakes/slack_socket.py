"""A Slack for slash commands over real sockets: apps.connections.open, Socket Mode, and response URLs.

Behaves as Slack's documents say ("Using Socket Mode", "Slash commands", apps.connections.open; 2026-11), answers
nothing else, and fails the test that asked for it.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import WSMsgType, web

APP_TOKEN = "xapp-fake"


@dataclass
class Asked:
    """One slash command: the app's acknowledgements, and its answers to the response URL."""

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
        self._tickets: set[str] = set()
        self._asked: dict[str, Asked] = {}
        self._next_id = 1
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/apps.connections.open", self._open)
        app.router.add_get("/link/", self._link)
        app.router.add_post("/commands/T1/{id}", self._response_url)
        app.router.add_route("*", "/{rest:.*}", self._undocumented)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
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
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(condition)

    async def ask(self, text: str, *, socket: int = -1, response_url: str | None = None) -> Asked:
        """A member writes `/flow text`; one of the app's connections gets it."""
        payload = {
            "token": "old", "team_id": "T1", "team_domain": "desk", "channel_id": "C1", "channel_name": "flow",
            "user_id": "U1", "user_name": "trader", "command": "/flow", "text": text, "api_app_id": "A1",
            "is_enterprise_install": "false", "trigger_id": "1.2.3",
            "response_url": response_url or f"http://{self._host}/commands/T1/{self._next_id}",
        }  # fmt: skip
        return await self.envelope("slash_commands", payload, socket=socket)

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
        if asked is None or len(asked.replies) == 5:
            self.problems.append("a response URL used up, or never given")
            return web.Response(status=404, text="used_url")
        body = await request.json()
        self._check(body)
        asked.replies.append(body)
        if not asked.reply.done():
            asked.reply.set_result(body)
        return web.Response(text="ok")

    def _check(self, body: Mapping[str, Any]) -> None:
        if body.get("response_type") not in ("ephemeral", "in_channel") or not 1 <= len(body["text"]) <= 4000:
            self.problems.append("a message without its type or text")
        blocks = [block for attachment in body.get("attachments", ()) for block in attachment.get("blocks", ())]
        texts = [block["text"] for block in blocks]
        if len(blocks) > 50 or any(block["type"] != "section" for block in blocks):
            self.problems.append("blocks")
        if any(text["type"] not in ("mrkdwn", "plain_text") or not 1 <= len(text["text"]) <= 3000 for text in texts):
            self.problems.append("a section out of its limits")
        if len(json.dumps(body)) > 60_000 or sum(len(text["text"]) for text in texts) > 13_200:
            self.problems.append("msg_blocks_too_long")
