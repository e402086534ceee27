"""Notices reach the admins once, at places that can be reached, in pace; they are never worth a queue."""

import asyncio
from collections.abc import Awaitable, Callable

from bot.engine.lane import LaneOptions
from bot.engine.notices import Notices
from bot.engine.shared import MOST_NOTICES
from bot.model.alerts import Notice
from bot.model.outcomes import DestinationDead, Permanent, Retry, Unknown
from bot.model.ports import Rate
from tests.engine.doubles import Scripted
from tests.engine.stage import Stage, play

PARKED = Notice("room is parked", ("HTTP 404",))


def tell(*told: Scripted, scene: Callable[[Stage], Awaitable[None]], seconds: float = 400.0) -> Stage:
    """Let `scene` say something while notices go to `told`."""
    stage = Stage(told, LaneOptions())
    notices = Notices(stage.shared, stage.delivery, lambda: [each.name for each in told])

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(notices.run())
            await scene(stage)
            await asyncio.sleep(seconds)
            telling.cancel()

    play(stage, main, seconds=0.0)
    return stage


def test_every_destination_that_is_to_be_notified_hears_it() -> None:
    desk, ops = Scripted(name="desk"), Scripted(name="ops")

    async def scene(stage: Stage) -> None:
        stage.shared.tell("parked:room", PARKED)

    stage = tell(desk, ops, scene=scene)
    (one,), (two,) = desk.batches, ops.batches
    assert one.notice == two.notice == PARKED
    assert (one.destination, one.deliveries) == ("desk", ())
    assert one.id != two.id, "Discord takes the id as nonce, which holds for all channels of a bot"
    assert len(one.id) <= 25
    assert one.id.isalnum()
    assert one.id == one.id.lower()
    assert stage.transactions.connection.execute("SELECT COUNT(*) FROM batches").fetchone() == (0,)


def test_one_subject_is_told_once_an_hour() -> None:
    desk = Scripted()

    async def scene(stage: Stage) -> None:
        for _ in range(3):
            stage.shared.tell("parked:room", PARKED)
            stage.shared.tell("parked:other", PARKED)
            await asyncio.sleep(1500.0)
        await asyncio.sleep(600.0)
        stage.shared.tell("parked:room", PARKED)

    tell(desk, scene=scene)
    assert len(desk.batches) == 3


def test_nobody_hears_of_himself_and_what_is_parked_hears_nothing() -> None:
    itself, dead, ops = Scripted(name="room"), Scripted(DestinationDead("404"), name="dead"), Scripted(name="ops")

    async def scene(stage: Stage) -> None:
        await stage.post(send_to=("dead",))
        await asyncio.sleep(1.0)
        assert stage.lanes[1].parked
        stage.shared.tell("parked:room", PARKED)

    tell(itself, dead, ops, scene=scene, seconds=100.0)
    assert [batch.notice.title for batch in itself.batches if batch.notice is not None] == ["dead is parked"]
    assert [batch.notice for batch in dead.batches] == [None]
    assert [batch.notice for batch in ops.batches] == [
        Notice(
            "dead is parked",
            (
                "The platform says: 404",
                "1 alert waits for it.",
                "What to do: mend the destination's URL, token, channel or permissions, then run `flowbot reload`.",
                "Or flowbot finds out by itself: it tries again in 5 minutes, then ever less often.",
            ),
        ),
        PARKED,
    ]


def test_what_nobody_could_hear_is_not_held_for_told() -> None:
    room = Scripted(name="room")

    async def scene(stage: Stage) -> None:
        stage.shared.tell("parked:room", PARKED)
        await asyncio.sleep(1.0)
        assert await stage.outbox.may_tell("parked:room", 3600.0)

    tell(room, scene=scene)
    assert room.batches == []


def test_a_notice_waits_for_its_turn_and_for_what_the_platform_asks() -> None:
    desk = Scripted(Retry("429", after_s=20.0, is_asked=True), Retry("503"), Retry("503"), rates=(Rate(1, 3.0),))

    async def scene(stage: Stage) -> None:
        stage.shared.tell("a", PARKED)

    stage = tell(desk, scene=scene)
    assert desk.times == [0.001, 20.001, 23.001, 27.001], "asked for, in pace, and backed off"
    assert stage.sample("flowbot_invalid_requests_total", platform="test") == 1


def test_a_notice_is_given_up_after_a_few_tries_and_the_next_goes_on() -> None:
    for outcomes in ([Retry("503")] * 5, [Permanent("400")], [DestinationDead("403")], [Unknown("timeout")]):
        desk = Scripted(*outcomes)

        async def scene(stage: Stage) -> None:
            stage.shared.tell("a", PARKED)
            stage.shared.tell("b", Notice("next"))

        tell(desk, scene=scene)
        assert len(desk.batches) == len(outcomes) + 1
        assert desk.batches[-1].notice == Notice("next")


def test_a_notice_that_cannot_go_holds_up_the_next_for_two_minutes_at_most() -> None:
    desk = Scripted(Retry("429", after_s=5000.0, is_asked=True))
    ops = Scripted(name="ops")

    async def scene(stage: Stage) -> None:
        stage.shared.tell("a", PARKED)
        stage.shared.tell("b", PARKED)

    tell(desk, ops, scene=scene)
    assert ops.times == [0.001, 120.001]


def test_a_store_out_of_order_costs_a_notice_and_no_more() -> None:
    desk = Scripted()

    async def scene(stage: Stage) -> None:
        stage.transactions.is_broken = True
        stage.shared.tell("a", PARKED)
        await asyncio.sleep(1.0)
        stage.transactions.is_broken = False
        stage.shared.tell("b", PARKED)

    tell(desk, scene=scene)
    assert len(desk.batches) == 1


def test_too_many_notices_are_dropped() -> None:
    stage = Stage((Scripted(),))

    async def scene() -> None:
        for n in range(MOST_NOTICES + 3):
            stage.shared.tell(str(n), PARKED)

    events = play(stage, scene, seconds=0.0)
    assert stage.shared.notices.qsize() == MOST_NOTICES
    assert events.count("notice.dropped") == 3


def test_a_rule_s_destinations_are_told_each_time_and_nobody_else() -> None:
    desk, ops, room = Scripted(name="desk"), Scripted(name="ops"), Scripted(name="room")
    stage = Stage((desk, ops, room), LaneOptions())
    notices = Notices(stage.shared, stage.delivery, lambda: ["ops"])

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(notices.run())
            for _ in range(2):
                stage.shared.post("silence", PARKED, ("desk", "room", "gone"))
                stage.shared.tell("silence", PARKED)
                await asyncio.sleep(10.0)
            telling.cancel()

    play(stage, main, seconds=0.0)
    assert [len(each.batches) for each in (desk, ops, room)] == [2, 1, 2]


def test_what_reaches_none_of_its_places_is_logged() -> None:
    """Unless nobody was to be told in the first place."""
    notified: list[str] = []
    stage = Stage((Scripted(name="desk"),), LaneOptions())
    notices = Notices(stage.shared, stage.delivery, lambda: notified)

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(notices.run())
            stage.shared.tell("a", PARKED)
            stage.shared.post("b", PARKED, ("gone",))
            await asyncio.sleep(1.0)
            notified.append("gone too")
            stage.shared.tell("c", PARKED)
            await asyncio.sleep(1.0)
            telling.cancel()

    assert play(stage, main, seconds=0.0).count("notice.unreachable") == 2
