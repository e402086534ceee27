"""One combination of the kill matrix: flowbot is killed at a point while an answer is on its way, and started again."""

import contextlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from typing import Any

from aiohttp import web
from websockets.exceptions import ConnectionClosed

from tests.chaos.answers import EVERYWHERE, Answer
from tests.chaos.gathering import Gathering
from tests.chaos.ledger import Entry, Key, Tally, tally
from tests.chaos.middleman import Middleman, is_post
from tests.chaos.stage import Stage, a_match, strike
from tests.fakes.faults import Fault
from tests.scenarios.process import Process, until

POINTS: Mapping[str, str] = {
    "receive": "after receive",
    "match": "after match",
    "commit": "after commit",
    "before-post": "before POST",
    "post": "after POST, before the answer",
    "answer": "after the answer, before settle",
}
BEFORE_COMMIT = ("receive", "match")
"""After these the feed gives its last prints again: what nobody committed it alone can bring back."""
FIRST, LATER = (1001, 1002, 1003), 1004
"""Sizes of the prints before the kill, and of the one after it, which shows that all lanes are alive."""
START_S = 30.0
DIE_S = 40.0
"""A hang costs the client's 15 s before there is anything to kill at."""
SETTLE_S = 90.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one combination came to."""

    tallies: Mapping[str, Tally] = field(default_factory=dict)
    """By destination."""
    broken: tuple[str, ...] = ()
    """What went wrong beside the account; the combination then proves nothing."""


class _Script:
    """Spoils the first post of each run."""

    def __init__(self, middleman: Middleman, fault: Fault) -> None:
        self._middleman = middleman
        self._fault = fault
        self._spoiled_run = 0

    def __call__(self, request: web.Request) -> Fault | None:
        if not is_post(request) or self._spoiled_run == self._middleman.run:
            return None
        self._spoiled_run = self._middleman.run
        return self._fault


async def combination(point: str, answer: Answer, folder: Path) -> Result:
    """Kill flowbot at `point` while every destination gives `answer` to its first post of each run; start it again."""
    prints = [a_match(size) for size in FIRST]
    async with Stage(folder) as stage:
        stage.configure()
        for name, fault in answer.faults.items():
            stage.middlemen[name].spoil = _Script(stage.middlemen[name], fault)
        broken = await _until_killed(stage, point, prints)
        at_kill = stage.store.entries_of_the_dead()
        repeated = prints if point in BEFORE_COMMIT else []
        expected = {LATER, *(size for size, _ in at_kill), *(found["volume"] for found in repeated)}
        broken += await _until_settled(stage, repeated, expected)
        broken += [f"{name} never gave its answer" for name in answer.faults if not stage.middlemen[name].spoiled]
        return _account(stage, at_kill, broken)


async def _until_killed(stage: Stage, point: str, prints: list[dict[str, Any]]) -> list[str]:
    """The first run; what went wrong."""
    with _first_run(stage, point) as victim:
        await _give(stage, victim, 1, prints)
        code = await victim.exit(within_s=DIE_S)
    return [] if code == -SIGKILL else [f"ended with {code} before it was killed"]


@contextmanager
def _first_run(stage: Stage, point: str) -> Iterator[Process]:
    """It ends at `point`: by itself, or by our hand once every platform has read its request."""
    if point != "post":
        with stage.flowbot(victim=point) as victim:
            yield victim
        return
    with stage.flowbot() as victim:
        gathering = Gathering(lambda: strike(victim), EVERYWHERE)
        for middleman in stage.middlemen.values():
            middleman.before_answer = gathering.arrive
        yield victim


async def _until_settled(stage: Stage, repeated: list[dict[str, Any]], expected: Collection[int]) -> list[str]:
    """The second run, as a user starts it; what went wrong."""
    for middleman in stage.middlemen.values():
        middleman.run, middleman.before_answer = 2, None
    with stage.flowbot() as service:
        await _give(stage, service, 2, [*repeated, a_match(LATER)])
        with contextlib.suppress(AssertionError):  # then the account says what is lost
            await until(lambda: not service.is_running or _is_settled(stage, expected), "every end", within_s=SETTLE_S)
        code = await service.stop()
        broken = [f"the second run ended with {code}"] if code else []
        return broken + ["a traceback in the second run's log"] * ("Traceback" in service.stderr)


async def _give(stage: Stage, process: Process, session: int, prints: list[dict[str, Any]]) -> None:
    """Send prints once the process is connected; it may die of the first."""
    feed = stage.world.radarpulse
    await until(lambda: feed.sessions >= session or not process.is_running, "a connection", within_s=START_S)
    with contextlib.suppress(ConnectionClosed):
        await feed.send_trades(*prints)


def _is_settled(stage: Stage, expected: Collection[int]) -> bool:
    entries = stage.store.entries()
    is_there = all((size, name) in entries for size in expected for name in EVERYWHERE)
    return is_there and all(entry.is_ended for entry in entries.values())


def _account(stage: Stage, at_kill: Mapping[Key, Entry], broken: list[str]) -> Result:
    entries = stage.store.entries()
    unrecorded = {key for key, entry in at_kill.items() if not entry.is_ended}
    if forgotten := at_kill.keys() - entries.keys():
        broken.append(f"committed, and gone from the store: {sorted(forgotten)}")
    return Result(
        {
            name: tally(name, stage.store, entries, stage.world.arrived(name), man.attempts, unrecorded)
            for name, man in stage.middlemen.items()
        },
        tuple(broken),
    )
