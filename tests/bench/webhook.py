"""Discord's Execute Webhook as a process of its own: notes when each request is complete, answers after a while.

Plain asyncio, because a web framework's own time would be counted as everybody's latency.
"""

import asyncio
import json
import re
import time

from tests.bench.wire import Answer, obey, tell

PATH = b"/api/webhooks/1122334455667788/bench-token"
MARK = re.compile(rb"\b([1-9][0-9]{5})C\b|\$([1-9][0-9]{5}) exp")
"""A matching print's strike, as flowbot and the posters show it, or as the sample bot does."""
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_RATE_LIMIT = (
    b"X-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: 4\r\nX-RateLimit-Reset-After: 0.001\r\n"
    b"X-RateLimit-Bucket: bench\r\n"
)
"""Discord's headers, from a server that never limits."""
MESSAGE = json.dumps({
    "id": "1300000000000000000", "type": 0, "channel_id": "1300000000000000001", "webhook_id": "1122334455667788",
    "content": "", "embeds": [], "attachments": [], "mentions": [], "mention_roles": [], "pinned": False, "tts": False,
    "mention_everyone": False, "timestamp": "2026-01-05T15:00:00.000000+00:00", "edited_timestamp": None, "flags": 0,
    "components": [], "author": {"id": "1122334455667788", "username": "bench", "avatar": None, "bot": True},
}).encode()  # fmt: skip


class Log:
    """What came since the last `expect`."""

    posts: list[tuple[int, list[int]]]
    """Arrival in nanoseconds of the system's monotonic clock, and the marks in the body."""
    marks: set[int]
    refused: list[str]

    def __init__(self) -> None:
        self._forget()
        self.delay_s = 0.0

    def add(self, body: bytes) -> None:
        marks = [int(plain or dollars) for plain, dollars in MARK.findall(body)]
        self.posts.append((time.monotonic_ns(), marks))
        self.marks.update(marks)

    # --- commands ---

    async def expect(self, delay_ms: float) -> Answer:
        """Forget everything; answer after `delay_ms` from now on."""
        self._forget()
        self.delay_s = delay_ms / 1000
        return {}

    async def count(self) -> Answer:
        return {"marks": len(self.marks)}

    async def collect(self) -> Answer:
        return {"posts": self.posts, "refused": self.refused}

    def _forget(self) -> None:
        self.posts, self.marks, self.refused = [], set(), []


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, one request at a time, as clients send them."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = _LENGTH.search(head)
        if length is None or len(rest) > int(length[1]):
            self._refuse("no length, or a second request before the answer")
        elif len(rest) == int(length[1]):
            self._buffer = b""
            self._take(head, rest)

    def _take(self, head: bytes, body: bytes) -> None:
        log = self._log
        log.add(body)
        method, _, target = head.partition(b"\r\n")[0].removesuffix(b" HTTP/1.1").partition(b" ")
        path, _, query = target.partition(b"?")
        if (method, path) != (b"POST", PATH) or not isinstance(json.loads(body), dict):
            self._refuse(f"no webhook call: {head[:80]!r}")
            return
        asyncio.get_running_loop().call_later(log.delay_s, self._answer, b"wait=true" in query)

    def _answer(self, is_waited_for: bool) -> None:
        """The message where it is asked for, else 204 (Discord's reference, "Execute Webhook")."""
        assert self._transport is not None
        if self._transport.is_closing():
            return
        if not is_waited_for:
            self._transport.write(b"HTTP/1.1 204 No Content\r\n" + _RATE_LIMIT + b"\r\n")
            return
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(MESSAGE)
        self._transport.write(head + _RATE_LIMIT + b"\r\n" + MESSAGE)

    def _refuse(self, why: str) -> None:
        self._log.refused.append(why)
        assert self._transport is not None
        self._transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self._transport.close()


async def main() -> None:
    log = Log()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(log), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        tell({"url": f"http://127.0.0.1:{port}{PATH.decode()}"})
        await obey({"expect": log.expect, "count": log.count, "collect": log.collect})


if __name__ == "__main__":
    asyncio.run(main())
