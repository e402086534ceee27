"""What a lease costs does not grow with what waits behind it: every statement finds its rows by an index."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import time
from typing import Any

import msgspec
import pytest

from bot.model.prints import Print
from bot.model.terms import ActiveHours, Terms
from bot.outbox import retention, watchers
from bot.outbox.cancellations import cancel, expire_returned
from bot.outbox.edits import next_edit
from bot.outbox.history import explain
from bot.outbox.lease import lease
from bot.outbox.people import SqlitePeople
from bot.outbox.posts import SqlitePosts
from bot.outbox.requests import SqliteRequests
from bot.outbox.schema import prepare
from bot.outbox.stamps import stamp
from bot.outbox.steering import SqliteSteering
from tests.outbox.contract import SECOND_NS, fit
from tests.samples import NOON_NS, NVDA, a_print, an_alert

TERMS = Terms(max_age_s=120.0, budget=100_000, hours=ActiveHours(time(9, 25), time(16, 15)))
MANY, FEW = 10_000, 100
HOUR_NS = 3600 * SECOND_NS


class Recording(sqlite3.Connection):
    """Remembers the statements that were run, with their arguments."""

    statements: list[tuple[str, Any]]

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self.statements.append((sql, parameters))
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        rows = list(parameters)
        self.statements.extend((sql, row) for row in rows[:1])
        return super().executemany(sql, rows)


@pytest.fixture
def db() -> Iterator[Recording]:
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=Recording)
    connection.statements = []
    prepare(connection)
    yield connection
    connection.close()


def fill(db: Recording, count: int, state: str, prefix: str = "a", **columns: Any) -> None:
    """So many deliveries to the desk in this state, and as many alerts."""
    db.executemany(
        "INSERT INTO alerts (id, created_ns, ticker, bias, premium, body) VALUES (?, ?, ?, 'bull', 1.0, ?)",
        [
            (f"{prefix}{n}", NOON_NS, f"T{n % 300}", msgspec.msgpack.encode(an_alert(id=f"{prefix}{n}")))
            for n in range(count)
        ],
    )
    more = "".join(f", {name}" for name in columns)
    places = ", ?" * len(columns)
    db.executemany(
        "INSERT INTO deliveries (alert_id, destination, rules, mentions, priority, score, updated_ns, state"  # noqa: S608 - the names are the tests'
        f"{more}) VALUES (?, 'desk', '[]', '[]', 1, ?, ?, ?{places})",
        [(f"{prefix}{n}", float(n % 100), NOON_NS - 2 * HOUR_NS, state, *columns.values()) for n in range(count)],
    )
    db.statements.clear()


def steps(db: Recording, work: Callable[[], object]) -> int:
    """How many hundreds of SQLite's own instructions it takes: the same on every machine."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    db.set_progress_handler(tick, 100)
    work()
    db.set_progress_handler(None, 0)
    return count


def plans(db: Recording) -> list[str]:
    ran, db.statements = db.statements, []
    return [
        f"{step} <- {sql}"
        for sql, parameters in ran
        for _, _, _, step in db.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
    ]


def needless(found: list[str]) -> list[str]:
    """Steps that read a whole table, or sort."""
    small = ("SCAN batches", "SCAN CONSTANT ROW", "SCAN (subquery")  # what is on its way; the reasons to overflow
    return [step for step in found if "TEMP B-TREE" in step or (step.startswith("SCAN") and not step.startswith(small))]


WAITING = {"stale_ns": NOON_NS + HOUR_NS}
LATER = {"overflow": "backlog", "due_ns": NOON_NS + HOUR_NS}
SITUATIONS: list[tuple[str, dict[str, Any], Terms]] = [
    ("queued", WAITING, TERMS),
    ("queued", WAITING, msgspec.structs.replace(TERMS, is_digested=False)),
    ("queued", LATER, TERMS),
    ("queued", {"overflow": "hours", "due_ns": NOON_NS}, Terms(is_digested=True, hours=None)),
    ("sent", {"message_id": "m", "batch": "b"}, TERMS),
    ("digested", {"message_id": "m", "batch": "b", "overflow": "stale"}, TERMS),
]


@pytest.mark.parametrize(("state", "columns", "terms"), SITUATIONS)
def test_every_statement_of_a_lease_finds_its_rows_by_an_index(
    db: Recording, state: str, columns: dict[str, Any], terms: Terms
) -> None:
    fill(db, FEW, state, **columns)
    fill(db, 3, "queued", prefix="z")
    lease(db, "desk", fit, terms, now_ns=NOON_NS)
    found = plans(db)
    assert found
    is_digest = any("GROUP BY" in step for step in found)  # which sorts what it adds up, once
    assert [step for step in needless(found) if not (is_digest and "TEMP B-TREE" in step)] == []


@pytest.mark.parametrize(
    ("state", "columns", "terms"),
    [one for one in SITUATIONS if one[1].get("overflow") != "hours"],  # a digest that is due takes all there is
)
def test_a_lease_costs_the_same_whatever_waits_behind_it(
    db: Recording, state: str, columns: dict[str, Any], terms: Terms
) -> None:
    costs = []
    for prefix, count in (("a", FEW), ("b", MANY)):
        fill(db, count, state, prefix=prefix, **columns)
        fill(db, 3, "queued", prefix=f"z{prefix}")
        costs.append(steps(db, lambda: lease(db, "desk", fit, terms, now_ns=NOON_NS)))
    assert costs[1] <= 2 * costs[0] + 5, f"hundreds of instructions: {costs}"


def test_marking_a_backlog_skips_only_what_may_wait(db: Recording) -> None:
    fill(db, FEW, "queued")
    lease(db, "desk", fit, Terms(backlog=50), now_ns=NOON_NS)
    assert needless(plans(db)) == []


def test_news_are_found_among_ten_thousand_messages_without_any(db: Recording) -> None:
    fill(db, MANY, "sent", message_id="m", batch="b")
    db.execute("UPDATE deliveries SET repeats = 1, news_ns = 1, batch = 'mine', place = 0 WHERE alert_id = 'a7777'")
    db.statements.clear()
    assert steps(db, lambda: next_edit(db, "desk")) <= 5
    assert needless(plans(db)) == []


@pytest.mark.parametrize("found", [NVDA, a_print(size=7, provider_id="a correction's")])
def test_a_trade_is_taken_back_among_ten_thousand(db: Recording, found: Print) -> None:
    """By its identity, or by its facts."""
    fill(db, MANY, "queued")
    stamps = [(f"i{n}", "radarpulse", f"NVDA260807C{n:08}", f"a{n}") for n in range(MANY)]
    db.executemany(
        "INSERT INTO stamps (identity, provider, contract, time_ms, size, premium, alert_id, stamped_ns, trade)"
        " VALUES (?, ?, ?, 1, 7, 2.4e6, ?, 1, x'')",
        stamps,
    )
    told = a_print(size=found.size)
    stamp(db, told, told.identity, "a7777", trade=told.identity)
    db.execute("UPDATE alerts SET body = ? WHERE id = 'a7777'", (msgspec.msgpack.encode(an_alert(told, id="a7777")),))
    db.execute("INSERT INTO cooldowns SELECT 'whales', id, 1, id FROM alerts")
    db.statements.clear()
    assert dict(cancel(db, found, now_ns=NOON_NS).expired) == {"desk": 1}
    assert [step for step in needless(plans(db)) if "TEMP B-TREE" not in step] == []  # it sorts those of the same facts


PERSON = "dm:discord:7"


async def _ran(db: Recording, part: type, name: str, *arguments: Any) -> None:
    """A method of the outbox's part, whose one job is done here and now."""

    class Here:
        async def do(self, work: Callable[[sqlite3.Connection], object]) -> object:
            return work(db)

    outbox = part()
    outbox._writer, outbox._reader, outbox._now_ns = Here(), Here(), lambda: NOON_NS
    await getattr(outbox, name)(*arguments)


@pytest.mark.parametrize(
    ("part", "name", "arguments"),
    [
        (SqlitePeople, "take_up", (PERSON,)),
        (SqlitePeople, "remains", (PERSON,)),
        (SqlitePeople, "people_with_news", ()),
        (SqlitePeople, "channel_of", (PERSON,)),
        (SqlitePeople, "shut", (PERSON, "closed")),
        (SqlitePeople, "watches_of", ("discord:7",)),
        (SqlitePeople, "add_watch_within", ("discord:7", "{}", 9)),
        (SqlitePeople, "remove_watches_of", ("discord:7", 3)),
        (SqlitePeople, "remove_watches_of", ("discord:7", None)),
        (SqlitePosts, "unposted", ("close", ("desk",))),
        (SqliteSteering, "unmute", ("ticker", "NVDA")),
        (SqliteSteering, "acts", (5, 0)),
        (SqliteRequests, "watches_after", (3, 5)),
    ],
)
async def test_what_is_done_for_one_person_or_one_report_finds_its_rows_by_an_index(
    db: Recording, part: type, name: str, arguments: tuple[Any, ...]
) -> None:
    await _ran(db, part, name, *arguments)
    found = plans(db)
    assert found
    is_fine = ("SCAN acts", "USE TEMP B-TREE FOR ORDER BY <- SELECT batches.id")  # the newest; what is on its way
    assert [step for step in needless(found) if not step.startswith(is_fine)] == []


def test_people_who_are_kept_are_found_by_an_index(db: Recording) -> None:
    watchers.take(db)
    watchers.drop(db, [NVDA.identity])
    watchers.amend(db, NVDA)
    found = [step for step in needless(plans(db)) if not step.startswith("SCAN watchers <-")]  # the first, by number
    assert found == []


def test_why_an_alert_of_thousands_came_is_read_for_one_who_asks(db: Recording) -> None:
    costs = []
    for count in (10, 5000):
        alert_id = f"a{count}"
        tell_people(db, alert_id, count, "sent")
        db.execute("UPDATE alerts SET body = ?", (msgspec.msgpack.encode(an_alert()),))
        costs.append(steps(db, lambda: explain(db, alert_id, "discord:3")))  # noqa: B023 - run at once
    assert costs[1] <= costs[0] + 2, f"hundreds of instructions: {costs}"


def test_what_is_over_is_found_among_ten_thousand_that_are_not(db: Recording) -> None:
    """A popular print begins thousands of cooldowns."""
    fill(db, MANY, "sent")
    db.execute("INSERT INTO cooldowns SELECT 'watch:1', id, ?, id FROM alerts", (NOON_NS + 1,))
    db.statements.clear()
    assert steps(db, lambda: retention.forget(db, NOON_NS, now_ns=NOON_NS)) <= 50


@pytest.mark.parametrize("state", ["sent", "queued", "sending"])
def test_a_step_of_forgetting_looks_at_few_rows_however_many_people_an_alert_was_for(
    db: Recording, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Whether they can go, or not yet: the next step goes on behind them."""
    monkeypatch.setattr(retention, "FORGET_AT_ONCE", 100)
    for n in range(40):
        tell_people(db, f"a{n:02}", 250, state)
    db.execute("INSERT INTO cooldowns SELECT id, alert_id, ?, alert_id FROM deliveries", (NOON_NS,))
    place, costs, is_last = retention.START, [], False
    while not is_last:
        step: list[retention.Step] = []
        costs.append(steps(db, lambda: step.append(retention.forget(db, NOON_NS, now_ns=NOON_NS, after=place))))  # noqa: B023 - run at once
        place, is_last = step[0].reached, step[0].is_last
    assert len(costs) >= 10
    assert max(costs) <= 300, "hundreds of instructions"
    left = dict(db.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state").fetchall())
    assert left == {"sent": {}, "queued": {"expired": 10_000}, "sending": {"sending": 10_000}}[state]


def tell_people(db: Recording, alert_id: str, count: int, state: str) -> None:
    """An alert of long ago, and so many deliveries to people."""
    db.execute("INSERT INTO alerts (id, created_ns, ticker, body) VALUES (?, 1, 'NVDA', x'')", (alert_id,))
    db.executemany(
        "INSERT INTO deliveries (alert_id, destination, rules, mentions, priority, score, updated_ns, state)"
        " VALUES (?, ?, '[]', '[]', 1, 1.0, 1, ?)",
        [(alert_id, f"dm:discord:{n}", state) for n in range(count)],
    )


def test_what_came_back_cancelled_is_found_among_ten_thousand(db: Recording) -> None:
    fill(db, MANY, "queued")
    db.execute("UPDATE deliveries SET cancelled = 1 WHERE alert_id = 'a7777'")
    db.statements.clear()
    assert steps(db, lambda: expire_returned(db, "desk", NOON_NS)) <= 5
    assert needless(plans(db)) == []


def test_a_digest_of_ten_thousand_decodes_only_the_best(db: Recording) -> None:
    fill(db, MANY, "queued", overflow="backlog", due_ns=NOON_NS)
    batch = lease(db, "desk", fit, TERMS, now_ns=NOON_NS).batch
    assert batch is not None
    assert batch.digest is not None
    assert (batch.count, batch.digest.ticker_count, len(batch.digest.top)) == (MANY, 300, 5)
    bodies = [sql for sql, _ in db.statements if "body" in sql and sql.startswith("SELECT")]
    assert len(bodies) == 1
    assert bodies[0].endswith("LIMIT 5")
