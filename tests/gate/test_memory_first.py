"""first: silent until its memory covers the time it speaks of, then fires at whatever was not seen in it."""

import pytest

from bot.model.memory import Contribution, First
from tests.gate.memories import at, fires, noon, remembers, restored

HOUR = First(3600.0)


@pytest.mark.parametrize(
    ("seconds", "fired"),
    [
        ([0], [True]),
        ([0, 3599], [True, False]),
        ([0, 3600], [True, True]),
        ([0, 3599, 7198, 10_798], [True, False, False, True]),
        ([0, -10], [True, False]),  # late: one of its key was seen already
        ([0, -3599, 3600], [True, False, True]),
        ([0, -4000], [True, False]),  # too late to count
    ],
)
def test_first_fires_where_none_was_seen_for_so_long(seconds: list[float], fired: list[bool]) -> None:
    assert fires(remembers(HOUR), [at(second) for second in seconds]) == fired


@pytest.mark.parametrize(("second", "fired"), [(3599, False), (3600, True), (9000, True)])
def test_first_is_silent_until_it_has_listened_for_so_long(second: float, fired: bool) -> None:
    assert fires(remembers(HOUR, since_ns=noon(0)), [at(second)]) == [fired]


def test_what_was_seen_in_the_silence_is_seen() -> None:
    assert fires(remembers(HOUR, since_ns=noon(0)), [at(1000), at(4000), at(7600)]) == [False, False, True]


def test_the_evidence_tells_for_how_long_none_was_seen() -> None:
    memory = remembers(HOUR, since_ns=noon(0))
    told = [memory.observe(at(second)) for second in (5000, 9000)]
    assert [seen and seen.quiet_s for seen in told] == [5000.0, 4000.0]
    assert told[1] is not None
    assert (told[1].count, told[1].premium_usd, told[1].span_s) == (1, 1_000.0, 0.0)
    assert told[1].prints == (Contribution(noon(9000), "NVDA 145C 8/7", 1_000.0, 2400, "ask"),)


def test_a_past_that_was_read_from_a_tape_covers() -> None:
    memory = remembers(HOUR, since_ns=noon(3000))
    memory.fill(at(10))
    memory.fill(at(20, ticker="AMD"))
    memory.cover(noon(0))
    assert fires(memory, [at(3605), at(3618, ticker="AMD"), at(3619, ticker="SPY")]) == [False, False, True]


def test_filling_fires_nothing_and_is_not_counted_twice() -> None:
    memory = remembers(HOUR)
    memory.fill(at(0))
    assert fires(memory, [at(0), at(3600)]) == [False, True]


def test_coverage_never_shrinks_by_what_a_tape_holds() -> None:
    memory = remembers(HOUR, since_ns=noon(0))
    memory.cover(noon(3000))
    assert fires(memory, [at(3600)]) == [True]


@pytest.mark.parametrize(
    ("hole_s", "open_s", "fired"),
    [
        (300.0, 300.0, True),
        (601.0, 601.0, False),
        (601.0, 599.0, True),  # the market closed meanwhile
        (60_000.0, 0.0, True),  # a night
    ],
)
def test_a_hole_in_market_hours_begins_the_coverage_anew(hole_s: float, open_s: float, fired: bool) -> None:
    """Between two signs of listening, and between the last one kept and a restart."""
    memory = remembers(HOUR, since_ns=noon(0), open_s=lambda from_ns, to_ns: open_s)
    memory.heard(noon(4000))
    kept = restored(memory, noon(4000 + hole_s), open_s=lambda from_ns, to_ns: open_s)
    memory.heard(noon(4000 + hole_s))
    assert fires(memory, [at(4001 + hole_s)]) == [fired]
    assert fires(kept, [at(4001 + hole_s)]) == [fired]


def test_a_first_after_a_hole_claims_no_more_than_it_listened_for() -> None:
    memory = remembers(HOUR)
    memory.observe(at(0))
    memory.heard(noon(0))
    memory.heard(noon(1000))
    told = memory.observe(at(5000))
    assert told is not None
    assert told.quiet_s == 4000.0


def test_a_print_taken_back_was_never_seen() -> None:
    memory = remembers(HOUR)
    assert fires(memory, [at(0), at(100)]) == [True, False]
    memory.forget(at(100))
    assert fires(memory, [at(3600)]) == [True]
    memory.forget(at(3600))
    assert fires(memory, [at(3600), at(3601)]) == [False, True]
