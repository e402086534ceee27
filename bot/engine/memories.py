"""What rules with memory have seen: fed by every print that they match, kept in the store, there again after a restart.

What is counted, and when that is enough, `gate.memory` knows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import islice
from typing import Final

import msgspec
import structlog

from bot.engine.silence import MEMORY as SILENCE
from bot.flow.trading_time import open_s
from bot.gate.memory.rule_memory import RuleMemory
from bot.model.errors import StoreError
from bot.model.matches import Route
from bot.model.memory import Evidence, MemoryStore, Remembering
from bot.model.prints import Print

log = structlog.get_logger()

CHECKPOINT_S: Final = 5.0
"""What a crash costs at most of what a feed does not give again."""
SLICE_S: Final = 0.003
"""Seconds of work between two turns of the event loop."""
ROWS_AT_ONCE: Final = 500
"""In one transaction: bounds how long a commit behind it waits."""
CLOSE_S: Final = 1.5

Row = tuple[str, str, bytes | None]


class Memories:
    """See `bot.engine.matching.Remembers`. Call `restore`, then `use`, then `run`; at the end `close`.

    What the store holds after a crash: a body says which prints are in it, so that one that comes again, because a feed
    replays it or a gap is given back, counts once. But then a print that fired a rule, and is in the body, fires it no
    more: it must not be there before its alert is. So a checkpoint takes bodies, then waits until everything that was
    matched by then is durable (`settled`), then writes them. What fires meanwhile is not in the bodies that were taken;
    it is in the next. Wherever the crash comes, what is in the store has had its alert, and what is not counts when it
    comes again: it does if the feeds are asked for everything since `noted_ns`.
    """

    def __init__(
        self,
        store: MemoryStore,
        settled: Callable[[], Awaitable[None]],
        *,
        open_s: Callable[[int, int], float] = open_s,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """`settled` waits until every match made before the call is durable."""
        self._store = store
        self._settled = settled
        self._open_s = open_s
        self._now_ns = now_ns
        self._live: dict[str, RuleMemory] = {}
        self._sorts: dict[str, _Sort] = {}
        self._gone: dict[str, RuleMemory] = {}
        """Of rules that are no more. Until the next checkpoint they may come back, and have forgotten nothing."""
        self._stored: dict[str, Mapping[str, bytes]] = {}
        """What an earlier run left and no rule has taken up, until the first checkpoint."""
        self._strangers: set[str] = set()
        """Of what neither run nor rule remembers any more, and the store still may."""
        self._unwritten: dict[tuple[str, str], None] = {}
        """What changed, by id and key, and is to be written."""
        self._noting = asyncio.Lock()
        self._is_failing = False
        self._lacking: set[str] = set()
        self.lacks = asyncio.Event()
        """Set when a rule began to listen that must know the past: see `take_lacking`."""
        self._noted_ns = now_ns()

    # --- between two prints ---

    def observe(self, route: Route, found: Print) -> Evidence | None:
        memory = self._memory_of(route)
        return None if memory is None else memory.observe(found)

    def forget(self, route: Route, found: Print) -> None:
        memory = self._memory_of(route)
        if memory is not None:
            memory.forget(found)

    def use(self, rememberings: Iterable[Remembering]) -> None:
        """These rules are in force from now on; those among them that were before go on as if nothing had happened."""
        wanted = {asked.id: asked for asked in rememberings}
        known = self._gone | self._live
        now_ns = self._now_ns()
        self._live = {id_: known[id_] if id_ in known else self._begun(asked, now_ns) for id_, asked in wanted.items()}
        self._gone = {id_: memory for id_, memory in known.items() if id_ not in wanted}
        self._note_lacking(wanted.keys() - known.keys(), now_ns)

    def _memory_of(self, route: Route) -> RuleMemory | None:
        asked = route.remembering
        if asked is None:
            return None
        if asked.is_of is not None and (sort := self._sorts.get(asked.id)) is not None:
            sort.is_of = asked.is_of
        return self._live.get(asked.id)

    def _begun(self, asked: Remembering, now_ns: int) -> RuleMemory:
        if asked.is_of is not None:
            self._sorts[asked.id] = sort = _Sort(asked.is_of)
            asked = msgspec.structs.replace(asked, is_of=sort)
        memory = RuleMemory(asked, now_ns, self._open_s)
        for key, body in self._stored.pop(asked.id, {}).items():
            memory.load(key, body, now_ns)
        return memory

    # --- what the tape can tell ---

    def take_lacking(self) -> dict[str, int]:
        """Rules that can say nothing before they know more of the past: `Remembering.id` -> since when they want it,
        unix nanoseconds. Each is told once."""
        now_ns = self._now_ns()
        lacking = {
            id_: since_ns
            for id_ in sorted(self._lacking & self._live.keys())
            if (since_ns := _wanted_since(self._live[id_], now_ns)) < self._live[id_].since_ns
        }
        self._lacking.clear()
        return lacking

    def fill(self, id_: str, prints: Iterable[Print]) -> None:
        """Prints of the past that the rule's `when` matches: they are remembered, and fire nothing."""
        memory = self._live.get(id_)
        if memory is not None:
            for found in prints:
                memory.fill(found)

    def cover(self, id_: str, since_ns: int) -> None:
        """The rule knows all that was since then."""
        memory = self._live.get(id_)
        if memory is not None:
            memory.cover(since_ns)

    def _note_lacking(self, ids: Iterable[str], now_ns: int) -> None:
        lacking = {id_ for id_ in ids if _wanted_since(self._live[id_], now_ns) < self._live[id_].since_ns}
        if lacking:
            self._lacking |= lacking
            self.lacks.set()

    # --- the store ---

    @property
    def noted_ns(self) -> int:
        """All prints accepted before this moment, unix nanoseconds, are in the store as far as rules remember them."""
        return self._noted_ns if self._live else self._now_ns()

    async def restore(self) -> Mapping[str, bytes]:
        """Read what an earlier run remembered; what `silence` told is given to the caller. Raises StoreError."""
        self._stored = dict(await self._store.memories())
        told = self._stored.pop(SILENCE, {})
        rules, keys = len(self._stored), sum(map(len, self._stored.values()))
        log.info("memory.restored", rules=rules, keys=keys)
        return told

    async def run(self) -> None:
        """Keep what is remembered, every few seconds, for ever."""
        while True:
            await asyncio.sleep(CHECKPOINT_S)
            await self._checkpoint_if_possible()

    async def close(self) -> None:
        """A last checkpoint; call it when the intake has made everything durable. May be called twice."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._checkpoint_if_possible()
        except TimeoutError:
            log.warning("memory.not_noted", reason=f"matches were not durable within {CLOSE_S:g} s")

    async def checkpoint(self) -> None:
        """Write what changed. Raises StoreError: what was not written is next time."""
        async with self._noting:
            began_ns = self._now_ns()
            await self._forget_strangers()
            await self._look_around(began_ns)
            while self._unwritten:
                rows = await self._taken()
                await self._settled()
                await self._store.note_memories(rows)
                for id_, key, _ in rows:
                    del self._unwritten[id_, key]
            self._noted_ns = began_ns

    async def _checkpoint_if_possible(self) -> None:
        """A store that is out of order is complained of once."""
        try:
            await self.checkpoint()
        except StoreError as error:
            if not self._is_failing:
                log.error("memory.not_noted", reason=str(error))  # noqa: TRY400 - no bug
            self._is_failing = True
        else:
            if self._is_failing:
                log.info("memory.noted_again")
            self._is_failing = False

    async def _forget_strangers(self) -> None:
        """Before anything is written: a rule that is back after it was forgotten begins anew in the store, too."""
        self._strangers |= self._gone.keys() | self._stored.keys()
        self._gone, self._stored = {}, {}
        if self._strangers:
            self._sorts = {id_: sort for id_, sort in self._sorts.items() if id_ in self._live}
            await self._store.keep_memories(frozenset({SILENCE} | (self._live.keys() - self._strangers)))
            self._strangers = set()

    async def _look_around(self, now_ns: int) -> None:
        """What time does to memories, and which keys are to be written."""
        slice_ = _Slice()
        for id_, memory in list(self._live.items()):
            since_ns = memory.since_ns
            memory.heard(now_ns)
            memory.expire(now_ns)
            if memory.since_ns > since_ns:  # nobody listened for long: the machine slept, say
                self._note_lacking([id_], now_ns)
            self._unwritten |= {(id_, key): None for key in memory.changed()}
            await slice_.end()

    async def _taken(self) -> list[Row]:
        """The bodies of some keys as they are now."""
        slice_ = _Slice()
        rows: list[Row] = []
        for id_, key in list(islice(self._unwritten, ROWS_AT_ONCE)):
            memory = self._live.get(id_)
            if memory is None:
                del self._unwritten[id_, key]
            else:
                rows.append((id_, key, memory.dump(key)))
                await slice_.end()
        return rows


class _Sort:
    """A share's sort as it is now: a watchlist that it names may change, and the memory stays."""

    __slots__ = ("is_of",)

    def __init__(self, is_of: Callable[[Print], bool]) -> None:
        self.is_of = is_of

    def __call__(self, found: Print) -> bool:
        return self.is_of(found)


class _Slice:
    """Gives the event loop its turn, now and then."""

    def __init__(self) -> None:
        self._began_s = time.perf_counter()

    async def end(self) -> None:
        if time.perf_counter() - self._began_s >= SLICE_S:
            await asyncio.sleep(0)
            self._began_s = time.perf_counter()


def _wanted_since(memory: RuleMemory, now_ns: int) -> int:
    """From when on it must know everything; now, where it needs to know nothing of the past."""
    return now_ns - round(memory.wanted_s * 1e9)
