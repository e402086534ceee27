"""How the store forgets, a bounded step at a time, and gives the disk its space back. Runs inside a transaction."""

import sqlite3
from typing import NamedTuple

FORGET_AT_ONCE = 5000
"""Rows of a kind deleted in one transaction: bounds how long a commit behind it waits."""
PAGES_AT_ONCE = 1000
"""Pages of 4 KiB given back in one transaction, for the same reason."""
WAITED_TOO_LONG = "waited longer than dedup.keep"
ACTS_KEPT_NS = 365 * 86_400 * 10**9
"""The audit log is short, and asked about late."""

_PRUNE_POSTS = (
    "DELETE FROM posts WHERE id IN (SELECT id FROM posts WHERE updated_ns < ? AND state <> 'sending' LIMIT ?)"
)
POSTS_KEPT_NS = 2 * 86_400 * 10**9
"""At least: so long a start may ask which report was posted."""
_PRUNE = (
    "DELETE FROM stamps WHERE identity IN (SELECT identity FROM stamps WHERE stamped_ns < ? LIMIT ?)",
    "DELETE FROM cooldowns WHERE (rule, key) IN (SELECT rule, key FROM cooldowns WHERE until_ns < ? LIMIT ?)",
    "DELETE FROM notices WHERE subject IN (SELECT subject FROM notices WHERE told_ns < ? LIMIT ?)",
    "DELETE FROM gaps WHERE (provider, from_ns) IN (SELECT provider, from_ns FROM gaps WHERE to_ns < ? LIMIT ?)",
    "DELETE FROM spent WHERE rowid IN (SELECT rowid FROM spent WHERE day < date(? / 1000000000, 'unixepoch') LIMIT ?)",
)
_PRUNE_ACTS = "DELETE FROM acts WHERE id IN (SELECT id FROM acts WHERE at_ns < ? LIMIT ?)"
_PRUNE_MUTES = "DELETE FROM mutes WHERE (kind, name) IN (SELECT kind, name FROM mutes WHERE until_ns <= ? LIMIT ?)"


class Step(NamedTuple):
    """What one step did."""

    alerts: int
    """Alerts forgotten."""
    is_last: bool
    """Nothing is left to do."""


def forget(db: sqlite3.Connection, before_ns: int, *, now_ns: int) -> Step:
    """Forget some of what is older than `before_ns`: stamps, cooldowns, notices, gaps, spendings, settled alerts and
    reports; and mutes that ended, and acts of more than a year ago.

    What still waits after so long is expired, and remembered for as long again, so that its end can be read.
    What is on its way stays.
    """
    prunings = [
        (_PRUNE_ACTS, now_ns - ACTS_KEPT_NS),
        (_PRUNE_MUTES, now_ns),
        (_PRUNE_POSTS, min(before_ns, now_ns - POSTS_KEPT_NS)),
        *((statement, before_ns) for statement in _PRUNE),
    ]
    pruned = [db.execute(statement, (moment_ns, FORGET_AT_ONCE)).rowcount for statement, moment_ns in prunings]
    expired = db.execute(
        "UPDATE deliveries SET state = 'expired', reason = ?, updated_ns = ? WHERE id IN (SELECT deliveries.id"
        " FROM alerts JOIN deliveries ON alert_id = alerts.id WHERE created_ns < ? AND state = 'queued' LIMIT ?)",
        (WAITED_TOO_LONG, now_ns, before_ns, FORGET_AT_ONCE),
    ).rowcount
    alerts = _forget_alerts(db, before_ns)
    is_vacuumed = _vacuum(db)
    return Step(alerts, is_vacuumed and max(*pruned, expired, alerts) < FORGET_AT_ONCE)


def _forget_alerts(db: sqlite3.Connection, before_ns: int) -> int:
    old = db.execute(
        "SELECT id FROM alerts WHERE created_ns < ? AND NOT EXISTS (SELECT 1 FROM deliveries"
        " WHERE alert_id = alerts.id AND (state IN ('queued', 'sending') OR updated_ns >= ?)) LIMIT ?",
        (before_ns, before_ns, FORGET_AT_ONCE),
    ).fetchall()
    db.executemany("DELETE FROM deliveries WHERE alert_id = ?", old)
    db.executemany("DELETE FROM suppressed WHERE alert_id = ?", old)
    db.executemany("DELETE FROM alerts WHERE id = ?", old)
    return len(old)


def _vacuum(db: sqlite3.Connection) -> bool:
    """Give some free pages back; whether all that can be given is."""
    (free,) = db.execute("PRAGMA freelist_count").fetchone()
    for _ in range(min(free, PAGES_AT_ONCE)):  # the pragma frees a page a step, and the sqlite3 module takes one step
        db.execute("PRAGMA incremental_vacuum(1)")
    (left,) = db.execute("PRAGMA freelist_count").fetchone()
    return bool(left == 0 or left == free)
