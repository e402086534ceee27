"""What another process may ask of the store's file, and do to it, beside a running service."""

import contextlib
import fcntl
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bot.model.alerts import DeliveryRecord, DeliveryState, Explanation
from bot.model.errors import UnavailableError
from bot.model.steering import Act
from bot.outbox import history, reloads, retrying, steering, watching
from bot.outbox.reloads import Reloaded
from bot.outbox.rows import records
from bot.outbox.schema import VERSION

BUSY_S = 5.0
"""How long to wait for the service's own transaction."""


def read_explanation(path: Path, alert_id: str) -> Explanation | None:
    """Everything known about one alert; None where the id is unknown. Raises UnavailableError without a store."""
    with _opened(path, "ro") as db:
        return history.explain(db, alert_id)


def read_deliveries(
    path: Path, *, state: DeliveryState | None, destination: str | None, limit: int
) -> list[DeliveryRecord]:
    """Deliveries, newest alert first, at most `limit`; None: of any. Raises UnavailableError without a store."""
    with _opened(path, "ro") as db:
        return records(
            db,
            "WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR destination = ?2) ORDER BY id DESC LIMIT ?3",
            (state, destination, limit),
        )


def retry_deliveries(path: Path, wanted: str, now_ns: int) -> list[DeliveryRecord]:
    """Queue an alert's deliveries that ended dead, unknown or expired again, before all others, each alone.

    `wanted` is an alert's id, or `alert@destination`. Returns what was queued. A running service sees it by
    `SqliteOutbox.is_changed_elsewhere`. Raises InputError where there is nothing of the sort, UnavailableError
    without a store.
    """
    with _opened(path, "rw") as db:
        db.execute("BEGIN IMMEDIATE")
        queued = retrying.retry(db, wanted, str(path), now_ns=now_ns)
        db.execute("COMMIT")
    return queued


def read_acts(path: Path, limit: int) -> list[Act]:
    """The audit log's newest acts, that first. Raises UnavailableError without a store."""
    with _opened(path, "ro") as db:
        return steering.acts(db, limit)


def read_watchlists(path: Path) -> Mapping[str, Mapping[str, bool]]:
    """What commands changed: watchlist -> ticker -> whether it is on it. Raises UnavailableError without a store."""
    with _opened(path, "ro") as db:
        return watching.changed_tickers(db)


def change_watchlist(path: Path, name: str, tickers: Sequence[str], *, is_on: bool, now_ns: int) -> None:
    """Put tickers on a watchlist, or take them off; a running service sees it. Raises UnavailableError."""
    with _opened(path, "rw") as db:
        db.execute("BEGIN IMMEDIATE")
        watching.note_tickers(db, name, tickers, is_on=is_on, now_ns=now_ns)
        db.execute("COMMIT")


def add_watches(path: Path, owner: str, bodies: Iterable[str], now_ns: int) -> list[int]:
    """Keep rules for `owner`, JSON each; their ids. A running service sees them. Raises UnavailableError."""
    with _opened(path, "rw") as db:
        db.execute("BEGIN IMMEDIATE")
        ids = [watching.add_watch(db, owner, body, now_ns=now_ns) for body in bodies]
        db.execute("COMMIT")
    return ids


def remove_watches(path: Path, ids: Iterable[int]) -> None:
    """Drop watches; a running service sees it. Raises UnavailableError."""
    with _opened(path, "rw") as db:
        db.execute("BEGIN IMMEDIATE")
        for watch_id in ids:
            watching.remove_watch(db, watch_id)
        db.execute("COMMIT")


def ask_reload(path: Path, asked: str, now_ns: int) -> None:
    """Ask the running service to read its configuration anew. `asked`: a name of the asker's own.

    Raises UnavailableError where no service runs on this store.
    """
    with _opened(path, "rw") as db:
        if not _is_served(path):
            raise UnavailableError(f"no flowbot is running on the store {path}: `flowbot run` reads the file anyway")
        reloads.ask(db, asked, now_ns=now_ns)


def reload_answer(path: Path, asked: str) -> Reloaded | None:
    """What became of it; None: nothing yet. Raises UnavailableError."""
    with _opened(path, "ro") as db:
        return reloads.answered(db, asked)


def _is_served(path: Path) -> bool:
    """Whether a process holds the store's lock."""
    try:
        with path.with_name(path.name + ".lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@contextlib.contextmanager
def _opened(path: Path, access: str) -> Iterator[sqlite3.Connection]:
    """The store's file, not the service's lock: SQLite lets one write at a time, and any read."""
    if not path.exists():
        raise UnavailableError(f"there is no store at {path}: has `flowbot run` ever run with this configuration?")
    try:
        uri = f"{path.absolute().as_uri()}?mode={access}"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                msg = f"the store {path} has schema {version}, this flowbot knows {VERSION}: "
                raise UnavailableError(msg + ("`flowbot run` updates it" if version < VERSION else "update flowbot"))
            yield db
    except sqlite3.Error as error:
        raise UnavailableError(f"cannot use the store {path}: {error}") from error
