"""Discord's REST API as far as posting messages goes, on loopback, behaving as Discord's reference says (2026-11).

`async with FakeDiscord() as discord:` then `discord.api_url`, `discord.webhook_url()`, `discord.messages`,
`discord.script(...)`; end with `assert not discord.unexpected`.
"""

import json
import math
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.faults import FaultyServer

LIMITS = {"title": 256, "description": 4096, "url": 2048}
MESSAGE_KEYS = {"content", "embeds", "allowed_mentions", "components", "flags", "tts"}
BOT_KEYS = MESSAGE_KEYS | {"nonce", "enforce_nonce", "message_reference"}
WEBHOOK_KEYS = MESSAGE_KEYS | {"username", "avatar_url", "thread_name"}
EMBED_KEYS = {"title", "type", "description", "url", "timestamp", "color", "footer", "image", "author", "fields"}


@dataclass(frozen=True, slots=True)
class DiscordMessage:
    """One message that Discord shows."""

    id: str
    channel: str
    body: dict[str, Any]
    via: str
    """`bot` or the webhook's id."""
    pings: frozenset[str]
    """Whom it wakes: `everyone`, `here`, `role:<id>`, `user:<id>`."""
    arrived_ns: int

    @property
    def embeds(self) -> list[dict[str, Any]]:
        return list(self.body.get("embeds", []))

    @property
    def text(self) -> str:
        """Everything a reader sees, as one JSON text."""
        return json.dumps(self.body, ensure_ascii=False)


@dataclass(slots=True)
class Window:
    """A rate-limit bucket as Discord's headers describe it: `limit` requests from the first one on, for `length_s`."""

    limit: int
    length_s: float
    began: float = -math.inf
    used: int = 0

    def wait_s(self, now: float) -> float:
        if now - self.began >= self.length_s:
            self.began, self.used = now, 0
        return 0.0 if self.used < self.limit else self.began + self.length_s - now

    def take(self) -> None:
        self.used += 1


@dataclass(slots=True)
class Limits:
    """The windows one request counts against; the first is the one that the headers show."""

    shown: Window
    hidden: tuple[Window, ...] = ()
    overall: Window | None = None


@dataclass(slots=True)
class _Webhook:
    channel: str
    token: str
    limits: Limits = field(default_factory=lambda: Limits(Window(5, 2.0), (Window(30, 60.0),)))


class FakeDiscord(FaultyServer):
    """One bot, some channels, some webhooks."""

    def __init__(
        self,
        *,
        token: str = "fake-discord-token",  # noqa: S107 a fake one
        channels: Iterable[str] = ("1122334455667788",),
        is_limited: bool = True,
        clock: Callable[[], float] = time.monotonic,
        latency_s: float = 0.0,
        port: int = 0,
    ) -> None:
        super().__init__(latency_s=latency_s, port=port)
        self.token = token
        self.messages: list[DiscordMessage] = []
        self.is_limited = is_limited
        self._clock = clock
        self._overall = Window(50, 1.0)
        self._channels = {channel: Limits(Window(5, 5.0), overall=self._overall) for channel in channels}
        self._webhooks: dict[str, _Webhook] = {}
        self._nonces: dict[str, DiscordMessage] = {}

    @property
    def api_url(self) -> str:
        return f"{self.origin}/api/v10"

    def webhook_url(self, id: str = "9000", *, channel: str = "1122334455667788") -> str:  # noqa: A002 Discord's word
        """The address of a webhook, which exists from now on."""
        hook = self._webhooks.setdefault(id, _Webhook(channel, f"fake-webhook-token-{id}"))
        return f"{self.api_url}/webhooks/{id}/{hook.token}"

    def delete_webhook(self, id: str = "9000") -> None:  # noqa: A002 Discord's word
        del self._webhooks[id]

    def delete_channel(self, channel: str) -> None:
        del self._channels[channel]

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/api/v10/channels/{channel}/messages", self._post_to_channel)
        yield web.post("/api/v10/webhooks/{id}/{token}", self._post_to_webhook)

    async def _post_to_channel(self, request: web.Request) -> web.StreamResponse:
        channel = request.match_info["channel"]
        if request.headers.get("Authorization") != f"Bot {self.token}":
            return _error(401, 0, "401: Unauthorized")
        if channel not in self._channels:
            return _error(404, 10003, "Unknown Channel")
        return await self._post(request, self._channels[channel], channel, via="bot")

    async def _post_to_webhook(self, request: web.Request) -> web.StreamResponse:
        hook = self._webhooks.get(request.match_info["id"])
        if hook is None:
            return _error(404, 10015, "Unknown Webhook")
        if request.match_info["token"] != hook.token:
            return _error(401, 50027, "Invalid Webhook Token")
        for key in request.query.keys() - {"wait", "thread_id", "with_components"}:
            self.unexpected.append(f"undocumented query parameter {key} on a webhook")
        channel = request.query.get("thread_id", hook.channel)
        return await self._post(request, hook.limits, channel, via=request.match_info["id"])

    async def _post(self, request: web.Request, limits: Limits, channel: str, *, via: str) -> web.StreamResponse:
        fault = self.fault_for(request.path)
        if fault is not None and not fault.is_stored:
            return await self.play(fault, request, None)
        if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            self.unexpected.append("User-Agent is not `DiscordBot (url, version)`")
        if (refusal := self._limit(limits)) is not None:
            return refusal
        reply = self._take(await request.read(), request, channel, via)
        reply.headers.update(self._rate_headers(limits))
        return reply if fault is None else await self.play(fault, request, reply)

    def _limit(self, limits: Limits) -> web.Response | None:
        if not self.is_limited:
            return None
        now = self._clock()
        overall = [] if limits.overall is None else [limits.overall]
        windows = [limits.shown, *limits.hidden, *overall]
        waits = [window.wait_s(now) for window in windows]
        if not any(waits):
            for window in windows:
                window.take()
            return None
        wait_s = max(waits)
        is_global = bool(overall) and waits[-1] == wait_s
        body = {"message": "You are being rate limited.", "retry_after": round(wait_s, 3), "global": is_global}
        headers = {
            **self._rate_headers(limits),
            "Retry-After": str(math.ceil(wait_s)),
            "X-RateLimit-Scope": "global" if is_global else "shared" if limits.hidden and not waits[0] else "user",
            **({"X-RateLimit-Global": "true"} if is_global else {}),
        }
        return web.json_response(body, status=429, headers=headers)

    def _rate_headers(self, limits: Limits) -> dict[str, str]:
        shown = limits.shown
        reset_after_s = max(0.0, shown.began + shown.length_s - self._clock()) if self.is_limited else 1.0
        return {
            "Via": "1.1 google",
            "X-RateLimit-Limit": str(shown.limit),
            "X-RateLimit-Remaining": str(shown.limit - shown.used),
            "X-RateLimit-Reset": f"{time.time() + reset_after_s:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after_s:.3f}",
            "X-RateLimit-Bucket": "80c17d2f203122d936070c88c8d10f33",
        }

    def _take(self, raw: bytes, request: web.Request, channel: str, via: str) -> web.Response:
        try:
            body = json.loads(raw)
        except ValueError:
            return _error(400, 50109, "The request body contains invalid JSON.")
        if request.content_type != "application/json" or not isinstance(body, dict):
            return _error(400, 50035, "Invalid Form Body")
        for key in body.keys() - (BOT_KEYS if via == "bot" else WEBHOOK_KEYS):
            self.unexpected.append(f"undocumented message key {key}")
        if not body.get("content") and not body.get("embeds"):
            return _error(400, 50006, "Cannot send an empty message")
        if errors := check_message(body):
            return _error(400, 50035, "Invalid Form Body", errors)
        message = self._store(body, channel, via)
        if via != "bot" and request.query.get("wait", "false").lower() != "true":
            return web.Response(status=204)
        return web.json_response(_shown(message))

    def _store(self, body: dict[str, Any], channel: str, via: str) -> DiscordMessage:
        """A nonce that Discord enforces gives back the earlier message of the same author."""
        nonce = str(body["nonce"]) if body.get("enforce_nonce") and "nonce" in body else None
        if nonce is not None and nonce in self._nonces:
            return self._nonces[nonce]
        snowflake = str(1_400_000_000_000_000_000 + len(self.messages))
        message = DiscordMessage(snowflake, channel, body, via, pings(body), time.time_ns())
        self.messages.append(message)
        if nonce is not None:
            self._nonces[nonce] = message
        return message


def _shown(message: DiscordMessage) -> dict[str, Any]:
    """Discord's message object, abridged; a webhook's answer names the webhook."""
    return {
        "id": message.id,
        "type": 0,
        "channel_id": message.channel,
        "content": message.body.get("content", ""),
        "embeds": message.embeds,
        "mentions": [],
        "mention_everyone": "everyone" in message.pings,
        "mention_roles": sorted(ping[5:] for ping in message.pings if ping.startswith("role:")),
        "author": {"id": "1", "username": "flowbot", "bot": True},
        "timestamp": "2026-11-22T14:31:05.000000+00:00",
        **({"nonce": message.body.get("nonce")} if message.via == "bot" else {"webhook_id": message.via}),
    }


def _error(status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> web.Response:
    body = {"message": message, "code": code, **({"errors": errors} if errors else {})}
    return web.json_response(body, status=status, headers={"Via": "1.1 google"})


def pings(body: dict[str, Any]) -> frozenset[str]:
    """Whom a message wakes: mentions in its content (never in an embed) that `allowed_mentions` lets through."""
    content = body.get("content", "")
    allowed = body.get("allowed_mentions", {"parse": ["everyone", "roles", "users"]})
    parse = allowed.get("parse", [])
    found = {name for name in ("everyone", "here") if "everyone" in parse and f"@{name}" in content}
    for kind, pattern in (("role", r"<@&([0-9]+)>"), ("user", r"<@!?([0-9]+)>")):
        ids = re.findall(pattern, content)
        found |= {f"{kind}:{id_}" for id_ in ids if f"{kind}s" in parse or id_ in allowed.get(f"{kind}s", [])}
    return frozenset(found)


def check_message(body: dict[str, Any]) -> dict[str, Any]:
    """Discord's `errors` for a message; empty where it is valid. Lengths in UTF-16 units, the harsher reading."""
    errors: dict[str, Any] = {}
    _check_length(errors, "content", body.get("content", ""), 2000)
    if problem := _mentions_problem(body.get("allowed_mentions", {})):
        errors["allowed_mentions"] = _problem("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", problem)
    if len(str(body.get("nonce", ""))) > 25:
        errors["nonce"] = _problem("NONCE_TYPE_TOO_LONG", "Must be 25 or fewer in length.")
    embeds = body.get("embeds", [])
    if not isinstance(embeds, list) or len(embeds) > 10:
        errors["embeds"] = _problem("BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        return errors
    by_index = {str(index): found for index, embed in enumerate(embeds) if (found := check_embed(embed))}
    if by_index:
        errors["embeds"] = by_index
    elif sum(map(embed_size, embeds)) > 6000:
        errors["embeds"] = _problem("MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    return errors


def check_embed(embed: Any) -> dict[str, Any]:
    """Discord's errors for one embed."""
    if not isinstance(embed, dict):
        return _problem("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    errors: dict[str, Any] = {}
    for key in embed.keys() - EMBED_KEYS:
        errors[key] = _problem("UNKNOWN_KEY", f"undocumented embed key {key}")
    for key, limit in LIMITS.items():
        _check_length(errors, key, embed.get(key, ""), limit)
    if "url" in embed and not re.match(r"https?://[^/\s]+", str(embed["url"])):
        errors["url"] = _problem("URL_TYPE_INVALID_URL", "Not a well formed URL.")
    colour = embed.get("color", 0)
    if not isinstance(colour, int) or not 0 <= colour <= 0xFFFFFF:
        errors["color"] = _problem("NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")
    footer: dict[str, Any] = {}
    _check_length(footer, "text", embed.get("footer", {}).get("text", ""), 2048)
    if footer:
        errors["footer"] = footer
    fields = embed.get("fields", [])
    if len(fields) > 25:
        errors["fields"] = _problem("BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    by_index = {str(index): found for index, part in enumerate(fields) if (found := _check_field(part))}
    if by_index:
        errors["fields"] = by_index
    if not any(embed.get(key) for key in ("title", "description", "fields", "image", "footer", "author")):
        errors["description"] = _problem("BASE_TYPE_REQUIRED", "This field is required")
    return errors


def embed_size(embed: dict[str, Any]) -> int:
    """What an embed adds to the 6000 characters of a message."""
    texts = [embed.get("title", ""), embed.get("description", "")]
    texts += [embed.get("footer", {}).get("text", ""), embed.get("author", {}).get("name", "")]
    texts += [part[key] for part in embed.get("fields", []) for key in ("name", "value")]
    return sum(map(length, texts))


def length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _check_field(part: dict[str, Any]) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    for key, limit in (("name", 256), ("value", 1024)):
        if not part.get(key):
            errors[key] = _problem("BASE_TYPE_REQUIRED", "This field is required")
        _check_length(errors, key, part.get(key, ""), limit)
    return errors


def _check_length(errors: dict[str, Any], key: str, text: object, limit: int) -> None:
    if not isinstance(text, str):
        errors[key] = _problem("STRING_TYPE_CONVERT", "Could not interpret this as a string.")
    elif length(text) > limit:
        errors[key] = _problem("BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def _mentions_problem(allowed: Any) -> str:
    if not isinstance(allowed, dict) or allowed.keys() - {"parse", "roles", "users", "replied_user"}:
        return "allowed_mentions has parse, roles, users and replied_user only"
    parse = allowed.get("parse", [])
    if not isinstance(parse, list) or set(parse) - {"roles", "users", "everyone"}:
        return "parse holds roles, users or everyone"
    for key in ("roles", "users"):
        ids = allowed.get(key, [])
        if not isinstance(ids, list) or len(ids) > 100:
            return f"{key} is a list of at most 100"
        if not all(isinstance(id_, str) and re.fullmatch(r"[0-9]{1,20}", id_) for id_ in ids):
            return f"{key} holds snowflakes"
        if ids and key in parse:
            return f"parse:[{key}] and {key}: [ids...] are mutually exclusive"
    return ""


def _problem(code: str, message: str) -> dict[str, Any]:
    return {"_errors": [{"code": code, "message": message}]}
