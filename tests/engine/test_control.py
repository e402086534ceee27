"""What is kept quiet: obeyed at once, until its end and no longer, after a restart too, and by every lane."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from bot.engine.control import PAUSE, Control
from bot.engine.lane import LaneOptions
from bot.engine.notices import Notices
from bot.engine.silence import Silence, SilenceRule
from bot.model.alerts import Notice
from bot.model.errors import StoreError
from bot.model.outcomes import Retry, Unknown
from bot.model.ports import ProviderStatus, Rate
from bot.model.steering import Act, Mute, MuteKind
from bot.model.terms import Terms
from tests import virtual_time
from tests.engine.doubles import InlineTransactions, Scripted, an_outbox
from tests.engine.stage import Stage, play, sizes
from tests.samples import a_match, a_print, a_route

HOUR_S = 3600.0


def a_mute(kind: MuteKind, name: str = "", for_s: float | None = HOUR_S) -> Mute:
    now_ns = virtual_time.now_ns()
    return Mute(kind, name, None if for_s is None else now_ns + int(for_s * 1e9), "discord:1", "", now_ns)


async def pause(stage: Stage, for_s: float | None = None) -> None:
    await stage.control.mute(a_mute(*PAUSE, for_s))


async def resume(stage: Stage) -> None:
    assert await stage.control.unmute(*PAUSE)


# --- what Control itself does ---


def test_what_is_muted_is_held_back_until_it_is_unmuted() -> None:
    desk = Scripted()
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await stage.control.mute(a_mute("ticker", "NVDA"))
        await stage.post()
        assert await stage.control.unmute("ticker", "NVDA")
        assert not await stage.control.unmute("ticker", "NVDA")
        await stage.post()

    play(stage, scene, seconds=10.0)
    assert [sizes(batch) for batch in desk.batches] == [[1], [3]]


def test_a_mute_ends_by_itself_to_the_second_and_is_logged_once() -> None:
    desk = Scripted()
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.control.mute(a_mute("rule", "whales", 90.0))
        await stage.control.mute(a_mute("person", "discord:7", None))
        for _ in range(3):  # at 0, 60 and 120 seconds
            await stage.post()
            await asyncio.sleep(60.0)
        assert [mute.kind for mute in stage.control.active()] == ["person"]

    events = play(stage, scene, seconds=1.0)
    assert [sizes(batch) for batch in desk.batches] == [[3]]
    assert events.count("mute.ended") == 1


def test_what_is_in_force_can_be_asked_for() -> None:
    async def scene() -> None:
        control = Control(an_outbox(), virtual_time.now_ns)
        assert (control.active(), control.is_paused, control.is_held("desk")) == ((), False, False)
        for kind, name in (("destination", "desk"), ("person", "discord:7"), ("rule", "whales"), PAUSE):
            await control.mute(a_mute(kind, name))  # type: ignore[arg-type]  # a table of literals
            await asyncio.sleep(1.0)
        assert [mute.kind for mute in control.active()] == ["destination", "person", "rule", "pause"]
        assert [mute.name for mute in control.active("person")] == ["discord:7"]
        assert control.is_paused
        assert control.is_held("room"), "everything is paused"
        await control.unmute(*PAUSE)
        held = {name: control.is_held(name) for name in ("desk", "room", "dm:discord:7", "dm:discord:8")}
        assert held == {"desk": True, "room": False, "dm:discord:7": True, "dm:discord:8": False}
        assert [control.is_muted(rule) for rule in ("whales", "sweeps")] == [True, False]

    virtual_time.run(scene())


def test_a_restart_obeys_what_was_muted_and_says_that_nothing_is_posted() -> None:
    transactions = InlineTransactions()

    async def before() -> None:
        control = Control(an_outbox(transactions), virtual_time.now_ns)
        await control.mute(a_mute("rule", "whales"))
        await control.mute(a_mute("rule", "sweeps", 0.5))
        await control.mute(a_mute(*PAUSE, None))

    async def after() -> None:
        await asyncio.sleep(1.0)
        control = Control(an_outbox(transactions), virtual_time.now_ns)
        with capture_logs() as logged:
            await control.restore()
        assert [(mute.kind, mute.name) for mute in control.active()] == [("pause", ""), ("rule", "whales")]
        assert [entry["event"] for entry in logged] == ["steering.paused"]

    virtual_time.run(before())
    virtual_time.run(after())


def test_a_store_that_refuses_changes_nothing() -> None:
    async def scene() -> None:
        transactions = InlineTransactions()
        control = Control(an_outbox(transactions), virtual_time.now_ns)
        await control.mute(a_mute("rule", "whales"))
        transactions.is_broken = True
        for work in (
            control.mute(a_mute("rule", "sweeps")),
            control.unmute("rule", "whales"),
            control.note(Act(1, "discord:1", "x", "y")),
        ):
            with pytest.raises(StoreError):
                await work
        assert [mute.name for mute in control.active()] == ["whales"]

    virtual_time.run(scene())


class Slow(InlineTransactions):
    """The disk takes its time, one after the other, and whoever asked does not change that."""

    def __init__(self) -> None:
        super().__init__()
        self.takes_s = 0.0
        self.working: list[asyncio.Task[object]] = []
        self._order = asyncio.Lock()

    async def do(self, work: Callable[..., object]) -> object:
        async def later() -> object:
            async with self._order:
                await asyncio.sleep(self.takes_s)
                return await InlineTransactions.do(self, work)

        self.working.append(asyncio.get_running_loop().create_task(later()))
        return await asyncio.shield(self.working[-1])


def test_an_asker_who_left_before_the_store_answered_is_obeyed_all_the_same() -> None:
    """The store did it: what is in memory must not differ until the next restart."""

    async def scene() -> None:
        slow = Slow()
        control = Control(an_outbox(slow), virtual_time.now_ns)
        running = asyncio.get_running_loop().create_task(control.run())
        await asyncio.sleep(0)
        slow.takes_s = 5.0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await control.mute(a_mute("rule", "whales"))
        assert control.active() == ()
        slow.takes_s = 0.0
        await asyncio.sleep(10.0)
        slow.is_broken = True
        assert [mute.name for mute in control.active()] == ["whales"]
        running.cancel()
        await asyncio.gather(running, *slow.working, return_exceptions=True)

    virtual_time.run(scene())


# --- what lanes make of it ---


def test_nothing_is_posted_while_paused_and_everything_after() -> None:
    desk, room = Scripted(), Scripted(name="room")
    stage = Stage((desk, room))

    async def scene() -> None:
        await stage.post(send_to=("desk", "room"))
        await asyncio.sleep(1.0)
        await pause(stage)
        assert stage.delivery.targets()["desk"].fit is None, "no commit freezes a batch"
        for _ in range(3):
            await stage.post(send_to=("desk", "room"))
        await asyncio.sleep(500.0)
        assert [len(each.batches) for each in (desk, room)] == [1, 1]
        assert await stage.states() == {"sent": 2, "queued": 6}, "decided, and nothing is leased"
        assert [lane.waiting for lane in stage.lanes] == [3, 3]
        await resume(stage)

    play(stage, scene, seconds=10.0)
    assert desk.times == room.times == [0.001, 501.001]
    assert sorted(filter(None, sizes(desk.batches[1]))) == [2, 3, 4]


def test_a_pause_ends_by_itself_and_wakes_the_lanes() -> None:
    desk = Scripted()
    stage = Stage((desk,))

    async def scene() -> None:
        await pause(stage, 600.0)
        await stage.post()

    events = play(stage, scene, seconds=700.0)
    assert desk.times == [600.001]
    assert events.count("mute.ended") == 1


def test_what_waited_too_long_comes_as_a_digest_by_the_usual_terms() -> None:
    desk = Scripted()
    stage = Stage((desk,), LaneOptions(terms=Terms(max_age_s=120.0)))

    async def scene() -> None:
        await pause(stage)
        await stage.post(5)
        await asyncio.sleep(300.0)
        await stage.post()
        await resume(stage)

    play(stage, scene, seconds=10.0)
    assert [(batch.count, batch.digest is not None) for batch in desk.batches] == [(5, True), (1, False)]


def test_a_batch_that_was_frozen_just_before_the_pause_goes_back_to_the_queue() -> None:
    """The commit asked which lanes are free, then somebody paused, then the lane was handed its batch."""
    desk = Scripted()
    stage = Stage((desk,))

    async def scene() -> None:
        targets = stage.delivery.targets()
        await stage.post()
        await asyncio.sleep(1.0)
        commit = await stage.outbox.commit([a_match(a_print(size=77))], stage.control.judge, targets)
        await pause(stage)
        stage.delivery.take(commit)
        await asyncio.sleep(100.0)
        assert await stage.states() == {"sent": 1, "queued": 1}
        await resume(stage)

    play(stage, scene, seconds=10.0)
    assert [sizes(batch) for batch in desk.batches] == [[1], [77]]


def test_a_failing_message_is_not_tried_again_while_paused() -> None:
    """Neither one that surely did not go out, nor one in doubt."""
    desk, room = Scripted(Retry("503")), Scripted(Unknown("timeout"), name="room", is_idempotent=True)
    stage = Stage((desk, room))

    async def scene() -> None:
        await stage.post(send_to=("desk", "room"))
        await asyncio.sleep(0.5)
        await pause(stage)
        await asyncio.sleep(100.0)
        await resume(stage)

    play(stage, scene, seconds=10.0)
    assert desk.times == room.times == [0.001, 100.501]
    assert room.batches[0].id == room.batches[1].id


def test_a_message_that_is_on_its_way_ends_while_paused() -> None:
    desk = Scripted(takes_s=5.0)
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(1.0)
        await pause(stage)
        await asyncio.sleep(10.0)
        assert await stage.states() == {"sent": 1}

    play(stage, scene, seconds=0.0)


def test_messages_that_stand_are_edited_while_paused() -> None:
    desk = Scripted(can_edit=True)
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.repeat()
        await asyncio.sleep(1.0)
        await pause(stage)
        await stage.repeat(2)

    play(stage, scene, seconds=60.0)
    assert (len(desk.batches), [edit.batch.deliveries[0].repeats is None for _, edit in desk.edited]) == (1, [False])


def test_a_stop_does_not_wait_for_what_is_paused_and_the_next_start_is_paused_too() -> None:
    desk = Scripted(rates=(Rate(1, 1.0),))
    stage = Stage((desk,))
    stopped: list[float] = []

    async def scene() -> None:
        await stage.post(is_fast=False)
        await pause(stage, HOUR_S)
        await stage.post(20)
        await asyncio.sleep(5.0)
        began = asyncio.get_running_loop().time()
        await stage.delivery.drain()
        stopped.append(asyncio.get_running_loop().time() - began)

    play(stage, scene, seconds=0.0)
    assert stopped == [0.0]
    second = Scripted()
    after = Stage((second,), transactions=stage.transactions)

    virtual_time.run(after.control.restore())
    play(after, lambda: asyncio.sleep(HOUR_S), seconds=100.0)
    assert second.times[0] == 3600.001, "the clock of the second run begins where that of the first did"
    assert sum(batch.count for batch in second.batches) == 21 - sum(batch.count for batch in desk.batches)


@pytest.mark.parametrize("kind", ["destination", "pause"])
def test_a_lane_that_is_held_asks_the_store_for_nothing(kind: MuteKind) -> None:
    desk = Scripted()
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.control.mute(a_mute(kind, "desk" if kind == "destination" else "", None))
        await stage.post(5)
        before = stage.transactions.commits
        await asyncio.sleep(10_000.0)
        assert stage.transactions.commits == before

    play(stage, scene, seconds=0.0)
    assert desk.batches == []


def test_a_muted_destination_posts_nothing_that_it_had_to_post_before_either() -> None:
    """What was queued waits for the mute's end; others go on, and what comes meanwhile is dropped and counted."""
    desk, room = Scripted(rates=(Rate(1, 60.0),)), Scripted(name="room")
    stage = Stage((desk, room))

    async def scene() -> None:
        await stage.post(send_to=("desk", "room"))
        await asyncio.sleep(1.0)
        await stage.post(send_to=("desk", "room"))
        await stage.control.mute(a_mute("destination", "desk", 600.0))
        await asyncio.sleep(100.0)
        await stage.post(send_to=("desk", "room"))

    play(stage, scene, seconds=700.0)
    assert [sizes(batch) for batch in desk.batches] == [[1], [2]]
    assert desk.times == [0.001, 601.001]
    assert [sizes(batch) for batch in room.batches] == [[1], [2], [3]]


# --- words, which are no alerts ---


def test_a_rules_own_words_are_muted_and_the_admins_are_told_all_the_same() -> None:
    """A rule about silence has no print; while paused, and where its destination is muted, it tells nobody."""
    desk, room = Scripted(), Scripted(name="room")
    stage = Stage((desk, room))
    notices = Notices(stage.shared, stage.delivery, lambda: ["desk"])

    async def scene() -> None:
        telling = asyncio.get_running_loop().create_task(notices.run())
        await stage.control.mute(a_mute("destination", "desk", None))
        stage.shared.post("silence:a", Notice("a feed is silent"), ("desk", "room"))
        await asyncio.sleep(10.0)
        await pause(stage)
        stage.shared.post("silence:b", Notice("another is silent"), ("desk", "room"))
        stage.shared.tell("parked:hall", Notice("hall is parked"))
        await asyncio.sleep(10.0)
        telling.cancel()

    events = play(stage, scene, seconds=1.0)
    told = [[batch.notice and batch.notice.title for batch in each.batches] for each in (desk, room)]
    assert told == [["hall is parked"], ["a feed is silent"]]
    assert events.count("notice.muted") == 2


def test_a_muted_rule_about_silence_is_counted_and_not_told() -> None:
    rule = SilenceRule(a_route("dead-feed", send_to=("desk",)), 600.0)
    stage = Stage((Scripted(),))

    async def scene() -> None:
        feeds = {"radarpulse": ProviderStatus(is_connected=True)}
        silence = Silence(stage.shared, stage.outbox, lambda: feeds, {})
        silence.use([rule])
        await stage.control.mute(a_mute("rule", "dead-feed", None))
        await asyncio.sleep(700.0)  # the stage opens at 12:16:40 in New York, on a Thursday
        await silence.look()
        assert stage.shared.notices.empty()

    play(stage, scene, seconds=0.0)
    assert stage.sample("flowbot_suppressed_total", rule="dead-feed", reason="mute") == 1
