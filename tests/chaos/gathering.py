"""Waits until everybody has come to one point, and strikes: a power cut that finds all destinations in one window."""

import asyncio
from collections.abc import Callable, Collection

GRACE_S = 3.0
"""From the first arrival; whoever cannot come by then is not waited for."""


class Gathering:
    """Whoever arrives stays: `strike` is to end the process."""

    def __init__(self, strike: Callable[[], None], expected: Collection[str] = ()) -> None:
        self.expected = set(expected)
        self._strike = strike
        self._here: set[str] = set()

    async def arrive(self, name: str) -> None:
        self._here.add(name)
        if not self._here >= self.expected:
            await asyncio.sleep(GRACE_S)
        self._strike()
        await asyncio.sleep(GRACE_S)  # a process that was struck from outside has still to die
