"""The statements that send queued deliveries to the digest instead, and say when it is due. Inside a transaction.

What must go alone (`solo`) never overflows: it was on its way already, or a person asked for it.
"""

import sqlite3

SECOND_NS = 10**9
DIGEST_EVERY_S = 60
"""Between two digests: a summary more often than once a minute would itself be the flood."""
BACKLOG_DUE_S = 10
"""A burst pushes alerts out of the backlog one by one; so long it is let gather, so that one digest tells of it."""
BUDGET_DUE_S = 60
"""The channel has had its fill for the hour: what more there is waits a minute for company, and no longer than that,
for the channel is not to be minutes behind."""
BUDGET_WINDOW_S = 3600
"""The budget is alerts in any hour."""
OUTSIDE_HOURS = "outside active hours"

# Four look-ups in the index: one MIN over all reasons would read every row, and a reason given as an argument would
# make SQLite prepare the statement anew each time, to see whether the partial index serves. What waits for an opening
# is due as soon as there is one, whenever that was to be: the hours may have been changed meanwhile.
_FIRST_DUE = (
    "SELECT MIN((SELECT CASE why WHEN 'hours' THEN MIN(MIN(due_ns), 0) ELSE MIN(due_ns) END FROM deliveries"
    " WHERE destination = ? AND state = 'queued' AND overflow <> '' AND overflow = why))"
    " FROM (SELECT 'stale' AS why UNION ALL SELECT 'backlog' UNION ALL SELECT 'budget' UNION ALL SELECT 'hours')"
)
_MARK = (
    "UPDATE deliveries SET overflow = ?, due_ns = ?"
    " WHERE destination = ? AND state = 'queued' AND overflow = '' AND solo = 0 "
)


def close_for_hours(db: sqlite3.Connection, destination: str, opens_ns: int) -> None:
    """What waits, waits for the opening's digest."""
    db.execute(_MARK, ("hours", opens_ns, destination))


def expire_for_hours(db: sqlite3.Connection, destination: str, now_ns: int) -> int:
    """What waits, ends; how many."""
    return db.execute(
        "UPDATE deliveries SET state = 'expired', reason = ?, updated_ns = ?"
        " WHERE destination = ? AND state = 'queued' AND overflow = '' AND solo = 0",
        (OUTSIDE_HOURS, now_ns, destination),
    ).rowcount


def mark_stale(db: sqlite3.Connection, destination: str, now_ns: int) -> None:
    """What waited too long goes to the digest at once."""
    db.execute(f"{_MARK} AND stale_ns IS NOT NULL AND stale_ns <= ?", ("stale", now_ns, destination, now_ns))


def mark_over_budget(db: sqlite3.Connection, destination: str, now_ns: int) -> None:
    """The hour's budget is used up: everything goes to the digest."""
    db.execute(_MARK, ("budget", now_ns + BUDGET_DUE_S * SECOND_NS, destination))


def mark_backlog(db: sqlite3.Connection, destination: str, backlog: int, now_ns: int) -> None:
    """Of what waits, what ranks behind the first `backlog` goes to the digest."""
    db.execute(
        "UPDATE deliveries SET overflow = 'backlog', due_ns = ? WHERE solo = 0 AND id IN (SELECT id FROM deliveries"
        " WHERE destination = ? AND state = 'queued' AND overflow = ''"
        " ORDER BY priority, solo DESC, score DESC, id DESC LIMIT -1 OFFSET ?)",
        (now_ns + BACKLOG_DUE_S * SECOND_NS, destination, backlog),
    )


def take_back(db: sqlite3.Connection, destination: str) -> None:
    """Nothing is digested here (any more): everything is posted."""
    db.execute(
        "UPDATE deliveries SET overflow = '', due_ns = NULL"
        " WHERE destination = ? AND state = 'queued' AND overflow <> ''",
        (destination,),
    )


def budget_left(db: sqlite3.Connection, destination: str, budget: int, now_ns: int) -> int:
    """Alerts that may still be posted singly; what is on its way counts as posted."""
    (sent,) = db.execute(
        "SELECT COUNT(*) FROM deliveries WHERE destination = ? AND state = 'sent' AND updated_ns > ?",
        (destination, now_ns - BUDGET_WINDOW_S * SECOND_NS),
    ).fetchone()
    (sending,) = db.execute(
        "SELECT COUNT(*) FROM batches CROSS JOIN deliveries ON deliveries.batch = batches.id"  # in this order
        " WHERE batches.destination = ? AND batches.body IS NULL",
        (destination,),
    ).fetchone()
    return max(0, budget - int(sent) - int(sending))


def digest_due_ns(db: sqlite3.Connection, destination: str) -> int | None:
    """When the next digest may go, in the hours; None where nothing overflows. One that was put back may go at once."""
    (first_ns,) = db.execute(_FIRST_DUE, (destination,)).fetchone()
    if first_ns is None:
        return None
    (last_ns,) = db.execute(
        "SELECT MAX(updated_ns) FROM deliveries WHERE destination = ? AND batch IS NOT NULL AND overflow <> ''",
        (destination,),
    ).fetchone()
    return int(first_ns) if last_ns is None else max(int(first_ns), int(last_ns) + DIGEST_EVERY_S * SECOND_NS)
