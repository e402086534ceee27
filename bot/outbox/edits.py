"""The statements that show news in messages that stand: repeats, trades taken back. Runs inside a transaction."""

import sqlite3

from bot.model.alerts import Batch, Edit, Posted
from bot.model.outcomes import EditOutcome, Gone, Sent
from bot.outbox.rows import deliveries, shown_by


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
    db.executemany(
        "UPDATE deliveries SET shown = ?1, shown_cancelled = ?2,"
        " news_ns = CASE WHEN repeats > ?1 OR cancelled > ?2 THEN ?5 END,"
        " reason = CASE WHEN reason = '' THEN ?6 ELSE reason END"
        " WHERE alert_id = ?3 AND destination = ?4 AND batch = ?7",
        [(*shown, now_ns, reason, edit.batch.id) for shown in shown_by(edit.batch)],
    )


def _post_anew(db: sqlite3.Connection, batch: Batch, now_ns: int) -> None:
    """The message is deleted. What has repeats to tell is queued again, never stale; the rest has been told, and that
    its trade was taken back needs telling no more."""
    db.execute(
        "UPDATE deliveries SET state = 'queued', solo = 0, batch = NULL, place = NULL, posts = posts + 1,"
        " stale_ns = NULL, message_id = NULL, message_channel = NULL, message_url = NULL, updated_ns = ?"
        " WHERE batch = ? AND repeats > 0",
        (now_ns, batch.id),
    )
    db.execute("UPDATE deliveries SET news_ns = NULL WHERE batch = ?", (batch.id,))
