"""An SQLite outbox on an empty store, whose clock a test moves, and which can be opened again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.model.feeds import Ledger
from bot.outbox.sqlite import SqliteOutbox, open_outbox
from tests.outbox.contract import Clock, Reopen


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "flowbot.db"


@pytest.fixture
async def reopen(path: Path, clock: Clock) -> AsyncIterator[Reopen]:
    opened: list[SqliteOutbox] = []

    async def open_again() -> SqliteOutbox:
        if opened:
            await opened[-1].close()
        opened.append(open_outbox(path, clock))
        return opened[-1]

    yield open_again
    for outbox in opened:
        await outbox.close()


@pytest.fixture
async def outbox(reopen: Reopen) -> SqliteOutbox:
    outbox = await reopen()
    assert isinstance(outbox, SqliteOutbox)
    return outbox


@pytest.fixture
def ledger(outbox: SqliteOutbox) -> Ledger:
    """The store is the ledger too."""
    return outbox
