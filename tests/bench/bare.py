"""Client (a): nothing but the frames. What the transport alone costs."""

import asyncio
import os

import websockets


async def main() -> None:
    async with websockets.connect(
        os.environ["WS_URL"], additional_headers={"x-api-key": os.environ["RADARPULSE_API_KEY"]}
    ) as websocket:
        async for _frame in websocket:
            pass


if __name__ == "__main__":
    asyncio.run(main())
