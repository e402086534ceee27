"""Everything around the service: both providers, both platforms, a folder with a configuration, and prints to send."""

import itertools
import re
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from time import time_ns
from typing import Any, Self

import aiohttp
import yaml
from aiohttp import web

from bot.model.alerts import Explanation
from bot.outbox.sqlite import read_explanation
from tests.fakes import discord_gateway, discord_rest, slack_socket, slack_web
from tests.fakes.feed import FakeFeed
from tests.scenarios.process import Ended, Process, ended, running

RADARPULSE_KEY = "rp-fake-key-0123456789"
OPTIONWHALES_KEY = "ow-fake-key-0123456789"
DISCORD_TOKEN = discord_gateway.TOKEN
SLACK_TOKEN = "xoxb-fake-token-0123456789"
SLACK_APP_TOKEN = slack_socket.APP_TOKEN
CHANNEL = "1122334455667788"
HOOK_ID = "9000"
SLACK_CHANNEL = "C0123ABCD"

EVERYWHERE = ("room", "hook", "desk", "desk-hook")
"""A Discord channel (bot), a Discord webhook, a Slack channel (bot), a Slack webhook."""
STARTED_MS = time_ns() // 1_000_000
EXPIRY = date.today() + timedelta(days=30)  # noqa: DTZ011 any day ahead will do

_ALERT = re.compile(r"([0-9,]+) @ \$")
"""How a message shows a print's size, once for every alert in it."""
_DOORS = (
    "/api/v10/users/@me", "/api/v10/oauth2", "/api/v10/gateway", "/api/v10/applications", "/api/v10/interactions",
    f"/api/v10/webhooks/{discord_gateway.APP_ID}/", "/api/apps.connections.open",
)  # fmt: skip
"""Where slash commands live; an interaction's follow-up is posted to the application's own webhook."""
_FORWARDED_HEADERS = ("Authorization", "User-Agent", "Content-Type")


class _Doors:
    """Gives what a REST fake does not know to the fake that speaks slash commands; without one, the platform is down.

    Real Discord and Slack serve both under one address.
    """

    unexpected: list[str]
    _script: list[Any]
    _busy: int

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.door: discord_gateway.FakeDiscord | slack_socket.FakeSlack | None = None
        self.poison = ""
        """A message that holds this is refused, as a malformed one would be."""
        self.refused = 0
        """Messages refused for that."""

    def forget_script(self) -> None:
        """The trouble is over."""
        self._script.clear()

    @property
    def is_busy(self) -> bool:
        """A request is being answered."""
        return self._busy > 0

    def _is_poisoned(self, raw: bytes) -> bool:
        is_poisoned = bool(self.poison) and self.poison.encode() in raw
        self.refused += is_poisoned
        return is_poisoned

    async def _undocumented(self, request: web.Request) -> web.Response:
        if not is_door(request.path):
            self.unexpected.append(f"undocumented request: {request.method} {request.path}")
            return web.json_response({"message": "404: Not Found", "code": 0}, status=404)
        if self.door is None:
            return web.Response(status=503, text="down for maintenance")
        origin = self.door.api_url.partition("/api")[0]
        headers = {name: request.headers[name] for name in _FORWARDED_HEADERS if name in request.headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method, f"{origin}{request.path_qs}", headers=headers, data=await request.read()
            ) as reply,
        ):
            kind = {"Content-Type": reply.headers["Content-Type"]} if "Content-Type" in reply.headers else {}
            return web.Response(status=reply.status, body=await reply.read(), headers=kind)


class Discord(_Doors, discord_rest.FakeDiscord):
    """Discord with its gateway's REST paths."""

    async def _post_to_webhook(self, request: web.Request) -> web.StreamResponse:
        if is_door(request.path):
            return await self._undocumented(request)
        return await super()._post_to_webhook(request)

    def _take(self, raw: bytes, request: web.Request, channel: str, via: str) -> web.Response:
        if self._is_poisoned(raw):
            body = {"message": "Invalid Form Body", "code": 50035, "errors": {}}
            return web.json_response(body, status=400)
        return super()._take(raw, request, channel, via)

    def alerts(self, via: str) -> Counter[int]:
        """How often each size was posted `via` a webhook's id or `bot`."""
        return _sizes(message.text for message in self.messages if message.via == via)


class Slack(_Doors, slack_web.FakeSlack):
    """Slack with apps.connections.open."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.by_path: dict[str, list[slack_web.SlackMessage]] = {}

    def _judge(self, raw: bytes, request: web.Request) -> web.Response:
        if self._is_poisoned(raw):
            return web.json_response({"ok": False, "error": "invalid_blocks"})
        return self._filed(request, super()._judge(raw, request))

    def _judge_webhook(self, raw: bytes, request: web.Request) -> web.Response:
        return self._filed(request, super()._judge_webhook(raw, request))

    def _filed(self, request: web.Request, reply: web.Response) -> web.Response:
        """Slack shows no way to tell a webhook's message from the bot's, so note where each came in."""
        filed = sum(map(len, self.by_path.values()))
        self.by_path.setdefault("hook" if "/services/" in request.path else "bot", []).extend(self.messages[filed:])
        return reply

    def alerts(self, via: str) -> Counter[int]:
        """How often each size was posted via `bot` or `hook`."""
        return _sizes(message.text for message in self.by_path.get(via, ()))


class World:
    """`async with World(folder) as world:`; leaving it fails if a fake saw anything that no document describes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.radarpulse = FakeFeed("radarpulse", key=RADARPULSE_KEY)
        self.optionwhales = FakeFeed("optionwhales", key=OPTIONWHALES_KEY)
        self.discord = Discord(token=DISCORD_TOKEN, channels=(CHANNEL,))
        self.slack = Slack(token=SLACK_TOKEN, channels=(SLACK_CHANNEL,))
        self.variables = {
            "RADARPULSE_API_KEY": RADARPULSE_KEY,
            "OPTIONWHALES_API_KEY": OPTIONWHALES_KEY,
            "DISCORD_BOT_TOKEN": DISCORD_TOKEN,
            "SLACK_BOT_TOKEN": SLACK_TOKEN,
            "SLACK_APP_TOKEN": SLACK_APP_TOKEN,
        }
        self.config = folder / "config.yaml"
        self._runs = itertools.count(1)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for fake in (self.radarpulse, self.optionwhales, self.discord, self.slack):
            await self._stack.enter_async_context(fake)
        self.variables["DISCORD_WEBHOOK_URL"] = self.discord.webhook_url(HOOK_ID, channel="2233445566778899")
        self.variables["SLACK_WEBHOOK_URL"] = self.slack.webhook_url()
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        await self._stack.__aexit__(kind, error, trace)
        if kind is None:
            assert not self.discord.unexpected, self.discord.unexpected
            assert not self.slack.unexpected, self.slack.unexpected

    # --- the configuration ---

    def configure(self, *destinations: str, rule: Mapping[str, Any] | None = None, **sections: Any) -> Path:
        """Write a configuration: RadarPulse, these destinations, and one rule for prints of half a million or more.

        `sections` are merged into those of the same name; `rule` into the rule.
        """
        whales = {"name": "whales", "when": {"premium": ">= 500k"}, "send_to": list(destinations), **(rule or {})}
        chosen = {name: self.destinations[name] for name in destinations}
        document: dict[str, Any] = {
            "providers": {"radarpulse": self.provider("radarpulse")},
            "destinations": chosen,
            "rules": [whales],
            "http": {"listen": "127.0.0.1:0"},
        }
        if "room" in chosen:
            document["discord"] = {"token": "${DISCORD_BOT_TOKEN}", "api_url": self.discord.api_url}
        if "desk" in chosen:
            document["slack"] = {"bot_token": "${SLACK_BOT_TOKEN}", "api_url": self.slack.api_url}
        for name, section in sections.items():
            is_merged = isinstance(section, Mapping) and isinstance(document.get(name), Mapping)
            document[name] = {**document[name], **section} if is_merged else section
        self.config.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
        return self.config

    def provider(self, vendor: str) -> dict[str, Any]:
        feed = {"radarpulse": self.radarpulse, "optionwhales": self.optionwhales}[vendor]
        return {"type": vendor, "api_key": f"${{{vendor.upper()}_API_KEY}}", "ws_url": feed.url}

    def both_providers(self) -> dict[str, Any]:
        return {vendor: self.provider(vendor) for vendor in ("radarpulse", "optionwhales")}

    @property
    def destinations(self) -> dict[str, dict[str, Any]]:
        """One of each type, as the configuration has it."""
        return {
            "room": {"type": "discord_channel", "channel": CHANNEL},
            "hook": {"type": "discord_webhook", "url": "${DISCORD_WEBHOOK_URL}"},
            "desk": {"type": "slack_channel", "channel": SLACK_CHANNEL},
            "desk-hook": {"type": "slack_webhook", "url": "${SLACK_WEBHOOK_URL}"},
            "terminal": {"type": "console"},
        }

    # --- the program ---

    @contextmanager
    def run(self) -> Iterator[Process]:
        """`flowbot run` with the configuration that was written last."""
        arguments = ["run", "-c", str(self.config)]
        with running(arguments, self.folder, self.variables, label=f"run{next(self._runs)}") as process:
            yield process

    async def command(self, *arguments: str) -> Ended:
        """Any other command, to its end."""
        label = f"command{next(self._runs)}"
        return await ended(arguments, self.folder, self.variables, label=label)

    # --- what arrived ---

    def arrived(self, destination: str) -> Counter[int]:
        """How often each size was posted at a destination."""
        match destination:
            case "room":
                return self.discord.alerts("bot")
            case "hook":
                return self.discord.alerts(HOOK_ID)
            case "desk":
                return self.slack.alerts("bot")
            case "desk-hook":
                return self.slack.alerts("hook")
        raise AssertionError(destination)

    def everywhere(self, *sizes: int, destinations: Iterable[str] = EVERYWHERE) -> bool:
        """Every one of these is at every destination, at least once."""
        return all(self.arrived(destination).keys() >= set(sizes) for destination in destinations)

    def explanation(self, size: int) -> Explanation:
        """What the store tells of the alert of this size, which must have been posted or committed."""
        path = self.folder / "state" / "flowbot.db"
        with closing(sqlite3.connect(path)) as connection:
            ids = [row[0] for row in connection.execute("SELECT id FROM alerts")]
        found = [
            told for told in (read_explanation(path, id_) for id_ in ids) if told and told.alert.print.size == size
        ]
        assert len(found) == 1, f"{len(found)} alerts of size {size}"
        return found[0]

    def states(self, size: int) -> dict[str, str]:
        """State of each delivery of the alert of this size, by destination."""
        return {record.destination: record.state for record in self.explanation(size).deliveries}


@asynccontextmanager
async def gateway(world: World) -> AsyncIterator[discord_gateway.FakeDiscord]:
    """Discord's gateway is up while this lasts."""
    async with discord_gateway.FakeDiscord() as door:
        world.discord.door = door
        yield door
        world.discord.door = None


@asynccontextmanager
async def socket_mode(world: World) -> AsyncIterator[slack_socket.FakeSlack]:
    """Slack's Socket Mode is up while this lasts."""
    async with slack_socket.FakeSlack() as door:
        world.slack.door = door
        yield door
        world.slack.door = None


def is_door(path: str) -> bool:
    """Whether a request to this path is about slash commands; all others post."""
    return path.startswith(_DOORS)


def once(*sizes: int) -> Counter[int]:
    """Each of these exactly once, and nothing else."""
    return Counter(sizes)


def a_print(size: int, **changes: Any) -> dict[str, Any]:
    """A print as RadarPulse sends it, of a contract of its own; `size` tells it from all others.

    Source: RadarPulse's developer guide, whose `volume` is what traded in this print.
    """
    return {
        "ticker": "NVDA", "type": "CALL", "strike": 100 + size, "expiry": EXPIRY.isoformat(), "volume": size,
        "openInterest": 1200, "premium": 600_000 + size * 100, "side": "ASK", "kind": "SWEEP", "otmPct": 3.5,
        "spot": 140.1, "iv": 0.45, "score": 94, "bias": "BULL", "sector": "Technology",
        "timestamp": STARTED_MS + size * 10, **changes,
    }  # fmt: skip


def a_whale(size: int, **changes: Any) -> dict[str, Any]:
    """The same trade as OptionWhales tells it, with the facts that its documentation shows and those of full data."""
    same = a_print(size)
    return {
        "ticker": same["ticker"], "side": "ASK", "premium": same["premium"], "option_type": "call",
        "strike": same["strike"], "expiration": same["expiry"], "size": size, "timestamp": same["timestamp"] + 400,
        **changes,
    }  # fmt: skip


def a_small_print(size: int) -> dict[str, Any]:
    """A print that no rule here matches."""
    return a_print(size, premium=10_000)


def _sizes(texts: Iterable[str]) -> Counter[int]:
    return Counter(int(found.replace(",", "")) for text in texts for found in _ALERT.findall(text))
