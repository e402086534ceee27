"""Client (b): the bot that a user would otherwise start from.

RadarPulse's own Python example, from its developer guide of 29 June 2026 ("Building a Live Alert Bot"). Changed: types
are added, the stream's address comes from the environment too, and `extra_headers` is `additional_headers`, as the
library has called it since version 14.
"""

import asyncio
import json
import os
from typing import Any

import aiohttp
import websockets

API_KEY = os.environ["RADARPULSE_API_KEY"]
WS_URL = os.environ["WS_URL"]
DISCORD_WEBHOOK = os.environ["DISCORD_WEBHOOK_URL"]

MIN_SCORE = 85  # EXTREME signals only
MIN_PREM = 500_000  # $500K+ premium


async def post_discord(session: aiohttp.ClientSession, print_: dict[str, Any]) -> None:
    bias_emoji = "🐂" if print_.get("bias") == "BULL" else "🐻"
    kind_tag = " ⚡ SWEEP" if print_.get("kind") == "SWEEP" else ""
    msg = (
        f"**{print_['ticker']} {print_['type']} ${print_['strike']} "
        f"exp {print_['expiry']}**{kind_tag}\n"
        f"Premium: ${print_['premium']:,.0f} | Vol/OI: {print_['volOI']:.1f}× | "
        f"Score: {print_['score']} {bias_emoji}"
    )
    await session.post(DISCORD_WEBHOOK, json={"content": msg})


async def stream_flow() -> None:
    async with (
        aiohttp.ClientSession() as session,
        websockets.connect(
            WS_URL,
            additional_headers={"x-api-key": API_KEY},
        ) as ws,
    ):
        async for raw in ws:
            print_ = json.loads(raw)
            if (
                print_.get("score", 0) >= MIN_SCORE
                and print_.get("premium", 0) >= MIN_PREM
                and print_.get("side") == "ASK"  # bought at ask
            ):
                await post_discord(session, print_)


if __name__ == "__main__":
    asyncio.run(stream_flow())
