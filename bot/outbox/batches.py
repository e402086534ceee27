"""The statements of a batch's life: freeze, settle, requeue. Runs inside a transaction."""

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from typing import get_args

import msgspec

from bot.model.alerts import Alert, Batch, Delivery, DeliveryState, Priority
from bot.model.outcomes import DestinationDead, Outcome, Permanent, Retry, Sent, Unknown
from bot.model.ports import Fit

LARGEST_BATCH = 40
"""More than any platform takes in one message; only bounds what is read to find out what fits."""

PRIORITIES: tuple[Priority, ...] = get_args(Priority)
_decode_alert = msgspec.msgpack.Decoder(Alert).decode
_decode_words = msgspec.json.Decoder(tuple[str, ...]).decode

_Row = tuple[int, int, bytes, str, str, int, str]
_SELECT = (
    "SELECT deliveries.id, solo, body, destination, rules, priority, mentions"
    " FROM deliveries JOIN alerts ON alerts.id = alert_id"
)


def freeze(db: sqlite3.Connection, destination: str, fit: Fit, *, now_ns: int) -> Batch:
    """Journal the next message for `destination`; at least one of its deliveries must be queued.

    Highest priority first, then score, then newest; inside the message the same order.
    """
    rows = db.execute(
        f"{_SELECT} WHERE destination = ? AND state = 'queued'"
        " ORDER BY priority, score DESC, deliveries.id DESC LIMIT ?",
        (destination, LARGEST_BATCH),
    ).fetchall()
    together = rows[:1] if rows[0][1] else [row for row in rows if not row[1]]
    deliveries = tuple(map(_delivery, together))
    taken = max(1, fit(deliveries)) if len(deliveries) > 1 else 1
    batch = Batch(_batch_id(deliveries[:taken]), destination, deliveries[:taken], frozen_ns=now_ns)
    db.execute("INSERT INTO batches VALUES (?, ?, ?, 0)", (batch.id, destination, now_ns))
    db.executemany(
        "UPDATE deliveries SET state = 'sending', batch = ?, place = ?, updated_ns = ? WHERE id = ?",
        [(batch.id, place, now_ns, row[0]) for place, row in enumerate(together[:taken])],
    )
    return batch


def lease(db: sqlite3.Connection, destination: str, fit: Fit, *, now_ns: int) -> Batch | None:
    """The next batch for `destination`, frozen; None where nothing is queued."""
    row = db.execute("SELECT 1 FROM deliveries WHERE destination = ? AND state = 'queued' LIMIT 1", (destination,))
    return freeze(db, destination, fit, now_ns=now_ns) if row.fetchone() else None


def interrupted(db: sqlite3.Connection) -> list[Batch]:
    """Batches that were frozen and never settled, as they were frozen."""
    batches = []
    for batch_id, destination, frozen_ns, attempts in db.execute("SELECT * FROM batches ORDER BY frozen_ns").fetchall():
        rows = db.execute(f"{_SELECT} WHERE batch = ? ORDER BY place", (batch_id,)).fetchall()
        batches.append(Batch(batch_id, destination, tuple(map(_delivery, rows)), frozen_ns, attempts))
    return batches


def settle(db: sqlite3.Connection, batch: Batch, outcome: Outcome, *, is_final: bool, now_ns: int) -> None:
    """Record what became of one attempt; a final one ends the batch."""
    if not is_final:
        db.execute("UPDATE batches SET attempts = attempts + 1 WHERE id = ?", (batch.id,))
        db.execute(
            "UPDATE deliveries SET attempts = attempts + 1, reason = ?, updated_ns = ? WHERE batch = ?",
            (_reason(outcome), now_ns, batch.id),
        )
        return
    state, message_id, url = _ending(outcome)
    db.execute(
        "UPDATE deliveries SET state = ?, message_id = ?, message_url = ?, reason = ?, updated_ns = ?,"
        " attempts = attempts + 1 WHERE batch = ?",
        (state, message_id, url, _reason(outcome), now_ns, batch.id),
    )
    db.execute("DELETE FROM batches WHERE id = ?", (batch.id,))


def requeue(db: sqlite3.Connection, batch: Batch, outcome: Outcome | None, *, is_solo: bool, now_ns: int) -> None:
    """Queue an unsent batch's deliveries again; solo, each alone, so that one bad alert sinks only itself."""
    db.execute(
        "UPDATE deliveries SET state = 'queued', solo = MAX(solo, ?), batch = NULL, place = NULL, updated_ns = ?,"
        " attempts = attempts + ?, reason = COALESCE(?, reason) WHERE batch = ?",
        (int(is_solo), now_ns, int(outcome is not None), outcome and _reason(outcome), batch.id),
    )
    db.execute("DELETE FROM batches WHERE id = ?", (batch.id,))


def _ending(outcome: Outcome) -> tuple[DeliveryState, str | None, str | None]:
    match outcome:
        case Sent():
            return "sent", outcome.message_id, outcome.url
        case Unknown():
            return "unknown", None, None
        case Permanent() | DestinationDead() | Retry():
            return "dead", None, None


def _reason(outcome: Outcome) -> str:
    return "" if isinstance(outcome, Sent) else outcome.reason


def _delivery(row: _Row) -> Delivery:
    _, _, body, destination, rules, priority, mentions = row
    return Delivery(
        _decode_alert(body), destination, _decode_words(rules), PRIORITIES[priority], _decode_words(mentions)
    )


def _batch_id(deliveries: Sequence[Delivery]) -> str:
    """24 characters of [0-9a-f] (Discord's nonce takes 25), the same for the same deliveries.

    So a batch that was refused and then frozen again unchanged is still the same message to the platform.
    """
    names = " ".join(delivery.id for delivery in deliveries)
    return blake2b(names.encode(), digest_size=12).hexdigest()
