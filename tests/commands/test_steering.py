"""`/flowadmin`: what admins do is done before it is answered, is in the audit log, and nobody else can do it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from bot.commands import steered
from bot.commands.asker import Asker
from bot.commands.reading import read_says
from bot.commands.requests import (
    Audit,
    Deliveries,
    MuteFor,
    Mutes,
    Pause,
    Reload,
    Resume,
    Retry,
    Rules,
    SendTest,
    Steering,
    Unmute,
)
from bot.commands.steering import SteeringAnswers
from bot.engine.control import PAUSE
from bot.engine.lane import LaneOptions
from bot.model.alerts import DeliveryRecord
from bot.model.answers import Answer
from bot.model.errors import InputError
from bot.model.outcomes import DestinationDead, Permanent, Sent, Unknown
from bot.model.ports import Rate
from bot.model.steering import Mute
from bot.model.terms import Terms
from bot.outbox.reloads import Reloaded
from bot.rules.rule import Rule, rule_of
from tests import virtual_time
from tests.engine.doubles import InlineTransactions, Scripted
from tests.engine.stage import Stage, play, sizes

ADMIN = Asker("discord", "1", "ann", is_admin=True)
MEMBER = Asker("discord", "2", "bob")
HOUR_S = 3600.0
RULES = (
    rule_of({"name": "whales", "when": {"premium": ">= 1M"}, "send_to": ["desk", "room"], "cooldown": "5m"}),
    rule_of(
        {"name": "bursts", "when": {"side": "ask"}, "count": {"at_least": 3, "within": "10m"}, "send_to": ["desk"]}
    ),
    rule_of({"name": "dead-feed", "silence": {"for": "10m"}, "send_to": ["room"]}),
)
GOOD = Reloaded(True, "rules +1 (a); admin")


@dataclass
class Desk:
    """Some destinations with their lanes, and the answers about them. It opens at 12:16:40 in New York."""

    stage: Stage
    reloaded: Reloaded = GOOD
    reading_takes_s: float = 0.0
    loaded: tuple[Rule, ...] = RULES
    answers: SteeringAnswers = field(init=False)

    def __post_init__(self) -> None:
        self.answers = SteeringAnswers(
            self.stage.control,
            self.stage.outbox,
            self.stage.delivery,
            rules=lambda: {rule.name: rule for rule in self.loaded},
            today=self.stage.metrics.today.counts,
            reload=self._reload,
            now_ns=virtual_time.now_ns,
        )

    async def _reload(self) -> Reloaded:
        await asyncio.sleep(self.reading_takes_s)
        return self.reloaded

    async def ask(self, request: Steering, asker: Asker = ADMIN) -> Answer:
        return await self.answers.answer(request, asker)

    async def log(self) -> list[tuple[str, str, str]]:
        """The audit log, the oldest first."""
        return [(act.by, act.what, act.result) for act in reversed(await self.stage.outbox.acts(100))]


def at_the_desk(*destinations: Scripted, options: LaneOptions | None = None) -> Desk:
    return Desk(Stage(destinations or (Scripted(), Scripted(name="room")), options or LaneOptions()))


def lines(answer: Answer) -> list[str]:
    return [line for part in answer.parts for line in part.lines]


def says(answer: Answer) -> list[str]:
    return [button.says for button in answer.buttons]


def run(desk: Desk, scene: Callable[[], Awaitable[None]], seconds: float = 1.0) -> list[str]:
    return play(desk.stage, scene, seconds=seconds)


# --- who ---


@pytest.mark.parametrize(
    "request_",
    [MuteFor("ticker", "NVDA", HOUR_S), Unmute("ticker", "NVDA"), Mutes(), SendTest("desk"), Reload(), Pause(),
     Resume(), Deliveries(), Retry("k3v9x2ab"), Rules(), Audit()],
)  # fmt: skip
def test_nobody_but_an_admin_does_or_sees_anything(request_: Steering) -> None:
    room = Scripted()
    desk = at_the_desk(room)

    async def scene() -> None:
        await desk.stage.control.mute(Mute("ticker", "NVDA", None, "discord:1", "", 1))
        answer = await desk.ask(request_, MEMBER)
        assert (answer.tone, answer.title, answer.is_private) == ("trouble", "Only admins may do that", True)
        assert [mute.name for mute in desk.stage.control.active()] == ["NVDA"]
        assert await desk.log() == []

    events = run(desk, scene)
    assert room.batches == []
    assert events.count("steering.denied") == 1


# --- mutes ---


def test_a_mute_is_in_force_before_it_is_answered_and_after_a_crash() -> None:
    """The process dies before anybody reads the answer; the next one obeys, and knows who it was."""
    transactions = InlineTransactions()
    desk = Desk(Stage((Scripted(),), transactions=transactions))

    async def scene() -> None:
        answer = await desk.ask(MuteFor("ticker", "nvda", 2 * HOUR_S, "earnings"))
        assert answer.title == "🔇 ticker NVDA is muted until 14:16:40 ET (2h)"
        assert lines(answer) == [
            "No alert about NVDA is posted, whatever rule it matches. People's own watches still tell.",
            "Reason: earnings",
        ]
        assert says(answer) == ["flowadmin unmute ticker NVDA"]

    run(desk, scene)
    second = Scripted()
    again = Desk(Stage((second,), transactions=transactions))

    async def after() -> None:
        await again.stage.control.restore()
        await again.stage.post()
        assert await again.log() == [
            (
                "discord:1 (ann)",
                "flowadmin mute ticker nvda for 2h earnings",
                "quiet until 14:16:40 ET (2h)",
            )
        ]

    run(again, after)
    assert second.batches == []


def test_what_a_mute_is_about_is_told_with_it() -> None:
    desk = at_the_desk()

    async def scene() -> None:
        rule = await desk.ask(MuteFor("rule", "whales", HOUR_S))
        assert lines(rule) == [
            "It posts nothing to desk, room. What it matches meanwhile is counted, and not told later."
        ]
        place = await desk.ask(MuteFor("destination", "room", 24 * HOUR_S))
        assert place.title == "🔇 destination room is muted until 7/17 12:16:40 ET (1d)"
        assert "what waits there already waits until then" in lines(place)[0]
        await desk.stage.post(send_to=("desk", "room"))

    run(desk, scene)
    assert [batch.destination for lane in desk.stage.destinations for batch in lane.batches] == []


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (MuteFor("rule", "wales", HOUR_S), 'There is no rule "wales"; did you mean "whales"?'),
        (MuteFor("destination", "desc", HOUR_S), 'There is no destination "desc"; did you mean "desk"?'),
        (SendTest("hall"), 'There is no destination "hall"; known: desk and room.'),
        (Unmute("rule", "whales"), 'Rule "whales" is not muted; /flowadmin list shows what is.'),
        (Resume(), "Nothing is paused."),
        (Retry("k3v9x2ab"), 'No alert "k3v9x2ab" in the store; the list of deliveries has the ids.'),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_noted(request_: Steering, problem: str) -> None:
    desk = at_the_desk()

    async def scene() -> None:
        answer = await desk.ask(request_)
        assert (answer.tone, lines(answer)) == ("trouble", [problem])
        ((by, _, result),) = await desk.log()
        assert by == "discord:1 (ann)"
        assert result.lower() == f"refused: {problem.lower().removesuffix('.')}"
        assert desk.stage.control.active() == ()

    events = run(desk, scene)
    assert events.count("steering.act") == 1


def test_unmuting_is_at_once() -> None:
    room = Scripted()
    desk = at_the_desk(room)

    async def scene() -> None:
        await desk.ask(MuteFor("ticker", "NVDA", HOUR_S))
        await desk.stage.post()
        answer = await desk.ask(Unmute("ticker", "nvda"))
        assert answer.title == "🔊 ticker NVDA is muted no longer"
        await desk.stage.post()
        assert [what for _, what, _ in await desk.log()] == [
            "flowadmin mute ticker NVDA for 1h",
            "flowadmin unmute ticker nvda",
        ]

    run(desk, scene)
    assert [sizes(batch) for batch in room.batches] == [[2]]


def test_the_list_shows_what_is_quiet_and_of_people_only_how_many() -> None:
    desk = at_the_desk()

    async def scene() -> None:
        assert (await desk.ask(Mutes())).title == "Nothing is muted, and nothing is paused"
        await desk.ask(MuteFor("rule", "whales", HOUR_S, "too many"))
        await desk.ask(MuteFor("ticker", "NVDA", 60.0))
        for user in ("7", "8"):
            await desk.stage.control.mute(Mute("person", f"discord:{user}", None, f"discord:{user}", "", 1))
        await desk.stage.control.mute(Mute("closed", "slack:U1", None, "flowbot", "", 1))
        await desk.ask(Pause())
        answer = await desk.ask(Mutes())
        assert [(part.heading, part.lines) for part in answer.parts] == [
            ("Paused", ("Nothing is posted anywhere until somebody ends it · by discord:1 (ann)",)),
            (
                "Muted",
                (
                    "rule whales until 13:16:40 ET (1h) · by discord:1 (ann) · too many",
                    "ticker NVDA until 12:17:40 ET (1m) · by discord:1 (ann)",
                ),
            ),
            ("Own alerts", ("2 people have snoozed.", "1 person has no messages of ours.")),
        ]
        assert says(answer) == ["flowadmin resume", "flowadmin unmute rule whales", "flowadmin unmute ticker NVDA"]
        assert len(await desk.log()) == 3, "who reads does nothing"

    run(desk, scene)


# --- pause ---


def test_a_pause_holds_everything_and_a_resume_lets_it_go() -> None:
    room = Scripted()
    desk = at_the_desk(room)

    async def scene() -> None:
        answer = await desk.ask(Pause(1800.0, "maintenance"))
        assert answer.title == "⏸ Paused until 12:46:40 ET (30m)"
        assert says(answer) == ["flowadmin resume"]
        await desk.stage.post(2)
        await asyncio.sleep(60.0)
        assert room.batches == []
        answer = await desk.ask(Resume())
        assert (answer.title, lines(answer)) == ("▶ Posting again", ["2 alerts waited."])
        assert [result for _, _, result in await desk.log()] == ["paused until 12:46:40 ET (30m)", "resumed"]

    run(desk, scene)
    assert [batch.count for batch in room.batches] == [2]


# --- test ---


def test_a_test_goes_the_way_of_all_alerts_and_says_where_it_went() -> None:
    room = Scripted(Sent("m1", "c1", "https://discord.test/m1"))
    desk = at_the_desk(room)

    async def scene() -> None:
        answer = await desk.ask(SendTest("desk"))
        assert (answer.title, lines(answer)) == ("✅ Sent to desk", ["https://discord.test/m1"])
        assert [result for _, _, result in await desk.log()] == ["sent https://discord.test/m1"]
        (batch,) = room.batches
        (delivery,) = batch.deliveries
        assert delivery.alert.is_test
        assert says(answer) == [f"flow why {delivery.alert.id}"]
        assert await desk.stage.states() == {"sent": 1}

    run(desk, scene)


@pytest.mark.parametrize(
    ("outcomes", "title", "line", "result"),
    [
        ([Permanent("400: bad")], "desk did not take it", "400: bad", "dead: 400: bad"),
        (
            [DestinationDead("404: Unknown Channel")],
            "desk is parked: the platform refuses us there",
            "404: Unknown Channel",
            "waits, parked: 404: Unknown Channel",
        ),
    ],
)
def test_a_test_that_fails_says_what_became_of_it(
    outcomes: list[Permanent | DestinationDead], title: str, line: str, result: str
) -> None:
    desk = at_the_desk(Scripted(*outcomes))

    async def scene() -> None:
        answer = await desk.ask(SendTest("desk"))
        assert (answer.tone, answer.title, lines(answer)[0]) == ("trouble", title, line)
        assert (await desk.log())[0][2] == result

    run(desk, scene)


def test_a_test_tries_a_parked_destination_at_once() -> None:
    """Whoever tests it may have mended it; mended or not, the answer does not wait for the next probe."""
    room = Scripted(DestinationDead("404"), DestinationDead("403"), DestinationDead("403"))
    desk = at_the_desk(room)

    async def scene() -> None:
        await desk.stage.post()
        await asyncio.sleep(1.0)
        assert desk.stage.delivery.is_parked("desk")
        began = asyncio.get_running_loop().time()
        assert lines(await desk.ask(SendTest("desk")))[0] == "403"
        assert (await desk.ask(SendTest("desk"))).title == "✅ Sent to desk"
        assert asyncio.get_running_loop().time() - began < 5.0

    run(desk, scene)


def test_a_test_of_which_nobody_knows_says_so() -> None:
    desk = at_the_desk(Scripted(Unknown("timeout")), options=LaneOptions(on_unknown="drop"))

    async def scene() -> None:
        answer = await desk.ask(SendTest("desk"))
        assert answer.title == "Nobody knows whether desk has it"

    run(desk, scene)


def test_a_test_goes_alone_and_before_what_waits_and_to_no_digest() -> None:
    """Even where the hour's budget is used up: a person asked for it."""
    room = Scripted(rates=(Rate(1, 5.0),))
    desk = at_the_desk(room, options=LaneOptions(terms=Terms(budget=1)))

    async def scene() -> None:
        await desk.stage.post(5)
        answer = await desk.ask(SendTest("desk"))
        assert answer.title == "✅ Sent to desk"

    run(desk, scene)
    told = [[delivery.alert.is_test for delivery in batch.deliveries] for batch in room.batches]
    assert [True] in told


@pytest.mark.parametrize(
    ("mute", "end"),
    [
        (Mute("destination", "desk", None, "discord:1", "", 1), "/flowadmin unmute destination desk first"),
        (Mute(*PAUSE, None, "discord:1", "", 1), "/flowadmin resume first"),
    ],
)
def test_where_nothing_is_posted_no_test_is_either(mute: Mute, end: str) -> None:
    room = Scripted()
    desk = at_the_desk(room)

    async def scene() -> None:
        await desk.stage.control.mute(mute)
        answer = await desk.ask(SendTest("desk"))
        assert lines(answer) == [f"Nothing is posted to desk now: {end}."]

    run(desk, scene)
    assert room.batches == []


# --- reload ---


def test_a_reload_says_what_changed() -> None:
    desk = at_the_desk()

    async def scene() -> None:
        answer = await desk.ask(Reload())
        assert (answer.title, lines(answer)) == ("Reloaded", ["rules +1 (a)", "admin"])
        assert (await desk.log())[0][1:] == ("flowadmin reload", "reloaded: rules +1 (a); admin")

    run(desk, scene)


def test_a_reload_that_is_refused_says_every_problem_as_far_as_there_is_room() -> None:
    desk = at_the_desk()
    desk.reloaded = Reloaded(False, "\n".join(f"config.yaml:{n}:1: wrong" for n in range(1, 31)))

    async def scene() -> None:
        answer = await desk.ask(Reload())
        assert answer.title == "Nothing was changed: the configuration has 30 problems"
        assert lines(answer)[:2] == ["config.yaml:1:1: wrong", "config.yaml:2:1: wrong"]
        assert (len(lines(answer)), lines(answer)[-1]) == (21, "… and 10 more, all of them in the log")
        assert (await desk.log())[0][2] == "refused: 30 problems, first config.yaml:1:1: wrong"

    run(desk, scene)


def test_an_act_whose_asker_left_is_noted_all_the_same() -> None:
    desk = at_the_desk()
    desk.reading_takes_s = 1e9

    async def scene() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30.0):
                await desk.ask(Reload())
        assert await desk.log() == [("discord:1 (ann)", "flowadmin reload", "nobody waited for its end")]

    run(desk, scene)


# --- deliveries ---


def test_dead_letters_are_shown_with_a_button_each_and_sent_again() -> None:
    room = Scripted(*[Permanent("bad")] * 5)
    desk = at_the_desk(room)

    async def scene() -> None:
        assert (await desk.ask(Deliveries())).title == "No deliveries given up"
        for _ in range(5):
            await desk.stage.post()
            await asyncio.sleep(1.0)
        first = await desk.ask(Deliveries())
        assert [line.split(" · ")[1:] for line in lines(first)] == [
            ["dead", "12:16:44 ET", "1 attempt, bad"],
            ["dead", "12:16:43 ET", "1 attempt, bad"],
            ["dead", "12:16:42 ET", "1 attempt, bad"],
        ]
        ids = [line.split("@")[0] for line in lines(first)]
        assert says(first) == [*(f"flowadmin retry {one}@desk" for one in ids), "flowadmin deliveries page=2"]
        assert all(button.is_for_admins for button in first.buttons[:3])
        second = await desk.ask(Deliveries(page=2))
        assert (len(lines(second)), says(second)[-1]) == (2, "flowadmin deliveries")
        assert (await desk.ask(Deliveries(page=3))).title == "There is no page 3"
        again = await desk.ask(read_says(says(first)[0]))  # type: ignore[arg-type]  # it is a retry
        assert again.title == "Queued again, before all others"
        assert lines(again)[0].startswith(f"{ids[0]}@desk · queued")
        await asyncio.sleep(1.0)
        assert await desk.stage.states() == {"dead": 4, "sent": 1}
        assert await desk.log() == [("discord:1 (ann)", f"flowadmin retry {ids[0]}@desk", "queued again for desk")]

    run(desk, scene)
    assert len(room.batches) == 6


def test_a_parked_destination_is_tried_at_once_by_a_retry() -> None:
    room = Scripted(Permanent("bad"), DestinationDead("404"))
    desk = at_the_desk(room)

    async def scene() -> None:
        await desk.stage.post()
        await asyncio.sleep(1.0)
        (record,) = await desk.stage.outbox.delivery_records(["dead"], None, 5)
        await desk.stage.post()
        await asyncio.sleep(1.0)
        assert desk.stage.delivery.is_parked("desk")
        await desk.ask(Retry(record.alert_id))

    run(desk, scene)
    assert room.times[2] == 2.001


def test_deliveries_of_another_state_have_longer_pages_and_no_retries() -> None:
    desk = at_the_desk()

    async def scene() -> None:
        for _ in range(11):
            await desk.stage.post(send_to=("desk", "room"))
        await asyncio.sleep(1.0)
        answer = await desk.ask(Deliveries("sent", "desk"))
        assert (answer.title, len(lines(answer))) == ("Deliveries sent to desk", 10)
        assert says(answer) == ["flowadmin deliveries state=sent destination=desk page=2"]

    run(desk, scene)


def test_deliveries_to_a_destination_that_never_was() -> None:
    """One that is gone may have left some in the store; of a slip of the pen the right name is told."""
    desk = at_the_desk()

    async def scene() -> None:
        with pytest.raises(InputError, match='did you mean "desk"'):
            await desk.ask(Deliveries("", "desc"))
        assert (await desk.ask(Deliveries("", "desk"))).title == "No deliveries given up to desk"

    run(desk, scene)


def test_direct_messages_are_shown_without_whose_they_are() -> None:
    """Who watches is nobody's business, not even the admins'."""
    own = DeliveryRecord("7kq2m9xd", "dm:discord:5", "dead", ("watch:3",), 1, 0, reason="HTTP 400")
    shown = steered.deliveries(Deliveries(), [own], 0)
    assert lines(shown)[0].startswith("7kq2m9xd@dm · dead · ")
    assert shown.buttons == ()


def test_what_is_queued_again_for_a_destination_that_is_gone_says_so() -> None:
    desk = at_the_desk(Scripted(Permanent("bad")))

    async def scene() -> None:
        await desk.stage.post()
        await asyncio.sleep(1.0)
        (record,) = await desk.stage.outbox.delivery_records(["dead"], None, 5)
        await desk.stage.delivery.replace("desk", None)
        answer = await desk.ask(Retry(record.alert_id))
        assert lines(answer)[-1] == "desk is no destination any more: it stays in the store."

    run(desk, scene)


# --- rules, audit ---


def test_the_rules_are_shown_in_order_with_what_they_did_today() -> None:
    desk = at_the_desk()

    async def scene() -> None:
        today = desk.stage.metrics.today
        for rule in ("whales", "whales", "watch:1"):
            today.matched(rule)
        await desk.ask(MuteFor("rule", "bursts", HOUR_S))
        answer = await desk.ask(Rules())
        assert answer.title == "3 rules loaded"
        assert lines(answer)[:4] == [
            "1. whales → desk, room · cooldown 5m by contract · 2 matches, 0 alerts",
            "2. bursts → desk · count at least 3 within 10m by contract · no match · 🔇 until 13:16:40 ET (1h)",
            "3. dead-feed → room · silence for 10m · no match",
            "People's own watches: 1 match, 0 alerts.",
        ]
        assert answer.buttons == ()

    run(desk, scene)


def test_many_rules_are_paged() -> None:
    desk = at_the_desk()
    desk.loaded = tuple(rule_of({"name": f"r{n}", "when": {"side": "ask"}, "send_to": ["desk"]}) for n in range(23))

    async def scene() -> None:
        second = await desk.ask(Rules(2))
        assert (second.title, lines(second)[0]) == ("23 rules loaded · page 2", "11. r10 → desk · no match")
        assert says(second) == ["flowadmin rules", "flowadmin rules page=3"]
        assert all(button.is_replacing for button in second.buttons)
        assert len(lines(await desk.ask(Rules(3)))) == 4
        assert (await desk.ask(Rules(4))).title == "There is no page 4"
        desk.loaded = ()
        assert lines(await desk.ask(Rules()))[0] == "The configuration has no rules: add some under rules."

    run(desk, scene)


def test_the_audit_log_says_who_did_what_newest_first() -> None:
    desk = at_the_desk()

    async def scene() -> None:
        assert (await desk.ask(Audit())).title == "Nobody has steered anything yet"
        await desk.ask(MuteFor("ticker", "NVDA", HOUR_S))
        for _ in range(11):
            await asyncio.sleep(1.0)
            await desk.ask(Resume(), Asker("slack", "U1", is_admin=True))
        answer = await desk.ask(Audit())
        assert lines(answer)[0] == "12:16:51 ET · slack:U1 · flowadmin resume → refused: nothing is paused"
        assert (len(lines(answer)), says(answer)) == (10, ["flowadmin audit page=2"])
        last = await desk.ask(Audit(2))
        assert lines(last)[-1] == (
            "12:16:40 ET · discord:1 (ann) · flowadmin mute ticker NVDA for 1h → quiet until 13:16:40 ET (1h)"
        )
        assert (await desk.ask(Audit(3))).title == "There is no page 3"

    run(desk, scene)


# --- trouble with the store ---


def test_a_store_that_refuses_is_told_in_words_and_nothing_is_done() -> None:
    desk = at_the_desk()

    async def scene() -> None:
        desk.stage.transactions.is_broken = True
        answer = await desk.ask(MuteFor("ticker", "NVDA", HOUR_S))
        assert answer.title == "The store cannot do that now"
        assert desk.stage.control.active() == ()
        desk.stage.transactions.is_broken = False
        assert await desk.log() == []

    events = run(desk, scene)
    assert events.count("steering.act") == events.count("steering.not_noted") == 1


def test_names_from_outside_are_one_line_in_the_audit_log() -> None:
    desk = at_the_desk()

    async def scene() -> None:
        await desk.ask(Pause(), Asker("discord", "1", "ann\n\u202eevil" + "x" * 500, is_admin=True))
        ((by, _, _),) = await desk.log()
        assert by.startswith("discord:1 (ann evilxx")
        assert len(by) < 90

    run(desk, scene)
