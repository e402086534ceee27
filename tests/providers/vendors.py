"""A whole vendor at work against both its fakes, stream and REST, in a time of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from bot.model.alerts import Notice
from bot.model.feeds import FeedMeans, Gap
from bot.providers import optionwhales, radarpulse
from bot.providers.optionwhales_source import OptionWhalesSource
from bot.providers.radarpulse_source import RadarPulseSource
from bot.providers.vendor import Plan, Vendor
from tests.fakes.feed import KEY, FakeFeed
from tests.fakes.optionwhales_rest import FakeOptionWhales
from tests.fakes.radarpulse_rest import FakeRadarPulse
from tests.providers.doubles import NOON_NS, Clock, KeepingIntake, KeepingLedger, until

NOON_MS = NOON_NS // 1_000_000
NAMES: dict[str, str] = {"radarpulse": "pulse", "optionwhales": "whales"}


def a_row(premium: int, at_s: float = 0.0, **changes: Any) -> dict[str, Any]:
    """A trade so many seconds after noon, as RadarPulse's guide has it, told apart by its premium."""
    return {
        "ticker": "NVDA", "type": "CALL", "strike": 200, "expiry": "2026-08-21", "dte": 36, "volume": 100,
        "openInterest": 1250, "volOI": 3.36, "premium": premium, "side": "ASK", "kind": "SWEEP", "otmPct": 4.2,
        "spot": 191.9, "iv": 0.45, "score": 91, "bias": "BULL", "sector": "Technology",
        "timestamp": NOON_MS + round(at_s * 1000), **changes,
    }  # fmt: skip


@dataclass
class AtWork:
    """A provider that runs, and what it talks to."""

    server: FakeFeed
    rest: Any
    provider: Vendor
    task: asyncio.Task[None]
    clock: Clock
    intake: KeepingIntake = field(default_factory=KeepingIntake)
    ledger: KeepingLedger = field(default_factory=KeepingLedger)
    told: list[tuple[str, Notice]] = field(default_factory=list)

    @property
    def premiums(self) -> list[float | None]:
        return [found.premium for found in self.intake.prints]

    async def prints(self, count: int) -> list[float | None]:
        """Wait for so many prints; their premiums."""
        await until(lambda: len(self.intake.prints) >= count)
        return self.premiums

    async def pass_sleep(self, is_it: Callable[[float], bool]) -> float:
        """Wait until somebody sleeps for such a time, and let it pass; how long it was."""
        await until(lambda: any(is_it(seconds) for _, seconds, _ in self.clock.sleepers))
        seconds = next(seconds for _, seconds, _ in self.clock.sleepers if is_it(seconds))
        await self.clock.advance(seconds)
        return seconds

    async def reconnect(self, away_s: float = 1.0) -> None:
        """Let the wait for the next handshake pass, and `away_s` in all; wait for the session."""
        sessions = self.server.sessions
        await until(lambda: not self.provider.status.is_connected)
        await until(lambda: any(1 <= seconds <= 2 for _, seconds, _ in self.clock.sleepers))
        await self.clock.advance(away_s)
        await self.server.connected(sessions + 1)
        await until(lambda: self.provider.status.is_connected)

    async def settled_gap(self) -> Gap:
        """Wait until the last gap has its final word."""
        await until(lambda: self.ledger.noted and self.ledger.noted[-1].reason != "being fetched")
        return self.ledger.noted[-1]


@asynccontextmanager
async def at_work(
    vendor: Literal["radarpulse", "optionwhales"] = "radarpulse",
    *,
    now_ns: int = NOON_NS,
    ledger: KeepingLedger | None = None,
    is_free: bool = False,
    rest: Any = None,
    has_rest: bool = True,
    prepare: Callable[[Any], object] = lambda _: None,
    **changes: Any,
) -> AsyncIterator[AtWork]:
    """`is_free`: the key's plan has no stream; `prepare` is given the REST fake; `changes` are settings."""
    clock = Clock(now_ns)
    fake = rest or (FakeRadarPulse if vendor == "radarpulse" else FakeOptionWhales)(
        key=KEY, clock=lambda: clock.now_ns / 1e9
    )
    server = FakeFeed(vendor, free_key=KEY, key="") if is_free else FakeFeed(vendor)
    async with server, fake:
        prepare(fake)
        raw = {"type": vendor, "api_key": KEY, "ws_url": server.url, "rest_url": fake.rest_url, **changes}
        name = NAMES[vendor]
        feed: Any
        source: Any
        if vendor == "radarpulse":
            settings: Any = radarpulse.RadarPulseSettings.model_validate(raw)
            feed, source = radarpulse.feed(name, settings), RadarPulseSource
        else:
            settings = optionwhales.OptionWhalesSettings.model_validate(raw)
            feed, source = optionwhales.feed(name, settings), OptionWhalesSource
        opened = partial(source, name, settings) if has_rest else None
        keeping, told = ledger or KeepingLedger(), list[tuple[str, Notice]]()
        means = FeedMeans(keeping, lambda subject, notice: told.append((subject, notice)))
        provider = Vendor(Plan(feed, settings.mode, opened, settings.every), means, clock.surroundings)
        intake = KeepingIntake()
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(provider.run(intake))
            try:
                yield AtWork(server, fake, provider, task, clock, intake, keeping, told)
            finally:
                await provider.close()
        assert not fake.unexpected, fake.unexpected
