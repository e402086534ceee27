"""A Discord for commands and buttons over real sockets: the REST paths of login, commands and interactions, a gateway.

Behaves as Discord's developer documents say (Gateway, Application Commands, Interactions; 2026-11), answers nothing
else, and fails the test that asked for it. Long, because it is one platform's whole behaviour.
"""

import asyncio
import itertools
import json
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.fakes.discord_commands import EVERYWHERE, Commands
from tests.fakes.discord_components import custom_ids, values_of
from tests.fakes.discord_files import Body, file_problems, read_body
from tests.fakes.discord_forms import check_message
from tests.fakes.discord_interactions import (
    ACK_WITHIN_S,
    AUTOCOMPLETE,
    BOT,
    CALLBACKS,
    CHOICES,
    COMMAND,
    COMPONENT,
    DEFERRED_MESSAGE,
    DEFERRED_UPDATE,
    EPHEMERAL,
    GUILD,
    MESSAGE,
    TRADER,
    UPDATE,
    Member,
    button_data,
    command_data,
    menu_data,
    option_of,
    shown,
)
from tests.fakes.discord_interactions import APP_ID as APP_ID
from tests.fakes.discord_interactions import Asked as Asked

TOKEN = "fake-bot-token"
PRIVILEGED = (1 << 1) | (1 << 8) | (1 << 15)
"""GUILD_MEMBERS, GUILD_PRESENCES, MESSAGE_CONTENT."""
_CODES = {401: 0, 403: 50001, 404: 10062, 400: 50035, 503: 0}
_ORIGINAL_EDIT_FLAGS = 1 << 2
"""SUPPRESS_EMBEDS: what an edit may change."""


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
        self.registry = Commands()
        self.guilds = [GUILD]
        """Where the bot was invited, with the scope applications.commands."""
        self.logins = 0
        self.unauthorised = 0
        self.identifies = 0
        self.resumes = 0
        self.heartbeats = 0
        self.heartbeat_ms = 41_250
        self.sessions_left = 1000
        self.failures: dict[str, deque[int]] = {}
        """Path -> statuses with which to answer the next requests to it."""
        self.refused_acks: deque[tuple[int, int]] = deque()
        """(status, code) with which to answer the next acknowledgements; 40060: one like it was taken before."""
        self.hung_acks = 0
        """So many acknowledgements are taken, and never answered."""
        self.refusals: deque[tuple[int, int]] = deque()
        """(status, code) with which to answer what follows acknowledgements."""
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
        commands = f"/api/v10/applications/{APP_ID}"
        routes: list[tuple[str, str, Any]] = [
            ("GET", "/api/v10/users/@me", self._me),
            ("GET", "/api/v10/oauth2/applications/@me", self._application),
            ("GET", "/api/v10/gateway/bot", self._gateway_bot),
            ("GET", f"{commands}/commands", self._list),
            ("PUT", f"{commands}/commands", self._overwrite),
            ("GET", f"{commands}/guilds/{{guild}}/commands", self._list),
            ("PUT", f"{commands}/guilds/{{guild}}/commands", self._overwrite),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, self._guarded(handler))
        app.router.add_post("/api/v10/interactions/{id}/{token}/callback", self._callback)
        app.router.add_post(f"/api/v10/webhooks/{APP_ID}/{{token}}", self._follow_up)
        app.router.add_patch(f"/api/v10/webhooks/{APP_ID}/{{token}}/messages/@original", self._edit_original)
        app.router.add_get("/gateway/", self._gateway)
        app.router.add_route("*", "/{rest:.*}", self._undocumented)
        self._runner = web.AppRunner(app, shutdown_timeout=1, handler_cancellation=True)
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

    @property
    def commands(self) -> list[dict[str, Any]]:
        """Those that are registered everywhere."""
        return self.registry.at(EVERYWHERE)

    @property
    def registrations(self) -> int:
        """How often commands were written."""
        return self.registry.writes

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on this fake holds; it is asked again whenever something happened."""
        async with asyncio.timeout(30), self._changed:
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

    # --- what members do -------------------------------------------------------------------------------------

    async def ask(self, sub: str | None, /, *, command: str = "flow", member: Member = TRADER, **options: Any) -> Asked:
        """A member uses `/command sub`, which must be shown to them; the gateway tells the bot."""
        form = self.registry.form(member.guild, command, sub)
        given = [option_of(form, name, value) for name, value in options.items()]
        return await self.interaction(command_data(command, sub, given, form.get("id", "77")), member=member)

    async def autocomplete(
        self,
        sub: str | None,
        option: str,
        typed: str,
        /,
        *,
        command: str = "flow",
        member: Member = TRADER,
        **options: Any,
    ) -> Asked:
        """A member types into an option; `ack` is what is suggested."""
        form = self.registry.form(member.guild, command, sub)
        if not any(each["name"] == option and each.get("autocomplete") for each in form["options"]):
            raise KeyError(f"/{command} {sub or ''} does not complete {option}")
        given = [option_of(form, name, value) for name, value in options.items()]
        given.append({**option_of(form, option, typed), "focused": True})
        data = command_data(command, sub, given, form.get("id", "77"))
        return await self.interaction(data, type=AUTOCOMPLETE, member=member)

    async def press(self, message: Mapping[str, Any], custom_id: str, *, member: Member = TRADER) -> Asked:
        """A member presses a button on a message, any body with `components`."""
        if custom_id not in custom_ids(message["components"]):
            raise KeyError(f"there is no button {custom_id}: {list(custom_ids(message['components']))}")
        return await self.interaction(button_data(custom_id), type=COMPONENT, member=member, message=message)

    async def choose(
        self, message: Mapping[str, Any], value: str, *, custom_id: str = "menu", member: Member = TRADER
    ) -> Asked:
        """A member chooses from a menu on a message."""
        if value not in values_of(message["components"], custom_id):
            raise KeyError(f"there is no option {value}: {values_of(message['components'], custom_id)}")
        return await self.interaction(menu_data(custom_id, value), type=COMPONENT, member=member, message=message)

    async def interaction(
        self,
        data: Mapping[str, Any],
        *,
        type: int = COMMAND,  # noqa: A002 Discord's word
        member: Member = TRADER,
        message: Mapping[str, Any] | None = None,
    ) -> Asked:
        """Anything at all, told to the newest connection."""
        number = next(self._ids)
        loop = asyncio.get_running_loop()
        asked = Asked(
            str(9000 + number),
            f"itoken{number}",
            loop.time(),
            type,
            member,
            loop.create_future(),
            loop.create_future(),
        )
        self._asked[asked.token] = asked
        on = {} if message is None else {"message": shown(message, str(message.get("id", "8000")), by_webhook=False)}
        payload = {
            "id": asked.id, "application_id": str(APP_ID), "type": type, "token": asked.token, "version": 1,
            "app_permissions": "0", "locale": "en-US", "entitlements": [], "attachment_size_limit": 10485760,
            "data": dict(data), **member.payload(), **on,
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

    async def _error(self, status: int, code: int | None = None) -> web.Response:
        await self._tell()
        headers = {"Retry-After": "7"} if status == 429 else {}
        said = {"message": f"{status}: fake", "code": _CODES.get(status, 0) if code is None else code}
        return _json(said | ({"retry_after": 7.0} if headers else {}), status=status, headers=headers)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _undocumented(self, request: web.Request) -> web.Response:
        self.problems.append(f"{request.method} {request.path}")
        return await self._error(404)

    async def _me(self, _: web.Request) -> web.Response:
        self.logins += 1
        return _json({**BOT, "verified": True, "mfa_enabled": False, "locale": "en-US", "flags": 0})

    async def _application(self, _: web.Request) -> web.Response:
        return _json(
            {
                "id": str(APP_ID), "name": "flowbot", "icon": None, "description": "", "bot_public": False,
                "bot_require_code_grant": False, "owner": {**BOT, "id": "5", "bot": False}, "team": None,
                "verify_key": "00", "flags": 0, "summary": "", "install_params": None,
            }
        )  # fmt: skip

    async def _gateway_bot(self, _: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": self.sessions_left, "reset_after": 3_600_000, "max_concurrency": 1}
        return _json({"url": f"ws://127.0.0.1:{self._port}/gateway/", "shards": 1, "session_start_limit": limit})

    async def _list(self, request: web.Request) -> web.Response:
        place = request.match_info.get("guild", EVERYWHERE)
        if place and place not in self.guilds:
            return await self._error(403)  # 50001: Missing Access
        return _json(self.registry.at(place))

    async def _overwrite(self, request: web.Request) -> web.Response:
        place = request.match_info.get("guild", EVERYWHERE)
        if place and place not in self.guilds:
            return await self._error(403)
        problems = self.registry.overwrite(place, await request.json())
        self.problems += problems
        return await self._error(400) if problems else _json(self.registry.at(place))

    # --- answers to interactions -----------------------------------------------------------------------------

    async def _callback(self, request: web.Request) -> web.Response:
        asked = self._asked.get(request.match_info["token"])
        said = await request.json()
        late = asked is not None and asyncio.get_running_loop().time() - asked.at > ACK_WITHIN_S
        if asked is None or asked.id != request.match_info["id"] or late:
            self.problems.append("unknown or late interaction")
            return await self._error(404, 10062)
        if asked.ack.done():
            self.problems.append("acknowledged twice")
            return await self._error(400, 40060)
        if said.get("type") not in CALLBACKS[asked.type]:
            self.problems.append(f"callback type {said.get('type')} to an interaction of type {asked.type}")
            return await self._error(400)
        self._check_callback(said)
        if self.refused_acks:
            status, code = self.refused_acks.popleft()
            if code == 40060:
                asked.ack.set_result(said)
            return await self._error(status, code)
        asked.ack.set_result(said)
        if said["type"] in (MESSAGE, UPDATE):
            asked.reply.set_result(said["data"])
        await self._tell()
        if self.hung_acks:
            self.hung_acks -= 1
            await asyncio.sleep(3600)
        if request.query.get("with_response") not in ("1", "true"):
            return web.Response(status=204)
        told = {"id": asked.id, "type": asked.type, "response_message_id": "1", "response_message_loading": True,
                "response_message_ephemeral": asked.is_ephemeral}  # fmt: skip
        resource: dict[str, Any] = {"type": said["type"]}
        if said["type"] in (MESSAGE, UPDATE):
            resource["message"] = shown(said["data"], "1")
        return _json({"interaction": told, "resource": resource})

    def _check_callback(self, said: Mapping[str, Any]) -> None:
        data = said.get("data") or {}
        if said["type"] == CHOICES:
            choices = data["choices"]
            if len(choices) > 25 or any(not 1 <= len(choice["name"]) <= 100 for choice in choices):
                self.problems.append("25 choices at most, of 1 to 100 characters")
        elif said["type"] in (DEFERRED_MESSAGE, DEFERRED_UPDATE):
            if data.keys() - {"flags"} or data.get("flags", 0) & ~EPHEMERAL:
                self.problems.append("only ephemeral is settled when deferred")
        else:
            self._check_message(Body(data))

    async def _follow_up(self, request: web.Request) -> web.Response:
        """A message of its own; after a deferred message it is that message."""
        found = await self._answered(request)
        if isinstance(found, web.Response):
            return found
        asked, body = found
        asked.is_beside = asked.callback == DEFERRED_UPDATE
        return await self._shown_as(asked, body)

    async def _edit_original(self, request: web.Request) -> web.Response:
        """The deferred message, or the one that was pressed on."""
        found = await self._answered(request)
        if isinstance(found, web.Response):
            return found
        asked, body = found
        if body.said.get("flags", 0) & ~_ORIGINAL_EDIT_FLAGS:
            self.problems.append("an edit cannot make a message ephemeral")
        return await self._shown_as(asked, body)

    async def _answered(self, request: web.Request) -> tuple[Asked, Body] | web.Response:
        asked = self._asked.get(request.match_info["token"])
        body = read_body(await request.read(), request.headers.get("Content-Type", ""))
        if asked is None or not asked.ack.done():
            self.problems.append("an answer before the acknowledgement")
            return await self._error(404, 10015)
        if asked.is_expired:
            return await self._error(401, 50027)
        if self.refusals:
            return await self._error(*self.refusals.popleft())
        if body is None:
            self.problems.append("a body that is neither JSON nor a form")
            return await self._error(400, 50109)
        self._check_message(body)
        return asked, body

    async def _shown_as(self, asked: Asked, body: Body) -> web.Response:
        asked.files = body.files
        asked.reply.set_result(body.said)
        await self._tell()
        return _json(shown(body.said, str(next(self._ids))))

    def _check_message(self, body: Body) -> None:
        said = body.said
        if said.get("allowed_mentions", {}).get("parse") != []:
            self.problems.append("allowed_mentions must be denied")
        if not said.get("content") and not said.get("embeds") and not body.files:
            self.problems.append("an empty message")
        if errors := check_message(said):
            self.problems.append(f"a message out of its limits: {errors}")
        self.problems += file_problems(said, body.files)

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
            await connection.send(10, {"heartbeat_interval": self.heartbeat_ms})
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
            self.heartbeats += 1
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
                    "v": 10, "user": BOT, "session_id": session.id,
                    "guilds": [{"id": guild, "unavailable": True} for guild in self.guilds],
                    "resume_gateway_url": f"ws://127.0.0.1:{self._port}/gateway/",
                    "application": {"id": str(APP_ID), "flags": 0},
                },
            )  # fmt: skip
            for guild in self.guilds:
                await connection.dispatch("GUILD_CREATE", {**_GUILD, "id": guild})

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


_GUILD: dict[str, Any] = {
    "name": "Traders", "icon": None, "splash": None, "discovery_splash": None, "owner_id": "5",
    "afk_channel_id": None, "afk_timeout": 300, "verification_level": 0, "default_message_notifications": 0,
    "explicit_content_filter": 0, "roles": [], "emojis": [], "features": [], "mfa_level": 0, "application_id": None,
    "system_channel_id": None, "system_channel_flags": 0, "rules_channel_id": None, "vanity_url_code": None,
    "description": None, "banner": None, "premium_tier": 0, "preferred_locale": "en-US", "nsfw_level": 0,
    "public_updates_channel_id": None, "premium_progress_bar_enabled": False, "safety_alerts_channel_id": None,
    "joined_at": "2024-01-01T00:00:00+00:00", "large": False, "unavailable": False, "member_count": 2,
    "voice_states": [], "members": [], "channels": [], "threads": [], "presences": [], "stage_instances": [],
    "guild_scheduled_events": [], "soundboard_sounds": [],
}  # fmt: skip
