"""A dead feed is told once, in market hours only, and once more when it lives again; over restarts, too."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.engine.metrics import Metrics
from bot.engine.shared import Shared
from bot.engine.silence import DELAYED_NS, MEMORY, Silence, SilenceRule
from bot.model.errors import StoreError
from bot.model.ports import ProviderStatus
from tests import virtual_time
from tests.engine.doubles import an_outbox
from tests.samples import a_route

NS = 10**9
RULE = SilenceRule(a_route("dead-feed", send_to=("ops", "desk")), 600.0)


def at(text: str) -> int:
    """New York time on Wednesday, November 18, or as the text says."""
    day = text if "-" in text else f"2026-11-18 {text}"
    return int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("America/New_York")).timestamp()) * NS


class Store:
    """What `MemoryStore` is to silence."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.is_broken = False

    async def memories(self) -> Mapping[str, Mapping[str, bytes]]:
        return {MEMORY: dict(self.rows)}

    async def note_memories(self, changed: object) -> None:
        if self.is_broken:
            raise StoreError("disk full")
        for memory, key, body in changed:  # type: ignore[attr-defined]  # rows, in this test
            assert memory == MEMORY
            self.rows[key] = body

    async def keep_memories(self, ids: frozenset[str]) -> None:
        raise AssertionError(ids)


class Desk:
    """One feed, a clock that a test moves, and what was told."""

    def __init__(self, now: str, *rules: SilenceRule, store: Store | None = None, **status: object) -> None:
        self.now_ns = at(now)
        self.store = store or Store()
        self.feeds = {"radarpulse": ProviderStatus(is_connected=True, **status)}  # type: ignore[arg-type]  # any field
        self.last_print_ns: dict[str, int] = {}
        self.shared = Shared(an_outbox(), Metrics(), now_ns=lambda: self.now_ns)
        self.silence = Silence(self.shared, self.store, lambda: self.feeds, self.last_print_ns)
        self.silence.use(rules or (RULE,))

    async def look(self, now: str) -> list[str]:
        """What is told at that moment, if nothing was looked at between."""
        self.now_ns = at(now)
        await self.silence.look()
        told = []
        while not self.shared.notices.empty():
            word = self.shared.notices.get_nowait()
            assert word.send_to == ("ops", "desk")
            told.append(word.notice.title)
        return told

    def print_at(self, now: str) -> None:
        self.last_print_ns["radarpulse"] = at(now)

    def count(self, name: str, **labels: str) -> float:
        return self.shared.metrics.registry.get_sample_value(name, labels) or 0.0


async def test_silence_is_told_once_and_so_is_its_end() -> None:
    desk = Desk("09:00")
    desk.print_at("10:00:00")
    assert await desk.look("10:09:59") == []
    assert await desk.look("10:10:00") == ["radarpulse: no print for 10m"]
    assert await desk.look("10:10:01") == []
    assert await desk.look("12:00:00") == []
    desk.print_at("10:23:00")
    assert await desk.look("10:23:01") == ["radarpulse: prints again after 23m"]
    assert await desk.look("10:23:02") == []
    assert await desk.look("10:33:00") == ["radarpulse: no print for 10m"]
    assert desk.count("flowbot_matches_total", rule="dead-feed") == 2


async def test_what_the_connection_says_is_told_with_it() -> None:
    desk = Desk("09:00", last_frame_ns=at("09:39:58"))
    for changes, line in (
        ({}, "It is connected; the last frame of any sort came 2s ago."),
        ({"last_frame_ns": 0}, "It is connected, and has sent nothing at all."),
        ({"is_connected": False, "last_error": "401"}, "It is not connected: 401"),
        ({"last_error": ""}, "It is not connected: no reason is known"),
    ):
        for name, value in changes.items():
            setattr(desk.feeds["radarpulse"], name, value)
        desk.now_ns = at("09:40")
        desk.silence.restore({})
        await desk.silence.look()
        word = desk.shared.notices.get_nowait()
        assert word.notice.lines == (line, "Rule: dead-feed")


@pytest.mark.parametrize(
    ("began", "last_print", "first_told"),
    [
        ("08:00", "2026-11-17 15:59:50", "09:40:00"),  # the night does not count
        ("08:00", None, "09:40:00"),
        ("11:00", None, "11:10:00"),  # nor does the time before the start
        ("11:00", "11:30:00", "11:40:00"),
        ("2026-11-27 12:50", None, None),  # a half day: it closes before the silence is long enough
        ("2026-11-26 10:00", None, None),  # Thanksgiving
        ("15:50:01", None, None),
    ],
)
async def test_only_regular_hours_since_the_start_count(
    began: str, last_print: str | None, first_told: str | None
) -> None:
    desk = Desk(began)
    if last_print is not None:
        desk.print_at(last_print)
    day = datetime.fromisoformat(began if "-" in began else f"2026-11-18 {began}").date()
    told_at = None
    for second in range(9 * 3600, 21 * 3600, 5):
        if at(now := f"{day} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}") < desk.now_ns:
            continue
        if await desk.look(now):
            told_at = now.split()[1]
            break
    assert told_at == first_told


async def test_a_delayed_feed_begins_a_quarter_of_an_hour_after_the_opening() -> None:
    assert DELAYED_NS == 900 * NS
    desk = Desk("09:00", is_delayed=True)
    assert await desk.look("09:54:59") == []
    assert await desk.look("09:55:00") == ["radarpulse: no print for 10m"]


async def test_each_feed_is_judged_alone_and_a_tape_not_at_all() -> None:
    desk = Desk("09:00")
    desk.feeds |= {"hook": ProviderStatus(mode="inbound"), "tape": ProviderStatus(mode="replay")}
    desk.print_at("09:39:00")
    assert await desk.look("09:40:00") == ["hook: no print for 10m"]
    assert await desk.look("09:49:00") == ["radarpulse: no print for 10m"]
    del desk.feeds["radarpulse"]
    desk.last_print_ns["hook"] = at("09:50:00")
    assert await desk.look("09:50:01") == ["hook: prints again after 20m"]


async def test_a_feed_that_stays_dead_is_told_again_in_the_next_session() -> None:
    """And its end by the time in which it should have been heard."""
    desk = Desk("15:00")
    assert await desk.look("15:10") == ["radarpulse: no print for 10m"]
    assert await desk.look("18:00") == []
    assert await desk.look("2026-11-19 09:39:59") == []
    assert await desk.look("2026-11-19 09:40:00") == ["radarpulse: no print for 10m"]
    desk.print_at("2026-11-19 10:30")
    assert await desk.look("2026-11-19 10:30:01") == ["radarpulse: prints again after 1h"]


async def test_in_a_cooldown_nothing_is_told_but_counted_once() -> None:
    """It is told when the cooldown is over, if the feed is still silent."""
    desk = Desk("09:00", SilenceRule(a_route("dead-feed", send_to=("ops", "desk"), cooldown_s=3600.0), 600.0))
    desk.print_at("10:00")
    assert await desk.look("10:10") == ["radarpulse: no print for 10m"]
    desk.print_at("10:11")
    assert await desk.look("10:11:01") == ["radarpulse: prints again after 11m"]
    assert [await desk.look(now) for now in ("10:21", "10:22", "11:09:59")] == [[], [], []]
    assert desk.count("flowbot_suppressed_total", rule="dead-feed", reason="cooldown") == 1
    assert desk.count("flowbot_matches_total", rule="dead-feed") == 1
    assert await desk.look("11:10") == ["radarpulse: no print for 59m"]


# --- restarts ---


async def restarted(desk: Desk, now: str) -> Desk:
    later = Desk(now, store=desk.store)
    later.silence.restore((await desk.store.memories())[MEMORY])
    return later


async def test_a_restart_within_a_silence_tells_it_no_second_time_and_its_end_once() -> None:
    desk = Desk("09:00")
    desk.print_at("10:00")
    assert await desk.look("10:10") == ["radarpulse: no print for 10m"]
    desk = await restarted(desk, "10:15")
    assert [await desk.look(now) for now in ("10:15:01", "10:25", "11:00")] == [[], [], []]
    desk.print_at("11:00:30")
    assert await desk.look("11:00:31") == ["radarpulse: prints again after 1h 1m"]
    desk = await restarted(desk, "11:05")
    assert await desk.look("11:06") == []
    assert await desk.look("11:15") == ["radarpulse: no print for 10m"], "another silence"


async def test_a_store_out_of_order_keeps_nobody_from_being_told_once() -> None:
    desk = Desk("09:00")
    desk.store.is_broken = True
    assert await desk.look("09:40") == ["radarpulse: no print for 10m"]
    assert await desk.look("09:41") == []
    desk.print_at("09:50")
    assert await desk.look("09:51") == ["radarpulse: prints again after 20m"]


# --- the chore ---


def test_it_looks_once_a_second_and_only_where_there_is_a_rule() -> None:
    looks: list[float] = []

    def feeds() -> Mapping[str, ProviderStatus]:
        looks.append(asyncio.get_running_loop().time() - 1000.0)
        return {}

    async def main() -> None:
        silence = Silence(Shared(an_outbox(), Metrics(), now_ns=virtual_time.now_ns), Store(), feeds, {})
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(silence.run())
            await asyncio.sleep(2.5)
            silence.use([RULE])
            await asyncio.sleep(3.0)
            silence.use([])
            await asyncio.sleep(10.0)
            running.cancel()

    virtual_time.run(main())
    assert looks == [3.0, 4.0, 5.0]
