"""What rules remember is fed, kept, and there again; wherever a crash comes, each print counts once and fires once."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from bot.engine import memories as module
from bot.engine.matching import Matching
from bot.engine.memories import CHECKPOINT_S, CLOSE_S, Memories
from bot.engine.silence import MEMORY as SILENCE
from bot.model.errors import StoreError
from bot.model.matches import Match, Route
from bot.model.memory import Count, First, Memory, Remembering, Share
from bot.model.prints import Print
from tests import virtual_time
from tests.samples import NOON_NS, NVDA, a_print, a_route

SECOND_NS = 10**9
THREE = Count(at_least=3, within_s=3600.0, by="ticker")
DAY_S = 86_400.0


def remembering(name: str = "busy", memory: Memory = THREE, digest: str = "1") -> Remembering:
    return Remembering(f"{name}:{digest}", memory, "as the admin wrote it")


def a_rule(asked: Remembering) -> Route:
    return a_route(asked.id.partition(":")[0], remembering=asked)


def nth(n: int, **changes: Any) -> Print:
    """The print of the n-th second after noon."""
    assert NVDA.time is not None
    moment = datetime.fromtimestamp(NOON_NS // SECOND_NS, NVDA.time.tzinfo) + timedelta(seconds=n)
    return a_print(**{"size": n + 1, "time": moment, "received_ns": NOON_NS + n * SECOND_NS, **changes})


class Store:
    """A `MemoryStore` in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, bytes]] = {}
        self.written: list[int] = []
        """Rows in each transaction."""
        self.is_broken = False

    async def memories(self) -> Mapping[str, Mapping[str, bytes]]:
        return {memory: dict(keys) for memory, keys in self.rows.items()}

    async def note_memories(self, changed: Sequence[tuple[str, str, bytes | None]]) -> None:
        self._check()
        self.written.append(len(changed))
        for memory, key, body in changed:
            keys = self.rows.setdefault(memory, {})
            keys.pop(key, None)
            if body is not None:
                keys[key] = body

    async def keep_memories(self, ids: frozenset[str]) -> None:
        self._check()
        self.rows = {memory: keys for memory, keys in self.rows.items() if memory in ids}

    def _check(self) -> None:
        if self.is_broken:
            raise StoreError("disk full")


class Desk:
    """Memories on a store, and a clock that a test moves."""

    def __init__(self, *asked: Remembering, store: Store | None = None, now_ns: int = NOON_NS) -> None:
        self.store = store or Store()
        self.now_ns = now_ns
        self.waits_for_ever = False
        self.memories = Memories(self.store, self._settled, now_ns=lambda: self.now_ns)
        self.memories.use(asked)

    @classmethod
    async def restarted(cls, store: Store, *asked: Remembering, now_ns: int = NOON_NS + 60 * SECOND_NS) -> "Desk":
        desk = cls(store=store, now_ns=now_ns)
        await desk.memories.restore()
        desk.memories.use(asked)
        return desk

    def see(self, found: Print, asked: Remembering) -> int | None:
        """How many prints had accumulated, where the rule fires."""
        seen = self.memories.observe(a_rule(asked), found)
        return None if seen is None else seen.count

    async def _settled(self) -> None:
        if self.waits_for_ever:
            await asyncio.Event().wait()


# --- feeding ---


def test_a_rule_fires_when_it_has_seen_enough() -> None:
    busy = remembering()
    desk = Desk(busy)
    assert [desk.see(nth(n), busy) for n in range(3)] == [None, None, 3]


def test_a_print_that_was_taken_back_counts_no_more() -> None:
    busy = remembering()
    desk = Desk(busy)
    assert [desk.see(nth(n), busy) for n in range(2)] == [None, None]
    desk.memories.forget(a_rule(busy), nth(1))
    assert [desk.see(nth(n), busy) for n in (1, 2, 3)] == [None, None, 3]


def test_a_rule_that_is_not_in_force_says_nothing() -> None:
    desk = Desk(remembering("other"))
    assert [desk.see(nth(n), remembering()) for n in range(4)] == [None] * 4
    assert desk.memories.observe(a_route(), NVDA) is None


def test_a_share_counts_what_is_of_its_sort_now() -> None:
    """The sort names a watchlist, onto which a ticker was put; the memory of the rule stays the same."""
    mega = Share("ticker in mega", at_least=0.75, within_s=3600.0, min_count=4, by="rule")
    asked = msgspec.structs.replace(remembering(memory=mega), is_of=lambda found: found.ticker == "AAPL")
    longer = msgspec.structs.replace(asked, is_of=lambda found: found.ticker in ("AAPL", "NVDA"))
    for later, fires in ((asked, None), (longer, 4)):
        desk = Desk(asked)
        assert [desk.see(nth(n, ticker="AAPL"), asked) for n in range(2)] == [None, None]
        assert [desk.see(nth(n), later) for n in (2, 3)] == [None, fires]


# --- other rules ---


def test_an_unchanged_rule_goes_on_when_the_rules_are_others() -> None:
    busy, changed = remembering(), remembering("edited")
    desk = Desk(busy, changed)
    for n in range(2):
        desk.see(nth(n), busy)
        desk.see(nth(n), changed)
    edited = remembering("edited", digest="2")
    desk.memories.use([edited, busy, remembering("new")])
    assert desk.see(nth(2), busy) == 3
    assert desk.see(nth(2), edited) is None


async def test_a_rule_that_is_soon_back_has_forgotten_nothing() -> None:
    """An editor wrote half a file, say; after a checkpoint it begins anew, in the store as well."""
    busy, other = remembering(), remembering("other")
    desk = Desk(busy, other)
    desk.see(nth(0), busy)
    await desk.memories.checkpoint()
    assert set(desk.store.rows) == {busy.id}
    desk.memories.use([other])
    desk.memories.use([other, busy])
    assert [desk.see(nth(n), busy) for n in (1, 2)] == [None, 3]
    await desk.memories.checkpoint()
    desk.memories.use([other])
    await desk.memories.checkpoint()
    assert set(desk.store.rows) == set()
    desk.memories.use([other, busy])
    assert [desk.see(nth(n), busy) for n in (3, 4, 5)] == [None, None, 3]


async def test_a_rule_that_is_back_before_the_store_could_forget_it_begins_anew_there_too() -> None:
    busy = remembering()
    desk = Desk(busy)
    desk.see(nth(0), busy)
    desk.see(nth(0, ticker="AAPL"), busy)
    await desk.memories.checkpoint()
    desk.memories.use([])
    desk.store.is_broken = True
    with pytest.raises(StoreError):
        await desk.memories.checkpoint()
    desk.store.is_broken = False
    desk.memories.use([busy])
    desk.see(nth(1), busy)
    await desk.memories.checkpoint()
    assert list(desk.store.rows[busy.id]) == ["NVDA"]


# --- restarts ---


async def test_what_was_seen_is_there_after_a_restart_and_counts_once() -> None:
    busy = remembering()
    desk = Desk(busy)
    desk.see(nth(0), busy)
    desk.see(nth(1), busy)
    await desk.memories.close()
    later = await Desk.restarted(desk.store, busy)
    assert [later.see(nth(n), busy) for n in (0, 1, 2)] == [None, None, 3]


async def test_what_no_rule_remembers_any_more_is_forgotten_at_the_first_checkpoint() -> None:
    """But not what `silence` told, which is handed over."""
    busy, edited = remembering(), remembering(digest="2")
    desk = Desk(busy)
    desk.see(nth(0), busy)
    await desk.memories.checkpoint()
    desk.store.rows[SILENCE] = {"dead-feed radarpulse": b"told"}
    later = Desk(store=desk.store)
    assert await later.memories.restore() == {"dead-feed radarpulse": b"told"}
    later.memories.use([edited])
    assert set(desk.store.rows) == {busy.id, SILENCE}
    await later.memories.checkpoint()
    assert set(desk.store.rows) == {SILENCE}


class CrashError(Exception):
    """`kill -9`."""


class World(Store):
    """A feed, an intake and a store, of which the last two survive a crash as far as they are durable.

    Wherever something is waited for, more prints come; and there, the n-th time, it crashes.
    """

    PRINTS = tuple(nth(n) for n in range(14))

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[bytes, int] = {}
        """Durable: the identity of each print that fired, and how many it said had accumulated."""
        self.asked = remembering()

    async def live(self, crash_at: int | None) -> bool:
        """A run of the service over all prints from the first; whether it came to the end."""
        self.waits, self.crash_at = 0, crash_at
        self.line: list[Match] = []
        self.coming = iter(self.PRINTS)
        memories = Memories(self, self.settled, now_ns=lambda: NOON_NS)
        await memories.restore()
        memories.use([self.asked])
        self.matching = Matching(lambda _: [a_rule(self.asked)], memories)
        try:
            while self.feed():
                await memories.checkpoint()
            await self.settled()
        except CrashError:
            return False
        return True

    def feed(self) -> bool:
        found = next(self.coming, None)
        if found is not None and (match := self.matching.match(found)) is not None:
            self.line.append(match)
        return found is not None

    async def wait(self) -> None:
        self.waits += 1
        if self.waits == self.crash_at:
            raise CrashError
        self.feed()

    async def settled(self) -> None:
        """Exactly what was matched before the call becomes durable."""
        lined_up = len(self.line)
        await self.wait()
        for match in self.line[:lined_up]:
            self.alerts.setdefault(match.print.identity, match.evidence["busy"].count)
        del self.line[:lined_up]
        await self.wait()

    async def note_memories(self, changed: Sequence[tuple[str, str, bytes | None]]) -> None:
        await self.wait()
        await super().note_memories(changed)
        await self.wait()


async def test_wherever_it_crashes_each_print_counts_once_and_no_alert_is_lost() -> None:
    """The feed sends everything again after each crash, and there is a crash at every moment, twice."""
    expected = {found.identity: 3 for found in World.PRINTS[2::3]}
    whole = World()
    assert await whole.live(None)
    assert whole.alerts == expected
    for first in range(1, whole.waits + 1):
        for second in (1, 2, 3, 4, 5, 9):
            world = World()
            assert not await world.live(first)
            await world.live(second)
            assert await world.live(None)
            assert world.alerts == expected, (first, second)


# --- checkpoints ---


async def test_what_did_not_change_is_not_written_again() -> None:
    busy = remembering()
    desk = Desk(busy)
    desk.see(nth(0), busy)
    desk.see(nth(0, ticker="AAPL"), busy)
    await desk.memories.checkpoint()
    await desk.memories.checkpoint()
    desk.see(nth(1), busy)
    await desk.memories.checkpoint()
    assert desk.store.written == [2, 1]


async def test_transactions_are_bounded_and_the_event_loop_has_its_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 4)
    monkeypatch.setattr(module, "SLICE_S", 0.0)
    busy = remembering()
    desk = Desk(busy)
    for n in range(10):
        desk.see(nth(n, ticker=f"T{n}"), busy)
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        ticking = tasks.create_task(tick())
        await desk.memories.checkpoint()
        ticking.cancel()
    assert desk.store.written == [4, 4, 2]
    assert turns >= 10


def test_a_store_out_of_order_is_complained_of_once_and_loses_nothing() -> None:
    busy = remembering()
    desk = Desk(busy)

    async def main() -> list[str]:
        with capture_logs() as logged:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(desk.memories.run())
                desk.see(nth(0), busy)
                desk.store.is_broken = True
                await asyncio.sleep(3.5 * CHECKPOINT_S)
                desk.see(nth(0, ticker="AAPL"), busy)
                desk.store.is_broken = False
                await asyncio.sleep(CHECKPOINT_S)
                running.cancel()
        return [entry["event"] for entry in logged]

    assert virtual_time.run(main()) == ["memory.not_noted", "memory.noted_again"]
    assert sorted(desk.store.rows[busy.id]) == ["AAPL", "NVDA"]


def test_a_stop_waits_only_so_long_for_matches_that_never_become_durable() -> None:
    """And then writes nothing: an alert would be lost."""
    busy = remembering()
    desk = Desk(busy)
    desk.see(nth(0), busy)
    desk.waits_for_ever = True

    async def main() -> float:
        began = asyncio.get_running_loop().time()
        with capture_logs() as logged:
            await desk.memories.close()
        assert [entry["event"] for entry in logged] == ["memory.not_noted"]
        took = asyncio.get_running_loop().time() - began
        assert desk.store.rows == {}
        desk.waits_for_ever = False
        await desk.memories.close()
        await desk.memories.close()
        return took

    assert virtual_time.run(main()) == CLOSE_S
    assert list(desk.store.rows[busy.id]) == ["NVDA"]
    assert desk.store.written == [1]


async def test_how_far_all_is_in_the_store() -> None:
    """A feed need not be asked for what came before; without a rule that remembers, for nothing."""
    busy = remembering()
    desk = Desk(busy)
    desk.now_ns += 7 * SECOND_NS
    assert desk.memories.noted_ns == NOON_NS
    desk.store.is_broken = True
    desk.see(nth(7), busy)
    with pytest.raises(StoreError):
        await desk.memories.checkpoint()
    assert desk.memories.noted_ns == NOON_NS
    desk.store.is_broken = False
    await desk.memories.checkpoint()
    desk.now_ns += SECOND_NS
    assert desk.memories.noted_ns == NOON_NS + 7 * SECOND_NS
    desk.memories.use([])
    assert desk.memories.noted_ns == desk.now_ns


# --- the past ---

NEW = remembering("new", First(within_s=5 * DAY_S, by="ticker"))


async def test_only_a_rule_that_must_know_the_past_lacks_it_and_says_so_once() -> None:
    desk = Desk(remembering())
    assert not desk.memories.lacks.is_set()
    desk.memories.use([remembering(), NEW])
    assert desk.memories.lacks.is_set()
    assert desk.memories.take_lacking() == {NEW.id: NOON_NS - 5 * 86_400 * SECOND_NS}
    assert desk.memories.take_lacking() == {}


async def test_a_rule_that_learned_the_past_speaks() -> None:
    desk = Desk(NEW)
    assert desk.see(nth(0, ticker="TSLA"), NEW) is None
    desk.memories.fill(NEW.id, [nth(-86_400)])
    desk.memories.cover(NEW.id, NOON_NS - 6 * 86_400 * SECOND_NS)
    assert desk.see(nth(1), NEW) is None, "seen yesterday"
    assert desk.see(nth(1, ticker="AAPL"), NEW) == 1
    desk.memories.fill("gone:1", [nth(-86_400)])
    desk.memories.cover("gone:1", 0)


async def test_what_it_learned_is_kept() -> None:
    desk = Desk(NEW)
    desk.memories.take_lacking()
    desk.memories.cover(NEW.id, NOON_NS - 6 * 86_400 * SECOND_NS)
    await desk.memories.checkpoint()
    later = await Desk.restarted(desk.store, NEW)
    assert not later.memories.lacks.is_set()
    assert later.see(nth(70), NEW) == 1


async def test_after_a_long_time_without_listening_it_lacks_the_past_anew() -> None:
    """The machine slept for a quarter of an hour of trading; five minutes are borne with."""
    desk = Desk(NEW)
    desk.memories.take_lacking()
    desk.memories.cover(NEW.id, NOON_NS - 6 * 86_400 * SECOND_NS)
    desk.memories.lacks.clear()
    for minutes, lacks in ((5, False), (15, True)):
        desk.now_ns += minutes * 60 * SECOND_NS
        await desk.memories.checkpoint()
        assert desk.memories.lacks.is_set() is lacks
    assert list(desk.memories.take_lacking()) == [NEW.id]
