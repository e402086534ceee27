"""Repeats are shown in the message that stands: serialised, absolute, paced, and never in the way of alerts."""

import asyncio

from bot.engine.lane import LaneOptions
from bot.model.alerts import Edit
from bot.model.outcomes import DestinationDead, Gone, Permanent, Retry, Sent, Unknown
from bot.model.ports import Rate
from tests.engine.doubles import Scripted
from tests.engine.stage import Stage, play


def repeats(edit: Edit) -> list[int]:
    return [delivery.repeats.count if delivery.repeats is not None else 0 for delivery in edit.batch.deliveries]


def shown(desk: Scripted) -> list[list[int]]:
    return [repeats(edit) for _, edit in desk.edited]


def edits(stage: Stage, outcome: str) -> float:
    return stage.sample("flowbot_edits_total", destination="desk", outcome=outcome)


def test_the_first_repeat_is_shown_at_once_and_a_flurry_by_one_edit() -> None:
    desk = Scripted(can_edit=True)
    stage = Stage((desk,))

    async def scene() -> None:
        for _ in range(7):
            await stage.repeat()
            await asyncio.sleep(0.5)

    play(stage, scene, seconds=60.0)
    assert desk.times == [0.001]
    assert desk.edit_times == [0.501, 5.501]
    assert shown(desk) == [[1], [6]]
    assert {edit.posted.message_id for _, edit in desk.edited} == {"m1"}
    assert edits(stage, "sent") == 2


def test_two_messages_do_not_share_their_spacing() -> None:
    desk = Scripted(can_edit=True)
    stage = Stage((desk,))

    async def scene() -> None:
        for strike in (100.0, 200.0, 100.0, 200.0):
            await stage.repeat(strike=strike)
            await asyncio.sleep(0.5)

    play(stage, scene, seconds=60.0)
    assert desk.edit_times == [1.001, 1.501]


def test_edits_keep_a_pace_of_their_own() -> None:
    """An edit waits for other edits, not for posts."""
    desk = Scripted(can_edit=True, rates=(Rate(1, 500.0),), edit_rates=(Rate(1, 30.0),))
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.repeat(2)
        await asyncio.sleep(10.0)
        await stage.repeat()

    play(stage, scene, seconds=100.0)
    assert (desk.times, desk.edit_times) == ([0.001], [0.001, 30.001])


def test_edits_go_one_at_a_time() -> None:
    desk = Scripted(can_edit=True, takes_s=3.0)
    stage = Stage((desk,))

    async def scene() -> None:
        for strike in (100.0, 200.0, 300.0):
            await stage.repeat(strike=strike)
            await asyncio.sleep(10.0)
        for strike in (100.0, 200.0, 300.0):
            await stage.repeat(strike=strike)

    play(stage, scene, seconds=100.0)
    assert desk.edit_times == [30.001, 33.001, 36.001]


def test_an_edit_that_must_wait_takes_the_newest_counts_along() -> None:
    desk = Scripted(can_edit=True, edit_outcomes=[Retry("429", after_s=20.0, is_asked=True)])
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.repeat(2)
        await asyncio.sleep(10.0)
        await stage.repeat(3)

    play(stage, scene, seconds=100.0)
    assert desk.edit_times == [0.001, 20.001]
    assert shown(desk) == [[1], [4]]
    assert stage.sample("flowbot_invalid_requests_total", platform="test") == 1


def test_an_edit_in_doubt_is_made_again() -> None:
    desk = Scripted(can_edit=True, edit_outcomes=[Unknown("timeout"), Retry("503"), Sent()])
    stage = Stage((desk,))
    play(stage, lambda: stage.repeat(2), seconds=100.0)
    assert shown(desk) == [[1], [1], [1]]
    assert (edits(stage, "unknown"), edits(stage, "retry"), edits(stage, "sent")) == (1, 1, 1)


def test_an_edit_that_always_fails_is_given_up_so_that_others_go_on() -> None:
    desk = Scripted(can_edit=True, edit_outcomes=[Retry("500")] * 9)
    stage = Stage((desk,))

    async def scene() -> None:
        for strike in (100.0, 200.0, 100.0, 200.0):
            await stage.repeat(strike=strike)
            await asyncio.sleep(0.1)

    events = play(stage, scene, seconds=1000.0)
    assert [edit.posted.message_id for _, edit in desk.edited] == ["m1"] * 8 + ["m2"] * 2
    waits = [round(b - a) for a, b in zip(desk.edit_times, desk.edit_times[1:], strict=False)]
    assert waits == [5, 5, 5, 8, 16, 32, 60, 0, 5]
    assert (events.count("edit.given_up"), events.count("edit.shown")) == (1, 1)


def test_a_deleted_message_is_posted_anew() -> None:
    desk = Scripted(can_edit=True, edit_outcomes=[Gone("Unknown Message")])
    stage = Stage((desk,))
    play(stage, lambda: stage.repeat(3), seconds=100.0)
    assert len(desk.edited) == 1
    assert len(desk.batches) == 2
    (delivery,) = desk.batches[1].deliveries
    assert delivery.repeats is not None
    assert delivery.repeats.count == 2
    assert stage.lanes[0].waiting == 0
    assert stage.sample("flowbot_queue_depth", queue="desk") == 0


def test_an_edit_that_is_refused_is_given_up_and_parks_nothing() -> None:
    for refusal in (Permanent("400"), DestinationDead("403")):
        desk = Scripted(can_edit=True, edit_outcomes=[refusal])
        stage = Stage((desk,))

        async def scene(stage: Stage = stage) -> None:
            await stage.repeat(2)
            await asyncio.sleep(10.0)
            await stage.repeat(1)

        events = play(stage, scene, seconds=100.0)
        assert shown(desk) == [[1], [2]]
        assert "edit.given_up" in events
        assert stage.lanes[0].parked == ""
        assert stage.shared.notices.empty()


def test_a_parked_destination_is_not_edited_until_it_is_mended() -> None:
    desk = Scripted(Sent(message_id="m1"), DestinationDead("Unknown Channel"), can_edit=True)
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.repeat(strike=100.0)
        await stage.post()
        await stage.repeat(strike=100.0)
        await asyncio.sleep(100.0)
        assert desk.edited == []
        stage.delivery.unpark("desk")

    play(stage, scene, seconds=50.0)
    assert desk.edit_times == [100.001]


def test_draining_edits_no_more_and_the_next_start_shows_the_news() -> None:
    """The edit is due at 5 s; the stop begins at 3 s, and waits until 6 s for the pace of an alert."""
    desk = Scripted(can_edit=True, rates=(Rate(1, 3.0),))
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.repeat(2)
        await asyncio.sleep(2.9)
        await stage.repeat()
        await asyncio.sleep(0.2)
        await stage.post()
        await stage.post()

    play(stage, scene, seconds=0.0)
    assert (desk.times, desk.edit_times) == ([0.001, 3.101, 6.101], [0.001])
    second = Scripted(can_edit=True)
    after = Stage((second,), transactions=stage.transactions)
    play(after, lambda: asyncio.sleep(0), seconds=10.0)
    assert (second.edit_times, shown(second)) == ([0.0], [[2]])


def test_what_cannot_be_edited_is_never_asked_to_be() -> None:
    desk = Scripted(can_edit=False)
    stage = Stage((desk,), LaneOptions())
    play(stage, lambda: stage.repeat(3), seconds=60.0)
    assert (len(desk.batches), desk.edited) == (1, [])
