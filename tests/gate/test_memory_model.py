"""Rules with memory against a plain list of every print ever seen, from which each answer is worked out anew."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.gate.memory.rule_memory import RuleMemory
from bot.model.memory import Count, Evidence, First, Memory, Share, Spike, Steady, Total
from bot.model.prints import Print
from tests.gate.memories import at, noon, remembers, restored

TWIN_S = 2


class Told(NamedTuple):
    """One telling of a trade: what a test needs to know of a print."""

    at_s: int
    cents: int
    is_ask: bool
    provider: str
    number: int
    """The provider's id; a repeat has the same."""

    @property
    def print(self) -> Print:
        return at(
            self.at_s,
            premium=self.cents / 100,
            size=self.cents,
            side="ask" if self.is_ask else "bid",
            provider=self.provider,
            provider_id=f"{self.number}",
            received_ns=noon(10_000),
        )


@dataclass
class Seen:
    told: Told
    by: list[Told]
    is_spent: bool = False
    is_taken_back: bool = False

    @property
    def counts(self) -> bool:
        return not (self.is_spent or self.is_taken_back)


@dataclass
class Model:
    """Everything is kept; nothing is added up before it is asked for."""

    memory: Memory
    since_s: int
    seen: list[Seen] = field(default_factory=list)
    is_armed: bool = True
    barrier_s: float = float("-inf")

    def observe(self, told: Told) -> Evidence | None:
        if self._find(told) is not None:
            return None
        newest = max((seen.told.at_s for seen in self.seen), default=told.at_s)
        if told.at_s <= newest - self._late_s():
            return None
        twins = [seen for seen in self.seen if _is_twin(seen, told)]
        if twins:
            twin = min(twins, key=lambda seen: (abs(seen.told.at_s - told.at_s), seen.told.at_s))
            twin.by.append(told)
            return None
        self.seen.append(Seen(told, [told]))
        return self._judge(told, max(newest, told.at_s))

    def forget(self, told: Told) -> None:
        seen = self._find(told)
        if seen is not None:
            seen.is_taken_back = True

    def _find(self, told: Told) -> Seen | None:
        name = (told.provider, told.number)
        return next((seen for seen in self.seen if name in [(t.provider, t.number) for t in seen.by]), None)

    def _late_s(self) -> float:
        if isinstance(self.memory, Spike):
            return self.memory.window_s + self.memory.against_s
        return self.memory.every_s if isinstance(self.memory, Steady) else self.memory.within_s

    def _within(self, after: float, until: float) -> list[Seen]:
        """Oldest first; of the same time, in the order of their coming."""
        inside = [seen for seen in self.seen if seen.counts and after < seen.told.at_s <= until]
        return sorted(inside, key=lambda seen: seen.told.at_s)

    def _judge(self, told: Told, newest: int) -> Evidence | None:
        memory = self.memory
        if isinstance(memory, First):
            return self._first(memory, told)
        if isinstance(memory, Spike):
            return self._spike(memory, told, newest)
        if isinstance(memory, Steady):
            return self._steady(memory, told)
        window = self._within(newest - memory.within_s, newest)
        asks = sum(seen.told.is_ask for seen in window)
        if isinstance(memory, Count):
            is_reached = len(window) >= memory.at_least
        elif isinstance(memory, Total):
            total, bound = _cents(window), round(memory.premium_usd * 100)
            is_reached = total > bound if memory.is_strict else total >= bound
        else:
            is_reached = len(window) >= memory.min_count and asks * 10 >= round(memory.at_least * 10) * len(window)
        if not is_reached:
            return None
        for seen in window:
            seen.is_spent = True
        return _evidence(window, share=asks / len(window) if isinstance(memory, Share) else None)

    def _first(self, memory: First, told: Told) -> Evidence | None:
        others = [seen.told.at_s for seen in self.seen if seen.counts and seen.told is not told]
        begins = told.at_s - memory.within_s
        if self.since_s > begins or any(other > begins for other in others):
            return None
        alone = [Seen(told, [told])]
        return _evidence(alone, quiet_s=float(told.at_s - max([self.since_s, *others])))

    def _spike(self, memory: Spike, told: Told, newest: int) -> Evidence | None:
        edge = newest - memory.window_s
        near, far = self._within(edge, newest), self._within(edge - memory.against_s, edge)
        value: Callable[[list[Seen]], int] = _cents if memory.of == "premium" else len
        unit = 100 if memory.of == "premium" else 1
        # Whole numbers: near x against >= factor x far x window.
        is_above = value(near) * memory.against_s >= memory.factor * value(far) * memory.window_s
        if memory.minimum is None:
            is_above = is_above and value(far) > 0
        else:
            is_above = is_above and value(near) >= memory.minimum * unit
        if not is_above:
            self.is_armed = True
            return None
        if not self.is_armed or told.at_s <= edge or self.since_s > edge - memory.against_s:
            return None
        self.is_armed = False
        usual = value(far) / unit * memory.window_s / memory.against_s
        return _evidence(near, usual=usual, factor=value(near) / unit / usual if usual else None)

    def _steady(self, memory: Steady, told: Told) -> Evidence | None:
        if told.at_s < self.barrier_s:
            self.seen[-1].is_spent = True
            return None
        run: list[Seen] = []
        for seen in reversed(self._within(float("-inf"), float("inf"))):
            if run and run[-1].told.at_s - seen.told.at_s > memory.every_s:
                break
            run.append(seen)
        run.reverse()
        newest = run[-1].told.at_s
        if newest - run[0].told.at_s < memory.for_s:
            return None
        for seen in self._within(float("-inf"), float("inf"))[:-1]:
            seen.is_spent = True
        self.barrier_s = newest
        return _evidence(run)


def _is_twin(seen: Seen, told: Told) -> bool:
    return (
        abs(seen.told.at_s - told.at_s) <= TWIN_S
        and seen.told.cents == told.cents
        and told.provider not in [other.provider for other in seen.by]
    )


def _cents(window: list[Seen]) -> int:
    return sum(seen.told.cents for seen in window)


def _evidence(window: list[Seen], **more: float | None) -> Evidence:
    times = [seen.told.at_s for seen in window]
    return Evidence("", len(window), _cents(window) / 100, float(times[-1] - times[0]), **more)  # type: ignore[arg-type]  # **


def facts(told: Evidence | None) -> tuple[float | None, ...] | None:
    """What both ways must agree on."""
    if told is None:
        return None
    factor = told.factor and round(told.factor, 9)
    usual = told.usual and round(told.usual, 9)
    return (told.count, told.premium_usd, told.span_s, told.share, told.quiet_s, factor, usual)


KINDS: list[Memory] = [
    Count(3, 20.0),
    Total(10.0, 20.0),
    Total(7.0, 15.0, is_strict=True),
    Share("side = ask", 0.6, 20.0, 3),
    First(12.0),
    Spike(2.0, 10.0, 30.0),
    Spike(2.0, 10.0, 20.0, of="premium", minimum=4.0),
    Steady(5.0, 15.0),
]
NAMES = [f"{type(kind).__name__}{n}" for n, kind in enumerate(KINDS)]

steps = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 6), st.integers(-25, 6)),  # seconds since the last print; mostly in order
        st.sampled_from([100, 200, 350]),
        st.booleans(),
        st.sampled_from("aaab"),
        st.one_of(st.none(), st.none(), st.none(), st.integers(0, 30)),  # an earlier print again
        st.sampled_from([False] * 9 + [True]),  # it is taken back
    ),
    max_size=30,
)


def events(drawn: list[tuple[int, int, bool, str, int | None, bool]]) -> list[tuple[Told, bool]]:
    """Prints, and whether each is told or taken back."""
    made: list[tuple[Told, bool]] = []
    now = 100
    for number, (step, cents, is_ask, provider, repeated, is_back) in enumerate(drawn):
        now += max(step, 0)
        if repeated is not None and made:
            made.append((made[repeated % len(made)][0], is_back))
        else:
            made.append((Told(now + min(step, 0), cents, is_ask, provider, number), False))
    return made


def play(memory: RuleMemory, story: list[tuple[Told, bool]]) -> list[Evidence | None]:
    seen: list[Evidence | None] = []
    for told, is_back in story:
        if is_back:
            memory.forget(told.print)
        else:
            seen.append(memory.observe(told.print))
    return seen


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
@settings(max_examples=60, deadline=None)
@given(drawn=steps, since_s=st.sampled_from([0, 90, 120]))
def test_a_memory_says_what_a_list_of_everything_says(
    kind: Memory, drawn: list[tuple[int, int, bool, str, int | None, bool]], since_s: int
) -> None:
    """In order and late, repeated, told by two providers, and taken back."""
    story = events(drawn)
    model = Model(kind, since_s)
    expected = []
    for told, is_back in story:
        if is_back:
            model.forget(told)
        else:
            expected.append(facts(model.observe(told)))
    memory = remembers(kind, since_ns=noon(since_s), is_of=lambda found: found.side == "ask")
    assert [facts(seen) for seen in play(memory, story)] == expected


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
@settings(max_examples=40, deadline=None)
@given(drawn=steps, share=st.floats(0, 1))
def test_a_restart_changes_nothing_and_a_replay_after_it_counts_nothing_twice(
    kind: Memory, drawn: list[tuple[int, int, bool, str, int | None, bool]], share: float
) -> None:
    """Whenever it comes: the evidence afterwards is the same to the last print in it."""
    story = events(drawn)
    before, after = story[: round(share * len(story))], story[round(share * len(story)) :]
    memory = remembers(kind, is_of=lambda found: found.side == "ask")
    play(memory, before)
    another_run = restored(memory, open_s=lambda from_ns, to_ns: 0.0)
    assert not any(play(another_run, [(told, False) for told, _ in before]))
    assert play(another_run, after) == play(memory, after)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(-3, 6), st.integers(0, 500)), min_size=20, max_size=60),
    window_s=st.sampled_from([16, 40, 80]),
)
def test_in_lumps_the_sums_are_exact_but_for_what_leaves_late(steps: list[tuple[int, int]], window_s: int) -> None:
    """With room for four trades one by one, the rest is let go of at most one cell of the window late."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.gate.memory.tally.MOST_TRADES", 4)
        patch.setattr("bot.gate.memory.tally.CELLS", 8)
        memory = remembers(Count(1_000, float(window_s)))
        now, seen = 0, []
        for number, (step, cents) in enumerate(steps):
            now += max(step, 0)
            second = now + min(step, 0)
            memory.observe(at(second, id=number, premium=cents / 100))
            seen.append((second, cents))
    window = memory._keys["NVDA260807C00145000"]._tally._window  # type: ignore[attr-defined]  # a count has one
    newest = max(second for second, _ in seen)
    due = [cents for second, cents in seen if second > newest - window_s]
    latest = [cents for second, cents in seen if second > newest - window_s - window_s / 8]
    assert sum(due) <= window.cents <= sum(latest)
    assert len(due) <= window.count <= len(latest)
    assert len(window.trades) <= 4
    assert len(window.lumps) <= 10
