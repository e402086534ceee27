"""`flowbot demo`: the real service on an embedded market, with the example's rules; alerts on the terminal."""

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

from bot import logs
from bot.app import with_signals
from bot.destinations.settings import ConsoleSettings
from bot.model.secret import Secret
from bot.outbox.settings import StoreSettings
from bot.providers.radarpulse import RadarPulseSettings
from bot.rules.rule import sent_to
from bot.service import Service
from bot.settings import Settings, example_rules
from bot.workbench.demo import DemoScreen
from bot.workbench.simulator import SimulateOptions, Simulator, simulating

TICK_S = 0.1
DEMO_KEY = Secret("demo-key-of-no-value")
TERMINAL = "terminal"


def run(*, seconds: float, rate: float) -> None:
    """Show the demo for `seconds`, or until Ctrl-C."""
    logs.configure(logs.LogSettings(level="error", format="console"))
    asyncio.run(_demo(seconds, rate))


async def _demo(seconds: float, rate: float) -> None:
    stop = asyncio.Event()
    with_signals(stop)
    with tempfile.TemporaryDirectory(prefix="flowbot-demo-") as folder:
        async with simulating(SimulateOptions(rate=rate, seed=time.time_ns() % 10_000)) as simulator:
            settings = _settings(simulator, Path(folder))
            with DemoScreen(simulator.stream_url, [rule.name for rule in settings.rules]) as screen:
                async with Service.open(settings, write=screen.show) as service, asyncio.TaskGroup() as tasks:
                    serving = tasks.create_task(service.run(stop, has_http=False))
                    await _watch(service, screen, stop, seconds)
                    stop.set()
                    await serving
                screen.finish(*_totals(service))


async def _watch(service: Service, screen: DemoScreen, stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not stop.is_set():
                screen.tick(*_totals(service))
                await asyncio.sleep(TICK_S)


def _totals(service: Service) -> tuple[int, int, int]:
    return sum(service.metrics.prints.values()), service.intake.matched, service.intake.alerted


def _settings(simulator: Simulator, folder: Path) -> Settings:
    """The example's rules between the simulator and the terminal."""
    rules = tuple(sent_to(rule, [TERMINAL]) for rule in example_rules())
    feed = RadarPulseSettings(type="radarpulse", api_key=DEMO_KEY, ws_url=simulator.stream_url)
    return Settings(
        folder=folder,
        providers={"simulated": feed},
        destinations={TERMINAL: ConsoleSettings(type="console")},
        rules=rules,
        store=StoreSettings(path=Path("flowbot.db"), tape=None),
    )
