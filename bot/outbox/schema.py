"""The store's tables and their version."""

import sqlite3

from bot.model.errors import UnavailableError

VERSION = 1

TABLES = """
CREATE TABLE stamps (            -- prints that had their verdict: what makes a second one a duplicate
  identity   BLOB PRIMARY KEY,
  provider   TEXT NOT NULL,
  contract   TEXT,               -- NULL: never a twin of another provider's print
  time_ms    INTEGER,
  size       INTEGER,
  premium    REAL,
  alert_id   TEXT NOT NULL,
  stamped_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX stamps_by_contract ON stamps (contract, time_ms) WHERE contract IS NOT NULL;
CREATE INDEX stamps_by_age ON stamps (stamped_ns);

CREATE TABLE cooldowns (
  rule     TEXT NOT NULL,
  key      TEXT NOT NULL,
  until_ns INTEGER NOT NULL,
  alert_id TEXT NOT NULL,
  PRIMARY KEY (rule, key)
) WITHOUT ROWID;

CREATE TABLE alerts (
  id         TEXT PRIMARY KEY,
  created_ns INTEGER NOT NULL,
  body       BLOB NOT NULL       -- the Alert, MessagePack
) WITHOUT ROWID;
CREATE INDEX alerts_by_age ON alerts (created_ns);

CREATE TABLE deliveries (
  id          INTEGER PRIMARY KEY,
  alert_id    TEXT NOT NULL,
  destination TEXT NOT NULL,
  rules       TEXT NOT NULL,     -- JSON array
  mentions    TEXT NOT NULL,     -- JSON array
  priority    INTEGER NOT NULL,  -- 0 high, 1 normal, 2 low
  score       REAL NOT NULL,     -- -1: the print has none
  state       TEXT NOT NULL,
  solo        INTEGER NOT NULL DEFAULT 0,  -- 1: a batch with it was refused; it goes alone
  batch       TEXT,
  place       INTEGER,           -- its place in the batch
  attempts    INTEGER NOT NULL DEFAULT 0,
  updated_ns  INTEGER NOT NULL,
  message_id  TEXT,
  message_url TEXT,
  reason      TEXT NOT NULL DEFAULT '',
  UNIQUE (alert_id, destination)
);
CREATE INDEX deliveries_due ON deliveries (destination, priority, score DESC, id DESC) WHERE state = 'queued';
CREATE INDEX deliveries_by_batch ON deliveries (batch, place) WHERE batch IS NOT NULL;

CREATE TABLE batches (           -- frozen and not yet settled
  id          TEXT PRIMARY KEY,
  destination TEXT NOT NULL,
  frozen_ns   INTEGER NOT NULL,
  attempts    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE suppressed (        -- later prints that an alert kept quiet
  alert_id TEXT NOT NULL,
  rule     TEXT NOT NULL,
  reason   TEXT NOT NULL,
  count    INTEGER NOT NULL,
  PRIMARY KEY (alert_id, rule, reason)
) WITHOUT ROWID;

CREATE TABLE positions (         -- how far each provider's feed is committed
  provider    TEXT PRIMARY KEY,
  received_ns INTEGER NOT NULL,
  time_ms     INTEGER
) WITHOUT ROWID;
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Set the store's modes and make its tables where there are none.

    synchronous=FULL, because "durable" means after a power cut too, and alerts are rare enough to afford it.
    Raises UnavailableError for a store that a newer flowbot wrote.
    """
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # works only before the first table exists
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 5000")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        msg = f"the store has schema {version}, this flowbot knows {VERSION}: run the newer flowbot, or set store.path"
        raise UnavailableError(msg)
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
