"""A scriptable HTTP server for the fakes: what may go wrong with one request, and a record of every request."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request instead of the documented answer.

    `is_stored`: the message is taken nevertheless, and only its answer is lost. Exactly one of the others is set.
    """

    status: int = 0
    body: str | bytes | dict[str, Any] = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    resets: bool = False
    truncates: bool = False
    """The documented answer, cut off after its first bytes."""
    is_stored: bool = False


def answer(status: int, body: str | dict[str, Any] = "", **headers: str) -> Fault:
    """This status and body; header names with _ for -."""
    return Fault(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


BAD_GATEWAY = answer(502, "<html><head><title>502 Bad Gateway</title></head></html>", Content_Type="text/html")
BAD_GATEWAY_AFTER = Fault(status=502, body="<html>502</html>", headers={"Content-Type": "text/html"}, is_stored=True)
HANG = Fault(hangs=True)
HANG_AFTER = Fault(hangs=True, is_stored=True)
RESET_BEFORE = Fault(resets=True)
"""The connection is reset before the request is read."""
RESET_AFTER = Fault(resets=True, is_stored=True)
TRUNCATED = Fault(truncates=True, is_stored=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    status: int
    """Of the answer; 0 = none was given."""
    arrived_ns: int
    """Unix nanoseconds."""


What = Literal["post", "edit", "look"]
"""Posting a message, editing one, looking at the history."""


class FaultyServer:
    """A loopback server whose requests go through the script first. Subclasses give `routes` and take messages."""

    def __init__(self, *, latency_s: float = 0.0, port: int = 0) -> None:
        self.latency_s = latency_s
        self.seen: list[Seen] = []
        self.unexpected: list[str] = []
        """Whatever the platform's documents do not describe. A test asserts that it stays empty."""
        self._port = port
        self._script: list[tuple[What, str, Fault]] = []
        self._runner: web.AppRunner | None = None
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def routes(self) -> Iterable[web.RouteDef]:
        raise NotImplementedError

    def script(self, *faults: Fault, where: str = "", what: What = "post") -> None:
        """The next requests of this kind whose path holds `where` meet these faults, one each."""
        self._script += [(what, where, fault) for fault in faults]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._record])
        app.add_routes(self.routes())
        app.router.add_route("*", "/{anything:.*}", self._undocumented)
        # handler_cancellation: a request that hangs ends when its client goes away.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Refuse connections from now on; may be called twice, and `async with` again starts on the same port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def settled(self) -> None:
        """Wait until no request is being answered: the client may have given up before the server was through."""
        async with asyncio.timeout(5):
            await self._idle.wait()

    async def answered(
        self, request: web.Request, what: What, documented: Callable[[bytes], web.Response]
    ) -> web.StreamResponse:
        """What the script says, else the platform's answer to the request's body."""
        fault = self._fault_for(request.path, what)
        if fault is not None and not fault.is_stored:
            return await self.play(fault, request, None)
        reply = documented(await request.read())
        return reply if fault is None else await self.play(fault, request, reply)

    def _fault_for(self, path: str, what: What) -> Fault | None:
        for index, (kind, where, fault) in enumerate(self._script):
            if kind == what and where in path:
                del self._script[index]
                return fault
        return None

    async def play(self, fault: Fault, request: web.Request, documented: web.Response | None) -> web.StreamResponse:
        """Do to `request` what the fault says; `documented` is the true answer where the message was taken."""
        if fault.hangs:
            await asyncio.sleep(3600)
        if fault.resets:
            return _reset(request)
        if fault.truncates:
            assert documented is not None, "a truncated answer needs is_stored=True"
            return await _truncated(request, documented)
        body = json.dumps(fault.body) if isinstance(fault.body, dict) else fault.body
        kind = {"Content-Type": "application/json"} if isinstance(fault.body, dict) else {}
        raw = body.encode() if isinstance(body, str) else body
        return web.Response(status=fault.status, body=raw, headers={**kind, **fault.headers})

    @web.middleware
    async def _record(self, request: web.Request, handler: Any) -> web.StreamResponse:
        arrived_ns = time.time_ns()
        status = 0
        self._busy += 1
        self._idle.clear()
        try:
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            reply: web.StreamResponse = await handler(request)
            status = 0 if request.transport is None or request.transport.is_closing() else reply.status
            return reply
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()
            self.seen.append(Seen(request.method, request.path, status, arrived_ns))

    async def _undocumented(self, request: web.Request) -> web.Response:
        self.unexpected.append(f"undocumented request: {request.method} {request.path}")
        return web.json_response({"message": "404: Not Found", "code": 0}, status=404)


def _reset(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    assert transport is not None
    # Linger 0 makes close() send RST instead of FIN.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    return web.Response()


async def _truncated(request: web.Request, documented: web.Response) -> web.StreamResponse:
    body = documented.body
    assert isinstance(body, bytes)
    cut = web.StreamResponse(status=documented.status, headers=documented.headers)
    cut.content_length = len(body)
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.close()
    return cut
