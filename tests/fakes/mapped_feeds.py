"""Feeds that flowbot reads by a map, on loopback, as their public clients and documents show them.

Unusual Whales: `/socket?token=KEY`, a join for each channel, frames `[channel, payload]`; by REST a bearer and
`newer_than`. Massive (Polygon): `/options`, an auth message and its answer before anything else, arrays of events.
Tradier: a session by POST, valid once, then `/v1/markets/events` with its id in the first message.
What a client does beside that is `unexpected`.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.faults import FaultyServer

KEY = "fake-mapped-key+/0123"
Socket = web.WebSocketResponse


class FakeSocket(FaultyServer):
    """One WebSocket at `path`. A subclass says who may open it, and what it answers to a message."""

    path = "/"

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Any] = []
        """Messages of the client's, in order."""
        self.opened: list[tuple[Mapping[str, str], Mapping[str, str]]] = []
        """Query and headers of each handshake."""
        self.sessions = 0
        self.sockets: list[Socket] = []

    @property
    def url(self) -> str:
        return self.origin.replace("http:", "ws:") + self.path

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.get(self.path, self._open)

    def refusal(self, request: web.Request) -> web.Response | None:
        """Why this handshake is refused."""

    async def greet(self, socket: Socket) -> None:
        """What is said first."""

    async def hear(self, socket: Socket, message: Any) -> None:
        raise NotImplementedError

    async def send(self, *frames: object) -> None:
        """To every client: text and bytes as they are, anything else as JSON."""
        for frame in frames:
            for socket in tuple(self.sockets):
                await self.tell(socket, frame)

    async def tell(self, socket: Socket, frame: object) -> None:
        if isinstance(frame, bytes):
            await socket.send_bytes(frame)
        else:
            await socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def close(self, code: int = 1000) -> None:
        for socket in tuple(self.sockets):
            await socket.close(code=code)

    async def stop(self) -> None:
        await self.close(1001)
        await super().stop()

    async def _open(self, request: web.Request) -> web.StreamResponse:
        self.opened.append((dict(request.query), dict(request.headers)))
        fault = self._fault_for(request.path, "look")
        if fault is not None:
            return await self.play(fault, request, None)
        refusal = self.refusal(request)
        if refusal is not None:
            return refusal
        socket = Socket(timeout=1)
        await socket.prepare(request)
        self.sockets.append(socket)
        self.sessions += 1
        try:
            await self.greet(socket)
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self.said.append(json.loads(message.data))
                    await self.hear(socket, self.said[-1])
                else:
                    self.unexpected.append(f"a frame of kind {message.type}")
        finally:
            self.sockets.remove(socket)
        return socket


class FakeUnusualWhales(FakeSocket):
    """`send_alerts` sends to whoever has joined; `rows` are what REST has."""

    path = "/socket"

    def __init__(self, *, key: str = KEY) -> None:
        super().__init__()
        self.key = key
        self.joined: set[str] = set()
        self.rows: list[Mapping[str, Any]] = []
        self.asked: list[dict[str, str]] = []
        """Query of every REST request with the right key."""
        self.envelope: Callable[[list[Mapping[str, Any]]], object] = lambda rows: {"data": rows}

    @property
    def rest_url(self) -> str:
        return f"{self.origin}/api/option-trades/flow-alerts"

    def routes(self) -> Iterable[web.RouteDef]:
        yield from super().routes()
        yield web.get("/api/option-trades/flow-alerts", self._alerts)

    def refusal(self, request: web.Request) -> web.Response | None:
        if set(request.query) - {"token"}:
            self.unexpected.append(f"query {sorted(request.query)}")
        return None if request.query.get("token") == self.key else web.Response(status=401, text="bad token")

    async def hear(self, socket: Socket, message: Any) -> None:
        if not isinstance(message, dict) or set(message) != {"channel", "msg_type"} or message["msg_type"] != "join":
            self.unexpected.append(f"message {message}")
            return
        self.joined.add(message["channel"])
        await self.tell(socket, [message["channel"], {"response": {}, "status": "ok"}])

    async def _alerts(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "look", lambda _: self._page(request))

    def _page(self, request: web.Request) -> web.Response:
        if self.key in str(request.url):
            self.unexpected.append("the key is in the URL")
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"message": f"no such key: {request.headers.get('Authorization')}"}, status=401)
        if set(request.query) - {"newer_than", "limit", "issue_types[]"}:
            self.unexpected.append(f"query {sorted(request.query)}")
        self.asked.append(dict(request.query))
        newer_ms = int(request.query.get("newer_than", "0"))
        return web.json_response(self.envelope([row for row in self.rows if row["executed_at"] > newer_ms]))


class FakeMassive(FakeSocket):
    """Events go to whoever has been let in and subscribed."""

    path = "/options"

    def __init__(self, *, key: str = KEY) -> None:
        super().__init__()
        self.key = key
        self.is_mute = False
        """Answers no auth."""
        self._known: set[Socket] = set()

    async def greet(self, socket: Socket) -> None:
        await self._status(socket, "connected", "Connected Successfully")

    async def hear(self, socket: Socket, message: Any) -> None:
        match message:
            case {"action": "auth", "params": _} if self.is_mute:
                pass
            case {"action": "auth", "params": self.key}:
                self._known.add(socket)
                await self._status(socket, "auth_success", "authenticated")
            case {"action": "auth", "params": key}:
                await self._status(socket, "auth_failed", f"authentication failed: {key}")
                await socket.close(code=1008)
            case {"action": "subscribe", "params": str(params)} if socket in self._known:
                await self._status(socket, "success", f"subscribed to: {params}")
            case _:
                self.unexpected.append(f"message {message}")

    async def _status(self, socket: Socket, status: str, message: str) -> None:
        await self.tell(socket, [{"ev": "status", "status": status, "message": message}])


class FakeTradier(FakeSocket):
    """A session is good for one connection."""

    path = "/v1/markets/events"

    def __init__(self, *, key: str = KEY) -> None:
        super().__init__()
        self.key = key
        self.given: list[str] = []
        """Ids of sessions, in order."""
        self.asked: list[Mapping[str, str]] = []
        """Headers of each request for one."""
        self.session: object = None
        """In place of the documented answer to the POST."""
        self._unused: set[str] = set()
        self.subscribed = asyncio.Event()

    @property
    def session_url(self) -> str:
        return f"{self.origin}/v1/markets/events/session"

    def routes(self) -> Iterable[web.RouteDef]:
        yield from super().routes()
        yield web.post("/v1/markets/events/session", self._session)

    async def hear(self, socket: Socket, message: Any) -> None:
        match message:
            case {"symbols": [*_], "sessionid": str(session), "filter": ["timesale"]} if session in self._unused:
                self._unused.remove(session)
                self.subscribed.set()
            case _:
                self.unexpected.append(f"message {message}")
                await socket.close(code=1008)

    async def _session(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "post", lambda body: self._begin(request, body))

    def _begin(self, request: web.Request, body: bytes) -> web.Response:
        self.asked.append(dict(request.headers))
        if request.headers.get("Accept") != "application/json" or body or request.query:
            self.unexpected.append(f"POST {body!r} {request.query} {request.headers.get('Accept')}")
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.Response(status=401, text="Invalid Access Token")
        session = f"c8638963-a6d4-4fe9-{len(self.given):04}"
        self.given.append(session)
        self._unused.add(session)
        return web.json_response(self.session or {"stream": {"url": self.url, "sessionid": session}})
