"""The clients of both simulated streams: who listens to what, and who is too slow to stay."""

import asyncio
import time
from typing import Any

import msgspec
import structlog
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed

from bot.workbench.wire import Frame, encode

log = structlog.get_logger()

STREAM = "/v1/stream"
"""RadarPulse's path."""
ABNORMAL_TRADES = "/v1/ws/abnormal-trades"
"""OptionWhales' path."""

BACKLOG_BYTES = 8 * 1024 * 1024
"""Unread bytes that cost a client its connection, some 20,000 frames."""
_FLAT_OUT_BYTES = 512 * 1024
"""Flat out, the stream waits while a client has more than this unread."""
_STALL_S = 5.0
"""Flat out, a client that does not get below that mark in this time is dropped: the others wait no longer."""
_POLICY_VIOLATION = 1008


class Audience:
    """Everybody who listens. Sending never waits for anybody; `make_room` does, for a bounded time."""

    def __init__(self) -> None:
        self._radarpulse: set[ServerConnection] = set()
        self._optionwhales: dict[ServerConnection, frozenset[str] | None] = {}
        self._keys: set[str] = set()
        self._is_listening = asyncio.Event()

    def __len__(self) -> int:
        return len(self._radarpulse) + len(self._optionwhales)

    async def seat(self, connection: ServerConnection, key: str) -> None:
        """Serve one client until it goes."""
        path = connection.request.path if connection.request else ""
        try:
            if path.startswith(ABNORMAL_TRADES):
                await self._seat_optionwhales(connection, key)
            else:
                await self._seat_radarpulse(connection)
        except ConnectionClosed:
            pass  # how clients leave
        finally:
            if not len(self):
                self._is_listening.clear()

    async def arrival(self) -> None:
        """Wait until somebody listens; however long that takes, nothing else is to be done."""
        await self._is_listening.wait()

    def send(self, frame: Frame) -> None:
        broadcast(self._radarpulse, frame.bare)
        if self._optionwhales:
            wanted = [
                client for client, tickers in self._optionwhales.items() if tickers is None or frame.ticker in tickers
            ]
            broadcast(wanted, frame.envelope)

    async def make_room(self, *, is_flat_out: bool) -> None:
        """Let the clients read. Flat out, wait for the slowest; else only drop whoever is hopelessly behind."""
        if not is_flat_out:
            self._drop(BACKLOG_BYTES)
            await asyncio.sleep(0)
            return
        await self.arrival()
        deadline_s = time.monotonic() + _STALL_S
        await asyncio.sleep(0)
        while self._behind(_FLAT_OUT_BYTES):
            if time.monotonic() > deadline_s:
                self._drop(_FLAT_OUT_BYTES)
            await asyncio.sleep(0.001)

    async def keep_alive(self, every_s: float) -> None:
        """OptionWhales' heartbeat; RadarPulse documents none."""
        while True:
            await asyncio.sleep(every_s)
            broadcast(self._optionwhales, encode({"type": "heartbeat", "ts": int(time.time())}))

    # --- one client ---

    async def _seat_radarpulse(self, connection: ServerConnection) -> None:
        self._radarpulse.add(connection)
        self._is_listening.set()
        try:
            async for _ in connection:
                pass  # the stream takes no messages; reading keeps pings answered
        finally:
            self._radarpulse.discard(connection)

    async def _seat_optionwhales(self, connection: ServerConnection, key: str) -> None:
        if key in self._keys:
            await connection.send(_error("connection limit reached: 1 WebSocket connection per key"))
            await connection.close(_POLICY_VIOLATION, "connection limit reached")
            return
        self._keys.add(key)
        self._optionwhales[connection] = None
        self._is_listening.set()
        try:
            async for message in connection:
                await connection.send(self._subscribe(connection, message))
        finally:
            self._optionwhales.pop(connection, None)
            self._keys.discard(key)

    def _subscribe(self, connection: ServerConnection, message: str | bytes) -> str:
        """The answer to a client's message. A subscription replaces the one before."""
        try:
            request = msgspec.json.decode(message, type=dict[str, Any])
        except msgspec.DecodeError:
            return _error("not a JSON object")
        tickers = request.get("tickers")
        if request.get("type") != "subscribe" or not isinstance(tickers, list):
            return _error('expected {"type": "subscribe", "tickers": ["AAPL", …]}')
        wanted = sorted({str(ticker).upper() for ticker in tickers})
        self._optionwhales[connection] = frozenset(wanted) or None
        return encode({"type": "subscribed", "tickers": wanted})

    # --- the slow ---

    def _behind(self, limit_bytes: int) -> list[ServerConnection]:
        clients = [*self._radarpulse, *self._optionwhales]
        return [client for client in clients if client.transport.get_write_buffer_size() > limit_bytes]

    def _drop(self, limit_bytes: int) -> None:
        for client in self._behind(limit_bytes):
            log.warning("simulate.client_dropped", unread_bytes=client.transport.get_write_buffer_size())
            self._radarpulse.discard(client)
            self._optionwhales.pop(client, None)
            client.transport.abort()


def _error(message: str) -> str:
    return encode({"type": "error", "message": message})
