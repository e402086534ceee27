"""Random trouble from a seed: what a feed and platforms do to flowbot in the course of a day, in minutes."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from random import Random
from time import monotonic
from typing import Any

from aiohttp import web
from websockets.exceptions import ConnectionClosed

from tests.chaos.answers import ANSWERS, Answer
from tests.chaos.stage import a_match
from tests.fakes.faults import Fault
from tests.fakes.feed import FakeFeed, Refusal

SPOILED = 0.12
"""Of the requests at each platform."""
CALM_S = (30.0, 75.0)
"""Between two troubles of the feed."""
MATCHING = 0.015
REPEATED = 10
"""Prints that the feed gives again after a reconnect."""
TICK_S = 0.05
TICKERS = tuple(f"{first}{second}{third}" for first in "ABCDE" for second in "KLMNO" for third in "TUVX")
STRIKES = range(50, 250, 10)

_WEIGHTS = {"hang": 0.2, "2xx": 0.0, "429": 2.0}
"""Of answers whose name begins so; 1 for all others."""


class Platforms:
    """What becomes of each request, at all destinations."""

    def __init__(self, random: Random) -> None:
        self.is_fair = False
        """No more trouble."""
        self.spoiled = 0
        self._random = random
        self._weights = [_weight(answer) for answer in ANSWERS]

    def at(self, destination: str) -> Callable[[web.Request], Fault | None]:
        def spoil(request: web.Request) -> Fault | None:
            if self.is_fair or self._random.random() >= SPOILED:
                return None
            (answer,) = self._random.choices(ANSWERS, self._weights)
            fault = answer.faults.get(destination)
            self.spoiled += fault is not None
            return fault

        return spoil


class Tape:
    """Prints at a steady rate; the matching ones have sizes of their own, from 1001 on."""

    def __init__(self, random: Random, feed: FakeFeed) -> None:
        self.sent = 0
        self.matching = 0
        self.is_stalled = False
        self._random = random
        self._feed = feed
        self._last: list[dict[str, Any]] = []
        self._sessions = 0

    async def play(self, rate: float) -> None:
        """Send for ever; what comes while nobody is connected is missed, but for what is repeated."""
        began, given = monotonic(), 0
        while True:
            await asyncio.sleep(TICK_S)
            due = int((monotonic() - began) * rate)
            prints, given = [self._draw() for _ in range(due - given)], due
            if self.is_stalled or not self._feed.connections:
                continue
            if self._sessions != self._feed.sessions:
                self._sessions = self._feed.sessions
                prints = self._last + prints
            self._last = (self._last + prints)[-REPEATED:]
            with contextlib.suppress(ConnectionClosed):
                await self._feed.send_trades(*prints)
                self.sent += len(prints)

    def _draw(self) -> dict[str, Any]:
        random = self._random
        facts = {
            "ticker": random.choice(TICKERS),
            "strike": random.choice(STRIKES),
            "type": random.choice(("CALL", "PUT")),
            "score": random.randint(40, 99),
        }
        if random.random() >= MATCHING:
            return a_match(random.randint(1, 900), premium=random.randint(1000, 90_000), **facts)
        self.matching += 1
        return a_match(1000 + self.matching, **facts)


async def unsettle(feed: FakeFeed, tape: Tape, random: Random, troubles: list[str]) -> None:
    """Trouble the feed for ever, and note with what."""
    for trouble in _troubles(random):
        await asyncio.sleep(random.uniform(*CALM_S))
        troubles.append(trouble)
        match trouble:
            case "abort":
                with contextlib.suppress(TimeoutError):
                    await feed.abort()
            case "close":
                await feed.close(random.choice((1000, 1001, 1011, 1012)))
            case "refuse":
                feed.refuse(*[Refusal(503, "try again")] * random.randint(1, 3))
                await feed.close(1013)
            case "garbage":
                with contextlib.suppress(ConnectionClosed):
                    await feed.send("{not json", b"\x00\xff", {"ticker": None}, "[]", {"ticker": "X" * 5000})
            case "stall":
                tape.is_stalled = True
                await asyncio.sleep(5)
                tape.is_stalled = False


def _troubles(random: Random) -> Iterator[str]:
    while True:
        yield random.choice(("abort", "close", "refuse", "garbage", "stall"))


def _weight(answer: Answer) -> float:
    return next((weight for prefix, weight in _WEIGHTS.items() if answer.name.startswith(prefix)), 1.0)
