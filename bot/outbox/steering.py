"""What admins and askers keep quiet, the audit log, and retries: durable before anybody is told that it is done."""

import sqlite3
from collections.abc import Callable, Collection, Sequence

from bot.model.alerts import DeliveryRecord, DeliveryState
from bot.model.steering import Act, Mute, MuteKind
from bot.outbox import retrying
from bot.outbox.rows import records
from bot.outbox.writer import Transactions


class SqliteSteering:
    """A part of the outbox. Each call is a job of its writer, and raises StoreError where it cannot be done now."""

    _writer: Transactions
    _reader: Transactions
    _now_ns: Callable[[], int]

    async def mutes(self) -> Sequence[Mute]:
        """Those that are on, the oldest first."""
        now_ns = self._now_ns()
        return [mute for mute in await self._writer.do(_mutes) if mute.is_on(now_ns)]

    async def mute(self, mute: Mute, act: Act | None = None) -> None:
        """Keep something quiet, in place of what was said of it before; with its act, in one transaction."""
        await self._writer.do(lambda db: _mute(db, mute, act))

    async def unmute(self, kind: MuteKind, name: str, act: Act | None = None) -> bool:
        """Whether there was such a mute, and it was on; the act is noted only then."""
        now_ns = self._now_ns()
        return await self._writer.do(lambda db: _unmute(db, kind, name, act, now_ns=now_ns))

    async def note_act(self, act: Act) -> None:
        """For acts that change nothing in the store."""
        await self._writer.do(lambda db: note_act(db, act))

    async def acts(self, limit: int, offset: int = 0) -> Sequence[Act]:
        """The newest first."""
        return await self._reader.do(lambda db: acts(db, limit, offset))

    async def delivery_records(
        self, states: Collection[DeliveryState], destination: str | None, limit: int, offset: int = 0
    ) -> Sequence[DeliveryRecord]:
        """Deliveries in these states, newest alert first; `destination` None: to any."""
        return await self._reader.do(lambda db: _deliveries(db, states, destination, limit, offset))

    async def retry(
        self, wanted: str, act_of: Callable[[Sequence[DeliveryRecord]], Act] | None = None
    ) -> Sequence[DeliveryRecord]:
        """Queue what failed again, as `flowbot deliveries --retry` does, with its act; what was queued.

        Raises InputError where `wanted` names nothing of the sort; then there is no act either.
        """
        now_ns = self._now_ns()

        def queue_again(db: sqlite3.Connection) -> Sequence[DeliveryRecord]:
            found = retrying.retry(db, wanted, "the store", now_ns=now_ns)
            if act_of is not None:
                note_act(db, act_of(found))
            return found

        return await self._writer.do(queue_again)


def acts(db: sqlite3.Connection, limit: int, offset: int = 0) -> list[Act]:
    """The newest first."""
    found = db.execute("SELECT at_ns, by, what, result FROM acts ORDER BY id DESC LIMIT ? OFFSET ?", (limit, offset))
    return [Act(*row) for row in found]


def note_act(db: sqlite3.Connection, act: Act) -> None:
    row = (act.at_ns, act.by, act.what, act.result)
    db.execute("INSERT INTO acts (at_ns, by, what, result) VALUES (?, ?, ?, ?)", row)


def _mutes(db: sqlite3.Connection) -> list[Mute]:
    found = db.execute("SELECT kind, name, until_ns, by, reason, made_ns FROM mutes ORDER BY made_ns, kind, name")
    return [Mute(*row) for row in found]


def _mute(db: sqlite3.Connection, mute: Mute, act: Act | None) -> None:
    db.execute(
        "INSERT OR REPLACE INTO mutes (kind, name, until_ns, by, reason, made_ns) VALUES (?, ?, ?, ?, ?, ?)",
        (mute.kind, mute.name, mute.until_ns, mute.by, mute.reason, mute.made_ns),
    )
    if act is not None:
        note_act(db, act)


def _unmute(db: sqlite3.Connection, kind: MuteKind, name: str, act: Act | None, *, now_ns: int) -> bool:
    was_on = db.execute(
        "DELETE FROM mutes WHERE kind = ? AND name = ? AND (until_ns IS NULL OR until_ns > ?)", (kind, name, now_ns)
    ).rowcount
    if was_on and act is not None:
        note_act(db, act)
    return was_on > 0


def _deliveries(
    db: sqlite3.Connection, states: Collection[DeliveryState], destination: str | None, limit: int, offset: int
) -> list[DeliveryRecord]:
    places = ", ".join("?" * len(states))
    return records(
        db,
        f"WHERE state IN ({places}) AND (? IS NULL OR destination = ?) ORDER BY id DESC LIMIT ? OFFSET ?",
        (*states, destination, destination, limit, offset),
    )
