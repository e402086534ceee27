"""Posts JSON (`bot.render.payload`) to any receiver, signed, so that it can tell our messages from anyone else's.

Each attempt carries `X-Timestamp` (unix seconds) and `X-Signature: sha256=<hex>`, the HMAC-SHA256 under the shared
secret of the timestamp, a dot and the body; and `Idempotency-Key`, the batch's id, which stays the same when a message
whose outcome nobody knows is sent again: the receiver drops it, and answers 2xx or 409.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from bot import __version__
from bot.destinations import rates
from bot.destinations.catalog import Means
from bot.destinations.guarded import PublicOnly
from bot.destinations.http import KEEP_ALIVE_S, Endpoint, Reply
from bot.destinations.settings import WebhookSettings
from bot.destinations.verdicts import by_status
from bot.destinations.waits import seconds
from bot.model.alerts import Batch, Delivery, Edit
from bot.model.outcomes import Blind, DestinationDead, EditOutcome, Outcome, Permanent, Retry, Sent, Sight
from bot.model.ports import Rate
from bot.model.secret import STARS, Secret
from bot.render import payload

SHORTEST_TOKEN: Final = 8
"""Shorter parts of a URL are words."""


class Webhook:
    """A `Destination`."""

    platform = "webhook"
    is_idempotent = False
    """A receiver may drop a second message by its key; whether this one does, nobody told us."""
    can_edit = False
    edit_buckets: Mapping[str, tuple[Rate, ...]] = MappingProxyType({})

    def __init__(
        self, name: str, endpoint: Endpoint, key: Secret, guard: PublicOnly | None, now_ns: Callable[[], int]
    ) -> None:
        self.name = name
        self.buckets: Mapping[str, tuple[Rate, ...]] = {f"webhook:{rates.digest(str(endpoint.url))}": ()}
        self._endpoint = endpoint
        self._telling = _telling_parts(endpoint.url)
        self._key = key
        self._guard = guard
        self._now_ns = now_ns

    def __repr__(self) -> str:
        return f"Webhook({self.name!r}, {next(iter(self.buckets))})"

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return payload.fit(deliveries)

    async def send(self, batch: Batch) -> Outcome:
        body = payload.body(batch)
        now_s = self._now_ns() // 1_000_000_000
        headers = {**signed(body, self._key, now_s), "Idempotency-Key": batch.id}
        if self._guard is not None:
            self._guard.refused = ""
        reply = await replace(self._endpoint, headers=headers).post(msgspec.Raw(body))
        if isinstance(reply, Reply):
            return _judge(self._starred(reply), now_s)
        if isinstance(reply, Retry) and self._guard is not None and self._guard.refused:
            address = self._guard.refused
            return DestinationDead(
                f"its URL leads to {address}, which is no public address: set allow_private: true if that is meant"
            )
        return reply

    async def edit(self, edit: Edit) -> EditOutcome:
        return Permanent("what was posted to a webhook cannot be edited")

    async def find(self, batch: Batch) -> Sight:
        return Blind("a webhook cannot be asked what it was sent")

    async def close(self) -> None:
        await self._endpoint.session.close()

    def _starred(self, reply: Reply) -> Reply:
        """Receivers like to repeat the path they do not know."""
        body = reply.body
        for part in self._telling:
            body = body.replace(part, STARS.encode())
        return replace(reply, body=body)


def build(name: str, settings: WebhookSettings, means: Means) -> Webhook:
    """The destination of these settings, with a session of its own. Needs a running loop."""
    guard = None if settings.allow_private else PublicOnly()
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE_S, socket_factory=guard),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"flowbot/{__version__}"},
        trust_env=False,  # a proxy would open the connection in our place, unguarded
    )
    url = URL(settings.url.reveal())
    return Webhook(name, Endpoint(session, url, str(url)), settings.secret, guard, means.now_ns)


def signed(body: bytes, key: Secret, now_s: int) -> dict[str, str]:
    """The headers by which the receiver knows us, and knows that this is no old message played again."""
    signature = hmac.new(key.reveal().encode(), b"%d." % now_s + body, hashlib.sha256).hexdigest()
    return {"X-Timestamp": str(now_s), "X-Signature": f"sha256={signature}"}


def _judge(reply: Reply, now_s: int) -> Outcome:
    """409 under the same `Idempotency-Key` says that the first one arrived."""
    if reply.is_2xx or reply.status == 409:
        return Sent()
    wait_s = _wait_s(reply.headers.get("Retry-After"), now_s)
    if reply.status == 429 or (reply.status == 503 and wait_s is not None):
        return Retry(reply.words() or f"HTTP {reply.status}", after_s=wait_s, is_asked=True)
    if 300 <= reply.status < 400:
        return DestinationDead(f"HTTP {reply.status}: a redirect, which is not followed: configure the final URL")
    return by_status(reply.status, reply.words())


def _wait_s(header: str | None, now_s: int) -> float | None:
    """`Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3)."""
    wait_s = seconds(header)
    if wait_s is None and header is not None:
        with suppress(ValueError, OverflowError):
            wait_s = max(parsedate_to_datetime(header).timestamp() - now_s, 0.0)
    return wait_s


def _telling_parts(url: URL) -> list[bytes]:
    """What of a URL gives it away, longest first: path and query whole, and their long parts."""
    parts = {url.raw_path_qs, url.raw_path, url.path, url.raw_query_string}
    parts |= {part for part in (*url.raw_parts, *url.parts, *url.query.values()) if len(part) >= SHORTEST_TOKEN}
    return [part.encode() for part in sorted(parts, key=len, reverse=True) if len(part) > 1]
