"""What rules remember, in the store: kept over a restart, changed row by row, forgotten rule by rule."""

import sqlite3
from pathlib import Path

import pytest

from bot.model.errors import StoreError
from bot.outbox import memories
from bot.outbox.sqlite import SqliteOutbox
from tests.outbox.contract import Reopen


async def test_nothing_was_noted(outbox: SqliteOutbox) -> None:
    assert await outbox.memories() == {}
    await outbox.note_memories([])
    await outbox.keep_memories(frozenset())
    assert await outbox.memories() == {}


async def test_what_was_noted_last_is_there_after_a_restart(outbox: SqliteOutbox, reopen: Reopen) -> None:
    await outbox.note_memories([("whales:1", "NVDA", b"\x00old"), ("whales:1", "AAPL", b"a"), ("busy:2", "", b"")])
    await outbox.note_memories([("whales:1", "NVDA", b"new"), ("whales:1", "AAPL", None), ("whales:1", "none", None)])
    again = await reopen()
    assert isinstance(again, SqliteOutbox)
    assert await again.memories() == {"whales:1": {"NVDA": b"new"}, "busy:2": {"": b""}}


async def test_rules_that_are_no_more_are_forgotten(outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows one has, and whichever names come before and after it."""
    monkeypatch.setattr(memories, "FORGET_AT_ONCE", 3)
    for memory in ("a", "b", "c", "d"):
        await outbox.note_memories([(memory, str(key), b"x") for key in range(6 if memory == "b" else 2)])
    await outbox.keep_memories(frozenset({"a", "d", "never noted"}))
    assert {memory: len(keys) for memory, keys in (await outbox.memories()).items()} == {"a": 2, "d": 2}
    await outbox.keep_memories(frozenset())
    assert await outbox.memories() == {}


async def test_all_of_it_or_nothing(outbox: SqliteOutbox, path: Path) -> None:
    """A transaction that fails in its last row has written none."""
    await outbox.note_memories([("a", "1", b"old")])
    with sqlite3.connect(path) as other:
        other.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON memories WHEN new.key = '3' BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    other.close()
    with pytest.raises(StoreError):
        await outbox.note_memories([("a", "1", b"new"), ("a", "2", b"new"), ("a", "3", b"new")])
    assert await outbox.memories() == {"a": {"1": b"old"}}


def test_the_names_are_found_without_reading_the_bodies(path: Path) -> None:
    """Each by one look-up in the table's key, however many rows it has."""
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        from bot.outbox.schema import prepare

        prepare(db)
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {memories._KNOWN}")]
    db.close()
    assert sum("SEARCH memories USING" in step and "memory>?" in step for step in plan) == 1
    assert not any(step.startswith("SCAN memories") for step in plan)
