"""The outbox on SQLite: one process at a time, one writer thread, every promise kept in a transaction."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from bot.model.alerts import Batch, Edit, Explanation
from bot.model.errors import UnavailableError
from bot.model.matches import Match
from bot.model.outcomes import EditOutcome, Outcome
from bot.model.ports import Commit, Fit, Judge, Lease, Target
from bot.model.prints import Print
from bot.model.terms import Terms
from bot.outbox import amendments, batches, cancellations, edits, history, lease, records, retention
from bot.outbox.beside import read_deliveries as read_deliveries
from bot.outbox.beside import read_explanation as read_explanation
from bot.outbox.beside import retry_deliveries as retry_deliveries
from bot.outbox.ledger import SqliteLedger
from bot.outbox.memories import SqliteMemories
from bot.outbox.people import SqlitePeople
from bot.outbox.posts import SqlitePosts
from bot.outbox.requests import SqliteRequests
from bot.outbox.schema import prepare
from bot.outbox.steering import SqliteSteering
from bot.outbox.writer import Transactions, Writer


class SqliteOutbox(SqliteLedger, SqliteMemories, SqliteRequests, SqliteSteering, SqlitePosts, SqlitePeople):
    """See `bot.model.ports.Outbox`, `bot.model.feeds.Ledger` and `bot.model.memory.MemoryStore`.

    Open it with `open_outbox`.
    """

    def __init__(
        self, writer: Transactions, lock: IO[str], now_ns: Callable[[], int], reader: Transactions | None = None
    ) -> None:
        """`reader`: for what people ask, however long it takes; None: they wait with everything else."""
        super().__init__(writer)
        self._reader = reader or writer
        self._lock = lock
        self._now_ns = now_ns
        self._data_version: int | None = None

    @property
    def commits(self) -> int:
        """Transactions since start: a burst costs few, because they are grouped."""
        return self._writer.commits

    async def commit(self, matches: Sequence[Match], judge: Judge, targets: Mapping[str, Target]) -> Commit:
        return await self._writer.do(lambda db: records.record(db, matches, judge, targets, now_ns=self._now_ns()))

    async def tell_watchers(self, judge: Judge, targets: Mapping[str, Target]) -> Commit | None:
        """Judge some of those whom a commit left for later, because very many people watched for a print.

        None where nobody is left. Whatever judged by then, and whenever it ends, each of them is told once.
        """
        return await self._writer.do(lambda db: records.tell_watchers(db, judge, targets, now_ns=self._now_ns()))

    async def cancel(self, found: Print) -> Commit:
        return await self._writer.do(lambda db: cancellations.cancel(db, found, now_ns=self._now_ns()))

    async def amend(self, found: Print) -> Commit:
        return await self._writer.do(lambda db: amendments.amend(db, found, now_ns=self._now_ns()))

    async def lease(self, destination: str, fit: Fit, terms: Terms) -> Lease:
        return await self._writer.do(lambda db: lease.lease(db, destination, fit, terms, now_ns=self._now_ns()))

    async def settle(self, batch: Batch, outcome: Outcome, *, is_final: bool) -> None:
        now_ns = self._now_ns()
        await self._writer.do(lambda db: batches.settle(db, batch, outcome, is_final=is_final, now_ns=now_ns))

    async def requeue(self, batch: Batch, outcome: Outcome | None, *, is_solo: bool) -> None:
        await self._writer.do(lambda db: batches.requeue(db, batch, outcome, is_solo=is_solo, now_ns=self._now_ns()))

    async def interrupted(self) -> Sequence[Batch]:
        return await self._writer.do(batches.interrupted)

    async def next_edit(self, destination: str) -> Edit | None:
        return await self._writer.do(lambda db: edits.next_edit(db, destination))

    async def settle_edit(self, edit: Edit, outcome: EditOutcome) -> None:
        await self._writer.do(lambda db: edits.settle_edit(db, edit, outcome, now_ns=self._now_ns()))

    async def may_tell(self, subject: str, every_s: float) -> bool:
        return await self._writer.do(lambda db: history.may_tell(db, subject, every_s, now_ns=self._now_ns()))

    async def waiting(self) -> Mapping[str, int]:
        """Deliveries that wait for their turn, by destination."""
        return await self._writer.do(history.waiting)

    async def explain(self, alert_id: str, person: str | None = None) -> Explanation | None:
        """See `bot.outbox.history.explain`; raises StoreError."""
        return await self._reader.do(lambda db: history.explain(db, alert_id, person))

    async def is_changed_elsewhere(self) -> bool:
        """Whether another process wrote to the store since this was asked last; False the first time."""
        known = self._data_version
        self._data_version = await self._writer.do(_data_version)
        return known not in (None, self._data_version)

    async def forget(self, keep_s: float) -> int:
        """Delete what is settled and older than `keep_s`, expire what waited as long; how many alerts went."""
        now_ns = self._now_ns()
        before_ns = now_ns - int(keep_s * 1e9)
        alerts, place, is_last = 0, retention.START, False
        while not is_last:
            work = partial(retention.forget, before_ns=before_ns, now_ns=now_ns, after=place)
            step = await self._writer.do(work)
            alerts, place, is_last = alerts + step.alerts, step.reached, step.is_last
        return alerts

    async def close(self) -> None:
        await self._reader.close()
        await self._writer.close()
        self._lock.close()


def open_outbox(path: Path, now_ns: Callable[[], int]) -> SqliteOutbox:
    """Open the store for the one process that may write it.

    Raises UnavailableError where another process has it, or the file cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock(path)
    except OSError as error:
        raise UnavailableError(f"cannot use the store {path}: {error.strerror}: mend it, or set store.path") from error
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        prepare(connection)
        reading = f"{path.absolute().as_uri()}?mode=ro"
        beside = sqlite3.connect(reading, uri=True, check_same_thread=False, isolation_level=None)
    except (sqlite3.Error, msgspec.MsgspecError, UnavailableError) as error:
        connection.close()
        lock.close()
        raise UnavailableError(f"cannot use the store {path}: {error}") from error
    return SqliteOutbox(Writer(connection), lock, now_ns, Writer(beside, is_reader=True))


def _data_version(db: sqlite3.Connection) -> int:
    """A number that changes when another connection commits (sqlite.org/pragma.html#pragma_data_version)."""
    (version,) = db.execute("PRAGMA data_version").fetchone()
    return int(version)


def _lock(path: Path) -> IO[str]:
    """Hold `<store>.lock` for as long as the process lives; the kernel drops it however the process ends."""
    lock = path.with_name(path.name + ".lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        msg = f"another flowbot (process {owner}) has the store {path}: stop it, or set store.path"
        raise UnavailableError(msg) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
