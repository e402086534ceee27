"""Deliveries as an admin reads them in a terminal."""

from datetime import UTC, datetime

from bot.model.alerts import DeliveryRecord
from bot.render.listing import delivery_line, listing

NOW_NS = int(datetime(2026, 7, 16, 16, 0, tzinfo=UTC).timestamp()) * 1_000_000_000
EARLIER_NS = NOW_NS - 90 * 1_000_000_000


def test_one_line_each_in_columns() -> None:
    """The id is what --retry takes; a dead one shows the platform's words, a sent one where it is."""
    records = (
        DeliveryRecord("7kq2m9xd", "whale-room", "dead", ("r",), 1, EARLIER_NS, reason="HTTP 400:\nbad embed"),
        DeliveryRecord("k3v9x2ab", "desk", "sent", ("r",), 2, NOW_NS, message_id="1784.5"),
        DeliveryRecord("aaaa0000", "desk", "queued", ("r",), 0, NOW_NS, overflow="backlog"),
    )
    assert listing(records, NOW_NS).splitlines() == [
        "7kq2m9xd@whale-room  dead                   11:58:30 ET  1 attempt, HTTP 400: bad embed",
        "k3v9x2ab@desk        sent                   12:00:00 ET  2 attempts, message 1784.5",
        "aaaa0000@desk        queued for the digest  12:00:00 ET",
    ]


def test_one_alone_without_columns() -> None:
    record = DeliveryRecord("7kq2m9xd", "desk", "dead", ("r",), 1, EARLIER_NS, reason="HTTP 400")
    assert delivery_line(record, NOW_NS) == "7kq2m9xd@desk · dead · 11:58:30 ET · 1 attempt, HTTP 400"


def test_nothing_is_nothing() -> None:
    assert listing((), NOW_NS) == ""
