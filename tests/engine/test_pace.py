"""Pace: documented rates and the server's own words, shared by whoever shares a bucket."""

from bot.engine.pace import Buckets
from bot.model.outcomes import Pace, Permanent, Retry, Sent
from bot.model.ports import Rate

TWO_IN_FIVE = {"channel": (Rate(2, 5.0),)}


def test_a_fresh_bucket_lets_a_burst_go_and_then_waits_for_its_window() -> None:
    buckets = Buckets()
    assert buckets.ready_at(TWO_IN_FIVE, 10.0) == 10.0
    buckets.take(TWO_IN_FIVE, 10.0)
    buckets.take(TWO_IN_FIVE, 11.0)
    assert buckets.ready_at(TWO_IN_FIVE, 11.0) == 15.0
    assert buckets.ready_at(TWO_IN_FIVE, 20.0) == 20.0


def test_two_rates_on_one_bucket_are_both_kept() -> None:
    webhook = {"hook": (Rate(2, 2.0), Rate(3, 60.0))}
    buckets = Buckets()
    for at in (0.0, 0.5, 2.0):
        assert buckets.ready_at(webhook, at) == at
        buckets.take(webhook, at)
    assert buckets.ready_at(webhook, 2.0) == 60.0


def test_destinations_that_share_a_bucket_share_its_pace() -> None:
    buckets = Buckets()
    both = [{name: (), "channel:7": (Rate(1, 1.0),)} for name in ("hook:1", "hook:2")]
    buckets.take(both[0], 5.0)
    assert buckets.ready_at(both[1], 5.1) == 6.0


def test_nothing_remaining_waits_for_the_reset_that_the_server_named() -> None:
    buckets = Buckets()
    buckets.learn(TWO_IN_FIVE, Sent(pace=Pace(remaining=0, reset_after_s=3.25)), 10.0)
    assert buckets.ready_at(TWO_IN_FIVE, 10.0) == 13.25
    buckets.learn({"other": ()}, Sent(pace=Pace(remaining=1, reset_after_s=3.25)), 10.0)
    assert buckets.ready_at({"other": ()}, 10.0) == 10.0


def test_a_wait_that_was_asked_for_holds_the_destinations_own_bucket() -> None:
    keys = {"channel": (), "bot": ()}
    buckets = Buckets()
    buckets.learn(keys, Retry("429", after_s=0.75, is_asked=True), 10.0)
    assert buckets.ready_at({"channel": ()}, 10.0) == 10.75
    assert buckets.ready_at({"bot": ()}, 10.0) == 10.0


def test_a_global_wait_holds_whoever_shares_the_credential() -> None:
    buckets = Buckets()
    buckets.learn({"channel:1": (), "bot": ()}, Retry("429", after_s=2.0, is_asked=True, is_global=True), 10.0)
    assert buckets.ready_at({"channel:2": (), "bot": ()}, 10.0) == 12.0


def test_a_refusal_says_nothing_about_pace() -> None:
    buckets = Buckets()
    buckets.learn(TWO_IN_FIVE, Permanent("400"), 10.0)
    assert buckets.ready_at(TWO_IN_FIVE, 10.0) == 10.0


def test_who_shares_a_bucket_keeps_the_rates_of_its_own_kind() -> None:
    """A webhook may post 2 a minute where the bot may post 5 in 5 s; both count what both sent."""
    bot, hook = {"channel": (Rate(3, 5.0),)}, {"channel": (Rate(2, 60.0),)}
    buckets = Buckets()
    buckets.take(bot, 0.0)
    buckets.take(hook, 1.0)
    assert buckets.ready_at(bot, 2.0) == 2.0
    assert buckets.ready_at(hook, 2.0) == 60.0
