"""Pace: documented rates and the server's own words, shared by whoever shares a bucket."""

import pytest

from bot.engine.pace import MOST_BUCKETS, Answer, Buckets, Keys, Turn
from bot.model.outcomes import Pace, Permanent, Retry, Sent, Unknown
from bot.model.ports import Rate

TWO_IN_FIVE = {"channel": (Rate(2, 5.0),)}
FREE: Keys = {"channel:1": ()}


def post(buckets: Buckets, keys: Keys, at: float, answer: Answer | None = None, *, takes_s: float = 0.0) -> Turn:
    """A request and its answer."""
    turn = buckets.take(keys, at)
    buckets.learn(turn, answer or Sent(), at + takes_s)
    return turn


def told(remaining: int, reset_after_s: float) -> Sent:
    return Sent(pace=Pace(remaining, reset_after_s))


def test_a_fresh_bucket_lets_a_burst_go_and_then_waits_for_its_window() -> None:
    buckets = Buckets()
    assert buckets.ready_at(TWO_IN_FIVE, 10.0) == 10.0
    post(buckets, TWO_IN_FIVE, 10.0)
    post(buckets, TWO_IN_FIVE, 11.0)
    assert buckets.ready_at(TWO_IN_FIVE, 11.0) == 15.0
    assert buckets.ready_at(TWO_IN_FIVE, 20.0) == 20.0


def test_buckets_that_rest_are_forgotten_where_there_are_very_many() -> None:
    """Everybody who is told by direct message has one."""
    buckets = Buckets()
    rates: Keys = {"bot": (Rate(50, 1.0),)}
    held: Keys = {"person:held": TWO_IN_FIVE["channel"]}
    post(buckets, held, 1.0, Retry("429", after_s=90_000.0, is_asked=True))
    slow: Keys = {"slow": (Rate(1, 80_000.0),)}
    post(buckets, slow, 1.0)
    for day in range(20):
        for n in range(MOST_BUCKETS):
            person: Keys = {f"person:{day}:{n}": TWO_IN_FIVE["channel"], **rates}
            post(buckets, person, 4000.0 * day + n, Sent(pace=Pace(bucket=f"{day}:{n}")))
    assert len(buckets._buckets) <= 3 * MOST_BUCKETS
    assert len(buckets._named) <= 3 * MOST_BUCKETS
    now = 76_000.0 + MOST_BUCKETS
    assert buckets.ready_at(held, now) == 90_001.0
    assert buckets.ready_at(slow, now) == 80_001.0
    lately: Keys = {f"person:19:{MOST_BUCKETS - 1}": TWO_IN_FIVE["channel"]}
    post(buckets, lately, now)
    assert buckets.ready_at(lately, now) == now + 4.0


def test_a_window_begins_with_the_answer_because_the_request_may_have_been_slow_and_the_next_quick() -> None:
    buckets = Buckets()
    post(buckets, TWO_IN_FIVE, 10.0, takes_s=0.3)
    post(buckets, TWO_IN_FIVE, 10.0, takes_s=0.1)
    assert buckets.ready_at(TWO_IN_FIVE, 11.0) == 15.1


ONE_IN_TWO: Keys = {"hook": (Rate(1, 2.0),)}


def test_a_request_is_on_its_way_for_three_hundredths_of_the_window_at_most() -> None:
    """However late its answer is: Slack's one a second is not to become one in a second and the network's time."""
    buckets = Buckets()
    turn = buckets.take(ONE_IN_TWO, 10.0)
    assert buckets.ready_at(ONE_IN_TWO, 10.01) == 12.01
    assert buckets.ready_at(ONE_IN_TWO, 11.0) == pytest.approx(12.06)
    buckets.learn(turn, Unknown("timeout"), 25.0)
    assert buckets.ready_at(ONE_IN_TWO, 25.0) == 25.0


def test_each_refusal_doubles_that_up_to_a_second() -> None:
    """Then the platform saw two in a window that we believed kept."""
    buckets = Buckets()
    for n, may_take_s in enumerate((0.12, 0.24, 0.48, 0.96, 1.0, 1.0)):
        at = 100.0 * (n + 1)
        buckets.learn(buckets.take(ONE_IN_TWO, at), Retry("429", after_s=2.0, is_asked=True), at + 0.2)
        buckets.take(ONE_IN_TWO, at + 50)
        assert buckets.ready_at(ONE_IN_TWO, at + 52) == pytest.approx(at + 52 + may_take_s)


def test_two_rates_on_one_bucket_are_both_kept() -> None:
    webhook = {"hook": (Rate(2, 2.0), Rate(3, 60.0))}
    buckets = Buckets()
    for at in (0.0, 0.5, 2.0):
        assert buckets.ready_at(webhook, at) == at
        post(buckets, webhook, at)
    assert buckets.ready_at(webhook, 2.0) == 60.0


def test_destinations_that_share_a_bucket_share_its_pace() -> None:
    buckets = Buckets()
    both: list[Keys] = [{name: (), "channel:7": (Rate(1, 1.0),)} for name in ("hook:1", "hook:2")]
    post(buckets, both[0], 5.0)
    assert buckets.ready_at(both[1], 5.1) == 6.0


def test_who_shares_a_bucket_keeps_the_rates_of_its_own_kind() -> None:
    """A webhook may post 2 a minute where the bot may post 5 in 5 s; both count what both sent."""
    bot, hook = {"channel": (Rate(3, 5.0),)}, {"channel": (Rate(2, 60.0),)}
    buckets = Buckets()
    post(buckets, bot, 0.0)
    post(buckets, hook, 1.0)
    assert buckets.ready_at(bot, 2.0) == 2.0
    assert buckets.ready_at(hook, 2.0) == 60.0


def test_an_early_request_that_was_answered_late_is_not_forgotten() -> None:
    """The slow first one leaves the window last, though it was sent first."""
    three: Keys = {"channel": (Rate(3, 5.0),)}
    buckets = Buckets()
    for at in (1.0, 3.0, 5.0, 7.0):  # refusals teach that requests may be slow here
        buckets.learn(buckets.take(three, at), Retry("429", after_s=1.0, is_asked=True), at + 0.1)
    for turn, answered_at in [(buckets.take(three, 10.0), at) for at in (10.9, 10.1, 10.1)]:
        buckets.learn(turn, Sent(), answered_at)
    for _ in range(2):
        assert buckets.ready_at(three, 15.1) == 15.1
        post(buckets, three, 15.1)
    assert buckets.ready_at(three, 15.2) == 15.9


# --- the server's own words ---


def test_nothing_remaining_waits_for_the_reset_that_the_server_named() -> None:
    buckets = Buckets()
    post(buckets, TWO_IN_FIVE, 10.0, told(0, 3.25))
    assert buckets.ready_at(TWO_IN_FIVE, 10.0) == 13.25


def test_what_remains_is_used_and_no_more_until_the_reset() -> None:
    """Others post there too: of a limit of ten, two remain."""
    buckets = Buckets()
    post(buckets, FREE, 9.9, told(9, 5.1))
    post(buckets, FREE, 10.0, told(2, 5.0))
    turns = []
    for at in (10.1, 10.2):
        assert buckets.ready_at(FREE, at) == at
        turns.append(buckets.take(FREE, at))
    assert 10.2 < buckets.ready_at(FREE, 10.2) <= 10.3, "all that remained is on its way: ask again soon"
    for turn, remaining in zip(turns, (1, 0), strict=True):
        buckets.learn(turn, told(remaining, 4.7), 10.3)
    assert buckets.ready_at(FREE, 10.3) == 15.0


def test_answers_in_any_order_leave_the_same() -> None:
    """Four at once against a limit of five: whichever answer comes first, one is left when all are here."""
    for order in ((4, 3, 2, 1), (1, 2, 3, 4), (2, 4, 1, 3)):
        buckets = Buckets()
        turns = [buckets.take(FREE, 10.0) for _ in order]
        for turn, remaining in zip(turns, order, strict=True):
            assert buckets.ready_at(FREE, 10.1) == 10.1 if turn is turns[0] else True
            buckets.learn(turn, told(remaining, 5.0), 10.1)
        assert buckets.ready_at(FREE, 10.2) == 10.2
        buckets.take(FREE, 10.2)
        assert buckets.ready_at(FREE, 10.3) > 10.3


def test_an_answer_of_the_last_window_says_nothing_of_this_one() -> None:
    buckets = Buckets()
    late = buckets.take(FREE, 10.0)
    post(buckets, FREE, 10.1, told(8, 1.0))
    post(buckets, FREE, 11.2, told(9, 1.0))
    buckets.learn(late, told(0, 0.1), 11.3)
    assert buckets.ready_at(FREE, 11.3) == 11.3


def test_a_timeout_may_have_used_one_up() -> None:
    buckets = Buckets()
    post(buckets, FREE, 9.9, told(9, 5.1))
    post(buckets, FREE, 10.0, told(1, 5.0))
    post(buckets, FREE, 10.1, Unknown("reset"))
    assert buckets.ready_at(FREE, 10.2) == 15.0


def test_a_limit_that_was_seen_holds_in_the_next_window_too() -> None:
    """Two in five seconds, says the server: after the reset a burst of three would be one too many."""
    buckets = Buckets()
    post(buckets, FREE, 10.0, told(1, 5.0))
    for at in (16.0, 16.1):
        assert buckets.ready_at(FREE, at) == at
        post(buckets, FREE, at, Sent())
    assert buckets.ready_at(FREE, 16.2) == 21.0


def test_a_penalty_is_waited_for_and_not_taken_for_the_window() -> None:
    buckets = Buckets()
    penalty = Retry("429", after_s=600.0, is_asked=True, pace=Pace(0, 600.0))
    post(buckets, FREE, 10.0, told(1, 5.0))
    post(buckets, FREE, 20.0, penalty)
    assert buckets.ready_at(FREE, 20.0) == 620.0
    post(buckets, FREE, 620.0)
    post(buckets, FREE, 621.0)
    assert buckets.ready_at(FREE, 621.0) == 625.0


def test_routes_of_one_name_share_a_pace_for_one_channel() -> None:
    """Discord's buckets: the name of the limit and the major parameter together."""
    buckets = Buckets()
    posts, edits, elsewhere = ({f"discord:{key}": ()} for key in ("channel:7", "edit:7", "channel:8"))
    for keys in (posts, edits, elsewhere):
        post(buckets, keys, 10.0, Sent(pace=Pace(4, 5.0, "abcd")))
    post(buckets, edits, 11.0, Retry("429", after_s=2.0, is_asked=True))
    assert buckets.ready_at(posts, 11.0) == 13.0
    assert buckets.ready_at(elsewhere, 11.0) == 11.0


def test_what_went_before_the_name_was_known_counts() -> None:
    buckets = Buckets()
    one, other = {"post:7": (Rate(2, 5.0),)}, {"edit:7": (Rate(2, 5.0),)}
    post(buckets, one, 10.0, Sent(pace=Pace(bucket="abcd")))
    post(buckets, other, 11.0, Sent(pace=Pace(bucket="abcd")))
    assert buckets.ready_at(one, 12.0) == buckets.ready_at(other, 12.0) == 15.0


# --- refusals ---


def test_a_wait_that_was_asked_for_holds_the_destinations_own_bucket() -> None:
    keys: Keys = {"channel": (), "bot": ()}
    buckets = Buckets()
    post(buckets, keys, 10.0, Retry("429", after_s=0.75, is_asked=True))
    assert buckets.ready_at({"channel": ()}, 10.0) == 10.75
    assert buckets.ready_at({"bot": ()}, 10.0) == 10.0


def test_a_global_wait_holds_whoever_shares_the_credential() -> None:
    buckets = Buckets()
    keys: Keys = {"channel:1": (), "bot": ()}
    post(buckets, keys, 10.0, Retry("429", after_s=2.0, is_asked=True, is_global=True))
    assert buckets.ready_at({"channel:2": (), "bot": ()}, 10.0) == 12.0


def test_refusals_without_a_wait_are_waited_out_ever_longer() -> None:
    buckets = Buckets()
    waits = []
    at = 10.0
    for _ in range(8):
        post(buckets, FREE, at, Retry("429", is_asked=True))
        waits.append(buckets.ready_at(FREE, at) - at)
        at = buckets.ready_at(FREE, at)
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    post(buckets, FREE, at)
    post(buckets, FREE, at, Retry("429", is_asked=True))
    assert buckets.ready_at(FREE, at) == at + 1.0


def test_refusals_of_one_moment_are_one() -> None:
    buckets = Buckets()
    turns = [buckets.take(FREE, 10.0) for _ in range(4)]
    for turn in turns:
        buckets.learn(turn, Retry("429", is_asked=True), 10.1)
    assert buckets.ready_at(FREE, 10.1) == 11.1


def test_another_refusal_says_nothing_about_pace() -> None:
    buckets = Buckets()
    post(buckets, TWO_IN_FIVE, 10.0, Permanent("400"))
    assert buckets.ready_at(TWO_IN_FIVE, 10.0) == 10.0


def test_a_destination_without_buckets_has_no_pace() -> None:
    buckets = Buckets()
    post(buckets, {}, 10.0, Retry("429", after_s=5.0, is_asked=True))
    assert buckets.ready_at({}, 10.0) == 10.0
