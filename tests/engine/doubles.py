"""A destination that does what a script says, and a store without a thread, for lanes in virtual time."""

import asyncio
import io
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.model.alerts import Batch, Delivery, Edit
from bot.model.errors import StoreError
from bot.model.matches import Route
from bot.model.memory import Evidence
from bot.model.outcomes import Blind, EditOutcome, Outcome, Sent, Sight
from bot.model.ports import Rate
from bot.model.prints import Print
from bot.outbox.schema import prepare
from bot.outbox.sqlite import SqliteOutbox
from tests import virtual_time


class InlineTransactions:
    """What `Writer` does, in the caller's own thread."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        prepare(self.connection)
        self.commits = 0
        self.is_broken = False

    async def do(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        if self.is_broken:
            raise StoreError("disk full")
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(self.connection)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        self.commits += 1
        return result

    async def close(self) -> None:
        self.connection.close()


def an_outbox(transactions: InlineTransactions | None = None) -> SqliteOutbox:
    return SqliteOutbox(transactions or InlineTransactions(), io.StringIO(), virtual_time.now_ns)


class NoMemory:
    """No rule remembers."""

    def observe(self, route: Route, found: Print) -> Evidence | None:
        raise AssertionError(f"{route.rule} has no memory")

    def forget(self, route: Route, found: Print) -> None:
        raise AssertionError(f"{route.rule} has no memory")


class Scripted:
    """Answers with the outcomes it was given, then with Sent; records when each request came, and what was in it.

    Looks answer with `sights`, then as Blind; edits with `edit_outcomes`, then with Sent.
    """

    def __init__(
        self,
        *outcomes: Outcome | Callable[[Batch], Outcome],
        name: str = "desk",
        platform: str = "test",
        takes_s: float = 0.0,
        rates: tuple[Rate, ...] = (),
        is_idempotent: bool = False,
        can_edit: bool = False,
        sights: Sequence[Sight] = (),
        edit_outcomes: Sequence[EditOutcome] = (),
        edit_rates: tuple[Rate, ...] = (),
    ) -> None:
        self.name = name
        self.platform = platform
        self.is_idempotent = is_idempotent
        self.can_edit = can_edit
        self.takes_s = takes_s
        self.buckets: Mapping[str, tuple[Rate, ...]] = {f"test:{name}": rates}
        self.edit_buckets: Mapping[str, tuple[Rate, ...]] = {f"test:edit:{name}": edit_rates}
        self.received: list[tuple[float, Batch]] = []
        self.looked: list[tuple[float, Batch]] = []
        self.edited: list[tuple[float, Edit]] = []
        self._outcomes = list(outcomes)
        self._sights = list(sights)
        self._edit_outcomes = list(edit_outcomes)

    @property
    def batches(self) -> list[Batch]:
        return [batch for _, batch in self.received]

    @property
    def times(self) -> list[float]:
        return _since_start(self.received)

    @property
    def look_times(self) -> list[float]:
        return _since_start(self.looked)

    @property
    def edit_times(self) -> list[float]:
        return _since_start(self.edited)

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return min(10, len(deliveries))

    async def send(self, batch: Batch) -> Outcome:
        self.received.append((asyncio.get_running_loop().time(), batch))
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        outcome = self._outcomes.pop(0) if self._outcomes else Sent(message_id=f"m{len(self.received)}")
        return outcome(batch) if callable(outcome) else outcome

    async def find(self, batch: Batch) -> Sight:
        self.looked.append((asyncio.get_running_loop().time(), batch))
        return self._sights.pop(0) if self._sights else Blind("no way to look")

    async def edit(self, edit: Edit) -> EditOutcome:
        assert self.can_edit
        self.edited.append((asyncio.get_running_loop().time(), edit))
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        return self._edit_outcomes.pop(0) if self._edit_outcomes else Sent(message_id=edit.posted.message_id)

    async def close(self) -> None:
        return


def _since_start(requests: Sequence[tuple[float, object]]) -> list[float]:
    return [round(at - 1000.0, 3) for at, _ in requests]
