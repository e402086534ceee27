"""A lane keeps every promise to its destination: nothing lost, nothing twice, never too fast, never in others' way."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from bot.engine.delivery import Delivery
from bot.engine.lane import Lane, LaneOptions
from bot.engine.metrics import Metrics
from bot.engine.pace import Buckets
from bot.gate.verdict import judge
from bot.model.alerts import Batch
from bot.model.outcomes import DestinationDead, Outcome, Permanent, Retry, Sent, Unknown
from bot.model.ports import Rate
from bot.outbox.sqlite import SqliteOutbox
from tests import virtual_time
from tests.engine.doubles import InlineTransactions, Scripted, an_outbox
from tests.samples import a_match, a_print, a_route


@dataclass
class Stage:
    """One store, some destinations, and the delivery between them."""

    destinations: tuple[Scripted, ...]
    options: LaneOptions = field(default_factory=LaneOptions)
    transactions: InlineTransactions = field(default_factory=InlineTransactions)
    metrics: Metrics = field(default_factory=Metrics)
    sizes: int = 0

    def __post_init__(self) -> None:
        self.outbox: SqliteOutbox = an_outbox(self.transactions)
        buckets = Buckets()
        self.lanes = [
            Lane(
                destination, self.options, self.outbox, buckets, self.metrics,
                now_ns=virtual_time.now_ns, jitter=lambda: 0.0,
            )
            for destination in self.destinations
        ]  # fmt: skip
        self.delivery = Delivery(self.lanes, self.outbox)

    async def post(self, count: int = 1, *, send_to: tuple[str, ...] = ("desk",), is_fast: bool = True) -> None:
        matches = []
        for _ in range(count):
            self.sizes += 1
            found = a_print(size=self.sizes, received_ns=virtual_time.now_ns())
            matches.append(a_match(found, a_route(send_to=send_to)))
        idle = self.delivery.idle() if is_fast else {}
        self.delivery.take(await self.outbox.commit(matches, judge, idle))

    async def states(self) -> dict[str, int]:
        rows = self.transactions.connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state")
        return dict(rows.fetchall())

    def outcomes(self, outcome: str, destination: str = "desk") -> float:
        value = self.metrics.registry.get_sample_value(
            "flowbot_deliveries_total", {"destination": destination, "outcome": outcome}
        )
        return value or 0.0


def play(stage: Stage, scene: Callable[[], Awaitable[None]], *, seconds: float = 10_000.0) -> None:
    """Run the scene while delivery serves, then let `seconds` of virtual time pass, then drain."""

    async def main() -> None:
        with capture_logs():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(stage.delivery.run())
                await asyncio.sleep(0.001)
                await scene()
                await asyncio.sleep(seconds)
                await stage.delivery.drain()

    virtual_time.run(main())


def sizes(batch: Batch) -> list[int | None]:
    return [delivery.alert.print.size for delivery in batch.deliveries]


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
        await stage.outbox.commit([a_match()], judge, {"desk": lambda deliveries: 1})

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
