"""The statements by which another process asks the service to read its configuration anew, and hears what came of it.

Run inside a transaction.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

FORGOTTEN_AFTER_NS = 3600 * 10**9


class Reloaded(NamedTuple):
    """What became of it."""

    is_good: bool
    report: str


def ask(db: sqlite3.Connection, asked: str, *, now_ns: int) -> None:
    """`asked`: a name that the asker makes up, and no one else."""
    db.execute("DELETE FROM reloads WHERE asked_ns < ?", (now_ns - FORGOTTEN_AFTER_NS,))
    db.execute("INSERT INTO reloads VALUES (?, ?, NULL, '')", (asked, now_ns))


def unanswered(db: sqlite3.Connection) -> list[str]:
    return [asked for (asked,) in db.execute("SELECT asked FROM reloads WHERE is_good IS NULL")]


def answer(db: sqlite3.Connection, asked: Sequence[str], found: Reloaded) -> None:
    db.executemany(
        "UPDATE reloads SET is_good = ?, report = ? WHERE asked = ?",
        [(found.is_good, found.report, name) for name in asked],
    )


def answered(db: sqlite3.Connection, asked: str) -> Reloaded | None:
    """None: not yet."""
    row = db.execute("SELECT is_good, report FROM reloads WHERE asked = ? AND is_good IS NOT NULL", (asked,)).fetchone()
    return None if row is None else Reloaded(bool(row[0]), row[1])
