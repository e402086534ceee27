"""The store, however long it is out of order: what was sent must be recorded before anything else."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.engine.decision import backoff_s
from bot.model.errors import StoreError

log = structlog.get_logger()
T = TypeVar("T")


async def insist(work: Callable[[], Awaitable[T]], destination: str, stopping: asyncio.Event) -> T:
    """Do `work` until the store takes it. Raises StoreError only once `stopping` is set."""
    failures = 0
    while True:
        try:
            return await work()
        except StoreError as error:
            log.error("delivery.store_failed", destination=destination, reason=str(error))  # noqa: TRY400 - no bug
            if stopping.is_set():
                raise
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff_s(failures, jitter=0.5)):
                    await stopping.wait()
            failures += 1
