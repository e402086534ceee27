"""A key without a stream is polled: the same prints, once each, marked delayed; the stream is tried now and then."""

from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.model.feeds import Gap
from bot.model.secret import Secret
from bot.providers.records import account_of
from tests.fakes.faults import answer
from tests.fakes.feed import KEY, Refusal
from tests.fakes.optionwhales_rest import FakeOptionWhales
from tests.fakes.radarpulse_rest import FakeRadarPulse
from tests.providers.doubles import NOON_NS, KeepingLedger, until
from tests.providers.vendors import AtWork, a_row, at_work

S = 1_000_000_000
USED = (account_of(Secret(KEY)), "2026-07-16")


async def next_poll(run: AtWork) -> float:
    """Let the wait until the next poll pass, and the poll be over; how long the wait was."""
    await until(lambda: run.clock.sleepers)
    seconds = max(seconds for _, seconds, _ in run.clock.sleepers if seconds != 3600.0)
    before = len(run.rest.seen)
    await run.clock.advance(seconds)
    await until(lambda: len(run.rest.seen) > before and any(s != 3600.0 for _, s, _ in run.clock.sleepers))
    return seconds


async def first_poll(run: AtWork) -> None:
    await until(lambda: run.provider.status.is_connected)


async def test_prints_come_once_each_and_delayed() -> None:
    """Polls overlap, and only what was not there before is news; its age says nothing, so its tag is the feed's."""
    async with at_work(mode="poll", prepare=lambda rest: rest.rows.extend([a_row(1, -900), a_row(2, -5)])) as run:
        assert await run.prints(2) == [1, 2]
        run.rest.rows += [a_row(3, -2), a_row(4, -890)]
        await next_poll(run)
        assert await run.prints(3) == [1, 2, 3]
        status = run.provider.status
        assert (status.mode, status.is_delayed, status.is_connected) == ("poll", True, True)
        assert status.last_frame_ns == run.clock.now_ns
    assert {(found.is_delayed, found.is_recovered) for found in run.intake.prints} == {(True, False)}
    assert run.server.handshakes == []


async def test_what_was_long_before_the_first_poll_is_no_news() -> None:
    """A delayed plan is a quarter of an hour behind; the morning's prints are another matter."""
    rows = [a_row(1, -7200), a_row(2, -1100), {**a_row(3), "timestamp": None}]
    async with at_work(mode="poll", prepare=lambda rest: rest.rows.extend(rows)) as run:
        assert await run.prints(2) == [2, 3]


async def test_a_plan_without_the_flow_is_given_the_top() -> None:
    """`/flow` is refused once an hour, not at every poll."""
    fake = FakeRadarPulse(key=KEY, clock=lambda: NOON_NS / 1e9)
    fake.rows = [a_row(1, -5), a_row(2, -4)]
    fake.script(answer(403, {"error": "Elite only"}), where="/flow", what="look")
    async with at_work(mode="poll", rest=fake) as run:
        assert await run.prints(2) == [1, 2]
        await next_poll(run)
        assert fake.asked == ["/v1/flow/top?limit=100"] * 2


async def test_a_row_that_is_no_print_is_rejected_once() -> None:
    """Though every poll shows it again."""
    async with at_work(mode="poll", prepare=lambda rest: rest.rows.extend([a_row(1), a_row(-5)])) as run:
        await run.prints(1)
        await next_poll(run)
    assert run.intake.reasons == ["bad_number"]


async def test_optionwhales_polls_what_the_filter_lets_through() -> None:
    """As the stream would."""
    rows = [a_row(1, ticker="TSLA"), a_row(2), a_row(3, ticker="AAPL")]
    async with at_work(
        "optionwhales", mode="poll", tickers=["NVDA", "aapl"], prepare=lambda rest: rest.trades.extend(rows)
    ) as run:
        assert await run.prints(2) == [2, 3]
        assert run.provider.status.budget == "requests left: 4,999 today, 59 this minute"
        assert run.ledger.used == {USED: 1}


async def test_the_interval_can_be_given() -> None:
    """`every` is the shortest."""
    async with at_work("optionwhales", mode="poll", every="45s") as run:
        await first_poll(run)
        assert await next_poll(run) == 45.0


# --- refusals ---


async def test_a_refused_key_is_told_once_and_asked_for_seldom() -> None:
    """Vendors lock out those who insist."""
    with capture_logs() as logs:
        async with at_work(mode="poll", prepare=lambda rest: rest.script(*[answer(401)] * 3, what="look")) as run:
            waits = [await next_poll(run) for _ in range(3)]
            await first_poll(run)
            status = run.provider.status
            assert (status.last_error, status.disconnects) == ("HTTP 401; is the api_key right?", {"auth": 3})
    assert waits == [300.0, 600.0, 900.0]
    assert [entry["reason"] for entry in logs if entry["log_level"] == "warning"] == ["auth"]


async def test_a_429_is_waited_for() -> None:
    """As long as it says, where that is longer than a request may wait."""
    fault = answer(429, Retry_After="77")
    async with at_work(mode="poll", prepare=lambda rest: rest.script(fault, what="look")) as run:
        assert await next_poll(run) == 77.0
        await first_poll(run)
        assert run.provider.status.disconnects == {"rate_limited": 1}


async def test_a_vendor_that_is_down_is_a_gap_when_it_is_back() -> None:
    """What happened meanwhile comes with the next answer, and the ledger says so."""
    async with at_work(mode="poll") as run:
        await first_poll(run)
        run.rest.script(answer(502), answer(502), what="look")
        await next_poll(run)
        assert not run.provider.status.is_connected
        await next_poll(run)
        run.rest.rows = [a_row(1, 20)]
        await next_poll(run)
        await run.prints(1)
        gap = await run.settled_gap()
        assert gap == Gap("pulse", NOON_NS, run.clock.now_ns, recovered=1)
        assert run.provider.status.gaps == {"recovered": 1, "lost": 0}


# --- over a restart ---


async def test_what_a_key_has_used_is_remembered_over_restarts() -> None:
    """A free key whose day is used up stays quiet until midnight, UTC."""
    ledger = KeepingLedger()
    ledger.used[USED] = 200
    async with at_work("optionwhales", mode="poll", ledger=ledger) as run:
        await until(lambda: run.clock.sleepers)
        assert [seconds for _, seconds, _ in run.clock.sleepers] == [8 * 3600.0]
        assert run.rest.asked == []
        assert run.provider.status.last_error == "the plan's requests are used up until 2026-07-17 00:00 UTC"
        assert run.provider.status.budget == "requests left: 0 today, 10 this minute"


@pytest.mark.parametrize("used", [201, 3_000])
async def test_a_key_that_has_used_more_than_a_small_plan_has_is_on_a_larger(used: int) -> None:
    """Or a Pro key would be silent until tomorrow."""
    ledger = KeepingLedger()
    ledger.used[USED] = used
    async with at_work("optionwhales", mode="poll", ledger=ledger) as run:
        await first_poll(run)
        await until(lambda: ledger.used[USED] == used + 1)


async def test_the_time_since_the_last_run_is_a_gap() -> None:
    """The first answer fills it."""
    ledger = KeepingLedger()
    ledger.heard["whales"] = NOON_NS - 3000 * S
    rows = [a_row(1, -9000), a_row(2, -2000), a_row(3, -10)]
    async with at_work(
        "optionwhales", mode="poll", ledger=ledger, prepare=lambda rest: rest.trades.extend(rows)
    ) as run:
        assert await run.prints(2) == [2, 3]
        assert await run.settled_gap() == Gap("whales", NOON_NS - 3000 * S, NOON_NS, recovered=2)


# --- auto ---


async def test_a_key_without_a_stream_falls_back_to_polls_and_tells_once() -> None:
    """One line in the log, one word to the admins; the stream is tried every hour, and its return is taken."""
    with capture_logs() as logs:
        async with at_work(is_free=True, prepare=lambda rest: rest.rows.append(a_row(1, -5))) as run:
            assert await run.prints(1) == [1]
            assert (run.provider.status.mode, len(run.server.handshakes)) == ("poll", 1)
            for hour in (2, 3):
                await run.pass_sleep(lambda seconds: seconds == 3600.0)
                await run.server.asked(hour)
                await first_poll(run)
            warnings = [entry["event"] for entry in logs if entry["log_level"] == "warning"]
            assert warnings == ["provider.fell_back_to_polling"]
            ((subject, notice),) = run.told
            assert subject == "tier:pulse"
            assert notice.title == "pulse: the key's plan has no stream"
            assert "HTTP 403: Insufficient tier" in notice.lines[0]
            run.server.upgrade()
            await run.pass_sleep(lambda seconds: seconds == 3600.0)
            await run.server.connected()
            await until(lambda: run.provider.status.mode == "stream")
            assert not run.provider.status.is_delayed
            await run.server.send_trades(a_row(9, 10_800))
            await run.prints(2)
            found = run.intake.prints[-1]
    assert (found.premium, found.is_delayed) == (9, False)


@pytest.mark.parametrize("vendor", ["radarpulse", "optionwhales"])
async def test_it_stays_with_a_stream_that_is_there(vendor: Any) -> None:
    """Nothing is polled, and no other failure is taken for a plan without a stream."""
    async with at_work(vendor) as run:
        await run.server.connected()
        run.server.refuse(Refusal(403, "connection limit reached"), Refusal(500), Refusal(403, "half-open?"))
        await run.server.abort()
        for _ in range(3):
            await run.pass_sleep(lambda seconds: 1 <= seconds <= 8)
        await run.server.asked(4)
        assert (run.provider.status.mode, run.told) == ("stream", [])
        assert run.rest.asked == []


async def test_a_plan_that_lost_its_stream_falls_back_too() -> None:
    """After some patience: a 403 to a key that worked may be our own predecessor."""
    async with at_work() as run:
        await run.server.connected()
        run.server.refuse(*[Refusal(403, "Insufficient tier")] * 4)
        await run.server.abort()
        for count in (2, 3, 4, 5):
            await run.pass_sleep(lambda seconds: 1 <= seconds <= 30 and seconds != 15.0)
            await run.server.asked(count)
        await until(lambda: run.provider.status.mode == "poll")
        await first_poll(run)
        assert len(run.told) == 1


async def test_mode_stream_never_polls() -> None:
    """It insists, as slowly as with any refused key."""
    async with at_work(is_free=True, mode="stream") as run:
        assert await run.pass_sleep(lambda seconds: seconds >= 60) == 300.0
        await run.server.asked(2)
        assert (run.rest.asked, run.told) == ([], [])


async def test_without_a_rest_api_auto_is_stream() -> None:
    """There is nothing to fall back to."""
    async with at_work(is_free=True, has_rest=False) as run:
        assert await run.pass_sleep(lambda seconds: seconds >= 60) == 300.0


async def test_a_free_key_is_polled_as_its_plan_allows() -> None:
    """Ten times a minute and 200 times a day is what the vendor counts, and it never has to refuse."""
    fake = FakeOptionWhales(key=KEY, tier="free")
    async with at_work("optionwhales", rest=fake, is_free=True) as run:
        fake._clock = lambda: run.clock.now_ns / 1e9
        await first_poll(run)
        for _ in range(40):
            await next_poll(run)
            fake.trades.append(a_row(len(fake.asked), (run.clock.now_ns - NOON_NS) / 1e9))
        assert fake.refused == 0
        assert len(run.intake.prints) >= 38
    elapsed_s = (run.clock.now_ns - NOON_NS) / 1e9
    assert 40 * 16_200 / 200 * 0.5 < elapsed_s < 16_200
    assert datetime.fromtimestamp(run.clock.now_ns / 1e9, UTC).day == 16


async def test_a_bug_in_reading_an_answer_does_not_end_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited out like an answer that cannot be read."""

    def broken(*_: object, **__: object) -> Any:
        raise ZeroDivisionError

    async with at_work(mode="poll") as run:
        await first_poll(run)
        with monkeypatch.context() as patch:
            patch.setattr("bot.providers.polling.Marks", broken)
            run.rest.rows = [a_row(1, -1)]
            await next_poll(run)
            assert run.provider.status.last_error == "ZeroDivisionError in flowbot; please report it"
        await next_poll(run)
        assert await run.prints(1) == [1]
