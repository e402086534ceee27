"""What every rule with memory has in common: each trade once, bounded keys, and what is kept over a restart."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bot.gate.memory.rule_memory import COVERAGE, KEPT_NS
from bot.model.memory import Count, First, Memory, Share, Spike, Steady, Total
from bot.model.prints import Print
from tests.gate.memories import NS, at, fires, noon, remembers, restored
from tests.samples import NOON_NS

KINDS: list[Memory] = [
    Count(3, 600.0),
    Total(3_000.0, 600.0),
    Share("x", 0.5, 600.0, 3),
    First(600.0),
    Spike(4.0, 600.0, 3600.0, minimum=3.0),
    Steady(300.0, 600.0),
]


def again(found: Print) -> Print:
    """The same frame, sent once more a minute later."""
    return msgspec.structs.replace(found, received_ns=found.received_ns + 60 * NS)


def other(second: float, **changes: Any) -> Print:
    return at(second, provider="optionwhales", id="ow", **changes)


# --- each trade once ---------------------------------------------------------------------------------------


def test_a_repeat_counts_nothing_and_fires_nothing() -> None:
    memory = remembers(Count(3, 600.0))
    prints = [at(0), again(at(0)), at(1), again(at(1)), again(at(0)), at(2)]
    assert fires(memory, prints) == [False] * 5 + [True]
    assert fires(memory, [again(at(n % 3)) for n in range(9)]) == [False] * 9  # spent, and known all the same


def test_a_print_without_an_id_is_told_by_its_facts() -> None:
    bare = at(0, provider_id=None)
    assert fires(remembers(Count(2, 600.0)), [bare, again(bare), at(0, provider_id=None, size=7)]) == [
        *(False, False, True)
    ]


@pytest.mark.parametrize(
    ("twin", "counts"),
    [
        (other(0), False),
        (other(2), False),
        (other(-2), False),
        (other(2.001), True),
        (other(1, size=2401), True),
        (other(1, size=None, premium=1_009.0), False),
        (other(1, size=None, premium=1_011.0), True),
        (other(1, strike=150.0), True),
        (other(1, strike=None), True),
        (other(1, time=None), True),
        (at(1), True),  # the same provider says it twice: two trades
    ],
)
def test_another_providers_telling_of_a_trade_does_not_count(twin: Print, counts: bool) -> None:
    assert fires(remembers(Count(2, 600.0, by="ticker")), [at(0), twin]) == [False, counts]


def test_one_print_there_is_the_twin_of_one_print_here() -> None:
    memory = remembers(Count(3, 600.0))
    assert fires(memory, [at(0), other(0.5), other(0.7)]) == [False] * 3  # the second there is a trade of its own
    assert fires(memory, [at(0.8), at(1.9)]) == [False, True]  # whose twin is the first of these
    memory = remembers(Count(2, 600.0))
    assert fires(memory, [at(0), other(0.5), at(0.6, provider="third"), again(other(0.5))]) == [False] * 4


def test_the_nearest_in_time_is_the_twin() -> None:
    memory = remembers(Count(3, 600.0))
    assert fires(memory, [at(0), at(1.5), other(1.4), other(0.1), other(1.6)]) == [False] * 4 + [True]


def test_two_providers_may_be_far_apart() -> None:
    """One delays by a quarter of an hour, on purpose."""
    memory = remembers(Count(21, 3600.0))
    assert not any(fires(memory, [at(n * 60) for n in range(20)]))
    delayed = [other(n * 60 + 1, received_ns=noon(n * 60 + 901)) for n in range(20)]
    assert not any(fires(memory, delayed))
    assert fires(memory, [at(1200)]) == [True]


def test_a_trade_taken_back_counts_no_more() -> None:
    memory = remembers(Count(3, 600.0))
    assert fires(memory, [at(0), at(1)]) == [False, False]
    memory.forget(at(1))
    memory.forget(at(1))
    memory.forget(at(99))
    assert fires(memory, [again(at(1)), at(2), at(3)]) == [False, False, True]
    memory.forget(at(3))  # told already: the next three are three
    assert fires(memory, [at(4), at(5), at(6)]) == [False, False, True]


def test_what_takes_a_trade_back_may_lack_its_id_or_come_from_the_other_provider() -> None:
    memory = remembers(Count(3, 600.0))
    memory.observe(at(0))
    memory.observe(at(1))
    memory.forget(at(1, provider_id=None, premium=1_000.004))
    assert fires(memory, [at(2)]) == [False]
    memory.observe(other(2.5))
    memory.forget(other(2.5))
    assert fires(memory, [at(3), at(4)]) == [False, True]


@pytest.mark.parametrize("changes", [{"strike": 150.0}, {"size": 7}, {"premium": 1_000.02}, {"provider": "x"}])
def test_what_takes_another_trade_back_changes_nothing(changes: dict[str, Any]) -> None:
    memory = remembers(Count(2, 600.0, by="ticker"))
    memory.observe(at(0))
    memory.forget(at(0, **({"provider_id": None} | changes)))
    assert fires(memory, [at(1)]) == [True]


def test_a_print_from_the_future_counts_when_it_was_received() -> None:
    """Else one broken clock would make whatever follows too old to count."""
    memory = remembers(Count(3, 600.0))
    tomorrow = at(0, time=at(0).time + timedelta(days=1))  # type: ignore[operator]  # the sample has a time
    assert fires(memory, [tomorrow, at(1), at(2)]) == [False, False, True]


def test_a_clock_that_is_a_little_fast_is_believed() -> None:
    told = remembers(Count(1, 600.0)).observe(at(59, received_ns=NOON_NS))
    assert told is not None
    assert told.prints[0].at_ns == noon(59)


# --- kept over a restart -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_dump_clears_the_mark_and_a_print_sets_it(kind: Memory) -> None:
    memory = remembers(kind, is_of=lambda found: True)
    memory.observe(at(0))
    memory.observe(at(1, ticker="AMD"))
    keys = set(memory.changed()) - {COVERAGE}
    assert keys == {"NVDA260807C00145000", "AMD260807C00145000"}
    assert all(memory.dump(key) for key in list(memory.changed()))
    assert list(memory.changed()) == []
    memory.observe(at(2))
    memory.forget(at(1, ticker="AMD"))
    assert set(memory.changed()) == keys
    assert all(memory.dump(key) for key in keys)
    memory.forget(at(99))
    assert list(memory.changed()) == []


def test_only_rules_that_speak_of_silence_keep_their_coverage_and_not_at_every_moment() -> None:
    assert [kind for kind in KINDS if COVERAGE in set(remembers(kind).changed())] == [KINDS[3], KINDS[4]]
    memory = remembers(First(600.0), since_ns=NOON_NS)
    assert memory.dump(COVERAGE)
    memory.heard(noon(59))
    assert list(memory.changed()) == []
    memory.heard(noon(60))
    assert list(memory.changed()) == [COVERAGE]
    memory.dump(COVERAGE)
    memory.cover(noon(-100))
    assert list(memory.changed()) == [COVERAGE]


def test_a_hole_is_noted_at_once() -> None:
    memory = remembers(First(600.0), since_ns=NOON_NS)
    memory.heard(noon(1000))  # nothing to be noted before it
    memory.dump(COVERAGE)
    memory.heard(noon(1601))
    assert list(memory.changed()) == [COVERAGE]


def test_another_run_knows_of_which_sort_prints_were() -> None:
    memory = remembers(Share("x", 0.5, 600.0, 3), is_of=lambda found: found.side == "ask")
    memory.observe(at(0, side="ask"))
    memory.observe(at(1, side="bid"))
    assert fires(restored(memory), [at(2, side="ask")]) == [True]
    memory.observe(at(1.5, side="bid"))
    assert fires(restored(memory), [at(2, side="ask")]) == [True]


def test_another_run_tells_twins_and_repeats_of_twins() -> None:
    memory = remembers(Count(3, 600.0))
    assert fires(memory, [at(0), at(10), other(0.5)]) == [False] * 3
    another_run = restored(memory)
    assert fires(another_run, [again(other(0.5)), other(9), again(at(0))]) == [False] * 3
    assert fires(restored(another_run), [other(0.6)]) == [True]  # its twin has its twin already
    memory = remembers(Count(3, 600.0))
    assert fires(memory, [at(0), other(10)]) == [False, False]
    assert fires(restored(memory), [at(10.5), other(20)]) == [False, True]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [b"", b"\x00", b"not msgpack", msgspec.msgpack.encode([2, 0, 0]), b"\x97" * 40])
def test_a_body_that_cannot_be_read_is_passed_over(kind: Memory, body: bytes) -> None:
    memory = remembers(kind)
    memory.load("NVDA", body, NOON_NS)
    memory.load(COVERAGE, body, NOON_NS)
    assert len(memory) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_of_another_format_or_kind_or_not_whole_is_passed_over(kind: Memory) -> None:
    memory = remembers(kind, is_of=lambda found: True)
    memory.observe(at(0))
    body = memory.dump("NVDA260807C00145000")
    assert body is not None
    version, *rest = msgspec.msgpack.decode(body)
    wrong = [
        msgspec.msgpack.encode([version + 1, *rest]),
        msgspec.msgpack.encode([version, *rest[:3], [], *rest[4:]]),  # the words are missing
        body[:-1],
    ]
    strangers = [a for a in KINDS if (type(a) in (Count, Total, Share)) != (type(kind) in (Count, Total, Share))]
    for stranger in strangers:
        fresh = remembers(stranger)
        fresh.load("NVDA260807C00145000", body, NOON_NS)
        assert len(fresh) == (type(stranger) is type(kind))
    for bad in wrong:
        fresh = remembers(kind)
        fresh.load("NVDA260807C00145000", bad, NOON_NS)
        assert len(fresh) == 0


def test_a_rule_wants_as_much_covered_as_it_speaks_of() -> None:
    assert [remembers(kind).wanted_s for kind in KINDS] == [0.0, 0.0, 0.0, 600.0, 4200.0, 0.0]


# --- bounded -----------------------------------------------------------------------------------------------


@pytest.fixture
def few_keys(monkeypatch: pytest.MonkeyPatch) -> int:
    """As many keys as a rule may have in this test."""
    monkeypatch.setattr("bot.gate.memory.rule_memory.MOST_KEYS", 50)
    return 50


def test_the_key_that_was_longest_without_a_print_goes(few_keys: int) -> None:
    memory = remembers(Count(2, 1e6, by="ticker"))
    for n in range(few_keys):
        memory.observe(at(n, ticker=f"T{n}"))
    memory.observe(again(at(0, ticker="T0")))
    for key in list(memory.changed()):
        memory.dump(key)
    memory.observe(at(20_000, ticker="NEW"))
    assert len(memory) == few_keys
    assert set(memory.changed()) == {"T1", "NEW"}
    assert memory.dump("T1") is None
    assert fires(memory, [at(20_001, ticker="T0"), at(20_002, ticker="T1")]) == [True, False]


def test_first_says_nothing_of_a_key_that_it_may_have_dropped(few_keys: int) -> None:
    memory = remembers(First(3600.0, by="ticker"))
    for n in range(few_keys + 1):  # the first of them is dropped: its print was at 0
        memory.fill(at(n / 10, ticker=f"T{n}"))
    another_run = restored(memory)
    another_run.cover(0)
    for remembered in (memory, another_run):
        assert fires(remembered, [at(3599, ticker="A"), at(3601, ticker="B")]) == [False, True]


def test_keys_come_back_in_the_order_of_their_prints() -> None:
    memory = remembers(Count(2, 600.0, by="ticker"))
    tickers = [f"T{n * 37 % 50}" for n in range(50)]
    for n, ticker in enumerate(tickers):
        memory.observe(at(n, ticker=ticker))
    another_run = restored(memory)
    another_run.expire(noon(24.5 + 602) + KEPT_NS)
    assert set(another_run.changed()) == set(tickers[:25])
    assert len(another_run) == 25


def test_more_bodies_than_keys_are_cut_to_the_newest(few_keys: int, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = remembers(Count(2, 600.0, by="ticker"))
    for n in range(few_keys):
        memory.observe(at(n, ticker=f"T{n}"))
    another_run = restored(memory)
    monkeypatch.setattr("bot.gate.memory.rule_memory.MOST_KEYS", few_keys - 10)
    another_run.expire(NOON_NS)
    assert len(another_run) == few_keys - 10
    assert set(another_run.changed()) == {f"T{n}" for n in range(10)}


def test_a_key_is_kept_for_a_long_weekend_after_its_prints_matter() -> None:
    memory = remembers(Count(2, 600.0))
    memory.observe(at(0))
    memory.expire(noon(600) + KEPT_NS)
    assert len(memory) == 1
    assert fires(memory, [again(at(0))]) == [False]
    memory.expire(noon(663) + KEPT_NS)
    assert len(memory) == 0
    assert memory.dump(next(memory.changed())) is None


def test_expiring_is_bounded_work() -> None:
    memory = remembers(Count(2, 600.0, by="ticker"))
    for n in range(600):
        memory.observe(at(0, ticker=f"T{n}"))
    lengths = []
    for _ in range(4):
        memory.expire(noon(10**6))
        lengths.append(len(memory))
    assert lengths == [344, 88, 0, 0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step_s", [0.01, 0.0, -0.01])
def test_a_flood_of_prints_of_one_key_keeps_its_body_small(kind: Memory, step_s: float) -> None:
    """In order, at one moment, or backwards; premiums as absurd as a feed can send them."""
    memory = remembers(Count(10**9, 600.0) if isinstance(kind, Count) else kind, is_of=lambda found: False)
    for n in range(3_000):
        memory.observe(at(n * step_s, id=n, received_ns=noon(100), premium=1e15))
    (key,) = set(memory.changed()) - {COVERAGE}
    body = memory.dump(key)
    assert body is not None
    assert len(body) < 60_000
    assert fires(restored(memory), [at(2_999 * step_s, id=2_999)]) == [False]


def test_what_is_known_of_two_providers_is_bounded_too() -> None:
    memory = remembers(Count(10**9, 60.0))
    for n in range(1_500):
        memory.observe(at(n / 10))
        memory.observe(other(n / 10))
    known = memory._keys["NVDA260807C00145000"]._known
    assert len(known) <= 621  # the last minute's, and of two seconds more
    assert len(known._by_mark) == 2 * len(known)
    assert sum(map(len, (known._by_moment or {}).values())) == len(known)


def test_the_sums_of_a_flood_are_exact() -> None:
    memory = remembers(Count(5_000, 600.0))
    prints = [at(n / 10, id=n, premium=1_000.01) for n in range(5_000)]
    assert not any(fires(memory, prints[:2_500]))
    memory.dump(next(memory.changed()))
    told = [memory.observe(found) for found in prints[2_500:]]
    assert [seen is not None for seen in told] == [False] * 2_499 + [True]
    assert told[-1] is not None
    assert (told[-1].count, told[-1].premium_usd, told[-1].span_s) == (5_000, 5_000_050.0, 499.9)
    assert len(told[-1].prints) == 20
