"""From a provider's `run` to its `close`, whatever it does between."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Lifetime:
    """One provider's. It runs once."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()

    async def of(self, work: Coroutine[Any, Any, object]) -> None:
        """Do `work`, which is for ever, until `end`."""
        self._ended.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                working = tasks.create_task(work)
                await self._closing.wait()
                working.cancel()
        finally:
            self._ended.set()

    async def end(self) -> None:
        """Cancel the work and wait until it has cleaned up. May be called twice, and before there is any work."""
        self._closing.set()
        await self._ended.wait()
