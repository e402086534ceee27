"""What commands, of this process or another, asked of the service through its store: watchlists, watches, reloads."""

from collections.abc import Callable, Mapping, Sequence

from bot.outbox import history, reloads, watching
from bot.outbox.reloads import Reloaded
from bot.outbox.watching import Watch
from bot.outbox.writer import Transactions


class SqliteRequests:
    """A part of the outbox. Each call is a job of its writer, and raises StoreError where it cannot be done now."""

    _writer: Transactions
    _reader: Transactions
    _now_ns: Callable[[], int]

    async def changed_tickers(self) -> Mapping[str, Mapping[str, bool]]:
        """What commands changed: watchlist -> ticker -> whether it is on it."""
        return await self._writer.do(watching.changed_tickers)

    async def note_tickers(self, name: str, tickers: Sequence[str], *, is_on: bool) -> None:
        """Put tickers on the watchlist `name`, or take them off."""
        now_ns = self._now_ns()
        await self._writer.do(lambda db: watching.note_tickers(db, name, tickers, is_on=is_on, now_ns=now_ns))

    async def watch_ids(self) -> frozenset[int]:
        return await self._writer.do(watching.watch_ids)

    async def watches_after(self, watch_id: int, limit: int) -> Sequence[Watch]:
        """Those made after the watch `watch_id`, oldest first, at most `limit`."""
        return await self._writer.do(lambda db: watching.watches_after(db, watch_id, limit))

    async def add_watch(self, owner: str, body: str) -> int:
        """The id of the new watch."""
        now_ns = self._now_ns()
        return await self._writer.do(lambda db: watching.add_watch(db, owner, body, now_ns=now_ns))

    async def remove_watch(self, watch_id: int) -> bool:
        """Whether there was one."""
        return await self._writer.do(lambda db: watching.remove_watch(db, watch_id))

    async def alerts_of(self, message_id: str) -> Sequence[str]:
        """The ids of the alerts that a message tells of, as they stand in it; empty where it is none of ours."""
        return await self._reader.do(lambda db: history.alerts_of(db, message_id))

    async def unanswered_reloads(self) -> Sequence[str]:
        """Who asked that the configuration be read anew, and has had no answer."""
        return await self._writer.do(reloads.unanswered)

    async def answer_reloads(self, asked: Sequence[str], found: Reloaded) -> None:
        await self._writer.do(lambda db: reloads.answer(db, asked, found))
