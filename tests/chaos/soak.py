"""The soak: a long run at a steady rate under random faults, in which nothing may be lost and nothing may grow."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from tests.chaos.answers import EVERYWHERE
from tests.chaos.books import Books
from tests.chaos.gauges import Sample, descriptors, growth, look
from tests.chaos.kill import LEGEND
from tests.chaos.ledger import tally
from tests.chaos.stage import Stage
from tests.chaos.weather import Platforms, Tape, unsettle
from tests.scenarios.process import Process, until
from tests.scenarios.world import gateway

SAMPLE_S = 10.0
MOST_LINES = 60
"""Of the time line."""
KEEP_S = 240.0
"""What the store remembers in a run of half an hour; less in a shorter one, so that retention shows."""
KEEP_SHARE = 0.12
SHORTEST_KEEP_S = 60.0
"""Longer than a hang and what waits behind it, else the store forgets before we have looked."""
SETTLE_S = 180.0
BEFORE_S, AFTER_S = 5.0, 65.0
"""At rest after the start, and after the last message: idle connections are kept for half a minute."""


@dataclass(frozen=True, slots=True)
class Soak:
    """What the command line may choose."""

    minutes: float = 30.0
    rate: float = 200.0
    """Prints a second."""
    seed: int = 1

    @property
    def lasts_s(self) -> float:
        return self.minutes * 60

    @property
    def keep_s(self) -> float:
        return max(SHORTEST_KEEP_S, min(KEEP_S, self.lasts_s * KEEP_SHARE))


async def soak(options: Soak) -> bool:
    """Run it and print the time line; whether all was well. What a bad run leaves behind is kept."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-soak-"))
    print(f"soak: {options.minutes:g} minutes, {options.rate:g} prints/s, seed {options.seed}; "
          f"the store remembers {options.keep_s:.0f} s", flush=True)  # fmt: skip
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage(folder))
        await stack.enter_async_context(gateway(stage.world))
        run = _Run(stage, options)
        with stage.flowbot() as service:
            await run.go(service)
        is_good = run.judge()
    if is_good:
        shutil.rmtree(folder)
    else:
        print(f"see {folder}")
    return is_good


class _Run:
    """One soak, from its first print to the verdict."""

    def __init__(self, stage: Stage, options: Soak) -> None:
        self._stage = stage
        self._options = options
        self._books = Books(stage)
        self._samples: list[Sample] = []
        self._rest: list[Sample] = []
        self._problems: list[str] = []
        self._began = monotonic()
        _configure(stage, options)
        self._platforms = Platforms(Random(options.seed))
        for name, middleman in stage.middlemen.items():
            middleman.spoil = self._platforms.at(name)

    async def go(self, service: Process) -> None:
        """Prints and faults until the time is up, then neither, until everything has ended."""
        feed, seed = self._stage.world.radarpulse, self._options.seed
        tape, troubles = Tape(Random(seed), feed), list[str]()
        await until(lambda: feed.connections or not service.is_running, "a connection")
        await self._take_rest(service, BEFORE_S)
        self._began = monotonic()
        faults = unsettle(feed, tape, Random(seed), troubles)
        async with _meanwhile(self._books.keep(), tape.play(self._options.rate), faults):
            await self._watch(service)
        self._platforms.is_fair = True
        done = f"{tape.sent} prints, {tape.matching} matching, {self._platforms.spoiled} requests spoiled"
        print(f"no more prints and no more faults: {done}, {len(troubles)} troubles of the feed", flush=True)
        async with _meanwhile(self._books.keep()):
            with contextlib.suppress(AssertionError):  # then the account says what is lost
                await until(lambda: not service.is_running or self._books.look(), "every end", within_s=SETTLE_S)
            await self._take_rest(service, AFTER_S)
        code = await service.stop()
        self._problems += [f"ended with {code}"] if code else []
        self._problems += ["a traceback in its log"] * ("Traceback" in service.stderr)

    async def _watch(self, service: Process) -> None:
        """Look at the process until the time is up; the time line shows some of it."""
        lasts_s = self._options.lasts_s
        every = max(1, round(lasts_s / SAMPLE_S / MOST_LINES))
        while service.is_running and monotonic() - self._began < lasts_s:
            await asyncio.sleep(min(SAMPLE_S, lasts_s / 20))
            self._samples.append(await self._sample(service))
            if len(self._samples) % every == 0:
                print(self._samples[-1], flush=True)

    async def _take_rest(self, service: Process, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if service.is_running:
            self._rest.append(await self._sample(service))
            print(f"{self._rest[-1]}  at rest", flush=True)

    async def _sample(self, service: Process) -> Sample:
        metrics = await service.metrics()
        queued = sum(metrics.get("flowbot_queue_depth", queue=name) or 0 for name in ("intake", *EVERYWHERE))
        database = self._stage.folder / "state" / "flowbot.db"
        return look(monotonic() - self._began, service.pid, database, int(queued))

    def judge(self) -> bool:
        """Print the account and the growth; whether all was well."""
        forgotten = self._books.close()
        entries, stage = self._books.entries, self._stage
        print(LEGEND)
        is_good = True
        for name, middleman in stage.middlemen.items():
            own = tally(name, stage.store, entries, stage.world.arrived(name), middleman.attempts)
            states = [entry.state for (_, where), entry in entries.items() if where == name]
            ends = ", ".join(f"{state} {states.count(state)}" for state in sorted(set(states)))
            print(f"{name:10} {own!s:20} {ends}")
            is_good = is_good and own.is_good
        if forgotten:
            print(f"{forgotten} deliveries were forgotten before their end was seen; lost, where they are not visible")
        figures = growth(self._samples, self._options.lasts_s, keep_s=self._options.keep_s)
        figures += [descriptors(*self._rest)] if len(self._rest) == 2 else []
        for figure in figures:
            print(figure)
        self._problems += [] if entries else ["nothing was committed"]
        for problem in self._problems:
            print(f"BAD: {problem}")
        return is_good and not self._problems and all(figure.is_good for figure in figures)


def _configure(stage: Stage, options: Soak) -> None:
    """Cooldowns short enough to come round; one destination with a budget, so that digests are posted too."""
    stage.configure(
        rule={"cooldown": f"{options.keep_s / 4:.0f}s"},
        destinations={"hook": {**stage.world.destinations["hook"], "budget": 600}},
        delivery={"budget": None},
        dedup={"keep": f"{options.keep_s:.0f}s"},
    )


@asynccontextmanager
async def _meanwhile(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these while the context lasts."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one) for one in work]
        yield
        for task in running:
            task.cancel()
