"""RadarPulse's stream as a process of its own: one client, fed as fast as it can take, or at a rate.

A blast's WebSocket frames are made beforehand and written whole, because a server that frames while it sends is
slower than the clients that are to be measured.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from random import Random
from typing import TypeVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tests.bench.market import Market
from tests.bench.rules import TWENTY, rules
from tests.bench.wire import Answer, obey, tell

T = TypeVar("T")

PATH = "/v1/stream"
ACCEPT_S = 180.0
"""A client may have a hundred thousand rules to read first."""
BLAST_S = 120.0
BLOCK_BYTES = 64 * 1024
TEXT = 0x81
"""First byte of an unfragmented text frame (RFC 6455, 5.2); a server does not mask."""


class Provider:
    """Serves one client at a time."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._arrivals: asyncio.Queue[ServerConnection] = asyncio.Queue(maxsize=4)
        self._client: ServerConnection | None = None

    async def hold(self, connection: ServerConnection) -> None:
        """Keep a connection until either side ends it."""
        await self._arrivals.put(connection)
        await connection.wait_closed()

    # --- commands ---

    async def accept(self) -> Answer:
        """Wait for the next client."""
        async with asyncio.timeout(ACCEPT_S):
            self._client = await self._arrivals.get()
        return {}

    async def blast(self, frames: int, share: float) -> Answer:
        """Send `frames` prints, `share` of them matching and spread evenly, and wait until the client has read them.

        Two pings follow the last print. A client answers a ping when it has parsed what came before it, but its reader
        may still have a queue; that is empty when the answer to the second one comes, because `recv` gives the event
        loop no turn while something is queued.
        """
        client = self._connected()
        marks, blocks = self._prepare(frames, share)
        began = time.perf_counter()
        async with asyncio.timeout(BLAST_S):
            for block in blocks:
                client.transport.write(block)
                await client.drain()
            for _ in range(2):
                await (await client.ping())
        return {"seconds": time.perf_counter() - began, "marks": marks}

    async def pace(self, rate: float, seconds: float, share: float, is_random: bool) -> Answer:
        """Send `rate` prints a second, each when it is due and in a segment of its own; a late one delays no other.

        Gives for each matching print when it was handed to the socket, in nanoseconds of the system's monotonic clock,
        and how late the latest was.
        """
        client = self._connected()
        sent: dict[int, int] = {}
        worst_s = 0.0
        matching = _matching(int(rate * seconds), share, is_random)
        async for is_match, late_s in _on_time(matching, rate):
            worst_s = max(worst_s, late_s)
            if client.transport.is_closing():
                break
            time_ms = time.time_ns() // 1_000_000
            if is_match:
                mark, frame = self._market.match(time_ms)
                sent[mark] = time.monotonic_ns()
            else:
                frame = self._market.filler(time_ms)
            client.transport.write(_framed(frame))
        return {"sent": list(sent.items()), "worst_late_ms": worst_s * 1000}

    async def ring(self, alerts: int, seconds: float, best: int) -> Answer:
        """Send the opening bell: `alerts` prints that match, evenly over so long, `best` of them, at random, above all.

        Gives when each was handed to the socket, as `pace` does, and the marks of the best.
        """
        client = self._connected()
        ranks = dict(zip(Random(alerts).sample(range(alerts), best), range(best), strict=True))
        sent: dict[int, int] = {}
        chosen: list[int] = []
        async for n, _ in _on_time(range(alerts), alerts / seconds):
            if client.transport.is_closing():
                break
            rank = ranks[n] / best if n in ranks else None
            mark, frame = self._market.ring(time.time_ns() // 1_000_000, rank=rank)
            sent[mark] = time.monotonic_ns()
            client.transport.write(_framed(frame))
            if rank is not None:
                chosen.append(mark)
        return {"sent": list(sent.items()), "best": chosen}

    async def hang_up(self) -> Answer:
        """End the client's session in good order."""
        await self._connected().close()
        return {}

    # --- its own ---

    def _connected(self) -> ServerConnection:
        assert self._client is not None, "accept a client first"
        return self._client

    def _prepare(self, frames: int, share: float) -> tuple[list[int], list[bytes]]:
        marks: list[int] = []
        blocks: list[bytes] = []
        block = bytearray()
        first_ms = time.time_ns() // 1_000_000 - frames
        for n, is_match in enumerate(_matching(frames, share, is_random=False)):
            if is_match:
                mark, frame = self._market.match(first_ms + n)
                marks.append(mark)
            else:
                frame = self._market.filler(first_ms + n)
            block += _framed(frame)
            if len(block) >= BLOCK_BYTES:
                blocks.append(bytes(block))
                block.clear()
        return marks, [*blocks, bytes(block)]


def _matching(count: int, share: float, is_random: bool) -> Iterator[bool]:
    """Which prints match: at random moments, or as evenly as can be; over the whole nearly the same number."""
    if is_random:
        chance = Random(count)
        yield from (chance.random() < share for _ in range(count))
    else:
        yield from (int((n + 1) * share) > int(n * share) for n in range(count))


async def _on_time(items: Iterable[T], rate: float) -> AsyncIterator[tuple[T, float]]:
    """Each item when it is due, and how many seconds late; a late one delays no other."""
    began = time.monotonic()
    for n, item in enumerate(items):
        early_s = began + n / rate - time.monotonic()
        await asyncio.sleep(max(0.0, early_s))
        yield item, -early_s


def _framed(payload: bytes) -> bytes:
    assert 126 <= len(payload) < 65_536, "the length takes two bytes"
    return b"%c%c%b%b" % (TEXT, 126, len(payload).to_bytes(2, "big"), payload)


def _admit(connection: ServerConnection, request: Request) -> Response | None:
    """As the guide documents it: one path, the key in `x-api-key`."""
    if request.path != PATH:
        return connection.respond(404, "no such path\n")
    return None if request.headers.get("x-api-key") else connection.respond(401, "missing x-api-key\n")


def _mean_size(frames: Iterable[bytes]) -> float:
    sizes = list(map(len, frames))
    return sum(sizes) / len(sizes)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, required=True, help="how many rules its fillers must not match")
    # The tight rules name tickers that this market does not trade: only the usual ones need be kept from matching.
    market = Market(rules(min(parser.parse_args().rules, len(TWENTY))))
    provider = Provider(market)
    async with serve(
        provider.hold, "127.0.0.1", 0, process_request=_admit, compression=None, ping_interval=None
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        tell(
            {
                "url": f"ws://127.0.0.1:{port}{PATH}",
                "frame_bytes": _mean_size(market.filler(10**12) for _ in range(999)),
            }
        )
        await obey(
            {
                "accept": provider.accept,
                "blast": provider.blast,
                "pace": provider.pace,
                "ring": provider.ring,
                "hang_up": provider.hang_up,
            }
        )


if __name__ == "__main__":
    asyncio.run(main())
