"""The store's tables and their version."""

import sqlite3

from bot.model.errors import UnavailableError
from bot.outbox.migration import FROM_1_TO_2, FROM_2_TO_3, FROM_3_TO_4, FROM_4_TO_5, fill_in

VERSION = 5

LARGEST_WAL_BYTES = 64 * 2**20
"""What the write-ahead log is cut back to after a burst made it grow; SQLite would keep it at its largest for ever."""

TABLES = """
CREATE TABLE stamps (            -- prints that had their verdict: what makes a second one a duplicate
  identity   BLOB PRIMARY KEY,
  provider   TEXT NOT NULL,
  contract   TEXT,               -- NULL: never a twin of another provider's print
  time_ms    INTEGER,
  size       INTEGER,
  premium    REAL,
  alert_id   TEXT NOT NULL,
  stamped_ns INTEGER NOT NULL,
  trade      BLOB NOT NULL,      -- the identity of the first print that told of this trade: its twins have the same
  cancelled  INTEGER NOT NULL DEFAULT 0    -- 1: its feed took it back
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
  ticker     TEXT NOT NULL,      -- this and the next two: out of the body, so that a digest can add them up
  bias       TEXT,
  premium    REAL,
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
  solo        INTEGER NOT NULL DEFAULT 0,  -- 1: it goes alone, and to no digest: refused in company, or sent by hand
  stale_ns    INTEGER,           -- when it will have waited too long; NULL: never
  overflow    TEXT NOT NULL DEFAULT '',    -- why it goes, or went, to a digest
  due_ns      INTEGER,           -- with overflow: when a digest may tell of it
  batch       TEXT,              -- while sending, and after
  place       INTEGER,           -- its place in the batch
  posts       INTEGER NOT NULL DEFAULT 0,  -- how often it was begun anew: a batch of it is then another message
  attempts    INTEGER NOT NULL DEFAULT 0,
  updated_ns  INTEGER NOT NULL,  -- when its state changed last: of a sent one, when it was sent
  message_id  TEXT,
  message_channel TEXT,
  message_url TEXT,
  reason      TEXT NOT NULL DEFAULT '',
  repeats     INTEGER NOT NULL DEFAULT 0,  -- further prints of its contract and side, inside the cooldown
  repeats_usd REAL NOT NULL DEFAULT 0,
  repeats_ns  INTEGER NOT NULL DEFAULT 0,  -- when the newest was received
  shown       INTEGER NOT NULL DEFAULT 0,  -- how many of them its message is known to tell of
  cancelled   INTEGER NOT NULL DEFAULT 0,  -- 1: the trade was taken back
  shown_cancelled INTEGER NOT NULL DEFAULT 0,  -- 1: its message is known to tell so
  amended     INTEGER NOT NULL DEFAULT 0,  -- how often its alert was changed
  shown_amended INTEGER NOT NULL DEFAULT 0,  -- how many of the changes its message is known to show
  news_ns     INTEGER,           -- since when its message has more to tell; NULL: it has not
  UNIQUE (alert_id, destination)
);
CREATE INDEX deliveries_by_batch ON deliveries (batch, place) WHERE batch IS NOT NULL;

CREATE TABLE batches (           -- frozen and not yet settled
  id          TEXT PRIMARY KEY,
  destination TEXT NOT NULL,
  frozen_ns   INTEGER NOT NULL,
  attempts    INTEGER NOT NULL DEFAULT 0,  -- that may have reached the platform
  body        BLOB               -- the Digest, MessagePack; NULL: the batch carries its deliveries
) WITHOUT ROWID;

CREATE TABLE suppressed (        -- later prints that an alert kept quiet
  alert_id TEXT NOT NULL,
  rule     TEXT NOT NULL,
  reason   TEXT NOT NULL,
  count    INTEGER NOT NULL,
  PRIMARY KEY (alert_id, rule, reason)
) WITHOUT ROWID;

CREATE TABLE heard (             -- when each feed was heard last
  provider TEXT PRIMARY KEY,
  heard_ns INTEGER NOT NULL
) WITHOUT ROWID;
"""

SINCE_2 = """
CREATE TABLE notices (           -- what the admins were told
  subject TEXT PRIMARY KEY,
  told_ns INTEGER NOT NULL
) WITHOUT ROWID;

-- A query finds a partial index only where its WHERE repeats the index's own.
-- What goes next, in its order, whatever else waits:
CREATE INDEX deliveries_due ON deliveries (destination, priority, solo DESC, score DESC, id DESC)
  WHERE state = 'queued' AND overflow = '';
CREATE INDEX deliveries_aging ON deliveries (destination, stale_ns)
  WHERE state = 'queued' AND overflow = '' AND stale_ns IS NOT NULL;
CREATE INDEX deliveries_overflowing ON deliveries (destination, overflow, due_ns)
  WHERE state = 'queued' AND overflow <> '';
-- When the last digest was tried:
CREATE INDEX deliveries_digested ON deliveries (destination, updated_ns) WHERE batch IS NOT NULL AND overflow <> '';
-- How many were sent singly of late:
CREATE INDEX deliveries_sent ON deliveries (destination, updated_ns) WHERE state = 'sent';
CREATE INDEX deliveries_with_news ON deliveries (destination, news_ns)
  WHERE state = 'sent' AND news_ns IS NOT NULL AND message_id IS NOT NULL;
"""
"""What version 2 brought whole: a new store and one of version 1 get it alike."""

SINCE_3 = """
CREATE TABLE gaps (              -- when a feed could not be heard
  provider  TEXT NOT NULL,
  from_ns   INTEGER NOT NULL,
  to_ns     INTEGER NOT NULL,
  recovered INTEGER,             -- prints that were given back; NULL: it could not be recovered, or not yet
  reason    TEXT NOT NULL,
  PRIMARY KEY (provider, from_ns)
) WITHOUT ROWID;

CREATE TABLE spent (             -- requests that a key has used
  account TEXT NOT NULL,         -- names the key and does not hold it
  day     TEXT NOT NULL,         -- 2026-11-22
  count   INTEGER NOT NULL,
  PRIMARY KEY (account, day)
);

-- What came back to the queue after its trade was taken back:
CREATE INDEX deliveries_cancelled ON deliveries (destination) WHERE state = 'queued' AND cancelled = 1;
"""
"""What version 3 brought whole."""

SINCE_4 = """
CREATE TABLE memories (          -- what rules with memory remember
  memory TEXT NOT NULL,          -- the rule's name, and a digest of what it asks for
  key    TEXT NOT NULL,          -- a contract, a ticker ...
  body   BLOB NOT NULL,
  PRIMARY KEY (memory, key)
) WITHOUT ROWID;

CREATE TABLE watchlists (        -- tickers that were put on a watchlist, or taken off, since the YAML was written
  name     TEXT NOT NULL,
  ticker   TEXT NOT NULL,
  is_on    INTEGER NOT NULL,     -- 0: taken off
  noted_ns INTEGER NOT NULL,
  PRIMARY KEY (name, ticker)
) WITHOUT ROWID;

CREATE TABLE watches (           -- rules that commands made, one at a time
  id       INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: the service reads on from the last it knows
  owner    TEXT NOT NULL,
  body     TEXT NOT NULL,        -- the rule, JSON, as the YAML would hold it
  made_ns  INTEGER NOT NULL
);
CREATE INDEX watches_by_owner ON watches (owner);

CREATE TABLE reloads (           -- who asked that the configuration be read anew, and what came of it
  asked    TEXT PRIMARY KEY,     -- a name of the asker's own
  asked_ns INTEGER NOT NULL,
  is_good  INTEGER,              -- NULL: not yet
  report   TEXT NOT NULL
) WITHOUT ROWID;
"""
"""What version 4 brought whole."""

SINCE_5 = """
CREATE TABLE mutes (             -- what is kept quiet: see bot.model.steering.Mute
  kind     TEXT NOT NULL,
  name     TEXT NOT NULL,
  until_ns INTEGER,              -- NULL: until somebody ends it
  by       TEXT NOT NULL,
  reason   TEXT NOT NULL,
  made_ns  INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) WITHOUT ROWID;

CREATE TABLE acts (              -- the audit log: who steered, when, and what came of it
  id     INTEGER PRIMARY KEY,
  at_ns  INTEGER NOT NULL,
  by     TEXT NOT NULL,
  what   TEXT NOT NULL,
  result TEXT NOT NULL
);

CREATE TABLE posts (             -- reports that wait for their turn, or are on their way
  id          TEXT PRIMARY KEY,  -- the batch's: it follows from the report, the day and the destination
  destination TEXT NOT NULL,
  made_ns     INTEGER NOT NULL,
  until_ns    INTEGER NOT NULL,  -- later it is no news, and is not posted
  body        BLOB NOT NULL,     -- the Answer, MessagePack
  state       TEXT NOT NULL,     -- queued, sending, sent, expired, dead, unknown
  reason      TEXT NOT NULL DEFAULT '',
  updated_ns  INTEGER NOT NULL
) WITHOUT ROWID;
-- A popular print begins thousands: those that are over are found among those that are not.
CREATE INDEX cooldowns_by_end ON cooldowns (until_ns);

CREATE TABLE watchers (          -- people whose watches matched a print, where they are many: to be judged and told
  id       INTEGER PRIMARY KEY,  -- in this order, a row at a time
  identity BLOB NOT NULL,        -- the print's; its stamp names the alert, if there is one yet
  print    BLOB NOT NULL,        -- the Print, MessagePack
  routes   BLOB NOT NULL         -- their watches, MessagePack: see bot.outbox.watchers
);
CREATE INDEX watchers_by_print ON watchers (identity);

CREATE INDEX posts_due ON posts (destination, made_ns) WHERE state = 'queued';
CREATE INDEX posts_by_age ON posts (updated_ns);

-- Which alerts a message tells of:
CREATE INDEX deliveries_by_message ON deliveries (message_id) WHERE message_id IS NOT NULL;
"""
"""What version 5 brought whole."""

_UP_TO_DATE = {
    0: f"{TABLES} {SINCE_2} {SINCE_3} {SINCE_4} {SINCE_5}",
    1: f"{FROM_1_TO_2} {SINCE_2} {FROM_2_TO_3} {SINCE_3} {FROM_3_TO_4} {SINCE_4} {FROM_4_TO_5} {SINCE_5}",
    2: f"{FROM_2_TO_3} {SINCE_3} {FROM_3_TO_4} {SINCE_4} {FROM_4_TO_5} {SINCE_5}",
    3: f"{FROM_3_TO_4} {SINCE_4} {FROM_4_TO_5} {SINCE_5}",
    4: f"{FROM_4_TO_5} {SINCE_5}",
}
"""A store's version (0: it is new) -> what makes it today's."""


def prepare(connection: sqlite3.Connection) -> None:
    """Set the store's modes; make its tables where there are none, and bring those of an older flowbot up to date.

    synchronous=FULL, because "durable" means after a power cut too, and alerts are rare enough to afford it.
    Raises UnavailableError for a store that a newer flowbot wrote.
    """
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # works only before the first table exists
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute(f"PRAGMA journal_size_limit = {LARGEST_WAL_BYTES}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        msg = f"the store has schema {version}, this flowbot knows {VERSION}: run the newer flowbot, or set store.path"
        raise UnavailableError(msg)
    if version < VERSION:
        # One script, because a second would commit the first.
        connection.executescript(f"BEGIN IMMEDIATE; {_UP_TO_DATE[version]} PRAGMA user_version = {VERSION};")
        if version == 1:
            fill_in(connection)
        connection.execute("COMMIT")
