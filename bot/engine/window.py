"""What a server's own headers tell of one bucket, whatever order the answers come in. Pure."""

from bot.model.outcomes import Pace
from bot.model.ports import Rate

ANSWER_S = 0.05
"""Where all that is left is on its way, ask again after this: the answers may tell that more is left."""


class Window:
    """The window that the server counts in now: so many are left until its reset. Says nothing before a server spoke.

    What is left is the least that any answer of this window said, minus the requests still on their way: one of them
    may be counted already, but that shows only in its answer.
    """

    __slots__ = ("_earliest", "_latest", "_least", "rate")

    def __init__(self) -> None:
        self.rate: Rate | None = None
        """The limit as the answers showed it, for whatever window comes next."""
        self._least = 0
        self._earliest = 0.0
        self._latest = 0.0
        """The reset lies between the two, by our clock."""

    def ready_at(self, now: float, on_way: int) -> float:
        """The earliest moment for the next request, with `on_way` unanswered ones; `now` means at once."""
        if now >= self._latest or self._least > on_way:
            return now
        return self._latest if self._least <= 0 else min(now + ANSWER_S, self._latest)

    def learn(self, pace: Pace, *, sent: float, now: float, is_refused: bool) -> None:
        """An answer came `now` to what went at `sent`. Without word of what remains, it may have used one up."""
        if pace.remaining is None or pace.reset_after_s is None:
            self._least -= 1
            return
        # The server spoke somewhere between the two moments.
        earliest, latest = sent + pace.reset_after_s, now + pace.reset_after_s
        if earliest > self._latest:
            self._least, self._earliest, self._latest = pace.remaining, earliest, latest
        elif latest >= self._earliest:  # else it is of a window that is over
            self._least = min(self._least, pace.remaining)
            self._earliest, self._latest = max(self._earliest, earliest), min(self._latest, latest)
        if not is_refused:  # a penalty may be longer than the window
            known = self.rate or Rate(0, 0.0)
            self.rate = Rate(max(known.count, pace.remaining + 1), max(known.window_s, pace.reset_after_s))
