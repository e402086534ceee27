"""The statements that remember prints, so that none is told twice: stamps, and what the store knows of a match."""

import sqlite3
from datetime import UTC, datetime
from functools import cache, partial
from typing import NamedTuple

from bot.gate.verdict import TWIN_WINDOW_S, is_twin, key_of
from bot.model.matches import Known, Match
from bot.model.prints import Print


class Seen(NamedTuple):
    """What the store knows of a match."""

    known: Known
    trade: bytes
    """The identity of the first print that told of the same trade: the print's own, unless it is a twin."""


def look_up(db: sqlite3.Connection, match: Match, identity: bytes) -> Seen:
    """What the store knows of this match; the first thing that decides is enough."""
    row = db.execute("SELECT alert_id, trade FROM stamps WHERE identity = ?", (identity,)).fetchone()
    if row is not None:
        return Seen(Known(duplicate_of=row[0]), row[1])
    twin = _twin(db, match.print)
    if twin is not None:
        return Seen(Known(twin_of=twin[0]), twin[1])
    return Seen(Known(cooling=cooling(db, match)), identity)


def cooling(db: sqlite3.Connection, match: Match) -> dict[str, str]:
    """The match's rules in cooldown, each with the alert that began it."""
    found: dict[str, str] = {}
    key = cache(partial(key_of, match.print))  # thousands of people may watch one ticker
    for route in match.routes:
        if route.cooldown_s > 0:
            row = db.execute(
                "SELECT alert_id FROM cooldowns WHERE rule = ? AND key = ? AND until_ns > ?",
                (route.rule, key(route.cooldown_by), match.print.received_ns),
            ).fetchone()
            if row is not None:
                found[route.rule] = row[0]
    return found


def _twin(db: sqlite3.Connection, found: Print) -> tuple[str, bytes] | None:
    """The same trade from another provider: its alert and name. One print there is the twin of one print here.

    By trade and not by alert: the repeats of an alert are trades of their own, each with its own twin.
    """
    contract = found.contract
    if contract is None or found.time is None:
        return None
    at_ms = int(found.time.timestamp() * 1000)
    slack_ms = int(TWIN_WINDOW_S * 1000) + 1
    rows = db.execute(
        "SELECT time_ms, size, premium, alert_id, trade FROM stamps AS theirs"
        " WHERE contract = ? AND time_ms BETWEEN ? AND ? AND provider <> ?"
        " AND NOT EXISTS (SELECT 1 FROM stamps AS ours WHERE ours.contract = theirs.contract"
        "  AND ours.trade = theirs.trade AND ours.provider = ? AND ours.time_ms IS NOT NULL)",
        (contract, at_ms - slack_ms, at_ms + slack_ms, found.provider, found.provider),
    )
    for time_ms, size, premium, alert_id, trade in rows:
        if is_twin(found, time=datetime.fromtimestamp(time_ms / 1000, UTC), size=size, premium=premium):
            return alert_id, trade
    return None


def stamp(db: sqlite3.Connection, found: Print, identity: bytes, alert_id: str, *, trade: bytes) -> None:
    """Remember that `found`, one telling of `trade`, had its verdict, and which alert speaks for it."""
    time_ms = None if found.time is None else int(found.time.timestamp() * 1000)
    db.execute(
        "INSERT INTO stamps (identity, provider, contract, time_ms, size, premium, alert_id, stamped_ns, trade)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(identity, found.provider, found.contract, time_ms, found.size, found.premium),
            *(alert_id, found.received_ns, trade),
        ),
    )


def stamped(db: sqlite3.Connection, identity: bytes) -> str | None:
    """The alert that speaks for a print; empty where none does, None where the print is unknown or forgotten."""
    row = db.execute("SELECT alert_id FROM stamps WHERE identity = ?", (identity,)).fetchone()
    return None if row is None else row[0]


def restamp(db: sqlite3.Connection, identity: bytes, alert_id: str) -> None:
    """Another alert speaks for the print from now on."""
    db.execute("UPDATE stamps SET alert_id = ? WHERE identity = ?", (alert_id, identity))
