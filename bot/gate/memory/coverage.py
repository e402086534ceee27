"""`Coverage`: since when the service has listened without a hole; only then can a rule say that there was nothing."""

from collections.abc import Callable
from typing import Final

from bot.gate.memory.bodies import decode_coverage, encode_coverage
from bot.gate.memory.trade import ns

OpenSeconds = Callable[[int, int], float]
"""Seconds of regular trading between two moments, unix nanoseconds."""

LONGEST_HOLE_S: Final = 600.0
"""Of regular trading: a longer time without listening begins the coverage anew."""
_NOTED_EVERY_NS: Final = ns(60)
"""What the store knows may lag by this much; the longest hole allows for it."""


class Coverage:
    """The unbroken time of listening up to now."""

    __slots__ = ("_heard_ns", "_noted_ns", "_open_s", "lost_ns", "since_ns")

    def __init__(self, now_ns: int, open_s: OpenSeconds) -> None:
        self._open_s = open_s
        self._heard_ns = now_ns
        self._noted_ns: int | None = None
        """When it was last listening, as the store knows it."""
        self.since_ns = now_ns
        self.lost_ns = 0
        """Of a key that is not remembered, nothing is known up to here: some were dropped for want of room."""

    @property
    def is_changed(self) -> bool:
        return self._noted_ns is None or self._heard_ns - self._noted_ns >= _NOTED_EVERY_NS

    def heard(self, now_ns: int) -> None:
        """The service listens at this moment."""
        if now_ns - self._heard_ns > ns(LONGEST_HOLE_S) and self._open_s(self._heard_ns, now_ns) > LONGEST_HOLE_S:
            self.since_ns = now_ns
        self._heard_ns = max(self._heard_ns, now_ns)

    def cover(self, since_ns: int) -> None:
        """What was before is known now."""
        if since_ns < self.since_ns:
            self.since_ns = since_ns
            self._noted_ns = None

    def lose(self, until_ns: int) -> None:
        """A key was dropped whose newest print is of then."""
        if until_ns > self.lost_ns:
            self.lost_ns = until_ns
            self._noted_ns = None

    def dump(self) -> bytes:
        self._noted_ns = self._heard_ns
        return encode_coverage(since_ns=self.since_ns, heard_ns=self._heard_ns, lost_ns=self.lost_ns)

    def load(self, body: bytes, now_ns: int) -> None:
        """Go on from what was kept, unless there is a hole between then and now."""
        kept = decode_coverage(body)
        if kept is not None:
            self.since_ns, self._heard_ns, self.lost_ns = kept.since_ns, kept.heard_ns, kept.lost_ns
            self.heard(now_ns)
