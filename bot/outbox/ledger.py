"""What the store remembers of feeds: how far each was heard, its gaps, and what a key has spent. Knows no alert."""

import sqlite3
from collections.abc import Mapping, Sequence

from bot.model.feeds import Gap
from bot.outbox.writer import Transactions


class SqliteLedger:
    """See `bot.model.feeds.Ledger`; each call is a job of the store's writer."""

    def __init__(self, writer: Transactions) -> None:
        self._writer = writer

    async def heard_until(self, provider: str) -> int | None:
        return await self._writer.do(lambda db: _heard_until(db, provider))

    async def note_heard(self, heard: Mapping[str, int]) -> None:
        """The last word counts, though it be an earlier moment: a clock that was wrong must not hide a gap."""
        await self._put("INSERT OR REPLACE INTO heard VALUES (?, ?)", *heard.items())

    async def note_gap(self, gap: Gap) -> None:
        row = (gap.provider, gap.from_ns, gap.to_ns, gap.recovered, gap.reason)
        await self._put("INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?, ?)", row)

    async def gaps(self, since_ns: int) -> Sequence[Gap]:
        return await self._writer.do(lambda db: _gaps(db, since_ns))

    async def spent(self, account: str, day: str) -> int:
        return await self._writer.do(lambda db: _spent(db, account, day))

    async def note_spent(self, account: str, day: str, count: int) -> None:
        await self._put("INSERT OR REPLACE INTO spent VALUES (?, ?, ?)", (account, day, count))

    async def _put(self, statement: str, *rows: tuple[object, ...]) -> None:
        await self._writer.do(lambda db: db.executemany(statement, rows))


def _heard_until(db: sqlite3.Connection, provider: str) -> int | None:
    row = db.execute("SELECT heard_ns FROM heard WHERE provider = ?", (provider,)).fetchone()
    return None if row is None else int(row[0])


def _gaps(db: sqlite3.Connection, since_ns: int) -> list[Gap]:
    found = db.execute(
        "SELECT provider, from_ns, to_ns, recovered, reason FROM gaps WHERE to_ns > ? ORDER BY from_ns, provider",
        (since_ns,),
    )
    return [Gap(*row) for row in found]


def _spent(db: sqlite3.Connection, account: str, day: str) -> int:
    row = db.execute("SELECT count FROM spent WHERE account = ? AND day = ?", (account, day)).fetchone()
    return 0 if row is None else int(row[0])
