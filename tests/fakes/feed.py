"""A real WebSocket server on loopback that plays RadarPulse's or OptionWhales' stream as their documents have it.

RadarPulse (developer guide, 29 June 2026): /v1/stream, the key as `x-api-key` or `Authorization: Bearer`, no message
from the client, one bare JSON print per frame. OptionWhales (Pro API documentation): /v1/ws/abnormal-trades, the key
as `?api_key=` or `X-API-Key`, Pro keys only (403), one connection per key, an optional subscribe message, envelopes.
What a client does beside that is a violation, and fails the test when the server stops.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Vendor = Literal["radarpulse", "optionwhales"]

PATHS: dict[Vendor, str] = {"radarpulse": "/v1/stream", "optionwhales": "/v1/ws/abnormal-trades"}
KEY = "fake-key-0123456789"
WAIT_S = 30.0
"""Longest wait for something that a test knows must come."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """One opening request and our answer to it."""

    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Names in lower case."""
    status: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer to one handshake in place of the documented one."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeFeed:
    """`async with FakeFeed("radarpulse") as feed:`, then point a provider at `feed.url` and `send` frames."""

    def __init__(self, vendor: Vendor, *, key: str = KEY, free_key: str = "fake-free-key") -> None:
        self.vendor = vendor
        self.key = key
        self.handshakes: list[Handshake] = []
        self.subscriptions: list[list[str]] = []
        """Every subscribe message's tickers, in order."""
        self.goodbyes: list[int | None] = []
        """How each session that is over was closed by the client: its code, or None where it just broke off."""
        self.violations: list[str] = []
        self._free_key = free_key
        self._refusals: deque[Refusal] = deque()
        self._greetings: list[str | bytes] = []
        self._is_hanging_up = False
        self._active: list[str] | None = None
        self._sockets: list[ServerConnection] = []
        self._sessions = 0
        self._changed = asyncio.Condition()
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """The stream's address, without a key."""
        assert self._server is not None, "the fake feed is not running"
        port = next(iter(self._server.sockets)).getsockname()[1]
        return f"ws://127.0.0.1:{port}{PATHS[self.vendor]}"

    @property
    def connections(self) -> int:
        """Clients connected now."""
        return len(self._sockets)

    @property
    def sessions(self) -> int:
        """Clients let in since the start."""
        return self._sessions

    # --- the script ---

    async def send(self, *frames: object) -> None:
        """Send each frame to every client: text and bytes as they are, anything else as JSON.

        For OptionWhales a ticker filter holds for `abnormal_trade` envelopes that are given as objects.
        """
        for frame in frames:
            for socket in tuple(self._sockets):
                if self._passes_filter(frame):
                    await socket.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))

    async def send_trades(self, *trades: Mapping[str, object]) -> None:
        """Send each print in the vendor's own frame: bare, or as an `abnormal_trade`."""
        is_bare = self.vendor == "radarpulse"
        await self.send(*(trade if is_bare else {"type": "abnormal_trade", "data": trade} for trade in trades))

    async def heartbeat(self) -> None:
        """What OptionWhales sends every 30 seconds; RadarPulse documents none."""
        assert self.vendor == "optionwhales", "RadarPulse has no heartbeat"
        await self.send({"type": "heartbeat", "ts": int(time.time())})

    async def error(self, message: str, *, code: int = 1008) -> None:
        """OptionWhales' error frame, with the close that may follow it."""
        assert self.vendor == "optionwhales", "RadarPulse has no error frame"
        await self.send({"type": "error", "message": message})
        await self.close(code)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close every connection in good order."""
        for socket in tuple(self._sockets):
            await socket.close(code, reason)

    async def abort(self) -> None:
        """Break every connection off, as a crash or a cut cable would."""
        for socket in tuple(self._sockets):
            socket.transport.abort()
        await self._until(lambda: not self._sockets)

    def deafen(self, *, is_on: bool = True) -> None:
        """Read nothing more from the clients that are connected, so that nothing is answered; or read again."""
        for socket in self._sockets:
            if is_on:
                socket.transport.pause_reading()
            else:
                socket.transport.resume_reading()

    def write(self, raw: bytes) -> None:
        """Write these bytes to every client as they are: broken frames, or half of one."""
        for socket in self._sockets:
            socket.transport.write(raw)

    async def ping(self) -> None:
        """Ping every client, and wait until each has answered."""
        async with asyncio.timeout(WAIT_S):
            for socket in tuple(self._sockets):
                await (await socket.ping())

    def refuse(self, *refusals: Refusal) -> None:
        """Answer the next handshakes with these, one each, whatever they ask."""
        self._refusals.extend(refusals)

    def upgrade(self) -> None:
        """The free key's owner has bought a plan with the stream."""
        self.key = self._free_key
        self._free_key = ""

    def hang_up_at_once(self, *greetings: str | bytes, is_on: bool = True) -> None:
        """Accept each client, send it the greetings, and close."""
        self._greetings, self._is_hanging_up = list(greetings), is_on

    def confirm_only(self, *tickers: str) -> None:
        """From now on say that these are the active tickers, whatever was asked for."""
        self._active = list(tickers)

    async def connected(self, sessions: int = 1) -> None:
        """Wait until so many clients have been let in since the start, and the last is there."""
        await self._until(lambda: self._sessions >= sessions and (bool(self._sockets) or self._is_hanging_up))

    async def asked(self, handshakes: int) -> None:
        """Wait until so many handshakes have been tried, let in or not."""
        await self._until(lambda: len(self.handshakes) >= handshakes)

    async def subscribed(self, count: int = 1) -> None:
        """Wait until so many subscribe messages have come."""
        await self._until(lambda: len(self.subscriptions) >= count)

    # --- the server ---

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve, "127.0.0.1", 0, process_request=self._answer, compression=None, close_timeout=1
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        if error is None:
            assert not self.violations, f"undocumented requests to {self.vendor}: {self.violations}"

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        target = urlsplit(request.path)
        query = parse_qs(target.query, keep_blank_values=True)
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        refusal = self._refusals.popleft() if self._refusals else self._judge(target.path, query, headers)
        status = refusal.status if refusal else int(HTTPStatus.SWITCHING_PROTOCOLS)
        self.handshakes.append(Handshake(target.path, query, headers, status))
        await self._tell()
        if refusal is None:
            return None
        response = connection.respond(HTTPStatus(refusal.status), refusal.body)
        for name, value in refusal.headers.items():
            response.headers[name] = value
        return response

    def _judge(self, path: str, query: dict[str, list[str]], headers: dict[str, str]) -> Refusal | None:
        if path != PATHS[self.vendor]:
            self.violations.append(f"path {path}")
            return Refusal(404, "Not Found")
        undocumented = set(query) - ({"api_key"} if self.vendor == "optionwhales" else set())
        if undocumented:
            self.violations.append(f"query parameters {sorted(undocumented)}")
        key = self._key(query, headers)
        if key == self._free_key:
            return Refusal(403, "Insufficient tier (endpoint requires Pro+)")
        if key != self.key:
            return Refusal(401, "Missing or invalid API key")
        if self.vendor == "optionwhales" and self._sockets:
            # That a second connection is refused is documented ("1 connection"); how, is not.
            return Refusal(403, "connection limit reached: 1 connection per key")
        return None

    def _key(self, query: dict[str, list[str]], headers: dict[str, str]) -> str | None:
        bearer = headers.get("authorization", "")
        if self.vendor == "radarpulse" and bearer.startswith("Bearer "):
            return bearer.removeprefix("Bearer ")
        in_query = query.get("api_key", []) if self.vendor == "optionwhales" else []
        return headers.get("x-api-key") or (in_query[0] if in_query else None)

    async def _serve(self, socket: ServerConnection) -> None:
        self._sockets.append(socket)
        self._sessions += 1
        await self._tell()
        try:
            if self._is_hanging_up:
                for greeting in self._greetings:
                    await socket.send(greeting)
                await socket.close(1000)
            while True:
                await self._receive(socket, await socket.recv())
        except ConnectionClosed as closed:
            self.goodbyes.append(closed.rcvd.code if closed.rcvd else None)
        finally:
            self._sockets.remove(socket)
            await self._tell()

    async def _receive(self, socket: ServerConnection, message: str | bytes) -> None:
        tickers = _subscription(message) if self.vendor == "optionwhales" else None
        if tickers is None:
            self.violations.append(f"message {message!r:.120}")
            if self.vendor == "optionwhales":
                await socket.send(json.dumps({"type": "error", "message": "unknown message"}))
            return
        self.subscriptions.append(tickers)
        if self._active is None or len(self.subscriptions) > 1:
            self._active = tickers if self._active is None else self._active
        await socket.send(json.dumps({"type": "subscribed", "tickers": self._active}))
        await self._tell()

    def _passes_filter(self, frame: object) -> bool:
        if not self._active or not isinstance(frame, Mapping) or frame.get("type") != "abnormal_trade":
            return True
        data: Any = frame.get("data")
        return not isinstance(data, Mapping) or data.get("ticker") in self._active

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _until(self, is_so: Any) -> None:
        async with asyncio.timeout(WAIT_S), self._changed:
            await self._changed.wait_for(is_so)


def _subscription(message: str | bytes) -> list[str] | None:
    """The tickers of a documented subscribe message; None where it is none."""
    try:
        found = json.loads(message)
    except ValueError:
        return None
    if not isinstance(found, dict) or set(found) != {"type", "tickers"} or found["type"] != "subscribe":
        return None
    tickers = found["tickers"]
    is_list = isinstance(tickers, list) and tickers and all(isinstance(ticker, str) for ticker in tickers)
    return tickers if is_list else None
