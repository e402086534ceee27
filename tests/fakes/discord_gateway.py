"""A Discord for slash commands over real sockets: the REST paths of login, commands and interactions, and a gateway.

Behaves as Discord's developer documents say (Gateway, Application Commands, Interactions; 2026-11), answers nothing
else, and fails the test that asked for it.
"""

import asyncio
import itertools
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import WSMsgType, web

TOKEN = "fake-bot-token"
APP_ID = 1000
PRIVILEGED = (1 << 1) | (1 << 8) | (1 << 15)
"""GUILD_MEMBERS, GUILD_PRESENCES, MESSAGE_CONTENT."""
ACK_WITHIN_S = 3.0
_COMMAND_NAME = re.compile(r"[-_'a-z0-9]{1,32}")
_USER = {"id": "1000", "username": "flowbot", "discriminator": "0", "global_name": None, "avatar": None, "bot": True}
_CODES = {401: 0, 404: 10062, 400: 50035, 503: 0}


@dataclass
class Asked:
    """One interaction: what the bot did with it, each step once."""

    id: str
    token: str
    at: float
    ack: asyncio.Future[dict[str, Any]]
    reply: asyncio.Future[dict[str, Any]]


@dataclass
class _Session:
    id: str
    seq: int = 0


class _Connection:
    """One client on the gateway; frames go out as zlib-stream when it asked for that."""

    def __init__(self, socket: web.WebSocketResponse, *, is_compressed: bool) -> None:
        self.socket = socket
        self.session: _Session | None = None
        self._deflate = zlib.compressobj() if is_compressed else None

    async def send(self, op: int, data: Any, event: str | None = None) -> None:
        seq = None
        if event and self.session:
            seq = self.session.seq = self.session.seq + 1
        text = json.dumps({"op": op, "d": data, "s": seq, "t": event})
        if self._deflate is None:
            await self.socket.send_str(text)
        else:
            await self.socket.send_bytes(self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH))

    async def dispatch(self, event: str, data: Any) -> None:
        await self.send(0, data, event)


class FakeDiscord:
    """`async with FakeDiscord() as discord:`; leaving it fails if anything undocumented was asked."""

    def __init__(self) -> None:
        self.token = TOKEN
        self.problems: list[str] = []
        self.commands: list[dict[str, Any]] = []
        self.registrations = 0
        self.logins = 0
        self.unauthorised = 0
        self.identifies = 0
        self.resumes = 0
        self.sessions_left = 1000
        self.failures: dict[str, deque[int]] = {}
        """Path -> statuses with which to answer the next requests to it."""
        self.close_on_connect: deque[int] = deque()
        """Close codes for the next gateway connections, before HELLO."""
        self.close_on_identify: deque[int] = deque()
        self.close_on_resume: deque[int] = deque()
        self.forgets_sessions = False
        """RESUME is answered with Invalid Session."""
        self._sessions: dict[str, _Session] = {}
        self._asked: dict[str, Asked] = {}
        self._ids = itertools.count(1)
        self._open: list[_Connection] = []
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        app = web.Application()
        routes: list[tuple[str, str, Any]] = [
            ("GET", "/api/v10/users/@me", self._me),
            ("GET", "/api/v10/oauth2/applications/@me", self._application),
            ("GET", "/api/v10/gateway/bot", self._gateway_bot),
            ("GET", f"/api/v10/applications/{APP_ID}/commands", self._list),
            ("PUT", f"/api/v10/applications/{APP_ID}/commands", self._overwrite),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, self._guarded(handler))
        app.router.add_post("/api/v10/interactions/{id}/{token}/callback", self._callback)
        app.router.add_post(f"/api/v10/webhooks/{APP_ID}/{{token}}", self._follow_up)
        app.router.add_get("/gateway/", self._gateway)
        app.router.add_route("*", "/{rest:.*}", self._undocumented)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        for connection in self._open:
            await connection.socket.close()
        await self._runner.cleanup()
        if kind is None:
            assert not self.problems, self.problems

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/api/v10"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on this fake holds; it is asked again whenever something happened."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(condition)

    @property
    def live(self) -> int:
        """Connections with a session."""
        return sum(connection.session is not None for connection in self._open)

    async def drop(self, code: int) -> None:
        """Close every gateway connection with `code`."""
        for connection in tuple(self._open):
            await connection.socket.close(code=code)

    async def send_op(self, op: int, data: Any = None) -> None:
        """7 = Reconnect, 9 = Invalid Session."""
        for connection in tuple(self._open):
            await connection.send(op, data)

    async def ask(self, sub: str | None, /, **options: Any) -> Asked:
        """A member uses `/flow sub`; the gateway tells the bot."""
        types = {str: 3, int: 4, float: 10}
        given = [{"name": name, "type": types[type(value)], "value": value} for name, value in options.items()]
        return await self.interaction(
            {
                "id": "77",
                "name": "flow",
                "type": 1,
                "options": [{"name": sub, "type": 1, "options": given}] if sub else [],
            }
        )

    async def interaction(self, data: Mapping[str, Any]) -> Asked:
        number = next(self._ids)
        loop = asyncio.get_running_loop()
        asked = Asked(str(9000 + number), f"itoken{number}", loop.time(), loop.create_future(), loop.create_future())
        self._asked[asked.token] = asked
        payload = {
            "id": asked.id, "application_id": str(APP_ID), "type": 2, "token": asked.token, "version": 1,
            "guild_id": "50", "channel": _CHANNEL, "channel_id": "60",
            "member": {"user": {**_USER, "id": "5", "username": "trader", "bot": False}, "roles": [], "flags": 0,
                       "joined_at": "2024-01-01T00:00:00+00:00", "deaf": False, "mute": False, "permissions": "0"},
            "app_permissions": "0", "locale": "en-US", "guild_locale": "en-US", "entitlements": [],
            "authorizing_integration_owners": {"0": "50"}, "context": 0, "attachment_size_limit": 10485760,
            "data": dict(data),
        }  # fmt: skip
        await self._open[-1].dispatch("INTERACTION_CREATE", payload)
        return asked

    # --- REST ------------------------------------------------------------------------------------------------

    def _guarded(self, handler: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") != f"Bot {self.token}":
                self.unauthorised += 1
                return await self._error(401)
            if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
                self.problems.append(f"User-Agent of {request.path}")
            waiting = self.failures.get(request.path.removeprefix("/api/v10"))
            if waiting:
                return await self._error(waiting.popleft())
            response: web.Response = await handler(request)
            await self._tell()
            return response

        return handle

    async def _error(self, status: int) -> web.Response:
        await self._tell()
        headers = {"Retry-After": "7"} if status == 429 else {}
        body = {"message": f"{status}: fake", "code": _CODES.get(status, 0)} | ({"retry_after": 7.0} if headers else {})
        return _json(body, status=status, headers=headers)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _undocumented(self, request: web.Request) -> web.Response:
        self.problems.append(f"{request.method} {request.path}")
        return await self._error(404)

    async def _me(self, _: web.Request) -> web.Response:
        self.logins += 1
        return _json({**_USER, "verified": True, "mfa_enabled": False, "locale": "en-US", "flags": 0})

    async def _application(self, _: web.Request) -> web.Response:
        return _json(
            {
                "id": str(APP_ID), "name": "flowbot", "icon": None, "description": "", "bot_public": False,
                "bot_require_code_grant": False, "owner": {**_USER, "id": "5", "bot": False}, "team": None,
                "verify_key": "00", "flags": 0, "summary": "", "install_params": None,
            }
        )  # fmt: skip

    async def _gateway_bot(self, _: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": self.sessions_left, "reset_after": 3_600_000, "max_concurrency": 1}
        return _json({"url": f"ws://127.0.0.1:{self._port}/gateway/", "shards": 1, "session_start_limit": limit})

    async def _list(self, _: web.Request) -> web.Response:
        return _json(self.commands)

    async def _overwrite(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        self.registrations += 1
        for command in wanted:
            self._check_command(command)
        self.commands = [
            {
                **_as_stored(command), "id": str(200 + index), "application_id": str(APP_ID), "version": "1",
                "default_member_permissions": None, "dm_permission": True, "contexts": None,
                "integration_types": [0], "nsfw": False,
            }
            for index, command in enumerate(wanted)
        ]  # fmt: skip
        return _json(self.commands)

    def _check_command(self, command: Mapping[str, Any], depth: int = 0) -> None:
        name, about, options = command["name"], command["description"], command.get("options", [])
        optional_seen = False
        for option in options:
            if option.get("required") and optional_seen:
                self.problems.append(f"{name}: required options come first")
            optional_seen = optional_seen or not option.get("required")
            if option["type"] not in {1, 3, 4, 10} or (depth and option["type"] == 1):
                self.problems.append(f"{name}: option type {option['type']}")
            self._check_command(option, depth + 1)
        if not _COMMAND_NAME.fullmatch(name) or not 1 <= len(about) <= 100 or len(options) > 25:
            self.problems.append(f"command {name}: {about}")
        if len(command.get("choices", [])) > 25 or len(json.dumps(command)) > 8000:
            self.problems.append(f"{name}: too big")

    async def _callback(self, request: web.Request) -> web.Response:
        asked = self._asked.get(request.match_info["token"])
        body = await request.json()
        late = asked is not None and asyncio.get_running_loop().time() - asked.at > ACK_WITHIN_S
        if asked is None or asked.id != request.match_info["id"] or late:
            self.problems.append("unknown or late interaction")
            return await self._error(404)
        if asked.ack.done():
            self.problems.append("acknowledged twice")
            return await self._error(400)
        if body.get("type") != 5:
            self.problems.append(f"callback type {body.get('type')}")
        asked.ack.set_result(body)
        if request.query.get("with_response") not in ("1", "true"):
            return web.Response(status=204)
        return _json(
            {
                "interaction": {
                    "id": asked.id, "type": 2, "response_message_id": "1", "response_message_loading": True,
                    "response_message_ephemeral": bool(body.get("data", {}).get("flags", 0) & 64),
                },
                "resource": {"type": 5},
            }
        )  # fmt: skip

    async def _follow_up(self, request: web.Request) -> web.Response:
        asked = self._asked.get(request.match_info["token"])
        body = await request.json()
        if asked is None or not asked.ack.done():
            self.problems.append("a follow-up before the acknowledgement")
            return await self._error(404)
        self._check_message(body)
        asked.reply.set_result(body)
        return _json(
            {
                "id": str(next(self._ids)), "type": 20, "channel_id": "60", "author": _USER, "attachments": [],
                "content": "", "embeds": body["embeds"], "mentions": [], "mention_roles": [], "pinned": False,
                "mention_everyone": False, "tts": False, "timestamp": "2026-07-17T14:30:00+00:00", "flags": 0,
                "edited_timestamp": None, "components": [], "application_id": str(APP_ID),
                "webhook_id": str(APP_ID),
            }
        )  # fmt: skip

    def _check_message(self, body: Mapping[str, Any]) -> None:
        if body.get("allowed_mentions", {}).get("parse") != []:
            self.problems.append("allowed_mentions must be denied")
        total = 0
        for embed in body["embeds"]:
            title, text = embed.get("title", ""), embed.get("description", "")
            total += len(title) + len(text)
            if len(title) > 256 or len(text) > 4096 or not title + text:
                self.problems.append("an embed out of its limits")
        if total > 6000 or not 1 <= len(body["embeds"]) <= 10:
            self.problems.append("embeds out of their limits")

    # --- gateway ---------------------------------------------------------------------------------------------

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        compress = request.query.get("compress")
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            self.problems.append(f"gateway query {dict(request.query)}")
        if compress not in (None, "zlib-stream"):
            self.problems.append(f"this fake knows no {compress}")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.close_on_connect:
            await socket.close(code=self.close_on_connect.popleft())
            return socket
        connection = _Connection(socket, is_compressed=compress is not None)
        self._open.append(connection)
        try:
            await connection.send(10, {"heartbeat_interval": 41250})
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    frame = json.loads(message.data)
                    await self._receive(connection, frame["op"], frame.get("d"))
        finally:
            self._open.remove(connection)
            await self._tell()
        return socket

    async def _receive(self, connection: _Connection, op: int, data: Any) -> None:
        if op == 1:
            await connection.send(11, None)
        elif op == 2:
            await self._identify(connection, data)
        elif op == 6:
            await self._resume(connection, data)
        else:
            self.problems.append(f"gateway op {op}")
            await connection.socket.close(code=4001)
        await self._tell()

    async def _identify(self, connection: _Connection, data: Mapping[str, Any]) -> None:
        self.identifies += 1
        if set(data["properties"]) != {"os", "browser", "device"}:
            self.problems.append("IDENTIFY properties")
        if self.close_on_identify:
            await connection.socket.close(code=self.close_on_identify.popleft())
        elif data["token"] != self.token:
            await connection.socket.close(code=4004)
        elif data["intents"] & PRIVILEGED:
            await connection.socket.close(code=4014)
        else:
            connection.session = session = _Session(f"session{self.identifies}")
            self._sessions[session.id] = session
            await connection.dispatch(
                "READY",
                {
                    "v": 10, "user": _USER, "guilds": [{"id": "50", "unavailable": True}], "session_id": session.id,
                    "resume_gateway_url": f"ws://127.0.0.1:{self._port}/gateway/",
                    "application": {"id": str(APP_ID), "flags": 0},
                },
            )  # fmt: skip
            await connection.dispatch("GUILD_CREATE", _GUILD)

    async def _resume(self, connection: _Connection, data: Mapping[str, Any]) -> None:
        self.resumes += 1
        session = self._sessions.get(data["session_id"])
        if self.close_on_resume:
            await connection.socket.close(code=self.close_on_resume.popleft())
        elif session is None or self.forgets_sessions or data["token"] != self.token:
            await connection.send(9, False)
        else:
            connection.session = session
            await connection.dispatch("RESUMED", {})


def _json(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    # Discord names no charset, and discord.py reads nothing else as JSON.
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={**(headers or {}), "Content-Type": "application/json"}
    )


def _as_stored(command: Mapping[str, Any]) -> dict[str, Any]:
    """As Discord gives a command back: localisations added, `required: false` left out, numbers as it likes."""
    stored = {key: value for key, value in command.items() if value not in (False, [])}
    stored |= {"name_localizations": None, "description_localizations": None}
    if "options" in command:
        stored["options"] = [_as_stored(option) for option in command["options"]]
    if "choices" in stored:
        stored["choices"] = [{"name_localizations": None, **choice} for choice in stored["choices"]]
    return stored


_CHANNEL = {
    "id": "60", "type": 0, "name": "flow", "guild_id": "50", "position": 0, "parent_id": None, "topic": None,
    "nsfw": False, "last_message_id": None, "rate_limit_per_user": 0, "flags": 0, "permissions": "0",
}  # fmt: skip
_GUILD: dict[str, Any] = {
    "id": "50", "name": "Traders", "icon": None, "splash": None, "discovery_splash": None, "owner_id": "5",
    "afk_channel_id": None, "afk_timeout": 300, "verification_level": 0, "default_message_notifications": 0,
    "explicit_content_filter": 0, "roles": [], "emojis": [], "features": [], "mfa_level": 0, "application_id": None,
    "system_channel_id": None, "system_channel_flags": 0, "rules_channel_id": None, "vanity_url_code": None,
    "description": None, "banner": None, "premium_tier": 0, "preferred_locale": "en-US", "nsfw_level": 0,
    "public_updates_channel_id": None, "premium_progress_bar_enabled": False, "safety_alerts_channel_id": None,
    "joined_at": "2024-01-01T00:00:00+00:00", "large": False, "unavailable": False, "member_count": 2,
    "voice_states": [], "members": [], "channels": [], "threads": [], "presences": [], "stage_instances": [],
    "guild_scheduled_events": [], "soundboard_sounds": [],
}  # fmt: skip
