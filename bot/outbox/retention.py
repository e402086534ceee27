"""How the store forgets, a bounded step at a time, and gives the disk its space back. Runs inside a transaction."""

import sqlite3
from typing import NamedTuple

FORGET_AT_ONCE = 1000
"""Rows of a kind deleted in one transaction, and deliveries looked at: bounds how long a commit behind it waits."""
LOOKS_FOR_ONE = 10
"""Rows that are looked at as quickly as one is deleted."""
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
    (
        "DELETE FROM watchers WHERE id IN (SELECT watchers.id FROM watchers LEFT JOIN stamps USING (identity)"
        " WHERE stamped_ns IS NULL OR stamped_ns < ? LIMIT ?)"
    ),
    "DELETE FROM spent WHERE rowid IN (SELECT rowid FROM spent WHERE day < date(? / 1000000000, 'unixepoch') LIMIT ?)",
)
_STANDING = (
    "SELECT COUNT(*), TOTAL(state = 'queued'), TOTAL(state = 'sending' OR updated_ns >= ?) FROM deliveries"
    " WHERE alert_id = ?"
)
_EXPIRE = (
    "UPDATE deliveries SET state = 'expired', reason = ?, updated_ns = ?"
    " WHERE id IN (SELECT id FROM deliveries WHERE alert_id = ? AND state = 'queued' LIMIT ?)"
)
_DELETE = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE alert_id = ? LIMIT ?)"
_PRUNE_ACTS = "DELETE FROM acts WHERE id IN (SELECT id FROM acts WHERE at_ns < ? LIMIT ?)"
_PRUNE_MUTES = "DELETE FROM mutes WHERE (kind, name) IN (SELECT kind, name FROM mutes WHERE until_ns <= ? LIMIT ?)"


class Place(NamedTuple):
    """Among alerts, the oldest first."""

    created_ns: int
    alert_id: str


START = Place(-1, "")


class Step(NamedTuple):
    """What one step did."""

    alerts: int
    """Alerts forgotten."""
    reached: Place
    """Where the next one goes on."""
    is_last: bool
    """Nothing is left to do."""


def forget(db: sqlite3.Connection, before_ns: int, *, now_ns: int, after: Place = START) -> Step:
    """Forget some of what is older than `before_ns`: stamps, cooldowns, notices, gaps, spendings, settled alerts and
    reports; and mutes that ended, and acts of more than a year ago. Alerts from `after` on.

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
    alerts, reached, is_through = _forget_alerts(db, before_ns, now_ns, after)
    is_vacuumed = _vacuum(db)
    return Step(alerts, reached, is_vacuumed and is_through and max(pruned) < FORGET_AT_ONCE)


def _forget_alerts(db: sqlite3.Connection, before_ns: int, now_ns: int, after: Place) -> tuple[int, Place, bool]:
    """How many went, behind which the next step goes on, and whether those were all.

    One may have been for thousands of people: what is left of it is the next step's.
    """
    forgotten, left = 0, FORGET_AT_ONCE
    old = db.execute(
        "SELECT created_ns, id FROM alerts WHERE (created_ns, id) > (?, ?) AND created_ns < ?"
        " ORDER BY created_ns, id LIMIT ?",
        (*after, before_ns, FORGET_AT_ONCE),
    ).fetchall()
    for place in old:
        if left <= 0:
            return forgotten, after, False
        alert_id = place[1]
        count, waiting, is_live = db.execute(_STANDING, (before_ns, alert_id)).fetchone()
        left -= 1 + count // LOOKS_FOR_ONE
        if waiting:
            ended = db.execute(_EXPIRE, (WAITED_TOO_LONG, now_ns, alert_id, max(left, 1))).rowcount
            left, is_done = left - ended, ended == waiting
        elif is_live:
            is_done = True
        else:
            gone = db.execute(_DELETE, (alert_id, max(left, 1))).rowcount
            left, is_done = left - gone, gone == count
            if is_done:
                db.execute("DELETE FROM suppressed WHERE alert_id = ?", (alert_id,))
                db.execute("DELETE FROM alerts WHERE id = ?", (alert_id,))
                forgotten += 1
        if not is_done:
            return forgotten, after, False
        after = Place(*place)
    return forgotten, after, len(old) < FORGET_AT_ONCE


def _vacuum(db: sqlite3.Connection) -> bool:
    """Give some free pages back; whether all that can be given is."""
    (free,) = db.execute("PRAGMA freelist_count").fetchone()
    for _ in range(min(free, PAGES_AT_ONCE)):  # the pragma frees a page a step, and the sqlite3 module takes one step
        db.execute("PRAGMA incremental_vacuum(1)")
    (left,) = db.execute("PRAGMA freelist_count").fetchone()
    return bool(left == 0 or left == free)
