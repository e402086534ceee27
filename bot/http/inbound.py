"""Inbound webhooks: a whole body, within bounds, for whoever receives it; the answer is the status it gives.

Knows no vendor and no signature: what a body is worth, its hook decides.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Final, Protocol

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.model.errors import InputError

MAX_HOOK_BYTES: Final = 256 * 1024
BODY_S: Final = 10.0
"""From the request's headers to the last byte of its body; 256 KiB take far less."""
MOST_AT_ONCE: Final = 128
"""Requests between their first byte and their answer: whoever sends slowly, or a store that is slow, holds 32 MiB."""
RETRY_AFTER_S: Final = 5
BROKEN: Final = (web.RequestPayloadError, HttpProcessingError, ConnectionError)
"""A chunk that is none, as aiohttp's parser in Python tells it before and during a read; or nobody is left."""


class Hook(Protocol):
    """Where something is sent to."""

    @property
    def path(self) -> str: ...

    async def receive(self, body: bytes, headers: Sequence[tuple[str, str]]) -> int:
        """The HTTP status of the answer: 2xx once all that the body holds is safe.

        `headers` as they came, one that came twice twice.
        """


def mount(app: web.Application, hooks: Iterable[Hook]) -> None:
    """Receive POSTs for `hooks`. Raises InputError where two want the same path."""
    taken = {resource.canonical for resource in app.router.resources()}
    gate = asyncio.Semaphore(MOST_AT_ONCE)
    for hook in hooks:
        if hook.path in taken:
            raise InputError(f"two things are received at {hook.path}: give one of the providers another path")
        taken.add(hook.path)
        app.router.add_post(hook.path, partial(_answer, hook, gate))


async def _answer(hook: Hook, gate: asyncio.Semaphore, request: web.Request) -> web.Response:
    if gate.locked():
        return _refusal(HTTPStatus.SERVICE_UNAVAILABLE)
    async with gate:
        try:
            async with asyncio.timeout(BODY_S):
                body = await _body(request)
        except TimeoutError:
            return _refusal(HTTPStatus.REQUEST_TIMEOUT)
        except BROKEN:
            return _refusal(HTTPStatus.BAD_REQUEST)
        if isinstance(body, HTTPStatus):
            return _refusal(body)
        return _said(await hook.receive(body, tuple(request.headers.items())))


async def _body(request: web.Request) -> bytes | HTTPStatus:
    """The whole body; else why it was not read, or not to its end."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE  # the signature is over what was sent, and a bomb need not be unpacked
    if (request.content_length or 0) > MAX_HOOK_BYTES:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if len(body) > MAX_HOOK_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return bytes(body)


def _refusal(status: HTTPStatus) -> web.Response:
    """Without the rest of the body the connection is of no more use."""
    response = _said(status)
    response.force_close()
    return response


def _said(status: int) -> web.Response:
    is_later = status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    return web.Response(status=status, headers={"Retry-After": str(RETRY_AFTER_S)} if is_later else None)
