"""A batch in doubt is recognised, looked for, or as the admin says: never lost, doubled only where nobody can know."""

import asyncio

import pytest

from bot.engine import breaker
from bot.engine.lane import LaneOptions
from bot.gate.verdict import judge
from bot.model.alerts import Batch
from bot.model.outcomes import Absent, Blind, DestinationDead, Outcome, Permanent, Retry, Sent, Sight, Unknown
from bot.model.ports import Rate, Target
from bot.model.terms import Terms
from tests import virtual_time
from tests.engine.doubles import Scripted
from tests.engine.stage import Stage, play
from tests.samples import a_match

DROP = LaneOptions(on_unknown="drop")


def reasons(stage: Stage) -> list[tuple[str, str, str | None]]:
    return stage.transactions.connection.execute("SELECT state, reason, message_id FROM deliveries").fetchall()


def test_a_message_that_is_found_is_not_sent_again() -> None:
    desk = Scripted(Unknown("timeout"), sights=[Sent(message_id="m7")])
    stage = Stage((desk,))
    play(stage, stage.post, seconds=60.0)
    assert (desk.times, desk.look_times) == ([0.001], [2.001])
    assert reasons(stage) == [("sent", "", "m7")]
    assert (stage.outcomes("unknown"), stage.outcomes("sent")) == (1, 1)
    assert stage.sample("flowbot_delivery_latency_seconds_count", destination="desk") == 0


def test_a_message_that_is_absent_goes_again_as_it_was() -> None:
    desk = Scripted(Unknown("timeout"), Unknown("timeout"), sights=[Absent(), Absent()])
    stage = Stage((desk,), DROP)
    play(stage, stage.post, seconds=60.0)
    assert (desk.times, desk.look_times) == ([0.001, 2.001, 4.001], [2.001, 4.001])
    assert len({batch.id for batch in desk.batches}) == 1
    assert stage.outcomes("sent") == 1


def test_what_was_not_delivered_after_a_look_needs_no_second_look() -> None:
    desk = Scripted(Unknown("timeout"), Retry("503"), sights=[Absent()])
    stage = Stage((desk,), DROP)
    play(stage, stage.post, seconds=60.0)
    assert (len(desk.batches), len(desk.looked)) == (3, 1)


@pytest.mark.parametrize(("options", "sends", "state"), [(LaneOptions(), 2, "sent"), (DROP, 1, "unknown")])
def test_where_nobody_can_look_the_admin_has_said_what_to_do(options: LaneOptions, sends: int, state: str) -> None:
    desk = Scripted(Unknown("timeout"), sights=[Blind("a webhook shows nothing")])
    stage = Stage((desk,), options)
    play(stage, stage.post, seconds=60.0)
    assert len(desk.batches) == sends
    ((found, reason, _),) = reasons(stage)
    assert found == state
    assert ("a webhook shows nothing" in reason) is (state == "unknown")


def test_a_look_that_fails_is_repeated_and_a_wait_that_was_asked_for_obeyed() -> None:
    desk = Scripted(
        Unknown("timeout"),
        sights=[Retry("503"), Retry("429", after_s=30.0, is_asked=True), Retry("503"), Sent(message_id="m7")],
    )
    stage = Stage((desk,), DROP)
    play(stage, stage.post, seconds=120.0)
    assert desk.look_times == [2.001, 4.001, 34.001, 36.001]
    assert (len(desk.batches), stage.outcomes("sent")) == (1, 1)


def test_looks_that_always_fail_end_as_if_nobody_could_look() -> None:
    desk = Scripted(Unknown("timeout"), sights=[Retry("503")] * 50)
    stage = Stage((desk,), DROP)
    play(stage, stage.post)
    assert len(desk.looked) == 12
    assert stage.outcomes("sent") == 0
    assert reasons(stage)[0][0] == "unknown"


def test_a_batch_id_that_the_platform_may_have_forgotten_is_looked_for() -> None:
    """Two minutes of 503 after a timeout: by then the nonce protects from nothing."""
    desk = Scripted(Unknown("timeout"), *[Retry("503")] * 7, is_idempotent=True, sights=[Sent(message_id="m7")])
    stage = Stage((desk,))
    play(stage, stage.post, seconds=600.0)
    assert [at for at in desk.times if at > 120.0] == []
    assert desk.look_times == [123.001]
    assert reasons(stage) == [("sent", "", "m7")]


def test_within_its_window_nobody_looks() -> None:
    desk = Scripted(Unknown("timeout"), is_idempotent=True)
    stage = Stage((desk,))
    play(stage, stage.post, seconds=60.0)
    assert (desk.times, desk.looked) == ([0.001, 1.001], [])


def test_a_look_counts_against_what_all_requests_share_and_not_against_the_channels_own() -> None:
    desk = Scripted(Unknown("timeout"), sights=[Absent()])
    desk.buckets = {"test:desk": (Rate(2, 500.0),), "test:bot": (Rate(1, 10.0),)}
    stage = Stage((desk,), DROP)
    play(stage, stage.post, seconds=100.0)
    assert (desk.look_times, desk.times) == ([10.001], [0.001, 20.001])


def test_no_word_from_a_person_makes_a_look_come_too_soon() -> None:
    """Half a second after the timeout the platform may still be storing the message: not seeing it proves nothing."""
    desk = Scripted(Unknown("timeout"), sights=[Sent()])
    stage = Stage((desk,), DROP)

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(0.5)
        stage.delivery.unpark()

    play(stage, scene, seconds=60.0)
    assert desk.look_times == [2.001]


@pytest.mark.parametrize(("age_s", "looked_at"), [(0.0, 2.0), (1.5, 0.5), (30.0, 0.0)])
def test_after_a_crash_the_same_way_is_taken(age_s: float, looked_at: float) -> None:
    """The look waits only until the message is two seconds old."""
    stage = Stage((Scripted(),))

    async def crash() -> None:
        await stage.outbox.commit([a_match()], judge, {"desk": Target(fit=lambda deliveries: 1)})

    virtual_time.run(crash())
    at_ns = stage.transactions.connection.execute("SELECT frozen_ns FROM batches").fetchone()[0]
    stage.transactions.connection.execute("UPDATE batches SET frozen_ns = ?", (at_ns - int(age_s * 1e9),))
    second = Scripted(sights=[Sent(message_id="m7")])
    after = Stage((second,), DROP, transactions=stage.transactions)
    play(after, lambda: asyncio.sleep(0), seconds=60.0)
    assert (second.look_times, second.batches) == ([looked_at], [])
    assert after.outcomes("unknown") == 1
    assert reasons(after) == [("sent", "", "m7")]


def test_stopping_between_looks_leaves_the_batch_in_doubt() -> None:
    desk = Scripted(Unknown("timeout"), sights=[Retry("503")] * 50)
    stage = Stage((desk,), DROP)
    states: list[dict[str, int]] = []

    async def scene() -> None:
        await stage.post()
        await asyncio.sleep(30.0)

    play(stage, scene, seconds=0.0)
    virtual_time.run(_states(stage, states))
    assert states == [{"sending": 1}]


async def _states(stage: Stage, into: list[dict[str, int]]) -> None:
    into.append(await stage.states())


# --- digests ---

CROWDED = LaneOptions(terms=Terms(backlog=0))
"""What does not fit the next message goes to the digest."""


def no_digest(batch: Batch) -> Outcome:
    return Permanent("Invalid Form Body") if batch.digest is not None else Sent(message_id="1")


def test_a_digest_counts_as_what_it_tells_and_says_nothing_of_latency() -> None:
    desk = Scripted()
    stage = Stage((desk,), CROWDED)

    async def scene() -> None:
        await stage.post(35)
        assert stage.lanes[0].waiting == 25
        assert stage.sample("flowbot_queue_depth", queue="desk") == 25

    play(stage, scene, seconds=100.0)
    assert [batch.count for batch in desk.batches] == [10, 25]
    assert (stage.outcomes("sent"), stage.outcomes("digested")) == (10, 25)
    assert stage.sample("flowbot_delivery_latency_seconds_count", destination="desk") == 10
    assert stage.lanes[0].waiting == 0


def test_a_digest_that_a_platform_cannot_take_now_goes_later() -> None:
    desk = Scripted(Sent(), Retry("503"), Retry("429", after_s=9.0, is_asked=True))
    stage = Stage((desk,), CROWDED)
    play(stage, lambda: stage.post(35), seconds=300.0)
    assert [batch.count for batch in desk.batches] == [10, 25, 25, 25]
    assert stage.outcomes("digested") == 25
    assert stage.lanes[0].waiting == 0


def test_a_digest_that_is_refused_is_dead_with_all_it_tells() -> None:
    desk = Scripted(*[no_digest] * 9)
    stage = Stage((desk,), CROWDED)
    play(stage, lambda: stage.post(35), seconds=300.0)
    assert len(desk.batches) == 2
    rows = stage.transactions.connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state").fetchall()
    assert dict(rows) == {"sent": 10, "dead": 25}


# --- the breaker, and the admins ---


def refused(at_s: float) -> Sight:
    return Retry("429", after_s=at_s, is_asked=True)


def test_refusals_of_one_destination_hold_all_of_its_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Posts and looks both count; the third within ten minutes is one too many here."""
    monkeypatch.setattr(breaker, "INVALID_LIMIT", 3)
    bad = Scripted(
        Retry("429", after_s=1.0, is_asked=True), Unknown("timeout"), sights=[refused(1.0), refused(1.0)], name="bad"
    )
    good, other = Scripted(name="good"), Scripted(name="other", platform="elsewhere")
    stage = Stage((bad, good, other))

    async def scene() -> None:
        await stage.post(send_to=("bad",))
        await asyncio.sleep(10.0)
        await stage.post(send_to=("good", "other"))

    events = play(stage, scene)
    assert bad.times == [0.001, 1.001, 600.001]
    assert bad.look_times == [3.001, 4.001, 600.001]
    assert good.times == [600.001]
    assert other.times == [10.001]
    assert stage.sample("flowbot_invalid_requests_total", platform="test") == 3
    assert events.count("platform.held") == 1
    subject, notice, _ = stage.shared.notices.get_nowait()
    assert subject == "held:test"
    assert "test" in notice.title


def test_the_admins_hear_of_a_destination_that_is_parked() -> None:
    desk = Scripted(*[DestinationDead("Unknown Webhook (code 10015)")] * 3)
    stage = Stage((desk,))

    async def scene() -> None:
        await stage.post(2)
        await asyncio.sleep(1.0)
        await stage.post(3)

    play(stage, scene, seconds=1000.0)
    assert stage.shared.notices.qsize() == 1, "once, not at every probe"
    subject, notice, _ = stage.shared.notices.get_nowait()
    assert (subject, notice.title) == ("parked:desk", "desk is parked")
    assert "Unknown Webhook (code 10015)" in notice.lines[0]
    assert notice.lines[1] == "2 alerts wait for it."
    assert stage.sample("flowbot_invalid_requests_total", platform="test") == len(desk.batches) == 3
