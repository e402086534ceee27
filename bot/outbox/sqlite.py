"""The outbox on SQLite: one process at a time, one writer thread, every promise kept in a transaction."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from bot.model.alerts import Batch, Explanation
from bot.model.errors import UnavailableError
from bot.model.matches import Match
from bot.model.outcomes import Outcome
from bot.model.ports import Commit, Fit, Judge
from bot.outbox import batches, history, records
from bot.outbox.schema import prepare
from bot.outbox.writer import Transactions, Writer


class SqliteOutbox:
    """See `bot.model.ports.Outbox`. Open it with `open_outbox`."""

    def __init__(self, writer: Transactions, lock: IO[str], now_ns: Callable[[], int]) -> None:
        self._writer = writer
        self._lock = lock
        self._now_ns = now_ns

    @property
    def commits(self) -> int:
        """Transactions since start: a burst costs few, because they are grouped."""
        return self._writer.commits

    async def commit(self, matches: Sequence[Match], judge: Judge, idle: Mapping[str, Fit]) -> Commit:
        return await self._writer.do(lambda db: records.record(db, matches, judge, idle))

    async def lease(self, destination: str, fit: Fit) -> Batch | None:
        return await self._writer.do(lambda db: batches.lease(db, destination, fit, now_ns=self._now_ns()))

    async def settle(self, batch: Batch, outcome: Outcome, *, is_final: bool) -> None:
        now_ns = self._now_ns()
        await self._writer.do(lambda db: batches.settle(db, batch, outcome, is_final=is_final, now_ns=now_ns))

    async def requeue(self, batch: Batch, outcome: Outcome | None, *, is_solo: bool) -> None:
        await self._writer.do(lambda db: batches.requeue(db, batch, outcome, is_solo=is_solo, now_ns=self._now_ns()))

    async def interrupted(self) -> Sequence[Batch]:
        return await self._writer.do(batches.interrupted)

    async def waiting(self) -> Mapping[str, int]:
        """Deliveries that wait for their turn, by destination."""
        return await self._writer.do(history.waiting)

    async def explain(self, alert_id: str) -> Explanation | None:
        return await self._writer.do(lambda db: history.explain(db, alert_id))

    async def forget(self, keep_s: float) -> int:
        """Delete what is settled and older than `keep_s`; returns how many alerts went."""
        before_ns = self._now_ns() - int(keep_s * 1e9)
        return await self._writer.do(lambda db: history.forget(db, before_ns))

    async def close(self) -> None:
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
    try:
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        prepare(connection)
    except (sqlite3.Error, UnavailableError) as error:
        lock.close()
        raise UnavailableError(f"cannot use the store {path}: {error}") from error
    return SqliteOutbox(Writer(connection), lock, now_ns)


def read_explanation(path: Path, alert_id: str) -> Explanation | None:
    """Explain from the store's file, beside a running service. Raises UnavailableError where there is no store."""
    if not path.exists():
        raise UnavailableError(f"there is no store at {path}: has `flowbot run` ever run with this configuration?")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return history.explain(connection, alert_id)
    except sqlite3.Error as error:
        raise UnavailableError(f"cannot read the store {path}: {error}") from error
    finally:
        connection.close()


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
