"""A request with a picture beside its JSON, as Discord takes files; and that it fails as one without does."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import nullcontext
from email import message_from_bytes, policy
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.destinations.http import Endpoint, Reply, open_session
from bot.model.answers import Picture
from bot.model.outcomes import Retry, Unknown
from tests.destinations.contract import impatience
from tests.fakes import faults
from tests.fakes.faults import Fault, FaultyServer

PICTURE = Picture("heat-map.png", b"\x89PNG\r\n\x1a\n--\r\n\x00\xff" * 1000, "Technology leads.")
BODY = {"content": 'é \U0001f402 "quoted"', "attachments": [{"id": 0, "filename": "heat-map.png"}]}


class FileTaker(FaultyServer):
    """Keeps each request's parts: name, file name, type and content, as RFC 7578 writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[list[tuple[str | None, str | None, str, bytes]]] = []
        self.headers: list[Any] = []

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/messages", self._receive)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(request.headers.copy())
        return await self.answered(request, "post", lambda raw: self._take(raw, request.headers["Content-Type"]))

    def _take(self, raw: bytes, kind: str) -> web.Response:
        # The standard library's parser, which is not the one that wrote it.
        whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + raw, policy=policy.HTTP)
        self.requests.append(
            [
                (
                    str(part.get_param("name", header="content-disposition")),
                    part.get_filename(),
                    part.get_content_type(),
                    bytes(part.get_payload(decode=True)),
                )
                for part in whole.iter_parts()
            ]
        )
        return web.json_response({"id": "1"})


@pytest.fixture
async def server() -> AsyncIterator[FileTaker]:
    async with FileTaker() as found:
        yield found
        assert found.unexpected == []


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as opened:
        yield opened


@pytest.fixture
def endpoint(server: FileTaker, session: aiohttp.ClientSession) -> Endpoint:
    url = URL(f"{server.origin}/messages")
    return Endpoint(session, url, "fake-token", {"Authorization": "Bot fake-token"})


async def test_a_picture_goes_as_the_first_file_beside_the_json(server: FileTaker, endpoint: Endpoint) -> None:
    """`payload_json` is a field and no file, `files[0]` has its brackets, and not a byte is changed."""
    reply = await endpoint.post(BODY, PICTURE)
    assert isinstance(reply, Reply)
    assert reply.json() == {"id": "1"}
    ((fields, file),) = server.requests
    assert fields[:3] == ("payload_json", None, "application/json")
    assert json.loads(fields[3]) == BODY
    assert file == ("files[0]", "heat-map.png", "image/png", PICTURE.png)
    assert server.headers[0]["Content-Type"].startswith("multipart/form-data; boundary=")
    assert server.headers[0]["Authorization"] == "Bot fake-token"


async def test_without_a_picture_it_is_json(server: FileTaker, endpoint: Endpoint) -> None:
    """As before there were pictures."""
    await endpoint.post(BODY)
    assert server.headers[0]["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.RESET_BEFORE, Unknown),
        (faults.RESET_AFTER, Unknown),
        (faults.HANG, Unknown),
        (faults.answer(503), Reply),
        (faults.answer(413), Reply),
    ],
)
async def test_it_is_posted_once_whatever_happens(
    server: FileTaker, endpoint: Endpoint, fault: Fault, expected: type[object]
) -> None:
    """On a connection that was used before, too, where a client might be tempted to try again by itself."""
    await endpoint.post(BODY, PICTURE)
    server.script(fault)
    with impatience() if fault.hangs else nullcontext():
        assert isinstance(await endpoint.post(BODY, PICTURE), expected)
    await server.settled()
    assert len(server.headers) == 2


async def test_nothing_went_out_where_nobody_listens(server: FileTaker, endpoint: Endpoint) -> None:
    """Safe to try again."""
    await server.stop()
    assert isinstance(await endpoint.post(BODY, PICTURE), Retry)
