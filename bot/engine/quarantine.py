"""The last frames that could not become a print, for an operator to read. Bounded; memory only."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.model.ports import Frame

KEPT = 200
"""Frames kept; the oldest go first."""
LONGEST = 2000
"""Characters kept of one frame."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """One frame, with the reason."""

    received_ns: int
    provider: str
    reason: str
    detail: str
    raw: str


class Quarantine:
    """A ring of rejected frames."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._frames: deque[Rejected] = deque(maxlen=KEPT)
        self._now_ns = now_ns

    def add(self, provider: str, reason: str, detail: str, raw: Frame) -> None:
        text = raw[:LONGEST] if isinstance(raw, str) else raw[:LONGEST].decode("utf-8", "replace")
        self._frames.append(Rejected(self._now_ns(), provider, reason, detail[:LONGEST], text))

    def newest_first(self) -> list[Rejected]:
        return list(reversed(self._frames))
