"""steady: prints that keep coming."""

import pytest

from bot.model.memory import Steady
from tests.gate.memories import at, fires, firings, noon, remembers, restored

EVERY_5M_FOR_20M = Steady(300.0, 1200.0)


@pytest.mark.parametrize(
    ("seconds", "fired"),
    [
        ([0, 300, 600, 900, 1200], [False] * 4 + [True]),
        ([0, 300, 600, 900, 1199], [False] * 5),
        ([0, 300, 600, 901, 1201], [False] * 5),  # a pause of 301 s
        ([0, 300, 601, 901, 1201, 1501, 1801], [False] * 6 + [True]),  # a new run after it
        ([0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400], [False] * 4 + [True, False, False, False, True]),
        ([0, 300, 600, 900, 1200, 1501, 1800, 2100, 2400], [False] * 4 + [True] + [False] * 4),
        ([0, 300, 700, 500, 1000, 1300], [False] * 5 + [True]),  # late, and closes what was taken for a pause
        ([0, 300, 700, 1000, 1300, 1100, 1350], [False] * 7),  # late, and closes nothing
        ([0, 300, 600, 1200, 900], [False] * 5),  # too late: it is as old as a pause is long
        ([0, 300, 600, 900, 1210, 1000], [False] * 5 + [True]),  # the print that joins two runs fires
        ([0, 2000], [False, False]),
    ],
)
def test_steady_fires_when_no_pause_was_too_long_for_so_long(seconds: list[float], fired: list[bool]) -> None:
    assert fires(remembers(EVERY_5M_FOR_20M), [at(second) for second in seconds]) == fired


def test_the_evidence_tells_the_run() -> None:
    told = firings(remembers(EVERY_5M_FOR_20M), [at(-500), *(at(n * 60, premium=10.5) for n in range(21))])[-1]
    assert told is not None
    assert (told.count, told.premium_usd, told.span_s) == (21, 220.5, 1200.0)
    assert [print_.at_ns for print_ in told.prints] == [noon(n * 60) for n in range(1, 21)]


def test_a_run_begins_anew_at_the_print_that_fired() -> None:
    told = firings(remembers(EVERY_5M_FOR_20M), [at(n * 300, premium=100.0 + n) for n in range(9)])
    assert [seen is not None for seen in told] == [False] * 4 + [True] + [False] * 3 + [True]
    assert told[8] is not None
    assert (told[8].count, told[8].premium_usd, told[8].span_s) == (5, 530.0, 1200.0)


def test_what_was_before_an_alert_does_not_lengthen_the_next_run() -> None:
    memory = remembers(EVERY_5M_FOR_20M)
    assert fires(memory, [at(n * 300) for n in range(5)]) == [False] * 4 + [True]
    assert fires(memory, [at(1100), at(1500), at(1800), at(2100), at(2399)]) == [False] * 5


def test_a_run_that_a_late_print_joined_counts_each_print_once() -> None:
    told = firings(remembers(EVERY_5M_FOR_20M), [at(second) for second in (0, 300, 700, 500, 900, 1200)])[-1]
    assert told is not None
    assert (told.count, told.premium_usd, told.span_s) == (6, 6_000.0, 1200.0)


def test_another_run_of_the_service_knows_the_runs_of_prints() -> None:
    """The present one, the one that a late print may join to it, and where the last alert spent what was before."""
    memory = remembers(EVERY_5M_FOR_20M)
    assert not any(fires(memory, [at(second) for second in (0, 300, 700)]))
    memory = restored(memory)
    assert fires(memory, [at(500), at(900), at(1200)]) == [False, False, True]
    memory = restored(memory)
    assert fires(memory, [at(second) for second in (1100, 1500, 1800, 2100, 2399, 2400)]) == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("taken_back", "then", "fired"),
    [
        (0, [1200], [False]),  # the run begins later
        (600, [1200], [False]),  # and now there is a pause in it
        (400, [1200], [True]),
        (900, [1200], [False]),
    ],
)
def test_a_print_taken_back_shortens_the_run_or_breaks_it(
    taken_back: float, then: list[float], fired: list[bool]
) -> None:
    memory = remembers(EVERY_5M_FOR_20M)
    assert not any(fires(memory, [at(second) for second in (0, 300, 400, 600, 900)]))
    memory.forget(at(taken_back))
    assert fires(memory, [at(second) for second in then]) == fired
