"""A delivery as the store has it, read back into the model's words; and the id of a batch of them."""

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple, get_args

import msgspec

from bot.model.alerts import Alert, Delivery, DeliveryRecord, Priority, Repeats

PRIORITIES: tuple[Priority, ...] = get_args(Priority)
RANK = "priority, solo DESC, score DESC, deliveries.id DESC"
"""Who goes first: by priority; what must go alone, being late already; then score; then the newest."""

TRADE_CANCELLED = "the trade was cancelled"
"""Why a delivery ended before its time, and what a message that stands tells by now."""

decode_alert = msgspec.msgpack.Decoder(Alert).decode
decode_words = msgspec.json.Decoder(tuple[str, ...]).decode

_DELIVERIES = (
    "SELECT deliveries.id, solo, posts, body, destination, rules, priority, mentions, repeats, repeats_usd, repeats_ns,"
    " cancelled, amended FROM deliveries JOIN alerts ON alerts.id = alert_id "
)
_RECORDS = (
    "SELECT alert_id, destination, state, rules, attempts, updated_ns, message_id, message_url,"  # noqa: S608 - our words
    f" CASE WHEN cancelled = 0 OR reason = '{TRADE_CANCELLED}' THEN reason"
    f" ELSE '{TRADE_CANCELLED}' || CASE reason WHEN '' THEN '' ELSE '; ' || reason END END,"
    " repeats, overflow FROM deliveries "
)


class Row(NamedTuple):
    """A delivery, and what the store alone knows of it."""

    id: int
    is_solo: bool
    name: str
    """What a batch's id is made of: the delivery's id, and which message of it this is."""
    delivery: Delivery


def read_alert(db: sqlite3.Connection, alert_id: str) -> Alert | None:
    """The alert as it is now; None where the id is unknown or forgotten."""
    row = db.execute("SELECT body FROM alerts WHERE id = ?", (alert_id,)).fetchone()
    return None if row is None else decode_alert(row[0])


def rows(db: sqlite3.Connection, where: str, arguments: tuple[object, ...]) -> list[Row]:
    """The deliveries that `where` (and what follows it) picks."""
    found = []
    for row_id, solo, posts, body, destination, rules, priority, mentions, *since in db.execute(
        _DELIVERIES + where, arguments
    ):
        count, usd, last_ns, cancelled, amended = since
        delivery = Delivery(
            decode_alert(body),
            destination,
            decode_words(rules),
            PRIORITIES[priority],
            decode_words(mentions),
            Repeats(count, usd, last_ns) if count else None,
            is_cancelled=bool(cancelled),
            amendments=amended,
        )
        found.append(Row(row_id, bool(solo), name(delivery.id, posts), delivery))
    return found


def deliveries(db: sqlite3.Connection, where: str, arguments: tuple[object, ...]) -> tuple[Delivery, ...]:
    """The same without what the store alone knows."""
    return tuple(row.delivery for row in rows(db, where, arguments))


def records(db: sqlite3.Connection, where: str, arguments: tuple[object, ...]) -> list[DeliveryRecord]:
    """What became of the deliveries that `where` (and what follows it) picks."""
    return [
        DeliveryRecord(
            alert_id=alert_id,
            destination=destination,
            state=state,
            rules=decode_words(rules),
            attempts=attempts,
            updated_ns=updated_ns,
            message_id=message_id,
            message_url=url,
            reason=reason,
            repeats=repeats,
            overflow=overflow or None,
        )
        for alert_id, destination, state, rules, attempts, updated_ns, message_id, url, reason, repeats, overflow in (
            db.execute(_RECORDS + where, arguments)
        )
    ]


def name(delivery_id: str, posts: int) -> str:
    """A delivery that is begun anew is another message: the platform would drop the same nonce."""
    return f"{delivery_id}#{posts}" if posts else delivery_id


def batch_id(names: Iterable[str]) -> str:
    """24 characters of [0-9a-f] (Discord's nonce takes 25), the same for the same deliveries.

    So a batch that was refused and then frozen again unchanged is still the same message to the platform.
    """
    return blake2b(" ".join(names).encode(), digest_size=12).hexdigest()
