"""Reports on their way: queued once each, then a batch like any other, then remembered so that none is posted twice.

A report is a row of `posts`, whose id is its batch's: the batch's own row has no body, and so is read with this one.
"""

import sqlite3
from collections.abc import Callable, Collection, Sequence

import msgspec

from bot.model.alerts import Batch, DeliveryState
from bot.model.answers import Answer
from bot.outbox.rows import batch_id
from bot.outbox.writer import Transactions

TOO_LATE = "its time was over before its turn came"

_encode = msgspec.msgpack.Encoder().encode
decode_report = msgspec.msgpack.Decoder(Answer).decode

_HIGH_WAITS = (
    "SELECT 1 FROM deliveries WHERE destination = ? AND state = 'queued' AND overflow = '' AND priority = 0 LIMIT 1"
)


class SqlitePosts:
    """A part of the outbox. Each call is a job of its writer, and raises StoreError where it cannot be done now."""

    _writer: Transactions
    _now_ns: Callable[[], int]

    async def post(self, name: str, report: Answer, send_to: Sequence[str], until_ns: int) -> frozenset[str]:
        """Queue a report for each destination, once for ever: `name` says which report of which day it is.

        The destinations for which it is new. What still waits at `until_ns` expires.
        """
        now_ns, body = self._now_ns(), _encode(report)
        return await self._writer.do(lambda db: _post(db, name, body, send_to, until_ns, now_ns=now_ns))

    async def unposted(self, name: str, send_to: Sequence[str]) -> frozenset[str]:
        """The destinations for which `post` never queued the report of this name."""
        return await self._writer.do(lambda db: _unposted(db, name, send_to))


def freeze_report(db: sqlite3.Connection, destination: str, *, now_ns: int) -> Batch | None:
    """Journal the report that has waited longest for `destination`; None where none waits, or a high priority does."""
    row = db.execute(
        "SELECT id, body FROM posts WHERE destination = ? AND state = 'queued' ORDER BY made_ns LIMIT 1", (destination,)
    ).fetchone()
    if row is None or db.execute(_HIGH_WAITS, (destination,)).fetchone() is not None:
        return None
    own_id, body = row
    db.execute("UPDATE posts SET state = 'sending', updated_ns = ? WHERE id = ?", (now_ns, own_id))
    db.execute("INSERT INTO batches (id, destination, frozen_ns) VALUES (?, ?, ?)", (own_id, destination, now_ns))
    return Batch(own_id, destination, (), frozen_ns=now_ns, report=decode_report(body))


def expire_reports(db: sqlite3.Connection, destination: str, now_ns: int) -> int:
    """End what waits for `destination` and is no news any more; how many."""
    return db.execute(
        "UPDATE posts SET state = 'expired', reason = ?, body = x'', updated_ns = ?"
        " WHERE destination = ? AND state = 'queued' AND until_ns <= ?",
        (TOO_LATE, now_ns, destination, now_ns),
    ).rowcount


def note_attempt(db: sqlite3.Connection, own_id: str, reason: str, now_ns: int) -> None:
    """It may have gone out, and stays on its way."""
    db.execute("UPDATE posts SET reason = ?, updated_ns = ? WHERE id = ?", (reason, now_ns, own_id))


def end_report(db: sqlite3.Connection, own_id: str, state: DeliveryState, reason: str, now_ns: int) -> None:
    """Nothing more becomes of it; what it said is forgotten, that it was there is not."""
    db.execute(
        "UPDATE posts SET state = ?, reason = ?, body = x'', updated_ns = ? WHERE id = ?",
        (state, reason, now_ns, own_id),
    )


def requeue_report(db: sqlite3.Connection, own_id: str, reason: str | None, now_ns: int) -> None:
    """It surely did not go out."""
    db.execute(
        "UPDATE posts SET state = 'queued', reason = COALESCE(?, reason), updated_ns = ? WHERE id = ?",
        (reason, now_ns, own_id),
    )


def _post(
    db: sqlite3.Connection, name: str, body: bytes, send_to: Collection[str], until_ns: int, *, now_ns: int
) -> frozenset[str]:
    return frozenset(
        destination
        for destination in send_to
        if db.execute(
            "INSERT OR IGNORE INTO posts (id, destination, made_ns, until_ns, body, state, updated_ns)"
            " VALUES (?, ?, ?, ?, ?, 'queued', ?)",
            (_id(name, destination), destination, now_ns, until_ns, body, now_ns),
        ).rowcount
    )


def _unposted(db: sqlite3.Connection, name: str, send_to: Collection[str]) -> frozenset[str]:
    return frozenset(
        destination
        for destination in send_to
        if db.execute("SELECT 1 FROM posts WHERE id = ?", (_id(name, destination),)).fetchone() is None
    )


def _id(name: str, destination: str) -> str:
    """No delivery's: theirs are made of one name with an @ each."""
    return batch_id(("report", name, destination))
