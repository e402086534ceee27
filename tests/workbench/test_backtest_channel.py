"""The model of a channel, against what the platforms' documented limits make of small days, reckoned by hand.

A message's answer takes 0.1 s, and four are on their way at most. A message counts in a window of w seconds from its
answer on, or 0.03 w after it was sent, whichever is sooner (`bot.engine.pace`).
"""

from collections.abc import Sequence
from datetime import time

import msgspec
import pytest

from bot.destinations import rates
from bot.engine.pace import Keys
from bot.model.alerts import Alert, Delivery, Priority
from bot.model.terms import ActiveHours, Terms
from bot.workbench.backtest.channel import Channel, Outlet
from bot.workbench.backtest.pacing import Windows
from bot.workbench.backtest.tally import ChannelTally
from tests.samples import NOON_NS, a_print

SECOND_NS = 10**9
WEBHOOK: Keys = {"discord:webhook:1": rates.DISCORD_WEBHOOK}
SLOW: Keys = {"slack:channel:1": rates.SLACK}
NO_DIGEST = Terms(is_digested=False, can_edit=True)


def at(seconds: float) -> int:
    return NOON_NS + round(seconds * SECOND_NS)


class Day:
    """Channels that share their buckets, and a clock in seconds after noon in New York, a Thursday."""

    def __init__(self, *outlets: Outlet) -> None:
        windows = Windows()
        self.channels = {outlet.name: Channel(outlet, windows, ChannelTally()) for outlet in outlets}
        self._count = 0

    def __getitem__(self, name: str) -> ChannelTally:
        return self.channels[name].tally

    def arrive(self, seconds: float, count: int = 1, *, to: str = "desk", max_age_s: float | None = None) -> list[str]:
        """So many alerts at one moment; their ids."""
        return [self.alert(seconds, to=to, max_age_s=max_age_s) for _ in range(count)]

    def alert(
        self, seconds: float, *, to: str = "desk", score: float = 50.0, priority: Priority = "normal",
        max_age_s: float | None = None,
    ) -> str:  # fmt: skip
        self.until(seconds)
        self._count += 1
        now_ns, own_id = at(seconds), f"a{self._count:07}"
        alert = Alert(own_id, a_print(score=score, received_ns=now_ns), (), created_ns=now_ns)
        stale_ns = None if max_age_s is None else now_ns + round(max_age_s * SECOND_NS)
        self.channels[to].add(Delivery(alert, to, ("whales",), priority), stale_ns, now_ns)
        return own_id

    def until(self, seconds: float) -> None:
        """Let the channels do what is due before then."""
        while due := [(c.due_ns, name) for name, c in self.channels.items() if c.due_ns is not None]:
            due_ns, name = min(due)
            if due_ns >= at(seconds):
                return
            self.channels[name].step(due_ns)

    def end(self) -> "Day":
        self.until(30 * 86_400)
        return self


def outlet(terms: Terms = NO_DIGEST, keys: Keys = WEBHOOK, *, carries: int = 10, name: str = "desk") -> Outlet:
    return Outlet(name, "discord_webhook", terms, keys, carries)


# --- pace --------------------------------------------------------------------------------------------------


def test_what_comes_at_one_moment_goes_in_as_few_messages_as_carry_it() -> None:
    """25 alerts to a webhook that takes five messages in two seconds: 10 + 10 + 5, at once."""
    day = Day(outlet())
    day.arrive(0, 25)
    desk = day.end()["desk"]
    assert (desk.messages, desk.posted, desk.longest_wait_ns) == (3, 25, 0)


def test_an_alert_that_comes_alone_goes_alone() -> None:
    day = Day(outlet())
    for second in range(5):
        day.arrive(second)
    assert day.end()["desk"].messages == 5


def test_a_burst_waits_for_the_webhooks_limit() -> None:
    """100 alerts are ten messages: four at once, the fifth with the first answer at 0.1 s; the window of two seconds
    frees four at 2.06 s, and the tenth at 2.16 s."""
    day = Day(outlet())
    day.arrive(0, 100)
    desk = day.end()["desk"]
    assert (desk.messages, desk.posted) == (10, 100)
    assert desk.longest_wait_ns == pytest.approx(2.16e9, abs=1e4)
    assert desk.longest_wait_at_ns == NOON_NS


def test_thirty_messages_a_minute_are_all_that_a_webhook_carries() -> None:
    """310 alerts are 31 messages; the last goes a minute after the first was answered, at 60.1 s."""
    day = Day(outlet())
    day.arrive(0, 310)
    desk = day.end()["desk"]
    assert desk.messages == 31
    assert desk.longest_wait_ns / 1e9 == pytest.approx(60.1, abs=1e-3)


def test_destinations_that_share_a_bucket_share_the_pace() -> None:
    """One message a second for both: one of the two waits 1.03 s."""
    day = Day(outlet(keys=SLOW), outlet(keys=SLOW, name="room"))
    day.arrive(0)
    day.arrive(0, to="room")
    waits = sorted(day.end()[name].longest_wait_ns / 1e9 for name in ("desk", "room"))
    assert waits == pytest.approx([0, 1.03], abs=1e-4)


def test_destinations_of_other_buckets_do_not_wait_for_it() -> None:
    day = Day(outlet(keys=SLOW), outlet(keys={"slack:channel:2": rates.SLACK}, name="room"))
    day.arrive(0)
    day.arrive(0, to="room")
    assert [day.end()[name].longest_wait_ns for name in ("desk", "room")] == [0, 0]


# --- order -------------------------------------------------------------------------------------------------


def test_the_highest_priority_goes_first_then_the_score_then_the_newest() -> None:
    """One alert a message and a message a second: the order shows in what the others wait."""
    day = Day(outlet(keys=SLOW, carries=1))
    day.alert(0, score=99, priority="low")
    day.alert(0, score=10, priority="high")
    day.alert(0, score=80)
    day.alert(0, score=90)
    order = []
    channel = day.channels["desk"]
    for place in range(5):
        day.until(0.5 + place * 1.03)
        waiting = {one.item.delivery.alert.print.score for one in channel._waiting}
        order.append(waiting)
    assert order == [{99, 80, 90}, {99, 80}, {99}, set(), set()]


# --- what goes to the digest -------------------------------------------------------------------------------


def test_what_ranks_behind_the_backlog_is_digested_ten_seconds_later() -> None:
    """100 at once: ten go, of the other 90 fifty wait for their turn and forty are digested."""
    day = Day(outlet(Terms(backlog=50)))
    day.arrive(0, 100)
    day.until(9.99)
    assert day["desk"].digests == 0
    desk = day.end()["desk"]
    assert (desk.messages, desk.posted, desk.digests) == (6, 60, 1)
    assert dict(desk.digested) == {"backlog": 40}


def test_the_budget_of_an_hour_is_kept_and_the_rest_digested() -> None:
    """Twelve of twenty, in messages of ten and two; a minute later one digest of eight."""
    day = Day(outlet(Terms(budget=12)))
    day.arrive(0, 20)
    day.until(59)
    assert (day["desk"].messages, day["desk"].digests) == (2, 0)
    desk = day.end()["desk"]
    assert (desk.posted, desk.digests, dict(desk.digested)) == (12, 1, {"budget": 8})


def test_an_hour_later_there_is_a_budget_again() -> None:
    day = Day(outlet(Terms(budget=12)))
    day.arrive(0, 12)
    day.arrive(3600)  # the answer to the first came at 0.1 s: within the hour still
    day.arrive(3601)
    desk = day.end()["desk"]
    assert (desk.posted, dict(desk.digested)) == (13, {"budget": 1})


def test_what_waited_longer_than_its_max_age_is_digested() -> None:
    """A message a second of one alert each: at 0 s, at 1.03 s, and at 2.06 s the other three are too old."""
    day = Day(outlet(Terms(), SLOW, carries=1))
    day.arrive(0, 5, max_age_s=2.0)
    desk = day.end()["desk"]
    assert (desk.messages, desk.posted, desk.digests) == (2, 2, 1)
    assert dict(desk.digested) == {"stale": 3}


def test_digests_come_no_more_often_than_once_a_minute() -> None:
    """What was too much at 0 s is digested at 10 s; what was at 20 s, at 70.1 s: a minute after the first's answer."""
    day = Day(outlet(Terms(backlog=0), carries=1))
    day.arrive(0, 3)
    day.arrive(20, 3)
    day.until(70.09)
    assert day["desk"].digests == 1
    day.until(70.2)
    assert day["desk"].digests == 2
    assert dict(day.end()["desk"].digested) == {"backlog": 4}


def test_without_digests_everything_is_posted_however_long_it_takes() -> None:
    day = Day(outlet(Terms(is_digested=False, backlog=1, budget=1), SLOW, carries=1))
    day.arrive(0, 20, max_age_s=1.0)
    desk = day.end()["desk"]
    assert (desk.messages, desk.posted, desk.digests) == (20, 20, 0)
    assert desk.longest_wait_ns / 1e9 == pytest.approx(19 * 1.03, abs=1e-3)


# --- hours -------------------------------------------------------------------------------------------------

UNTIL_ONE = ActiveHours(time(9, 30), time(13, 0))


def test_outside_the_hours_alerts_wait_for_the_openings_digest() -> None:
    """After 13:00 on a Thursday: one digest at 9:30 on Friday."""
    day = Day(outlet(Terms(hours=UNTIL_ONE)))
    day.arrive(59 * 60)
    day.arrive(60 * 60, 3)
    day.until(21.5 * 3600)
    assert (day["desk"].posted, day["desk"].digests) == (1, 0)
    day.until(21.5 * 3600 + 1)
    assert (day["desk"].posted, dict(day["desk"].digested)) == (1, {"hours": 3})


def test_outside_the_hours_alerts_end_where_that_is_chosen() -> None:
    day = Day(outlet(Terms(hours=msgspec.structs.replace(UNTIL_ONE, outside="drop"))))
    day.arrive(60 * 60, 3)
    desk = day.end()["desk"]
    assert (desk.posted, dict(desk.expired)) == (0, {"outside active hours": 3})


# --- edits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repeats", "edits"),
    [
        ([], 0),
        ([3], 1),
        ([3, 4, 7.9], 2),  # the second edit, at 8 s, shows both
        ([3, 4, 8.1], 3),
        ([3, 30, 300], 3),
        ([0.01], 1),  # before the message's answer: as soon as it stands
    ],
)
def test_a_message_is_edited_no_more_often_than_every_five_seconds(repeats: Sequence[float], edits: int) -> None:
    day = Day(outlet())
    (own_id,) = day.arrive(0)
    for seconds in repeats:
        day.until(seconds)
        assert day.channels["desk"].repeat(own_id, at(seconds))
    assert day.end()["desk"].edits == edits


def test_what_repeats_before_it_is_posted_needs_no_edit() -> None:
    day = Day(outlet())
    (own_id,) = day.arrive(0)
    assert day.channels["desk"].repeat(own_id, at(0))
    desk = day.end()["desk"]
    assert (desk.messages, desk.edits) == (1, 0)


def test_what_was_digested_can_tell_of_no_repeat() -> None:
    day = Day(outlet(Terms(backlog=0, can_edit=True), carries=1))
    first, second = day.arrive(0, 2)
    day.end()
    channel = day.channels["desk"]
    assert [channel.repeat(one, at(60)) for one in (first, second, "unknown")] == [False, True, False]


def test_a_trade_that_is_taken_back_is_not_posted_where_it_waits_and_struck_through_where_it_stands() -> None:
    day = Day(outlet(keys=SLOW, carries=1))
    first, second = day.arrive(0, 2)
    day.until(0.5)
    for own_id in (first, second):
        day.channels["desk"].cancel(own_id, at(0.5))
    desk = day.end()["desk"]
    assert (desk.posted, desk.edits, dict(desk.expired)) == (1, 1, {"the trade was cancelled": 1})


# --- minutes -----------------------------------------------------------------------------------------------


def test_each_minute_knows_what_arrived_and_what_of_it_was_digested() -> None:
    day = Day(outlet(Terms(backlog=0), carries=2))
    day.arrive(0, 5)
    day.arrive(61, 1)
    minutes = day.end()["desk"].minutes
    noon = NOON_NS // (60 * SECOND_NS)
    assert {at - noon: (dict(minute.alerts), minute.digested) for at, minute in minutes.items()} == {
        0: ({"whales": 5}, 3),
        1: ({"whales": 1}, 0),
    }
