"""What turns the store of an older flowbot into today's. Runs once, inside one transaction."""

import sqlite3

import msgspec

FROM_1_TO_2 = """
ALTER TABLE stamps ADD COLUMN trade BLOB NOT NULL DEFAULT x'';
UPDATE stamps SET trade = CAST(alert_id AS BLOB);  -- version 1 knew a trade by its alert

ALTER TABLE alerts ADD COLUMN ticker TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN bias TEXT;
ALTER TABLE alerts ADD COLUMN premium REAL;

ALTER TABLE deliveries ADD COLUMN stale_ns INTEGER;
ALTER TABLE deliveries ADD COLUMN overflow TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN due_ns INTEGER;
ALTER TABLE deliveries ADD COLUMN posts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN message_channel TEXT;
ALTER TABLE deliveries ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN repeats_usd REAL NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN repeats_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN news_ns INTEGER;
DROP INDEX deliveries_due;

ALTER TABLE batches ADD COLUMN body BLOB;
"""

FROM_2_TO_3 = """
ALTER TABLE stamps ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN shown_cancelled INTEGER NOT NULL DEFAULT 0;

CREATE TABLE heard (
  provider TEXT PRIMARY KEY,
  heard_ns INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO heard SELECT provider, received_ns FROM positions;  -- version 2 knew the newest match only
DROP TABLE positions;
"""

FROM_3_TO_4 = """
ALTER TABLE deliveries ADD COLUMN amended INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN shown_amended INTEGER NOT NULL DEFAULT 0;
"""

FROM_4_TO_5 = ""
"""Version 5 brought tables and indexes, and changed none."""


class _Facts(msgspec.Struct):
    """Of an alert's print, what version 2 keeps in columns."""

    ticker: str
    bias: str | None = None
    premium: float | None = None


class _Body(msgspec.Struct):
    print: _Facts


def fill_in(db: sqlite3.Connection) -> None:
    """Read the alerts' new columns from their bodies."""
    facts = msgspec.msgpack.Decoder(_Body).decode
    bodies = db.execute("SELECT id, body FROM alerts").fetchall()  # some megabytes: alerts of dedup.keep
    rows = ((body.print, alert_id) for alert_id, body in ((alert_id, facts(body)) for alert_id, body in bodies))
    db.executemany(
        "UPDATE alerts SET ticker = ?, bias = ?, premium = ? WHERE id = ?",
        ((found.ticker, found.bias, found.premium, alert_id) for found, alert_id in rows),
    )
