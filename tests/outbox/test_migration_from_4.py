"""A store of version 4 is brought up to date, with everything in it; and has room for mutes, acts and reports."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from bot.gate.verdict import judge
from bot.model.errors import UnavailableError
from bot.model.steering import Act, Mute
from bot.outbox.beside import read_acts
from bot.outbox.sqlite import open_outbox
from tests.outbox.contract import SECOND_NS, Clock, record_of, take
from tests.samples import NOON_NS, NVDA, a_match

VERSION_4 = """
CREATE TABLE stamps (
  identity   BLOB PRIMARY KEY,
  provider   TEXT NOT NULL,
  contract   TEXT,
  time_ms    INTEGER,
  size       INTEGER,
  premium    REAL,
  alert_id   TEXT NOT NULL,
  stamped_ns INTEGER NOT NULL,
  trade      BLOB NOT NULL,
  cancelled  INTEGER NOT NULL DEFAULT 0
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
  ticker     TEXT NOT NULL,
  bias       TEXT,
  premium    REAL,
  body       BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX alerts_by_age ON alerts (created_ns);

CREATE TABLE deliveries (
  id          INTEGER PRIMARY KEY,
  alert_id    TEXT NOT NULL,
  destination TEXT NOT NULL,
  rules       TEXT NOT NULL,
  mentions    TEXT NOT NULL,
  priority    INTEGER NOT NULL,
  score       REAL NOT NULL,
  state       TEXT NOT NULL,
  solo        INTEGER NOT NULL DEFAULT 0,
  stale_ns    INTEGER,
  overflow    TEXT NOT NULL DEFAULT '',
  due_ns      INTEGER,
  batch       TEXT,
  place       INTEGER,
  posts       INTEGER NOT NULL DEFAULT 0,
  attempts    INTEGER NOT NULL DEFAULT 0,
  updated_ns  INTEGER NOT NULL,
  message_id  TEXT,
  message_channel TEXT,
  message_url TEXT,
  reason      TEXT NOT NULL DEFAULT '',
  repeats     INTEGER NOT NULL DEFAULT 0,
  repeats_usd REAL NOT NULL DEFAULT 0,
  repeats_ns  INTEGER NOT NULL DEFAULT 0,
  shown       INTEGER NOT NULL DEFAULT 0,
  cancelled   INTEGER NOT NULL DEFAULT 0,
  shown_cancelled INTEGER NOT NULL DEFAULT 0,
  amended     INTEGER NOT NULL DEFAULT 0,
  shown_amended INTEGER NOT NULL DEFAULT 0,
  news_ns     INTEGER,
  UNIQUE (alert_id, destination)
);
CREATE INDEX deliveries_by_batch ON deliveries (batch, place) WHERE batch IS NOT NULL;

CREATE TABLE batches (
  id          TEXT PRIMARY KEY,
  destination TEXT NOT NULL,
  frozen_ns   INTEGER NOT NULL,
  attempts    INTEGER NOT NULL DEFAULT 0,
  body        BLOB
) WITHOUT ROWID;

CREATE TABLE suppressed (
  alert_id TEXT NOT NULL,
  rule     TEXT NOT NULL,
  reason   TEXT NOT NULL,
  count    INTEGER NOT NULL,
  PRIMARY KEY (alert_id, rule, reason)
) WITHOUT ROWID;

CREATE TABLE heard (
  provider TEXT PRIMARY KEY,
  heard_ns INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE notices (
  subject TEXT PRIMARY KEY,
  told_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (destination, priority, solo DESC, score DESC, id DESC)
  WHERE state = 'queued' AND overflow = '';
CREATE INDEX deliveries_aging ON deliveries (destination, stale_ns)
  WHERE state = 'queued' AND overflow = '' AND stale_ns IS NOT NULL;
CREATE INDEX deliveries_overflowing ON deliveries (destination, overflow, due_ns)
  WHERE state = 'queued' AND overflow <> '';
CREATE INDEX deliveries_digested ON deliveries (destination, updated_ns) WHERE batch IS NOT NULL AND overflow <> '';
CREATE INDEX deliveries_sent ON deliveries (destination, updated_ns) WHERE state = 'sent';
CREATE INDEX deliveries_with_news ON deliveries (destination, news_ns)
  WHERE state = 'sent' AND news_ns IS NOT NULL AND message_id IS NOT NULL;

CREATE TABLE gaps (
  provider  TEXT NOT NULL,
  from_ns   INTEGER NOT NULL,
  to_ns     INTEGER NOT NULL,
  recovered INTEGER,
  reason    TEXT NOT NULL,
  PRIMARY KEY (provider, from_ns)
) WITHOUT ROWID;

CREATE TABLE spent (
  account TEXT NOT NULL,
  day     TEXT NOT NULL,
  count   INTEGER NOT NULL,
  PRIMARY KEY (account, day)
);
CREATE INDEX deliveries_cancelled ON deliveries (destination) WHERE state = 'queued' AND cancelled = 1;

CREATE TABLE memories (
  memory TEXT NOT NULL,
  key    TEXT NOT NULL,
  body   BLOB NOT NULL,
  PRIMARY KEY (memory, key)
) WITHOUT ROWID;

CREATE TABLE watchlists (
  name     TEXT NOT NULL,
  ticker   TEXT NOT NULL,
  is_on    INTEGER NOT NULL,
  noted_ns INTEGER NOT NULL,
  PRIMARY KEY (name, ticker)
) WITHOUT ROWID;

CREATE TABLE watches (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  owner    TEXT NOT NULL,
  body     TEXT NOT NULL,
  made_ns  INTEGER NOT NULL
);
CREATE INDEX watches_by_owner ON watches (owner);

CREATE TABLE reloads (
  asked    TEXT PRIMARY KEY,
  asked_ns INTEGER NOT NULL,
  is_good  INTEGER,
  report   TEXT NOT NULL
) WITHOUT ROWID;
"""
CONTRACT = "NVDA260807C00145000"
FACTS = {"type": "call", "strike": 145.0, "expiry": "2026-08-07", "size": 2400, "premium": 2_400_000.0, "side": "ask"}
TRADED = {"time": "2026-07-16T15:59:59.900000Z", "kind": "sweep"}


def body(alert_id: str, ticker: str) -> bytes:
    """An alert as version 4 wrote it: MessagePack."""
    found = {"provider": "radarpulse", "ticker": ticker, "received_ns": NOON_NS, **FACTS, **TRADED}
    hits = [{"rule": "whales", "why": []}]
    return msgspec.msgpack.encode({"id": alert_id, "print": found, "hits": hits, "created_ns": NOON_NS})


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """One alert sent, one queued; a stamp, a cooldown, a watch, what a rule remembers."""
    path = tmp_path / "flowbot.db"
    db = sqlite3.connect(path)
    db.executescript(
        f"PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; {VERSION_4}; PRAGMA user_version = 4;"
    )
    db.executemany(
        "INSERT INTO alerts VALUES (?, ?, ?, 'bull', 2400000.0, ?)",
        [(name, NOON_NS, ticker, body(name, ticker)) for name, ticker in (("sent0001", "NVDA"), ("wait0001", "SPY"))],
    )
    db.executemany(
        "INSERT INTO deliveries (alert_id, destination, rules, mentions, priority, score, state, batch, place,"
        " attempts, updated_ns, message_id) VALUES (?, 'desk', '[\"whales\"]', '[]', 1, 50.0, ?, ?, ?, 1, ?, ?)",
        [("sent0001", "sent", "b1", 0, NOON_NS, "m1"), ("wait0001", "queued", None, None, NOON_NS, None)],
    )
    db.execute("INSERT INTO cooldowns VALUES ('whales', ?, ?, 'sent0001')", (CONTRACT, NOON_NS + 60 * SECOND_NS))
    db.execute(
        "INSERT INTO stamps VALUES (?1, 'radarpulse', ?2, ?3, 2400, 2400000.0, 'sent0001', ?4, ?1, 0)",
        (NVDA.identity, CONTRACT, NOON_NS // 10**6 - 100, NOON_NS),
    )
    db.execute("INSERT INTO memories VALUES ('bursts 77aa', 'NVDA', x'90')")
    db.execute("INSERT INTO watches (owner, body, made_ns) VALUES ('discord:1', '{}', ?)", (NOON_NS,))
    db.commit()
    db.close()
    return path


async def test_everything_in_a_store_of_version_4_is_kept(old: Path) -> None:
    outbox = open_outbox(old, Clock())
    try:
        record = await record_of(outbox, "sent0001")
        assert (record.state, record.message_id) == ("sent", "m1")
        assert dict((await outbox.commit([a_match()], judge, {})).suppressed) == {("whales", "duplicate"): 1}
        batch = await take(outbox)
        assert batch is not None
        assert [d.alert.id for d in batch.deliveries] == ["wait0001"]
    finally:
        await outbox.close()
    with sqlite3.connect(old) as db:
        assert db.execute("SELECT COUNT(*) FROM cooldowns").fetchone() == (1,)
        assert db.execute("SELECT memory, key, body FROM memories").fetchall() == [("bursts 77aa", "NVDA", b"\x90")]
        assert db.execute("SELECT id, owner FROM watches").fetchall() == [(1, "discord:1")]
    db.close()


async def test_it_has_room_for_mutes_and_acts(old: Path) -> None:
    mute = Mute("ticker", "NVDA", NOON_NS + SECOND_NS, "discord:1", "", NOON_NS)
    act = Act(NOON_NS, "discord:1 (ann)", "flowadmin mute ticker NVDA for 1s", "quiet")
    outbox = open_outbox(old, Clock())
    try:
        await outbox.mute(mute, act)
        assert list(await outbox.mutes()) == [mute]
    finally:
        await outbox.close()
    assert read_acts(old, 5) == [act]


async def test_the_tables_are_those_of_a_new_store(old: Path, tmp_path: Path) -> None:
    shapes = []
    for path in (old, tmp_path / "new.db"):
        await open_outbox(path, Clock()).close()
        db = sqlite3.connect(path)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        columns = {(name, *column) for name in tables for column in db.execute(f"PRAGMA table_info({name})")}
        indexes = set(db.execute("SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE INDEX%'"))
        shapes.append((version, tables, columns, indexes))
        db.close()
    assert shapes[0] == shapes[1]
    assert shapes[0][0] == 5
    assert {"mutes", "acts", "posts"} <= set(shapes[0][1])


def test_a_migration_that_fails_leaves_the_store_as_it_was(old: Path) -> None:
    with sqlite3.connect(old) as db:
        db.execute("CREATE TABLE posts (mine INTEGER)")
    db.close()
    with pytest.raises(UnavailableError, match="cannot use the store"):
        open_outbox(old, Clock())
    db = sqlite3.connect(old)
    assert db.execute("PRAGMA user_version").fetchone() == (4,)
    assert db.execute("SELECT COUNT(*) FROM sqlite_master WHERE name IN ('mutes', 'acts')").fetchone() == (0,)
    db.close()
