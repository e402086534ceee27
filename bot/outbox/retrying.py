"""The statements that send again what failed, because a person asks for it. Run inside a transaction."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.model.alerts import DeliveryRecord, DeliveryState
from bot.model.errors import InputError
from bot.outbox.rows import records

RETRIED: tuple[DeliveryState, ...] = ("dead", "unknown", "expired")
"""Where a delivery ended without having been told."""


def retry(db: sqlite3.Connection, wanted: str, store: str, *, now_ns: int) -> list[DeliveryRecord]:
    """Queue an alert's deliveries that ended dead, unknown or expired again, before all others, each alone.

    `wanted` is an alert's id, or `alert@destination`; `store` is what a reader knows the store by. Returns what was
    queued. Raises InputError where there is nothing of the sort.
    """
    alert_id, _, destination = wanted.strip().partition("@")
    alert_id = alert_id.lower()
    found = records(db, "WHERE alert_id = ? ORDER BY id", (alert_id,))
    chosen = _retried(found, alert_id, destination, store)
    db.executemany(
        "UPDATE deliveries SET state = 'queued', priority = 0, solo = 1, overflow = '',"
        " due_ns = NULL, batch = NULL, place = NULL, posts = posts + 1, message_id = NULL, message_channel = NULL,"
        " message_url = NULL, reason = '', updated_ns = ? WHERE alert_id = ? AND destination = ?",
        [(now_ns, alert_id, record.destination) for record in chosen],
    )
    queued = records(db, "WHERE alert_id = ? AND state = 'queued' ORDER BY id", (alert_id,))
    names = {record.destination for record in chosen}
    return [record for record in queued if record.destination in names]


def _retried(found: Sequence[DeliveryRecord], alert_id: str, destination: str, store: str) -> list[DeliveryRecord]:
    if not found:
        raise InputError(f'no alert "{alert_id}" in {store}; the list of deliveries has the ids')
    meant = [record for record in found if destination in ("", record.destination)]
    if not meant:
        others = ", ".join(record.destination for record in found)
        raise InputError(f'alert {alert_id} has no delivery to "{destination}"; it has {others}')
    chosen = [record for record in meant if record.state in RETRIED]
    if not chosen:
        states = ", ".join(map(_stands, meant))
        msg = f"alert {alert_id} {states}; only dead, unknown and expired deliveries are sent again"
        raise InputError(msg)
    return chosen


def _stands(record: DeliveryRecord) -> str:
    """`was sent to desk at 2026-07-16 16:00:05 UTC`."""
    at = datetime.fromtimestamp(record.updated_ns // 10**9, UTC)
    verb = {"queued": "is queued for", "sending": "is on its way to"}.get(record.state, f"was {record.state} to")
    return f"{verb} {record.destination} {'since' if verb.startswith('is') else 'at'} {at:%Y-%m-%d %H:%M:%S} UTC"
