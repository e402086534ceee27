"""What a provider talks to in tests: an intake that keeps everything, and a clock that moves when it is told to."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.model.errors import StoreError
from bot.model.feeds import Gap
from bot.model.ports import Frame, Record
from bot.model.prints import Print
from bot.providers.surroundings import Surroundings

NOON_NS = 1_784_217_600_000_000_000  # 2026-07-16 16:00:00 UTC, a Thursday noon in New York
NIGHT_NS = 1_784_174_400_000_000_000  # 2026-07-16 04:00:00 UTC, midnight in New York
PATIENCE_S = 5.0


async def until(is_so: Callable[[], object]) -> None:
    """Wait for what another task or the socket brings about; the loop turns meanwhile."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - what we wait for has no event to set
            await asyncio.sleep(0.001)


class KeepingIntake:
    """An `Intake` that keeps what it is given, and is full when a test says so."""

    def __init__(self) -> None:
        self.prints: list[Print] = []
        self.rejected: list[tuple[str, str, str, Frame]] = []
        self.cancelled: list[Print] = []
        self.record: Record | None = None
        self.is_full = False
        self.waits_for_room = 0
        self._has_room = asyncio.Event()

    def accept(self, found: Print) -> None:
        self.prints.append(found)

    def reject(self, provider: str, reason: str, detail: str, raw: Frame) -> None:
        self.rejected.append((provider, reason, detail, raw))

    def cancel(self, found: Print) -> None:
        self.cancelled.append(found)

    async def settled(self) -> None:
        """Nothing is ever on its way to a store."""

    async def room(self) -> None:
        self.waits_for_room += 1
        await self._has_room.wait()

    def make_room(self) -> None:
        self.is_full = False
        self._has_room.set()

    @property
    def reasons(self) -> list[str]:
        return [reason for _, reason, _, _ in self.rejected]


@dataclass
class Clock:
    """Time stands still until `advance`. Both clocks of a `Surroundings` tell it, and its sleepers wait for it."""

    now_ns: int = NOON_NS
    chance: float = 0.0
    sleepers: list[tuple[int, float, asyncio.Future[None]]] = field(default_factory=list)

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(
            now_ns=lambda: self.now_ns,
            elapsed_s=lambda: self.now_ns / 1e9,
            sleep=self.sleep,
            chance=lambda: self.chance,
        )

    async def sleep(self, seconds: float) -> None:
        alarm = asyncio.get_running_loop().create_future()
        entry = (self.now_ns + round(seconds * 1e9), seconds, alarm)
        self.sleepers.append(entry)
        try:
            await alarm
        finally:
            self.sleepers.remove(entry)

    async def advance(self, seconds: float) -> None:
        """Move on, and let whoever has slept long enough do what it woke up for."""
        self.now_ns += round(seconds * 1e9)
        for due_ns, _, alarm in self.sleepers:
            if due_ns <= self.now_ns and not alarm.done():
                alarm.set_result(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


class KeepingLedger:
    """A `Ledger` in memory, that refuses everything while a test says so."""

    def __init__(self) -> None:
        self.heard: dict[str, int] = {}
        self.noted: list[Gap] = []
        """Every word about a gap, in order."""
        self.used: dict[tuple[str, str], int] = {}
        self.is_broken = False

    async def heard_until(self, provider: str) -> int | None:
        self._check()
        return self.heard.get(provider)

    async def note_heard(self, heard: Mapping[str, int]) -> None:
        self._check()
        self.heard.update(heard)

    async def note_gap(self, gap: Gap) -> None:
        self._check()
        self.noted.append(gap)

    async def gaps(self, since_ns: int) -> Sequence[Gap]:
        self._check()
        last = {(gap.provider, gap.from_ns): gap for gap in self.noted}
        return [gap for gap in last.values() if gap.to_ns > since_ns]

    async def spent(self, account: str, day: str) -> int:
        self._check()
        return self.used.get((account, day), 0)

    async def note_spent(self, account: str, day: str, count: int) -> None:
        self._check()
        self.used[account, day] = count

    def _check(self) -> None:
        if self.is_broken:
            raise StoreError("the disk is full")
