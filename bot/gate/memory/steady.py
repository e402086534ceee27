"""`steady`: fires when prints keep coming, never further apart than the rule says, for as long as it says."""

from collections.abc import Iterable, Sequence

import msgspec

from bot.gate.memory.bodies import RunRow, SteadyBody, TallyBody
from bot.gate.memory.known import TWIN_NS
from bot.gate.memory.tally import Reach, Room
from bot.gate.memory.telling import contributions
from bot.gate.memory.trade import NS_PER_S, Trade, cents, ns
from bot.model.memory import Evidence, Remembering, Steady


def reach(memory: Steady) -> Reach:
    """A print may close a pause that was taken for one, if it comes within the time that a pause takes."""
    every_ns = ns(memory.every_s)
    return Reach(late_ns=every_ns, kept_ns=every_ns + max(ns(memory.for_s), TWIN_NS))


class Run(msgspec.Struct, gc=False):
    """Prints that were never too far apart."""

    first_ns: int
    last_ns: int
    count: int
    cents: int


class Runs:
    """One key's present run, and the one before, which a late print may still join to it."""

    __slots__ = ("_barrier_ns", "_earlier", "_every_ns", "_for_ns", "_known", "_run", "_text")

    def __init__(self, asked: Remembering, memory: Steady, known: Iterable[Trade]) -> None:
        self._text = asked.text
        self._every_ns = ns(memory.every_s)
        self._for_ns = ns(memory.for_s)
        self._known = known
        self._run: Run | None = None
        self._earlier: Run | None = None
        self._barrier_ns: int | None = None
        """Where the run ended that the rule last fired with: what is before that is spent."""

    def add(self, trade: Trade, newest_ns: int, room: Room) -> None:
        del newest_ns, room
        if self._barrier_ns is not None and trade.at_ns < self._barrier_ns:
            trade.is_counted = False
        else:
            self._extend(trade)

    def judge(self, trade: Trade, since_ns: int) -> Evidence | None:
        del since_ns
        run = self._run
        if run is None or run.last_ns - run.first_ns < self._for_ns or not trade.is_counted:
            return None
        counted = self._counted(run.first_ns)
        evidence = Evidence(
            self._text,
            count=run.count,
            premium_usd=run.cents / 100,
            span_s=(run.last_ns - run.first_ns) / NS_PER_S,
            prints=contributions(counted),
        )
        self._begin_anew(run.last_ns, counted)
        return evidence

    def remove(self, trade: Trade) -> None:
        runs = [run for run in (self._earlier, self._run) if run is not None]
        for run in runs:
            if run.first_ns <= trade.at_ns <= run.last_ns:
                run.count, run.cents = run.count - 1, run.cents - trade.cents
        counted = self._counted(runs[0].first_ns) if runs else []
        if len(counted) == sum(run.count for run in runs):  # else some are known no more: the run keeps its length
            self._run = self._earlier = None
            for other in counted:
                self._extend(other)

    def squeeze(self, trade: Trade, room: Room) -> None:
        """The run has counted it."""

    def body(self) -> SteadyBody:
        return SteadyBody(_row(self._run), _row(self._earlier), self._barrier_ns)

    def restore(self, body: TallyBody, counted: Sequence[Trade]) -> None:
        del counted
        if not isinstance(body, SteadyBody):
            raise TypeError("not the body of a run")
        self._run, self._earlier, self._barrier_ns = _run(body.run), _run(body.earlier), body.barrier_ns

    def _extend(self, trade: Trade) -> None:
        at_ns, run = trade.at_ns, self._run
        if run is None or at_ns > run.last_ns + self._every_ns:
            self._earlier = run
            self._run = Run(at_ns, at_ns, 1, trade.cents)
            return
        run.count, run.cents = run.count + 1, run.cents + trade.cents
        run.last_ns = max(run.last_ns, at_ns)
        run.first_ns = min(run.first_ns, at_ns)
        earlier = self._earlier
        if earlier is not None and run.first_ns <= earlier.last_ns + self._every_ns:
            run.first_ns = earlier.first_ns
            run.count, run.cents = run.count + earlier.count, run.cents + earlier.cents
            self._earlier = None

    def _begin_anew(self, at_ns: int, counted: Sequence[Trade]) -> None:
        """With the newest print alone, which is the one at hand unless that is late."""
        for spent in counted:
            spent.is_counted = False
        self._run = Run(at_ns, at_ns, 0, 0)
        self._earlier = None
        self._barrier_ns = at_ns
        if counted and counted[-1].at_ns == at_ns:
            counted[-1].is_counted = True
            self._run = Run(at_ns, at_ns, 1, counted[-1].cents)

    def _counted(self, since_ns: int) -> list[Trade]:
        """Oldest first."""
        counted = (trade for trade in self._known if trade.is_counted and trade.at_ns >= since_ns)
        return sorted(counted, key=lambda trade: trade.at_ns)


def _row(run: Run | None) -> RunRow | None:
    return None if run is None else RunRow(run.first_ns, run.last_ns, run.count, run.cents / 100)


def _run(row: RunRow | None) -> Run | None:
    return None if row is None else Run(row.first_ns, row.last_ns, row.prints, cents(row.premium_usd))
