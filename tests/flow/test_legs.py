"""Legs of one order are known by each other: at once, on opposite sides, of like sizes, in one underlying."""

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flow import legs as module
from bot.flow.legs import Legs
from bot.model.prints import Print
from tests.samples import NVDA, a_print

TIME = NVDA.time
assert TIME is not None
NOON_S = 43_200.0
"""Seconds since midnight; the sample's print came a tenth of one before."""


def leg(after_ms: float = 0.0, **changes: Any) -> Print:
    """One leg of a vertical spread: the 145 call bought, 100 of it."""
    at = {"time": TIME and TIME + timedelta(milliseconds=after_ms), "time_of_day": NOON_S - 0.1 + after_ms / 1000}
    return a_print(**{"size": 100, **at, **changes})


def other(after_ms: float = 0.0, **changes: Any) -> Print:
    """And the other: the 150 call sold."""
    return leg(after_ms, **{"strike": 150.0, "side": "bid", "bias": "bear", **changes})


def told(found: list[Print]) -> list[bool | None]:
    """What becomes of each print in the end, by the order in which they came."""
    legs, known = Legs(), {}
    for one in found:
        paired, earlier = legs.paired(one)
        for changed in (paired, *earlier):
            known[changed.identity] = changed
        assert all(changed.multi_leg and changed.bias == "neutral" for changed in earlier)
    return [known[one.identity].multi_leg for one in found]


def test_the_second_leg_tells_of_both() -> None:
    """The first was not known to be one; neither is a bet on a direction, whatever the feed called it."""
    legs = Legs()
    first, before = legs.paired(leg())
    assert (first.multi_leg, first.bias, before) == (False, "bull", ())
    second, (earlier,) = legs.paired(other())
    assert (second.multi_leg, second.bias) == (True, "neutral")
    assert earlier == leg(multi_leg=True, bias="neutral")
    assert second == other(multi_leg=True, bias="neutral")


def test_it_is_told_once() -> None:
    """A third leg changes nothing about those that are known."""
    legs = Legs()
    legs.paired(leg())
    legs.paired(other())
    third, earlier = legs.paired(other(strike=155.0))
    assert (third.multi_leg, earlier) == (True, ())


@pytest.mark.parametrize(
    "changes",
    [
        {"strike": 145.0, "expiry": date(2026, 9, 18)},  # a calendar
        {"strike": 145.0, "type": "put"},  # a synthetic stock
        {"size": 200},  # twice as much
        {"size": 50},  # half
        {"premium": None, "price": None, "kind": None, "bias": None},
        {"after_ms": 5},
        {"after_ms": -5},
        {"is_recovered": True},
        {"provider_id": "77"},
    ],
)
def test_what_makes_a_pair(changes: dict[str, Any]) -> None:
    """In either order."""
    assert told([leg(), other(**changes)]) == [True, True]
    assert told([other(**changes), leg()]) == [True, True]


@pytest.mark.parametrize(
    "changes",
    [
        {"side": "ask"},
        {"strike": 145.0},  # the same contract
        {"ticker": "AMD"},
        {"provider": "optionwhales"},
        {"size": 101},
        {"size": 300},
        {"size": 33},
        {"after_ms": 6},
        {"after_ms": -6},
        {"after_ms": 86_400_000},  # the next day
    ],
)
def test_strangers(changes: dict[str, Any]) -> None:
    """Not seen to be legs, as yet, which is a fact that rules can ask for."""
    assert told([leg(), other(**changes)]) == [False, False]
    assert told([other(**changes), leg()]) == [False, False]


@pytest.mark.parametrize(
    "lacking",
    [
        {"side": "mid"}, {"side": None}, {"time": None, "time_of_day": None}, {"size": None}, {"size": 0},
        {"type": None}, {"strike": None}, {"expiry": None},
    ],
)  # fmt: skip
def test_what_cannot_be_paired_stays_unknown(lacking: dict[str, Any]) -> None:
    """And shows nothing of others."""
    assert told([leg(), other(**lacking)]) == [False, None]


@pytest.mark.parametrize("said", [True, False])
def test_what_the_feed_says_stands(said: bool) -> None:
    """Its legs have their other legs among what it says, too: nobody else is paired with them."""
    legs = Legs()
    assert legs.paired(leg(multi_leg=said)) == (leg(multi_leg=said), ())
    assert legs.paired(other())[0].multi_leg is False
    assert legs.paired(leg(multi_leg=said)) == (leg(multi_leg=said), ())


def test_a_frame_that_is_sent_again_is_no_leg_of_itself() -> None:
    """And its alert is amended once, as it was first received."""
    legs = Legs()
    legs.paired(leg())
    assert legs.paired(leg(received_ns=NVDA.received_ns + 9))[0].multi_leg is False
    assert legs.paired(other())[1] == (leg(multi_leg=True, bias="neutral"),)
    again, earlier = legs.paired(leg())
    assert (again.multi_leg, earlier) == (True, ())


def test_a_butterfly_whichever_leg_comes_last() -> None:
    """One of each wing bought, two of the body sold: the wings know each other by the body alone."""
    wings_and_body = [leg(), leg(strike=155.0), other(size=200)]
    for order in permutations(wings_and_body):
        assert told(list(order)) == [True, True, True]


def test_legs_with_other_prints_between_them() -> None:
    """What a gap gives back comes among the live prints, and long after its time."""
    live = [leg(60_000 + 50 * n, strike=200.0 + n, size=7) for n in range(20)]
    lost = [leg(is_recovered=True), *live, other(is_recovered=True)]
    assert told(lost) == [True, *(False for _ in live), True]


def test_legs_with_an_older_print_between_them() -> None:
    """The newest is the newest by its time."""
    assert told([leg(1000), leg(0, strike=160.0, size=7), other(1000)]) == [True, False, True]


@pytest.mark.parametrize(("between", "is_known"), [(9, True), (10, False)])
def test_the_latest_of_all_underlyings_are_remembered(
    between: int, is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 10)
    legs = Legs()
    legs.paired(leg())
    for n in range(between):
        legs.paired(leg(ticker=f"T{n}"))
    assert legs.paired(other())[0].multi_leg is is_known


PRINTS = st.builds(
    lambda n, ms, ticker, strike, side, size: leg(
        ms, provider_id=str(n), ticker=ticker, strike=strike, side=side, size=size
    ),
    st.integers(0, 99),
    st.sampled_from([0, 3, 6, 1000]),
    st.sampled_from(["NVDA", "AMD"]),
    st.sampled_from([145.0, 150.0]),
    st.sampled_from(["ask", "bid", "mid"]),
    st.sampled_from([50, 100, 400]),
)


@settings(max_examples=60)
@given(st.lists(PRINTS, min_size=2, max_size=7, unique_by=lambda found: found.provider_id), st.randoms())
def test_the_order_does_not_matter(found: list[Print], chance: Any) -> None:
    """The same prints end as legs, and each of them for a reason that can be named."""
    shuffled = chance.sample(found, len(found))
    verdicts = dict(zip((one.provider_id for one in found), told(found), strict=True))
    assert dict(zip((one.provider_id for one in shuffled), told(shuffled), strict=True)) == verdicts
    for one in found:
        partners = [
            two
            for two in found
            if one.ticker == two.ticker
            and one.strike != two.strike
            and {one.side, two.side} == {"ask", "bid"}
            and one.time is not None
            and two.time is not None
            and abs((one.time - two.time).total_seconds()) <= 0.005
            and {one.size, two.size} in ({50}, {100}, {400}, {50, 100})
        ]
        assert verdicts[one.provider_id] is (None if one.side == "mid" else bool(partners))
