"""A store of version 1 is brought up to date, with everything in it."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from bot.gate.verdict import judge
from bot.model.errors import UnavailableError
from bot.model.outcomes import Sent
from bot.model.ports import Target
from bot.model.terms import Terms
from bot.outbox.sqlite import open_outbox
from tests.outbox.contract import SECOND_NS, Clock, fit, record_of, take
from tests.samples import NOON_NS, NVDA, a_match, a_print, a_route

VERSION_1 = """
CREATE TABLE stamps (
  identity   BLOB PRIMARY KEY,
  provider   TEXT NOT NULL,
  contract   TEXT,
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
  batch       TEXT,
  place       INTEGER,
  attempts    INTEGER NOT NULL DEFAULT 0,
  updated_ns  INTEGER NOT NULL,
  message_id  TEXT,
  message_url TEXT,
  reason      TEXT NOT NULL DEFAULT '',
  UNIQUE (alert_id, destination)
);
CREATE INDEX deliveries_due ON deliveries (destination, priority, score DESC, id DESC) WHERE state = 'queued';
CREATE INDEX deliveries_by_batch ON deliveries (batch, place) WHERE batch IS NOT NULL;

CREATE TABLE batches (
  id          TEXT PRIMARY KEY,
  destination TEXT NOT NULL,
  frozen_ns   INTEGER NOT NULL,
  attempts    INTEGER NOT NULL DEFAULT 0
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
"""


def body(alert_id: str, **facts: object) -> bytes:
    """An alert as version 1 wrote it: MessagePack of the fields that differed from their defaults, or all of them."""
    return msgspec.msgpack.encode(
        {
            "id": alert_id,
            "print": {"provider": "radarpulse", "received_ns": NOON_NS, **facts},
            "hits": [{"rule": "whales", "why": []}],
            "created_ns": NOON_NS,
            "is_test": False,
        }
    )


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """One alert sent, one queued, one in the middle, one dead; a cooldown, a stamp, a count."""
    path = tmp_path / "flowbot.db"
    db = sqlite3.connect(path)
    db.executescript(
        f"PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; {VERSION_1}; PRAGMA user_version = 1;"
    )
    contract = {"ticker": "NVDA", "type": "call", "strike": 145.0, "expiry": "2026-08-07", "side": "ask"}
    alerts = [
        ("sent0001", body("sent0001", **contract, premium=2_400_000.0, bias="bull")),
        ("wait0001", body("wait0001", ticker="SPY", premium=5.0)),
        ("midd0001", body("midd0001", ticker="AMD")),
        ("dead0001", body("dead0001", ticker="AMD", bias="bear")),
    ]
    db.executemany("INSERT INTO alerts VALUES (?, ?, ?)", [(name, NOON_NS, text) for name, text in alerts])
    rows = [
        ("sent0001", "sent", 0, "b1", 0, "m1", "https://discord.test/m1", ""),
        ("wait0001", "queued", 0, None, None, None, None, ""),
        ("midd0001", "sending", 1, "b2", 0, None, None, ""),
        ("dead0001", "dead", 0, "b0", 0, None, None, "bad"),
    ]
    db.executemany(
        "INSERT INTO deliveries (alert_id, destination, rules, mentions, priority, score, state, solo, batch, place,"
        " attempts, updated_ns, message_id, message_url, reason)"
        " VALUES (?1, 'desk', '[\"whales\"]', '[]', 1, 50.0, ?2, ?3, ?4, ?5, 1, ?9, ?6, ?7, ?8)",
        [(*row, NOON_NS) for row in rows],
    )
    db.execute("INSERT INTO batches VALUES ('b2', 'desk', ?, 0)", (NOON_NS,))
    db.execute(
        "INSERT INTO cooldowns VALUES ('whales', 'NVDA260807C00145000', ?, 'sent0001')", (NOON_NS + 60 * SECOND_NS,)
    )
    db.execute(
        "INSERT INTO stamps VALUES (?, 'radarpulse', 'NVDA260807C00145000', ?, 2400, 2400000.0, 'sent0001', ?)",
        (NVDA.identity, (NOON_NS - SECOND_NS // 10) // 10**6, NOON_NS),
    )
    db.execute("INSERT INTO suppressed VALUES ('sent0001', 'whales', 'cooldown', 3)")
    db.execute("INSERT INTO positions VALUES ('radarpulse', ?, NULL)", (NOON_NS,))
    db.commit()
    db.close()
    return path


async def test_everything_in_a_store_of_version_1_is_kept(old: Path) -> None:
    outbox = open_outbox(old, Clock())
    try:
        sent = await outbox.explain("sent0001")
        assert sent is not None
        (record,) = sent.deliveries
        assert (record.state, record.message_id, record.message_url) == ("sent", "m1", "https://discord.test/m1")
        assert [(s.reason, s.count) for s in sent.suppressed] == [("cooldown", 3)]
        assert (await record_of(outbox, "dead0001")).reason == "bad"
        assert dict(await outbox.waiting()) == {"desk": 1}
        (middle,) = await outbox.interrupted()
        assert [d.alert.id for d in middle.deliveries] == ["midd0001"]
        batch = await take(outbox, Terms(max_age_s=1.0, backlog=0))
        assert batch is not None
        assert [d.alert.id for d in batch.deliveries] == ["wait0001"]
    finally:
        await outbox.close()


async def test_what_version_1_told_is_told_no_second_time_and_can_have_repeats(old: Path) -> None:
    outbox = open_outbox(old, Clock())
    try:
        cooled = a_route(cooldown_s=60.0)
        targets = {"desk": Target(Terms(can_edit=True))}
        again = await outbox.commit([a_match(NVDA, cooled)], judge, targets)
        assert dict(again.suppressed) == {("whales", "duplicate"): 1}
        twin = await outbox.commit([a_match(a_print(provider="other"), cooled)], judge, targets)
        assert dict(twin.suppressed) == {("whales", "twin"): 1}
        repeat = await outbox.commit([a_match(a_print(size=7), cooled)], judge, targets)
        assert dict(repeat.suppressed) == {("whales", "repeat"): 1}
        edit = await outbox.next_edit("desk")
        assert edit is not None
        assert (edit.posted.message_id, edit.posted.channel) == ("m1", None)
        await outbox.settle_edit(edit, Sent("m1"))
    finally:
        await outbox.close()


async def test_a_twin_of_a_trade_that_version_1_knew_is_still_one(old: Path) -> None:
    """Two equal trades, each an alert; the other provider has told of the first, and now tells of the second."""
    at_ms = (NOON_NS - SECOND_NS // 10) // 10**6
    with sqlite3.connect(old) as db:
        db.executemany(
            "INSERT INTO stamps VALUES (?, ?, 'NVDA260807C00145000', ?, 2400, 2400000.0, ?, ?)",
            [(b"2", "radarpulse", at_ms, "dead0001", NOON_NS), (b"3", "other", at_ms, "sent0001", NOON_NS)],
        )
    db.close()
    outbox = open_outbox(old, Clock())
    try:
        commit = await outbox.commit([a_match(a_print(provider="other"))], judge, {})
        assert dict(commit.suppressed) == {("whales", "twin"): 1}
        found = await outbox.explain("dead0001")
        assert found is not None
        assert [(s.reason, s.count) for s in found.suppressed] == [("twin", 1)]
    finally:
        await outbox.close()


async def test_a_digest_adds_up_what_version_1_queued(old: Path) -> None:
    clock = Clock()
    outbox = open_outbox(old, clock)
    try:
        await outbox.commit([a_match(a_print(size=7, score=99.0))], judge, {})

        def one(deliveries: object) -> int:
            return 1

        await outbox.lease("desk", one, Terms(backlog=0))
        clock.at(10)
        digest = (await outbox.lease("desk", fit, Terms(backlog=0))).batch
        assert digest is not None
        assert digest.digest is not None
        assert [(flow.ticker, flow.total.premium_usd) for flow in digest.digest.tickers] == [("SPY", 5.0)]
    finally:
        await outbox.close()


async def test_the_columns_and_indexes_are_those_of_a_new_store(old: Path, tmp_path: Path) -> None:
    shapes = []
    for path in (old, tmp_path / "new.db"):
        await open_outbox(path, Clock()).close()
        db = sqlite3.connect(path)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        assert version == 5
        columns = {
            (table, name, kind, not_null)
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for _, name, kind, not_null, _, _ in db.execute(f"PRAGMA table_info({table})")
        }
        indexes = set(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'"))
        facts = set(db.execute("SELECT id, ticker, bias, premium FROM alerts"))
        shapes.append((columns, indexes))
        db.close()
        if path == old:
            assert facts == {
                ("sent0001", "NVDA", "bull", 2_400_000.0),
                ("wait0001", "SPY", None, 5.0),
                ("midd0001", "AMD", None, None),
                ("dead0001", "AMD", "bear", None),
            }
    assert shapes[0] == shapes[1]


def test_a_migration_that_fails_leaves_the_store_as_it_was(old: Path) -> None:
    with sqlite3.connect(old) as db:
        db.execute("UPDATE alerts SET body = x'00' WHERE id = 'dead0001'")
    db.close()
    with pytest.raises(UnavailableError, match="cannot use the store"):
        open_outbox(old, Clock())
    db = sqlite3.connect(old)
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    assert len(db.execute("PRAGMA table_info(alerts)").fetchall()) == 3
    db.close()
