"""Ending a process of our own, however far it came."""

import asyncio
import contextlib
from asyncio.subprocess import Process
from typing import Final

REAP_S: Final = 2.0


async def reap(child: Process) -> None:
    """Kill it where it still runs, and take what it left in its pipes, so that nothing of it stays open."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(REAP_S):
            await child.communicate()
