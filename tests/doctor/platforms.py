"""A Discord and a Slack that answer what the doctor asks, as their documents say; whatever else is asked is noted."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

BOT_TOKEN, HOOK = "fake-discord-token", "fake-hook-token"
SLACK_TOKEN, APP_TOKEN, SLACK_HOOK = "xoxb-fake-0123456789", "xapp-fake-0123456789", "fake-slack-hook"
GUILD, CHANNEL, THREAD = "505050", "60000", "61000"
EVERYTHING = 1024 + 2048 + 16384 + 32768 + 65536 + (1 << 38)
"""View Channel, Send Messages, Embed Links, Attach Files, Read Message History, Send Messages in Threads."""
COMMANDS = ("flow", "watch", "snooze", "flowadmin")

Json = dict[str, Any]


@asynccontextmanager
async def served(answer: Callable[[web.Request, bytes], web.Response]) -> AsyncIterator[str]:
    """The address of a server that answers every request, with its body, by `answer`."""

    async def handle(request: web.Request) -> web.Response:
        return answer(request, await request.read())

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: bytes


class Discord:
    """What Discord's REST API knows; change it before it is asked."""

    def __init__(self) -> None:
        self.token = BOT_TOKEN
        self.guilds = {GUILD}
        self.roles: list[Json] = [
            {"id": GUILD, "name": "@everyone", "permissions": "0", "mentionable": False},
            {"id": "70", "name": "flowbot", "permissions": str(EVERYTHING), "mentionable": False},
            {"id": "71", "name": "bosses", "permissions": "8", "mentionable": False},
            {"id": "72000", "name": "whales", "permissions": "0", "mentionable": False},
        ]
        self.channels: dict[str, Json] = {
            CHANNEL: {
                "id": CHANNEL, "type": 0, "guild_id": GUILD, "name": "flow", "parent_id": "59000",
                "permission_overwrites": [],
            },
            THREAD: {
                "id": THREAD, "type": 11, "guild_id": GUILD, "name": "flow-thread", "parent_id": CHANNEL,
                "thread_metadata": {"archived": False, "locked": False, "auto_archive_duration": 1440},
            },
        }  # fmt: skip
        self.hidden: set[str] = set()
        """Channels that the bot may not see."""
        self.application: Json = {"id": "1000", "name": "flowbot", "interactions_endpoint_url": None}
        self.commands: tuple[str, ...] = COMMANDS
        self.has_scope = True
        """It was invited with applications.commands."""
        self.sessions_left = 1000
        self.hooks = {HOOK}
        self.date: str | None = None
        self.asked: list[Asked] = []

    def overwrite(self, target: str, *, allow: int = 0, deny: int = 0) -> None:
        """Of the channel."""
        row = {"id": target, "type": 0, "allow": str(allow), "deny": str(deny)}
        self.channels[CHANNEL]["permission_overwrites"].append(row)

    def __call__(self, request: web.Request, body: bytes) -> web.Response:
        self.asked.append(Asked(request.method, request.path, body))
        status, said = self._answer(request)
        headers = {} if self.date is None else {"Date": self.date}
        return web.json_response(said, status=status, headers=headers)

    def _answer(self, request: web.Request) -> tuple[int, Any]:
        path = request.path.removeprefix("/api/v10/").split("/")
        if path[0] == "webhooks":
            known = {"id": path[1], "type": 1, "name": "Whales", "token": HOOK, "channel_id": CHANNEL}
            return (200, known) if path[2] in self.hooks else (404, {"message": "Unknown Webhook", "code": 10015})
        if request.headers.get("Authorization") != f"Bot {self.token}":
            return 401, {"message": "401: Unauthorized", "code": 0}
        match path:
            case ["users", "@me"]:
                return 200, {"id": "1000", "username": "flowbot", "bot": True}
            case ["oauth2", "applications", "@me"]:
                return 200, self.application
            case ["gateway", "bot"]:
                limit = {"total": 1000, "remaining": self.sessions_left, "reset_after": 1, "max_concurrency": 1}
                return 200, {"url": "wss://gateway.example", "shards": 1, "session_start_limit": limit}
            case ["channels", id_]:
                return self._channel(id_)
            case ["applications", "1000", "commands"]:
                return 200, [{"name": name} for name in self.commands]
            case ["guilds", guild, *_] | ["applications", "1000", "guilds", guild, *_] if guild not in self.guilds:
                return 403, {"message": "Missing Access", "code": 50001}
            case ["guilds", _, "members", "1000"]:
                return 200, {"user": {"id": "1000"}, "roles": ["70"]}
            case ["guilds", _, "roles"]:
                return 200, self.roles
            case ["guilds", _]:
                return 200, {"id": GUILD, "name": "Traders"}
            case ["applications", "1000", "guilds", _, "commands"] if self.has_scope:
                return 200, [{"name": name} for name in self.commands]
            case ["applications", *_]:
                return 403, {"message": "Missing Access", "code": 50001}
        return 418, {"message": f"the doctor asked {request.path}"}

    def _channel(self, id_: str) -> tuple[int, Any]:
        if id_ in self.hidden:
            return 403, {"message": "Missing Access", "code": 50001}
        if id_ not in self.channels:
            return 404, {"message": "Unknown Channel", "code": 10003}
        return 200, self.channels[id_]


class Slack:
    """What Slack's Web API knows."""

    def __init__(self) -> None:
        self.scopes = "chat:write,commands,im:write,channels:history,groups:history,files:write"
        self.error = ""
        """Of conversations.history."""
        self.hook_says = ("no_text", 400)
        self.asked: list[Asked] = []

    def __call__(self, request: web.Request, body: bytes) -> web.Response:
        self.asked.append(Asked(request.method, request.path, body))
        if request.path.startswith("/services/"):
            return web.Response(text=self.hook_says[0], status=self.hook_says[1])
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        headers = {"x-oauth-scopes": self.scopes}
        match request.path.removeprefix("/api/"):
            case "auth.test" if token == SLACK_TOKEN:
                return web.json_response({"ok": True, "user": "flowbot", "team": "Traders"}, headers=headers)
            case "apps.connections.open" if token == APP_TOKEN:
                return web.json_response({"ok": True, "url": "wss://socket.example/link/?ticket=fake-ticket"})
            case "conversations.history" if token == SLACK_TOKEN:
                said = {"ok": False, "error": self.error} if self.error else {"ok": True, "messages": []}
                return web.json_response(said, headers=headers)
        return web.json_response({"ok": False, "error": "invalid_auth"})
