"""The least that can post: decode, one filter, and a request of its own for each match, many at a time.

With --durable FILE each match is first committed to SQLite with synchronous=FULL, in the read loop: the floor for
whoever promises to lose nothing. Retries nothing, paces nothing, explains nothing.
"""

import argparse
import asyncio
import os
import sqlite3

import aiohttp
import msgspec
import websockets

MOST_AT_ONCE = 100
"""aiohttp's connector has as many connections."""


class Found(msgspec.Struct):
    """What the filter and the post need of a print."""

    ticker: str
    strike: int
    expiry: str
    premium: float
    side: str
    kind: str
    score: float


async def main(store: sqlite3.Connection | None) -> None:
    decode = msgspec.json.Decoder(Found).decode
    key = {"x-api-key": os.environ["RADARPULSE_API_KEY"]}
    free = asyncio.Semaphore(MOST_AT_ONCE)
    async with (
        aiohttp.ClientSession() as session,
        asyncio.TaskGroup() as posts,
        websockets.connect(os.environ["WS_URL"], additional_headers=key) as websocket,
    ):
        async for frame in websocket:
            found = decode(frame)
            if found.score >= 85 and found.premium >= 500_000 and found.side == "ASK":
                if store is not None:
                    store.execute("INSERT INTO posts (body) VALUES (?)", (frame,))
                await free.acquire()
                posts.create_task(post(session, found, free))


async def post(session: aiohttp.ClientSession, found: Found, free: asyncio.Semaphore) -> None:
    text = f"{found.ticker} {found.strike}C {found.expiry} ${found.premium:,.0f} {found.kind} {found.score}"
    body = {"embeds": [{"title": text}], "allowed_mentions": {"parse": []}}
    try:
        async with session.post(os.environ["DISCORD_WEBHOOK_URL"], params={"wait": "true"}, json=body) as answer:
            await answer.read()
    finally:
        free.release()


def open_store(path: str) -> sqlite3.Connection:
    """In autocommit mode, so that each statement is a commit."""
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = FULL")
    store.execute("CREATE TABLE posts (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    return store


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--durable", metavar="FILE")
    path = parser.parse_args().durable
    asyncio.run(main(open_store(path) if path else None))
