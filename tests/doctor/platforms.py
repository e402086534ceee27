"""A Discord and a Slack that answer what the doctor asks, as their documents say; anything else fails the test."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

BOT_TOKEN, HOOK = "fake-discord-token", "fake-hook-token"
SLACK_TOKEN, APP_TOKEN = "xoxb-fake", "xapp-fake"
GUILD, CHANNEL, THREAD = "50", "60000", "61000"
EVERYTHING = str(1024 + 2048 + 16384 + 32768 + 65536 + (1 << 38))
"""View Channel, Send Messages, Embed Links, Attach Files, Read Message History, Send Messages in Threads."""

Json = dict[str, Any] | list[Any]


@asynccontextmanager
async def served(answer: Callable[[web.Request], web.Response]) -> AsyncIterator[str]:
    """The address of a server that answers everything by `answer`."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return answer(request)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Discord:
    """What Discord's REST API knows; change it before it is asked."""

    def __init__(self) -> None:
        self.token = BOT_TOKEN
        self.guilds = {GUILD}
        self.everyone = "0"
        self.role = EVERYTHING
        self.overwrites: list[dict[str, Any]] = []
        self.sessions_left = 1000
        self.hooks = {HOOK}
        self.date: str | None = None

    def __call__(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/api/v10/")
        if path.startswith("webhooks/"):
            known = path.rpartition("/")[2] in self.hooks
            return self._said({"name": "Whales"} if known else {"message": "Unknown Webhook", "code": 10015}, known)
        if request.headers.get("Authorization") != f"Bot {self.token}":
            return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
        match path.split("/"):
            case ["users", "@me"]:
                return self._said({"id": "1000", "username": "flowbot", "bot": True})
            case ["oauth2", "applications", "@me"]:
                return self._said({"id": "1000", "name": "flowbot", "flags": 0})
            case ["gateway", "bot"]:
                limit = {"total": 1000, "remaining": self.sessions_left, "reset_after": 1, "max_concurrency": 1}
                return self._said({"url": "wss://gateway.example", "shards": 1, "session_start_limit": limit})
            case ["channels", "60000"]:
                return self._said(
                    {"id": CHANNEL, "type": 0, "guild_id": GUILD, "name": "flow",
                     "permission_overwrites": self.overwrites}
                )  # fmt: skip
            case ["channels", "61000"]:
                return self._said(
                    {"id": THREAD, "type": 11, "guild_id": GUILD, "name": "flow-thread", "parent_id": CHANNEL}
                )
            case ["channels", _]:
                return self._said({"message": "Unknown Channel", "code": 10003}, False)
            case ["guilds", guild, *_] if guild not in self.guilds:
                return web.json_response({"message": "Missing Access", "code": 50001}, status=403)
            case ["guilds", _, "members", "1000"]:
                return self._said({"user": {"id": "1000"}, "roles": ["70"]})
            case ["guilds", _, "roles"]:
                return self._said(
                    [{"id": GUILD, "permissions": self.everyone}, {"id": "70", "permissions": self.role},
                     {"id": "71", "permissions": "8"}]
                )  # fmt: skip
            case ["guilds", _]:
                return self._said({"id": GUILD, "name": "Traders"})
            case ["applications", "1000", "guilds", _, "commands"]:
                return self._said([{"name": "flow"}, {"name": "watch"}])
        return web.json_response({"message": f"the doctor asked {request.path}"}, status=418)

    def _said(self, body: Json, is_there: bool = True) -> web.Response:
        headers = {} if self.date is None else {"Date": self.date}
        return web.json_response(body, status=200 if is_there else 404, headers=headers)


class Slack:
    """What Slack's Web API knows."""

    def __init__(self) -> None:
        self.scopes = "chat:write,commands,im:write,channels:history"
        self.error = ""
        """Of conversations.history."""
        self.hook_says = ("no_text", 400)

    def __call__(self, request: web.Request) -> web.Response:
        if request.path.startswith("/services/"):
            return web.Response(text=self.hook_says[0], status=self.hook_says[1])
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        headers = {"X-OAuth-Scopes": self.scopes}
        match request.path.removeprefix("/api/"):
            case "auth.test" if token == SLACK_TOKEN:
                return web.json_response({"ok": True, "user": "flowbot", "team": "Traders"}, headers=headers)
            case "apps.connections.open" if token == APP_TOKEN:
                return web.json_response({"ok": True, "url": "wss://socket.example/link/?ticket=fake-ticket"})
            case "conversations.history" if token == SLACK_TOKEN:
                said = {"ok": False, "error": self.error} if self.error else {"ok": True, "messages": []}
                return web.json_response(said)
        return web.json_response({"ok": False, "error": "invalid_auth"})
