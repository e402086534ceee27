"""What the store tells of the past. Runs inside a transaction or on a reader's connection."""

import sqlite3
from collections import Counter

from bot.model.alerts import DeliveryRecord, Explanation, Suppressed
from bot.model.people import DM, destination_of
from bot.outbox.rows import decode_alert, records

MOST_OF_A_MESSAGE = 100
"""Alerts told of one message: more than any message of alerts carries."""


# One look-up in the index each: thousands of people may have been told of one alert.
_OPEN_TO = (
    "WHERE id IN (SELECT id FROM deliveries WHERE alert_id = ?1 AND destination < ?2"
    " UNION ALL SELECT id FROM deliveries WHERE alert_id = ?1 AND destination > ?3"
    " UNION ALL SELECT id FROM deliveries WHERE alert_id = ?1 AND destination = ?4) ORDER BY id"
)


def explain(db: sqlite3.Connection, alert_id: str, person: str | None = None) -> Explanation | None:
    """Everything known about one alert; None where the id is unknown or forgotten.

    `person`, who asks, hears of what went to all and to themselves, and of nobody else's; None: of all there is.
    """
    row = db.execute("SELECT body FROM alerts WHERE id = ?", (alert_id,)).fetchone()
    if row is None:
        return None
    suppressed = tuple(
        Suppressed(*fields)
        for fields in db.execute(
            "SELECT rule, reason, count FROM suppressed WHERE alert_id = ? ORDER BY rule, reason", (alert_id,)
        )
    )
    return Explanation(decode_alert(row[0]), tuple(_deliveries(db, alert_id, person)), suppressed)


def _deliveries(db: sqlite3.Connection, alert_id: str, person: str | None) -> list[DeliveryRecord]:
    if person is None:
        return records(db, "WHERE alert_id = ? ORDER BY id", (alert_id,))
    return records(db, _OPEN_TO, (alert_id, f"{DM}:", f"{DM};", destination_of(person)))  # the semicolon comes next


def alerts_of(db: sqlite3.Connection, message_id: str) -> list[str]:
    """The alerts that a message tells of, as they stand in it; at most `MOST_OF_A_MESSAGE`, for a digest may stand
    for thousands. Slack's ids hold within a channel only: messages that share one are told of together.
    """
    found = db.execute(
        "SELECT alert_id FROM deliveries WHERE message_id = ? ORDER BY place, id LIMIT ?",
        (message_id, MOST_OF_A_MESSAGE),
    )
    return list(dict.fromkeys(alert_id for (alert_id,) in found))


def waiting(db: sqlite3.Connection) -> dict[str, int]:
    """Queued deliveries by destination, those that wait for a digest among them, and reports."""
    counted = (  # one index each
        "deliveries WHERE state = 'queued' AND overflow = ''",
        "deliveries WHERE state = 'queued' AND overflow <> ''",
        "posts WHERE state = 'queued'",
    )
    total: Counter[str] = Counter()
    for rows in counted:
        total.update(dict(db.execute(f"SELECT destination, COUNT(*) FROM {rows} GROUP BY destination")))  # noqa: S608 - our words
    return dict(total)


def may_tell(db: sqlite3.Connection, subject: str, every_s: float, *, now_ns: int) -> bool:
    """Whether `subject` was not told for `every_s`; it counts as told from now on."""
    told = db.execute(
        "INSERT INTO notices (subject, told_ns) VALUES (?1, ?2)"
        " ON CONFLICT DO UPDATE SET told_ns = ?2 WHERE told_ns <= ?2 - ?3",
        (subject, now_ns, int(every_s * 1e9)),
    )
    return told.rowcount > 0
