"""The day's counts: what they add up, when they begin anew, and that they stay few."""

from datetime import UTC, datetime

from bot.engine.lane import LaneOptions
from bot.engine.today import DayCounts, Today
from bot.model.alerts import RuleHit
from bot.model.outcomes import Permanent
from bot.model.ports import Commit, Rate
from bot.model.terms import Terms
from tests.engine.doubles import Scripted
from tests.engine.stage import Stage, play
from tests.samples import NOON_NS, a_print, an_alert


class Clock:
    def __init__(self, utc: str) -> None:
        self.at(utc)

    def __call__(self) -> int:
        return self.ns

    def at(self, utc: str) -> None:
        self.ns = int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()) * 10**9


def a_commit(*rules: str) -> Commit:
    """One alert that these rules are named in."""
    hits = tuple(RuleHit(rule, ()) for rule in rules)
    suppressed = {("whales", "cooldown"): 2, ("sweeps", "cooldown"): 1, ("watch:1", "snooze"): 4}
    return Commit({"desk": 1, "dm:discord:1": 2, "dm:slack:U1": 1}, (), (an_alert(hits=hits),), suppressed)


def test_everything_is_counted_and_watches_are_one() -> None:
    """An alert tells of a watch only where that has seen more than the print, so it is counted by who is told."""
    today = Today(lambda: NOON_NS)
    for rule in ("whales", "whales", "sweeps", "watch:1", "watch:2"):
        today.matched(rule)
    today.committed(a_commit("whales", "watch:1", "watch:2"))
    today.committed(a_commit("whales", "sweeps"))
    today.settled("posted", 2)
    today.settled("digested", 7)
    today.settled("digested", 1)
    assert today.counts() == DayCounts(
        since_ns=NOON_NS,
        matches={"whales": 2, "sweeps": 1, "watch": 2},
        alerts={"whales": 2, "sweeps": 1, "watch": 6},
        suppressed={"cooldown": 6, "snooze": 8},
        alerted=2,
        posted=2,
        digested=8,
    )


def test_a_new_day_begins_at_midnight_in_new_york() -> None:
    """On a day in July that is 04:00 UTC; the counts are then since midnight, not since the start."""
    clock = Clock("2026-07-16 16:00")
    today = Today(clock)
    began = clock.ns
    today.matched("whales")
    clock.at("2026-07-17 03:59:59")
    assert (today.counts().matches, today.counts().since_ns) == ({"whales": 1}, began)
    clock.at("2026-07-17 04:00")
    assert today.counts() == DayCounts(clock.ns, {}, {}, {})
    today.matched("whales")
    assert today.counts().matches == {"whales": 1}


def test_days_on_which_the_clocks_change_end_at_their_own_midnight() -> None:
    """1 November 2026 has 25 hours: from 04:00 UTC to 05:00 UTC of the next day."""
    clock = Clock("2026-11-01 04:00")
    today = Today(clock)
    today.matched("whales")
    clock.at("2026-11-02 04:59:59")
    assert today.counts().matches == {"whales": 1}
    clock.at("2026-11-02 05:00")
    assert today.counts().matches == {}


def test_counts_that_were_given_do_not_change_any_more() -> None:
    today = Today(lambda: NOON_NS)
    before = today.counts()
    today.matched("whales")
    assert before.matches == {}


def test_what_lanes_did_is_counted() -> None:
    """Two posted, one refused for good, one taken back before its turn."""
    desk = Scripted(rates=(Rate(1, 60.0),))
    stage = Stage((desk, Scripted(Permanent("bad"), name="room")))

    async def scene() -> None:
        await stage.post(send_to=("room",))
        for _ in range(3):
            await stage.post()
        stage.delivery.take(await stage.outbox.cancel(a_print(size=4)))

    play(stage, scene, seconds=200.0)
    counts = stage.metrics.today.counts()
    assert (counts.posted, counts.digested, counts.dead, counts.expired) == (2, 0, 1, 1)


def test_a_digest_counts_what_it_tells_of() -> None:
    stage = Stage((Scripted(),), LaneOptions(terms=Terms(backlog=0)))
    play(stage, lambda: stage.post(15), seconds=60.0)
    counts = stage.metrics.today.counts()
    assert (counts.posted, counts.digested) == (10, 5)
