"""How much one person, and all of one place together, may ask: a bucket each that fills again steadily."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.commands.asker import Asker

MOST_KNOWN: Final = 10_000
"""People and places remembered; past it those are forgotten first who asked longest ago."""

_NO_TIME_S = 1e-3
"""What a clock's many digits lose in sums."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many at once, and as many again over `per_s` seconds."""

    count: int
    per_s: float = 60.0

    @property
    def each_s(self) -> float:
        return self.per_s / self.count


PER_PERSON: Final = Allowance(12)
PER_PLACE: Final = Allowance(60)


class Limits:
    """Whatever is asked counts, button presses too; what is refused does not. One for all doors of a process."""

    def __init__(
        self,
        now_s: Callable[[], float] = time.monotonic,
        *,
        per_person: Allowance = PER_PERSON,
        per_place: Allowance = PER_PLACE,
    ) -> None:
        self._now_s = now_s
        self._per_person = per_person
        self._per_place = per_place
        self._full_s: dict[str, float] = {}
        """When each bucket is full again, by the clock's time, who asked last at the end; others' are full."""

    def take(self, asker: Asker) -> float:
        """Count one question. More than 0: it is one too many, and may be asked again after so many seconds."""
        now_s = self._now_s()
        owners = {asker.person: self._per_person}
        if asker.place:  # a Discord server, a Slack workspace; a direct message has none
            owners[f"{asker.platform}@{asker.place}"] = self._per_place
        wait_s = max(self._wait_s(owner, allowed, now_s) for owner, allowed in owners.items())
        if not wait_s:
            for owner, allowed in owners.items():
                self._full_s[owner] = max(self._full_s.pop(owner, now_s), now_s) + allowed.each_s
            self._forget()
        return wait_s

    def _wait_s(self, owner: str, allowed: Allowance, now_s: float) -> float:
        """Until there is room for one more in the owner's bucket."""
        lacking_s = max(self._full_s.get(owner, now_s) - now_s, 0.0)
        wait_s = lacking_s + allowed.each_s - allowed.per_s
        return wait_s if wait_s > _NO_TIME_S else 0.0

    def _forget(self) -> None:
        while len(self._full_s) > MOST_KNOWN:
            del self._full_s[next(iter(self._full_s))]
