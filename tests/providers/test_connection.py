"""One session over a real socket: what the handshake carries, what it survives, and what passes through a session."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot import __version__
from bot.model.secret import Secret
from bot.providers.backoff import End
from bot.providers.connection import DATA, MAX_FRAME_BYTES, Connection, NoSession, connected, proxy_for
from bot.providers.feed import Feed, Heartbeat
from tests.fakes.feed import KEY, FakeFeed, Refusal
from tests.providers.doubles import until

NOW_S = 1_784_217_600.0
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WSS_PROXY", "SOCKS_PROXY", "NO_PROXY")
TOKEN = "ow_a+b/c=d&e%20f"

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def feed(url: str, *, key: str = KEY, headers: Mapping[str, Secret] | None = None) -> Feed:
    usual = {"x-api-key": Secret(key)}
    return Feed(
        name="feed", url=Secret(url), key=Secret(key), headers=usual if headers is None else headers,
        decode=lambda raw, received_ns, name: Heartbeat(), facts=frozenset(), silence_s=60.0,
        is_silent_after_hours=False,
    )  # fmt: skip


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no proxy."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[int]:
    """The port of a server that gives each connection the same answer and closes it."""

    serving = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal serving
        serving += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        serving -= 1

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await until(lambda: not serving)


async def refusal(wanted: Feed) -> End:
    """Why no session with `wanted` comes about."""
    with pytest.raises(NoSession) as caught:
        async with connected(wanted, NOW_S):
            pass
    assert KEY not in repr(caught.value)
    return caught.value.end


async def frame(connection: Connection) -> bytes:
    """The next frame of data."""
    async with asyncio.timeout(5):
        kind, held, _ = await connection.receive()
    assert kind in DATA
    assert type(held) is bytes
    return held


# --- the handshake ---


async def test_what_the_handshake_carries() -> None:
    """The key, who we are, and no offer to deflate."""
    async with FakeFeed("radarpulse") as server:
        async with connected(feed(server.url), NOW_S):
            await server.connected()
        (handshake,) = server.handshakes
    assert handshake.headers["x-api-key"] == KEY
    assert handshake.headers["user-agent"] == f"flowbot/{__version__}"
    assert handshake.headers.keys() & {"sec-websocket-extensions", "cookie", "authorization"} == set()


async def test_a_key_in_the_url_arrives_as_it_is() -> None:
    """Whatever characters it has: the URL is spelled anew on its way."""
    async with FakeFeed("optionwhales", key=TOKEN) as server:
        spelled = "ow_a%2Bb%2Fc%3Dd%26e%2520f"
        async with connected(feed(f"{server.url}?api_key={spelled}", key=TOKEN, headers={}), NOW_S):
            await server.connected()
        (handshake,) = server.handshakes
    assert handshake.query == {"api_key": [TOKEN]}


async def test_no_other_key_is_found_for_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """~/.netrc is for other programs; its entry beside a bearer key would even be an error."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login fake password fake\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with FakeFeed("radarpulse") as server:
        bearer = {"Authorization": Secret(f"Bearer {KEY}")}
        async with connected(feed(server.url, headers=bearer), NOW_S):
            await server.connected()
        assert server.handshakes[0].headers["authorization"] == f"Bearer {KEY}"


async def test_a_broken_handshake_is_not_tried_again_at_once() -> None:
    """When to try again is the stream's to say."""
    calls = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await reader.readuntil(b"\r\n\r\n")

    async with answering(hang_up) as port:
        end = await refusal(feed(f"ws://127.0.0.1:{port}/"))
    assert (end.reason, calls) == ("bad_handshake", 1)


async def test_a_switch_to_something_else_is_no_session() -> None:
    """A 101 without the proof that our key was read."""

    async def agree(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        await reader.read()

    async with answering(agree) as port:
        assert (await refusal(feed(f"ws://127.0.0.1:{port}/"))).reason == "bad_handshake"


async def test_no_answer_to_the_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody took the connection, and is silent."""
    monkeypatch.setattr("bot.providers.connection.HANDSHAKE_S", 0.05)

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with answering(wait) as port:
        assert (await refusal(feed(f"ws://127.0.0.1:{port}/"))).reason == "timeout"


@pytest.mark.parametrize("body", [b"", b"3\r\nNo \r\n", b"40\r\ncut off"])
async def test_the_status_counts_even_where_its_words_do_not_come(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused key is refused, however slowly the server says so."""
    monkeypatch.setattr("bot.providers.connection.GOODBYE_S", 0.05)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        await reader.read()

    async with answering(refuse) as port:
        end = await refusal(feed(f"ws://127.0.0.1:{port}/"))
    assert end.reason == "auth"


async def test_a_key_that_the_server_quotes_is_not_cut_before_it_is_starred() -> None:
    """Half of a key in a log is half a key too many."""
    async with FakeFeed("radarpulse") as server:
        server.refuse(Refusal(403, "x" * 190 + KEY))
        end = await refusal(feed(server.url))
    assert end.detail.startswith(f"the server refused with HTTP 403: {'x' * 190}***")


# --- proxies ---


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"https_proxy": "https://proxy.example:3128"}, "https://proxy.example:3128"),
        ({"WSS_PROXY": "http://a.example", "HTTPS_PROXY": "http://b.example"}, "http://a.example"),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, None),
        ({"ALL_PROXY": "http://proxy.example:3128"}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "feed.example"}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "other.example"}, "http://proxy.example:3128"),
    ],
)
def test_which_proxy_is_taken(environment: dict[str, str], proxy: str | None, no_proxy: pytest.MonkeyPatch) -> None:
    """The one for wss, else the one for https, unless NO_PROXY excepts the server."""
    for name, value in environment.items():
        no_proxy.setenv(name, value)
    assert proxy_for(feed("wss://feed.example/stream")) == proxy


@pytest.mark.parametrize(
    "environment",
    [
        {"HTTPS_PROXY": "socks5://proxy.example:1080"},
        {"SOCKS_PROXY": "http://proxy.example:1080", "HTTPS_PROXY": "http://proxy.example:3128"},
        {"HTTPS_PROXY": "proxy.example:3128"},
        {"HTTPS_PROXY": "http://proxy.example:port"},
        {"HTTPS_PROXY": "http://"},
    ],
)
async def test_a_proxy_that_cannot_be_used_is_told(environment: dict[str, str], no_proxy: pytest.MonkeyPatch) -> None:
    """To go around it could be forbidden, and would tell the server who we are."""
    for name, value in environment.items():
        no_proxy.setenv(name, value)
    assert (await refusal(feed("wss://feed.example/stream"))).reason == "proxy"


async def test_a_proxy_that_refuses(no_proxy: pytest.MonkeyPatch) -> None:
    """It is asked for the server, with its own password and without our key."""
    asked = b""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    async with answering(refuse) as port:
        no_proxy.setenv("HTTPS_PROXY", f"http://fake:fake@127.0.0.1:{port}")
        assert (await refusal(feed("wss://feed.example/stream"))).reason == "proxy"
    assert asked.startswith(b"CONNECT feed.example:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic ZmFrZTpmYWtl\r\n" in asked
    assert KEY.encode() not in asked


async def test_a_proxy_that_is_not_there(no_proxy: pytest.MonkeyPatch) -> None:
    """It is the proxy that refuses the connection, not the server."""

    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None: ...

    async with answering(nothing) as port:
        pass
    no_proxy.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    assert (await refusal(feed("wss://feed.example/stream"))).reason == "proxy"


# --- a session ---


async def test_a_frame_of_the_largest_size_passes() -> None:
    """1 MiB, not a byte less; and an empty one."""
    async with FakeFeed("radarpulse") as server, connected(feed(server.url), NOW_S) as connection:
        await server.connected()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.send("x" * MAX_FRAME_BYTES, "", b"\xff"))
            assert len(await frame(connection)) == MAX_FRAME_BYTES
            assert await frame(connection) == b""
            assert await frame(connection) == b"\xff"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"\xc1\x00", "bad_frame"),  # deflated, which was not agreed on
        (b"\x83\x00", "bad_frame"),  # an opcode that is none
        (b"\x88\x02\x03\xe7", "bad_frame"),  # a close with code 999
        (b"\x88\x00", "closed"),  # without a code
        (b"\x81\x7f\x00\x00\x00\x00\x40\x00\x00\x00", "oversize"),  # 1 GiB is announced
        (b"", "lost"),
    ],
)
async def test_how_a_session_ends(sent: bytes, reason: str) -> None:
    """By what the server sends last before it is gone."""
    async with FakeFeed("radarpulse") as server, connected(feed(server.url), NOW_S) as connection:
        await server.connected()
        server.write(b"\x81\x01x" + sent)
        assert await frame(connection) == b"x"
        if not sent:
            await server.abort()
        async with asyncio.timeout(5):
            end = await connection.heed(*await connection.receive())
    assert end is not None
    assert end.reason == reason


async def test_a_ping_waits_for_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes by way of whoever receives."""
    async with FakeFeed("radarpulse") as server, connected(feed(server.url), NOW_S) as connection:
        await server.connected()

        async def receive() -> None:
            while await connection.heed(*await connection.receive()) is None:
                pass

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(receive())
            assert await connection.ping()
            server.deafen()
            monkeypatch.setattr("bot.providers.connection.PONG_S", 0.02)
            monkeypatch.setattr("bot.providers.connection.GOODBYE_S", 0.02)
            assert not await connection.ping()
            await connection.hang_up(End("ping_timeout"))
            await server.abort()


async def test_to_write_to_a_broken_connection_is_no_error() -> None:
    """Who receives is told what happened; others need not know."""
    async with FakeFeed("radarpulse") as server, connected(feed(server.url), NOW_S) as connection:
        await server.connected()
        await server.abort()
        end = await connection.heed(*await connection.receive())
        await connection.send("{}")
        await connection.close()
        await connection.close()
    assert end == End("lost", "the connection broke off without a goodbye")


async def test_hanging_up_tells_whoever_receives() -> None:
    """The reason is ours; the server gets its goodbye."""
    async with FakeFeed("radarpulse") as server, connected(feed(server.url), NOW_S) as connection:
        await server.connected()
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(_next_end(connection))
            await asyncio.sleep(0)
            await connection.hang_up(End("silence", "no frame for 60 s"))
        assert receiving.result() == End("silence", "no frame for 60 s")
    assert server.goodbyes == [1000]


async def _next_end(connection: Connection) -> End | None:
    return await connection.heed(*await connection.receive())
