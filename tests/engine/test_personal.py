"""People are told one by one, by lanes that exist only as long as there is something for them, and in nobody's way."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from bot.destinations.direct import DirectMessages, Fault
from bot.engine import breaker, personal
from bot.engine.delivery import Delivery
from bot.engine.lane import Lane, LaneOptions
from bot.engine.metrics import Metrics
from bot.engine.personal import PersonalLanes, personal_options
from bot.engine.personal_queue import AT_ONCE
from bot.engine.settings import DeliverySettings, WatchSettings
from bot.engine.shared import Shared
from bot.gate.verdict import judge
from bot.model.alerts import Batch
from bot.model.outcomes import DestinationDead, Outcome, Retry, Sent, Unknown
from bot.model.people import destination_of
from bot.model.ports import Rate
from bot.model.steering import Mute
from bot.model.terms import Terms
from tests import virtual_time
from tests.engine.doubles import InlineTransactions, Scripted, an_outbox
from tests.samples import a_match, a_print, a_route

CLOSED = DestinationDead("HTTP 403: Cannot send messages to this user (code 50007)")
REFUSED = DestinationDead("HTTP 401: 401: Unauthorized")
SHARED = {"test:dms": (Rate(10, 1.0),)}
"""What all people together are sent."""


class Person(Scripted):
    """One person's destination."""

    def __init__(self, name: str, world: "World") -> None:
        super().__init__(name=name, platform=name.split(":")[1], can_edit=True, takes_s=world.takes_s)
        self.buckets = {**self.buckets, **SHARED}
        self.fault: Fault = ""
        self._world = world

    async def send(self, batch: Batch) -> Outcome:
        self._world.at_once += 1
        self._world.most_at_once = max(self._world.most_at_once, self._world.at_once)
        try:
            outcome = self._world.outcomes.get(self.name, Sent(message_id="m"))
            self.fault = self._world.faults.get(self.name, "")
            sent = await super().send(batch)
            return sent if isinstance(outcome, Sent) else outcome
        finally:
            self._world.at_once -= 1


@dataclass
class Steering:
    """Who wants no word now."""

    held: set[str] = field(default_factory=set)

    def is_held(self, destination: str) -> bool:
        return destination in self.held

    def is_muted(self, rule: str) -> bool:
        return False


@dataclass
class World:
    """One store, one desk, and as many people as are asked for."""

    options: LaneOptions = field(default_factory=lambda: LaneOptions(terms=Terms(repeats="drop")))
    transactions: InlineTransactions = field(default_factory=InlineTransactions)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    platforms: tuple[str, ...] = ("discord", "slack")
    takes_s: float = 0.0
    at_once: int = 0
    most_at_once: int = 0
    sizes: int = 0

    def __post_init__(self) -> None:
        self.metrics = Metrics()
        self.outbox = an_outbox(self.transactions)
        self.steering = Steering()
        self.shared = Shared(
            self.outbox, self.metrics, now_ns=virtual_time.now_ns, jitter=lambda: 0.0, steering=self.steering
        )
        self.desk = Scripted(name="desk", platform="discord")
        self.delivery = Delivery([Lane(self.desk, LaneOptions(), self.shared)], self.outbox)
        self.built: list[Person] = []
        self.people = PersonalLanes(self.shared, self.outbox, self._build, lambda: self.options, self._mute)
        self.delivery.personal = self.people
        self.muted: list[Mute] = []

    async def _build(self, name: str) -> DirectMessages | None:
        if name.split(":")[1] not in self.platforms:
            return None
        self.built.append(Person(name, self))
        return self.built[-1]

    async def _mute(self, mute: Mute) -> None:
        self.muted.append(mute)
        self.steering.held.add(destination_of(mute.name))

    async def post(self, *people: str, is_desk_told: bool = False, **changes: object) -> None:
        """A print that a watch of each of these matches, `discord:1` and so on."""
        self.sizes += 1
        found = a_print(size=self.sizes, received_ns=virtual_time.now_ns(), **changes)
        routes = [a_route(f"watch:{n}", send_to=(destination_of(who),)) for n, who in enumerate(people, 1)]
        if is_desk_told:
            routes.insert(0, a_route())
        targets = {**self.delivery.targets(), **self.people.targets}
        self.delivery.take(await self.outbox.commit([a_match(found, *routes)], judge, targets))
        while (more := await self.outbox.tell_watchers(judge, targets)) is not None:
            self.delivery.take(more)

    def told(self) -> dict[str, list[int | None]]:
        """What arrived, by destination: the prints' sizes."""
        found: dict[str, list[int | None]] = {}
        for person in self.built:
            for batch in person.batches:
                if not isinstance(self.outcomes.get(person.name, Sent()), Sent):
                    continue
                found.setdefault(person.name, []).extend(one.alert.print.size for one in batch.deliveries)
        return found

    def states(self) -> dict[str, int]:
        rows = self.transactions.connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state")
        return dict(rows.fetchall())

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture(autouse=True)
def binary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two moments of virtual time that differ by a rounding error would come again and again, for it stands still."""
    monkeypatch.setattr(personal, "LOOK_S", 0.0625)


def play(world: World, scene: Callable[[], Awaitable[None]], *, seconds: float = 1000.0) -> list[Mapping[str, object]]:
    """Run the scene while everybody is served, let `seconds` of virtual time pass, then stop. What was logged."""
    events: list[Mapping[str, object]] = []

    async def main() -> None:
        with capture_logs() as logged:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(world.people.run())
                tasks.create_task(world.delivery.run())
                await asyncio.sleep(1.0)
                await scene()
                await asyncio.sleep(seconds)
                tasks.create_task(world.people.drain())
                await world.delivery.drain()
        events.extend(logged)

    virtual_time.run(main())
    return events


def test_somebody_is_told_at_once_and_the_lane_is_forgotten() -> None:
    world = World()

    async def scene() -> None:
        await world.post("discord:1")

    play(world, scene)
    assert world.told() == {"dm:discord:1": [1]}
    assert world.built[0].times == [1.0]
    assert world.states() == {"sent": 1}
    assert world.people.depth == 0
    assert not world.people._lanes, "nothing is kept of them"


def test_all_people_are_one_in_metrics() -> None:
    world = World()

    async def scene() -> None:
        await world.post("discord:1", "slack:U1")

    play(world, scene)
    assert world.sample("flowbot_deliveries_total", destination="dm", outcome="sent") == 2
    assert world.sample("flowbot_delivery_latency_seconds_count", destination="dm") == 2
    assert world.sample("flowbot_queue_depth", queue="dm") == 0


def test_a_thousand_people_are_told_by_a_few_lanes_at_the_pace_of_all_and_the_desk_waits_for_none_of_them() -> None:
    world = World(takes_s=0.015625)
    people = [f"discord:{n}" for n in range(1000)]

    async def scene() -> None:
        await world.post(*people)
        await asyncio.sleep(20.0)
        await world.post(is_desk_told=True)

    play(world, scene)
    assert world.desk.times == [21.0]
    assert len(world.told()) == 1000
    assert world.states() == {"sent": 1001}
    assert world.most_at_once <= AT_ONCE
    last = max(time for person in world.built for time in person.times)
    assert 99.0 < last < 110.0, "ten a second"


def test_who_takes_no_messages_is_left_in_peace_and_nobody_else_is_the_worse_for_it() -> None:
    world = World(outcomes={"dm:discord:1": CLOSED}, faults={"dm:discord:1": "person"})

    async def scene() -> None:
        await world.post("discord:1", "discord:2")
        await asyncio.sleep(5.0)
        await world.post("discord:1")  # a mute would have kept it quiet; this one was judged before

    events = play(world, scene, seconds=10_000.0)
    (refused,) = [person for person in world.built if person.name == "dm:discord:1"]
    assert len(refused.received) == 1, "no retry, no probe"
    assert world.told() == {"dm:discord:2": [1]}
    assert [(mute.kind, mute.name, mute.until_ns, mute.reason) for mute in world.muted] == [
        ("closed", "discord:1", None, CLOSED.reason)
    ]
    assert world.states() == {"dead": 1, "sent": 1, "queued": 1}
    reason = world.transactions.connection.execute("SELECT reason FROM deliveries WHERE state = 'dead'").fetchone()
    assert reason == (CLOSED.reason,)
    assert world.shared.notices.empty(), "no admin hears of it"
    assert [event["alerts"] for event in events if event["event"] == "person.closed"] == [1]
    assert world.sample("flowbot_destination_parked", destination="dm") == 0


def test_very_many_who_take_no_messages_hold_up_no_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many refusals in ten minutes, and a platform is left in peace; but a bot that was thrown out of a server is
    refused by all its members at once."""
    monkeypatch.setattr(breaker, "INVALID_LIMIT", 10)
    people = [f"dm:discord:{n}" for n in range(30)]
    world = World(outcomes=dict.fromkeys(people, CLOSED), faults=dict.fromkeys(people, "person"))

    async def scene() -> None:
        await world.post(*(name.removeprefix("dm:") for name in people))
        await asyncio.sleep(20.0)
        await world.post(is_desk_told=True)
        await asyncio.sleep(1.0)
        assert world.desk.times == [21.0]
        assert len(world.muted) < 20, "and people are left in peace all the same"

    play(world, scene, seconds=3000.0)
    assert len(world.muted) == 30
    assert world.sample("flowbot_invalid_requests_total", platform="discord dm") == 30
    assert world.sample("flowbot_invalid_requests_total", platform="discord") == 0


def test_a_refused_bot_is_tried_ever_less_often_and_the_admins_are_told_once() -> None:
    people = [f"dm:discord:{n}" for n in range(20)]
    world = World(outcomes=dict.fromkeys(people, REFUSED), faults=dict.fromkeys(people, "platform"))

    async def scene() -> None:
        await world.post(*(name.removeprefix("dm:") for name in people), "slack:U1")
        await asyncio.sleep(1000.0)
        assert world.sample("flowbot_destination_parked", destination="dm") == 1
        world.outcomes.clear()
        world.faults.clear()

    play(world, scene, seconds=2000.0)
    times = sorted(time for person in world.built for time in person.times if "slack" not in person.name)
    refused = [time for time in times if time < 1000.0]
    assert len(refused) <= 3 * AT_ONCE, "a few of them, at 0, 300 and 900 seconds"
    assert [round(time, -2) for time in sorted({round(time) for time in refused})] == [0, 300, 900]
    assert world.told()["dm:slack:U1"] == [1], "another platform"
    assert world.states() == {"sent": 21}
    word = world.shared.notices.get_nowait()
    assert word.notice.title == "Direct messages on discord are refused"
    assert world.shared.notices.empty()
    assert world.sample("flowbot_destination_parked", destination="dm") == 0


def test_a_refused_platform_is_tried_at_once_when_somebody_mended_it() -> None:
    """One of two: the metric says so as long as any is refused."""
    people = ["dm:discord:1", "dm:slack:U1"]
    world = World(outcomes=dict.fromkeys(people, REFUSED), faults=dict.fromkeys(people, "platform"))

    async def scene() -> None:
        await world.post("discord:1", "slack:U1")
        await asyncio.sleep(10.0)
        del world.outcomes["dm:discord:1"], world.faults["dm:discord:1"]
        world.delivery.unpark("desk")
        await asyncio.sleep(10.0)
        assert world.states() == {"queued": 2}, "that was another's"
        world.delivery.unpark()
        await asyncio.sleep(10.0)
        assert world.states() == {"queued": 1, "sent": 1}
        assert world.sample("flowbot_destination_parked", destination="dm") == 1

    play(world, scene, seconds=1.0)
    refused = [person for person in world.built if person.name == "dm:slack:U1"]
    assert len(refused) == 2, "tried too, and the admins are told no second time"
    assert sorted(world.shared.notices.get_nowait().notice.title for _ in range(world.shared.notices.qsize())) == [
        "Direct messages on discord are refused",
        "Direct messages on slack are refused",
    ]


def test_where_nobody_knows_whose_fault_it_is_that_one_waits_alone() -> None:
    world = World(outcomes={"dm:discord:1": DestinationDead("HTTP 403: odd (code 1)")})

    async def scene() -> None:
        await world.post("discord:1", "discord:2")
        await asyncio.sleep(1000.0)
        world.outcomes.clear()

    play(world, scene, seconds=2000.0)
    times = [time for person in world.built for time in person.times if person.name == "dm:discord:1"]
    assert [round(time) for time in times] == [1, 301, 901, 2101]
    assert world.states() == {"sent": 2}
    assert world.shared.notices.empty()


def test_who_is_held_is_told_afterwards() -> None:
    world = World()

    async def scene() -> None:
        world.steering.held.add("dm:discord:1")
        await world.post("discord:1", "discord:2")
        await asyncio.sleep(50.0)
        assert world.told() == {"dm:discord:2": [1]}
        assert world.people.depth == 1
        world.steering.held.clear()
        world.people.look_again()

    play(world, scene)
    assert world.told() == {"dm:discord:2": [1], "dm:discord:1": [1]}


def test_what_waits_is_told_though_the_hold_ends_while_the_lane_does() -> None:
    world = World(takes_s=5.0)

    async def scene() -> None:
        await world.post("discord:1")
        await asyncio.sleep(0.5)
        world.steering.held.add("dm:discord:1")  # the first is on its way
        world.people.look_again()
        await world.post("discord:1")
        await asyncio.sleep(2.5)
        world.steering.held.clear()
        world.people.look_again()

    play(world, scene, seconds=100.0)
    assert world.told() == {"dm:discord:1": [1, 2]}
    assert world.people.depth == 0


def test_what_is_in_doubt_when_somebody_is_held_goes_on_afterwards() -> None:
    """Nothing is queued for them; only a message of which nobody knows whether it went out."""
    world = World(outcomes={"dm:discord:1": Unknown("the answer was lost")})

    async def scene() -> None:
        await world.post("discord:1")
        await asyncio.sleep(0.5)
        world.steering.held.add("dm:discord:1")
        world.people.look_again()
        await asyncio.sleep(50.0)
        assert world.states() == {"sending": 1}
        world.outcomes.clear()
        world.steering.held.clear()
        world.people.look_again()

    play(world, scene, seconds=100.0)
    assert world.states() == {"sent": 1}


def test_taking_up_ones_own_messages_in_doubt_touches_nobody_elses() -> None:
    """A desk's message that is on its way is in no doubt for that."""
    world = World()
    batches = world.transactions.connection
    for name in ("desk", "dm:discord:1"):
        batches.execute("INSERT INTO batches (id, destination, frozen_ns) VALUES (?1, ?1, 1)", (name,))

    async def main() -> None:
        taken = await world.outbox.take_up("dm:discord:1")
        assert [batch.id for batch in taken.batches] == ["dm:discord:1"]

    virtual_time.run(main())
    rows = batches.execute("SELECT id, attempts FROM batches ORDER BY id").fetchall()
    assert rows == [("desk", 0), ("dm:discord:1", 1)]


def test_what_is_over_the_budget_comes_as_a_digest() -> None:
    world = World(LaneOptions(terms=Terms(budget=2, repeats="drop")))

    async def scene() -> None:
        for _ in range(5):
            await world.post("discord:1")
            await asyncio.sleep(1.0)

    play(world, scene)
    batches = [(batch, time) for person in world.built for time, batch in person.received]
    assert [batch.count for batch, _ in batches] == [1, 1, 3]
    assert batches[2][0].digest is not None
    assert world.states() == {"sent": 2, "digested": 3}
    assert 60.0 < world.built[-1].times[-1] < 70.0
    assert world.people.depth == 0


def test_another_budget_holds_from_the_next_lane_on() -> None:
    """Every lane asks for the options of its time."""
    world = World()

    async def scene() -> None:
        await world.post("discord:1")
        await asyncio.sleep(10.0)
        world.options = LaneOptions(terms=Terms(budget=1, repeats="drop"))
        await world.post("discord:1")

    play(world, scene)
    assert world.states() == {"sent": 1, "digested": 1}


def test_a_trade_that_is_taken_back_is_struck_through_and_alerts_go_first() -> None:
    world = World(takes_s=0.5)
    people = [f"discord:{n}" for n in range(30)]

    async def scene() -> None:
        await world.post(*people)
        await asyncio.sleep(100.0)
        taken_back = a_print(size=1)
        world.delivery.take(await world.outbox.cancel(taken_back))
        await asyncio.sleep(0.25)
        await world.post("discord:99")

    play(world, scene)
    edited = [edit for person in world.built for _, edit in person.edited]
    assert len(edited) == 30
    assert all(edit.batch.deliveries[0].is_cancelled for edit in edited)
    (late,) = [person for person in world.built if person.name == "dm:discord:99"]
    assert late.times == [101.25], "a lane was free for it"


def test_what_a_stop_leaves_is_told_by_the_next_start() -> None:
    """Queued, in doubt, and with news: each is found again, though no lane is there to ask."""
    transactions = InlineTransactions()
    first = World(transactions=transactions, takes_s=30.0)

    async def scene() -> None:
        await first.post(*(f"discord:{n}" for n in range(AT_ONCE + 2)))

    async def main() -> None:
        running = asyncio.gather(first.people.run(), first.delivery.run())
        await asyncio.sleep(0.001)
        await scene()
        await asyncio.sleep(5.0)
        running.cancel()  # the process ends as it is
        await asyncio.gather(running, return_exceptions=True)

    virtual_time.run(main())
    assert first.states() == {"sending": AT_ONCE, "queued": 2}
    transactions.connection.execute(
        "UPDATE deliveries SET state = 'sent', message_id = 'm', batch = 'gone', news_ns = 1, cancelled = 1"
        " WHERE destination = 'dm:discord:9'"
    )
    second = World(transactions=transactions)

    async def nothing() -> None:
        return

    play(second, nothing)
    assert second.states() == {"sent": AT_ONCE + 2}
    assert len(second.told()) == AT_ONCE + 1
    assert [edit.posted.message_id for person in second.built for _, edit in person.edited] == ["m"]


def test_a_stop_waits_a_little_for_people_and_leaves_the_rest_in_the_store() -> None:
    world = World(takes_s=1.0)

    async def scene() -> None:
        await world.post(*(f"discord:{n}" for n in range(200)))

    ended: list[float] = []

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(world.people.run())
            await asyncio.sleep(0.001)
            await scene()
            await asyncio.sleep(0.5)
            await world.people.drain()
        ended.append(asyncio.get_running_loop().time() - 1000.0)

    virtual_time.run(main())
    assert 4.5 < ended[0] < 6.0
    states = world.states()
    assert states["queued"] > 100
    assert states.keys() == {"sent", "queued"}, "what was on its way has ended"


def test_a_stop_during_a_pause_waits_for_nobody() -> None:
    """Fifty people have something to be told; some are being told when the pause begins."""
    world = World(takes_s=0.25)
    took: list[float] = []

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(world.people.run())
            await asyncio.sleep(0.001)
            await world.post(*(f"discord:{n}" for n in range(50)))
            await asyncio.sleep(0.1)
            world.steering.held.update(f"dm:discord:{n}" for n in range(50))
            world.people.look_again()
            await world.post(*(f"discord:{n}" for n in range(50)))
            await asyncio.sleep(0.1)
            began = asyncio.get_running_loop().time()
            await world.people.drain()
        took.append(asyncio.get_running_loop().time() - began)

    virtual_time.run(main())
    assert took[0] < 0.5, "what is on its way ends; nothing else is waited for"
    assert world.states() == {"sent": AT_ONCE, "queued": 100 - AT_ONCE}


def test_a_platform_without_a_bot_leaves_its_people_in_the_store() -> None:
    world = World(platforms=("discord",))

    async def scene() -> None:
        await world.post("discord:1", "slack:U1", "slack:U2")
        await world.post("slack:U1")

    events = play(world, scene)
    assert world.states() == {"sent": 1, "queued": 3}
    told = [(event["destination"], event["platform"]) for event in events if event["event"] == "destination.gone"]
    assert told == [("dm", "slack")], "once, however many there are"


def test_somebody_who_fails_for_long_makes_room_for_others() -> None:
    failing = {f"dm:discord:{n}": Retry("503") for n in range(AT_ONCE)}
    world = World(outcomes=dict(failing))

    async def scene() -> None:
        await world.post(*(name.removeprefix("dm:") for name in failing))
        await asyncio.sleep(1.0)
        await world.post("discord:99")
        await asyncio.sleep(100.0)
        assert world.told() == {"dm:discord:99": [2]}
        world.outcomes.clear()

    play(world, scene)
    assert world.states() == {"sent": AT_ONCE + 1}


def test_a_store_that_is_out_of_order_is_waited_for() -> None:
    world = World()

    async def scene() -> None:
        await world.post("discord:1")
        world.transactions.is_broken = True
        await asyncio.sleep(10.0)
        world.transactions.is_broken = False

    play(world, scene)
    assert world.states() == {"sent": 1}


def test_a_stop_does_not_wait_for_a_store_that_is_out_of_order_for_ever() -> None:
    world = World()
    world.transactions.is_broken = True

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(world.people.run())
            await asyncio.sleep(10.0)
            world.people.wake("dm:discord:1", 1)
            await asyncio.sleep(10.0)
            async with asyncio.timeout(10.0):
                await world.people.drain()

    with capture_logs():
        virtual_time.run(main())


@pytest.mark.parametrize("is_served", [True, False])
def test_what_ends_before_it_is_sent_is_counted(is_served: bool) -> None:
    world = World()

    async def scene() -> None:
        if not is_served:
            world.steering.held.add("dm:discord:1")
        await world.post("discord:1")
        world.delivery.take(await world.outbox.cancel(a_print(size=1)))

    play(world, scene, seconds=100.0)
    assert world.sample("flowbot_deliveries_total", destination="dm", outcome="expired") == 1
    assert world.states() == {"expired": 1}
    assert world.people.depth == 0


def test_the_terms_are_those_of_all_within_a_budget_of_their_own_and_quieter() -> None:
    options = personal_options(DeliverySettings(max_age=60.0, budget=500, repeats="edit"), WatchSettings(budget=7))
    assert options.terms == Terms(max_age_s=60.0, backlog=50, budget=7, repeats="drop", can_edit=True)
    assert options.rates is None


def test_a_commit_knows_the_terms_of_all_people_by_one_name() -> None:
    world = World(LaneOptions(terms=Terms(max_age_s=5.0, repeats="drop")))

    async def scene() -> None:
        world.steering.held.add("dm:discord:1")
        await world.post("discord:1")

    play(world, scene, seconds=1.0)
    (stale_ns, created_ns) = world.transactions.connection.execute(
        "SELECT stale_ns, created_ns FROM deliveries JOIN alerts ON alerts.id = alert_id"
    ).fetchone()
    assert stale_ns - created_ns == 5_000_000_000
