"""No gaps: what a feed said while it was not heard is given back, once, and the ledger says what became of it."""

import json
from typing import Any

import pytest

from bot.engine.recent import Recent
from bot.model.feeds import Gap
from bot.providers import recovery
from bot.providers.connection import Connection
from tests.fakes.faults import answer
from tests.fakes.feed import KEY
from tests.fakes.optionwhales_rest import FakeOptionWhales
from tests.providers.doubles import NIGHT_NS, NOON_NS, KeepingLedger, until
from tests.providers.vendors import AtWork, a_row, at_work

S = 1_000_000_000


async def fall_silent(run: AtWork, *, away_s: float = 1.0, says: tuple[dict[str, Any], ...] = ()) -> None:
    """The stream brings a print at noon and breaks off; REST knows `says` by the time it is back."""
    await run.server.connected()
    await run.server.send_trades(a_row(1))
    await run.prints(1)
    await run.server.abort()
    run.rest.rows = [a_row(1), *says]
    await run.reconnect(away_s)


async def let_it_fetch(run: AtWork) -> None:
    await run.pass_sleep(lambda seconds: seconds == recovery.SETTLE_S)


async def test_missed_prints_are_given_back_once_with_their_own_time() -> None:
    """Those between the last frame and the new session, however short the gap; not the one that was streamed."""
    async with at_work() as run:
        await fall_silent(run, says=(a_row(3, 0.7), a_row(2, 0.4)))
        await let_it_fetch(run)
        assert await run.prints(3) == [1, 2, 3]
        gap = await run.settled_gap()
        flags = [(found.is_recovered, found.is_delayed) for found in run.intake.prints]
        times = [found.time.timestamp() - NOON_NS / 1e9 for found in run.intake.prints if found.time]
        status = run.provider.status
    assert flags == [(False, False), (True, False), (True, False)]
    assert times == pytest.approx([0.0, 0.4, 0.7])
    assert gap == Gap("pulse", NOON_NS, NOON_NS + S, recovered=2)
    assert run.ledger.noted == [Gap("pulse", NOON_NS, NOON_NS + S, None, "being fetched"), gap]
    assert (status.gaps, status.recovered, status.last_gap) == ({"recovered": 1, "lost": 0}, 2, gap)


async def test_the_stream_does_not_wait_for_the_recovery() -> None:
    """Its prints arrive while the missed ones are still being asked for."""
    async with at_work() as run:
        await fall_silent(run, says=(a_row(2, 0.5),))
        await run.server.send_trades(a_row(9, 1.0))
        assert await run.prints(2) == [1, 9]
        await let_it_fetch(run)
        assert await run.prints(3) == [1, 9, 2]


async def test_a_print_that_was_streamed_and_recovered_is_one_print() -> None:
    """It has one identity whichever way it came, and the intake tells the repeat; the stream may bring it last."""
    async with at_work() as run:
        rest_row = {**a_row(2), "timestamp": "2026-07-16T16:00:00.500Z", "premium": 2.0, "strike": "200"}
        await fall_silent(run, says=(rest_row,))
        await let_it_fetch(run)
        await run.prints(2)
        await run.server.send_trades(a_row(2, 0.5))
        await run.prints(3)
        _, recovered, streamed = run.intake.prints
    assert recovered.identity == streamed.identity
    memory = Recent()
    assert [memory.is_repeat(found) for found in (recovered, streamed)] == [False, True]


async def test_what_the_stream_will_bring_itself_is_left_to_it() -> None:
    """A print of after the gap is neither late nor recovered, and not taken for one that was seen."""
    async with at_work() as run:
        await fall_silent(run, says=(a_row(2, 0.5), a_row(3, 30.0)))
        await let_it_fetch(run)
        assert (await run.settled_gap()).recovered == 1
        await run.server.abort()
        await run.reconnect(60.0)
        await let_it_fetch(run)
        assert await run.prints(3) == [1, 2, 3]


async def test_two_gaps_are_two_gaps() -> None:
    """What the first gave back is not given back again, though the second begins within its overlap."""
    async with at_work() as run:
        await fall_silent(run, says=(a_row(2, 0.5),))
        await let_it_fetch(run)
        await run.settled_gap()
        await run.server.abort()
        run.rest.rows.append(a_row(3, 3.5))
        await run.reconnect(2.0)
        await let_it_fetch(run)
        assert await run.prints(3) == [1, 2, 3]
        await until(lambda: run.provider.status.gaps["recovered"] == 2)
        assert run.provider.status.recovered == 2


async def test_a_vendor_that_is_down_is_asked_again() -> None:
    """Its answer comes late, and all of it."""
    async with at_work() as run:
        run.rest.script(answer(502), answer(503), where="/flow", what="look")
        await fall_silent(run, says=(a_row(2, 0.5),))
        await let_it_fetch(run)
        assert await run.pass_sleep(lambda seconds: 1 <= seconds < 2) == 1.0
        assert await run.pass_sleep(lambda seconds: seconds == 2.0) == 2.0
        assert await run.prints(2) == [1, 2]
        assert (await run.settled_gap()).recovered == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "the key was refused (HTTP 401"),
        (403, "the key's plan does not include it (HTTP 403"),
        (404, "the vendor has no such list (HTTP 404"),
    ],
)
async def test_a_refusal_for_good_is_told_at_once(status: int, words: str) -> None:
    """In words for a trader; the stream goes on."""
    async with at_work() as run:
        run.rest.script(*[answer(status)] * 2, where="/flow", what="look")
        await fall_silent(run)
        await let_it_fetch(run)
        gap = await run.settled_gap()
        assert run.provider.status.gaps == {"recovered": 0, "lost": 1}
        assert run.provider.status.is_connected
    assert gap.recovered is None
    assert gap.reason.startswith(words)


async def test_after_a_quarter_of_an_hour_it_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor that stays down: the gap says so."""
    monkeypatch.setattr(recovery, "INSIST_S", 2.5)
    async with at_work() as run:
        run.rest.script(*[answer(502)] * 5, where="/flow", what="look")
        await fall_silent(run)
        await let_it_fetch(run)
        await run.pass_sleep(lambda seconds: 1 <= seconds < 2)
        gap = await run.settled_gap()
    assert (gap.recovered, gap.reason) == (None, "the vendor could not be asked (HTTP 502)")


async def test_a_gap_at_night_loses_nothing() -> None:
    """Nothing was to be heard: recovered 0, though nobody answers."""
    async with at_work(now_ns=NIGHT_NS) as run:
        run.rest.script(*[answer(401)] * 2, where="/flow", what="look")
        await run.server.connected()
        await run.server.abort()
        await run.reconnect()
        await let_it_fetch(run)
        assert await run.settled_gap() == Gap("pulse", NIGHT_NS, NIGHT_NS + S, recovered=0)


async def test_a_stream_without_a_rest_api_says_so() -> None:
    """A simulator on this machine: no key goes to the vendor for its sake."""
    async with at_work(has_rest=False) as run:
        await fall_silent(run)
        gap = await run.settled_gap()
    assert (gap.recovered, gap.reason) == (None, recovery.NO_REST)


async def test_a_store_that_refuses_stops_nothing() -> None:
    """The prints come back all the same, and the status tells."""
    ledger = KeepingLedger()
    ledger.is_broken = True
    async with at_work(ledger=ledger) as run:
        await fall_silent(run, says=(a_row(2, 0.5),))
        await let_it_fetch(run)
        assert await run.prints(2) == [1, 2]
        await until(lambda: run.provider.status.gaps["recovered"])


async def test_a_full_intake_is_waited_for() -> None:
    """The recovery puts no more pressure on than the stream may."""
    async with at_work() as run:
        await fall_silent(run, says=(a_row(2, 0.5),))
        run.intake.is_full = True
        await let_it_fetch(run)
        await until(lambda: run.intake.waits_for_room)
        assert run.premiums == [1]
        run.intake.make_room()
        assert await run.prints(2) == [1, 2]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of pings, which follow one another closely."""
    heard: list[bool] = []
    ping = Connection.ping

    async def noted(self: Connection) -> bool:
        heard.append(await ping(self))
        return heard[-1]

    monkeypatch.setattr("bot.providers.stream.PING_S", 0.001)
    monkeypatch.setattr(Connection, "ping", noted)
    return heard


async def some_pings(answers: list[bool]) -> None:
    count = len(answers)
    await until(lambda: len(answers) >= count + 3)


async def test_an_answered_ping_shows_that_the_feed_was_heard(answers: list[bool]) -> None:
    """A quiet feed's gap begins there, not at the last print long ago."""
    async with at_work() as run:
        await run.server.connected()
        await run.server.send_trades(a_row(1))
        await run.prints(1)
        await run.clock.advance(14.0)
        await some_pings(answers)
        await run.server.abort()
        await run.reconnect()
        await let_it_fetch(run)
        assert (await run.settled_gap()).from_ns == NOON_NS + 14 * S


async def test_a_server_that_answers_pings_and_sends_nothing_was_not_heard(answers: list[bool]) -> None:
    """In the session's silence prints may have been missed: the gap begins at the last frame."""
    async with at_work(silence="8s") as run:
        await run.server.connected()
        await run.server.send_trades(a_row(1))
        await run.prints(1)
        for _ in range(8):
            await some_pings(answers)
            await run.pass_sleep(lambda seconds: seconds == 1.0)
        await run.reconnect(2.0)
        await let_it_fetch(run)
        assert (await run.settled_gap()).from_ns == NOON_NS
        assert run.provider.status.disconnects == {"silence": 1}


# --- since an earlier run ---


@pytest.mark.parametrize(
    ("heard_s", "begins_s"),
    [(-60, -60), (-86_400, -9_000)],  # noon is two and a half hours after the opening
)
async def test_the_gap_since_the_last_run_is_filled_within_the_session(heard_s: int, begins_s: int) -> None:
    """From where the earlier run left off, or from the opening bell."""
    ledger = KeepingLedger()
    ledger.heard["pulse"] = NOON_NS + heard_s * S
    async with at_work(
        ledger=ledger,
        prepare=lambda rest: rest.rows.extend([a_row(1, -30), a_row(2, heard_s - 600), a_row(3, 86_400)]),
    ) as run:
        await run.server.connected()
        await let_it_fetch(run)
        assert await run.prints(1) == [1]
        gap = await run.settled_gap()
    assert gap == Gap("pulse", NOON_NS + begins_s * S, NOON_NS, recovered=1)


async def test_a_start_outside_the_session_has_no_gap() -> None:
    """Yesterday is over."""
    ledger = KeepingLedger()
    ledger.heard["pulse"] = NIGHT_NS - 3600 * S
    async with at_work(ledger=ledger, now_ns=NIGHT_NS) as run:
        await run.server.connected()
        await run.server.abort()
        await run.reconnect()
        await let_it_fetch(run)
        assert (await run.settled_gap()).from_ns == NIGHT_NS
    assert {gap.from_ns for gap in ledger.noted} == {NIGHT_NS}


async def test_a_first_start_has_no_gap() -> None:
    """Nothing was ever heard, so nothing was missed."""
    async with at_work(prepare=lambda rest: rest.rows.append(a_row(1, -30))) as run:
        await run.server.connected()
        await run.server.send_trades(a_row(2))
        assert await run.prints(1) == [2]
        assert run.ledger.noted == []
        assert run.rest.asked == []


async def test_a_recovery_that_a_stop_cut_off_is_taken_up_again() -> None:
    """The ledger has it as being fetched; others' gaps, and those with a final word, are left alone."""
    ledger = KeepingLedger()
    left = Gap("pulse", NOON_NS - 60 * S, NOON_NS - 50 * S, None, "being fetched")
    lost = Gap("pulse", NOON_NS - 90 * S, NOON_NS - 80 * S, None, "the vendor could not be asked")
    ledger.noted += [left, lost, Gap("other", NOON_NS - 70 * S, NOON_NS - 50 * S, None, "being fetched")]
    async with at_work(ledger=ledger, prepare=lambda rest: rest.rows.extend([a_row(1, -55), a_row(2, -85)])) as run:
        await let_it_fetch(run)
        assert await run.prints(1) == [1]
        assert await run.settled_gap() == Gap("pulse", left.from_ns, left.to_ns, recovered=1)


async def test_an_earlier_session_is_fetched_too() -> None:
    """Away from yesterday's afternoon: RadarPulse has a list of its own for past days."""
    async with at_work(now_ns=NOON_NS - 86_400 * S) as run:
        await run.server.connected()
        await run.server.send_trades(a_row(1, -86_400))
        await run.prints(1)
        await run.server.abort()
        run.rest.rows = [a_row(1, -86_400), a_row(2, -86_000), a_row(3, -60)]
        await run.reconnect(86_400)
        await let_it_fetch(run)
        assert (await run.settled_gap()).recovered == 2
        assert set(await run.prints(3)) == {1, 2, 3}
        assert any(path.startswith("/v1/flow/historical") for path in run.rest.asked)


# --- OptionWhales ---


async def test_optionwhales_recovers_what_the_filter_lets_through() -> None:
    """Its REST API sends all tickers; the stream would not have."""
    async with at_work("optionwhales", tickers=["nvda"]) as run:
        await run.server.subscribed()
        await run.server.send_trades(a_row(1))
        await run.prints(1)
        await run.server.abort()
        run.rest.trades = [a_row(1), a_row(2, 0.5, ticker="TSLA"), a_row(3, 0.6)]
        await run.reconnect()
        await let_it_fetch(run)
        assert await run.prints(2) == [1, 3]
        assert (await run.settled_gap()).recovered == 1
        assert run.rest.asked == ["/v1/abnormal-trades/current"]


async def test_optionwhales_earlier_sessions_have_names() -> None:
    """A day away is two sessions."""
    async with at_work("optionwhales", now_ns=NOON_NS - 86_400 * S) as run:
        await run.server.connected()
        await run.server.send_trades(a_row(1, -86_400))
        await run.prints(1)
        await run.server.abort()
        run.rest.trades = [a_row(1, -86_400), a_row(2, -86_000)]
        await run.reconnect(86_400)
        await let_it_fetch(run)
        assert (await run.settled_gap()).recovered == 1
        assert run.rest.asked == ["/v1/abnormal-trades/current", "/v1/abnormal-trades/2026-07-15"]


async def test_a_list_that_is_too_short_is_told() -> None:
    """A free key is given five trades: what was before them is not known."""
    ledger = KeepingLedger()
    ledger.heard["whales"] = NOON_NS - 3600 * S
    free = FakeOptionWhales(key=KEY, tier="free", clock=lambda: NOON_NS / 1e9)
    free.trades = [a_row(n, -600 + n) for n in range(1, 9)]
    async with at_work("optionwhales", ledger=ledger, rest=free, mode="poll") as run:
        assert await run.prints(5) == [4, 5, 6, 7, 8]
        gap = await run.settled_gap()
    assert (gap.recovered, gap.reason) == (5, "not wholly: the vendor's list does not reach that far")


# --- the tape ---


async def test_every_frame_is_recorded_as_it_came_and_no_key_with_it() -> None:
    """Prints, heartbeats and what cannot be read; a recovered print as the stream would have sent it."""
    tape: list[tuple[str, int, Any]] = []
    async with at_work("optionwhales") as run:
        run.intake.record = lambda name, received_ns, raw: tape.append((name, received_ns, raw))
        await run.server.connected()
        trade = json.dumps({"type": "abnormal_trade", "data": a_row(1)})
        quoting = json.dumps({"type": "error", "message": f"{KEY} is about to expire"})
        await run.server.send(trade, '{"type":"heartbeat","ts":1}', "torn{", quoting)
        await until(lambda: len(tape) == 4)
        await run.server.abort()
        run.rest.trades = [a_row(1), a_row(2, 0.5)]
        await run.reconnect()
        await let_it_fetch(run)
        await run.prints(2)
    assert [(name, ns) for name, ns, _ in tape[:4]] == [("whales", NOON_NS)] * 4
    frames = [raw if isinstance(raw, str) else raw.decode() for _, _, raw in tape]
    assert frames[:4] == [trade, '{"type":"heartbeat","ts":1}', "torn{", quoting.replace(KEY, "***")]
    assert json.loads(frames[4]) == {"type": "abnormal_trade", "data": a_row(2, 0.5)}
    assert len(frames) == 5


async def test_a_bug_in_the_recovery_does_not_end_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs the gap, and says so."""

    def broken(*_: object, **__: object) -> Any:
        raise ZeroDivisionError

    async with at_work() as run:
        monkeypatch.setattr("bot.providers.recovery.Span", broken)
        await fall_silent(run)
        await let_it_fetch(run)
        assert (await run.settled_gap()).reason == "ZeroDivisionError in flowbot; please report it"
        await run.server.send_trades(a_row(9, 3.0))
        assert await run.prints(2) == [1, 9]
