"""Whose turn it is: when one destination's next request of one sort may go, over everything that can hold it up."""

import asyncio
import contextlib
import math
from collections.abc import Callable

import structlog

from bot.engine.breaker import INVALID_LIMIT, WINDOW_S, is_invalid
from bot.engine.pace import Answer, Keys, Turn
from bot.engine.shared import Shared
from bot.model.alerts import Notice
from bot.model.people import DM, person_at
from bot.model.ports import Destination

log = structlog.get_logger()


class Turns:
    """The pace of its buckets, its platform's breaker, and its own backoff."""

    def __init__(
        self, platform: str, keys: Callable[[], Keys], shared: Shared, *, is_held: Callable[[], bool] = lambda: False
    ) -> None:
        """`platform`: as `circle_of` has it.

        `is_held`: there is to be no request now, for nobody knows how long; `look_again` once that is over.
        """
        self._platform = platform
        self._keys = keys
        self._shared = shared
        self._is_held = is_held
        self._held_until = 0.0
        self._is_stopped = False
        self._changed = asyncio.Event()

    @property
    def wait_s(self) -> float:
        """Seconds until the next request may go, as far as one can tell; 0 or less: at once; inf while it is held."""
        if self._is_held():
            return math.inf
        now = monotonic()
        free_at = self._shared.buckets.ready_at(self._keys(), now)
        return max(self._held_until, free_at, self._shared.breaker.ready_at(self._platform, now)) - now

    def try_take(self) -> Turn | None:
        """Count a request that goes now, if one may."""
        return None if self.wait_s > 0 else self._shared.buckets.take(self._keys(), monotonic())

    async def ready(self) -> bool:
        """Wait until a request may go; False once there is to be none."""
        while not self._is_stopped and (wait_s := self.wait_s) > 0:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if wait_s == math.inf else wait_s):
                    await self._changed.wait()
        return not self._is_stopped

    async def take(self) -> Turn | None:
        """Wait for a turn and take it; None once there is to be none."""
        while await self.ready():
            if (turn := self.try_take()) is not None:
                return turn
        return None

    def hold(self, seconds: float) -> None:
        """No request for so long, or for as long as it was held before, whichever is longer."""
        self._held_until = max(self._held_until, monotonic() + seconds)

    def release(self) -> None:
        """Forget `hold`."""
        self._held_until = 0.0
        self._changed.set()

    def look_again(self) -> None:
        """It is held no longer, or from now on."""
        self._changed.set()

    def stop(self) -> None:
        """Begin no request any more."""
        self._is_stopped = True
        self._changed.set()

    def answered(self, turn: Turn, answer: Answer) -> None:
        """Learn from the answer; every turn taken must come here."""
        self._shared.buckets.learn(turn, answer, monotonic())
        if not is_invalid(answer):
            return
        self._shared.metrics.invalid_requests.labels(self._platform).inc()
        if self._shared.breaker.count(self._platform, monotonic()):
            self._tell_tripped()

    def _tell_tripped(self) -> None:
        log.error("platform.held", platform=self._platform, refused=INVALID_LIMIT, within_s=WINDOW_S)
        self._shared.tell(
            f"held:{self._platform}",
            Notice(
                f"{self._platform} refused {INVALID_LIMIT} requests in ten minutes",
                (
                    "flowbot holds all its destinations there until that is over, lest the platform ban its address.",
                    "Look for destinations that are parked, and for others that post with the same token or address.",
                ),
            ),
        )


def circle_of(destination: Destination) -> str:
    """Whose refused requests are counted together: `discord`; and apart, lest members who take no messages silence the
    channels, `discord dm`. Both together stay far from any ban."""
    platform = destination.platform
    return platform if person_at(destination.name) is None else f"{platform} {DM}"


def monotonic() -> float:
    """The running loop's clock, by which all turns are counted."""
    return asyncio.get_running_loop().time()
