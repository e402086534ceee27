"""What the store tells of the past, and how it forgets. Runs inside a transaction or on a reader's connection."""

import sqlite3

import msgspec

from bot.model.alerts import Alert, DeliveryRecord, Explanation, Suppressed

FORGET_AT_ONCE = 5000
"""Alerts deleted in one transaction: bounds how long a commit behind it waits."""

_decode_alert = msgspec.msgpack.Decoder(Alert).decode
_decode_words = msgspec.json.Decoder(tuple[str, ...]).decode


def explain(db: sqlite3.Connection, alert_id: str) -> Explanation | None:
    """Everything known about one alert; None where the id is unknown or forgotten."""
    row = db.execute("SELECT body FROM alerts WHERE id = ?", (alert_id,)).fetchone()
    if row is None:
        return None
    deliveries = tuple(
        DeliveryRecord(destination, state, _decode_words(rules), attempts, updated_ns, message_id, url, reason)
        for destination, state, rules, attempts, updated_ns, message_id, url, reason in db.execute(
            "SELECT destination, state, rules, attempts, updated_ns, message_id, message_url, reason"
            " FROM deliveries WHERE alert_id = ? ORDER BY id",
            (alert_id,),
        )
    )
    suppressed = tuple(
        Suppressed(*fields)
        for fields in db.execute(
            "SELECT rule, reason, count FROM suppressed WHERE alert_id = ? ORDER BY rule, reason", (alert_id,)
        )
    )
    return Explanation(_decode_alert(row[0]), deliveries, suppressed)


def waiting(db: sqlite3.Connection) -> dict[str, int]:
    """Queued deliveries by destination."""
    return dict(db.execute("SELECT destination, COUNT(*) FROM deliveries WHERE state = 'queued' GROUP BY destination"))


def forget(db: sqlite3.Connection, before_ns: int) -> int:
    """Delete stamps, cooldowns and fully settled alerts older than `before_ns`, and give the pages back."""
    db.execute("DELETE FROM stamps WHERE stamped_ns < ?", (before_ns,))
    db.execute("DELETE FROM cooldowns WHERE until_ns < ?", (before_ns,))
    old = db.execute(
        "SELECT id FROM alerts WHERE created_ns < ? AND NOT EXISTS (SELECT 1 FROM deliveries"
        " WHERE alert_id = alerts.id AND state IN ('queued', 'sending')) LIMIT ?",
        (before_ns, FORGET_AT_ONCE),
    ).fetchall()
    db.executemany("DELETE FROM deliveries WHERE alert_id = ?", old)
    db.executemany("DELETE FROM suppressed WHERE alert_id = ?", old)
    db.executemany("DELETE FROM alerts WHERE id = ?", old)
    db.execute("PRAGMA incremental_vacuum(1000)")
    return len(old)
