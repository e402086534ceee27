"""The statements of a batch's life: freeze, settle, requeue. Runs inside a transaction."""

import sqlite3
from collections.abc import Sequence

import msgspec

from bot.model.alerts import Batch, DeliveryState, Digest
from bot.model.outcomes import DestinationDead, Outcome, Permanent, Retry, Sent, Unknown
from bot.model.ports import Fit
from bot.outbox.edits import note_shown
from bot.outbox.posts import decode_report, end_report, note_attempt, requeue_report
from bot.outbox.rows import RANK, batch_id, deliveries, rows

LARGEST_BATCH = 40
"""More than any platform takes in one message; only bounds what is read to find out what fits."""

_decode_digest = msgspec.msgpack.Decoder(Digest).decode


def freeze(db: sqlite3.Connection, destination: str, fit: Fit, *, most: int | None = None, now_ns: int) -> Batch | None:
    """Journal the next message of alerts for `destination`, at most `most` of them; None where nothing waits.

    Highest priority first, then score, then newest; inside the message the same order. What must go alone goes
    first within its priority, and counts against no limit.
    """
    waiting = f"WHERE destination = ? AND state = 'queued' AND overflow = '' ORDER BY {RANK} LIMIT ?"
    found = rows(db, waiting, (destination, LARGEST_BATCH))
    if not found:
        return None
    together = found[:1] if found[0].is_solo else [row for row in found if not row.is_solo][:most]
    taken = together[: max(1, fit([row.delivery for row in together])) if len(together) > 1 else 1]
    own_id = batch_id(row.name for row in taken)
    db.execute("INSERT INTO batches (id, destination, frozen_ns) VALUES (?, ?, ?)", (own_id, destination, now_ns))
    db.executemany(
        "UPDATE deliveries SET state = 'sending', batch = ?, place = ?, updated_ns = ? WHERE id = ?",
        [(own_id, place, now_ns, row.id) for place, row in enumerate(taken)],
    )
    return Batch(own_id, destination, tuple(row.delivery for row in taken), frozen_ns=now_ns)


def interrupted(db: sqlite3.Connection, wanted: str | None = None) -> Sequence[Batch]:
    """Batches that were frozen and never settled, as they were frozen; each counts as attempted from now on.

    `wanted`: those of this destination; None: all. Only what came after their alerts (repeats, a cancellation, an
    amendment) is as it is now.
    """
    db.execute("UPDATE batches SET attempts = MAX(attempts, 1) WHERE ?1 IS NULL OR destination = ?1", (wanted,))
    return [
        _interrupted(db, Batch(own_id, destination, (), frozen_ns, attempts), body, report)
        for own_id, destination, frozen_ns, attempts, body, report in db.execute(
            "SELECT batches.id, batches.destination, frozen_ns, attempts, batches.body, posts.body"
            " FROM batches LEFT JOIN posts ON posts.id = batches.id"
            " WHERE ?1 IS NULL OR batches.destination = ?1 ORDER BY frozen_ns",
            (wanted,),
        ).fetchall()
    ]


def _interrupted(db: sqlite3.Connection, batch: Batch, body: bytes | None, report: bytes | None) -> Batch:
    """With what it carries: a digest has its body in its own row, a report in its post's."""
    if body is not None:
        return msgspec.structs.replace(batch, digest=_decode_digest(body))
    if report is not None:
        return msgspec.structs.replace(batch, report=decode_report(report))
    return msgspec.structs.replace(batch, deliveries=deliveries(db, "WHERE batch = ? ORDER BY place", (batch.id,)))


def settle(db: sqlite3.Connection, batch: Batch, outcome: Outcome, *, is_final: bool, now_ns: int) -> None:
    """Record what became of one attempt; a final one ends the batch."""
    if not is_final:
        db.execute("UPDATE batches SET attempts = attempts + 1 WHERE id = ?", (batch.id,))
        db.execute(
            "UPDATE deliveries SET attempts = attempts + 1, reason = ?, updated_ns = ? WHERE batch = ?",
            (_reason(outcome), now_ns, batch.id),
        )
        note_attempt(db, batch.id, _reason(outcome), now_ns)
        return
    state, sent = _ending(batch, outcome)
    end_report(db, batch.id, state, _reason(outcome), now_ns)
    db.execute(
        "UPDATE deliveries SET state = ?, message_id = ?, message_channel = ?, message_url = ?, reason = ?,"
        " updated_ns = ?, attempts = attempts + 1, shown = 0, shown_cancelled = 0, shown_amended = 0,"
        " news_ns = CASE WHEN repeats > 0 OR cancelled > 0 OR amended > 0 THEN COALESCE(news_ns, ?) END"
        " WHERE batch = ?",
        (state, sent.message_id, sent.channel, sent.url, _reason(outcome), now_ns, now_ns, batch.id),
    )
    note_shown(db, batch)
    db.execute("DELETE FROM batches WHERE id = ?", (batch.id,))


def requeue(db: sqlite3.Connection, batch: Batch, outcome: Outcome | None, *, is_solo: bool, now_ns: int) -> None:
    """Queue an unsent batch's deliveries again; solo, each alone, so that one bad alert sinks only itself.

    A digest's go back to the next digest, which is due at once; none of them is ever made to go alone. A report waits
    as before.
    """
    reason = None if outcome is None else _reason(outcome)
    db.execute(
        "UPDATE deliveries SET state = 'queued', solo = MAX(solo, ?), batch = NULL, place = NULL, updated_ns = ?,"
        " attempts = attempts + ?, reason = COALESCE(?, reason) WHERE batch = ?",
        (
            int(is_solo and batch.digest is None),
            now_ns,
            int(outcome is not None),
            reason,
            batch.id,
        ),
    )
    requeue_report(db, batch.id, reason, now_ns)
    db.execute("DELETE FROM batches WHERE id = ?", (batch.id,))


def _ending(batch: Batch, outcome: Outcome) -> tuple[DeliveryState, Sent]:
    match outcome:
        case Sent():
            return "sent" if batch.digest is None else "digested", outcome
        case Unknown():
            return "unknown", Sent()
        case Permanent() | DestinationDead() | Retry():
            return "dead", Sent()


def _reason(outcome: Outcome) -> str:
    return "" if isinstance(outcome, Sent) else outcome.reason
