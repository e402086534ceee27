"""`count`, `total` and `share`: fire when the window reaches the rule's bound; then its prints are spent."""

from collections.abc import Sequence

import msgspec

from bot.gate.memory.bodies import TallyBody, WindowBody, fill_window, lump_rows
from bot.gate.memory.known import TWIN_NS
from bot.gate.memory.tally import Reach, Room
from bot.gate.memory.telling import window_evidence
from bot.gate.memory.trade import Trade, cents, ns
from bot.gate.memory.window import Window
from bot.model.memory import Count, Evidence, Remembering, Share, Total


def reach(memory: Count | Total | Share) -> Reach:
    within_ns = ns(memory.within_s)
    return Reach(late_ns=within_ns, kept_ns=within_ns + TWIN_NS)


class Gathered:
    """One key's window, which ends at the newest print."""

    __slots__ = ("_least_cents", "_memory", "_text", "_window", "_within_ns")

    def __init__(self, asked: Remembering, memory: Count | Total | Share) -> None:
        self._memory = memory
        self._text = asked.text
        self._within_ns = ns(memory.within_s)
        self._least_cents = cents(memory.premium_usd) + memory.is_strict if isinstance(memory, Total) else 0
        self._window = Window()

    def add(self, trade: Trade, newest_ns: int, room: Room) -> None:
        del room
        self._window.add(trade)
        for gone in self._window.age(newest_ns - self._within_ns):
            if isinstance(gone, Trade):
                gone.is_counted = False

    def judge(self, trade: Trade, since_ns: int) -> Evidence | None:
        del trade, since_ns
        if not self._is_reached():
            return None
        evidence = window_evidence(self._text, self._window)
        if isinstance(self._memory, Share):
            share = self._window.of / self._window.count
            evidence = msgspec.structs.replace(evidence, share=share, of=self._memory.of)
        for spent in self._window.trades:
            spent.is_counted = False
        self._window.clear()
        return evidence

    def remove(self, trade: Trade) -> None:
        self._window.remove(trade)

    def squeeze(self, trade: Trade, room: Room) -> None:
        self._window.squeeze(trade, room.grain_ns(self._within_ns))

    def body(self) -> WindowBody:
        return WindowBody(lump_rows(self._window))

    def restore(self, body: TallyBody, counted: Sequence[Trade]) -> None:
        if not isinstance(body, WindowBody):
            raise TypeError("not the body of a window")
        fill_window(self._window, body.lumps, counted)

    def _is_reached(self) -> bool:
        memory, window = self._memory, self._window
        if isinstance(memory, Count):
            return window.count >= memory.at_least
        if isinstance(memory, Total):
            return window.cents >= self._least_cents
        # A quotient is the float nearest to the true fraction, and so is the 0.07 that was written as 7%.
        return window.count >= memory.min_count and window.of / window.count >= memory.at_least
