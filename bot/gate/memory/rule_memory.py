"""`RuleMemory`: what one rule remembers, by key; bounded. It is told every time, and never asks for it."""

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from typing import Final

from bot.gate.memory.bodies import decode_key
from bot.gate.memory.coverage import Coverage, OpenSeconds
from bot.gate.memory.key_memory import KeyMemory, reach_of
from bot.gate.memory.tally import room
from bot.gate.memory.trade import Trade, ns
from bot.gate.verdict import key_of
from bot.model.memory import Evidence, Remembering
from bot.model.prints import Print

MOST_KEYS: Final = 10_000
"""Of one rule; the key that was without a print for longest goes."""
KEPT_NS: Final = ns(4 * 86_400)
"""A key is kept this much longer than its prints matter: after a long weekend a feed may repeat what was before it."""
COVERAGE: Final = ":coverage"
"""The key of the coverage among the bodies; no ticker or contract is in lower case."""
_EXPIRED_AT_ONCE: Final = 256


class RuleMemory:
    """What one rule remembers. Every print that it is told of is one that the rule's `when` matches."""

    def __init__(self, asked: Remembering, now_ns: int, open_s: OpenSeconds) -> None:
        """Remembers nothing yet, and listens since `now_ns`."""
        self._asked = asked
        self._by = asked.memory.by
        self._reach = reach_of(asked.memory)
        self._keys: OrderedDict[str, KeyMemory] = OrderedDict()
        """The one longest without a print first."""
        self._is_sorted = True
        self._room = room(self._reach, 0)
        self._changed: set[str] = set()
        self._coverage = Coverage(now_ns, open_s)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def wanted_s(self) -> float:
        """So much must be covered before the rule can fire; 0: it needs no coverage."""
        return self._reach.covered_ns / ns(1)

    @property
    def since_ns(self) -> int:
        """Where the coverage begins."""
        return self._coverage.since_ns

    def observe(self, found: Print) -> Evidence | None:
        """Count a print, once; the evidence where the rule fires with it."""
        key = key_of(found, self._by)
        memory, trade = self._add(key, found)
        return None if trade is None else memory.judge(trade, self._coverage.since_ns)

    def fill(self, found: Print) -> None:
        """A print of the past, from a tape: remembered, and fires nothing."""
        self._add(key_of(found, self._by), found)

    def forget(self, found: Print) -> None:
        """The trade was taken back: it counts no more, if it can still be found."""
        key = key_of(found, self._by)
        memory = self._keys.get(key)
        if memory is not None and memory.forget(found):
            self._changed.add(key)

    def heard(self, now_ns: int) -> None:
        """The service listens at this moment: the coverage goes on, unless the market was open too long since it was
        last told so."""
        self._coverage.heard(now_ns)

    def cover(self, since_ns: int) -> None:
        """The past since then is known now: the coverage begins there."""
        self._coverage.cover(since_ns)

    def changed(self) -> Iterator[str]:
        """The keys whose body is another than when it was last dumped, or that are forgotten since."""
        if self._reach.covered_ns and self._coverage.is_changed:
            yield COVERAGE
        yield from tuple(self._changed)

    def dump(self, key: str) -> bytes | None:
        """The body to keep; None: the key is forgotten."""
        if key == COVERAGE:
            return self._coverage.dump()
        self._changed.discard(key)
        memory = self._keys.get(key)
        return None if memory is None else memory.body()

    def load(self, key: str, body: bytes, now_ns: int) -> None:
        """Go on from a body, before the first print; one that this version cannot read is passed over."""
        if key == COVERAGE:
            self._coverage.load(body, now_ns)
            return
        kept = decode_key(body)
        if kept is None:
            return
        memory = KeyMemory(self._asked, self._reach)
        try:
            memory.restore(kept)
        except (TypeError, LookupError):
            return
        self._keys[key] = memory
        self._is_sorted = False

    def expire(self, now_ns: int) -> None:
        """Drop keys whose prints are all too old to matter, some at a time."""
        if not self._is_sorted:
            self._sort()
        until_ns = now_ns - self._reach.kept_ns - KEPT_NS
        oldest = islice(self._keys.items(), _EXPIRED_AT_ONCE)
        for key in [key for key, memory in oldest if memory.touched_ns < until_ns]:
            self._drop(key)
        self._room = room(self._reach, len(self._keys))

    def _add(self, key: str, found: Print) -> tuple[KeyMemory, Trade | None]:
        if not self._is_sorted:
            self._sort()
        memory = self._keys.get(key)
        if memory is None:
            if len(self._keys) >= MOST_KEYS:
                self._drop_oldest()
            memory = self._keys[key] = KeyMemory(self._asked, self._reach, self._coverage.lost_ns)
            self._room = room(self._reach, len(self._keys))
        else:
            self._keys.move_to_end(key)
        self._changed.add(key)
        return memory, memory.add(found, self._room)

    def _drop_oldest(self) -> None:
        key, memory = next(iter(self._keys.items()))
        self._drop(key)
        if memory.newest_ns is not None:
            self._coverage.lose(memory.newest_ns)

    def _drop(self, key: str) -> None:
        del self._keys[key]
        self._changed.add(key)

    def _sort(self) -> None:
        """Bodies were loaded, in any order."""
        self._keys = OrderedDict(sorted(self._keys.items(), key=lambda item: item[1].touched_ns))
        self._is_sorted = True
        while len(self._keys) > MOST_KEYS:
            self._drop_oldest()
        self._room = room(self._reach, len(self._keys))
