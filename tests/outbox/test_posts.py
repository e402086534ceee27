"""Reports in the SQLite outbox: the contract, and what is its own: crashes, what is kept, older stores."""

import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from bot.model.alerts import Digest, Flow
from bot.model.outcomes import Outcome, Permanent, Sent, Unknown
from bot.outbox.lease import lease
from bot.outbox.schema import prepare
from bot.outbox.sqlite import SqliteOutbox, open_outbox
from tests.outbox.contract import NO_LIMITS, Clock, fit, take
from tests.outbox.contract_posts import LUNCH, RECAP, UNTIL_NS, PostsContract, report_of
from tests.outbox.test_plans import Recording, needless, plans
from tests.samples import NOON_NS


class TestPosts(PostsContract):
    pass


def rows(path: Path) -> list[tuple[str, str, bytes]]:
    """State, reason and body of every report."""
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT state, reason, body FROM posts ORDER BY id").fetchall()
    connection.close()
    return found


async def queue(outbox: SqliteOutbox) -> None:
    await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)


async def freeze(outbox: SqliteOutbox) -> None:
    await report_of(outbox)


async def doubt(outbox: SqliteOutbox) -> None:
    (batch,) = await outbox.interrupted()
    await outbox.settle(batch, Unknown("timeout"), is_final=False)


async def put_back(outbox: SqliteOutbox) -> None:
    (batch,) = await outbox.interrupted()
    await outbox.requeue(batch, None, is_solo=False)


async def end(outbox: SqliteOutbox) -> None:
    (batch,) = await outbox.interrupted()
    await outbox.settle(batch, Sent("m1"), is_final=True)


async def test_a_crash_at_any_step_leaves_one_report(
    outbox: SqliteOutbox, path: Path, clock: Clock, tmp_path: Path
) -> None:
    """After each step the store's files are taken as they lie there, as a power cut leaves them.

    Opened elsewhere, there is the report exactly once: nowhere yet, waiting, on its way, or at its end.
    """
    steps: list[tuple[Callable[[SqliteOutbox], Awaitable[None]] | None, str]] = [
        (None, "unposted"),
        (queue, "waiting"),
        (queue, "waiting"),
        (freeze, "on its way"),
        (queue, "on its way"),
        (doubt, "on its way"),
        (put_back, "waiting"),
        (freeze, "on its way"),
        (end, "over"),
        (queue, "over"),
    ]
    for number, (step, expected) in enumerate(steps):
        if step is not None:
            await step(outbox)
        copy = tmp_path / f"crash{number}"
        shutil.copytree(path.parent, copy, ignore=shutil.ignore_patterns("*.lock"))
        after = open_outbox(copy / path.name, clock)
        states = {
            "unposted": await after.unposted(LUNCH, ["desk"]) == {"desk"},
            "waiting": dict(await after.waiting()) == {"desk": 1},
            "on its way": [batch.report for batch in await after.interrupted()] == [RECAP],
        }
        assert [state for state, holds in states.items() if holds] == ([] if expected == "over" else [expected])
        taken = None if await take(after) is None else RECAP
        assert taken == (RECAP if expected == "waiting" else None)
        await after.close()


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (Sent("m1"), "sent", ""),
        (Permanent("Invalid Form Body"), "dead", "Invalid Form Body"),
        (Unknown("timeout"), "unknown", "timeout"),
    ],
)
async def test_its_end_is_kept_and_what_it_said_is_not(
    outbox: SqliteOutbox, path: Path, outcome: Outcome, state: str, reason: str
) -> None:
    """A picture is large, and nobody asks for it again."""
    await queue(outbox)
    await outbox.settle(await report_of(outbox), outcome, is_final=True)
    assert rows(path) == [(state, reason, b"")]


async def test_one_that_expired_says_why(outbox: SqliteOutbox, path: Path, clock: Clock) -> None:
    await queue(outbox)
    clock.ns = UNTIL_NS
    await take(outbox)
    assert rows(path) == [("expired", "its time was over before its turn came", b"")]


async def test_a_digest_that_an_older_flowbot_froze_is_read(outbox: SqliteOutbox, path: Path) -> None:
    """Its body was a bare digest before there were reports, and is one still."""
    digest = Digest(Flow(2, 5e6), NOON_NS, NOON_NS, {}, (), 1, (), {"stale": 2})
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO batches (id, destination, frozen_ns, body) VALUES ('d1', 'desk', ?, ?)",
        (NOON_NS, msgspec.msgpack.encode(digest)),
    )
    connection.commit()
    connection.close()
    (found,) = await outbox.interrupted()
    assert (found.digest, found.report, found.deliveries) == (digest, None, ())


async def test_a_lease_finds_a_report_by_an_index() -> None:
    """Whatever else waits, here or elsewhere."""
    db = sqlite3.connect(":memory:", isolation_level=None, factory=Recording)
    db.statements = []
    prepare(db)
    db.executemany(
        "INSERT INTO posts VALUES (?, ?, 0, ?, ?, ?, '', 0)",
        [
            (f"{state}{n}", f"desk{n % 7}", UNTIL_NS, msgspec.msgpack.encode(RECAP), state)
            for n in range(200)
            for state in ("queued", "sent")
        ],
    )
    db.statements.clear()
    batch = lease(db, "desk3", fit, NO_LIMITS, now_ns=NOON_NS).batch
    found = [step for step in plans(db) if "posts" in step]
    db.close()
    assert batch is not None
    assert batch.report == RECAP
    assert len(found) >= 3
    assert needless(found) == []
