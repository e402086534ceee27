"""A start in the middle of a day: the session knows what the tape knows, each print once, whatever comes meanwhile."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.engine import recalling as module
from bot.engine.recalling import Recalling
from bot.engine.session import Query, Session
from bot.model.prints import Print
from bot.providers.taped import Sort
from tests.engine.test_filling import NOW_NS, OPENING_NS, at, pulse, record
from tests.engine.test_session import looked
from tests.samples import a_print

SORTS: dict[str, Sort] = {"radarpulse": "radarpulse"}


def live(strike: float, *, received_ns: int = NOW_NS, **changes: Any) -> Print:
    """A print of now, of one million."""
    time = datetime.fromtimestamp(received_ns / 1e9, UTC)
    return a_print(strike=strike, received_ns=NOW_NS + 1, **{"time": time, "premium": 1e6, "bias": "bull", **changes})


async def test_the_morning_is_there_again(tmp_path: Path) -> None:
    """Two tickers before the start and one print since: all three, with the day's sums and its timeline."""
    record(tmp_path, pulse("2026-11-18 09:31", strike=100, type="CALL", expiry="2026-12-18", bias="BULL"),
           pulse("2026-11-18 10:00", "AMD", strike=90, type="PUT", expiry="2026-12-18", bias="BEAR"))  # fmt: skip
    session = Session()
    recalling = Recalling(session, lambda: NOW_NS)
    recalling.add(live(145.0))
    assert await recalling.recall(tmp_path, SORTS)
    recalling.add(live(150.0, ticker="AMD"))
    assert session.summary().totals.prints == 4
    assert {(found.ticker, found.strike) for found in looked(session.top(Query()))} == {
        ("NVDA", 100.0), ("AMD", 90.0), ("NVDA", 145.0), ("AMD", 150.0),
    }  # fmt: skip
    assert [bucket.begins_ns for bucket in session.timeline()] == [
        OPENING_NS, at("2026-11-18 10:00"), NOW_NS,
    ]  # fmt: skip
    nvda = session.ticker("NVDA")
    assert nvda is not None
    assert nvda.totals.bull_usd == 3e6
    assert sorted(found.strike or 0 for found in looked(session.top(Query(ticker="NVDA")))) == [100.0, 145.0], (
        "each once"
    )


async def test_what_a_gap_gives_back_and_the_tape_has_counts_once(tmp_path: Path) -> None:
    """After a start feeds give back a little more than was missed."""
    record(tmp_path, pulse("2026-11-18 11:50", strike=100))
    session = Session()
    recalling = Recalling(session, lambda: NOW_NS)
    again = live(100.0, received_ns=at("2026-11-18 11:50"), is_recovered=True)
    missed = live(101.0, received_ns=at("2026-11-18 11:55"), is_recovered=True)
    for found in (again, missed):
        recalling.add(found)
    assert await recalling.recall(tmp_path, SORTS)
    assert sorted(found.strike or 0 for found in looked(session.top(Query()))) == [100.0, 101.0]
    assert session.summary().totals.prints == 2


async def test_repeats_and_other_days_do_not_count(tmp_path: Path) -> None:
    """A provider repeats its last prints after a reconnect; yesterday's tape is another day."""
    record(tmp_path, pulse("2026-11-17 15:00", "SPY"))
    record(tmp_path, pulse("2026-11-18 10:00"), pulse("2026-11-18 10:00"))
    session = Session()
    assert await Recalling(session, lambda: NOW_NS).recall(tmp_path, SORTS)
    assert (session.summary().tickers, session.summary().totals.prints) == (1, 1)


async def test_many_tickers_come_in_pieces(tmp_path: Path) -> None:
    """More than one piece of fifty: every ticker arrives, and a print that two lists hold stays one."""
    names = [f"T{number}" for number in range(120)]
    record(tmp_path, *(pulse("2026-11-18 10:00", name) for name in names))
    session = Session()
    assert await Recalling(session, lambda: NOW_NS).recall(tmp_path, SORTS)
    assert session.summary().tickers == 120
    assert len(looked(session.top(Query(limit=200, ticker="T7")))) == 1


@pytest.mark.parametrize("trouble", ["none", "torn", "late"])
async def test_without_a_tape_the_day_begins_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    """No tape, one that cannot be read, a slow disk: what came since the start stands."""
    if trouble == "torn":
        (tmp_path / "2026-11-18.jsonl.gz").write_bytes(b"this is no gzip")
    if trouble == "late":
        record(tmp_path, pulse("2026-11-18 10:00"))
        monkeypatch.setattr(module, "PATIENCE_S", 0.001)
    session = Session()
    recalling = Recalling(session, lambda: NOW_NS)
    recalling.add(live(145.0))
    with capture_logs() as logs:
        assert not await recalling.recall(tmp_path, SORTS)
    assert session.summary().totals.prints == 1
    assert [entry["event"] for entry in logs] == ([] if trouble == "none" else ["session.not_recalled"])


async def test_what_comes_while_it_is_read_is_counted_once(tmp_path: Path) -> None:
    """Prints arrive on the event loop all the while."""
    record(tmp_path, *(pulse("2026-11-18 10:00", strike=n) for n in range(1, 200)))
    session = Session()
    recalling = Recalling(session, lambda: NOW_NS)

    async def feed() -> None:
        for strike in range(1, 301):
            recalling.add(live(float(strike), ticker="AMD", received_ns=NOW_NS + strike * 10**6))
            await asyncio.sleep(0.001)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed())
        recalled = tasks.create_task(recalling.recall(tmp_path, SORTS))
    assert recalled.result()
    assert session.summary().totals.prints == 199 + 300
