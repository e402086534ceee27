"""Stands between flowbot and a fake platform, one for each destination: it passes requests on, spoils answers by
order, and keeps a record of what was posted. The fakes know nothing of it, nor it of what they document.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web
from yarl import URL

from tests.chaos.answers import leaves_unknown
from tests.fakes.faults import Fault, FaultyServer

_ID = re.compile(rb"\b[0-9a-hjkmnp-tv-z]{8}\b")
"""What looks like an alert's id: a message shows it for every alert in it, a digest for its best few."""
_POST = re.compile(r"/channels/[0-9]+/messages|/webhooks/[0-9]+/[^/]+|/api/chat\.postMessage|/services/.+")
_DOOR = re.compile(r"/users/@me|/oauth2/|/gateway|/applications/|/interactions/|apps\.connections")
"""Slash commands, which this is not about."""
_OF_THE_CONNECTION = frozenset({
    "host", "connection", "keep-alive", "content-length", "transfer-encoding", "date", "server", "accept-encoding",
})  # fmt: skip

UNNAMED = "post "
"""Begins the name of a post whose message nobody named: if flowbot was killed meanwhile, not even to us."""


@dataclass(slots=True)
class Attempt:
    """One post as it arrived."""

    run: int
    ids: frozenset[str]
    """Of the alerts in it, among other words that look so."""
    message: str
    """The platform's id of what was posted, where its answer has one: a post that it knew already has the same."""
    is_taken: bool
    """The platform carried it out."""
    is_unclear: bool
    """Its answer did not tell."""
    is_cut_off: bool = False
    """Nobody was there any more to hear the answer."""

    @property
    def is_named(self) -> bool:
        return not self.message.startswith(UNNAMED)


class Middleman(FaultyServer):
    """`async with Middleman("room", discord) as room:`, then `room.origin` is where flowbot finds the platform."""

    def __init__(self, destination: str, platform: FaultyServer) -> None:
        super().__init__()
        self.destination = destination
        self.run = 1
        self.attempts: list[Attempt] = []
        self.spoil: Callable[[web.Request], Fault | None] = lambda request: None
        """Called once for every request that is about alerts."""
        self.before_answer: Callable[[str], Awaitable[None]] | None = None
        """Called with the destination's name once a post was read and carried out, or not."""
        self.spoiled = 0
        self._platform = platform
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
            await super().__aenter__()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, error, trace)
        await self._stack.aclose()

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.route("*", "/{whatever:.+}", self._handle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if _DOOR.search(request.path):
            return await self._pass_on(request, await request.read())
        fault = self.spoil(request)
        self.spoiled += fault is not None
        is_read = fault is None or not fault.resets or fault.is_stored
        body = await request.read() if is_read else b""
        is_passed_on = fault is None or fault.is_stored
        attempt = None
        if is_post(request):
            # Until we know better: flowbot may be killed, and take this handler with it, while the platform works.
            number = f"{UNNAMED}{len(self.attempts) + 1}"
            attempt = Attempt(self.run, _ids(body), number, is_taken=is_passed_on, is_unclear=leaves_unknown(fault))
            self.attempts.append(attempt)
        try:
            reply = await self._pass_on(request, body) if is_passed_on else None
            if attempt is not None:
                attempt.is_taken = reply is not None and _is_success(reply)
                attempt.message = _message(reply) or attempt.message
                if self.before_answer is not None:
                    await self.before_answer(self.destination)
        except asyncio.CancelledError:
            if attempt is not None:
                attempt.is_cut_off = True
            raise
        if fault is None:
            assert reply is not None
            return reply
        return await self.play(fault, request, reply)

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        assert self._session is not None, "the middleman is not running"
        url = URL(f"{self._platform.origin}{request.raw_path}", encoded=True)
        headers = {name: value for name, value in request.headers.items() if _travels(name)}
        async with self._session.request(request.method, url, data=body, headers=headers) as reply:
            answer = await reply.read()
            kept = {name: value for name, value in reply.headers.items() if _travels(name)}
            return web.Response(status=reply.status, body=answer, headers=kept)


def is_post(request: web.Request) -> bool:
    """Whether this posts a message; an edit and a look are no posts."""
    return request.method == "POST" and _POST.search(request.path) is not None


def _is_success(reply: web.Response) -> bool:
    return 200 <= reply.status < 300 and _fields(reply).get("ok") is not False


def _message(reply: web.Response | None) -> str:
    """Discord's `id`, Slack's `ts`; a webhook of Slack's answers with neither."""
    fields = {} if reply is None else _fields(reply)
    return str(fields.get("id") or fields.get("ts") or "")


def _fields(reply: web.Response) -> dict[str, Any]:
    assert isinstance(reply.body, bytes)
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _travels(header: str) -> bool:
    return header.lower() not in _OF_THE_CONNECTION


def _ids(body: bytes) -> frozenset[str]:
    return frozenset(found.decode() for found in _ID.findall(body))
