"""`first`: fires at a print before which none was seen for long enough; silent until so long was listened to."""

from collections.abc import Iterable, Sequence

from bot.gate.memory.bodies import FirstBody, TallyBody
from bot.gate.memory.tally import Reach, Room
from bot.gate.memory.telling import contributions
from bot.gate.memory.trade import NS_PER_S, Trade, ns
from bot.model.memory import Evidence, First, Remembering

MOST_TRADES = 32
"""The time of the last print is enough, but one that is taken back leaves that of the one before."""


def reach(memory: First) -> Reach:
    within_ns = ns(memory.within_s)
    return Reach(late_ns=within_ns, kept_ns=within_ns, covered_ns=within_ns, most=MOST_TRADES)


class Seen:
    """When a print of one key was last seen."""

    __slots__ = ("_before_ns", "_known", "_last_ns", "_text", "_within_ns")

    def __init__(self, asked: Remembering, memory: First, known: Iterable[Trade]) -> None:
        self._text = asked.text
        self._within_ns = ns(memory.within_s)
        self._known = known
        self._last_ns: int | None = None
        self._before_ns: int | None = None
        """The last before the print at hand."""

    def add(self, trade: Trade, newest_ns: int, room: Room) -> None:
        del newest_ns, room
        self._before_ns = self._last_ns
        self._last_ns = trade.at_ns if self._last_ns is None else max(self._last_ns, trade.at_ns)

    def judge(self, trade: Trade, since_ns: int) -> Evidence | None:
        before_ns = self._before_ns
        begins_ns = trade.at_ns - self._within_ns
        if since_ns > begins_ns or (before_ns is not None and before_ns > begins_ns):
            return None
        quiet_ns = trade.at_ns - (since_ns if before_ns is None else max(before_ns, since_ns))
        return Evidence(
            self._text,
            count=1,
            premium_usd=trade.cents / 100,
            span_s=0.0,
            quiet_s=quiet_ns / NS_PER_S,
            prints=contributions([trade]),
        )

    def remove(self, trade: Trade) -> None:
        if trade.at_ns == self._last_ns:
            self._last_ns = max((other.at_ns for other in self._known if other.is_counted), default=None)

    def squeeze(self, trade: Trade, room: Room) -> None:
        """Its time is all that counts."""

    def body(self) -> FirstBody:
        return FirstBody(self._last_ns)

    def restore(self, body: TallyBody, counted: Sequence[Trade]) -> None:
        del counted
        if not isinstance(body, FirstBody):
            raise TypeError("not the body of a first")
        self._last_ns = body.last_ns
