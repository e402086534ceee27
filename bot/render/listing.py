"""Deliveries and steering acts as lines of text, one each, for commands and whoever asks an admin's questions."""

from collections.abc import Sequence

from bot.model.alerts import DeliveryRecord
from bot.model.steering import Act
from bot.render import words


def listing(records: Sequence[DeliveryRecord], now_ns: int) -> str:
    """In the order given: what it is, its state and since when, attempts, and the reason or where the message is."""
    return _columns([_row(record, now_ns) for record in records])


def delivery_line(record: DeliveryRecord, now_ns: int) -> str:
    """The same of one delivery, for whoever reads no columns."""
    return words.dotted(*_row(record, now_ns))


def acts_listing(acts: Sequence[Act], now_ns: int) -> str:
    """Steering acts in the order given: when, who, what, and what came of it."""
    return _columns(
        [
            [
                words.clock(words.new_york(act.at_ns), now_ns),
                words.one_line(act.by, 80),
                words.one_line(act.what, 120),
                words.one_line(act.result, 300),
            ]
            for act in acts
        ]
    )


def _columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of four cells, the last one ragged."""
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "\n".join(
        "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), *row[3:])).rstrip()
        for row in rows
    )


def _row(record: DeliveryRecord, now_ns: int) -> list[str]:
    attempts = f"{record.attempts} {'attempt' if record.attempts == 1 else 'attempts'}" if record.attempts else ""
    where = record.message_url or (f"message {record.message_id}" if record.message_id else "")
    parts = (attempts, words.one_line(record.reason, 300), where)
    return [
        f"{record.alert_id}@{record.destination}",
        record.state if record.overflow is None or record.state != "queued" else "queued for the digest",
        words.clock(words.new_york(record.updated_ns), now_ns),
        ", ".join(part for part in parts if part),
    ]
