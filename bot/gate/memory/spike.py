"""`spike`: fires once when the last stretch holds many times the usual, and again after it was below that."""

from collections.abc import Sequence

import msgspec

from bot.gate.memory.bodies import SpikeBody, TallyBody, fill_window, lump_rows
from bot.gate.memory.known import TWIN_NS
from bot.gate.memory.tally import Reach, Room
from bot.gate.memory.telling import window_evidence
from bot.gate.memory.trade import Trade, ns
from bot.gate.memory.window import Window
from bot.model.memory import Evidence, Remembering, Spike


def reach(memory: Spike) -> Reach:
    whole_ns = ns(memory.window_s) + ns(memory.against_s)
    return Reach(late_ns=whole_ns, kept_ns=whole_ns + TWIN_NS, covered_ns=whole_ns)


class Level:
    """One key: the last stretch, which ends at the newest print, and the one before it that says what is usual."""

    __slots__ = ("_against_ns", "_edge_ns", "_far", "_is_armed", "_memory", "_near", "_per_unit", "_text", "_window_ns")

    def __init__(self, asked: Remembering, memory: Spike) -> None:
        self._text = asked.text
        self._memory = memory
        self._window_ns = ns(memory.window_s)
        self._against_ns = ns(memory.against_s)
        self._per_unit = 100 if memory.of == "premium" else 1
        """Cents in a dollar, or prints in a print."""
        self._near = Window()
        self._far = Window()
        self._edge_ns = 0
        """Where the last stretch begins: what is later is near."""
        self._is_armed = True

    def add(self, trade: Trade, newest_ns: int, room: Room) -> None:
        self._edge_ns = newest_ns - self._window_ns
        for gone in self._near.age(self._edge_ns):
            if isinstance(gone, Trade):
                self._far.add(gone)
            else:
                self._far.add_lump(gone, room.grain_ns(self._against_ns))
        self._window_of(trade).add(trade)
        for gone in self._far.age(self._edge_ns - self._against_ns):
            if isinstance(gone, Trade):
                gone.is_counted = False

    def judge(self, trade: Trade, since_ns: int) -> Evidence | None:
        value, usual = self._value(self._near), self._usual()
        # One division of exact products: the factor is the float nearest to the true one, as the rule's own is.
        factor = value * self._against_ns / (self._value(self._far) * self._window_ns) if usual else None
        if not self._is_above(value, factor):
            self._is_armed = True
            return None
        if trade.at_ns <= self._edge_ns or since_ns > self._edge_ns - self._against_ns or not self._is_armed:
            return None
        self._is_armed = False
        return msgspec.structs.replace(window_evidence(self._text, self._near), factor=factor, usual=usual)

    def remove(self, trade: Trade) -> None:
        self._window_of(trade).remove(trade)

    def squeeze(self, trade: Trade, room: Room) -> None:
        span_ns = self._window_ns if trade.at_ns > self._edge_ns else self._against_ns
        self._window_of(trade).squeeze(trade, room.grain_ns(span_ns))

    def body(self) -> SpikeBody:
        return SpikeBody(self._edge_ns, self._is_armed, lump_rows(self._near), lump_rows(self._far))

    def restore(self, body: TallyBody, counted: Sequence[Trade]) -> None:
        if not isinstance(body, SpikeBody):
            raise TypeError("not the body of a spike")
        self._edge_ns, self._is_armed = body.edge_ns, body.is_armed
        fill_window(self._near, body.near, (trade for trade in counted if trade.at_ns > body.edge_ns))
        fill_window(self._far, body.far, (trade for trade in counted if trade.at_ns <= body.edge_ns))

    def _window_of(self, trade: Trade) -> Window:
        return self._near if trade.at_ns > self._edge_ns else self._far

    def _value(self, window: Window) -> int:
        """Cents or prints."""
        return window.cents if self._memory.of == "premium" else window.count

    def _usual(self) -> float:
        """Dollars or prints: of the stretch before, in proportion."""
        return self._value(self._far) * self._window_ns / (self._against_ns * self._per_unit)

    def _is_above(self, value: int, factor: float | None) -> bool:
        minimum = self._memory.minimum
        if minimum is None:
            return factor is not None and factor >= self._memory.factor
        return value >= minimum * self._per_unit and (factor is None or factor >= self._memory.factor)
