"""A world with a middleman before each destination, and flowbot in it: as a user starts it, or as a victim."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from time import time_ns
from typing import Any, Self

from tests.chaos.answers import EVERYWHERE
from tests.chaos.ledger import Reader
from tests.chaos.middleman import Middleman
from tests.fakes.faults import FaultyServer
from tests.scenarios.process import Process, environment
from tests.scenarios.world import World, a_print


class Stage:
    """`async with Stage(folder) as stage:`; leaving it fails if a fake saw what no document describes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(folder)
        discord, slack = self.world.discord, self.world.slack
        platforms: dict[str, FaultyServer] = {"room": discord, "hook": discord, "desk": slack, "desk-hook": slack}
        self.middlemen = {name: Middleman(name, platforms[name]) for name in EVERYWHERE}
        self.store = Reader(folder / "state" / "flowbot.db")
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.world)
            for middleman in self.middlemen.values():
                await stack.enter_async_context(middleman)
            self._stack = stack.pop_all()
        origins = {"DISCORD_WEBHOOK_URL": "hook", "SLACK_WEBHOOK_URL": "desk-hook"}
        for variable, name in origins.items():
            platform = self.world.discord if name == "hook" else self.world.slack
            told = self.world.variables[variable]
            self.world.variables[variable] = told.replace(platform.origin, self.middlemen[name].origin)
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        await self._stack.__aexit__(kind, error, trace)

    def configure(self, **sections: Any) -> None:
        """All four destinations, each behind its middleman."""
        world, men = self.world, self.middlemen
        doors = {
            "discord": {"api_url": world.discord.api_url.replace(world.discord.origin, men["room"].origin)},
            "slack": {"api_url": world.slack.api_url.replace(world.slack.origin, men["desk"].origin)},
        }
        world.configure(*EVERYWHERE, **doors, **sections)

    @contextmanager
    def flowbot(self, *, victim: str = "") -> Iterator[Process]:
        """`flowbot run`, or the same as a victim that kills itself at a point. What is left of it is killed."""
        module = ["tests.chaos.victim", victim, "--"] if victim else ["bot"]
        with program([*module, "run", "-c", str(self.world.config)], self.folder, self.world.variables) as process:
            yield process


@contextmanager
def program(module: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Iterator[Process]:
    """Run `python -m` with these arguments in `folder`."""
    label = f"run{len(list(folder.glob('run*.err'))) + 1}"
    with (folder / f"{label}.out").open("wb") as out, (folder / f"{label}.err").open("wb") as err:
        popen = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=folder, env=environment(variables), stdin=subprocess.DEVNULL,
            stdout=out, stderr=err,
        )  # fmt: skip
    try:
        yield Process(popen, folder, label)
    finally:
        if popen.poll() is None:
            popen.kill()
        popen.wait()


def strike(process: Process) -> None:
    """SIGKILL, unless it is dead already: its id may be another's by then."""
    if process.is_running:
        os.kill(process.pid, signal.SIGKILL)


def a_match(size: int, **changes: Any) -> dict[str, Any]:
    """A print of now that the rule matches; `size` tells it from all others."""
    return a_print(size, **{"timestamp": time_ns() // 1_000_000, **changes})
