"""Receivers of an admin's own on loopback: one of signed webhooks, which verifies as the README tells it to, and one of
Apprise's `json://`. `async with FakeReceiver() as receiver:`, post to `receiver.url`, end with
`assert not receiver.unexpected`.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.faults import FaultyServer

WINDOW_S = 300
KINDS = {"alerts", "digest", "report", "notice"}


def verify(body: bytes, headers: Mapping[str, str], secret: str, now_s: float) -> bool:
    """As the README says."""
    timestamp = headers.get("X-Timestamp", "")
    if not timestamp.isdecimal() or abs(now_s - int(timestamp)) > WINDOW_S:
        return False
    expected = "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(headers.get("X-Signature", "").encode(), expected.encode())


@dataclass(frozen=True, slots=True)
class Received:
    """One message that the receiver took."""

    key: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


class FakeReceiver(FaultyServer):
    """Takes what is signed with `secret`; `repeat` is its answer to a key that it has seen, 0: it does not look."""

    def __init__(
        self,
        *,
        secret: str = "fake-signing-secret",  # noqa: S107 a fake one
        token: str = "fake-receiver-token",  # noqa: S107 likewise
        repeat: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.secret = secret
        self.token = token
        self.messages: list[Received] = []
        self.attempts: list[Mapping[str, str]] = []
        """The headers of every request that was read, oldest first."""
        self._repeat = repeat
        self._clock = clock

    @property
    def url(self) -> str:
        return f"{self.origin}/hooks/{self.token}"

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post(f"/hooks/{self.token}", self._receive)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "post", lambda raw: self._take(raw, request))

    def _take(self, raw: bytes, request: web.Request) -> web.Response:
        headers = request.headers.copy()
        self.attempts.append(headers)
        if not verify(raw, headers, self.secret, self._clock()):
            return web.Response(status=401, text="bad signature")
        key = headers.get("Idempotency-Key", "")
        content = json.loads(raw)
        if not re.fullmatch(r"[a-z0-9]{1,25}", key) or content.get("id") != key:
            self.unexpected.append(f"Idempotency-Key {key!r} for the id {content.get('id')!r}")
        if headers.get("Content-Type") != "application/json; charset=utf-8":
            self.unexpected.append(f"content type {headers.get('Content-Type')!r}")
        if content.get("type") not in KINDS or content.get("type") not in content:
            self.unexpected.append(f"undocumented type {content.get('type')!r}")
        if self._repeat and key in {message.key for message in self.messages}:
            return web.Response(status=self._repeat, text="had that")
        self.messages.append(Received(key, headers, raw))
        return web.Response(text='{"ok": true}')


class FakeJsonService(FaultyServer):
    """What Apprise's json:// posts to: an object of `version title message attachments type`."""

    def __init__(self, *, token: str = "fake-apprise-token") -> None:  # noqa: S107 a fake one
        super().__init__()
        self.token = token
        self.messages: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"{self.origin.replace('http://', 'json://')}/notify/{self.token}"

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post(f"/notify/{self.token}", self._receive)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "post", self._take)

    def _take(self, raw: bytes) -> web.Response:
        content = json.loads(raw)
        if content.keys() != {"version", "title", "message", "attachments", "type"}:
            self.unexpected.append(f"undocumented keys {sorted(content)}")
        self.messages.append(content)
        return web.Response(text="ok")
