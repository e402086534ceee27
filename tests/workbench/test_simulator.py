"""The simulator over real sockets: both providers' protocols and REST answers as their documents have them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot.model.errors import InputError, UnavailableError
from bot.workbench import audience
from bot.workbench import simulator as simulator_module
from bot.workbench.audience import Audience
from bot.workbench.desk import Desk
from bot.workbench.reception import Reception
from bot.workbench.simulator import SimulateOptions, Simulator, serve, simulating
from bot.workbench.sources import reel

WAIT_S = 10.0
KEY = {"x-api-key": "not-a-real-key"}
NOW_MS = 1_784_124_000_000

Json = dict[str, Any]


def print_(ticker: str, **facts: object) -> Json:
    """A plain print of the file tests; NVDA's explained parts are worked out in `test_a_score_is_explained`."""
    return {
        "ticker": ticker, "type": "CALL", "strike": 100.0, "expiry": "2026-07-17", "dte": 7, "volume": 100,
        "openInterest": 10, "volOI": 10.0, "premium": 100_000, "side": "ASK", "kind": "SWEEP", "otmPct": 2.0,
        "spot": 98.0, "iv": 0.4, "score": 60, "bias": "BULL", "sector": "Financials", "timestamp": NOW_MS,
    } | facts  # fmt: skip


PRINTS = (
    print_("JPM", score=72, timestamp=NOW_MS),
    print_("NVDA", score=91, premium=5_000_000, sector="Information Technology", timestamp=NOW_MS + 1_000),
    print_("JPM", type="PUT", score=40, premium=50_000, bias="BEAR", timestamp=NOW_MS + 2_000),
    {"ticker": None, "premium": 3, "timestamp": NOW_MS + 3_000},
)


@pytest.fixture
def short_reel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast streams are played from a reel; a short one is quick to make."""
    monkeypatch.setattr(simulator_module, "reel", partial(reel, length=300))


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "prints.jsonl"
    path.write_text("".join(json.dumps(fields) + "\n" for fields in PRINTS))
    return path


async def hear(client: ClientConnection) -> Json:
    message = await asyncio.wait_for(client.recv(), WAIT_S)
    assert isinstance(message, str), "the providers send text frames"
    fields: Json = json.loads(message)
    return fields


def radarpulse(simulator: Simulator, headers: dict[str, str] | None = None) -> connect:
    # A client that leaves a fast stream has frames queued before the server's closing frame: no use waiting for it.
    keys = KEY if headers is None else headers
    return connect(simulator.stream_url, additional_headers=keys, proxy=None, close_timeout=0.1)


def optionwhales(simulator: Simulator, key: str = "not-a-real-key") -> connect:
    return connect(f"{simulator.abnormal_trades_url}?api_key={key}", proxy=None)


# --- the streams -------------------------------------------------------------------------------------------


async def test_radarpulse_clients_get_bare_prints_without_asking() -> None:
    """One JSON print a text frame, no subscription."""
    async with simulating(SimulateOptions(rate=500, odd_share=0)) as simulator, radarpulse(simulator) as client:
        fields = [await hear(client) for _ in range(20)]
    assert all({"ticker", "strike", "premium", "score", "timestamp"} <= set(each) for each in fields)


async def test_optionwhales_clients_get_abnormal_trades() -> None:
    """In an envelope, with the data that its sample client reads."""
    async with simulating(SimulateOptions(rate=500, odd_share=0)) as simulator, optionwhales(simulator) as client:
        fields = [await hear(client) for _ in range(20)]
    assert {each["type"] for each in fields} == {"abnormal_trade"}
    assert all({"ticker", "side", "premium"} <= set(each["data"]) for each in fields)


async def test_all_clients_hear_the_same_stream() -> None:
    """From the moment they join on, on either wire."""
    async with (
        simulating(SimulateOptions(rate=200, odd_share=0)) as simulator,
        radarpulse(simulator) as first,
        radarpulse(simulator) as second,
        optionwhales(simulator) as third,
    ):
        latecomers_first = (await hear(third))["data"]
        heard = []
        for client in (first, second):
            fields = await hear(client)
            while (fields["ticker"], fields["timestamp"]) != (
                latecomers_first["ticker"],
                latecomers_first["timestamp"],
            ):
                fields = await hear(client)
            heard.append([fields, *[await hear(client) for _ in range(10)]])
        thirds = [latecomers_first, *[(await hear(third))["data"] for _ in range(10)]]
    assert heard[0] == heard[1]
    assert [each["premium"] for each in heard[0]] == [each["premium"] for each in thirds]


@pytest.mark.parametrize(
    "headers",
    [{"x-api-key": "k"}, {"X-API-Key": "k"}, {"Authorization": "Bearer k"}, {"authorization": "bearer k"}],
)
async def test_any_key_opens_the_stream(headers: dict[str, str]) -> None:
    """In either header that the providers document."""
    async with simulating(SimulateOptions(rate=100)) as simulator, radarpulse(simulator, headers) as client:
        await asyncio.wait_for(client.recv(), WAIT_S)


@pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"Authorization": "Bearer "}, {"Authorization": "Basic k"}])
async def test_no_key_is_refused_with_401(headers: dict[str, str]) -> None:
    """On both streams, before the handshake is done."""
    async with simulating(SimulateOptions()) as simulator:
        for url in (simulator.stream_url, simulator.abnormal_trades_url):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(url, additional_headers=headers, proxy=None):
                    pass
            assert refused.value.response.status_code == 401


async def test_a_subscription_filters_tickers_until_the_next_one() -> None:
    """Acknowledged with the active tickers; an empty list means all."""
    async with simulating(SimulateOptions(rate=2_000, odd_share=0)) as simulator, optionwhales(simulator) as client:
        await client.send(json.dumps({"type": "subscribe", "tickers": ["tsla", "NVDA"]}))
        while (answer := await hear(client))["type"] != "subscribed":
            pass
        assert answer["tickers"] == ["NVDA", "TSLA"]
        tickers = [(await hear(client))["data"]["ticker"] for _ in range(30)]
        assert set(tickers) <= {"NVDA", "TSLA"}

        await client.send(json.dumps({"type": "subscribe", "tickers": []}))
        while (answer := await hear(client))["type"] != "subscribed":
            pass
        while (await hear(client))["data"]["ticker"] in ("NVDA", "TSLA"):
            pass


@pytest.mark.parametrize("message", ["hello", "[]", '{"type":"subscribe"}', '{"type":"nonsense","tickers":[]}'])
async def test_a_message_it_does_not_know_is_answered_with_an_error(message: str, tape: Path) -> None:
    """As the provider's `error` frame, and the connection lives on."""
    async with simulating(SimulateOptions(file=tape)) as simulator, optionwhales(simulator) as client:
        await client.send(message)
        while (answer := await hear(client))["type"] == "abnormal_trade":
            pass
        assert answer["type"] == "error"
        assert answer["message"]


async def test_optionwhales_allows_one_connection_a_key() -> None:
    """The second is told so and closed; another key, or the same once the first is gone, is welcome."""
    async with simulating(SimulateOptions(rate=200)) as simulator:
        async with optionwhales(simulator, "a") as first, optionwhales(simulator, "b"):
            async with optionwhales(simulator, "a") as second:
                refusal = await hear(second)
                assert refusal["type"] == "error"
                assert "limit" in refusal["message"]
                with pytest.raises(ConnectionClosed):
                    await hear(second)
            await asyncio.wait_for(first.recv(), WAIT_S)
        async with optionwhales(simulator, "a") as again:
            assert "connection limit" not in await asyncio.wait_for(again.recv(decode=True), WAIT_S)


async def test_optionwhales_sends_heartbeats(tape: Path) -> None:
    """With `ts`, whether there are trades or not (every 30 s; here faster)."""
    async with simulating(SimulateOptions(file=tape, heartbeat_s=0.01)) as simulator, optionwhales(simulator) as client:
        while (fields := await hear(client))["type"] != "heartbeat":
            pass
    assert fields["ts"] > NOW_MS / 1_000


@pytest.mark.parametrize("rate", [None, 0, 1_000])
async def test_a_file_is_replayed_and_the_connection_stays_open(rate: float | None, tape: Path) -> None:
    """Every line once, in order, none before somebody listens; then silence, not a disconnect."""
    options = SimulateOptions(file=tape, rate=rate, speed=1_000)
    async with simulating(options) as simulator:
        assert simulator.sent == 0
        async with radarpulse(simulator) as client:
            assert tuple([await hear(client) for _ in PRINTS]) == PRINTS
            await asyncio.wait_for(await client.ping(), WAIT_S)
            assert simulator.sent == len(PRINTS)


@pytest.mark.usefixtures("short_reel")
async def test_flat_out_is_complete_and_fast() -> None:
    """At rate 0 the stream waits for the reader: of ten rounds of the reel no frame is missing."""
    async with simulating(SimulateOptions(rate=0, odd_share=0)) as simulator, radarpulse(simulator) as client:
        heard = [await hear(client) for _ in range(3_000)]
    times = [fields.pop("timestamp") for fields in heard]
    assert times == sorted(times)
    assert heard == heard[:300] * 10


@pytest.mark.usefixtures("short_reel")
async def test_a_client_that_does_not_read_is_dropped_and_hinders_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection is cut once too much is waiting for it; the other one hears everything."""
    monkeypatch.setattr(audience, "BACKLOG_BYTES", 20_000)
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        stalled.setblocking(False)
        async with simulating(SimulateOptions(rate=20_000, odd_share=0)) as simulator:
            await open_and_stall(stalled, simulator.port)
            async with radarpulse(simulator) as reader, asyncio.timeout(WAIT_S):
                while await connected(simulator) == 2:
                    for _ in range(500):
                        await asyncio.wait_for(reader.recv(), WAIT_S)
                await asyncio.wait_for(reader.recv(), WAIT_S)


async def open_and_stall(client: socket.socket, port: int) -> None:
    """Shake hands as a WebSocket client would, and read nothing from then on."""
    loop = asyncio.get_running_loop()
    await asyncio.wait_for(loop.sock_connect(client, ("127.0.0.1", port)), WAIT_S)
    request = (
        "GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nx-api-key: k\r\n\r\n"
    )
    await asyncio.wait_for(loop.sock_sendall(client, request.encode()), WAIT_S)
    assert (await asyncio.wait_for(loop.sock_recv(client, 12), WAIT_S)) == b"HTTP/1.1 101"


async def connected(simulator: Simulator) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{simulator.port}/health") as answer:
        count: int = (await answer.json())["ws_connections"]
        return count


# --- start and stop ----------------------------------------------------------------------------------------


async def test_serving_ends_when_it_is_cancelled() -> None:
    """Clients are told that the server goes away (1001), and the port is free again."""
    banners: list[str] = []
    is_ready = asyncio.Event()

    def ready(banner: str) -> None:
        banners.append(banner)
        is_ready.set()

    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(serve(SimulateOptions(rate=100), ready=ready))
        await asyncio.wait_for(is_ready.wait(), WAIT_S)
        url = next(word for word in banners[0].split() if word.endswith("/v1/stream"))
        async with connect(url, additional_headers=KEY, proxy=None) as client:
            await asyncio.wait_for(client.recv(), WAIT_S)
            serving.cancel()
            await asyncio.wait_for(client.wait_closed(), WAIT_S)
            assert client.close_code == 1001
    with pytest.raises(OSError, match="Connect call failed"):
        await connect(url, proxy=None)


async def test_a_taken_port_is_named() -> None:
    """The message says which, and how to go on."""
    async with simulating(SimulateOptions()) as simulator:
        with pytest.raises(UnavailableError, match=f"port {simulator.port} .*in use; choose another, or 0"):
            async with simulating(SimulateOptions(port=simulator.port)):
                pass


async def test_a_missing_file_is_the_users_mistake(tmp_path: Path) -> None:
    """Said before anything listens."""
    with pytest.raises(InputError, match="cannot be read"):
        async with simulating(SimulateOptions(file=tmp_path / "none.jsonl")):
            pass


async def test_an_error_inside_the_block_comes_out_as_it_was() -> None:
    """Not in an exception group: whoever embeds the simulator catches its own errors by name."""
    with pytest.raises(InputError, match="a bad rule"):
        async with simulating(SimulateOptions()):
            raise InputError("a bad rule")


@pytest.mark.parametrize("options", [{"rate": -1.0}, {"speed": -0.5}, {"rate": float("nan")}, {"speed": float("inf")}])
def test_numbers_that_make_no_sense_are_refused(options: dict[str, float]) -> None:
    """With the name of the option."""
    with pytest.raises(InputError, match=f"--{next(iter(options))} "):
        SimulateOptions(**options)  # type: ignore[arg-type]  # the table holds floats only


# --- REST --------------------------------------------------------------------------------------------------


class Rest:
    """GETs on a simulator that has played the four prints above."""

    def __init__(self, session: aiohttp.ClientSession, simulator: Simulator) -> None:
        self.session = session
        self.simulator = simulator

    async def get(self, path: str, *, status: int = 200, headers: dict[str, str] = KEY) -> Any:
        url = f"http://127.0.0.1:{self.simulator.port}{path}"
        async with self.session.get(url, headers=headers) as answer:
            assert answer.status == status, await answer.text()
            assert answer.content_type == "application/json"
            return await answer.json()


@asynccontextmanager
async def played(tape: Path) -> AsyncIterator[Rest]:
    async with (
        simulating(SimulateOptions(file=tape, rate=0)) as simulator,
        radarpulse(simulator) as client,
        aiohttp.ClientSession() as session,
    ):
        for _ in PRINTS:
            await hear(client)
        yield Rest(session, simulator)


async def test_rest_needs_a_key_and_health_does_not(tape: Path) -> None:
    """401 without one; the health answer is the documented one."""
    async with played(tape) as rest:
        assert "missing API key" in (await rest.get("/v1/flow/top", status=401, headers={}))["error"]
        await rest.get("/v1/flow/top?api_key=k", headers={})
        assert await rest.get("/health", headers={}) == {
            "status": "healthy", "service": "pro-api", "version": "1.0.0", "ws_connections": 1,
        }  # fmt: skip


async def test_top_flow_is_filtered_and_sorted_by_score(tape: Path) -> None:
    """`limit`, `minScore`, `minPremium` and `ticker`; odd frames are not in it."""
    async with played(tape) as rest:
        assert [each["score"] for each in (await rest.get("/v1/flow/top"))["data"]] == [91, 72, 40]
        assert (await rest.get("/v1/flow/top?limit=1"))["data"] == [PRINTS[1]]
        assert (await rest.get("/v1/flow/top?minScore=72.5"))["data"] == [PRINTS[1]]
        assert (await rest.get("/v1/flow/top?minPremium=100001"))["data"] == [PRINTS[1]]
        assert (await rest.get("/v1/flow/top?ticker=jpm"))["data"] == [PRINTS[0], PRINTS[2]]


async def test_session_flow_is_paged(tape: Path) -> None:
    """From `since` on, oldest first; a cursor leads to the next page, the last page has none."""
    async with played(tape) as rest:
        page = await rest.get(f"/v1/flow?since={NOW_MS + 1_000}&limit=1")
        assert page["data"] == [PRINTS[1]]
        page = await rest.get(f"/v1/flow?since={NOW_MS + 1_000}&limit=1&cursor={page['nextCursor']}")
        assert page == {"data": [PRINTS[2]]}


async def test_the_heat_map_sums_premium_by_sector_and_ticker(tape: Path) -> None:
    """At both paths that the guide names."""
    expected = {
        "sectors": [
            {"sector": "Information Technology", "prints": 1, "premium": 5_000_000, "callPremium": 5_000_000,
             "putPremium": 0},
            {"sector": "Financials", "prints": 2, "premium": 150_000, "callPremium": 100_000, "putPremium": 50_000},
        ],
        "tickers": [
            {"ticker": "NVDA", "prints": 1, "premium": 5_000_000, "callPremium": 5_000_000, "putPremium": 0},
            {"ticker": "JPM", "prints": 2, "premium": 150_000, "callPremium": 100_000, "putPremium": 50_000},
        ],
    }  # fmt: skip
    async with played(tape) as rest:
        assert (await rest.get("/v1/heatmap"))["data"] == expected
        assert (await rest.get("/v1/flow/heatmap"))["data"] == expected


async def test_a_score_is_explained(tape: Path) -> None:
    """Ratio 10 and $5M are full marks (40, 30), 7 of 70 days leave 18 of 20, 2 % out of the money is 10 of 10."""
    contract = "strike=100&type=CALL&expiry=2026-07-17"
    async with played(tape) as rest:
        assert await rest.get(f"/v1/score-explain?ticker=NVDA&{contract}") == {
            "score": 91, "flag": "EXTREME", "scoreParts": {"volOI": 40, "premium": 30, "dte": 18, "otm": 10},
        }  # fmt: skip
        assert (await rest.get(f"/v1/score-explain?ticker=JPM&{contract}"))["flag"] == "ELEVATED"
        await rest.get(f"/v1/score-explain?ticker=TSLA&{contract}", status=404)
        assert "type" in (await rest.get("/v1/score-explain?ticker=NVDA&strike=1&expiry=x", status=400))["error"]


async def test_rankings_and_abnormal_trades_have_the_shapes_seen(tape: Path) -> None:
    """A session, whether it is live, and the rows; the newest trade first."""
    async with played(tape) as rest:
        flow = await rest.get("/v1/flow/current")
        assert {"session", "is_live", "rankings"} == set(flow)
        assert [(each["ticker"], each["direction_bias"]) for each in flow["rankings"]] == [
            ("NVDA", "bullish"),
            ("JPM", "bullish"),
        ]
        assert flow["rankings"][0]["key_strikes"] == "100.00"
        trades = await rest.get("/v1/abnormal-trades/current?limit=2")
        assert trades["session"] == flow["session"]
        assert trades["trades"] == [PRINTS[3], PRINTS[2]]


async def test_unknown_paths_and_parameters_are_refused(tape: Path) -> None:
    """404 and 400, loudly: a client that asks for something undocumented should notice."""
    async with played(tape) as rest:
        assert "/v1/flow/top" in (await rest.get("/v1/nonsense", status=404))["error"]
        await rest.get("/v1/flow/top?limit=many", status=400)


def test_optionwhales_counts_requests_by_key_and_minute() -> None:
    """60 a minute; the next is told to wait for the rest of it, and a new minute begins at 60 again."""
    reception = Reception(Desk(), Audience())
    now = datetime(2026, 7, 15, 14, 0, 45, tzinfo=UTC)
    limits = [reception._limits("a", now) for _ in range(61)]
    reset = str(int(datetime(2026, 7, 15, 14, 1, tzinfo=UTC).timestamp()))
    assert limits[0] == {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59", "X-RateLimit-Reset": reset}
    assert limits[59] == {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    assert limits[60]["Retry-After"] == "15"
    assert "Retry-After" not in reception._limits("b", now)
    assert reception._limits("a", now.replace(minute=1))["X-RateLimit-Remaining"] == "59"
