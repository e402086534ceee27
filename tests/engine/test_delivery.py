"""All lanes together: what a commit is told of them, who is woken, and how a mended destination comes back."""

import asyncio
from collections import Counter
from datetime import time

import pytest

from bot.engine.lane import Lane, LaneOptions
from bot.gate.verdict import judge
from bot.model.outcomes import DestinationDead, Permanent, Retry
from bot.model.ports import Commit, Rate, Target
from bot.model.terms import ActiveHours, Terms
from tests import virtual_time
from tests.engine.doubles import Scripted
from tests.engine.stage import Stage, play, sizes
from tests.samples import a_match, a_print, a_route


def test_a_commit_knows_the_terms_of_all_and_what_fits_where_a_message_would_go_at_once() -> None:
    busy, idle = Scripted(name="busy", rates=(Rate(1, 60.0),)), Scripted(name="idle", can_edit=True)
    stage = Stage((busy, idle), LaneOptions(terms=Terms(budget=7)))

    async def scene() -> None:
        await stage.post(send_to=("busy",))
        await asyncio.sleep(1.0)
        targets = stage.delivery.targets()
        assert targets["busy"].terms == Terms(budget=7)
        assert targets["idle"].terms == Terms(budget=7, can_edit=True)
        assert targets["busy"].fit is None
        assert targets["idle"].fit == idle.fit

    play(stage, scene, seconds=1.0)


def test_nothing_would_go_at_once_outside_the_hours() -> None:
    stage = Stage((Scripted(),), LaneOptions(terms=Terms(hours=ActiveHours(time(9), time(10)))))

    async def scene() -> None:
        assert stage.delivery.targets()["desk"].fit is None

    play(stage, scene, seconds=1.0)


def test_a_mended_destination_is_tried_at_once_and_as_if_nothing_had_happened() -> None:
    desk = Scripted(*[DestinationDead("401")] * 2, name="desk")
    other = Scripted(*[DestinationDead("401")] * 2, name="other")
    stage = Stage((desk, other))

    async def scene() -> None:
        await stage.post(send_to=("desk", "other"))
        await asyncio.sleep(100.0)
        assert stage.delivery.is_parked("desk")
        assert not stage.lanes[0].is_idle
        stage.delivery.unpark("desk")
        assert not stage.delivery.is_parked("desk")
        await asyncio.sleep(0.1)
        assert stage.delivery.is_parked("desk"), "the probe was refused"

    play(stage, scene, seconds=310.0)
    assert desk.times == [0.001, 100.001, 400.001]
    assert other.times == [0.001, 300.001]


def test_a_backoff_is_forgotten_too() -> None:
    desk, other = Scripted(*[Retry("503")] * 6), Scripted(*[Retry("503")] * 6, name="other")
    stage = Stage((desk, other))

    async def scene() -> None:
        await stage.post(send_to=("desk", "other"))
        await asyncio.sleep(40.0)
        stage.delivery.unpark()

    play(stage, scene, seconds=1.5)
    assert desk.times == other.times == [0.001, 1.001, 3.001, 7.001, 15.001, 31.001, 40.001]


def test_what_another_process_queued_is_found() -> None:
    desk = Scripted(Permanent("400"), Permanent("400"))
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await stage.post()
        await asyncio.sleep(5.0)
        assert await stage.states() == {"dead": 2}
        stage.transactions.connection.execute("UPDATE deliveries SET state = 'queued', solo = 1, batch = NULL")
        await stage.delivery.wake_all()
        assert stage.lanes[0].waiting == 2
        await stage.delivery.wake_all()
        assert stage.lanes[0].waiting == 2

    play(stage, scene, seconds=10.0)
    assert [batch.count for batch in desk.batches] == [1, 1, 1, 1]
    assert stage.lanes[0].waiting == 0


def test_what_is_taken_back_while_it_waits_is_never_posted_and_counted_as_expired() -> None:
    desk = Scripted(rates=(Rate(1, 60.0),))
    stage = Stage((desk,))

    async def scene() -> None:
        for _ in range(3):
            await stage.post()
        assert stage.lanes[0].waiting == 2
        stage.delivery.take(await stage.outbox.cancel(a_print(size=2)))
        assert stage.lanes[0].waiting == 1
        assert stage.sample("flowbot_queue_depth", queue="desk") == 1

    events = play(stage, scene, seconds=100.0)
    assert [sizes(batch) for batch in desk.batches] == [[1], [3]]
    assert (stage.outcomes("expired"), stage.outcomes("sent")) == (1, 2)
    assert events.count("delivery.expired") == 1
    assert stage.lanes[0].waiting == 0


def test_what_is_taken_back_after_it_was_posted_is_edited() -> None:
    desk = Scripted(can_edit=True)
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(10.0)
        stage.delivery.take(await stage.outbox.cancel(a_print(size=1)))

    play(stage, scene, seconds=10.0)
    assert desk.edit_times == [10.001]
    (_, edit) = desk.edited[0]
    assert [delivery.is_cancelled for delivery in edit.batch.deliveries] == [True]
    assert stage.outcomes("expired") == 0


def test_what_is_taken_back_on_its_way_is_edited_once_it_is_out() -> None:
    desk = Scripted(can_edit=True, takes_s=3.0)
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(1.0)
        stage.delivery.take(await stage.outbox.cancel(a_print(size=1)))

    play(stage, scene, seconds=10.0)
    assert (desk.times, desk.edit_times) == ([0.001], [3.001])


def test_what_a_destination_lost_and_the_exchange_took_back_ends_in_the_queue() -> None:
    """The message surely did not go out, and its alert no longer holds."""
    desk = Scripted(Retry("503"), takes_s=1.0)
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(0.5)
        stage.delivery.take(await stage.outbox.cancel(a_print(size=1)))

    play(stage, scene, seconds=100.0)
    assert len(desk.batches) == 1
    assert asyncio.run(stage.states()) == {"expired": 1}
    assert (stage.outcomes("expired"), stage.lanes[0].waiting) == (1, 0)


def test_what_a_commit_ended_at_a_destination_that_is_no_more_is_nobodys() -> None:
    stage = Stage((Scripted(),))
    stage.delivery.take(Commit({}, (), (), {}, edits=frozenset({"removed"}), expired={"removed": 2}))
    assert stage.outcomes("expired", "removed") == 0


def test_what_a_commits_own_lease_ends_is_counted() -> None:
    """The hours ended between the question and the commit: what came then waited for no time at all."""
    stage = Stage((Scripted(),), LaneOptions(terms=Terms(hours=ActiveHours(time(9), time(10), outside="drop"))))

    async def scene() -> None:
        lane = stage.lanes[0]
        targets = {"desk": Target(lane.target.terms, lane.destination.fit)}
        stage.delivery.take(await stage.outbox.commit([a_match()], judge, targets))
        assert lane.waiting == 0

    play(stage, scene, seconds=1.0)
    assert stage.outcomes("expired") == 1


def test_stopping_while_the_store_is_out_of_order_is_a_stop_all_the_same() -> None:
    desk = Scripted(can_edit=True)
    stage = Stage((desk,))

    async def scene() -> None:
        stage.transactions.is_broken = True
        stage.lanes[0].wake(1)
        stage.lanes[0].wake_editor()
        await asyncio.sleep(30.0)

    events = play(stage, scene, seconds=0.0)
    assert events.count("delivery.stopped_unrecorded") == 2, "the lane and its editor"


def test_another_lane_takes_over_what_waits_and_what_is_on_its_way_ends_first() -> None:
    """The old destination is over a message when it is replaced: that message is sent once, by the old one; what was
    queued meanwhile, and what comes later, goes out by the new one."""
    old, new = Scripted(name="desk", takes_s=1.0), Scripted(name="desk")
    stage = Stage((old,))

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(0.1)
        await stage.post(is_fast=False)
        await asyncio.gather(
            stage.delivery.replace("desk", Lane(new, stage.options, stage.shared)), _post_soon(stage, 0.5)
        )
        await stage.post()

    play(stage, scene, seconds=10.0)
    assert [sizes(batch) for batch in old.batches] in ([[1]], [[1], [2]])
    assert Counter(size for desk in (old, new) for batch in desk.batches for size in sizes(batch)) == Counter(
        [1, 2, 3, 4]
    )
    assert [size for batch in new.batches for size in sizes(batch)][-2:] == [3, 4]


def test_a_message_that_is_cut_off_is_in_doubt_and_its_successor_deals_with_it() -> None:
    """The old destination never answers: its batch stays journaled, and goes again as it is by the new lane."""
    old, new = Scripted(name="desk", takes_s=1e9), Scripted(name="desk", is_idempotent=True)
    stage = Stage((old,))

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(0.1)
        await stage.delivery.replace("desk", Lane(new, stage.options, stage.shared))

    play(stage, scene, seconds=100.0)
    assert [batch.id for batch in new.batches] == [batch.id for batch in old.batches]


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_message_made_ready_for_a_lane_that_is_replaced_meanwhile_is_its_successors(is_gone: bool) -> None:
    """The store froze it while a reload took the destination away, or exchanged it: nobody stumbles over it."""
    old, new = Scripted(name="desk", takes_s=1.0), Scripted(name="desk")
    stage = Stage((old,))

    async def scene() -> None:
        match = a_match(a_print(received_ns=virtual_time.now_ns()))
        commit = await stage.outbox.commit([match], judge, stage.delivery.targets())
        assert len(commit.batches) == 1
        lane = Lane(new, stage.options, stage.shared)
        await asyncio.gather(stage.delivery.replace("desk", None if is_gone else lane), _take_soon(stage, commit))
        assert await stage.states() == {"sending": 1}
        if is_gone:
            await stage.delivery.replace("desk", lane)
        await asyncio.sleep(100.0)
        assert await stage.states() == {"sent": 1}

    play(stage, scene, seconds=1.0)
    assert (len(old.batches), len(new.batches)) == (0, 1)


async def _take_soon(stage: Stage, commit: Commit) -> None:
    stage.delivery.take(commit)


def test_what_nobody_serves_stays_in_the_store_until_somebody_does() -> None:
    old, new = Scripted(name="desk"), Scripted(name="desk")
    stage = Stage((old,))

    async def scene() -> None:
        await stage.delivery.replace("desk", None)
        await stage.post(3)
        await asyncio.sleep(50.0)
        assert await stage.states() == {"queued": 3}
        assert stage.delivery.is_parked("desk") is False
        await stage.delivery.replace("desk", Lane(new, stage.options, stage.shared))

    play(stage, scene, seconds=10.0)
    assert old.batches == []
    assert Counter(size for batch in new.batches for size in sizes(batch)) == Counter([1, 2, 3])


class People:
    """Notes what it is told of destinations that reach one person each."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, int]] = []

    @property
    def targets(self) -> dict[str, Target]:
        return {"dm:": Target(Terms(budget=3))}

    def wake(self, name: str, count: int) -> None:
        self.told.append(("wake", name, count))

    def edit(self, name: str) -> None:
        self.told.append(("edit", name, 0))

    def expire(self, name: str, count: int) -> None:
        self.told.append(("expire", name, count))

    def unpark(self) -> None:
        self.told.append(("unpark", "", 0))

    def look_again(self) -> None:
        self.told.append(("look_again", "", 0))


ANN, BOB = "dm:discord:1", "dm:slack:U2"


def test_what_reaches_one_person_is_served_by_whoever_serves_people() -> None:
    desk, people = Scripted(), People()
    stage = Stage((desk,))
    stage.delivery.personal = people

    async def scene() -> None:
        assert set(stage.delivery.targets()) == {"desk", "dm:"}
        await stage.post(send_to=("desk", ANN))
        stage.delivery.take(Commit({}, (), (), {}, edits=frozenset({BOB, "hall"}), expired={ANN: 2, "hall": 1}))
        stage.delivery.look_again()
        await stage.delivery.wake_all()
        stage.delivery.unpark(ANN)

    events = play(stage, scene, seconds=1.0)
    assert people.told == [
        ("wake", ANN, 1),
        ("expire", ANN, 2),
        ("edit", BOB, 0),
        ("look_again", "", 0),
        ("wake", ANN, 0),
        ("unpark", "", 0),
    ]
    assert [sizes(batch) for batch in desk.batches] == [[1]]
    assert "destination.gone" not in events


def test_what_an_earlier_run_left_for_people_is_told_to_whoever_serves_them() -> None:
    """What waits, and what was frozen and never settled; nobody warns that such a destination is gone."""
    first = Stage(())

    async def before() -> None:
        await first.post(send_to=(ANN,))
        await first.outbox.commit(
            [a_match(a_print(size=9), a_route(send_to=(BOB,)))], judge, {BOB: Target(fit=lambda deliveries: 1)}
        )

    virtual_time.run(before())
    people = People()
    stage = Stage((), transactions=first.transactions)
    stage.delivery.personal = people

    async def scene() -> None:
        return

    events = play(stage, scene, seconds=1.0)
    assert sorted(people.told) == [("wake", ANN, 1), ("wake", BOB, 0)]
    assert "destination.gone" not in events


def test_without_anybody_who_serves_people_their_alerts_stay_in_the_store() -> None:
    stage = Stage((Scripted(),))

    async def scene() -> None:
        await stage.post(send_to=(ANN,))
        await stage.delivery.wake_all()

    play(stage, scene, seconds=1.0)
    assert asyncio.run(stage.states()) == {"queued": 1}


async def _post_soon(stage: Stage, after_s: float) -> None:
    await asyncio.sleep(after_s)
    await stage.post()
