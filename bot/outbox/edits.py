"""The statements that show news in messages that stand: repeats, trades taken back, facts that came to be known.

Runs inside a transaction.
"""

import sqlite3
from typing import Literal

from bot.model.alerts import Batch, Edit, Posted
from bot.model.outcomes import EditOutcome, Gone, Sent
from bot.outbox.rows import deliveries

Change = Literal["cancelled = 1", "amended = amended + 1"]
"""What becomes of an alert's deliveries after it was decided; repeats are counted one delivery at a time."""


def change(db: sqlite3.Connection, alert_id: str, what: Change, *, now_ns: int) -> frozenset[str]:
    """Note it of every delivery; the destinations where a message is to show it, now or once it is out.

    What a digest tells stays as it is.
    """
    edited = db.execute(
        "SELECT destination FROM deliveries WHERE alert_id = ?"
        " AND (state = 'sent' AND message_id IS NOT NULL OR state = 'sending' AND overflow = '')",
        (alert_id,),
    ).fetchall()
    db.execute(
        f"UPDATE deliveries SET news_ns = COALESCE(news_ns, ?), {what} WHERE alert_id = ?",  # noqa: S608 - our words
        (now_ns, alert_id),
    )
    return frozenset(destination for (destination,) in edited)


def note_shown(db: sqlite3.Connection, batch: Batch, *, again_ns: int | None = None, reason: str = "") -> None:
    """The message tells what was known when its batch was frozen; of which, an earlier attempt leaves in doubt.

    Whatever more there is stays news, or is news again since `again_ns`.
    """
    db.executemany(
        "UPDATE deliveries SET shown = ?1, shown_cancelled = ?2, shown_amended = ?3,"
        " news_ns = CASE WHEN repeats > ?1 OR cancelled > ?2 OR amended > ?3 THEN COALESCE(?4, news_ns) END,"
        " reason = CASE WHEN reason = '' THEN ?5 ELSE reason END"
        " WHERE alert_id = ?6 AND destination = ?7 AND batch = ?8 AND state = 'sent'"
        " AND NOT EXISTS (SELECT 1 FROM batches WHERE id = ?8 AND attempts > 0)",
        [
            (
                *(0 if d.repeats is None else d.repeats.count, d.is_cancelled, d.amendments),
                *(again_ns, reason, d.alert.id, d.destination, batch.id),
            )
            for d in batch.deliveries
            if d.repeats is not None or d.is_cancelled or d.amendments
        ],
    )


def next_edit(db: sqlite3.Connection, destination: str) -> Edit | None:
    """The message of `destination` that has waited longest to show its news, whole; None where there is none."""
    row = db.execute(
        "SELECT batch, message_id, message_channel, updated_ns FROM deliveries WHERE destination = ?"
        " AND state = 'sent' AND news_ns IS NOT NULL AND message_id IS NOT NULL ORDER BY news_ns LIMIT 1",
        (destination,),
    ).fetchone()
    if row is None:
        return None
    batch_id, message_id, channel, sent_ns = row
    shown = deliveries(db, "WHERE batch = ? ORDER BY place", (batch_id,))
    return Edit(Posted(message_id, channel, sent_ns), Batch(batch_id, destination, shown, frozen_ns=sent_ns))


def settle_edit(db: sqlite3.Connection, edit: Edit, outcome: EditOutcome, *, now_ns: int) -> None:
    """Record an edit that ended. `updated_ns` stays when the message was sent, except of what is posted anew."""
    if isinstance(outcome, Gone):
        _post_anew(db, edit.batch, now_ns)
        return
    reason = "" if isinstance(outcome, Sent) else f"the message could not be edited: {outcome.reason}"
    note_shown(db, edit.batch, again_ns=now_ns, reason=reason)


def _post_anew(db: sqlite3.Connection, batch: Batch, now_ns: int) -> None:
    """The message is deleted. What has repeats to tell is queued again, never stale; the rest has been told, and what
    became of its trade needs telling no more."""
    db.execute(
        "UPDATE deliveries SET state = 'queued', solo = 0, batch = NULL, place = NULL, posts = posts + 1,"
        " stale_ns = NULL, message_id = NULL, message_channel = NULL, message_url = NULL, updated_ns = ?"
        " WHERE batch = ? AND repeats > 0",
        (now_ns, batch.id),
    )
    db.execute("UPDATE deliveries SET news_ns = NULL WHERE batch = ?", (batch.id,))
