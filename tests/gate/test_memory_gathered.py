"""count, total and share: when they fire, what they tell, and what is left afterwards."""

from datetime import date

import pytest

from bot.model.memory import MOST_CONTRIBUTIONS, Contribution, Count, Memory, Share, Total
from tests.gate.memories import at, fires, firings, noon, remembers


@pytest.mark.parametrize(
    ("seconds", "fired"),
    [
        ([0, 1, 2], [False, False, True]),
        ([0, 300, 599], [False, False, True]),
        ([0, 300, 600], [False, False, False]),  # the first is ten minutes old: no more within them
        ([0, 300, 600, 800], [False, False, False, True]),
        ([0, 1, 2, 3, 4, 5], [False, False, True, False, False, True]),  # what an alert told of is spent
        ([0, 599, 1], [False, False, True]),  # late, and still within the window that ends at the newest
        ([0, 600, 1], [False, False, False]),  # late: of the window that ends at 600, 0 is out and 1 is in
        ([0, 600, 1, 2], [False, False, False, True]),
        ([700, 100, 101], [False, False, False]),  # late by the window, and by more than half of it
        ([5, 5, 5], [False, False, True]),
    ],
)
def test_count_fires_when_so_many_fall_within_the_window(seconds: list[float], fired: list[bool]) -> None:
    memory = remembers(Count(3, 600.0))
    assert fires(memory, [at(second, id=n) for n, second in enumerate(seconds)]) == fired


def test_a_print_that_comes_too_late_for_the_window_does_not_count() -> None:
    assert fires(remembers(Count(2, 600.0)), [at(700), at(100), at(101), at(99)]) == [False, False, True, False]


@pytest.mark.parametrize(
    ("memory", "premiums", "fired"),
    [
        (Total(5_000_000.0, 900.0), [2_000_000.0, 2_999_999.99, 0.01], [False, False, True]),
        (Total(5_000_000.0, 900.0, is_strict=True), [2_500_000.0, 2_500_000.0, 0.01], [False, False, True]),
        (Total(5_000_000.0, 900.0), [6_000_000.0, 4_000_000.0, 1_000_000.0], [True, False, True]),
        (Total(0.3, 900.0), [0.1, 0.1, 0.1], [False, False, True]),  # in floats, 0.1 + 0.1 + 0.1 is not 0.3
        (Total(1_000.0, 900.0), [None, 999.0, None], [False, False, False]),
    ],
)
def test_total_fires_when_the_premiums_together_reach_it(
    memory: Total, premiums: list[float | None], fired: list[bool]
) -> None:
    prints = [at(n, premium=premium) for n, premium in enumerate(premiums)]
    assert fires(remembers(memory), prints) == fired


@pytest.mark.parametrize(
    ("sides", "fired_at"),
    [
        ("aaa", None),  # too few
        ("aaaa", 3),
        ("aabb", None),
        ("aabbaaaa", 6),  # 5 of 7
        ("bbbbb", None),
        ("aaabaaa", 3),  # 3 of 4, and begins anew
    ],
)
def test_share_fires_when_enough_of_enough_are_of_its_sort(sides: str, fired_at: int | None) -> None:
    memory = remembers(Share("side = ask", 0.7, 600.0, 4), is_of=lambda found: found.side == "ask")
    prints = [at(n, side="ask" if side == "a" else "bid") for n, side in enumerate(sides)]
    fired = fires(memory, prints)
    assert (fired.index(True) if True in fired else None) == fired_at


@pytest.mark.parametrize("percent", [7, 14, 28, 29, 55, 57, 70])
def test_a_share_that_is_reached_exactly_fires_whatever_floats_make_of_it(percent: int) -> None:
    """0.07 x 100 is 7.000000000000001, and 0.29 x 100 is 28.999999999999996."""
    for of, fired in ((percent, True), (percent - 1, False)):
        memory = remembers(Share("x", percent / 100, 600.0, 100), is_of=lambda found: found.side == "ask")
        prints = [at(n, side="ask" if n < of else "bid") for n in range(100)]
        assert fires(memory, prints) == [False] * 99 + [fired]


def test_the_evidence_tells_what_accumulated() -> None:
    memory = remembers(Share("side = ask", 0.5, 600.0, 4, by="ticker"), is_of=lambda found: found.side == "ask")
    memory.observe(at(-700))
    for second, side in ((0, "ask"), (100.5, "bid"), (90, "bid")):
        memory.observe(at(second, side=side, premium=1_000_000.5))
    told = memory.observe(at(580, side="ask", premium=None, size=None, strike=152.5))
    assert told is not None
    assert (told.text, told.count, told.premium_usd, told.span_s) == ("as the admin wrote it", 4, 3_000_001.5, 580.0)
    assert (told.share, told.of) == (0.5, "side = ask")
    assert (told.factor, told.usual, told.quiet_s) == (None, None, None)
    assert told.prints == (
        Contribution(noon(0), "NVDA 145C 8/7", 1_000_000.5, 2400, "ask"),
        Contribution(noon(90), "NVDA 145C 8/7", 1_000_000.5, 2400, "bid"),
        Contribution(noon(100.5), "NVDA 145C 8/7", 1_000_000.5, 2400, "bid"),
        Contribution(noon(580), "NVDA 152.5C 8/7", None, None, "ask"),
    )


def test_the_evidence_lists_the_newest_prints_and_counts_all() -> None:
    told = firings(remembers(Count(50, 600.0)), [at(n) for n in range(50)])[-1]
    assert told is not None
    assert told.count == 50
    assert [print_.at_ns for print_ in told.prints] == [noon(n) for n in range(50 - MOST_CONTRIBUTIONS, 50)]


@pytest.mark.parametrize(
    ("by", "fired"),
    [("contract", [False, False, True, False]), ("ticker", [False, True, False, True]), ("rule", [False, True] * 2)],
)
def test_prints_are_counted_by_contract_ticker_or_rule(by: str, fired: list[bool]) -> None:
    prints = [at(0), at(1, strike=150.0), at(2), at(3, ticker="AMD")]
    if by == "ticker":
        prints[3] = at(3)
    assert fires(remembers(Count(2, 600.0, by=by)), prints) == fired  # type: ignore[arg-type]  # one of By's words


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "NVDA 145C 8/7"),
        ({"strike": 152.5, "type": "put"}, "NVDA 152.5P 8/7"),
        ({"strike": None}, "NVDA CALL 8/7"),
        ({"expiry": date(2027, 1, 15)}, "NVDA 145C 1/15/27"),
        ({"type": None, "expiry": None}, "NVDA 145"),
        ({"strike": None, "type": None, "expiry": None}, "NVDA"),
    ],
)
def test_a_contribution_names_as_much_of_the_contract_as_is_known(changes: dict[str, object], title: str) -> None:
    told = remembers(Count(1, 600.0)).observe(at(0, **changes))
    assert told is not None
    assert told.prints[0].title == title


@pytest.mark.parametrize("memory", [Count(2, 600.0), Total(2_000.0, 600.0)])
def test_a_print_without_a_time_counts_at_its_receipt(memory: Memory) -> None:
    assert fires(remembers(memory), [at(0, time=None), at(599, time=None)]) == [False, True]
    assert fires(remembers(memory), [at(0, time=None), at(600, time=None)]) == [False, False]
