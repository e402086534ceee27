"""The requests that a vendor allows. Moments are unix seconds; DAWN is a midnight UTC, and so a whole minute."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.budget import Budget, Quota, Spent

DAWN = 1_784_160_000.0  # 2026-07-16 00:00:00 UTC
NOON = DAWN + 43_200
FREE, PRO = Quota(10, 200), Quota(60, 5_000)  # OptionWhales' documentation, "Rate Limits"


def headers(limit: object, left: object, reset: object) -> dict[str, str]:
    told = {"Limit": limit, "Remaining": left, "Reset": reset}
    return {
        f"X-RateLimit-{name}": f"{value:.0f}" if isinstance(value, float) else str(value)
        for name, value in told.items()
        if value is not None
    }


def spend(budget: Budget, count: int, now_s: float) -> None:
    for _ in range(count):
        assert budget.ready_at(now_s) == now_s
        budget.take(now_s)


def test_without_a_quota_everything_goes() -> None:
    """RadarPulse documents none."""
    budget = Budget()
    spend(budget, 1_000, NOON)
    assert budget.standing(NOON).minute_left is None
    assert budget.standing(NOON).day_left is None


def test_a_minute_holds_so_many_wherever_it_begins() -> None:
    """Ten in any sixty seconds, so that it does not matter when the vendor's minute begins."""
    budget = Budget((FREE, PRO))
    spend(budget, 4, NOON)
    spend(budget, 6, NOON + 30)
    assert budget.ready_at(NOON + 31) == NOON + 60
    assert budget.standing(NOON + 31).minute_left == 0
    assert budget.standing(NOON + 60).minute_left == 4
    spend(budget, 4, NOON + 60)
    assert budget.ready_at(NOON + 60) == NOON + 90


def test_a_day_ends_at_midnight_utc() -> None:
    """Unless the vendor says otherwise; over the day's number, nothing goes until then."""
    budget = Budget((Quota(None, 3),))
    spend(budget, 3, NOON)
    assert budget.ready_at(NOON + 1) == DAWN + 86_400
    assert budget.standing(NOON + 1).day_left == 0
    assert budget.standing(DAWN + 86_400).day_left == 3
    spend(budget, 3, DAWN + 86_400)


def test_an_answer_tells_which_plan_the_key_is_on() -> None:
    """`X-RateLimit-Limit: 60` is a Pro key, which has 5,000 a day."""
    budget = Budget((FREE, PRO))
    budget.take(NOON)
    assert budget.standing(NOON).day_left == 199
    budget.heed(headers(60, 58, NOON + 60), NOON + 0.1)
    assert (budget.standing(NOON + 1).minute_left, budget.standing(NOON + 1).day_left) == (58, 4_999)


def test_a_limit_that_no_plan_has_is_believed() -> None:
    """Plans change; the day's number of the plan that was assumed stays."""
    budget = Budget((FREE, PRO))
    budget.heed(headers(5, 5, NOON + 60), NOON)
    spend(budget, 5, NOON)
    assert budget.ready_at(NOON) == NOON + 60
    assert budget.standing(NOON).day_left == 195


def test_the_vendors_count_beats_ours() -> None:
    """Somebody else uses the same key: what is left, is left for both."""
    budget = Budget((PRO,))
    budget.take(NOON)
    budget.heed(headers(60, 0, NOON + 17), NOON)
    assert budget.ready_at(NOON + 1) == NOON + 17
    assert budget.ready_at(NOON + 17) == NOON + 17


def test_the_vendors_minute_ends_when_it_says() -> None:
    """Ten used at its end are ten used: the next ten may go at once when the next begins."""
    budget = Budget((FREE,))
    spend(budget, 10, NOON + 55)
    assert budget.ready_at(NOON + 55) == NOON + 115
    budget.heed(headers(10, 0, NOON + 60), NOON + 55)
    assert budget.ready_at(NOON + 55) == NOON + 60
    spend(budget, 10, NOON + 60)
    assert budget.ready_at(NOON + 60) == NOON + 120


def test_a_late_answer_gives_nothing_back() -> None:
    """Answers overtake one another; the lowest count of a window holds, less what went out since."""
    budget = Budget((PRO,))
    for _ in range(3):
        budget.take(NOON)
    budget.heed(headers(60, 1, NOON + 20), NOON)
    budget.heed(headers(60, 3, NOON + 20), NOON)
    budget.take(NOON)
    assert budget.ready_at(NOON) == NOON + 20


def test_a_reset_far_away_is_the_days() -> None:
    """Its day then ends when the vendor says, here at midnight in New York."""
    budget = Budget((FREE, PRO))
    budget.heed(headers(5_000, 1, DAWN + 100_800), NOON)
    assert budget.standing(NOON).day_ends_s == DAWN + 100_800
    spend(budget, 1, NOON)
    assert budget.ready_at(NOON) == DAWN + 100_800
    assert budget.ready_at(DAWN + 86_400) == DAWN + 100_800
    assert budget.standing(DAWN + 100_800).day_left == 5_000


def test_a_wait_that_was_asked_for_is_kept() -> None:
    """And a shorter one after it does not shorten it."""
    budget = Budget()
    budget.rest_until(NOON + 8)
    budget.rest_until(NOON + 2)
    assert budget.ready_at(NOON) == NOON + 8
    assert budget.ready_at(NOON + 9) == NOON + 9


@pytest.mark.parametrize(
    "sent",
    [
        {},
        headers("sixty", "many", "soon"),
        headers(0, 0, NOON - 1),
        headers(0, 0, NOON + 10_000_000),
        headers(0, 0, "9" * 400),
        headers(0, 0, "-5"),
        headers(0, 0, "٣"),
        headers(0, 0, None),
    ],
)
def test_headers_of_no_use_change_nothing(sent: dict[str, str]) -> None:
    """Missing, past, absurd, not numbers."""
    budget = Budget((FREE, PRO))
    budget.heed(sent, NOON)
    assert budget.standing(NOON) == Budget((FREE, PRO)).standing(NOON)


def test_a_restart_forgets_nothing() -> None:
    """The day's count and the plan go on; through JSON, as the store keeps them."""
    budget = Budget((FREE, PRO))
    budget.heed(headers(60, 60, NOON + 60), NOON)
    spend(budget, 60, NOON)
    kept = msgspec.json.decode(msgspec.json.encode(budget.spent(NOON)), type=Spent)
    assert kept == Spent(ends_s=DAWN + 86_400, count=60, quota=PRO)
    again = Budget((FREE, PRO), kept)
    assert again.standing(NOON + 100).day_left == 4_940
    assert Budget((FREE, PRO), kept).standing(DAWN + 86_400).day_left == 5_000


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    """What was sent in a future that did not come is forgotten."""
    budget = Budget((Quota(1, None),))
    budget.take(NOON)
    assert budget.ready_at(NOON - 3_600) == NOON - 3_600


@given(st.lists(st.floats(0, 5), max_size=80), st.integers(1, 7), st.integers(1, 40))
def test_no_minute_and_no_day_ever_holds_more(gaps: list[float], per_minute: int, per_day: int) -> None:
    """Whoever waits until `ready_at` keeps both numbers."""
    budget = Budget((Quota(per_minute, per_day),))
    now_s, sent = NOON, list[float]()
    for gap in gaps:
        now_s = budget.ready_at(now_s + gap)
        budget.take(now_s)
        sent.append(now_s)
    for moment in sent:
        assert sum(moment <= other < moment + 60 for other in sent) <= per_minute
        assert sum(other // 86_400 == moment // 86_400 for other in sent) <= per_day
