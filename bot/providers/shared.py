"""Reads that are shared: the same question, asked by several at once, goes out once; some answers are kept a while."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.model.errors import VendorError

T = TypeVar("T")

MOST_KEPT = 32
"""Answers kept at a time; the one that goes stale first makes room."""


@dataclass(slots=True)
class _Flight(Generic[T]):
    """A question on its way. Landed without a value or a refusal: whoever asked was cancelled."""

    landed: asyncio.Event = field(default_factory=asyncio.Event)
    value: T | None = None
    refusal: VendorError | None = None


class Shared(Generic[T]):
    """Who asks first asks for all. Is it cancelled, the next one asks anew, so no task is left without an owner."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._flights: dict[Hashable, _Flight[T]] = {}
        self._kept: dict[Hashable, tuple[float, T]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]], *, ttl_s: float = 0.0) -> T:
        """The answer to the question that `key` names, kept for `ttl_s`. Raises what `ask` raises.

        How long it takes is bounded by `ask`. A refusal is shared too, and never kept.
        """
        while True:
            kept = self._kept.get(key)
            if kept is not None and self._now_s() < kept[0]:
                return kept[1]
            flight = self._flights.get(key)
            if flight is None:
                return await self._lead(key, ask, ttl_s)
            await flight.landed.wait()
            if flight.refusal is not None:
                known = flight.refusal
                raise VendorError(known.kind, known.detail, after_s=known.after_s)
            if flight.value is not None:
                return flight.value

    async def _lead(self, key: Hashable, ask: Callable[[], Awaitable[T]], ttl_s: float) -> T:
        flight = self._flights[key] = _Flight[T]()
        try:
            value = flight.value = await ask()
        except VendorError as refusal:
            flight.refusal = refusal
            raise
        finally:
            del self._flights[key]
            flight.landed.set()
        if ttl_s > 0:
            self._keep(key, value, ttl_s)
        return value

    def _keep(self, key: Hashable, value: T, ttl_s: float) -> None:
        now_s = self._now_s()
        self._kept = {name: kept for name, kept in self._kept.items() if now_s < kept[0]}
        while len(self._kept) >= MOST_KEPT:
            del self._kept[min(self._kept, key=lambda name: self._kept[name][0])]
        self._kept[key] = (now_s + ttl_s, value)
