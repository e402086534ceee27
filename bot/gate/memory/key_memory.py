"""`KeyMemory`: what a rule remembers of one key. Each trade counts once, whoever tells of it and however often."""

from collections.abc import Callable, Iterable

from bot.gate.memory import first, gathered, spike, steady
from bot.gate.memory.bodies import KeyBody, encode_key, trades_of
from bot.gate.memory.known import Known
from bot.gate.memory.tally import Reach, Room, Tally
from bot.gate.memory.trade import Trade, at_ns, mark_of, trade_of
from bot.model.memory import Evidence, First, Memory, Remembering, Spike, Steady
from bot.model.prints import Print


def reach_of(memory: Memory) -> Reach:
    if isinstance(memory, First):
        return first.reach(memory)
    if isinstance(memory, Spike):
        return spike.reach(memory)
    if isinstance(memory, Steady):
        return steady.reach(memory)
    return gathered.reach(memory)


class KeyMemory:
    """One key's prints, and what they come to."""

    __slots__ = ("_is_of", "_known", "_reach", "_since_ns", "_tally", "newest_ns", "touched_ns")

    def __init__(self, asked: Remembering, reach: Reach, since_ns: int = 0) -> None:
        """Of what was before `since_ns`, nothing is known."""
        self._reach = reach
        self._since_ns = since_ns
        self._is_of: Callable[[Print], bool] | None = asked.is_of
        self._known = Known()
        self._tally = _tally(asked, self._known)
        self.newest_ns: int | None = None
        """The newest print's own time."""
        self.touched_ns = 0
        """When a print was last received, unix nanoseconds."""

    def add(self, found: Print, room: Room) -> Trade | None:
        """The trade that this print is news of; None where it is known, or too old."""
        if found.received_ns > self.touched_ns:
            self.touched_ns = found.received_ns
        mark, happened_ns = mark_of(found), at_ns(found)
        if self._known.get(mark) is not None:
            return None
        newest_ns = happened_ns if self.newest_ns is None else max(self.newest_ns, happened_ns)
        if happened_ns <= newest_ns - self._reach.late_ns:
            return None
        twin = self._known.twin_of(found, happened_ns)
        if twin is not None:
            self._known.add_twin(twin, found.provider, mark)
            return None
        trade = trade_of(found, happened_ns, mark, is_of=self._is_of is not None and self._is_of(found))
        self.newest_ns = newest_ns
        self._known.add(trade)
        self._tally.add(trade, newest_ns, room)
        for unnamed in self._known.drop(newest_ns - self._reach.kept_ns, room.most):
            if unnamed.is_counted:
                self._tally.squeeze(unnamed, room)
        return trade

    def judge(self, trade: Trade, since_ns: int) -> Evidence | None:
        """Of the trade that was added last; the service has listened since `since_ns`."""
        return self._tally.judge(trade, max(since_ns, self._since_ns))

    def forget(self, found: Print) -> bool:
        """Whether the trade was counted; it is no more. It stays known, so that a repeat does not count either."""
        trade = self._known.get(mark_of(found)) or self._known.find(found, at_ns(found))
        if trade is None or not trade.is_counted:
            return False
        trade.is_counted = False
        self._tally.remove(trade)
        return True

    def body(self) -> bytes:
        return encode_key(
            since_ns=self._since_ns,
            touched_ns=self.touched_ns,
            newest_ns=self.newest_ns,
            trades=self._known,
            tally=self._tally.body(),
        )

    def restore(self, body: KeyBody) -> None:
        """Go on from a body. Raises TypeError or LookupError for one that is another kind's, or not whole."""
        trades = trades_of(body)
        self._tally.restore(body.tally, _oldest_first(trade for trade in trades if trade.is_counted))
        for trade in trades:
            self._known.add(trade)
        self._since_ns, self.touched_ns, self.newest_ns = body.since_ns, body.touched_ns, body.newest_ns


def _tally(asked: Remembering, known: Known) -> Tally:
    memory = asked.memory
    if isinstance(memory, First):
        return first.Seen(asked, memory, known)
    if isinstance(memory, Spike):
        return spike.Level(asked, memory)
    if isinstance(memory, Steady):
        return steady.Runs(asked, memory, known)
    return gathered.Gathered(asked, memory)


def _oldest_first(trades: Iterable[Trade]) -> list[Trade]:
    return sorted(trades, key=lambda trade: trade.at_ns)
