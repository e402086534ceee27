"""How often a feed is polled: a table of decisions, and whole days lived through."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.errors import VendorError
from bot.model.feeds import FeedMeans
from bot.model.ports import ProviderStatus
from bot.model.prints import Print
from bot.model.secret import Secret
from bot.providers.budget import Budget, Quota, Standing
from bot.providers.heard import Heard
from bot.providers.interval import Pace, wait_s
from bot.providers.means import NO_MEANS
from bot.providers.pages import Page
from bot.providers.polling import Polling
from bot.providers.records import FeedRecords
from bot.providers.surroundings import Surroundings
from tests import virtual_time
from tests.providers.doubles import KeepingIntake

NOON_S = datetime(2026, 7, 16, 16, tzinfo=UTC).timestamp()
MIDNIGHT_S = datetime(2026, 7, 17, tzinfo=UTC).timestamp()
OPEN_S = datetime(2026, 7, 16, 13, 30, tzinfo=UTC).timestamp()
DAY_S = 86_400
FREE, PRO, UNLIMITED = Quota(10, 200), Quota(60, 5_000), Quota()


def left(day: int | None, *, now_s: float = NOON_S, ready_s: float = 0.0) -> Standing:
    return Standing(minute_left=None, day_left=day, day_ends_s=MIDNIGHT_S, ready_at_s=now_s + ready_s)


@pytest.mark.parametrize(
    ("pace", "standing", "every_s", "expected"),
    [
        (Pace(1.0), left(None), None, 15.0),
        (Pace(0.5), left(None), None, 7.5),
        (Pace(4.0), left(None), None, 60.0),
        (Pace(0.5), left(None), 30.0, 30.0),
        (Pace(0.5), left(5_000), None, 7.5),
        # Until 16:30 in New York there are 16,200 s: with 100 requests one every 162 s.
        (Pace(1.0), left(100), None, 162.0),
        (Pace(1.0, cost=2), left(100), None, 324.0),
        (Pace(0.5), left(100), None, 129.6),
        (Pace(4.0), left(100), None, 202.5),
        (Pace(1.0), left(0, ready_s=28_800.0), None, 28_800.0),
        (Pace(1.0), left(None, ready_s=42.0), None, 42.0),
    ],
)
def test_in_the_session(pace: Pace, standing: Standing, every_s: float | None, expected: float) -> None:
    """What is left of the day is spread over what is left of the session; sooner while there is news."""
    assert wait_s(pace, standing, NOON_S, every_s=every_s) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("before_open_s", "day_left", "expected"),
    [
        (9 * 3600, None, 600.0),
        (9 * 3600, 5_000, 600.0),
        (9 * 3600, 200, 1_620.0),  # a tenth of 200 requests over nine hours
        (9 * 3600, 50, 3_600.0),
        (300, 200, 300.0),
        (2, None, 5.0),
    ],
)
def test_at_night(before_open_s: float, day_left: int | None, expected: float) -> None:
    """Minutes, and never past the opening bell."""
    now_s = OPEN_S - before_open_s
    assert wait_s(Pace(0.5), left(day_left, now_s=now_s), now_s) == pytest.approx(expected)


def test_news_makes_it_eager_and_quiet_makes_it_idle() -> None:
    """Within bounds, and at once when something comes."""
    pace = Pace()
    for _ in range(20):
        pace = pace.after(has_news=False, cost=1)
    assert pace == Pace(4.0, 1)
    for _ in range(4):
        pace = pace.after(has_news=True, cost=2)
    assert pace == Pace(0.5, 2)


class Strict:
    """A REST client as ours: its budget makes it wait half a minute, or refuse. When requests went out it tells."""

    def __init__(self, quota: Quota, cost: int, news: list[bool]) -> None:
        self.budget = Budget((quota,))
        self.times: list[float] = []
        self.blocked = 0
        """Times that a poll came too soon for the budget."""
        self._quota, self._cost, self._news = quota, cost, news

    async def latest(self, since_ns: int) -> AsyncIterator[Page]:
        for _ in range(self._cost):
            now_s = virtual_time.now_ns() / 1e9
            wait_s = self.budget.ready_at(now_s) - now_s
            if wait_s > 0:
                self.blocked += 1
                if wait_s > 30:
                    raise VendorError("rate_limited", "used up", after_s=wait_s)
                await asyncio.sleep(wait_s)
                now_s = virtual_time.now_ns() / 1e9
            self.budget.take(now_s)
            self.times.append(now_s)
        if self._news[len(self.times) % len(self._news)]:
            raw = b"%d" % len(self.times)
            found = Print("pulse", "NVDA", virtual_time.now_ns(), provider_id=raw.decode())
            yield Page((found,), (raw,))

    @property
    def client(self) -> None:
        return None

    def missed(self, from_ns: int, to_ns: int) -> AsyncIterator[Page]:
        raise NotImplementedError

    def frame(self, raw: bytes) -> bytes:
        return raw

    async def close(self) -> None: ...


async def _live(source: Strict, seconds: float, means: FeedMeans = NO_MEANS) -> None:
    around = Surroundings(now_ns=virtual_time.now_ns, elapsed_s=asyncio.get_running_loop().time, chance=lambda: 0.5)
    status = ProviderStatus()
    records = FeedRecords("pulse", Secret("fake-key"), means.ledger, status)
    polling = Polling(records, source, Heard(), status, around, name="pulse")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(polling.run(KeepingIntake()))
        await asyncio.sleep(seconds)
        running.cancel()


@given(
    quota=st.builds(Quota, st.integers(1, 20), st.integers(1, 400)),
    cost=st.integers(1, 3),
    news=st.lists(st.booleans(), min_size=1, max_size=8),
)
@settings(max_examples=15, deadline=None)
def test_no_plan_is_ever_exceeded(quota: Quota, cost: int, news: list[bool]) -> None:
    """Over two days, from noon on: no UTC day has more requests than the plan's day, no 60 s more than its minute."""
    source = Strict(quota, cost, news)
    virtual_time.run(_live(source, 2 * DAY_S))
    days = [int(at_s // DAY_S) for at_s in source.times]
    assert quota.per_day is not None
    assert quota.per_minute is not None
    assert max(days.count(day) for day in set(days)) <= quota.per_day
    for count, at_s in enumerate(source.times[quota.per_minute :]):
        assert at_s - source.times[count] >= 60 - 1e-3
    assert cost > 1 or not source.blocked


@pytest.mark.parametrize(
    ("quota", "news", "least", "longest_s"),
    [
        (FREE, [True], 140, 300.0),
        (FREE, [False], 120, 300.0),
        (PRO, [True], 1_000, 30.0),
        (UNLIMITED, [False], 350, 61.0),
        (UNLIMITED, [True], 2_000, 16.0),
    ],
)
def test_a_day_is_used_and_lasts(quota: Quota, news: list[bool], least: int, longest_s: float) -> None:
    """Friday's session, after a night: enough polls for the plan, and none of its hours without any."""
    source = Strict(quota, 1, news)
    virtual_time.run(_live(source, DAY_S + 4 * 3600))
    friday_s = OPEN_S + DAY_S
    inside = [at_s for at_s in source.times if friday_s <= at_s < friday_s + 6.5 * 3600]
    assert len(inside) >= least
    assert max(later - earlier for earlier, later in pairwise(inside)) <= longest_s
    assert inside[0] - friday_s < 60
