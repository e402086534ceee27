"""What rules remember, kept over a restart: the statements on `memories`. Knows nothing of what is in a body."""

import sqlite3
from collections.abc import Mapping, Sequence

from bot.outbox.writer import Transactions

FORGET_AT_ONCE = 5000
"""Rows deleted in one transaction: bounds how long a commit behind it waits."""

# The table holds its bodies in the order of its key: from one name to the next by the index alone, else all is read.
_KNOWN = (
    "WITH RECURSIVE known (memory) AS (SELECT MIN(memory) FROM memories UNION ALL"
    " SELECT (SELECT MIN(memory) FROM memories WHERE memory > known.memory) FROM known WHERE known.memory IS NOT NULL)"
    " SELECT memory FROM known WHERE memory IS NOT NULL"
)


class SqliteMemories:
    """See `bot.model.memory.MemoryStore`. A part of the outbox; each call is a job of its writer."""

    _writer: Transactions

    async def memories(self) -> Mapping[str, Mapping[str, bytes]]:
        return await self._writer.do(_read)

    async def note_memories(self, changed: Sequence[tuple[str, str, bytes | None]]) -> None:
        await self._writer.do(lambda db: _note(db, changed))

    async def keep_memories(self, ids: frozenset[str]) -> None:
        """A bounded number of rows at a time: where it fails, or is cut off, some of them are forgotten already."""
        for memory in await self._writer.do(_known):
            if memory not in ids:
                await self._forget(memory)

    async def _forget(self, memory: str) -> None:
        while await self._writer.do(lambda db: _forget_some(db, memory)) == FORGET_AT_ONCE:
            pass


def _read(db: sqlite3.Connection) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    for memory, key, body in db.execute("SELECT memory, key, body FROM memories"):
        found.setdefault(memory, {})[key] = body
    return found


def _note(db: sqlite3.Connection, changed: Sequence[tuple[str, str, bytes | None]]) -> None:
    db.executemany("INSERT OR REPLACE INTO memories VALUES (?, ?, ?)", [row for row in changed if row[2] is not None])
    gone = [(memory, key) for memory, key, body in changed if body is None]
    db.executemany("DELETE FROM memories WHERE memory = ? AND key = ?", gone)


def _known(db: sqlite3.Connection) -> list[str]:
    return [memory for (memory,) in db.execute(_KNOWN)]


def _forget_some(db: sqlite3.Connection, memory: str) -> int:
    """How many; fewer than `FORGET_AT_ONCE`: they were the last."""
    return db.execute(
        "DELETE FROM memories WHERE memory = ?1 AND key IN (SELECT key FROM memories WHERE memory = ?1 LIMIT ?2)",
        (memory, FORGET_AT_ONCE),
    ).rowcount
