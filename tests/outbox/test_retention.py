"""Forgetting: what is old and settled goes, what waited too long ends, and the file stays bounded."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bot.gate.verdict import judge
from bot.model.feeds import Gap
from bot.model.matches import Match
from bot.model.outcomes import Sent
from bot.model.terms import Terms
from bot.outbox import retention
from bot.outbox.sqlite import SqliteOutbox
from tests.outbox.contract import IDLE, Clock, record_of, take
from tests.samples import a_match, a_print, a_route

DAY_S = 86_400.0
KEEP_S = 7 * DAY_S


def at(size: int, clock: Clock, **route: Any) -> Match:
    return a_match(a_print(size=size, received_ns=clock.ns), a_route(**route))


async def test_forgetting_takes_what_is_old_and_settled_and_nothing_else(outbox: SqliteOutbox, clock: Clock) -> None:
    settled = await outbox.commit([at(1, clock)], judge, IDLE)
    await outbox.settle(settled.batches[0], Sent(), is_final=True)
    on_its_way = await outbox.commit([at(2, clock)], judge, IDLE)
    clock.at(DAY_S)
    fresh = await outbox.commit([at(3, clock)], judge, IDLE)
    await outbox.settle(fresh.batches[0], Sent(), is_final=True)
    clock.at(KEEP_S + 1)
    assert await outbox.forget(KEEP_S) == 1
    assert await outbox.explain(settled.alerts[0].id) is None
    assert await outbox.explain(on_its_way.alerts[0].id) is not None
    assert await outbox.explain(fresh.alerts[0].id) is not None


async def test_what_waited_too_long_ends_with_its_reason_and_is_then_remembered_as_long(
    outbox: SqliteOutbox, clock: Clock
) -> None:
    old = await outbox.commit([at(1, clock, send_to=("removed",))], judge, {})
    clock.at(DAY_S)
    young = await outbox.commit([at(2, clock, send_to=("removed",))], judge, {})
    clock.at(KEEP_S + 1)
    assert await outbox.forget(KEEP_S) == 0
    record = await record_of(outbox, old.alerts[0].id)
    assert (record.state, record.reason) == ("expired", "waited longer than dedup.keep")
    assert (await record_of(outbox, young.alerts[0].id)).state == "queued"
    assert dict(await outbox.waiting()) == {"removed": 1}
    clock.at(2 * KEEP_S + 2)
    await outbox.forget(KEEP_S)
    assert await outbox.explain(old.alerts[0].id) is None


async def test_what_overflows_for_ever_ends_too(outbox: SqliteOutbox, clock: Clock) -> None:
    commit = await outbox.commit([at(n, clock) for n in range(1, 6)], judge, {})
    await take(outbox, Terms(backlog=1))
    clock.at(KEEP_S + 1)
    await outbox.forget(KEEP_S)
    assert (await record_of(outbox, commit.alerts[0].id)).state == "expired"
    assert dict(await outbox.waiting()) == {}


async def test_old_stamps_cooldowns_and_notices_go(outbox: SqliteOutbox, clock: Clock, path: Path) -> None:
    await outbox.commit([at(1, clock, cooldown_s=60.0)], judge, {})
    await outbox.may_tell("parked:desk", 3600.0)
    clock.at(KEEP_S + 61)
    await outbox.forget(KEEP_S)
    with sqlite3.connect(path) as db:
        left = db.execute(
            "SELECT (SELECT COUNT(*) FROM stamps), (SELECT COUNT(*) FROM cooldowns), (SELECT COUNT(*) FROM notices)"
        ).fetchone()
    db.close()
    assert left == (0, 0, 0)


async def test_a_large_store_is_forgotten_in_small_steps(
    outbox: SqliteOutbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "FORGET_AT_ONCE", 10)
    await outbox.commit([at(n, clock) for n in range(1, 71)], judge, {})
    for _ in range(12):
        batch = await take(outbox)
        assert batch is not None
        await outbox.settle(batch, Sent(), is_final=True)
    clock.at(KEEP_S + 1)
    before = outbox.commits
    assert await outbox.forget(KEEP_S) == 36
    assert outbox.commits - before >= 4
    assert dict(await outbox.waiting()) == {}


async def test_the_file_stays_bounded_over_many_keeps(
    outbox: SqliteOutbox, clock: Clock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each keep brings as much as the one before; the file grows no more, and shrinks when it is over."""
    monkeypatch.setattr(retention, "PAGES_AT_ONCE", 20)

    def pages() -> int:
        with sqlite3.connect(path) as db:
            (count,) = db.execute("PRAGMA page_count").fetchone()
        db.close()
        return int(count)

    empty = pages()
    seen = []
    for cycle in range(6):
        clock.at(cycle * (KEEP_S + 1))
        await outbox.commit([at(1000 * cycle + n, clock) for n in range(1, 301)], judge, IDLE)
        while (batch := await take(outbox)) is not None:
            await outbox.settle(batch, Sent("m"), is_final=True)
        for batch in await outbox.interrupted():
            await outbox.settle(batch, Sent("m"), is_final=True)
        await outbox.forget(KEEP_S)
        seen.append(pages())
    assert seen[0] > empty + 50
    assert max(seen) <= 1.5 * seen[0], "pages differ in how full they are; without forgetting it would be six times"
    clock.at(10 * KEEP_S)
    before = outbox.commits
    await outbox.forget(KEEP_S)
    assert pages() <= empty + 5
    assert outbox.commits - before <= 12, "twenty pages at a time"


async def test_old_gaps_and_what_keys_spent_go(outbox: SqliteOutbox, clock: Clock) -> None:
    """By the gap's end, and by whole days in UTC; how far a feed was heard is never forgotten."""
    begun, ended = clock.ns - 60 * 10**9, clock.ns
    young = Gap("radarpulse", begun, ended + 2 * 10**9)
    for gap in (Gap("optionwhales", begun, ended), young):
        await outbox.note_gap(gap)
    for day in ("2026-07-15", "2026-07-16"):  # the clock's is the 16th
        await outbox.note_spent("radarpulse:77aa", day, 5)
    await outbox.note_heard({"radarpulse": begun})
    clock.at(KEEP_S + 1)
    await outbox.forget(KEEP_S)
    assert list(await outbox.gaps(0)) == [young]
    assert [await outbox.spent("radarpulse:77aa", day) for day in ("2026-07-15", "2026-07-16")] == [0, 5]
    assert await outbox.heard_until("radarpulse") == begun
