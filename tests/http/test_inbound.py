"""Inbound hooks over real sockets: which bodies reach their hook, whole and as they were, and which never do."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.engine.metrics import Metrics
from bot.engine.quarantine import Quarantine
from bot.http import inbound as module
from bot.http.inbound import MAX_HOOK_BYTES, Hook
from bot.http.server import serve
from bot.http.settings import HttpSettings
from bot.model.errors import InputError
from tests.providers.doubles import until

PATIENCE_S = 5.0
LIMIT = 256 * 1024


@dataclass
class Recorder:
    """A hook that keeps what it gets, and answers as it is told."""

    path: str = "/hooks/flow"
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Sequence[tuple[str, str]]] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    is_slow: bool = False

    async def receive(self, body: bytes, headers: Sequence[tuple[str, str]]) -> int:
        self.bodies.append(body)
        self.headers.append(headers)
        if self.is_slow:
            await self.may_answer.wait()
        return self.status


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection that sends exactly the bytes that a test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, head: str, body: bytes = b"") -> None:
        """A request line and headers, and what of the body there is."""
        self.writer.write("".join(f"{line}\r\n" for line in (*head.splitlines(), "Host: x", "")).encode() + body)
        await self.writer.drain()

    async def reply(self) -> Reply:
        async with asyncio.timeout(PATIENCE_S):
            status, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().strip().splitlines()
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            return Reply(int(status.split()[1]), headers, await self.reader.readexactly(int(headers["content-length"])))

    async def is_closed(self) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read(1) == b""
            except ConnectionResetError:
                return True


@asynccontextmanager
async def listening(*hooks: Hook) -> AsyncIterator[int]:
    settings = HttpSettings(listen="127.0.0.1:0")
    async with serve(settings, Metrics().registry, dict, Quarantine(), hooks) as port:
        yield port


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def posted(port: int, body: bytes, *headers: str, path: str = "/hooks/flow") -> Reply:
    """One request over a connection of its own."""
    async with client(port) as found:
        await found.send("\n".join((f"POST {path} HTTP/1.1", f"Content-Length: {len(body)}", *headers)), body)
        return await found.reply()


async def test_a_body_reaches_its_hook_byte_for_byte_with_every_header() -> None:
    """Not JSON yet, not even text: a signature is over the bytes. A header that came twice is there twice."""
    body = b"\xef\xbb\xbf\x00\xff [1,\r\n 2] \xf0\x9f\x90\x82"
    hook = Recorder()
    async with listening(hook) as port:
        reply = await posted(port, body, "X-Signature: one", "x-signature: two", "Content-Type: text/plain")
    assert (reply.status, reply.body, hook.bodies) == (200, b"", [body])
    sent = [(name.lower(), value) for name, value in hook.headers[0]]
    assert [value for name, value in sent if name == "x-signature"] == ["one", "two"]


async def test_each_hook_has_its_path() -> None:
    """Two hooks, no other path, and no other method."""
    one, other = Recorder("/hooks/one"), Recorder("/hooks/other")
    async with listening(one, other) as port:
        assert (await posted(port, b"a", path="/hooks/other")).status == 200
        assert (await posted(port, b"b", path="/hooks/one")).status == 200
        assert (await posted(port, b"c", path="/hooks")).status == 404
        assert (await posted(port, b"d", path="/hooks/one/")).status == 404
        async with client(port) as found:
            await found.send("GET /hooks/one HTTP/1.1")
            assert (await found.reply()).status == 405
    assert (one.bodies, other.bodies) == ([b"b"], [b"a"])


@pytest.mark.parametrize("path", ["/hooks/flow", "/metrics"])
async def test_two_things_at_one_path_are_refused_at_the_start(path: str) -> None:
    """The error names the path and the remedy."""
    with pytest.raises(InputError, match=rf"at {path}: .* another path"):
        async with listening(Recorder("/hooks/flow"), Recorder(path)):
            pytest.fail("it serves both")


@pytest.mark.parametrize("status", [200, 400, 401])
async def test_an_answer_is_a_status_and_no_more(status: int) -> None:
    """No body, no hint; the connection may be used again."""
    hook = Recorder(status=status)
    async with listening(hook) as port, client(port) as found:
        for _ in range(2):
            await found.send("POST /hooks/flow HTTP/1.1\nContent-Length: 2", b"{}")
            reply = await found.reply()
            assert (reply.status, reply.body) == (status, b"")
            assert "retry-after" not in reply.headers
    assert hook.bodies == [b"{}", b"{}"]


@pytest.mark.parametrize("status", [429, 503])
async def test_who_is_to_come_again_is_told_when(status: int) -> None:
    """Retry-After in whole seconds (RFC 9110, 10.2.3)."""
    async with listening(Recorder(status=status)) as port:
        reply = await posted(port, b"{}")
    assert (reply.status, reply.headers["retry-after"]) == (status, "5")


# --- size ---


async def test_the_largest_body_there_may_be() -> None:
    """256 KiB and not a byte more, whether its length is told before or not."""
    assert MAX_HOOK_BYTES == LIMIT
    hook = Recorder()
    async with listening(hook) as port:
        assert (await posted(port, b"x" * LIMIT)).status == 200
        assert (await posted(port, b"x" * (LIMIT + 1))).status == 413
        assert (await _chunked(port, b"x" * LIMIT)).status == 200
        assert (await _chunked(port, b"x" * (LIMIT + 1))).status == 413
    assert [len(body) for body in hook.bodies] == [LIMIT, LIMIT]


async def test_a_body_that_says_it_is_too_large_is_not_waited_for() -> None:
    """413 before its first byte has come, and the connection ends."""
    hook = Recorder()
    async with listening(hook) as port, client(port) as found:
        await found.send(f"POST /hooks/flow HTTP/1.1\nContent-Length: {LIMIT + 1}")
        reply = await found.reply()
        assert (reply.status, reply.body, reply.headers["connection"]) == (413, b"", "close")
        assert await found.is_closed()
    assert hook.bodies == []


async def test_a_body_without_an_end_is_cut_off() -> None:
    """A chunked body that goes on for ever is answered with 413, read no further, and the connection ends."""
    hook = Recorder()
    async with listening(hook) as port, client(port) as found:
        await found.send("POST /hooks/flow HTTP/1.1\nTransfer-Encoding: chunked")
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        for _ in range(9):
            found.writer.write(chunk)
        assert (await found.reply()).status == 413
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(_pour(found.writer, chunk), PATIENCE_S)
    assert hook.bodies == []


async def _pour(writer: asyncio.StreamWriter, chunk: bytes) -> None:
    while True:
        writer.write(chunk)
        await writer.drain()
        await asyncio.sleep(0.01)


async def _chunked(port: int, body: bytes, size: int = 50_000) -> Reply:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    async with client(port) as found:
        await found.send("POST /hooks/flow HTTP/1.1\nTransfer-Encoding: chunked")
        for chunk in (*chunks, b""):
            found.writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        return await found.reply()


async def test_chunks_are_one_body() -> None:
    """However it was cut, the hook sees it whole."""
    hook = Recorder()
    async with listening(hook) as port:
        assert (await _chunked(port, b'[{"ticker":"NVDA"}]', size=1)).status == 200
    assert hook.bodies == [b'[{"ticker":"NVDA"}]']


# --- what is no body ---


BROKEN = b"zz\r\n"
"""The length of a chunk is hexadecimal (RFC 9112, 7.1)."""


async def test_a_broken_chunk_is_a_bad_request() -> None:
    """It comes with the headers: nothing of the body is used."""
    hook = Recorder()
    async with listening(hook) as port, client(port) as found:
        await found.send("POST /hooks/flow HTTP/1.1\nTransfer-Encoding: chunked", b"2\r\n{}\r\n" + BROKEN)
        assert (await found.reply()).status == 400
    assert hook.bodies == []


async def test_a_chunk_that_breaks_later_holds_its_connection_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiohttp's parser in C does not tell the reader of it, so the body's time runs out; the one in Python does."""
    monkeypatch.setattr(module, "BODY_S", 0.2)
    hook = Recorder()
    async with listening(hook) as port, client(port) as found:
        await found.send("POST /hooks/flow HTTP/1.1\nTransfer-Encoding: chunked", b"2\r\n{}\r\n")
        assert (await posted(port, b"meanwhile")).status == 200  # by now the first chunk is being read
        found.writer.write(BROKEN)
        assert (await found.reply()).status in (400, 408)
        assert await found.is_closed()
    assert hook.bodies == [b"meanwhile"]


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "gzip, identity"])
async def test_a_packed_body_is_refused_and_never_unpacked(encoding: str) -> None:
    """415: ten megabytes of nothing fit into ten kilobytes."""
    hook = Recorder()
    async with listening(hook) as port:
        reply = await posted(port, gzip.compress(b" " * 10_000_000), f"Content-Encoding: {encoding}")
    assert (reply.status, reply.body, hook.bodies) == (415, b"", [])


async def test_identity_is_no_encoding() -> None:
    """RFC 9110, 8.4.1: it should not be sent, and says nothing where it is."""
    hook = Recorder()
    async with listening(hook) as port:
        assert (await posted(port, b"{}", "Content-Encoding: identity")).status == 200


# --- time ---


async def test_a_slow_body_costs_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily it drips: 408 when its time is over, and the connection ends."""
    monkeypatch.setattr(module, "BODY_S", 0.05)
    hook = Recorder()
    async with listening(hook) as port, client(port) as found:
        await found.send("POST /hooks/flow HTTP/1.1\nContent-Length: 100000", b"[")
        async with asyncio.TaskGroup() as tasks:
            dripping = tasks.create_task(_drip(found.writer))
            reply = await found.reply()
            dripping.cancel()
        assert (reply.status, reply.body, reply.headers["connection"]) == (408, b"", "close")
        assert await found.is_closed()
    assert hook.bodies == []


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b" ")
        await asyncio.sleep(0.005)


async def test_slow_headers_cost_their_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose headers do not end is never answered, and does not stay."""
    monkeypatch.setattr("bot.http.server.IDLE_S", 0.05)
    async with listening(Recorder()) as port, client(port) as found:
        found.writer.write(b"POST /hooks/flow HTTP/1.1\r\nX-Sig")
        assert await found.is_closed()


async def test_who_hangs_up_half_way_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing reaches the hook, nothing is logged as a fault of ours, and the next request is served."""
    hook = Recorder()
    async with listening(hook) as port:
        async with client(port) as found:
            await found.send("POST /hooks/flow HTTP/1.1\nContent-Length: 100", b'[{"ticker"')
        assert (await posted(port, b"{}")).status == 200
    assert hook.bodies == [b"{}"]
    assert caplog.records == []


async def test_only_so_many_requests_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for its body or its answer holds memory: one too many is told to come again, and then is served."""
    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    hook = Recorder(is_slow=True)
    async with listening(hook) as port, client(port) as slow, client(port) as waiting:
        await slow.send("POST /hooks/flow HTTP/1.1\nContent-Length: 100", b"[")
        await waiting.send("POST /hooks/flow HTTP/1.1\nContent-Length: 2", b"{}")
        await until(lambda: hook.bodies)
        assert (await posted(port, b"{}")).status == 503
        hook.may_answer.set()
        assert (await waiting.reply()).status == 200
        assert (await posted(port, b"{}")).status == 200
