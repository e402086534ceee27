"""The statements that take a trade back: what tells of it is struck through, what waits ends. Inside a transaction."""

import sqlite3
from typing import NamedTuple

from bot.model.alerts import Alert
from bot.model.ports import Commit
from bot.model.prints import Print
from bot.outbox import watchers
from bot.outbox.edits import change
from bot.outbox.rows import TRADE_CANCELLED, decode_words, read_alert
from bot.outbox.stamps import stamped

SAME_USD = 0.01
"""A premium that one frame states and another leaves to be computed differs by less."""


class _Told(NamedTuple):
    """A stamp: a print that had its verdict."""

    identity: bytes
    trade: bytes
    alert_id: str


def cancel(db: sqlite3.Connection, found: Print, *, now_ns: int) -> Commit:
    """Take back the trade that `found` names; an empty commit where no alert told of it, or it is taken back already.

    What waits with repeats goes out struck through, because those are trades that hold. A print that is itself such a
    repeat stays counted. The stamp stays, so that the print, given again, is still a duplicate.
    """
    told = _told(db, found)
    if told is None:
        return Commit({}, (), (), {})
    db.execute("UPDATE stamps SET cancelled = 1 WHERE identity = ?", (told.identity,))
    watchers.drop(db, {told.identity, told.trade})
    # A twin's stamp may be older than the trade's alert; a stamp also names an alert that merely kept the print quiet.
    alert = read_alert(db, stamped(db, told.trade) or told.alert_id)
    if alert is None or alert.print.identity not in (told.identity, told.trade) or _is_cancelled(db, alert.id):
        return Commit({}, (), (), {})
    _end_cooldowns(db, alert)
    edits = change(db, alert.id, "cancelled = 1", now_ns=now_ns)
    return Commit({}, (), (), {}, edits=edits, expired=_expire(db, alert.id, now_ns))


def expire_returned(db: sqlite3.Connection, destination: str, now_ns: int) -> int:
    """End what came back to the queue after its trade was taken back; how many."""
    return db.execute(
        "UPDATE deliveries SET state = 'expired', reason = ?, updated_ns = ?"
        " WHERE destination = ? AND state = 'queued' AND cancelled = 1 AND repeats = 0",
        (TRADE_CANCELLED, now_ns, destination),
    ).rowcount


def _told(db: sqlite3.Connection, found: Print) -> _Told | None:
    """By identity; else the oldest of the same facts that still holds, because a correction may lack the id."""
    chosen = "SELECT identity, trade, alert_id FROM stamps WHERE "
    row = db.execute(f"{chosen} identity = ?", (found.identity,)).fetchone()
    if row is None and found.contract is not None and found.time is not None:
        row = db.execute(
            f"{chosen} contract = ? AND time_ms = ? AND provider = ? AND size IS ?4 AND cancelled = 0"
            " AND COALESCE(size, premium) IS NOT NULL AND (premium IS ?5 OR ABS(premium - ?5) < ?6)"
            " ORDER BY stamped_ns LIMIT 1",
            (
                *(found.contract, int(found.time.timestamp() * 1000), found.provider),
                *(found.size, found.premium, SAME_USD),
            ),
        ).fetchone()
    return None if row is None else _Told(*row)


def _is_cancelled(db: sqlite3.Connection, alert_id: str) -> bool:
    """Its deliveries were, all at once."""
    return (
        db.execute("SELECT 1 FROM deliveries WHERE alert_id = ? AND cancelled = 1", (alert_id,)).fetchone() is not None
    )


def _end_cooldowns(db: sqlite3.Connection, alert: Alert) -> None:
    """The next print of the contract is news: counted as a repeat it would be hidden in a message struck through."""
    told = {hit.rule for hit in alert.hits}  # and people's watches, of which the alert holds no word
    for (rules,) in db.execute("SELECT rules FROM deliveries WHERE alert_id = ?", (alert.id,)).fetchall():
        told.update(decode_words(rules))
    db.executemany("DELETE FROM cooldowns WHERE rule = ? AND alert_id = ?", [(rule, alert.id) for rule in told])


def _expire(db: sqlite3.Connection, alert_id: str, now_ns: int) -> dict[str, int]:
    ended = db.execute(
        "UPDATE deliveries SET state = 'expired', reason = ?, updated_ns = ?"
        " WHERE alert_id = ? AND state = 'queued' AND repeats = 0 RETURNING destination",
        (TRADE_CANCELLED, now_ns, alert_id),
    )
    return {destination: 1 for (destination,) in ended.fetchall()}  # an alert has one delivery to each
