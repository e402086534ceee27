"""The SQLite outbox: the contract, and what is its own: locking, versions, group commit."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bot.gate.verdict import judge
from bot.model.errors import StoreError, UnavailableError
from bot.model.matches import Verdict
from bot.outbox.records import alert_id
from bot.outbox.sqlite import SqliteOutbox, open_outbox
from tests.outbox.contract import Clock, OutboxContract
from tests.outbox.contract_cancel import CancelContract
from tests.outbox.contract_lease import LeaseContract
from tests.outbox.contract_ledger import LedgerContract
from tests.outbox.contract_repeats import RepeatsContract
from tests.samples import NVDA, a_match, a_print


class TestContract(OutboxContract):
    pass


class TestLease(LeaseContract):
    pass


class TestRepeats(RepeatsContract):
    pass


class TestCancel(CancelContract):
    pass


class TestLedger(LedgerContract):
    pass


async def test_a_burst_of_a_thousand_costs_a_handful_of_commits(outbox: SqliteOutbox) -> None:
    before = outbox.commits
    async with asyncio.TaskGroup() as tasks:
        for n in range(1000):
            tasks.create_task(outbox.commit([a_match(a_print(size=n + 1))], judge, {}))
    assert outbox.commits - before <= 8


async def test_one_failing_job_does_not_undo_its_neighbours(outbox: SqliteOutbox) -> None:
    def broken(match: object, known: object) -> object:
        raise ValueError("a bug")

    async with asyncio.TaskGroup() as tasks:
        good = [tasks.create_task(outbox.commit([a_match(a_print(size=n))], judge, {})) for n in (1, 2)]
        with pytest.raises(ValueError, match="a bug"):
            await outbox.commit([a_match(a_print(size=3))], broken, {})  # type: ignore[arg-type]  # broken on purpose
        good.append(tasks.create_task(outbox.commit([a_match(a_print(size=4))], judge, {})))
    assert all(len(task.result().alerts) == 1 for task in good)
    assert len((await outbox.commit([a_match(a_print(size=3))], judge, {})).alerts) == 1


async def test_a_question_and_a_commit_do_not_wait_for_one_another(outbox: SqliteOutbox) -> None:
    """However long either takes; and whoever was answered by the one finds it by the other."""
    commit = await outbox.commit([a_match(a_print(size=1))], judge, {})
    entered, leave = threading.Event(), threading.Event()

    def slow(*_: object) -> Verdict:
        entered.set()
        assert leave.wait(30.0)
        return Verdict(())

    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(outbox.commit([a_match(a_print(size=2))], slow, {}))
        await asyncio.to_thread(entered.wait, 30.0)
        assert await outbox.explain(commit.alerts[0].id) is not None
        assert await outbox.delivery_records(["queued"], None, 5)
        assert await outbox.acts(5) == []
        assert await outbox.alerts_of("m1") == []
        assert not writing.done()
        leave.set()


async def test_a_store_that_cannot_write_says_so_and_keeps_nothing(outbox: SqliteOutbox, path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON alerts BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    other.close()
    with pytest.raises(StoreError, match="disk full"):
        await outbox.commit([a_match()], judge, {})
    with sqlite3.connect(path) as other:
        other.execute("DROP TRIGGER full")
    other.close()
    assert len((await outbox.commit([a_match()], judge, {})).alerts) == 1


async def test_a_second_process_is_refused_and_told_who_has_the_store(outbox: SqliteOutbox, path: Path) -> None:
    code = (
        "import sys, pathlib, time\n"
        "from bot.outbox.sqlite import open_outbox\n"
        "from bot.model.errors import UnavailableError\n"
        "try: open_outbox(pathlib.Path(sys.argv[1]), time.time_ns)\n"
        "except UnavailableError as error: print(error)\n"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=30, check=True
    )
    assert "another flowbot (process" in done.stdout
    assert str(path) in done.stdout


def test_a_store_of_a_newer_flowbot_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "flowbot.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UnavailableError, match="schema 99"):
        open_outbox(path, Clock())


def test_a_file_that_is_no_store_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "flowbot.db"
    path.write_text("this is a shopping list, not a database " * 50)
    with pytest.raises(UnavailableError, match="cannot use the store"):
        open_outbox(path, Clock())


async def test_the_store_is_wal_with_incremental_vacuum_and_full_sync(outbox: SqliteOutbox, path: Path) -> None:
    connection = sqlite3.connect(path)
    pragmas = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "auto_vacuum")}
    connection.close()
    assert pragmas == {"journal_mode": "wal", "auto_vacuum": 2}


async def test_two_prints_whose_ids_collide_both_alert(outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.outbox.alerting.alert_id", lambda identity, salt=0: f"same-{salt:03}")
    commit = await outbox.commit([a_match(a_print(size=n)) for n in (1, 2, 3)], judge, {})
    assert [alert.id for alert in commit.alerts] == ["same-000", "same-001", "same-002"]


def test_an_alert_id_follows_from_the_print() -> None:
    ids = {alert_id(a_print(size=n).identity) for n in range(100)}
    assert len(ids) == 100
    assert alert_id(NVDA.identity) == alert_id(a_print(received_ns=1).identity)
    assert all(len(text) == 8 and set(text) <= set("0123456789abcdefghjkmnpqrstvwxyz") for text in ids)
