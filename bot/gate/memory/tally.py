"""`Tally`: what the prints of one key come to, for one kind of rule. And how much of them is kept."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from bot.gate.memory.bodies import TallyBody
from bot.gate.memory.trade import Trade
from bot.gate.memory.window import CELLS
from bot.model.memory import Evidence

MOST_TRADES: Final = 1024
"""Trades that a key knows one by one, while few keys share a rule's room."""
_FEW_KEYS_BITS: Final = 7
"""Up to 128 keys are few, and their room is whole; with every doubling it is halved."""
_MOST_HALVINGS: Final = 5


class Reach(NamedTuple):
    """How far back a kind of rule looks, nanoseconds."""

    late_ns: int
    """A print that is this much older than the newest of its key comes too late to count."""
    kept_ns: int
    """Trades are known for this long."""
    covered_ns: int = 0
    """So much must have been listened to before the rule can say anything."""
    most: int = MOST_TRADES


class Room(NamedTuple):
    """What one key may hold."""

    most: int
    """Trades one by one."""
    halved: int
    """How often the rest was halved."""

    def grain_ns(self, span_ns: int) -> int:
        """Old trades of a window that are as near as this become one."""
        return max(1, (span_ns // CELLS) << self.halved)


def room(reach: Reach, keys: int) -> Room:
    """For one of so many keys: what all may hold together grows little with them."""
    halved = min(_MOST_HALVINGS, max(0, (keys - 1).bit_length() - _FEW_KEYS_BITS))
    return Room(min(reach.most, MOST_TRADES >> halved), halved)


class Tally(Protocol):
    """Told of trades, each once."""

    def add(self, trade: Trade, newest_ns: int, room: Room) -> None:
        """Count it. `newest_ns` is the newest print's time, this one included."""

    def judge(self, trade: Trade, since_ns: int) -> Evidence | None:
        """What there is to tell if the rule fires now, at the trade that was added last. Everything since `since_ns`
        is known."""

    def remove(self, trade: Trade) -> None:
        """A counted trade was taken back."""

    def squeeze(self, trade: Trade, room: Room) -> None:
        """A counted trade is known no longer: it counts on, unnamed."""

    def body(self) -> TallyBody:
        """What is to be kept beside the trades."""

    def restore(self, body: TallyBody, counted: Sequence[Trade]) -> None:
        """Go on from a body and the counted trades, oldest first. Raises TypeError for another kind's body."""
