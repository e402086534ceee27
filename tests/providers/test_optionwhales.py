"""OptionWhales, as its Pro API documentation has it."""

import json
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.model.errors import FrameError
from bot.model.prints import Print
from bot.providers.feed import ErrorFrame, Feed, Heartbeat, Note, Subscribed
from bot.providers.optionwhales import OptionWhalesSettings, decode, feed
from tests.fakes.feed import KEY, FakeFeed
from tests.providers.contract import ProviderContract
from tests.providers.doubles import NIGHT_NS, NOON_NS, until

TRADE: dict[str, Any] = {"ticker": "AAPL", "side": "BUY", "premium": 1250000}  # the three fields that it shows


def settings(**changes: Any) -> OptionWhalesSettings:
    return OptionWhalesSettings.model_validate({"type": "optionwhales", "api_key": KEY, **changes})


def read(**changes: Any) -> Print:
    found = note({"type": "abnormal_trade", "data": {**TRADE, **changes}})
    assert isinstance(found, Print)
    return found


def note(frame: object) -> Print | Note:
    return decode(json.dumps(frame), NOON_NS, "whales")


class TestOptionWhales(ProviderContract):
    """The port's contract, and what is OptionWhales' own."""

    vendor = "optionwhales"
    trade: ClassVar[dict[str, Any]] = TRADE

    def feed(self, url: str) -> Feed:
        return feed("whales", settings(ws_url=url))

    def frame(self, **changes: Any) -> str:
        return json.dumps({"type": "abnormal_trade", "data": {**TRADE, **changes}})

    async def test_the_key_goes_into_the_query(self) -> None:
        """As documented for the stream; a key with odd characters arrives whole."""
        key = "ow_pro_a+b/c=d&e"
        async with (
            FakeFeed("optionwhales", key=key) as server,
            self.against(feed("whales", settings(ws_url=server.url, api_key=key)), server),
        ):
            await server.connected()
        assert [(shake.query, shake.status) for shake in server.handshakes] == [({"api_key": [key]}, 101)]

    async def test_without_tickers_nothing_is_asked_for(self) -> None:
        """All trades come then."""
        async with self.running() as run:
            await run.server.send(self.frame())
            await run.prints(1)
            assert run.server.subscriptions == []

    async def test_a_ticker_filter_is_asked_for_on_every_session(self) -> None:
        """The server forgets it with the connection. A confirmation that agrees is silent."""
        with capture_logs() as logs:
            async with FakeFeed("optionwhales") as server:
                wanted = feed("whales", settings(ws_url=server.url, tickers=["aapl", "NVDA"]))
                async with self.against(wanted, server) as run:
                    await server.subscribed(1)
                    await server.close()
                    await run.retry()
                    await server.subscribed(2)
                    await server.send_trades({**TRADE, "ticker": "TSLA"}, TRADE)
                    assert [found.ticker for found in await run.prints(1)] == ["AAPL"]
        assert server.subscriptions == [["AAPL", "NVDA"], ["AAPL", "NVDA"]]
        assert "provider.subscription_differs" not in [entry["event"] for entry in logs]

    async def test_a_confirmation_that_differs_is_logged(self) -> None:
        """Half the watchlist silently missing would look like a quiet day."""
        with capture_logs() as logs:
            async with FakeFeed("optionwhales") as server:
                server.confirm_only("AAPL", "TSLA")
                wanted = feed("whales", settings(ws_url=server.url, tickers=["AAPL", "NVDA"]))
                async with self.against(wanted, server) as run:
                    await server.subscribed()
                    await server.heartbeat()
                    await until(lambda: run.provider.status.last_frame_ns)
        (warning,) = [entry for entry in logs if entry["event"] == "provider.subscription_differs"]
        assert (warning["missing"], warning["unasked"]) == (["NVDA"], ["TSLA"])

    async def test_heartbeats_keep_the_session_alive_day_and_night(self) -> None:
        """No print for hours is a quiet market; no heartbeat for 75 s is a dead socket, at any hour."""
        async with self.running(now_ns=NIGHT_NS) as run:
            for _ in range(5):
                await run.clock.advance(30)
                await run.server.heartbeat()
                await until(lambda: run.provider.status.last_frame_ns == run.clock.now_ns)
            await until(lambda: run.clock.sleepers)
            assert run.provider.status.disconnects == {}
            await self.wait_in_silence(run)
            await run.ends()
            assert run.provider.status.disconnects == {"silence": 1}
        assert run.intake.rejected == []

    async def test_an_error_frame_is_counted_and_told(self) -> None:
        """Its words outlive the close that follows, for they say more."""
        async with self.running() as run:
            await run.server.error(f"subscription {KEY} expired")
            await run.ends()
            assert run.provider.status.last_error == "subscription *** expired"
            assert run.provider.status.disconnects == {"closed": 1}
        assert [(reason, detail) for _, reason, detail, _ in run.intake.rejected] == [
            ("error_frame", "subscription *** expired")
        ]

    async def test_an_old_complaint_does_not_explain_a_new_end(self) -> None:
        """Each session answers for itself."""
        async with self.running() as run:
            await run.server.error("maintenance")
            await run.retry()
            await run.server.connected(2)
            await run.server.close(1001)
            await run.ends(2)
            assert run.provider.status.last_error == "the server closed the connection (1001)"

    async def test_a_connection_limit_is_an_ordinary_retry(self) -> None:
        """Our own half-open predecessor still counts as the one connection: soon it will not."""
        async with self.running() as run:
            await run.server.error("Connection limit exceeded (1 connection per key)")
            assert await run.ends() == pytest.approx(1.0)
            assert run.provider.status.disconnects == {"connection_limit": 1}


@pytest.mark.parametrize(
    ("changes", "side", "bias"),
    [
        ({"side": "BUY"}, "ask", None),
        ({"side": "SELL"}, "bid", None),
        ({"side": "ASK"}, "ask", None),
        ({"side": "BID", "type": "put"}, "bid", "bull"),
        ({"side": "bullish"}, None, "bull"),
        ({"side": "bearish"}, None, "bear"),
        ({"side": "bullish", "option_type": "call"}, "ask", "bull"),
        ({"side": "bearish", "option_type": "put"}, "ask", "bear"),
        ({"side": "bullish", "option_type": "put"}, "bid", "bull"),
        ({"side": "neutral", "option_type": "put"}, None, "neutral"),
    ],
)
def test_what_side_means(changes: dict[str, Any], side: str | None, bias: str | None) -> None:
    """Undocumented: a trader's word for a side is a side; bullish and bearish are a bias, and imply a side."""
    found = read(**changes)
    assert (found.side, found.bias) == (side, bias)


def test_the_documented_trade_is_read() -> None:
    """Three facts, the sector that we know, and nothing made up."""
    assert read() == Print(
        provider="whales", ticker="AAPL", received_ns=NOON_NS, side="ask", premium=1_250_000.0,
        sector="Information Technology",
    )  # fmt: skip


def test_strings_for_numbers_are_read() -> None:
    """The lenient way goes through the envelope too."""
    assert read(premium="1250000", strike="150.5").strike == 150.5


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ({"type": "heartbeat", "ts": 1700000060}, Heartbeat()),
        ({"type": "heartbeat", "ts": "now", "data": 7}, Heartbeat()),
        ({"type": "subscribed", "tickers": ["AAPL", "nvda"]}, Subscribed(frozenset({"AAPL", "NVDA"}))),
        ({"type": "subscribed", "data": {"tickers": []}}, Subscribed(frozenset())),
        ({"type": "subscribed"}, Subscribed(None)),
        ({"type": "error", "message": "Rate limit"}, ErrorFrame("Rate limit")),
        ({"type": "error", "error": {"detail": "deep"}}, ErrorFrame("deep")),
        ({"type": "error", "data": "flat"}, ErrorFrame("flat")),
        ({"type": "error"}, ErrorFrame("the server reported an error without a message")),
    ],
)
def test_frames_that_are_no_print(frame: dict[str, Any], expected: Note) -> None:
    """Only `ts`, "the active tickers" and "error message" are documented; how deep they lie is not."""
    assert note(frame) == expected


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("not json", "not_json"),
        ("[]", "bad_shape"),
        ("{}", "bad_shape"),
        ('{"type":"news"}', "bad_shape"),
        ('{"type":["abnormal_trade"]}', "bad_shape"),
        ('{"type":"abnormal_trade"}', "bad_shape"),
        ('{"type":"abnormal_trade","data":[]}', "bad_shape"),
        ('{"type":"abnormal_trade","data":{}}', "no_ticker"),
        ('{"type":"abnormal_trade","data":{"ticker":"AAPL","premium":NaN}}', "bad_number"),
    ],
)
def test_frames_that_are_nothing(raw: str, reason: str) -> None:
    """Each says why."""
    with pytest.raises(FrameError) as caught:
        decode(raw, NOON_NS, "whales")
    assert caught.value.reason == reason


def test_the_feed_shows_no_key() -> None:
    """The address holds it, and so is a secret; the host alone may be told."""
    made = feed("whales", settings())
    assert KEY not in repr(settings()) + repr(made) + made.host
    assert made.url.reveal() == f"wss://api.optionwhales.io/v1/ws/abnormal-trades?api_key={KEY}"
    assert made.host == "api.optionwhales.io"


def test_the_key_is_scrubbed_as_it_is_and_as_a_url_spells_it() -> None:
    """Servers quote what they were sent, either way."""
    made = feed("whales", settings(api_key="ow_a+b/c=d"))
    assert made.scrub("no ow_a+b/c=d here, nor ow_a%2Bb%2Fc%3Dd there") == "no *** here, nor *** there"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TYPES = st.sampled_from(["abnormal_trade", "heartbeat", "subscribed", "error", "news"]) | JSON
FRAMES = st.fixed_dictionaries(
    {"type": TYPES}, optional={"data": JSON, "tickers": JSON, "message": JSON, "error": JSON}
).map(json.dumps)


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60), JSON.map(json.dumps), FRAMES))
def test_no_frame_breaks_the_decoder(raw: str | bytes) -> None:
    """Any text, bytes or JSON give a print, a note or a FrameError."""
    try:
        decode(raw, NOON_NS, "whales")
    except FrameError as error:
        assert error.reason  # noqa: PT017 - the property is about what may be raised at all
