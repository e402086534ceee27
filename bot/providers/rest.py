"""One request to a vendor's REST API: the key in a header, the budget kept, failures told as `VendorError`.

Knows no endpoint. The only file for REST that knows aiohttp, whose errors quote addresses: they go no further.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
import structlog
from yarl import URL

from bot import __version__
from bot.config.units import is_loopback
from bot.model.errors import InputError, VendorError
from bot.model.secret import STARS, Secret
from bot.providers.budget import Budget
from bot.providers.refusals import refusal
from bot.providers.shared import Shared

log = structlog.get_logger()

CONNECT_S: Final = 5.0
BACKOFF_S: Final = (2.0, 4.0, 8.0)
"""Between tries after a 429 that names no wait (RadarPulse's developer guide, "Rate Limits")."""
MAX_PART: Final = 200
SHORTEST_SCRUBBED: Final = 8
"""Shorter keys are words that answers may hold."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that an answer may be."""

    max_bytes: int
    """Of the body, unpacked."""
    total_s: float
    """From the request to the body's last byte."""


USUAL: Final = Bounds(max_bytes=4 * 2**20, total_s=15.0)
HISTORY: Final = Bounds(max_bytes=16 * 2**20, total_s=60.0)


@dataclass(frozen=True, slots=True)
class Access:
    """Where a vendor's REST API is, and what opens it."""

    name: str
    """The provider's configured name."""
    base: str
    """The API's address; may be logged."""
    key: Secret
    headers: Mapping[str, Secret]
    """They carry the key; nothing else ever does."""

    def scrub(self, text: str) -> str:
        """`text` without the key, as it is or as a URL spells it: servers quote what they were sent."""
        key = self.key.reveal()
        return text.replace(key, STARS).replace(quote(key, safe=""), STARS)


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, and how to wait."""

    now_ns: Callable[[], int] = time.time_ns
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def now_s(self) -> float:
        return self.now_ns() / 1e9


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: URL
    bounds: Bounds
    body: object = None
    is_open: bool = False
    """Needs no key, and does not count."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Rest:
    """A vendor's REST API, for one key."""

    def __init__(
        self,
        access: Access,
        budget: Budget,
        *,
        session: aiohttp.ClientSession | None = None,
        clock: Clock | None = None,
        patience_s: float = 30.0,
    ) -> None:
        """`session` stays the caller's to close; without one, one is opened when first needed.

        `patience_s`: how long one call may wait for its turn, in all; where that is not enough it is refused at once.
        """
        self.budget = budget
        self.clock = clock or Clock()
        self._access = access
        self._base = URL(access.base)
        self._session = session
        self._is_own = session is None
        self._patience_s = patience_s
        self._shared: Shared[bytes] = Shared(self.clock.now_s)

    def __repr__(self) -> str:
        return f"Rest({self._access.name!r}, {self._base.host})"

    async def get(
        self, *path: str, query: Mapping[str, str] | None = None, ttl_s: float = 0.0, bounds: Bounds = USUAL
    ) -> bytes:
        """The answer's body; identical reads at the same time are one request. Raises VendorError."""
        url = self._at(path).with_query(query)
        return await self._shared.get(url, lambda: self._insist(_Request("GET", url, bounds)), ttl_s=ttl_s)

    async def get_openly(self, name: str) -> bytes:
        """What stands beside the API's base and needs no key: none is sent, and no budget is spent."""
        base = self._base.with_path(self._base.raw_path.rstrip("/"), encoded=True)
        url = base.parent.joinpath(name)
        return await self._shared.get(url, lambda: self._insist(_Request("GET", url, USUAL, is_open=True)))

    async def post(self, *path: str, body: object, query: Mapping[str, str] | None = None) -> bytes:
        """Send `body` as JSON; repeated only where it was refused (429). Raises VendorError."""
        return await self._insist(_Request("POST", self._at(path).with_query(query), USUAL, body=body))

    async def delete(self, *path: str) -> None:
        """Raises VendorError."""
        await self._insist(_Request("DELETE", self._at(path), USUAL))

    async def close(self) -> None:
        """Close the session, unless it was handed in. May be called twice."""
        if self._is_own and self._session is not None:
            await self._session.close()
            self._session = None

    def _at(self, path: tuple[str, ...]) -> URL:
        for part in path:
            if part in ("", ".", "..") or len(part) > MAX_PART or not part.isprintable():
                raise InputError(f"{part[:40]!r} cannot be part of an address; expected a ticker, a date or an id")
        if not path:
            return self._base  # joining nothing would cost a slash at the end
        return self._base.joinpath(*(quote(part, safe="") for part in path), encoded=True)

    async def _insist(self, request: _Request) -> bytes:
        """Ask until there is an answer that is no 429: once more after each of `BACKOFF_S`, while patience lasts."""
        deadline_s = self.clock.now_s() + self._patience_s
        for pause_s in (*BACKOFF_S, None):
            if not request.is_open:
                await self._turn(deadline_s)
            answer = await self._ask(request)
            if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return answer.body
            now_s = self.clock.now_s()
            refused = refusal(answer.status, answer.headers, self._told(answer), now_s)
            if refused.kind != "rate_limited":
                raise refused
            wait_s = refused.after_s or pause_s or BACKOFF_S[-1]
            if not request.is_open:
                self.budget.rest_until(now_s + wait_s)
            if pause_s is None or now_s + wait_s > deadline_s:
                raise VendorError("rate_limited", refused.detail, after_s=wait_s)
            log.info("rest.limited", provider=self._access.name, wait_s=wait_s)
            await self.clock.sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    async def _turn(self, deadline_s: float) -> None:
        """Wait until the budget allows one more, and take it."""
        while (ready_s := self.budget.ready_at(now_s := self.clock.now_s())) > now_s:
            if ready_s > deadline_s:
                spent = "the requests that the vendor allows are used up for now"
                raise VendorError("rate_limited", spent, after_s=ready_s - now_s)
            await self.clock.sleep(ready_s - now_s)
        self.budget.take(now_s)

    async def _ask(self, request: _Request) -> _Answer:
        """Once. Raises VendorError where there is no answer, or not all of it."""
        keyed = {} if request.is_open else {name: value.reveal() for name, value in self._access.headers.items()}
        is_json = request.body is not None
        try:
            async with asyncio.timeout(request.bounds.total_s):
                response = await self._opened().request(
                    request.method,
                    request.url,
                    data=msgspec.json.encode(request.body) if is_json else None,
                    headers={**keyed, **({"Content-Type": "application/json"} if is_json else {})},
                    allow_redirects=False,  # a key is never sent to another host
                    proxy=_proxy(request.url),
                )
                async with response:
                    if not request.is_open:
                        self.budget.heed(response.headers, self.clock.now_s())
                    body = await _body(response, request.bounds.max_bytes)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _unreached(error, request.bounds) from None
        return _Answer(response.status, response.headers, self._scrubbed(body))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = open_session()
        return self._session

    def _scrubbed(self, body: bytes) -> bytes:
        key = self._access.key.reveal()
        return body.replace(key.encode(), STARS.encode()) if len(key) >= SHORTEST_SCRUBBED else body

    def _told(self, answer: _Answer) -> str:
        return self._access.scrub(answer.body.decode("utf-8", "replace"))


def open_session() -> aiohttp.ClientSession:
    """A session fit for `Rest`. The caller closes it. Needs a running loop."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"flowbot/{__version__}", "Accept": "application/json"},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        trust_env=False,  # it would read ~/.netrc too; the environment's proxy is found below
    )


async def _body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The whole body. Raises VendorError for one that is too long; no more of it is read than that."""
    body = bytearray()
    while chunk := await response.content.read(max_bytes):
        body += chunk
        if len(body) > max_bytes:
            raise VendorError("bad_answer", f"an answer of more than {max_bytes / 2**20:g} MiB")
    return bytes(body)


def _unreached(error: aiohttp.ClientError | OSError | ValueError, bounds: Bounds) -> VendorError:
    """Why there is no answer, in words without an address."""
    cause: Any = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    match cause:
        case aiohttp.ClientHttpProxyError() | aiohttp.ClientProxyConnectionError():
            told = "the proxy that the environment names (HTTPS_PROXY) did not let us through"
        case ssl.SSLError():
            why = getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or "TLS failed"
            told = f"no secure connection: {why}"
        case aiohttp.ServerTimeoutError():
            told = f"no connection within {CONNECT_S:g} s"
        case TimeoutError():
            told = f"no answer within {bounds.total_s:g} s"
        case socket.gaierror():
            told = "the server's name has no address"
        case ConnectionRefusedError():
            told = "the server refuses connections"
        case aiohttp.ClientPayloadError():
            told = "the answer broke off"
        case ValueError():
            told = "what answers there speaks no HTTP that we understand, or the address is no address"
        case _:
            told = f"no answer: {type(cause).__name__}"
    return VendorError("upstream", told)


def _proxy(url: URL) -> str | None:
    """The environment's proxy, for addresses that are not on this machine; what goes through it is TLS."""
    host = url.host or ""
    if is_loopback(host) or proxy_bypass(f"{host}:{url.port or 443}"):
        return None
    return getproxies().get("https")
