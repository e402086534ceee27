"""Who of one platform's people is served next. Pure; seconds are of one monotonic clock."""

import heapq
from collections.abc import Callable
from typing import Final, NamedTuple

from bot.engine.decision import LONGEST_PROBE_S, PROBE_S

AT_ONCE: Final = 8
"""People who are served at a time. Together they keep the platform's pace, so more would only wait."""
EDITS_AT_ONCE: Final = 2
"""Of them, those who have nothing but messages to be edited: alerts are not to wait for these."""


class Work(NamedTuple):
    """Somebody's turn."""

    name: str
    """The destination."""
    is_editing: bool
    """Messages of theirs are to be edited too."""


class Queue:
    """Everybody in order of asking, each once. Whoever `next` named is being served until `done`."""

    def __init__(self) -> None:
        self._due: dict[str, None] = {}
        self._news: dict[str, None] = {}
        self._held: dict[str, None] = {}
        self._later: list[tuple[float, str]] = []
        self._serving: dict[str, bool] = {}
        """Destination -> whether it is there to be edited."""
        self._refusals = 0
        """In a row, of the platform."""
        self._refused_until = 0.0
        """0: it may be tried."""

    @property
    def is_quiet(self) -> bool:
        """Nobody has anything to send now who may, and nobody is sending."""
        return (not self._due or self.is_refused) and all(self._serving.values())

    @property
    def is_refused(self) -> bool:
        """The platform refused us, and has not taken anything since."""
        return self._refusals > 0

    def add(self, name: str) -> None:
        """There is something to send."""
        self._held.pop(name, None)
        self._due[name] = None

    def add_news(self, name: str) -> None:
        """A message is to be edited."""
        self._news[name] = None

    def add_later(self, name: str, at: float) -> None:
        """There will be something to send."""
        heapq.heappush(self._later, (at, name))

    def hold(self, name: str) -> None:
        """Nothing is to be sent there until `release`."""
        self._held[name] = None

    def release(self, is_held: Callable[[str], bool]) -> None:
        """Look again whether anybody is still held; during a pause there may be thousands, and all are."""
        for name in [name for name in self._held if not is_held(name)]:
            self.add(name)

    def next(self, now: float) -> Work | None:
        """Whose turn it is; None: nobody's."""
        while self._later and self._later[0][0] <= now:
            self.add(heapq.heappop(self._later)[1])
        if now >= self._refused_until:
            self._refused_until = 0.0
        if self._refused_until or len(self._serving) >= AT_ONCE:
            return None
        work = self._first(self._due, is_editing=False)
        if work is None and sum(self._serving.values()) < EDITS_AT_ONCE:
            work = self._first(self._news, is_editing=True)
        return work

    def done(self, name: str) -> None:
        """It is served no more."""
        del self._serving[name]

    def next_at(self) -> float | None:
        """When to ask `next` again though nothing happened; None: never."""
        moments = [at for at, _ in self._later[:1]] + ([self._refused_until] if self._refused_until else [])
        return min(moments, default=None)

    def refuse(self, now: float) -> bool:
        """The platform will have nothing of us for now; whether that is new."""
        if self._refused_until:  # somebody else's turn has told it
            return False
        self._refused_until = now + min(PROBE_S * 2 ** min(self._refusals, 10), LONGEST_PROBE_S)
        self._refusals += 1
        return self._refusals == 1

    def try_again(self) -> None:
        """Somebody may have mended the platform: it may be tried now, and is as refused as before until it accepts."""
        self._refused_until = 0.0

    def accept(self) -> None:
        """The platform took something."""
        self._refusals, self._refused_until = 0, 0.0

    def _first(self, waiting: dict[str, None], *, is_editing: bool) -> Work | None:
        name = next((name for name in waiting if name not in self._serving), None)
        if name is None:
            return None
        del waiting[name]
        self._serving[name] = is_editing
        return Work(name, is_editing)
