"""A store of version 2 is brought up to date, with everything in it."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from bot.gate.verdict import judge
from bot.model.alerts import Repeats
from bot.model.errors import UnavailableError
from bot.model.outcomes import Sent
from bot.outbox.sqlite import open_outbox
from tests.outbox.contract import SECOND_NS, Clock, record_of, take
from tests.samples import NOON_NS, NVDA, a_match

VERSION_2 = """
CREATE TABLE stamps (
  identity   BLOB PRIMARY KEY,
  provider   TEXT NOT NULL,
  contract   TEXT,
  time_ms    INTEGER,
  size       INTEGER,
  premium    REAL,
  alert_id   TEXT NOT NULL,
  stamped_ns INTEGER NOT NULL,
  trade      BLOB NOT NULL
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

CREATE TABLE positions (
  provider    TEXT PRIMARY KEY,
  received_ns INTEGER NOT NULL,
  time_ms     INTEGER
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
"""
CONTRACT = "NVDA260807C00145000"
FACTS = {"type": "call", "strike": 145.0, "expiry": "2026-08-07", "size": 2400, "premium": 2_400_000.0, "side": "ask"}
TRADED = {"time": "2026-07-16T15:59:59.900000Z", "kind": "sweep"}


def body(alert_id: str, ticker: str) -> bytes:
    """An alert as version 2 wrote it: MessagePack."""
    found = {"provider": "radarpulse", "ticker": ticker, "received_ns": NOON_NS, **FACTS, **TRADED}
    hits = [{"rule": "whales", "why": []}]
    return msgspec.msgpack.encode({"id": alert_id, "print": found, "hits": hits, "created_ns": NOON_NS})


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """One alert sent, with a repeat that its message does not tell yet; one queued; a cooldown, a stamp, a notice."""
    path = tmp_path / "flowbot.db"
    db = sqlite3.connect(path)
    db.executescript(
        f"PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; {VERSION_2}; PRAGMA user_version = 2;"
    )
    db.executemany(
        "INSERT INTO alerts VALUES (?, ?, ?, 'bull', 2400000.0, ?)",
        [(name, NOON_NS, ticker, body(name, ticker)) for name, ticker in (("sent0001", "NVDA"), ("wait0001", "SPY"))],
    )
    db.executemany(
        "INSERT INTO deliveries (alert_id, destination, rules, mentions, priority, score, state, batch, place,"
        " attempts, updated_ns, message_id, message_channel, repeats, repeats_usd, repeats_ns, shown, news_ns)"
        " VALUES (?, 'desk', '[\"whales\"]', '[]', 1, 50.0, ?, ?, ?, 1, ?, ?, ?, ?, 700000.0, ?, ?, ?)",
        [
            ("sent0001", "sent", "b1", 0, NOON_NS, "m1", "c1", 2, NOON_NS + 9, 1, NOON_NS + 9),
            ("wait0001", "queued", None, None, NOON_NS, None, None, 0, 0, 0, None),
        ],
    )
    db.execute("INSERT INTO cooldowns VALUES ('whales', ?, ?, 'sent0001')", (CONTRACT, NOON_NS + 60 * SECOND_NS))
    db.execute(
        "INSERT INTO stamps VALUES (?1, 'radarpulse', ?2, ?3, 2400, 2400000.0, 'sent0001', ?4, ?1)",
        (NVDA.identity, CONTRACT, NOON_NS // 10**6 - 100, NOON_NS),
    )
    db.execute("INSERT INTO suppressed VALUES ('sent0001', 'whales', 'repeat', 2)")
    db.execute("INSERT INTO positions VALUES ('radarpulse', ?, NULL)", (NOON_NS,))
    db.execute("INSERT INTO notices VALUES ('parked:desk', ?)", (NOON_NS,))
    db.commit()
    db.close()
    return path


async def test_everything_in_a_store_of_version_2_is_kept(old: Path) -> None:
    outbox = open_outbox(old, Clock())
    try:
        record = await record_of(outbox, "sent0001")
        assert (record.state, record.message_id, record.repeats, record.reason) == ("sent", "m1", 2, "")
        edit = await outbox.next_edit("desk")
        assert edit is not None
        (shown,) = edit.batch.deliveries
        assert (shown.repeats, shown.is_cancelled) == (Repeats(2, 700_000.0, NOON_NS + 9), False)
        await outbox.settle_edit(edit, Sent("m1"))
        assert await outbox.next_edit("desk") is None
        assert not await outbox.may_tell("parked:desk", 3600.0)
        batch = await take(outbox)
        assert batch is not None
        assert [d.alert.id for d in batch.deliveries] == ["wait0001"]
    finally:
        await outbox.close()


async def test_what_version_2_told_is_told_no_second_time_and_can_be_taken_back(old: Path) -> None:
    outbox = open_outbox(old, Clock())
    try:
        assert dict((await outbox.commit([a_match()], judge, {})).suppressed) == {("whales", "duplicate"): 1}
        assert set((await outbox.cancel(NVDA)).edits) == {"desk"}
        assert (await record_of(outbox, "sent0001")).reason == "the trade was cancelled"
    finally:
        await outbox.close()


async def test_how_far_a_feed_was_heard_is_known(old: Path) -> None:
    """Version 2 knew the newest match: an earlier moment, so that no gap is missed."""
    outbox = open_outbox(old, Clock())
    try:
        assert await outbox.heard_until("radarpulse") == NOON_NS
        assert await outbox.heard_until("optionwhales") is None
        assert (list(await outbox.gaps(0)), await outbox.spent("radarpulse:77aa", "2026-07-16")) == ([], 0)
    finally:
        await outbox.close()


async def test_the_tables_are_those_of_a_new_store(old: Path, tmp_path: Path) -> None:
    shapes = []
    for path in (old, tmp_path / "new.db"):
        await open_outbox(path, Clock()).close()
        db = sqlite3.connect(path)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        columns = {(name, *column[1:]) for name in tables for column in db.execute(f"PRAGMA table_info({name})")}
        shapes.append(
            (
                version,
                tables,
                columns,
                set(db.execute("SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE INDEX%'")),
            )
        )
        db.close()
    assert shapes[0] == shapes[1]
    assert shapes[0][0] == 5
    assert "positions" not in shapes[0][1]


def test_a_migration_that_fails_leaves_the_store_as_it_was(old: Path) -> None:
    with sqlite3.connect(old) as db:
        db.execute("CREATE TABLE gaps (mine INTEGER)")
    db.close()
    with pytest.raises(UnavailableError, match="cannot use the store"):
        open_outbox(old, Clock())
    db = sqlite3.connect(old)
    assert db.execute("PRAGMA user_version").fetchone() == (2,)
    assert db.execute("SELECT COUNT(*) FROM positions").fetchone() == (1,)
    assert "cancelled" not in [name for _, name, *_ in db.execute("PRAGMA table_info(stamps)")]
    db.close()
