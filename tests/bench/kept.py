"""What flowbot's store holds of each delivery, read beside the running service; changes nothing."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bot.model.alerts import Alert

_decode = msgspec.msgpack.Decoder(Alert).decode


@dataclass(frozen=True, slots=True)
class Kept:
    """One delivery."""

    mark: int
    destination: str
    state: str
    message_id: str | None


def waiting(store: Path) -> Mapping[str, int]:
    """Deliveries whose end is open, by destination."""
    with closing(_open(store)) as db:
        rows = db.execute(
            "SELECT destination, COUNT(*) FROM deliveries WHERE state IN ('queued', 'sending') GROUP BY destination"
        )
        return dict(rows.fetchall())


def alerts(store: Path) -> int:
    """All that were committed."""
    with closing(_open(store)) as db:
        (count,) = db.execute("SELECT COUNT(*) FROM alerts").fetchone()
        return int(count)


def kept(store: Path) -> list[Kept]:
    """Every delivery."""
    with closing(_open(store)) as db:
        rows = db.execute(
            "SELECT body, destination, state, message_id FROM deliveries JOIN alerts ON alerts.id = alert_id"
        )
        return [Kept(_mark(body), *others) for body, *others in rows]


def _mark(body: bytes) -> int:
    """The bench's prints are known by their strikes."""
    return int(_decode(body).print.strike or 0)


def _open(store: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)
