"""Slack's Web API as far as messages go, and incoming webhooks, on loopback, as Slack's reference says (2026-11).

`async with FakeSlack() as slack:` then `slack.api_url`, `slack.webhook_url()`, `slack.messages`, `slack.script(...)`;
end with `assert not slack.unexpected`. Long, because it is one platform's whole behaviour.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web

from tests.fakes.faults import FaultyServer
from tests.fakes.limits import Tokens, Window
from tests.fakes.slack_message import check_message, pings
from tests.fakes.slack_uploads import Uploads

__all__ = ["FakeSlack", "SlackMessage", "check_message", "pings"]

TIER_3 = (50, 60.0)
"""Requests of one method, and the seconds they may be made in."""
MESSAGE_KEYS = {"text", "blocks", "attachments", "unfurl_links", "unfurl_media", "mrkdwn", "metadata"}
API_KEYS = MESSAGE_KEYS | {"channel", "thread_ts", "reply_broadcast", "link_names", "parse"}
WEBHOOK_KEYS = MESSAGE_KEYS | {"response_type", "replace_original", "delete_original"}
SHOWN_KEYS = {"text", "blocks", "attachments"}
UPDATE_KEYS = SHOWN_KEYS | {
    "metadata",
    "channel",
    "ts",
    "as_user",
    "link_names",
    "parse",
    "reply_broadcast",
    "file_ids",
}
HISTORY_KEYS = {"channel", "cursor", "include_all_metadata", "inclusive", "latest", "limit", "oldest"}


@dataclass(slots=True)
class SlackMessage:
    """One message that Slack shows, or showed."""

    ts: str
    channel: str
    via: str
    """`bot`, or the webhook's path."""
    pings: frozenset[str]
    """Whom it woke: `!channel`, `!here`, `!everyone`, `!subteam^S…`, `@U…`. An edit wakes nobody."""
    arrived_ns: int
    states: list[tuple[int, dict[str, Any]]]
    """(unix nanoseconds, body): as it was posted, and after each edit."""
    is_deleted: bool = False

    @property
    def body(self) -> dict[str, Any]:
        return self.states[-1][1]

    @property
    def edits(self) -> int:
        return len(self.states) - 1

    @property
    def text(self) -> str:
        """Everything a reader sees, as one JSON text."""
        return json.dumps(self.body, ensure_ascii=False)


class FakeSlack(FaultyServer):
    """One workspace: some channels with the bot in them, some webhooks."""

    def __init__(
        self,
        *,
        token: str = "xoxb-fake-token",  # noqa: S107 a fake one
        channels: Iterable[str] = ("C0123ABCD",),
        is_limited: bool = True,
        burst: int = 3,
        clock: Callable[[], float] = time.monotonic,
        now_ns: Callable[[], int] = time.time_ns,
        latency_s: float = 0.0,
        port: int = 0,
    ) -> None:
        """`burst` of 1 is the strict reading of one message a second."""
        super().__init__(latency_s=latency_s, port=port)
        self.token = token
        self.channels = set(channels)
        self.messages: list[SlackMessage] = []
        """All that were ever posted, deleted ones too, oldest first."""
        self.is_limited = is_limited
        self.has_history_scope = True
        """channels:history and groups:history."""
        self.is_edit_window_closed = False
        """The workspace's settings let nobody edit any more."""
        self.uploads = Uploads(lambda: self.origin, token, self.unexpected, self._is_member)
        self.groups: dict[str, list[str]] = {}
        """User groups and their members."""
        self.has_groups_scope = True
        """usergroups:read."""
        self.closed: dict[str, str] = {}
        """Users whom no direct message reaches, and Slack's word for why: `user_disabled`, say."""
        self._burst = burst
        self._clock = clock
        self._now_ns = now_ns
        self._tokens: dict[str, Tokens] = {}
        self._methods: dict[str, Window] = {}
        self._webhooks: dict[str, str] = {}

    @property
    def api_url(self) -> str:
        return f"{self.origin}/api/"

    @property
    def shown(self) -> list[SlackMessage]:
        """The messages that a reader sees."""
        return [message for message in self.messages if not message.is_deleted]

    def webhook_url(self, id: str = "B0FAKE", *, channel: str = "C0123ABCD") -> str:  # noqa: A002 Slack's word
        """The address of an incoming webhook, which exists from now on."""
        path = f"/services/T0FAKE/{id}/fakewebhooksecret{id}"
        self._webhooks[path] = channel
        return f"{self.origin}{path}"

    def delete(self, ts: str) -> None:
        """Somebody deletes a message."""
        next(message for message in self.messages if message.ts == ts).is_deleted = True

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/api/chat.postMessage", self._post_message)
        yield web.post("/api/chat.update", self._update)
        yield web.get("/api/conversations.history", self._history, allow_head=False)
        yield web.post("/services/{team}/{id}/{secret}", self._post_to_webhook)
        yield web.post("/api/conversations.open", self._open)
        yield web.get("/api/usergroups.users.list", self._group, allow_head=False)
        yield from self.uploads.routes()

    async def _post_message(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "post", lambda raw: self._judge(raw, request))

    async def _update(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "edit", lambda raw: self._judge_update(raw, request))

    async def _history(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "look", lambda _: self._judge_history(request))

    async def _post_to_webhook(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "post", lambda raw: self._judge_webhook(raw, request))

    # --- the Web API ---

    def _judge(self, raw: bytes, request: web.Request) -> web.Response:
        body = self._arguments(raw, request, API_KEYS)
        if isinstance(body, web.Response):
            return body
        channel = body.get("channel")
        if not isinstance(channel, str) or channel not in self.channels:
            return _no("channel_not_found")
        if wait_s := self._wait_s(channel):
            return _limited(wait_s)
        if error := check_message(body):
            return _no(error)
        message = self._store(body, channel, "bot")
        return web.json_response({"ok": True, "channel": channel, "ts": message.ts, "message": {"text": body["text"]}})

    def _judge_update(self, raw: bytes, request: web.Request) -> web.Response:
        """Tier 3. What a reader sees is replaced as a whole; metadata that is not given stays."""
        body = self._arguments(raw, request, UPDATE_KEYS)
        if isinstance(body, web.Response):
            return body
        if wait_s := self._method_wait_s("chat.update"):
            return _limited(wait_s)
        if body.get("channel") not in self.channels:
            return _no("channel_not_found")
        found = (one for one in self.shown if (one.ts, one.channel) == (body.get("ts"), body["channel"]))
        message = next(found, None)
        if message is None:
            return _no("message_not_found")
        if message.via != "bot":
            return _no("cant_update_message")
        if self.is_edit_window_closed:
            return _no("edit_window_closed")
        kept = {key: value for key, value in message.body.items() if key not in SHOWN_KEYS}
        changed = {**kept, **body}
        if error := check_message(changed):
            return _no(error)
        message.states.append((self._now_ns(), changed))
        return web.json_response({"ok": True, "channel": message.channel, "ts": message.ts, "text": body.get("text")})

    def _judge_history(self, request: web.Request) -> web.Response:
        """Tier 3. The newest first; metadata only where it is asked for."""
        if error := self._unauthorized(request):
            return _no(error)
        if wait_s := self._method_wait_s("conversations.history"):
            return _limited(wait_s)
        query = request.query
        for key in query.keys() - HISTORY_KEYS:
            self.unexpected.append(f"undocumented argument {key} of conversations.history")
        if not self.has_history_scope:
            scopes = {"needed": "channels:history", "provided": "chat:write"}
            return web.json_response({"ok": False, "error": "missing_scope", **scopes})
        if query.get("channel") not in self.channels:
            return _no("channel_not_found")
        try:
            found = self._since(query)
            limit, skipped = int(query.get("limit", "100")), int(query.get("cursor", "0"))
        except (ValueError, InvalidOperation):
            return _no("invalid_arguments")
        if not 1 <= limit <= 999:
            return _no("invalid_limit")
        has_metadata = query.get("include_all_metadata", "false") in ("true", "1")
        has_more = len(found) > skipped + limit
        page = [_shown(one, has_metadata=has_metadata) for one in found[skipped : skipped + limit]]
        cursor = {"response_metadata": {"next_cursor": str(skipped + limit)}} if has_more else {}
        return web.json_response({"ok": True, "messages": page, "has_more": has_more, **cursor})

    def _since(self, query: Mapping[str, str]) -> list[SlackMessage]:
        oldest, latest = Decimal(query.get("oldest", "0")), Decimal(query.get("latest", "Infinity"))
        found = [one for one in self.shown if one.channel == query["channel"] and oldest < Decimal(one.ts) < latest]
        return sorted(found, key=lambda one: Decimal(one.ts), reverse=True)

    # --- people ---

    async def _open(self, request: web.Request) -> web.Response:
        """Tier 3. One user gives their direct message with the bot, the same every time."""
        body = self._arguments(await request.read(), request, {"users", "return_im", "channel", "prevent_creation"})
        if isinstance(body, web.Response):
            return body
        if wait_s := self._method_wait_s("conversations.open"):
            return _limited(wait_s)
        user = body.get("users", "")
        if not isinstance(user, str) or not user.startswith(("U", "W")):
            return _no("user_not_found")
        if user in self.closed:
            return _no(self.closed[user])
        channel = f"D{user[1:]}"
        self.channels.add(channel)
        return web.json_response({"ok": True, "channel": {"id": channel}})

    async def _group(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "look", lambda _: self._judge_group(request))

    def _judge_group(self, request: web.Request) -> web.Response:
        if error := self._unauthorized(request):
            return _no(error)
        for key in request.query.keys() - {"usergroup", "include_disabled", "team_id"}:
            self.unexpected.append(f"undocumented argument {key} of usergroups.users.list")
        if not self.has_groups_scope:
            scopes = {"needed": "usergroups:read", "provided": "chat:write"}
            return web.json_response({"ok": False, "error": "missing_scope", **scopes})
        users = self.groups.get(request.query.get("usergroup", ""))
        return _no("no_such_subteam") if users is None else web.json_response({"ok": True, "users": users})

    def _is_member(self, channel: str) -> bool:
        return channel in self.channels

    def _arguments(self, raw: bytes, request: web.Request, keys: set[str]) -> dict[str, Any] | web.Response:
        method = request.path.rpartition("/")[2]
        if error := self._unauthorized(request):
            return _no(error)
        if request.content_type != "application/json":
            self.unexpected.append(f"content type {request.content_type} on {method}")
        try:
            body = json.loads(raw)
        except ValueError:
            return _no("invalid_json")
        if not isinstance(body, dict):
            return _no("json_not_object")
        for key in body.keys() - keys:
            self.unexpected.append(f"undocumented argument {key} of {method}")
        return body

    def _unauthorized(self, request: web.Request) -> str:
        authorization = request.headers.get("Authorization", "")
        if not authorization:
            return "not_authed"
        return "" if authorization == f"Bearer {self.token}" else "invalid_auth"

    # --- incoming webhooks ---

    def _judge_webhook(self, raw: bytes, request: web.Request) -> web.Response:
        channel = self._webhooks.get(request.path)
        if channel is None:
            return web.Response(status=404, text="no_service")
        try:
            body = json.loads(raw)
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        if not isinstance(body, dict):
            return web.Response(status=400, text="invalid_payload")
        for key in body.keys() - WEBHOOK_KEYS:
            self.unexpected.append(f"undocumented key {key} on an incoming webhook")
        if wait_s := self._wait_s(request.path):
            return web.Response(status=429, text="rate_limited", headers={"Retry-After": str(math.ceil(wait_s))})
        if error := check_message(body):
            return web.Response(status=400, text=error)
        self._store(body, channel, request.path)
        return web.Response(text="ok")

    # --- limits and messages ---

    def _wait_s(self, key: str) -> float:
        if not self.is_limited:
            return 0.0
        now = self._clock()
        return self._tokens.setdefault(key, Tokens(self._burst, self._burst, now)).wait_s(now)

    def _method_wait_s(self, method: str) -> float:
        if not self.is_limited:
            return 0.0
        window, now = self._methods.setdefault(method, Window(*TIER_3)), self._clock()
        if wait_s := window.wait_s(now):
            return wait_s
        window.take(now)
        return 0.0

    def _store(self, body: dict[str, Any], channel: str, via: str) -> SlackMessage:
        now_ns = self._now_ns()
        us = now_ns // 1000
        if self.messages:  # a ts is the id of its message in the channel
            us = max(us, int(self.messages[-1].ts.replace(".", "")) + 1)
        ts = f"{us // 1_000_000}.{us % 1_000_000:06d}"
        message = SlackMessage(ts, channel, via, pings(body), now_ns, [(now_ns, body)])
        self.messages.append(message)
        return message


def _shown(message: SlackMessage, *, has_metadata: bool) -> dict[str, Any]:
    """Slack's message object, abridged."""
    metadata = {"metadata": message.body["metadata"]} if has_metadata and "metadata" in message.body else {}
    shown = {key: message.body[key] for key in SHOWN_KEYS & message.body.keys()}
    return {"type": "message", "ts": message.ts, "bot_id": "B0FAKE", **shown, **metadata}


def _limited(wait_s: float) -> web.Response:
    retry = {"Retry-After": str(math.ceil(wait_s))}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=retry)


def _no(error: str) -> web.Response:
    """HTTP 200 with `ok: false` is how the Web API fails."""
    return web.json_response({"ok": False, "error": error})
