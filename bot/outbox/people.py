"""What is personal in the store: people's own watches, and what waits for those who get a lane only while it does."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bot.model.alerts import Batch
from bot.model.people import DM
from bot.outbox import batches, overflow, watching
from bot.outbox.watching import Watch
from bot.outbox.writer import Transactions

# Twice each, because what waits for a digest has an index of its own.
_COUNT_QUEUED = (
    "SELECT (SELECT COUNT(*) FROM deliveries WHERE destination = ?1 AND state = 'queued' AND overflow = '')"
    " + (SELECT COUNT(*) FROM deliveries WHERE destination = ?1 AND state = 'queued' AND overflow <> '')"
)
_WAITING = (
    "SELECT 1 FROM deliveries WHERE destination = ?1 AND state = 'queued' AND overflow = ''"
    " UNION ALL SELECT 1 FROM batches WHERE destination = ?1 LIMIT 1"
)
_NEWS = (
    "SELECT 1 FROM deliveries WHERE destination = ?"
    " AND state = 'sent' AND news_ns IS NOT NULL AND message_id IS NOT NULL LIMIT 1"
)
_END = "UPDATE deliveries SET state = 'dead', reason = ?, updated_ns = ? WHERE "
_ENDS = (
    f"{_END} batch IN (SELECT id FROM batches WHERE destination = ?)",  # noqa: S608 - our words
    f"{_END} destination = ? AND state = 'queued' AND overflow = ''",
    f"{_END} destination = ? AND state = 'queued' AND overflow <> ''",
)


class TakenUp(NamedTuple):
    """What a lane begins with."""

    waiting: int
    """Deliveries that wait for their turn."""
    batches: Sequence[Batch]
    """Frozen earlier and never settled: their outcome is unknown."""


class Remains(NamedTuple):
    """What is left to do where nothing can be sent now."""

    is_waiting: bool
    """Something is queued, or in doubt: whoever is held has that."""
    due_ns: int | None
    """When a digest may go, in unix nanoseconds; None: nothing waits for one."""
    has_news: bool
    """A message is to be edited."""


class SqlitePeople:
    """A part of the outbox. Each call is a job of its writer, and raises StoreError where it cannot be done now."""

    _writer: Transactions
    _now_ns: Callable[[], int]

    async def watches_of(self, owner: str) -> Sequence[Watch]:
        """The oldest first."""
        return await self._writer.do(lambda db: watching.watches_of(db, owner))

    async def add_watch_within(self, owner: str, body: str, most: int) -> int | None:
        """The id of the new watch; None, and nothing is added, where `owner` has `most` already."""
        now_ns = self._now_ns()
        return await self._writer.do(lambda db: watching.add_watch_within(db, owner, body, most, now_ns=now_ns))

    async def remove_watches_of(self, owner: str, watch_id: int | None) -> Sequence[int]:
        """The ids of those that were there: the one of this id, if it is `owner`'s; None: all of them."""
        return await self._writer.do(lambda db: watching.remove_watches_of(db, owner, watch_id))

    async def take_up(self, destination: str) -> TakenUp:
        """What there is for a destination that no lane serves."""
        return await self._writer.do(lambda db: _take_up(db, destination))

    async def remains(self, destination: str) -> Remains:
        """What is left there once a lease gave nothing."""
        return await self._writer.do(lambda db: _remains(db, destination))

    async def people_with_news(self) -> Sequence[str]:
        """The destinations of one person each where a message is to be edited."""
        return await self._writer.do(_people_with_news)

    async def channel_of(self, destination: str) -> str | None:
        """The platform's channel in which its last message stands; None where none is remembered."""
        return await self._writer.do(lambda db: _channel_of(db, destination))

    async def shut(self, destination: str, reason: str) -> int:
        """End everything for `destination`, which takes nothing more and which no lane serves; how many deliveries."""
        now_ns = self._now_ns()
        return await self._writer.do(lambda db: _shut(db, destination, reason, now_ns))


def _take_up(db: sqlite3.Connection, destination: str) -> TakenUp:
    (waiting,) = db.execute(_COUNT_QUEUED, (destination,)).fetchone()
    return TakenUp(waiting, batches.interrupted(db, destination))


def _remains(db: sqlite3.Connection, destination: str) -> Remains:
    is_waiting, has_news = (db.execute(asked, (destination,)).fetchone() is not None for asked in (_WAITING, _NEWS))
    return Remains(is_waiting, overflow.digest_due_ns(db, destination), has_news)


def _people_with_news(db: sqlite3.Connection) -> list[str]:
    found = db.execute(
        "SELECT DISTINCT destination FROM deliveries WHERE destination > ? AND destination < ?"
        " AND state = 'sent' AND news_ns IS NOT NULL AND message_id IS NOT NULL",
        (f"{DM}:", f"{DM};"),  # the semicolon comes next
    )
    return [name for (name,) in found]


def _channel_of(db: sqlite3.Connection, destination: str) -> str | None:
    row = db.execute(
        "SELECT message_channel FROM deliveries WHERE destination = ? AND state = 'sent'"
        " ORDER BY updated_ns DESC LIMIT 1",
        (destination,),
    ).fetchone()
    return None if row is None else row[0]


def _shut(db: sqlite3.Connection, destination: str, reason: str, now_ns: int) -> int:
    ended = sum(db.execute(statement, (reason, now_ns, destination)).rowcount for statement in _ENDS)
    db.execute("DELETE FROM batches WHERE destination = ?", (destination,))
    return ended
