"""The breaker counts what a platform refuses, and leaves it in peace long before a ban."""

import pytest

from bot.engine.breaker import INVALID_LIMIT, WINDOW_S, Breaker, is_invalid
from bot.engine.pace import Answer
from bot.model.outcomes import Absent, Blind, DestinationDead, Gone, Permanent, Retry, Sent, Unknown


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        (Retry("429", is_asked=True), True),
        (DestinationDead("HTTP 403"), True),
        (Retry("503"), False),
        (Permanent("400"), False),
        (Unknown("timeout"), False),
        (Gone("404"), False),
        (Sent(), False),
        (Absent(), False),
        (Blind("no scope"), False),
    ],
)
def test_what_counts(answer: Answer, counts: bool) -> None:
    assert is_invalid(answer) is counts


def test_a_thousand_in_ten_minutes_hold_the_platform_until_the_oldest_are_past() -> None:
    breaker = Breaker()
    trips = [breaker.count("discord", 10.0 + n * 0.1) for n in range(INVALID_LIMIT)]
    assert trips == [False] * (INVALID_LIMIT - 1) + [True]
    assert breaker.ready_at("discord", 200.0) == 10.0 + WINDOW_S
    assert breaker.ready_at("slack", 200.0) == 200.0
    assert breaker.ready_at("discord", 610.0) == 610.0


def test_it_is_told_once_however_long_the_refusals_go_on() -> None:
    breaker = Breaker()
    assert sum(breaker.count("discord", 10.0 + n * 0.1) for n in range(5 * INVALID_LIMIT)) == 1


def test_a_slow_trickle_of_refusals_holds_nobody() -> None:
    breaker = Breaker()
    assert not any(breaker.count("discord", n * 0.7) for n in range(5000))
    assert breaker.ready_at("discord", 3499.5) == 3499.5
