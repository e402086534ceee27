"""Discord's REST API as far as messages go, on loopback, behaving as Discord's reference says (2026-11).

`async with FakeDiscord() as discord:` then `discord.api_url`, `discord.webhook_url()`, `discord.messages`,
`discord.script(...)`; end with `assert not discord.unexpected`. Long, because it is one platform's whole behaviour.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

from aiohttp import web

from tests.fakes.discord_files import Body, File, file_problems, read_body
from tests.fakes.discord_forms import check_message as check_message
from tests.fakes.discord_forms import embed_size as embed_size
from tests.fakes.discord_forms import pings as pings
from tests.fakes.faults import FaultyServer, What
from tests.fakes.limits import Window

MESSAGE_KEYS = {"content", "embeds", "allowed_mentions", "components", "flags", "tts", "attachments"}
BOT_KEYS = MESSAGE_KEYS | {"nonce", "enforce_nonce", "message_reference"}
WEBHOOK_KEYS = MESSAGE_KEYS | {"username", "avatar_url", "thread_name"}
EDIT_KEYS = {"content", "embeds", "allowed_mentions", "components", "flags", "attachments"}
EPOCH_MS = 1_420_070_400_000

Route = Literal["POST channel", "PATCH channel", "GET channel", "POST webhook", "PATCH webhook"]
ROUTES: dict[Route, tuple[int, float]] = {
    "POST channel": (5, 5.0),
    "PATCH channel": (5, 5.0),
    "GET channel": (5, 5.0),
    "POST webhook": (5, 2.0),
    "PATCH webhook": (5, 5.0),
}
"""A bucket each, for every channel or webhook. Discord publishes no figures; these are what its headers show."""


@dataclass(slots=True)
class DiscordMessage:
    """One message that Discord shows, or showed."""

    id: str
    channel: str
    via: str
    """`bot` or the webhook's id."""
    pings: frozenset[str]
    """Whom it woke: `everyone`, `here`, `role:<id>`, `user:<id>`. An edit wakes nobody."""
    arrived_ns: int
    states: list[tuple[int, dict[str, Any]]]
    """(unix nanoseconds, body): as it was posted, and after each edit."""
    is_deleted: bool = False
    files: Mapping[str, File] = field(default_factory=dict)
    """By their number."""

    @property
    def body(self) -> dict[str, Any]:
        return self.states[-1][1]

    @property
    def edits(self) -> int:
        return len(self.states) - 1

    @property
    def embeds(self) -> list[dict[str, Any]]:
        return list(self.body.get("embeds", []))

    @property
    def text(self) -> str:
        """Everything a reader sees, as one JSON text."""
        return json.dumps(self.body, ensure_ascii=False)


@dataclass(slots=True)
class Limits:
    """The windows one request counts against; the first is the one that the headers show."""

    bucket: str
    shown: Window
    hidden: tuple[Window, ...] = ()
    overall: Window | None = None


@dataclass(slots=True)
class _Webhook:
    channel: str
    token: str
    is_forum: bool = False


def dm_of(user: str) -> str:
    """The channel of a user's direct messages with the bot."""
    return f"77{user}"


class FakeDiscord(FaultyServer):
    """One bot, some channels, some webhooks."""

    def __init__(
        self,
        *,
        token: str = "fake-discord-token",  # noqa: S107 a fake one
        channels: Iterable[str] = ("1122334455667788",),
        is_limited: bool = True,
        clock: Callable[[], float] = time.monotonic,
        now_ns: Callable[[], int] = time.time_ns,
        latency_s: float = 0.0,
        port: int = 0,
    ) -> None:
        super().__init__(latency_s=latency_s, port=port)
        self.token = token
        self.messages: list[DiscordMessage] = []
        """All that were ever posted, deleted ones too, oldest first."""
        self.is_limited = is_limited
        self.history: Literal["open", "hidden", "refused"] = "open"
        """hidden: the bot lacks Read Message History, so it is shown no messages. refused: it lacks View Channel."""
        self.shows_nonce = False
        """Whether the history holds each message's nonce. No document says so; the answer to a post does hold it."""
        self.nonce_s = 300.0
        """How long a nonce is remembered: "the past few minutes"."""
        self.may_attach = True
        """Whether the bot has Attach Files."""
        self._clock = clock
        self._now_ns = now_ns
        self._channels = set(channels)
        self.closed: set[str] = set()
        """Users who take no messages of the bot's. Discord opens a channel with them all the same."""
        self._webhooks: dict[str, _Webhook] = {}
        self._nonces: dict[str, tuple[float, DiscordMessage]] = {}
        self._overall = Window(50, 1.0)
        self._by_channel: dict[str, Window] = {}
        self._limits: dict[tuple[Route, str], Limits] = {}

    @property
    def api_url(self) -> str:
        return f"{self.origin}/api/v10"

    @property
    def shown(self) -> list[DiscordMessage]:
        """The messages that a reader sees."""
        return [message for message in self.messages if not message.is_deleted]

    def webhook_url(
        self,
        id: str = "9000",  # noqa: A002 Discord's word
        *,
        channel: str = "1122334455667788",
        is_forum: bool = False,
    ) -> str:
        """The address of a webhook, which exists from now on."""
        hook = self._webhooks.setdefault(id, _Webhook(channel, f"fake-webhook-token-{id}", is_forum))
        return f"{self.api_url}/webhooks/{id}/{hook.token}"

    def delete_webhook(self, id: str = "9000") -> None:  # noqa: A002 Discord's word
        del self._webhooks[id]

    def delete_channel(self, channel: str) -> None:
        self._channels.remove(channel)

    def delete(self, message_id: str) -> None:
        """A moderator deletes a message."""
        next(message for message in self.messages if message.id == message_id).is_deleted = True

    def routes(self) -> Iterable[web.RouteDef]:
        channel, webhook = "/api/v10/channels/{channel}/messages", "/api/v10/webhooks/{id}/{token}"
        yield web.post(channel, self._post_to_channel)
        yield web.get(channel, self._get_history, allow_head=False)
        yield web.patch(channel + "/{message:[0-9]+}", self._edit_in_channel)
        yield web.post("/api/v10/users/@me/channels", self._open_dm)
        yield web.post(webhook, self._post_to_webhook)
        yield web.patch(webhook + "/messages/{message:[0-9]+}", self._edit_of_webhook)

    # --- a bot's requests ---

    async def _post_to_channel(self, request: web.Request) -> web.StreamResponse:
        channel = request.match_info["channel"]
        limits = self._limits_of("POST channel", channel, overall=self._overall)
        return self._refused_bot(request, channel) or await self._serve(
            request, "post", limits, lambda raw: self._take(raw, request, channel, "bot")
        )

    async def _open_dm(self, request: web.Request) -> web.StreamResponse:
        """Create DM: the same channel every time."""
        if request.headers.get("Authorization") != f"Bot {self.token}":
            return _error(401, 0, "401: Unauthorized")
        user = (await request.json()).get("recipient_id", "")
        if not user.isdecimal():
            return _error(400, 50035, "Invalid Form Body")
        self._channels.add(dm_of(user))
        return web.json_response({"id": dm_of(user), "type": 1, "recipients": [{"id": user, "username": "trader"}]})

    async def _edit_in_channel(self, request: web.Request) -> web.StreamResponse:
        channel = request.match_info["channel"]
        limits = self._limits_of("PATCH channel", channel, overall=self._overall)
        return self._refused_bot(request, channel) or await self._serve(
            request, "edit", limits, lambda raw: self._change(raw, request, channel, "bot")
        )

    async def _get_history(self, request: web.Request) -> web.StreamResponse:
        channel = request.match_info["channel"]
        limits = self._limits_of("GET channel", channel, overall=self._overall)
        return self._refused_bot(request, channel) or await self._serve(
            request, "look", limits, lambda _: self._page(request, channel)
        )

    def _refused_bot(self, request: web.Request, channel: str) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bot {self.token}":
            return _error(401, 0, "401: Unauthorized")
        if channel in map(dm_of, self.closed):
            return _error(403, 50007, "Cannot send messages to this user")
        return None if channel in self._channels else _error(404, 10003, "Unknown Channel")

    # --- a webhook's requests ---

    async def _post_to_webhook(self, request: web.Request) -> web.StreamResponse:
        id_ = request.match_info["id"]
        if (refusal := self._refused_webhook(request, {"wait", "thread_id", "with_components"})) is not None:
            return refusal
        channel = request.query.get("thread_id", self._webhooks[id_].channel)
        hidden = self._by_channel.setdefault(self._webhooks[id_].channel, Window(30, 60.0))
        limits = self._limits_of("POST webhook", id_, hidden=(hidden,))
        return await self._serve(request, "post", limits, lambda raw: self._take(raw, request, channel, id_))

    async def _edit_of_webhook(self, request: web.Request) -> web.StreamResponse:
        id_ = request.match_info["id"]
        if (refusal := self._refused_webhook(request, {"thread_id", "with_components"})) is not None:
            return refusal
        channel = request.query.get("thread_id", self._webhooks[id_].channel)
        limits = self._limits_of("PATCH webhook", id_)
        return await self._serve(request, "edit", limits, lambda raw: self._change(raw, request, channel, id_))

    def _refused_webhook(self, request: web.Request, query: set[str]) -> web.Response | None:
        hook = self._webhooks.get(request.match_info["id"])
        if hook is None:
            return _error(404, 10015, "Unknown Webhook")
        if request.match_info["token"] != hook.token:
            return _error(401, 50027, "Invalid Webhook Token")
        for key in request.query.keys() - query:
            self.unexpected.append(f"undocumented query parameter {key} on {request.method} of a webhook")
        return None

    # --- limits ---

    async def _serve(
        self, request: web.Request, what: What, limits: Limits, documented: Callable[[bytes], web.Response]
    ) -> web.StreamResponse:
        def judged(raw: bytes) -> web.Response:
            if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
                self.unexpected.append("User-Agent is not `DiscordBot (url, version)`")
            if (refusal := self._limit(limits)) is not None:
                return refusal
            reply = documented(raw)
            reply.headers.update(self._rate_headers(limits))
            return reply

        return await self.answered(request, what, judged)

    def _limits_of(
        self, route: Route, major: str, *, hidden: tuple[Window, ...] = (), overall: Window | None = None
    ) -> Limits:
        if (route, major) not in self._limits:
            bucket = blake2b(route.encode(), digest_size=16).hexdigest()
            self._limits[route, major] = Limits(bucket, Window(*ROUTES[route]), hidden, overall)
        return self._limits[route, major]

    def _limit(self, limits: Limits) -> web.Response | None:
        if not self.is_limited:
            return None
        now = self._clock()
        overall = [] if limits.overall is None else [limits.overall]
        windows = [limits.shown, *limits.hidden, *overall]
        waits = [window.wait_s(now) for window in windows]
        if not any(waits):
            for window in windows:
                window.take(now)
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
        shown, now = limits.shown, self._clock()
        reset_after_s = shown.reset_after_s(now) if self.is_limited else 1.0
        return {
            "Via": "1.1 google",
            "X-RateLimit-Limit": str(shown.limit),
            "X-RateLimit-Remaining": str(shown.remaining(now)),
            "X-RateLimit-Reset": f"{time.time() + reset_after_s:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after_s:.3f}",
            "X-RateLimit-Bucket": limits.bucket,
        }

    # --- messages ---

    def _take(self, raw: bytes, request: web.Request, channel: str, via: str) -> web.Response:
        form = self._form(raw, request, BOT_KEYS if via == "bot" else WEBHOOK_KEYS)
        if isinstance(form, web.Response):
            return form
        body = form.said
        if via == "bot" and form.files and not self.may_attach:
            return _error(403, 50013, "Missing Permissions")
        if (problem := _problem_of(body, form.files)) is not None:
            return problem
        if via != "bot" and body.get("components"):
            self.unexpected.append("components on a webhook that is no application's: Discord leaves them out")
        if via != "bot" and (problem := _thread_problem(body, request, self._webhooks[via])) is not None:
            return problem
        message = self._store(body, channel, via)
        message.files = form.files
        if via != "bot" and request.query.get("wait", "false").lower() != "true":
            return web.Response(status=204)
        return web.json_response(_shown(message, has_nonce=True))

    def _change(self, raw: bytes, request: web.Request, channel: str, via: str) -> web.Response:
        message = self._message(request.match_info["message"])
        if message is None or message.channel != channel or (via != "bot" and message.via != via):
            return _error(404, 10008, "Unknown Message")
        if message.via != via:
            return _error(403, 50005, "Cannot edit a message authored by another user")
        form = self._form(raw, request, EDIT_KEYS)
        if isinstance(form, web.Response):
            return form
        if via != "bot" and "components" in form.said:
            self.unexpected.append("components on a webhook that is no application's: Discord leaves them out")
        changed = {**message.body, **form.said}
        if (problem := _problem_of(changed, message.files)) is not None:
            return problem
        message.states.append((self._now_ns(), changed))
        return web.json_response(_shown(message, has_nonce=False))

    def _page(self, request: web.Request, channel: str) -> web.Response:
        if self.history == "refused":
            return _error(403, 50001, "Missing Access")
        query = request.query
        for key in query.keys() - {"before", "after", "limit"}:
            self.unexpected.append(f"unknown query parameter {key} of a channel's messages")
        limit = query.get("limit", "50")
        if not limit.isdecimal() or not 1 <= int(limit) <= 100:
            return _error(400, 50035, "Invalid Form Body")
        first, last = int(query.get("after", "0")), int(query.get("before", str(1 << 63)))
        found = [message for message in self.shown if message.channel == channel and first < int(message.id) < last]
        found.sort(key=lambda message: int(message.id), reverse="after" not in query)
        page = sorted(found[: int(limit)], key=lambda message: int(message.id), reverse=True)
        shown = [] if self.history == "hidden" else [_shown(one, has_nonce=self.shows_nonce) for one in page]
        return web.json_response(shown)

    def _form(self, raw: bytes, request: web.Request, keys: set[str]) -> Body | web.Response:
        form = read_body(raw, request.headers.get("Content-Type", ""))
        if form is None:
            return _error(400, 50109, "The request body contains invalid JSON.")
        if not isinstance(form.said, dict):
            return _error(400, 50035, "Invalid Form Body")
        for key in form.said.keys() - keys:
            self.unexpected.append(f"undocumented message key {key} on {request.method}")
        return form

    def _store(self, body: dict[str, Any], channel: str, via: str) -> DiscordMessage:
        """A nonce that Discord enforces gives back the earlier message of the same author."""
        nonce = str(body["nonce"]) if body.get("enforce_nonce") and "nonce" in body else None
        now = self._clock()
        if nonce is not None and nonce in self._nonces and now - self._nonces[nonce][0] < self.nonce_s:
            return self._nonces[nonce][1]
        now_ns = self._now_ns()
        snowflake = str(((now_ns // 1_000_000 - EPOCH_MS) << 22) + len(self.messages))
        if "thread_name" in body:
            channel = snowflake  # a forum post has the id of its first message

        message = DiscordMessage(snowflake, channel, via, pings(body), now_ns, [(now_ns, body)])
        self.messages.append(message)
        if nonce is not None:
            self._nonces[nonce] = (now, message)
        return message

    def _message(self, id_: str) -> DiscordMessage | None:
        return next((message for message in self.shown if message.id == id_), None)


def _shown(message: DiscordMessage, *, has_nonce: bool) -> dict[str, Any]:
    """Discord's message object, abridged; a webhook's names the webhook."""
    nonce = {"nonce": message.body["nonce"]} if has_nonce and "nonce" in message.body else {}
    return {
        "id": message.id,
        "type": 0,
        "channel_id": message.channel,
        "content": message.body.get("content", ""),
        "embeds": [{"type": "rich", **embed} for embed in message.embeds],
        "components": message.body.get("components", []),
        "mentions": [],
        "mention_everyone": "everyone" in message.pings,
        "mention_roles": sorted(ping[5:] for ping in message.pings if ping.startswith("role:")),
        "author": {"id": "1", "username": "flowbot", "bot": True},
        "timestamp": "2026-11-22T14:31:05.000000+00:00",
        "edited_timestamp": "2026-11-22T14:31:09.000000+00:00" if message.edits else None,
        **nonce,
        **({} if message.via == "bot" else {"webhook_id": message.via}),
    }


def _problem_of(body: dict[str, Any], files: Mapping[str, File]) -> web.Response | None:
    if not body.get("content") and not body.get("embeds") and not files:
        return _error(400, 50006, "Cannot send an empty message")
    errors = check_message(body)
    if problems := file_problems(body, files):
        errors["attachments"] = {"_errors": [{"code": "ATTACHMENT_INVALID", "message": "; ".join(problems)}]}
    return _error(400, 50035, "Invalid Form Body", errors) if errors else None


def _thread_problem(body: dict[str, Any], request: web.Request, hook: _Webhook) -> web.Response | None:
    """A forum takes messages into threads only, and nothing else begins one by name."""
    name, thread = body.get("thread_name"), request.query.get("thread_id")
    if name is not None and not hook.is_forum:
        return _error(400, 220003, "Webhooks can only create threads in forum channels")
    if name is not None and thread is not None:
        return _error(400, 220002, "Webhooks posted to forum channels cannot have both a thread_name and thread_id")
    if hook.is_forum and name is None and thread is None:
        return _error(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
    if name is not None and not 1 <= len(name) <= 100:
        problem = {"_errors": [{"code": "BASE_TYPE_BAD_LENGTH", "message": "Must be between 1 and 100 in length."}]}
        return _error(400, 50035, "Invalid Form Body", {"thread_name": problem})
    return None


def _error(status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> web.Response:
    body = {"message": message, "code": code, **({"errors": errors} if errors else {})}
    return web.json_response(body, status=status, headers={"Via": "1.1 google"})
