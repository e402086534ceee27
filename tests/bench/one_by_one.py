"""A poster that keeps the platforms' limits and nothing else: each match a message, in the order of arrival.

It waits a second from each answer to the next request, as both platforms document for a channel, and as long as
`Retry-After` says after a 429. Its queue is memory.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import websockets

from tests.bench.poster import Found

PERIOD_S = 1.0
MOST_WAITING = 100_000


def at_discord(text: str) -> tuple[str, str, dict[str, Any]]:
    """Address, authorization and body."""
    url = f"{os.environ['DISCORD_API_URL']}/channels/{os.environ['DISCORD_CHANNEL']}/messages"
    body = {"embeds": [{"title": text}], "allowed_mentions": {"parse": []}}
    return url, f"Bot {os.environ['DISCORD_BOT_TOKEN']}", body


def at_slack(text: str) -> tuple[str, str, dict[str, Any]]:
    url = f"{os.environ['SLACK_API_URL']}chat.postMessage"
    return url, f"Bearer {os.environ['SLACK_BOT_TOKEN']}", {"channel": os.environ["SLACK_CHANNEL"], "text": text}


async def texts() -> AsyncIterator[str]:
    """Each print in words; the bell sends only what matches."""
    decode = msgspec.json.Decoder(Found).decode
    key = {"x-api-key": os.environ["RADARPULSE_API_KEY"]}
    async with websockets.connect(os.environ["WS_URL"], additional_headers=key) as websocket:
        async for frame in websocket:
            found = decode(frame)
            yield f"{found.ticker} {found.strike}C {found.expiry} ${found.premium:,.0f} {found.kind} {found.score}"


async def post(session: aiohttp.ClientSession, url: str, authorization: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": authorization, "User-Agent": "DiscordBot (https://example.com, 1)"}
    while True:
        async with session.post(url, json=body, headers=headers) as answer:
            await answer.read()
            await asyncio.sleep(float(answer.headers.get("Retry-After", PERIOD_S)))
            if answer.status != 429:
                return


async def main() -> None:
    queues: tuple[asyncio.Queue[str], ...] = (asyncio.Queue(MOST_WAITING), asyncio.Queue(MOST_WAITING))
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:

        async def serve(n: int) -> None:
            while True:
                await post(session, *(at_discord, at_slack)[n](await queues[n].get()))

        posting = [tasks.create_task(serve(n)) for n in range(len(queues))]
        async for text in texts():
            for queue in queues:
                queue.put_nowait(text)
        for task in posting:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(main())
