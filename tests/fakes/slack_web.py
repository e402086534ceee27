"""Slack's chat.postMessage and incoming webhooks on loopback, behaving as Slack's reference says (2026-11).

`async with FakeSlack() as slack:` then `slack.api_url`, `slack.webhook_url()`, `slack.messages`, `slack.script(...)`;
end with `assert not slack.unexpected`.
"""

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.faults import FaultyServer

MAX_TEXT = 4000
MAX_BLOCKS = 50
MAX_TOTAL = 13_200
"""Where others met msg_blocks_too_long, blocks' frames included; the exact measure is Slack's secret."""
MESSAGE_KEYS = {"text", "blocks", "attachments", "unfurl_links", "unfurl_media", "mrkdwn", "metadata"}
API_KEYS = MESSAGE_KEYS | {"channel", "thread_ts", "reply_broadcast", "link_names", "parse"}
WEBHOOK_KEYS = MESSAGE_KEYS | {"response_type", "replace_original", "delete_original"}

_PING = re.compile(r"<(!channel|!here|!everyone|!subteam\^[A-Z0-9]+|@[A-Z0-9]+)(?:\|[^>]*)?>")


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One message that Slack shows."""

    ts: str
    channel: str
    body: dict[str, Any]
    pings: frozenset[str]
    """Whom it wakes: `!channel`, `!here`, `!everyone`, `!subteam^S…`, `@U…`."""
    arrived_ns: int

    @property
    def text(self) -> str:
        """Everything a reader sees, as one JSON text."""
        return json.dumps(self.body, ensure_ascii=False)


@dataclass(slots=True)
class Tokens:
    """One message a second, with a short burst."""

    burst: int
    left: float
    at: float

    def wait_s(self, now: float) -> float:
        self.left = min(float(self.burst), self.left + now - self.at)
        self.at = now
        if self.left < 1:
            return 1 - self.left
        self.left -= 1
        return 0.0


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
        latency_s: float = 0.0,
        port: int = 0,
    ) -> None:
        super().__init__(latency_s=latency_s, port=port)
        self.token = token
        self.channels = set(channels)
        self.messages: list[SlackMessage] = []
        self.is_limited = is_limited
        self._burst = burst
        self._clock = clock
        self._tokens: dict[str, Tokens] = {}
        self._webhooks: dict[str, str] = {}

    @property
    def api_url(self) -> str:
        return f"{self.origin}/api/"

    def webhook_url(self, id: str = "B0FAKE", *, channel: str = "C0123ABCD") -> str:  # noqa: A002 Slack's word
        """The address of an incoming webhook, which exists from now on."""
        path = f"/services/T0FAKE/{id}/fakewebhooksecret{id}"
        self._webhooks[path] = channel
        return f"{self.origin}{path}"

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/api/chat.postMessage", self._post_message)
        yield web.post("/services/{team}/{id}/{secret}", self._post_to_webhook)

    async def _post_message(self, request: web.Request) -> web.StreamResponse:
        fault = self.fault_for(request.path)
        if fault is not None and not fault.is_stored:
            return await self.play(fault, request, None)
        reply = self._judge(await request.read(), request)
        return reply if fault is None else await self.play(fault, request, reply)

    def _judge(self, raw: bytes, request: web.Request) -> web.Response:
        authorization = request.headers.get("Authorization", "")
        if not authorization:
            return _no("not_authed")
        if authorization != f"Bearer {self.token}":
            return _no("invalid_auth")
        if request.content_type != "application/json":
            self.unexpected.append(f"content type {request.content_type} on chat.postMessage")
        try:
            body = json.loads(raw)
        except ValueError:
            return _no("invalid_json")
        if not isinstance(body, dict):
            return _no("json_not_object")
        for key in body.keys() - API_KEYS:
            self.unexpected.append(f"undocumented argument {key} of chat.postMessage")
        channel = body.get("channel")
        if not isinstance(channel, str) or channel not in self.channels:
            return _no("channel_not_found")
        if wait_s := self._wait_s(channel):
            retry = {"Retry-After": str(math.ceil(wait_s))}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=retry)
        if error := check_message(body):
            return _no(error)
        message = self._store(body, channel)
        return web.json_response({"ok": True, "channel": channel, "ts": message.ts, "message": {"text": body["text"]}})

    async def _post_to_webhook(self, request: web.Request) -> web.StreamResponse:
        fault = self.fault_for(request.path)
        if fault is not None and not fault.is_stored:
            return await self.play(fault, request, None)
        reply = self._judge_webhook(await request.read(), request)
        return reply if fault is None else await self.play(fault, request, reply)

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
        self._store(body, channel)
        return web.Response(text="ok")

    def _wait_s(self, key: str) -> float:
        if not self.is_limited:
            return 0.0
        now = self._clock()
        return self._tokens.setdefault(key, Tokens(self._burst, self._burst, now)).wait_s(now)

    def _store(self, body: dict[str, Any], channel: str) -> SlackMessage:
        ts = f"1795350665.{len(self.messages):06d}"
        message = SlackMessage(ts, channel, body, pings(body), time.time_ns())
        self.messages.append(message)
        return message


def _no(error: str) -> web.Response:
    """HTTP 200 with `ok: false` is how the Web API fails."""
    return web.json_response({"ok": False, "error": error})


def pings(body: dict[str, Any]) -> frozenset[str]:
    """Whom a message wakes: mentions in its text and in every mrkdwn object; a plain_text object wakes nobody."""
    texts = [body.get("text", ""), *(part["text"] for part in _text_objects(body) if part["type"] == "mrkdwn")]
    return frozenset(found for text in texts for found in _PING.findall(text))


def _text_objects(part: object) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("type") in ("mrkdwn", "plain_text") and isinstance(part.get("text"), str):
            yield part
        for below in part.values():
            yield from _text_objects(below)
    elif isinstance(part, list):
        for below in part:
            yield from _text_objects(below)


def check_message(body: dict[str, Any]) -> str:
    """Slack's error word for a message; empty where it is valid."""
    text, blocks, attachments = body.get("text", ""), body.get("blocks", []), body.get("attachments", [])
    if not text and not blocks and not attachments:
        return "no_text"
    if not isinstance(text, str) or length(text) > MAX_TEXT:
        return "msg_too_long"
    if not isinstance(attachments, list) or len(attachments) > 100:
        return "too_many_attachments"
    groups = [blocks, *(attachment.get("blocks", []) for attachment in attachments)]
    if sum(map(len, groups)) > MAX_BLOCKS or not all(_is_block(block) for group in groups for block in group):
        return "invalid_blocks"
    if length(json.dumps([blocks, attachments], ensure_ascii=False)) > MAX_TOTAL:
        return "msg_blocks_too_long"
    if not all(re.fullmatch(r"#[0-9a-f]{6}", attachment.get("color", "#000000")) for attachment in attachments):
        return "invalid_attachments"
    return _metadata_error(body.get("metadata"))


def _metadata_error(metadata: Any) -> str:
    if metadata is None:
        return ""
    is_well_formed = (
        isinstance(metadata, dict)
        and metadata.keys() == {"event_type", "event_payload"}
        and isinstance(metadata["event_type"], str)
        and isinstance(metadata["event_payload"], dict)
    )
    return "" if is_well_formed else "invalid_metadata_format"


def _is_block(block: Any) -> bool:
    """Whether this is one of the blocks that messages here may hold, within its documented limits."""
    match block:
        case {"type": "divider"}:
            return True
        case {"type": "header", "text": {"type": "plain_text"} as text}:
            return _is_text(text, 150)
        case {"type": "section"}:
            return _is_section(block)
        case {"type": "context", "elements": [*elements]}:
            return 1 <= len(elements) <= 10 and all(_is_text(part, 2000) for part in elements)
        case {"type": "actions", "elements": [*elements]}:
            return 1 <= len(elements) <= 25
    return False


def _is_section(section: dict[str, Any]) -> bool:
    fields = section.get("fields", [])
    has_content = "text" in section or bool(fields)
    is_fine = "text" not in section or _is_text(section["text"], 3000)
    return has_content and is_fine and len(fields) <= 10 and all(_is_text(part, 2000) for part in fields)


def _is_text(part: Any, limit: int) -> bool:
    match part:
        case {"type": "plain_text", "text": str(text), **rest}:
            return 1 <= length(text) <= limit and not rest.keys() - {"emoji"}
        case {"type": "mrkdwn", "text": str(text), **rest}:
            return 1 <= length(text) <= limit and not rest.keys() - {"verbatim"}
    return False


def length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
