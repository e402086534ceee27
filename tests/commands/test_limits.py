"""How much anybody may ask, on a clock of our own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.asker import Asker
from bot.commands.limits import MOST_KNOWN, Allowance, Limits

ANN, BOB, CY = (Asker("discord", user, place="9") for user in ("1", "2", "3"))


class Clock:
    def __init__(self) -> None:
        self.now_s = 1234567.8912345

    def __call__(self) -> float:
        return self.now_s


def test_so_many_at_once_and_then_steadily() -> None:
    """Twelve questions in a row, then one every five seconds; a refused one costs nothing."""
    clock = Clock()
    limits = Limits(clock)
    assert [limits.take(ANN) for _ in range(12)] == [0.0] * 12
    assert limits.take(ANN) == pytest.approx(5, abs=0.01)
    clock.now_s += 3
    assert limits.take(ANN) == pytest.approx(2, abs=0.01)
    clock.now_s += 2
    assert limits.take(ANN) == 0
    assert limits.take(ANN) == pytest.approx(5, abs=0.01)
    clock.now_s += 3600
    assert [limits.take(ANN) > 0 for _ in range(13)] == [False] * 12 + [True]


def test_one_does_not_use_up_what_others_may() -> None:
    """Each person has their own allowance; the same digits on another platform are another person."""
    limits = Limits(Clock(), per_person=Allowance(2))
    assert [limits.take(ANN) > 0 for _ in range(3)] == [False, False, True]
    assert limits.take(BOB) == 0
    assert limits.take(Asker("slack", "1", place="9")) == 0


def test_a_place_has_one_too() -> None:
    """All of a server together; somewhere else, and in direct messages, it goes on."""
    limits = Limits(Clock(), per_person=Allowance(2), per_place=Allowance(3))
    assert [limits.take(asker) > 0 for asker in (ANN, ANN, BOB, CY)] == [False, False, False, True]
    assert limits.take(Asker("discord", "3", place="8")) == 0
    assert limits.take(Asker("discord", "3")) == 0
    assert limits.take(Asker("discord", "3")) > 0


def test_it_forgets() -> None:
    """Memory has a bound: whoever asked longest ago is forgotten first."""
    limits = Limits(Clock(), per_person=Allowance(2))
    for user in (*range(MOST_KNOWN), 0, MOST_KNOWN):
        assert limits.take(Asker("discord", str(user))) == 0
    assert limits.take(Asker("discord", "0")) > 0
    assert [limits.take(Asker("discord", "1")) > 0 for _ in range(3)] == [False, False, True]
    assert len(limits._full_s) <= MOST_KNOWN


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 10), max_size=80))
def test_the_promise(pauses: list[float]) -> None:
    """However the questions come: whoever waits as long as told may ask; nobody gets more than twice the allowance
    in a minute."""
    clock = Clock()
    limits = Limits(clock)
    taken: list[float] = []
    for pause_s in pauses:
        clock.now_s += pause_s
        wait_s = limits.take(ANN)
        if wait_s > 0:
            clock.now_s += wait_s
            assert limits.take(ANN) == 0
        taken.append(clock.now_s)
        assert sum(clock.now_s - then < 60 for then in taken) <= 24


@pytest.mark.parametrize("count", [1, 7, 12, 60, 97])
def test_a_clock_of_many_digits(count: int) -> None:
    """All that is allowed is, whatever rounding does to sums of seconds."""
    limits = Limits(Clock(), per_person=Allowance(count), per_place=Allowance(10**6))
    assert [limits.take(ANN) > 0 for _ in range(count + 1)] == [False] * count + [True]
