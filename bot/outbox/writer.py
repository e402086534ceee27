"""One thread that owns an SQLite connection and commits in groups. Knows nothing of alerts."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from bot.model.errors import StoreError

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
_Job = tuple[Work, asyncio.Future[Any]]

MAX_GROUP = 256
"""Jobs in one transaction: bounds how long the first of them waits for its commit."""


class Transactions(Protocol):
    """Runs work in transactions, in order, and answers after the commit."""

    commits: int
    """Transactions committed since start."""

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T: ...

    async def close(self) -> None: ...


class Writer:
    """Runs jobs in order, as many as are waiting in one transaction, and answers only after its commit.

    A disk that takes 10 ms to sync stalls this thread, never the event loop; meanwhile more jobs gather, so
    the slower the disk the larger the groups. A job that raises is undone alone (savepoint); a commit that
    fails is every waiting job's failure.
    """

    def __init__(self, connection: sqlite3.Connection, *, is_reader: bool = False) -> None:
        """`is_reader`: nothing is ever written, so that it takes no lock and holds up no other."""
        self._connection = connection
        self._begin = "BEGIN" if is_reader else "BEGIN IMMEDIATE"
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._is_closed = False
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` inside a transaction; its result comes when that is on the disk.

        A cancelled caller does not undo the work. Raises StoreError where SQLite refused it, else what `work` raised.
        """
        if self._is_closed:
            raise StoreError("the store is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((work, future))
        return await future

    async def close(self) -> None:
        """Finish the jobs already given, then close the connection."""
        if not self._is_closed:
            self._is_closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        is_open = True
        while is_open:
            group: list[_Job] = []
            job = self._jobs.get()
            while job is not None:
                group.append(job)
                if len(group) == MAX_GROUP or self._jobs.empty():
                    break
                job = self._jobs.get()
            is_open = job is not None
            if group:
                self._commit(group)
        self._connection.close()

    def _commit(self, group: list[_Job]) -> None:
        results: list[tuple[_Job, Any, BaseException | None]] = []
        try:
            self._connection.execute(self._begin)
            results.extend((job, *self._attempt(job[0])) for job in group)
            self._connection.execute("COMMIT")
            self.commits += 1
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            results = [(job, None, StoreError(f"{type(error).__name__}: {error}")) for job in group]
        for (_, future), value, failure in results:
            _answer(future, value, failure)

    def _attempt(self, work: Work) -> tuple[Any, BaseException | None]:
        self._connection.execute("SAVEPOINT job")
        try:
            result = work(self._connection)
        except sqlite3.Error:
            raise  # the disk's trouble, not the job's: the whole group waits for better times
        except BaseException as error:  # noqa: BLE001 - handed to the job's own caller, who decides
            self._connection.execute("ROLLBACK TO job")
            self._connection.execute("RELEASE job")
            return None, error
        self._connection.execute("RELEASE job")
        return result, None


def _answer(future: asyncio.Future[T], value: T, failure: BaseException | None) -> None:
    def settle() -> None:
        if future.done():  # its caller was cancelled
            return
        if failure is None:
            future.set_result(value)
        else:
            future.set_exception(failure)

    try:
        future.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:  # the loop is closed: nobody is waiting any more
        return
