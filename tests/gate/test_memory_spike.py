"""spike: the last stretch against the usual of the one before."""

import pytest

from bot.gate.memory.rule_memory import RuleMemory
from bot.model.memory import Spike
from bot.model.prints import Print
from tests.gate.memories import at, fires, firings, noon, remembers

FOURFOLD = Spike(4.0, 600.0, 3600.0)


def usual(memory: Spike = FOURFOLD, premium: float = 1_000.0) -> RuleMemory:
    """Twelve prints from 0 to 3190, which is two in ten minutes for whoever looks from 3791 to 3600 + 600."""
    remembered = remembers(memory)
    for n in range(12):
        remembered.fill(at(n * 290, premium=premium))
    return remembered


def burst(count: int, since: float = 3800.0, premium: float = 1_000.0) -> list[Print]:
    return [at(since + n, premium=premium) for n in range(count)]


def test_a_spike_fires_once_at_so_many_times_the_usual() -> None:
    assert fires(usual(), burst(12)) == [False] * 7 + [True] + [False] * 4


def test_the_evidence_tells_the_factor_and_the_usual() -> None:
    told = firings(usual(premium=7.0), burst(8, premium=3_000.0))[-1]
    assert told is not None
    assert (told.count, told.premium_usd, told.span_s, told.factor, told.usual) == (8, 24_000.0, 7.0, 4.0, 2.0)
    assert [print_.at_ns for print_ in told.prints] == [noon(3800 + n) for n in range(8)]


def test_a_spike_of_premium_is_measured_in_dollars() -> None:
    memory = Spike(2.5, 600.0, 3600.0, of="premium", minimum=20_000.0)  # 8,000 in ten minutes are usual
    assert usual(memory, 4_000.0).observe(at(3800, premium=19_999.99)) is None
    told = usual(memory, 4_000.0).observe(at(3800, premium=20_000.0))
    assert told is not None
    assert (told.factor, told.usual) == (2.5, 8_000.0)
    dearer = Spike(2.5, 600.0, 3600.0, of="premium", minimum=20_000.01)
    assert usual(dearer, 4_000.0).observe(at(3800, premium=20_000.0)) is None


@pytest.mark.parametrize(("minimum", "fired"), [(None, None), (3.0, 2), (1.0, 0)])
def test_where_nothing_is_usual_only_a_minimum_can_be_exceeded(minimum: float | None, fired: int | None) -> None:
    seen = firings(remembers(Spike(4.0, 600.0, 3600.0, minimum=minimum)), burst(5))
    assert [told is not None for told in seen] == [n == fired for n in range(5)]
    assert [(told.factor, told.usual) for told in seen if told is not None] == [(None, 0.0)] * (fired is not None)


@pytest.mark.parametrize(("minimum", "fired_at"), [(2.0, 7), (8.0, 7), (9.0, 8)])
def test_both_the_factor_and_the_minimum_must_be_reached(minimum: float, fired_at: int) -> None:
    fired = fires(usual(Spike(4.0, 600.0, 3600.0, minimum=minimum)), burst(10))
    assert fired == [n == fired_at for n in range(10)]


def test_a_spike_fires_again_after_it_was_below_the_line() -> None:
    memory = remembers(Spike(4.0, 600.0, 3600.0, minimum=3.0))
    assert fires(memory, burst(5, 0)) == [False, False, True, False, False]
    assert fires(memory, [at(700)]) == [False]  # one alone: below, and armed again
    assert fires(memory, burst(3, 5000)) == [False, False, True]


def test_a_spike_is_silent_until_both_stretches_are_covered() -> None:
    memory = Spike(4.0, 600.0, 3600.0, minimum=1.0)
    assert fires(remembers(memory, since_ns=noon(0)), [at(4199), at(4200), at(4201)]) == [False, True, False]


def test_a_late_print_counts_in_the_stretch_it_falls_into() -> None:
    memory = usual()
    assert not any(fires(memory, [*burst(6), at(4000)]))  # 3400 to 4000: seven
    assert fires(memory, [at(3500)]) == [True]
    memory = usual()
    assert not any(fires(memory, [*burst(6), at(4000), at(3300), at(3901)]))  # eight, against 13 in the hour
    assert fires(memory, [at(3902)]) == [True]  # nine against 13: 4.15 times


def test_a_late_print_of_the_stretch_before_fires_nothing() -> None:
    """Nothing is usual before it comes, so nothing is exceeded; then there is, by far."""
    memory = remembers(FOURFOLD)
    assert fires(memory, [*burst(5, 3000), at(1000), at(3010)]) == [False] * 6 + [True]


def test_what_is_older_than_both_stretches_does_not_count() -> None:
    memory = remembers(FOURFOLD)
    memory.fill(at(0))
    assert not any(fires(memory, burst(5, 4200)))  # an hour and ten minutes later nothing is usual
    memory = remembers(FOURFOLD)
    memory.fill(at(0))
    assert fires(memory, burst(1, 4199.5)) == [True]


def test_a_print_taken_back_counts_on_neither_side() -> None:
    memory = usual()
    assert not any(fires(memory, burst(7)))
    memory.forget(at(3802))
    assert fires(memory, [at(3900), at(3901)]) == [False, True]
    memory = usual()
    assert not any(fires(memory, burst(5)))
    for n in range(3, 6):
        memory.forget(at(n * 290))
    assert fires(memory, [at(3900)]) == [True]  # six against nine in the hour, which is 1.5 in ten minutes
