"""Which prints a provider has just sent: a bounded memory, for today's totals only.

Alerts do not depend on it: the store's stamps decide about those, for as long as `dedup.keep` says.
"""

from bot.model.prints import Print

REMEMBERED = 10_000
"""Prints in each of two generations; between one and two of them are remembered. Providers repeat tens of prints after
a reconnect; ten times as many here would fall out of the processor's cache and double the cost of each look-up."""


class Recent:
    """Remembers hashes, so a repeat is told from a new print for a microsecond and 16 bytes."""

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: set[int] = set()
        self._old: set[int] = set()

    def is_repeat(self, found: Print) -> bool:
        """Whether this print was here before; remembers it."""
        if found.provider_id is not None:
            mark = hash((found.provider, found.provider_id))
        else:
            # What tells two prints apart, and no more, for this runs at every print. An aware time's own hash works
            # out its offset each time, so the moment is taken within its hour: this memory seldom reaches further.
            time = found.time
            moment = time and time.minute * 60_000_000 + time.second * 1_000_000 + time.microsecond
            mark = hash((
                found.provider, found.ticker, found.type, found.strike, found.size, found.premium, found.side, moment,
            ))  # fmt: skip
        new = self._new
        if mark in new or mark in self._old:
            return True
        new.add(mark)
        if len(new) >= REMEMBERED:
            self._old, self._new = new, set()
        return False
