"""A lane keeps every promise to its destination: nothing lost, nothing twice, never too fast, never in others' way."""

import asyncio
from datetime import time

import pytest

from bot.engine.lane import LaneOptions
from bot.gate.verdict import judge
from bot.model.alerts import Batch
from bot.model.outcomes import DestinationDead, Outcome, Permanent, Retry, Sent, Unknown
from bot.model.ports import Lease, Rate, Target
from bot.model.terms import ActiveHours, Terms
from tests import virtual_time
from tests.engine.doubles import Scripted
from tests.engine.stage import Stage, play, sizes
from tests.samples import a_match


@pytest.mark.parametrize("is_fast", [True, False])
def test_an_idle_destination_gets_an_alert_at_once_and_alone(is_fast: bool) -> None:
    desk = Scripted()
    stage = Stage((desk,))
    play(stage, lambda: stage.post(is_fast=is_fast), seconds=1.0)
    assert desk.times == [0.001]
    assert [sizes(batch) for batch in desk.batches] == [[1]]


def test_an_alert_does_not_wait_for_the_answer_to_another() -> None:
    """Four may be on their way at once; the fifth waits for one of them, and takes the sixth along."""
    desk = Scripted(takes_s=0.45)
    stage = Stage((desk,))

    async def scene() -> None:
        for _ in range(6):
            await stage.post()
            await asyncio.sleep(0.05)

    play(stage, scene, seconds=20.0)
    assert desk.times == [0.001, 0.051, 0.101, 0.151, 0.451]
    assert [sizes(batch) for batch in desk.batches] == [[1], [2], [3], [4], [6, 5]]


def test_a_destination_that_may_hang_gets_one_message_at_a_time() -> None:
    desk = Scripted(takes_s=15.0)
    stage = Stage((desk,))

    async def scene() -> None:
        for _ in range(3):
            await stage.post()
            await asyncio.sleep(1.0)

    play(stage, scene, seconds=60.0)
    assert desk.times == [0.001, 15.001]


def test_a_failing_destination_gets_one_message_at_a_time() -> None:
    desk = Scripted(*[Retry("503")] * 3, takes_s=0.25)
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(0.5)
        for _ in range(3):
            await stage.post()

    play(stage, scene, seconds=60.0)
    assert desk.times == [0.001, 1.251, 3.501, 7.751]


def test_what_arrives_while_the_pace_says_wait_goes_together() -> None:
    desk = Scripted(rates=(Rate(1, 5.0),))
    stage = Stage((desk,))

    async def scene() -> None:
        for _ in range(4):
            await stage.post()
            await asyncio.sleep(1.0)

    play(stage, scene, seconds=20.0)
    assert desk.times == [0.001, 5.001]
    assert [len(batch.deliveries) for batch in desk.batches] == [1, 3]


def test_a_burst_larger_than_a_message_goes_in_order_and_in_pace() -> None:
    desk = Scripted(rates=(Rate(2, 4.0),))
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post(35)
        await asyncio.sleep(1)
        depth = stage.metrics.registry.get_sample_value("flowbot_queue_depth", {"queue": "desk"})
        assert depth == stage.lanes[0].waiting == 15

    play(stage, scene, seconds=60.0)
    assert stage.lanes[0].waiting == 0
    assert [len(batch.deliveries) for batch in desk.batches] == [10, 10, 10, 5]
    assert desk.times == [0.001, 0.001, 4.001, 4.001]


def test_a_429_waits_as_long_as_it_says_and_sends_the_same_batch() -> None:
    desk = Scripted(Retry("429", after_s=7.5, is_asked=True))
    stage = Stage((desk,))
    play(stage, stage.post)
    assert desk.times == [0.001, 7.501]
    assert desk.batches[0].id == desk.batches[1].id


def test_a_failing_platform_is_retried_with_backoff_until_it_takes_the_message() -> None:
    desk = Scripted(*[Retry("503")] * 8)
    stage = Stage((desk,))
    play(stage, stage.post)
    waits = [round(b - a) for a, b in zip(desk.times, desk.times[1:], strict=False)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len({batch.id for batch in desk.batches}) == 1


def test_what_came_while_a_platform_was_down_goes_together_with_what_waited() -> None:
    desk = Scripted(Retry("503"), Retry("503"))
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(0.5)
        await stage.post()
        await asyncio.sleep(1.5)
        assert (await stage.states()) == {"queued": 2}, "what surely did not go out is in no doubt after a crash"

    play(stage, scene)
    assert [len(batch.deliveries) for batch in desk.batches] == [1, 2, 2]
    assert desk.batches[1].id == desk.batches[2].id != desk.batches[0].id


def test_a_batch_in_doubt_takes_nothing_more_on_board() -> None:
    desk = Scripted(Unknown("timeout"), Retry("503"), is_idempotent=True)
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(0.5)
        await stage.post()

    play(stage, scene)
    assert [sizes(batch) for batch in desk.batches] == [[1], [1], [1], [2]]
    assert len({batch.id for batch in desk.batches}) == 2


def test_a_refused_batch_is_sent_one_by_one_and_only_the_bad_alert_dies() -> None:
    def picky(batch: Batch) -> Outcome:
        return Permanent("Invalid Form Body") if 2 in sizes(batch) else Sent()

    desk = Scripted(*[picky] * 10, rates=(Rate(1, 1.0),))
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await stage.post(4)

    play(stage, scene, seconds=60.0)
    assert [sorted(filter(None, sizes(batch))) for batch in desk.batches[:2]] == [[1], [2, 3, 4, 5]]
    assert sorted(str(sizes(batch)) for batch in desk.batches[2:]) == ["[2]", "[3]", "[4]", "[5]"]
    rows = stage.transactions.connection.execute("SELECT state, reason FROM deliveries ORDER BY id").fetchall()
    assert rows == [("sent", ""), ("dead", "Invalid Form Body"), ("sent", ""), ("sent", ""), ("sent", "")]


def test_a_dead_destination_is_parked_probed_slowly_and_loses_nothing() -> None:
    desk = Scripted(DestinationDead("Unknown Webhook"), DestinationDead("Unknown Webhook"))
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(1)
        await stage.post(3)
        await asyncio.sleep(10)
        assert stage.lanes[0].parked == "Unknown Webhook"

    play(stage, scene)
    assert desk.times == [0.001, 300.001, 900.001]
    assert [len(batch.deliveries) for batch in desk.batches] == [1, 4, 4]
    assert stage.lanes[0].parked == ""


def test_an_unknown_outcome_is_sent_again_unless_the_admin_said_drop() -> None:
    for on_unknown, tries, end in (("resend", 2, "sent"), ("drop", 1, "unknown")):
        desk = Scripted(Unknown("timeout"))
        stage = Stage((desk,), LaneOptions(on_unknown=on_unknown))  # type: ignore[arg-type]  # a table of literals
        states: dict[str, int] = {}

        async def scene(stage: Stage = stage, states: dict[str, int] = states) -> None:
            await stage.post()
            await asyncio.sleep(5)
            states.update(await stage.states())

        play(stage, scene, seconds=1.0)
        assert (len(desk.batches), states) == (tries, {end: 1})
        assert stage.outcomes("unknown") == 1


def test_a_platform_that_knows_the_batch_is_asked_again_even_with_drop() -> None:
    desk = Scripted(Unknown("timeout"), is_idempotent=True)
    stage = Stage((desk,), LaneOptions(on_unknown="drop"))
    play(stage, stage.post)
    assert len(desk.batches) == 2
    assert desk.batches[0].id == desk.batches[1].id


def test_one_destinations_trouble_never_delays_another() -> None:
    slow = Scripted(*[Retry("503")] * 50, name="slow", takes_s=15.0)
    desk = Scripted()
    stage = Stage((slow, desk))

    async def scene() -> None:
        for _ in range(10):
            await stage.post(send_to=("slow", "desk"))
            await asyncio.sleep(1.0)

    play(stage, scene, seconds=30.0)
    assert desk.times == [round(0.001 + n, 3) for n in range(10)]


def test_a_batch_left_by_a_crash_is_sent_again_as_it_was() -> None:
    first = Scripted(takes_s=1e9)
    stage = Stage((first,))

    async def crash() -> None:
        task = asyncio.get_running_loop().create_task(stage.delivery.run())
        await asyncio.sleep(0.001)
        await stage.post(3)
        await asyncio.sleep(1.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    virtual_time.run(crash())
    second = Scripted()
    after = Stage((second,), transactions=stage.transactions)
    play(after, lambda: asyncio.sleep(0))
    assert [(batch.id, batch.deliveries) for batch in second.batches] == [
        (batch.id, batch.deliveries) for batch in first.batches
    ]


@pytest.mark.parametrize(("on_unknown", "sent"), [("resend", 1), ("drop", 0)])
def test_after_a_crash_drop_means_drop(on_unknown: str, sent: int) -> None:
    stage = Stage((Scripted(),))

    async def crash() -> None:
        await stage.outbox.commit([a_match()], judge, {"desk": Target(fit=lambda deliveries: 1)})

    virtual_time.run(crash())
    second = Scripted()
    after = Stage((second,), LaneOptions(on_unknown=on_unknown), transactions=stage.transactions)  # type: ignore[arg-type]  # a table of literals
    play(after, lambda: asyncio.sleep(0), seconds=60.0)
    assert len(second.batches) == sent


def test_stopping_waits_for_the_queue_but_not_for_ever() -> None:
    """Two messages fit into the drain; the rest is queued, none is in doubt, and the next start sends it."""
    desk = Scripted(rates=(Rate(1, 3.0),))
    stage = Stage((desk,))
    play(stage, lambda: stage.post(35), seconds=0.0)
    assert [len(batch.deliveries) for batch in desk.batches] == [10, 10]
    rows = dict(stage.transactions.connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state"))
    assert rows == {"sent": 20, "queued": 15}


def test_stopping_while_a_platform_says_wait_puts_the_batch_back() -> None:
    desk = Scripted(Retry("429", after_s=60.0, is_asked=True))
    stage = Stage((desk,))
    play(stage, stage.post, seconds=1.0)
    rows = dict(stage.transactions.connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state"))
    assert rows == {"queued": 1}


def test_stopping_in_doubt_leaves_the_batch_in_doubt() -> None:
    desk = Scripted(*[Unknown("timeout")] * 9)
    stage = Stage((desk,))
    play(stage, stage.post, seconds=1.5)
    rows = dict(stage.transactions.connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state"))
    assert rows == {"sending": 1}


def test_a_store_out_of_order_never_makes_a_message_go_twice() -> None:
    desk = Scripted()
    stage = Stage((desk,))

    async def scene() -> None:
        desk.takes_s = 1.0
        await stage.post()
        await asyncio.sleep(0.5)
        stage.transactions.is_broken = True
        await asyncio.sleep(100)
        stage.transactions.is_broken = False

    play(stage, scene)
    assert len(desk.batches) == 1
    rows = dict(stage.transactions.connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state"))
    assert rows == {"sent": 1}


def test_an_admins_own_pace_replaces_the_platforms() -> None:
    desk = Scripted(rates=(Rate(100, 1.0),))
    stage = Stage((desk,), LaneOptions(rates=(Rate(2, 60.0),)))
    play(stage, lambda: stage.post(35), seconds=200.0)
    assert desk.times == [0.001, 0.001, 60.001, 60.001]


def test_no_pace_still_obeys_a_429() -> None:
    desk = Scripted(Retry("429", after_s=3.0, is_asked=True), rates=(Rate(1, 60.0),))
    stage = Stage((desk,), LaneOptions(rates=()))
    play(stage, lambda: stage.post(20))
    assert desk.times == [0.001, 0.001, 3.001], "the second was on its way before the first was refused"


# --- what may not go yet ---

FROM_ONE = ActiveHours(time(13), time(16))
"""The stage opens at 12:16:40 in New York, on a Thursday: 2600 seconds before."""


def test_alerts_outside_the_hours_wait_for_the_opening_without_a_busy_loop() -> None:
    desk = Scripted()
    stage = Stage((desk,), LaneOptions(terms=Terms(hours=FROM_ONE)))

    async def scene() -> None:
        await stage.post(3)
        await asyncio.sleep(100.0)
        await stage.post(2)
        assert stage.lanes[0].waiting == 5
        await asyncio.sleep(2400.0)
        questions = stage.transactions.commits
        assert 40 <= questions <= 60, "it asks about once a minute, for clocks jump"

    play(stage, scene, seconds=200.0)
    assert (desk.times, [batch.count for batch in desk.batches]) == ([2600.0], [5])
    assert desk.batches[0].digest is not None
    assert stage.lanes[0].waiting == 0


def test_alerts_outside_the_hours_expire_where_the_admin_says_so_and_are_counted() -> None:
    desk = Scripted()
    hours = ActiveHours(time(13), time(16), outside="drop")
    stage = Stage((desk,), LaneOptions(terms=Terms(hours=hours)))

    async def scene() -> None:
        await asyncio.sleep(1.0)
        await stage.post(3)
        await asyncio.sleep(1.0)
        assert stage.lanes[0].waiting == 0
        assert stage.outcomes("expired") == 3
        await asyncio.sleep(2600.0)
        await stage.post()

    play(stage, scene, seconds=1.0)
    assert [sizes(batch) for batch in desk.batches] == [[4]]
    assert stage.outcomes("expired") == 3


def test_a_digest_that_is_due_later_goes_when_it_is_due_and_does_not_hold_up_an_alert() -> None:
    """What ranks behind the backlog gathers for ten seconds; meanwhile the lane is idle, and an alert goes at once."""
    desk = Scripted()
    stage = Stage((desk,), LaneOptions(terms=Terms(backlog=0)))

    async def scene() -> None:
        await stage.post(15)
        await asyncio.sleep(5.0)
        await stage.post()

    play(stage, scene, seconds=60.0)
    assert desk.times == [0.001, 5.001, 10.001]
    assert [(batch.count, batch.digest is None) for batch in desk.batches] == [(10, True), (1, True), (5, False)]
    assert stage.lanes[0].waiting == 0


def test_a_digest_that_a_commit_froze_no_longer_waits() -> None:
    """The wall clock jumped over the moment that the lane sleeps for: the commit finds the digest due."""
    desk = Scripted()
    stage = Stage((desk,), LaneOptions(terms=Terms(backlog=0)))

    async def scene() -> None:
        await stage.post(15)
        await asyncio.sleep(5.0)
        stage.transactions.connection.execute("UPDATE deliveries SET due_ns = 1 WHERE overflow <> ''")
        await stage.post()

    play(stage, scene, seconds=1.0)
    assert [batch.count for batch in desk.batches] == [10, 5, 1]
    assert stage.lanes[0].waiting == 0


def test_a_moment_that_is_past_by_the_stores_own_clock_is_no_busy_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Scripted()
    stage = Stage((desk,))
    asked: list[float] = []

    async def lease(*_: object) -> Lease:
        asked.append(asyncio.get_running_loop().time())
        return Lease(again_ns=1)

    monkeypatch.setattr(stage.outbox, "lease", lease)
    play(stage, lambda: asyncio.sleep(10.0), seconds=0.0)
    assert 10 <= len(asked) <= 41
