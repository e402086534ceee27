"""Against a server that counts arrivals strictly, over a network with jitter: no refusals, and hardly any time lost."""

import heapq
import random
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.pace import Answer, Buckets, Keys, Turn
from bot.model.outcomes import Pace, Retry, Sent
from bot.model.ports import Rate

Counting = Literal["sliding", "fixed", "clock"]
IN_FLIGHT = 4
FASTEST_S, SLOWEST_S = 0.005, 0.150
LEARNING = 3
"""Windows after which everything there is to learn was seen."""


@dataclass
class Server:
    """At most `limit` arrivals in a window: any such time, or from the first arrival on, or by the clock."""

    limit: int
    window_s: float
    counting: Counting
    has_headers: bool
    arrivals: list[float] = field(default_factory=list)
    resets_at: float = 0.0

    def answer(self, now: float) -> Answer:
        self._turn_over(now)
        is_taken = len(self.arrivals) < self.limit
        if is_taken:
            self.arrivals.append(now)
            if self.counting == "sliding":
                self.resets_at = self.arrivals[0] + self.window_s
        reset_s = self.resets_at - now
        pace = Pace(self.limit - len(self.arrivals), reset_s) if self.has_headers else Pace()
        if is_taken:
            return Sent(pace=pace)
        return Retry("429", after_s=reset_s if self.has_headers else None, is_asked=True, pace=pace)

    def _turn_over(self, now: float) -> None:
        if self.counting == "sliding":
            self.arrivals = [at for at in self.arrivals if now - at < self.window_s]
        elif now >= self.resets_at:
            self.arrivals = []
            begins = now if self.counting == "fixed" else now // self.window_s * self.window_s
            self.resets_at = begins + self.window_s


@dataclass
class Run:
    """A sender that always has something to send."""

    server: Server
    keys: Keys
    chance: random.Random
    buckets: Buckets = field(default_factory=Buckets)
    now: float = 100.0
    events: list[tuple[float, int, Turn, Answer | None, float]] = field(default_factory=list)
    in_flight: int = 0
    fastest_s: float = FASTEST_S
    slowest_s: float = SLOWEST_S
    jitter: float = 1.0
    """Share of its time after which a request may arrive, at random; 0: always half of it."""
    sent: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def until(self, end: float) -> None:
        while self.now < end:
            while self.in_flight < IN_FLIGHT and self.buckets.ready_at(self.keys, self.now) <= self.now:
                self._post()
            ready = [self.buckets.ready_at(self.keys, self.now)] if self.in_flight < IN_FLIGHT else []
            self.now = min([*ready, *(event[0] for event in self.events[:1])])
            while self.events and self.events[0][0] <= self.now:
                self._happen(*heapq.heappop(self.events))

    def _post(self) -> None:
        self.in_flight += 1
        turn = self.buckets.take(self.keys, self.now)
        takes_s = self.chance.uniform(self.fastest_s, self.slowest_s)
        arrives_at = self.now + takes_s * (0.5 + self.jitter * (self.chance.random() - 0.5))
        heapq.heappush(self.events, (arrives_at, id(turn), turn, None, self.now + takes_s))

    def _happen(self, at: float, number: int, turn: Turn, answer: Answer | None, answered_at: float) -> None:
        if answer is None:
            heapq.heappush(self.events, (answered_at, number, turn, self.server.answer(at), answered_at))
            return
        self.in_flight -= 1
        self.buckets.learn(turn, answer, at)
        (self.sent if isinstance(answer, Sent) else self.refused).append(at)


def shares(run: Run, windows: int) -> tuple[float, float]:
    """Of what was possible, how much went; of what went, how much was refused: both after the learning."""
    begins, window_s = run.now + LEARNING * run.server.window_s, run.server.window_s
    run.until(run.now + windows * window_s)
    sent = sum(at >= begins for at in run.sent)
    refused = sum(at >= begins for at in run.refused)
    return sent / (run.server.limit * (windows - LEARNING)), refused / (sent + refused)


@settings(max_examples=25, deadline=None)
@given(
    rate=st.sampled_from([Rate(5, 5.0), Rate(2, 5.0), Rate(3, 10.0), Rate(30, 60.0), Rate(50, 60.0)]),
    counting=st.sampled_from(["sliding", "fixed", "clock"]),
    knows=st.sampled_from(["documents", "headers", "both"]),
    seed=st.integers(0, 10**6),
)
def test_hardly_ever_refused_and_hardly_slower_than_allowed(
    rate: Rate, counting: Counting, knows: str, seed: int
) -> None:
    """Whether we know the limit from documents or from the answers, or from both. Long, for the ends cost a window."""
    server = Server(rate.count, rate.window_s, counting, has_headers=knows != "documents")
    run = Run(server, {"channel:1": () if knows == "headers" else (rate,)}, random.Random(seed))
    run.now += run.chance.random() * rate.window_s
    throughput, refused = shares(run, windows=100 if rate.count < 30 else 40)
    assert refused <= 0.01
    assert throughput >= 0.97


@pytest.mark.parametrize("counting", ["sliding", "fixed"])
def test_one_a_second_is_learned_from_a_few_refusals(counting: Counting) -> None:
    """A strict second and a network that takes up to 0.15 s: some refusals teach how much to allow for, and no more."""
    run = Run(Server(1, 1.0, counting, has_headers=False), {"slack:1": (Rate(1, 1.0),)}, random.Random(7))
    throughput, refused = shares(run, windows=400)
    assert refused <= 0.01
    assert throughput >= 1 / (1 + SLOWEST_S)
    assert len(run.refused) <= 5


def test_one_a_second_costs_a_steady_network_next_to_nothing() -> None:
    """Requests that all take 80 ms arrive a second apart: 3 % below the bound, and none refused."""
    run = Run(Server(1, 1.0, "sliding", has_headers=False), {"slack:1": (Rate(1, 1.0),)}, random.Random(7))
    run.fastest_s = run.slowest_s = 0.08
    run.jitter = 0.0
    throughput, refused = shares(run, windows=300)
    assert refused == 0
    assert throughput >= 0.965
