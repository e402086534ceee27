"""One WebSocket session with a vendor: the handshake, the pings, the goodbye. What frames mean, it does not know.

The only file that knows aiohttp's WebSocket. aiohttp's errors hold the URL and with it the key: each becomes an `End`
and goes no further.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    ClientWSTimeout,
    DummyCookieJar,
    WebSocketError,
    WSMsgType,
)

from bot import __version__
from bot.providers.backoff import End
from bot.providers.ends import end_by_server, end_of_fault, end_of_refusal, end_of_system
from bot.providers.feed import Feed

HANDSHAKE_S = 10.0
GOODBYE_S = 2.0
PONG_S = 20.0
MAX_FRAME_BYTES = 2**20
MAX_WORDS_BYTES = 4096
"""Of the body of a refusal: enough to tell a reason, whatever page it stands in."""

DATA: Final = (WSMsgType.TEXT, WSMsgType.BINARY)
"""Kinds of frames that hold data, which is bytes in both."""


class NoSession(Exception):  # noqa: N818 - it says what there is not, as StopIteration does
    """The handshake came to nothing; `end` says why, without a secret."""

    def __init__(self, end: End) -> None:
        super().__init__(end.reason)
        self.end = end


class Connection:
    """An open session. One task receives; others may ping, send and hang up meanwhile."""

    def __init__(self, socket: ClientWebSocketResponse[Literal[False]]) -> None:
        self._socket = socket
        self._answered = asyncio.Event()
        self._verdict: End | None = None
        self.receive: Callable[[], Awaitable[tuple[int, Any, str | None]]] = socket.receive
        """The next frame: its kind, what it holds, and a close's reason. Where the kind is none of `DATA`, `heed` knows
        what to do. Raises nothing of the network's. aiohttp's own coroutine: one around it would cost every frame."""

    async def heed(self, kind: int, held: Any, words: str | None) -> End | None:
        """Do what a frame without data asks for. How the session ended, if that is what it tells."""
        match kind:
            case WSMsgType.PING:
                await self._write(self._socket.pong(held))
            case WSMsgType.PONG:
                self._answered.set()
            case WSMsgType.CLOSE:
                return end_by_server(held, words or "")
            case WSMsgType.ERROR if isinstance(held, WebSocketError):
                return end_of_fault(held.code)
            case _:
                return self._verdict or End("lost", "the connection broke off without a goodbye")
        return None

    async def send(self, text: str) -> None:
        """Send a text frame. That the connection is broken is told by `receive`, which knows the reason."""
        await self._write(self._socket.send_str(text))

    async def ping(self) -> bool:
        """Whether the server answers a ping within `PONG_S`; its answer must be received meanwhile."""
        self._answered.clear()
        await self._write(self._socket.ping())
        with suppress(TimeoutError):
            async with asyncio.timeout(PONG_S):
                await self._answered.wait()
        return self._answered.is_set()

    async def hang_up(self, why: End) -> None:
        """End the session for a reason of ours, which `heed` then tells whoever receives."""
        self._verdict = why
        await self.close()

    async def close(self) -> None:
        """Say goodbye and wait for the answer, `GOODBYE_S` at most. May be called twice."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):  # aiohttp's own limit begins anew with every frame that still comes
                await self._socket.close()

    async def _write(self, write: Awaitable[None]) -> None:
        with suppress(ClientConnectionError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await write


@asynccontextmanager
async def connected(feed: Feed, now_s: float) -> AsyncIterator[Connection]:
    """A session with the feed's server, closed behind you in good order. Raises NoSession.

    `now_s`, in unix seconds, is for a Retry-After that names a date.
    """

    async def ask_once(request: ClientRequest, proceed: ClientHandlerType) -> ClientResponse:
        # Nothing but a switch of protocols gets past here: aiohttp would follow a redirect, and send the key to
        # whatever host it names; it would try a broken connection again at once; and it tells no refusal's words.
        try:
            response = await proceed(request)
        except (ClientError, OSError) as error:
            raise NoSession(_why(error)) from None
        if response.status != HTTPStatus.SWITCHING_PROTOCOLS:
            words = feed.scrub(await _words(response))
            response.close()
            raise NoSession(end_of_refusal(response.status, words, response.headers.get("Retry-After"), now_s))
        return response

    proxy = proxy_for(feed)
    async with ClientSession(
        middlewares=(ask_once,),
        headers={"User-Agent": f"flowbot/{__version__}"},
        skip_auto_headers=("Accept", "Accept-Encoding"),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None, sock_connect=None),
        trust_env=False,  # it would read ~/.netrc too; the environment's proxy is found below
    ) as session:
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                socket = await session.ws_connect(
                    feed.url.reveal(),
                    headers={name: value.reveal() for name, value in feed.headers.items()},
                    proxy=proxy,
                    # Frames are small and come one by one: deflate would save little, and costs a fifth of the
                    # throughput. Neither vendor's document asks for it.
                    compress=0,
                    decode_text=False,  # JSON is read from the bytes
                    max_msg_size=MAX_FRAME_BYTES + 1,  # the first size that is refused
                    # aiohttp's heartbeat would take it for death where we do not read, and costs every segment.
                    heartbeat=None,
                    autoping=False,
                    timeout=ClientWSTimeout(ws_close=GOODBYE_S),
                )
        except (ClientError, OSError) as error:
            raise NoSession(_why(error)) from None
        connection = Connection(socket)
        try:
            yield connection
        finally:
            await connection.close()


def proxy_for(feed: Feed) -> str | None:
    """The environment's proxy for the feed: wss_proxy, else https_proxy. Raises NoSession for one of no use."""
    address = urlsplit(feed.url.reveal())
    if feed.is_local or proxy_bypass(f"{address.hostname}:{address.port or 443}"):
        return None
    named = getproxies()
    scheme = next((scheme for scheme in ("wss", "socks", "https") if scheme in named), None)
    if scheme is None:
        return None
    proxy = named[scheme]
    with suppress(ValueError):  # of a port that is none
        parts = urlsplit(proxy)
        if scheme != "socks" and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return proxy
    told = "the environment names a proxy of a kind that cannot be used; expected HTTPS_PROXY=http://host:port"
    raise NoSession(End("proxy", f"{told}, or NO_PROXY for the server"))


async def _words(response: ClientResponse) -> str:
    """The beginning of a refusal's body. The status decides: a body that breaks off, or does not come, is no matter."""
    body = b""
    with suppress(ClientError, OSError):  # a timeout too
        async with asyncio.timeout(GOODBYE_S):
            while len(body) < MAX_WORDS_BYTES and (chunk := await response.content.read(MAX_WORDS_BYTES)):
                body += chunk
    return body.decode(errors="replace")


def _why(error: ClientError | OSError) -> End:
    """Why a connection was never established."""
    match error:
        case ClientHttpProxyError() | ClientProxyConnectionError():
            return End("proxy", "the proxy that the environment names (HTTPS_PROXY) did not let us through")
        case ClientConnectorError():
            return end_of_system(error.os_error)
        case OSError():
            return end_of_system(error)
        case _:
            return End("bad_handshake", f"what answers there speaks no WebSocket ({type(error).__name__})")
