"""A clock for REST tests: whoever sleeps moves it on, and no time passes."""

import asyncio
from dataclasses import dataclass, field

from bot.providers.rest import Clock
from tests.providers.doubles import NOON_NS


@dataclass
class SleepingClock:
    """Fakes take `now_s`, clients `clock`: both live in the same time."""

    now_ns: int = NOON_NS
    slept: list[float] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return Clock(now_ns=lambda: self.now_ns, sleep=self.sleep)

    def now_s(self) -> float:
        return self.now_ns / 1e9

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_ns += round(seconds * 1e9)
        await asyncio.sleep(0)
