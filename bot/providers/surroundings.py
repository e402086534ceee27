"""What a feed has of the world beside its connections: time, and chance. Tests give it another."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The real world, unless told otherwise."""

    now_ns: Callable[[], int] = time.time_ns
    """The wall clock, unix nanoseconds."""
    elapsed_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
