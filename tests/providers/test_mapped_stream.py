"""Streams by a map: Unusual Whales, Massive and Tradier, each as it is documented, over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.model.feeds import Gap
from bot.providers.heard import Heard
from bot.providers.mapped import feed
from bot.providers.mapped_settings import MappedSettings
from bot.providers.stream import Stream
from tests.fakes.faults import answer
from tests.fakes.mapped_feeds import KEY, FakeMassive, FakeTradier, FakeUnusualWhales
from tests.providers.doubles import NOON_NS, Clock, KeepingIntake, until
from tests.providers.mapped import NAME, Mapped, running, settings

S = 1_000_000_000
ALERT: dict[str, Any] = {
    "id": "8efa", "rule_name": "RepeatedHits", "ticker": "JD", "option_chain": "JD250523P00034000",
    "underlying_price": 33.74, "volume": 815, "total_size": 341, "total_premium": 29326.0, "price": 0.86,
    "has_multileg": False, "has_sweep": False, "has_floor": False, "open_interest": 920, "volume_oi_ratio": 0.0,
    "start_time": 1747419586888, "executed_at": 1747419586893, "bid": "0.84", "ask": "0.87",
}  # fmt: skip
EVENT: dict[str, Any] = {
    "ev": "T", "sym": "O:SPXW251208C06840000", "x": 302, "p": 5.5, "s": 1, "c": [236], "t": 1765227583506,
    "q": 1864261653,
}  # fmt: skip
TIMESALE: dict[str, Any] = {
    "type": "timesale", "symbol": "SPY190517C00282000", "bid": "2.08", "ask": "2.10", "last": "2.10", "size": "100",
    "date": "1557758874355", "cancel": False, "correction": False,
}  # fmt: skip
STOCK = {**TIMESALE, "symbol": "SPY", "bid": "282.08", "ask": "282.09", "last": "282.09"}


def whales(server: FakeUnusualWhales, **changes: Any) -> MappedSettings:
    wanted = {
        "map": "unusual_whales_flow_alerts", "url": server.url, "api_key": KEY, "auth": {"query": {"token": "{key}"}},
        "subscribe": [{"channel": "flow-alerts", "msg_type": "join"}],
    }  # fmt: skip
    return settings(**{**wanted, **changes})


def massive(server: FakeMassive, **changes: Any) -> MappedSettings:
    wanted = {
        "map": "massive_option_trades", "url": server.url, "api_key": KEY,
        "auth": {
            "first_message": {"action": "auth", "params": "{key}"},
            "wait_for": {"status": "auth_success"}, "refused": {"status": "auth_failed"},
        },
        "subscribe": [{"action": "subscribe", "params": "T.*"}],
    }  # fmt: skip
    return settings(**{**wanted, **changes})


def tradier(server: FakeTradier, **changes: Any) -> MappedSettings:
    wanted = {
        "map": "tradier_timesale", "url": server.url, "api_key": KEY, "tickers": ["SPY190517C00282000", "SPY"],
        "auth": {
            "header": {"Authorization": "Bearer {key}"},
            "session": {"post": server.session_url, "path": "stream.sessionid"},
        },
        "subscribe": [{"symbols": "{tickers}", "sessionid": "{session}", "filter": ["timesale"]}],
    }  # fmt: skip
    return settings(**{**wanted, **changes})


@asynccontextmanager
async def at_whales(**changes: Any) -> AsyncIterator[tuple[FakeUnusualWhales, Mapped]]:
    async with FakeUnusualWhales() as server:
        async with running(whales(server, **changes)) as run:
            yield server, run
        assert server.unexpected == []


@asynccontextmanager
async def at_massive(**changes: Any) -> AsyncIterator[tuple[FakeMassive, Mapped]]:
    async with FakeMassive() as server:
        async with running(massive(server, **changes)) as run:
            yield server, run
        assert server.unexpected == []


@asynccontextmanager
async def at_tradier(**changes: Any) -> AsyncIterator[tuple[FakeTradier, Mapped]]:
    async with FakeTradier() as server:
        async with running(tradier(server, **changes)) as run:
            yield server, run
        assert server.unexpected == []


# --- Unusual Whales ----------------------------------------------------------------------------------------


async def test_a_key_in_the_query_a_join_and_frames_in_pairs() -> None:
    """The key arrives whole, the acknowledgement is no fault, and the alert is a print."""
    async with at_whales() as (server, run):
        await until(lambda: server.joined == {"flow-alerts"})
        await until(lambda: run.status.last_frame_ns)
        await server.send(["flow-alerts", ALERT])
        (found,) = await run.prints(1)
    assert [query for query, _ in server.opened] == [{"token": KEY}]
    assert (found.provider, found.ticker, found.provider_id, found.premium) == (NAME, "JD", "8efa", 29326.0)
    assert run.intake.rejected == []
    assert [json.loads(frame) for _, _, frame in run.taped] == [
        ["flow-alerts", {"response": {}, "status": "ok"}], ["flow-alerts", ALERT]
    ]  # fmt: skip


async def test_each_session_joins_anew_and_the_gap_is_told() -> None:
    """There is nothing to ask for what came meanwhile; the ledger says so."""
    async with at_whales() as (server, run):
        await until(lambda: len(server.said) == 1)
        await run.clock.advance(7)
        await server.send(["flow-alerts", ALERT])
        await run.prints(1)
        await server.close()
        await run.retry()
        await until(lambda: len(server.said) == 2)
        await until(lambda: run.status.gaps["lost"])
    at_ns = NOON_NS + 7 * S
    assert run.ledger.noted[-1] == Gap(NAME, at_ns, at_ns + S, None, "this feed has no history to ask")


async def test_a_delayed_feed_says_so_of_each_print() -> None:
    """Its alerts are marked; the status shows it."""
    async with at_whales(delayed=True) as (server, run):
        await until(lambda: server.joined)
        await server.send(["flow-alerts", ALERT])
        (found,) = await run.prints(1)
        assert (found.is_delayed, run.status.is_delayed, run.status.mode) == (True, True, "stream")


async def test_our_heartbeat_is_sent_now_and_then() -> None:
    """In each session anew, with placeholders filled in."""
    beat = {"every": "25s", "message": {"channel": "beat:{tickers}", "msg_type": "join"}}
    async with at_whales(heartbeat=beat, tickers=["A", "B"]) as (server, run):
        await until(lambda: len(server.said) == 1)
        for count in (2, 3):
            await run.slept(at_least_s=25, at_most_s=25)
            await run.clock.advance(25)
            await until(lambda count=count: len(server.said) == count)  # type: ignore[misc]
    assert server.said[1:] == [{"channel": "beat:A,B", "msg_type": "join"}] * 2


# --- Massive -----------------------------------------------------------------------------------------------


async def test_nothing_is_asked_for_before_the_feed_knows_us() -> None:
    """First the key, then its answer, then the subscription; only then are we connected."""
    async with at_massive() as (server, run):
        await until(lambda: len(server.said) == 2)
        assert server.said == [{"action": "auth", "params": KEY}, {"action": "subscribe", "params": "T.*"}]
        assert (run.status.is_connected, run.status.sessions, run.status.connected_ns) == (True, 1, NOON_NS)


async def test_a_frame_of_many_is_read_one_by_one() -> None:
    """Prints in order, a fault for itself, a status passed over: one frame on the tape."""
    async with at_massive() as (server, run):
        await until(lambda: len(server.said) == 2)
        await until(lambda: len(run.taped) == 3)  # what it said before
        frame = [{"ev": "status"}, EVENT, {**EVENT, "p": "dear"}, {**EVENT, "q": 2, "p": 6}]
        await server.send(frame)
        prints = await run.prints(2)
    assert [found.price for found in prints] == [5.5, 6.0]
    assert [(reason, detail) for _, reason, detail, _ in run.intake.rejected] == [
        ("bad_number", "price: 'dear' is not a number")
    ]
    assert [json.loads(raw) for _, _, raw in run.taped[3:]] == [frame]


async def test_a_key_that_a_frame_of_many_quotes_is_not_kept() -> None:
    """Neither in the words of the fault nor in the frame."""
    async with at_massive() as (server, run):
        await until(lambda: len(server.said) == 2)
        await server.send([EVENT, {**EVENT, "p": KEY}])
        await until(lambda: run.intake.rejected)
    ((_, _, detail, raw),) = run.intake.rejected
    assert detail == "price: '***' is not a number"
    assert isinstance(raw, str)
    assert json.loads(raw) == [EVENT, {**EVENT, "p": "***"}]


async def test_all_prints_of_a_frame_count_as_heard() -> None:
    """So that whoever fills a gap would not give them back."""
    heard, intake, clock = Heard(), KeepingIntake(), Clock()
    async with FakeMassive() as server, asyncio.TaskGroup() as tasks:
        stream = Stream(feed(NAME, massive(server)), clock.surroundings, heard=heard)
        tasks.create_task(stream.run(intake))
        await until(lambda: len(server.said) == 2)
        await server.send([EVENT, {**EVENT, "q": 2}])
        await until(lambda: len(intake.prints) == 2)
        await stream.close()
    assert [heard.is_new(found) for found in intake.prints] == [False, False]


async def test_a_refused_key_waits_like_a_401() -> None:
    """Five minutes, with the server's words and without the key; we never were connected."""
    with capture_logs() as logs:
        async with at_massive(api_key="fake-wrong-key-77") as (server, run):
            assert await run.ends() == pytest.approx(300)
            status = run.status
            assert (status.disconnects, status.sessions, status.connected_ns) == ({"auth": 1}, 0, 0)
            assert "authentication failed" in status.last_error
            assert "is the api_key right?" in status.last_error
            await run.retry()
            assert await run.ends(2) == pytest.approx(600)
            assert len(server.said) == 2
            told = repr((logs, status, run.intake.rejected, run.taped, run.provider))
    assert "fake-wrong-key-77" not in told
    assert run.ledger.noted == []


async def test_a_feed_that_never_answers_our_first_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left, and tried again as one that cannot be reached."""
    monkeypatch.setattr("bot.providers.stream.WELCOME_S", 0.05)
    async with FakeMassive() as server:
        server.is_mute = True
        async with running(massive(server)) as run:
            assert await run.ends() == pytest.approx(1)
            assert run.status.disconnects == {"timeout": 1}
            await run.retry()
            assert await run.ends(2) == pytest.approx(2)
        assert len(server.said) == 2


async def test_a_feed_that_hangs_up_before_its_answer() -> None:
    """An ordinary end; and no session."""
    async with FakeMassive() as server:
        server.is_mute = True
        async with running(massive(server)) as run:
            await until(lambda: server.said)
            await server.close(1011)
            assert await run.ends() == pytest.approx(1)
            assert (run.status.disconnects, run.status.sessions) == ({"closed": 1}, 0)


async def test_without_wait_for_a_refusal_is_heard_all_the_same() -> None:
    """And the subscription is sent at once."""
    auth = {"first_message": {"action": "auth", "params": "{key}"}, "refused": {"status": "auth_failed"}}
    async with FakeMassive(key="another") as server, running(massive(server, auth=auth)) as run:
        assert await run.ends() == pytest.approx(300)
        assert run.status.disconnects == {"auth": 1}


async def test_a_gap_ends_when_the_feed_knows_us_again() -> None:
    """A refusal in between is a part of it."""
    async with at_massive() as (server, run):
        await until(lambda: len(server.said) == 2)
        await until(lambda: len(run.taped) == 3)
        server.key = "changed"
        await server.close()
        await run.retry()
        await run.ends(2)
        server.key = KEY
        await run.retry(2)
        await until(lambda: run.status.gaps["lost"])
    (_, gap) = run.ledger.noted
    assert (gap.from_ns, gap.to_ns) == (NOON_NS, NOON_NS + 301 * S)


# --- Tradier -----------------------------------------------------------------------------------------------


async def test_a_session_is_asked_for_before_each_connection() -> None:
    """Its id is in the subscription, together with the list of tickers."""
    async with at_tradier() as (server, run):
        await until(lambda: len(server.said) == 1)
        await until(lambda: run.status.is_connected)
        await server.close()
        await run.retry()
        await until(lambda: len(server.said) == 2)
    assert [message["sessionid"] for message in server.said] == server.given
    assert len(set(server.given)) == 2
    assert server.said[0]["symbols"] == ["SPY190517C00282000", "SPY"]
    assert {headers["Authorization"] for _, headers in server.opened} == {f"Bearer {KEY}"}


async def test_a_session_is_in_the_header_only_once_there_is_one() -> None:
    """Who asks for it has none; the key is shown both times."""
    async with FakeTradier() as server:
        auth = {
            "header": {"Authorization": "Bearer {key}", "X-Session": "{session}"}, "query": {"id": "{session}"},
            "session": {"post": server.session_url, "path": "stream.sessionid"},
        }  # fmt: skip
        async with running(tradier(server, auth=auth)):
            await server.subscribed.wait()
        ((query, headers),) = server.opened
        assert (query, headers["X-Session"]) == ({"id": server.given[0]}, server.given[0])
        assert ["X-Session" in asked for asked in server.asked] == [False]
        assert server.unexpected == []


async def test_stocks_are_passed_over_and_a_cancel_takes_its_print_back() -> None:
    """A stock is no fault, and shows that the feed lives."""
    async with at_tradier() as (server, run):
        await server.subscribed.wait()
        await run.clock.advance(5)
        await server.send(STOCK)
        await until(lambda: run.status.last_frame_ns == NOON_NS + 5 * S)
        await server.send(TIMESALE, {**TIMESALE, "cancel": True})
        (found,) = await run.prints(1)
        await until(lambda: run.intake.cancelled)
    assert [taken.identity for taken in run.intake.cancelled] == [found.identity]
    assert run.intake.rejected == []


@pytest.mark.parametrize(
    ("status", "headers", "reason", "wait_s"),
    [
        (401, {}, "auth", 300),
        (403, {}, "forbidden", 300),
        (429, {"Retry_After": "40"}, "rate_limited", 40),
        (503, {}, "server_error", 1),
        (404, {}, "bad_handshake", 1),
    ],
)
async def test_a_refused_session_is_waited_for_like_a_refused_handshake(
    status: int, headers: dict[str, str], reason: str, wait_s: float
) -> None:
    """No stream is opened without one."""
    async with FakeTradier() as server:
        server.script(answer(status, f"no session for {KEY}", **headers))
        async with running(tradier(server)) as run:
            assert await run.ends() == pytest.approx(wait_s)
            assert run.status.disconnects == {reason: 1}
            assert KEY not in run.status.last_error
            assert server.opened == []
            await run.retry()
            await server.subscribed.wait()


async def test_the_key_follows_no_redirect() -> None:
    """Neither to ask for a session nor to open the stream."""
    async with FakeTradier() as elsewhere, FakeTradier() as server:
        server.script(answer(307, Location=elsewhere.session_url))
        server.script(answer(307, Location=elsewhere.url), what="look")
        async with running(tradier(server)) as run:
            await run.retry(1)
            await run.ends(2)
            assert run.status.disconnects == {"bad_handshake": 1, "redirect": 1}
        assert elsewhere.seen == []


@pytest.mark.parametrize(
    "found",
    [
        {"stream": {}}, {"stream": {"sessionid": None}}, {"stream": {"sessionid": ""}}, {"stream": {"sessionid": True}},
        {"stream": {"sessionid": ["a"]}}, {"stream": {"sessionid": "a\r\nHost: b"}}, {"stream": {"sessionid": "ä"}},
        {"stream": {"sessionid": "x" * 5000}}, ["stream"],
    ],
)  # fmt: skip
async def test_an_answer_without_an_id_is_no_session(found: object) -> None:
    """Nor is an id that no header could carry."""
    async with FakeTradier() as server:
        server.session = found
        async with running(tradier(server)) as run:
            assert await run.ends() == pytest.approx(1)
            assert run.status.disconnects == {"bad_handshake": 1}
            assert "stream.sessionid" in run.status.last_error
        assert server.opened == []


async def test_the_session_is_as_secret_as_the_key() -> None:
    """Where the server quotes it, stars stand."""
    with capture_logs() as logs:
        async with at_tradier() as (server, run):
            await server.subscribed.wait()
            await server.send({**TIMESALE, "size": f"{server.given[0]} {KEY}"})
            await until(lambda: run.intake.rejected)
    told = repr((logs, run.intake.rejected, run.provider))
    assert server.given[0] not in told
    assert KEY not in told
    assert "*** ***" in told


# --- hostile frames ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "reasons"),
    [
        ("not json", ["not_json"]),
        (b"\xff\xfe", ["not_text"]),
        ("[" * 5000, ["not_json"]),
        ([["ev", "T"]], []),
        ({"ev": "T"}, ["no_ticker"]),
        ([EVENT | {"sym": "O:ÄÖ251208C06840000"}], ["bad_value"]),
        ([EVENT | {"p": -1}], ["bad_number"]),
        ("[" + json.dumps(EVENT).replace("5.5", "NaN") + "]", ["bad_number"]),
        ([EVENT | {"s": 10**300}], ["bad_number"]),
        ([EVENT | {"t": 0}], ["bad_date"]),
        ([EVENT | {"p": {"a": 1}}], ["bad_number"]),
        ([], []),
        ("null", ["bad_shape"]),
    ],
)
async def test_a_hostile_frame_costs_itself_alone(frame: object, reasons: list[str]) -> None:
    """What comes next is read."""
    async with at_massive() as (server, run):
        await until(lambda: len(server.said) == 2)
        await server.send(frame, [EVENT])
        await run.prints(1)
    assert run.intake.reasons == reasons
    assert run.status.disconnects == {}


async def test_a_flood_in_one_frame_is_bounded() -> None:
    """Ten thousand records, and then a fault."""
    async with at_massive() as (server, run):
        await until(lambda: len(server.said) == 2)
        await server.send("[" + ",".join(['{"ev":"T","sym":"O:A251208C00001000"}'] * 10_001) + "]")
        await run.prints(10_000)
        await until(lambda: run.intake.rejected)
    assert len(run.intake.prints) == 10_000
    assert [(reason, detail) for _, reason, detail, _ in run.intake.rejected] == [
        ("bad_shape", "more than 10000 records in one frame")
    ]
