"""Intake commits what matches, holds on to it while the store is out of order, and counts what it lets go."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from bot.engine import intake as module
from bot.engine.intake import Intake
from bot.engine.matching import Matching
from bot.engine.metrics import Metrics
from bot.engine.quarantine import KEPT, LONGEST, Quarantine
from bot.gate.verdict import judge
from bot.model.matches import Route
from bot.model.ports import Commit, Frame, Record
from bot.model.prints import Print
from bot.outbox import watchers
from bot.outbox.rows import decode_alert
from tests import virtual_time
from tests.engine.doubles import InlineTransactions, NoMemory, an_outbox
from tests.samples import NVDA, a_print, a_route

WHALES = a_route("whales")
AT_START = 1
"""The store is asked once whether an earlier run left people to be told."""

Pair = Callable[[Print], tuple[Print, tuple[Print, ...]]]


class Desk:
    """An intake with everything around it; big prints match one rule."""

    def __init__(self, record: Record | None = None, pair: Pair | None = None) -> None:
        self.transactions = InlineTransactions()
        self.metrics = Metrics()
        self.metrics.prints = {"radarpulse": 0}
        self.metrics.repeats = {"radarpulse": 0}
        self.quarantine = Quarantine(now_ns=lambda: 7)
        self.remembered: list[Print] = []
        self.commits: list[Commit] = []
        self.intake = Intake(
            Matching(self.match, NoMemory()), judge, an_outbox(self.transactions), self.metrics, self.quarantine,
            remember=self.remembered.append, targets=dict, committed=self.commits.append, record=record, pair=pair,
        )  # fmt: skip

    @staticmethod
    def match(found: Print) -> tuple[Route, ...]:
        return (WHALES,) if (found.premium or 0) >= 1_000_000 else ()

    def sample(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


def play(desk: Desk, scene: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        with capture_logs():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(desk.intake.run())
                await scene()
                desk.intake.close()

    virtual_time.run(main())


def states(desk: Desk) -> dict[int, str]:
    """What became of each delivery, by its print's size."""
    found = desk.transactions.connection.execute(
        "SELECT body, state FROM deliveries JOIN alerts ON alerts.id = alert_id"
    )
    return {decode_alert(body).print.size or 0: state for body, state in found}


def test_prints_that_match_nothing_never_touch_the_store() -> None:
    desk = Desk()

    async def scene() -> None:
        for n in range(100):
            desk.intake.accept(a_print(size=n, premium=5.0))
        await asyncio.sleep(1)

    play(desk, scene)
    assert desk.transactions.commits == AT_START
    assert len(desk.remembered) == 100
    assert desk.sample("flowbot_prints_total", provider="radarpulse") == 100


def test_a_burst_goes_into_one_transaction() -> None:
    desk = Desk()

    async def scene() -> None:
        for n in range(1000):
            desk.intake.accept(a_print(size=n))

    play(desk, scene)
    assert desk.transactions.commits <= 2
    assert sum(len(commit.alerts) for commit in desk.commits) == 1000
    assert desk.sample("flowbot_matches_total", rule="whales") == 1000


def test_a_repeat_counts_as_a_repeat_and_is_kept_quiet_with_its_reason() -> None:
    desk = Desk()

    async def scene() -> None:
        desk.intake.accept(NVDA)
        desk.intake.accept(a_print(received_ns=NVDA.received_ns + 5))

    play(desk, scene)
    assert sum(len(commit.alerts) for commit in desk.commits) == 1
    assert desk.sample("flowbot_prints_total", provider="radarpulse") == 1
    assert desk.sample("flowbot_prints_repeated_total", provider="radarpulse") == 1
    assert desk.sample("flowbot_suppressed_total", rule="whales", reason="duplicate") == 1
    assert len(desk.remembered) == 1


def test_a_store_out_of_order_delays_alerts_and_loses_none() -> None:
    desk = Desk()

    async def scene() -> None:
        desk.transactions.is_broken = True
        for n in range(5):
            desk.intake.accept(a_print(size=n))
            await asyncio.sleep(1)
        assert not desk.intake.is_healthy
        desk.transactions.is_broken = False
        await asyncio.sleep(100)
        assert desk.intake.is_healthy

    play(desk, scene)
    told = [alert.print.size for commit in desk.commits for alert in commit.alerts]
    assert told == [0, 1, 2, 3, 4]


def test_closing_commits_what_waits() -> None:
    desk = Desk()

    async def scene() -> None:
        desk.intake.accept(NVDA)

    play(desk, scene)
    assert sum(len(commit.alerts) for commit in desk.commits) == 1


def test_a_trade_that_is_taken_back_right_behind_its_print_is() -> None:
    """In one burst: it waits for the print's own commit, and holds up nothing that came meanwhile."""
    desk = Desk()

    async def scene() -> None:
        desk.intake.accept(a_print(size=1))
        desk.intake.cancel(a_print(size=1))
        desk.intake.accept(a_print(size=2))

    play(desk, scene)
    assert [(len(commit.alerts), dict(commit.expired)) for commit in desk.commits] == [(2, {}), (0, {"desk": 1})]
    assert states(desk) == {1: "expired", 2: "queued"}


def test_a_print_that_comes_again_behind_its_cancellation_stays_cancelled() -> None:
    desk = Desk()

    async def scene() -> None:
        desk.intake.accept(a_print(size=1))
        await asyncio.sleep(1)
        desk.intake.cancel(a_print(size=1))
        desk.intake.accept(a_print(size=1, is_recovered=True))

    play(desk, scene)
    assert states(desk) == {1: "expired"}
    assert desk.sample("flowbot_suppressed_total", rule="whales", reason="duplicate") == 1


def test_a_cancellation_waits_for_its_print_in_a_long_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for those behind it."""
    monkeypatch.setattr(module, "LARGEST_GROUP", 2)
    desk = Desk()

    async def scene() -> None:
        for n in range(1, 8):
            desk.intake.accept(a_print(size=n))
            if n in (3, 5):
                desk.intake.cancel(a_print(size=n))

    play(desk, scene)
    assert [len(commit.alerts) or dict(commit.expired) for commit in desk.commits] == [
        *(2, 2, {"desk": 1}),
        *(2, {"desk": 1}),
        1,
    ]
    assert {size for size, state in states(desk).items() if state == "expired"} == {3, 5}


def test_a_cancellation_outlives_a_store_out_of_order_and_the_close() -> None:
    desk = Desk()

    async def scene() -> None:
        desk.transactions.is_broken = True
        desk.intake.accept(a_print(size=1))
        desk.intake.cancel(a_print(size=1))
        await asyncio.sleep(10)
        desk.transactions.is_broken = False

    play(desk, scene)
    assert states(desk) == {1: "expired"}
    assert desk.intake.is_healthy


def test_a_cancellation_of_what_nobody_was_told_of_changes_nothing() -> None:
    desk = Desk()

    async def scene() -> None:
        desk.intake.accept(a_print(premium=5.0))
        desk.intake.cancel(a_print(premium=5.0))

    play(desk, scene)
    assert [commit for commit in desk.commits if commit.alerts or commit.edits or commit.expired] == []


def other_leg(found: Print) -> tuple[Print, tuple[Print, ...]]:
    """Size 2 shows size 1 to be the other leg, and size 4 a print that no rule matched."""
    if found.size not in (2, 4):
        return found, ()
    legs = [
        a_print(size=size, premium=premium, multi_leg=True, bias="neutral") for size, premium in ((1, 2e6), (3, 5.0))
    ]
    return structs.replace(found, multi_leg=True, bias="neutral"), (legs[found.size == 4],)


def test_a_print_that_turns_out_to_be_a_leg_changes_its_alert() -> None:
    """Right behind it, in one burst: the amendment waits for the alert's own commit."""
    desk = Desk(pair=other_leg)

    async def scene() -> None:
        desk.intake.accept(a_print(size=1, premium=2e6))
        desk.intake.accept(a_print(size=2))

    play(desk, scene)
    bodies = desk.transactions.connection.execute("SELECT body FROM alerts").fetchall()
    prints = {decode_alert(body).print.size: decode_alert(body).print for (body,) in bodies}
    assert {size: (found.multi_leg, found.bias) for size, found in prints.items()} == {
        1: (True, "neutral"),
        2: (True, "neutral"),
    }


def test_a_leg_that_nobody_was_told_of_never_touches_the_store() -> None:
    desk = Desk(pair=other_leg)

    async def scene() -> None:
        desk.intake.accept(a_print(size=3, premium=5.0))
        desk.intake.accept(a_print(size=4, premium=5.0))
        await asyncio.sleep(1)

    play(desk, scene)
    assert desk.transactions.commits == AT_START


PEOPLE = 8


class Crowd(Desk):
    """Big prints match one rule of the desk's, and a watch of everybody's."""

    @staticmethod
    def match(found: Print) -> tuple[Route, ...]:
        return (WHALES, *(a_route(f"watch:{n}", send_to=(f"dm:discord:{n}",)) for n in range(PEOPLE)))

    def told(self) -> list[list[str]]:
        """By transaction."""
        return [[name.removeprefix("dm:discord:") for name in commit.queued] for commit in self.commits]


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "AT_ONCE", 3)
    monkeypatch.setattr(module, "AT_ONCE", 3)
    monkeypatch.setattr(module, "LARGEST_GROUP", 1)


def test_very_many_people_have_their_turn_between_channels(few_at_once: None) -> None:
    """Three prints for eight people each: no channel waits for more than three of them."""
    desk = Crowd()

    async def scene() -> None:
        for n in range(3):
            desk.intake.accept(a_print(size=n))
        await asyncio.sleep(1)

    play(desk, scene)
    first, second, third = ["0", "1", "2"], ["3", "4", "5"], ["6", "7"]
    assert [one for one in desk.told() if one] == [
        *(["desk"], first, ["desk"], second, ["desk"], third),
        *(first, second, third, first, second, third),
    ]
    assert desk.sample("flowbot_matches_total", rule="watch") == 3 * PEOPLE
    assert desk.sample("flowbot_alerts_total") == 3


def test_a_close_leaves_people_to_the_next_run(few_at_once: None) -> None:
    desk = Crowd()

    async def scene() -> None:
        desk.intake.accept(a_print(size=1))

    play(desk, scene)
    assert [one for one in desk.told() if one] == [["desk"]]
    after = Crowd()
    after.intake._outbox = an_outbox(desk.transactions)

    async def nothing() -> None:
        await asyncio.sleep(1)

    play(after, nothing)
    assert [one for one in after.told() if one] == [["0", "1", "2"], ["3", "4", "5"], ["6", "7"]]


def test_a_store_out_of_order_costs_no_person_a_word(few_at_once: None) -> None:
    desk = Crowd()

    async def scene() -> None:
        desk.intake.accept(a_print(size=1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        desk.transactions.is_broken = True
        await asyncio.sleep(5)
        desk.transactions.is_broken = False
        await asyncio.sleep(100)

    play(desk, scene)
    assert sorted(name for told in desk.told() for name in told) == [*map(str, range(PEOPLE)), "desk"]


def test_rules_by_the_thousand_go_in_smaller_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROUTES", 20)
    desk = Crowd()

    async def scene() -> None:
        for n in range(5):
            desk.intake.accept(a_print(size=n))

    play(desk, scene)
    assert [len(commit.alerts) for commit in desk.commits if commit.alerts] == [2, 2, 1]


def test_what_was_accepted_is_settled_once_it_is_durable_and_not_before() -> None:
    desk = Desk()

    async def scene() -> None:
        await asyncio.wait_for(desk.intake.settled(), 1)
        assert desk.transactions.commits == AT_START, "nothing was to be waited for"
        desk.intake.accept(a_print(size=1))
        await asyncio.wait_for(desk.intake.settled(), 1)
        assert states(desk) == {1: "queued"}
        desk.intake.accept(a_print(premium=5.0))
        await asyncio.wait_for(desk.intake.settled(), 1)

    play(desk, scene)


def test_with_the_store_out_of_order_nothing_is_settled() -> None:
    desk = Desk()

    async def scene() -> None:
        desk.transactions.is_broken = True
        desk.intake.accept(a_print(size=1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(desk.intake.settled(), 60)
        desk.intake.accept(a_print(size=2))
        desk.transactions.is_broken = False
        await asyncio.wait_for(desk.intake.settled(), 100)
        assert states(desk) == {1: "queued", 2: "queued"}

    play(desk, scene)


def test_settled_waits_for_what_came_before_it_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed that never pauses does not keep an acknowledgement waiting."""
    monkeypatch.setattr(module, "LARGEST_GROUP", 1)
    desk = Desk()
    do = desk.transactions.do

    async def once(work: Callable[[sqlite3.Connection], Any]) -> Any:
        result = await do(work)
        desk.transactions.is_broken = True
        return result

    async def scene() -> None:
        desk.transactions.is_broken = True
        desk.intake.accept(a_print(size=1))
        async with asyncio.timeout(100), asyncio.TaskGroup() as tasks:
            tasks.create_task(desk.intake.settled())
            await asyncio.sleep(1)
            desk.intake.accept(a_print(size=2))
            monkeypatch.setattr(desk.transactions, "do", once)
            desk.transactions.is_broken = False
        assert states(desk) == {1: "queued"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(desk.intake.settled(), 60)
        monkeypatch.setattr(desk.transactions, "do", do)
        desk.transactions.is_broken = False
        await asyncio.sleep(100)

    play(desk, scene)


def test_what_was_taken_back_is_waited_for_too() -> None:
    """Also where no print came with it."""
    desk = Desk()

    async def scene() -> None:
        desk.intake.accept(a_print(size=1))
        await asyncio.sleep(1)
        desk.transactions.is_broken = True
        desk.intake.cancel(a_print(size=1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(desk.intake.settled(), 60)
        desk.transactions.is_broken = False
        await asyncio.wait_for(desk.intake.settled(), 100)
        assert states(desk) == {1: "expired"}

    play(desk, scene)


def test_what_was_dropped_is_waited_for_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OVERFULL", 3)
    desk = Desk()

    async def scene() -> None:
        for n in range(5):
            desk.intake.accept(a_print(size=n))
        await asyncio.wait_for(desk.intake.settled(), 1)

    play(desk, scene)


def test_the_tape_gets_every_frame_where_there_is_one() -> None:
    taped: list[tuple[str, int, Frame]] = []
    desk = Desk()
    assert desk.intake.record is None
    desk = Desk(record=lambda provider, at_ns, frame: taped.append((provider, at_ns, frame)))
    assert desk.intake.record is not None
    desk.intake.record("radarpulse", 7, b"{}")
    assert taped == [("radarpulse", 7, b"{}")]


def test_a_full_intake_asks_providers_to_wait_and_then_lets_them_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FULL", 10)
    desk = Desk()

    async def scene() -> None:
        desk.transactions.is_broken = True
        for n in range(10):
            desk.intake.accept(a_print(size=n))
        assert desk.intake.is_full
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(desk.intake.room(), 5)
        desk.transactions.is_broken = False
        await asyncio.wait_for(desk.intake.room(), 100)
        assert not desk.intake.is_full

    play(desk, scene)


def test_an_overfull_intake_drops_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OVERFULL", 3)
    desk = Desk()

    async def scene() -> None:
        for n in range(5):
            desk.intake.accept(a_print(size=n))

    play(desk, scene)
    assert sum(len(commit.alerts) for commit in desk.commits) == 3
    assert desk.sample("flowbot_suppressed_total", rule="whales", reason="overflow") == 2


def test_a_bad_frame_is_counted_and_kept_for_the_operator_within_bounds() -> None:
    desk = Desk()
    for n in range(KEPT + 10):
        desk.intake.reject("radarpulse", "not_json", "line 1", f"frame {n} " + "x" * 5000)
    desk.intake.reject("radarpulse", "bad_shape", "binary", b"\xff\x00" * 5000)
    frames = desk.quarantine.newest_first()
    assert len(frames) == KEPT
    assert frames[0].reason == "bad_shape"
    assert frames[1].raw.startswith(f"frame {KEPT + 9} ")
    assert all(len(frame.raw) <= LONGEST for frame in frames)
    assert desk.sample("flowbot_frames_rejected_total", provider="radarpulse", reason="not_json") == KEPT + 10
