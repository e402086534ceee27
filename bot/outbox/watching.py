"""The statements on watchlists and watches: tickers and rules that commands change. Run inside a transaction."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple


class Watch(NamedTuple):
    """A rule that a command made."""

    id: int
    """Never given twice."""
    owner: str
    body: str
    """The rule, JSON, as the YAML would hold it; its name follows from the id."""


def note_tickers(db: sqlite3.Connection, name: str, tickers: Iterable[str], *, is_on: bool, now_ns: int) -> None:
    """Put tickers on the watchlist `name`, or take them off, whatever the YAML says of them."""
    db.executemany(
        "INSERT OR REPLACE INTO watchlists VALUES (?, ?, ?, ?)",
        [(name, ticker, is_on, now_ns) for ticker in tickers],
    )


def changed_tickers(db: sqlite3.Connection) -> dict[str, dict[str, bool]]:
    """What commands changed: watchlist -> ticker -> whether it is on it."""
    found: dict[str, dict[str, bool]] = {}
    for name, ticker, is_on in db.execute("SELECT name, ticker, is_on FROM watchlists ORDER BY name, ticker"):
        found.setdefault(name, {})[ticker] = bool(is_on)
    return found


def add_watch(db: sqlite3.Connection, owner: str, body: str, *, now_ns: int) -> int:
    """Its id."""
    row = db.execute("INSERT INTO watches (owner, body, made_ns) VALUES (?, ?, ?)", (owner, body, now_ns))
    return int(row.lastrowid or 0)


def add_watch_within(db: sqlite3.Connection, owner: str, body: str, most: int, *, now_ns: int) -> int | None:
    """Its id; None, and nothing is added, where `owner` has `most` already."""
    (count,) = db.execute("SELECT COUNT(*) FROM watches WHERE owner = ?", (owner,)).fetchone()
    return add_watch(db, owner, body, now_ns=now_ns) if count < most else None


def watches_of(db: sqlite3.Connection, owner: str) -> list[Watch]:
    """The oldest first."""
    found = db.execute("SELECT id, owner, body FROM watches WHERE owner = ? ORDER BY id", (owner,))
    return [Watch(*row) for row in found]


def remove_watches_of(db: sqlite3.Connection, owner: str, watch_id: int | None) -> list[int]:
    """The ids of those that were there: the one of this id, if it is `owner`'s; None: all of them."""
    found = db.execute(
        "DELETE FROM watches WHERE owner = ?1 AND (?2 IS NULL OR id = ?2) RETURNING id", (owner, watch_id)
    )
    return sorted(gone for (gone,) in found.fetchall())


def remove_watch(db: sqlite3.Connection, watch_id: int) -> bool:
    """Whether there was one."""
    return db.execute("DELETE FROM watches WHERE id = ?", (watch_id,)).rowcount > 0


def watch_ids(db: sqlite3.Connection) -> frozenset[int]:
    return frozenset(watch_id for (watch_id,) in db.execute("SELECT id FROM watches"))


def watches_after(db: sqlite3.Connection, watch_id: int, limit: int) -> list[Watch]:
    """Those made after the watch `watch_id`, oldest first, at most `limit`."""
    found = db.execute("SELECT id, owner, body FROM watches WHERE id > ? ORDER BY id LIMIT ?", (watch_id, limit))
    return [Watch(*row) for row in found]
