"""RadarPulse, as its developer guide of 29 June 2026 has it."""

import json
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.facts import ALIASES
from bot.flow.legs import Legs
from bot.model.errors import FrameError
from bot.model.prints import Print
from bot.model.secret import Secret
from bot.providers.feed import Feed
from bot.providers.radarpulse import FACTS, RadarPulseSettings, decode, feed
from tests.fakes.feed import KEY, FakeFeed
from tests.providers.contract import ProviderContract
from tests.providers.doubles import NIGHT_NS, NOON_NS, until

# The guide's fields, with the values of its score-explain sample where it has one (NVDA 200 CALL 2026-07-18, 14 DTE).
TRADE: dict[str, Any] = {
    "ticker": "NVDA", "type": "CALL", "strike": 200, "expiry": "2026-07-18", "dte": 14, "volume": 4200,
    "openInterest": 1250, "volOI": 3.36, "premium": 1250000, "side": "ASK", "kind": "SWEEP", "otmPct": 4.2,
    "spot": 191.9, "iv": 0.45, "score": 91, "bias": "BULL", "sector": "Technology", "timestamp": 1783180800000,
}  # fmt: skip
FOUND = Print(
    provider="pulse", ticker="NVDA", received_ns=NOON_NS, type="call", strike=200.0, expiry=date(2026, 7, 18), dte=14,
    size=4200, open_interest=1250, vol_oi=3.36, premium=1_250_000.0, price=2.9762, side="ask", kind="sweep",
    otm_pct=4.2, spot=191.9, iv=0.45, score=91.0, bias="bull", sector="Information Technology",
    time=datetime(2026, 7, 4, 16, 0, tzinfo=UTC), session="extended", time_of_day=43_200.0,
    notes=("expiry is a Saturday",),
)  # fmt: skip


def settings(**changes: Any) -> RadarPulseSettings:
    return RadarPulseSettings.model_validate({"type": "radarpulse", "api_key": KEY, **changes})


def read(**changes: Any) -> Print:
    return decode(json.dumps({**TRADE, **changes}), NOON_NS, "pulse")


class TestRadarPulse(ProviderContract):
    """The port's contract, and what is RadarPulse's own."""

    vendor = "radarpulse"
    trade: ClassVar[dict[str, Any]] = TRADE

    def feed(self, url: str) -> Feed:
        return feed("pulse", settings(ws_url=url))

    def frame(self, **changes: Any) -> str:
        return json.dumps({**TRADE, **changes})

    @pytest.mark.parametrize("auth", ["x-api-key", "bearer"])
    async def test_the_key_goes_into_the_header_that_is_set(self, auth: str) -> None:
        """`x-api-key: KEY` or `Authorization: Bearer KEY`, and nowhere else."""
        async with (
            FakeFeed("radarpulse") as server,
            self.against(feed("pulse", settings(ws_url=server.url, auth=auth)), server),
        ):
            await server.connected()
        (handshake,) = server.handshakes
        sent = {name: value for name, value in handshake.headers.items() if KEY in value}
        assert sent == ({"x-api-key": KEY} if auth == "x-api-key" else {"authorization": f"Bearer {KEY}"})
        assert handshake.query == {}

    async def test_after_hours_silence_is_no_fault(self) -> None:
        """The market is closed: nothing need come, all night long."""
        async with self.running(now_ns=NIGHT_NS) as run:
            for _ in range(3):
                await self.wait_in_silence(run)
            assert run.provider.status.disconnects == {}

    async def test_at_the_opening_bell_silence_begins_anew(self) -> None:
        """The night's quiet does not count: 120 s from 09:30, not from the evening before."""
        bell_ns = NIGHT_NS + round(9.5 * 3600e9)
        async with self.running(now_ns=bell_ns - 60_000_000_000) as run:
            for _ in range(10):  # to 09:31:30
                await until(lambda: run.clock.sleepers)
                await run.clock.advance(15)
            await until(lambda: run.clock.sleepers)
            assert run.provider.status.disconnects == {}
            await run.clock.advance(30)  # 09:32:00
            await run.ends()
            assert run.provider.status.disconnects == {"silence": 1}


def test_the_guides_print_is_read_whole() -> None:
    """Every documented field arrives, `volume` as the print's size; the Saturday is noted."""
    assert read() == FOUND


def test_both_spellings_are_read() -> None:
    """The guide has expiry or expiryDate, openInterest or oi, unix milliseconds or ISO 8601."""
    frame = {k: v for k, v in TRADE.items() if k not in ("expiry", "openInterest", "timestamp")}
    other = {**frame, "expiryDate": "2026-07-18", "oi": 1250, "timestamp": "2026-07-04T16:00:00Z"}
    assert decode(json.dumps(other), NOON_NS, "pulse") == FOUND


@pytest.mark.parametrize("change", [{}, {"oi": 1250, "expiryDate": "2026-07-18"}, {"venue": {"mic": "XCBO"}}])
def test_the_guides_print_is_read_at_once(change: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """One typed decode is enough, in both spellings, and with keys that nobody announced."""
    monkeypatch.delattr("bot.providers.radarpulse.load")
    assert read(**change) == FOUND
    other = {k: v for k, v in {**TRADE, **change}.items() if k not in ("expiry", "openInterest")}
    assert decode(json.dumps({**other, "oi": 1250, "expiryDate": "2026-07-18"}), NOON_NS, "pulse") == FOUND


def test_a_fact_sent_as_null_is_missing() -> None:
    """What is not known is none, not zero, and costs the print nothing else."""
    found = read(iv=None, kind=None, sector=None, openInterest=None)
    assert (found.iv, found.kind, found.open_interest) == (None, None, None)
    assert (found.sector, found.spot) == ("Information Technology", 191.9)


DOCUMENTED_AS = {
    "vol_oi": "volOI", "otm_pct": "otmPct", "open_interest": "openInterest", "time": "timestamp", "size": "volume",
}  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "alias"),
    [(fact, alias) for fact, aliases in ALIASES.items() if fact in FACTS - {"price"} for alias in (fact, *aliases)],
)
def test_a_documented_fact_under_another_name_is_read(fact: str, alias: str) -> None:
    """A frame that lacks the guide's name for it is searched for every name in docs/vocabulary.md."""
    documented = DOCUMENTED_AS.get(fact, fact)
    frame = {alias if name == documented else name: value for name, value in TRADE.items()}
    assert decode(json.dumps(frame), NOON_NS, "pulse") == FOUND


@pytest.mark.parametrize(
    ("sent", "fact", "value"),
    [
        ({"id": "rp-1"}, "provider_id", "rp-1"),
        ({"price": 3.1}, "price", 3.1),
        ({"side": None, "price": 3.1, "bid": 3.0, "ask": 3.3}, "side", "bid"),
        ({"type": None, "option_symbol": "NVDA260718P00200000"}, "type", "put"),
    ],
)
def test_what_may_be_added_is_read_by_its_plain_name(sent: dict[str, Any], fact: str, value: object) -> None:
    """The guide announces additions: an id, price, quote and OCC symbol are understood when they come."""
    assert getattr(read(**sent), fact) == value


def test_the_guides_print_is_read_by_the_guides_names_alone() -> None:
    """In a frame that has all of them, what other feeds mean by `last` or `nbbo_ask` is nobody's business."""
    assert read(last=1.0, p={"x": 1}, nbbo_bid="?", sym=7, t="trade", strike_price=-1) == FOUND


def test_volume_is_the_prints_own_size() -> None:
    """ "Contracts traded this print": our volume, the day's, stays missing, and the feed's ratio stands."""
    found = read(volOI=7.0)
    assert (found.size, found.volume, found.vol_oi) == (4200, None, 7.0)
    assert read(volOI=None).vol_oi == 3.36
    assert read(size=10).size == 10


def test_the_announced_facts_are_all_but_the_days_volume() -> None:
    """What the documented print fills, it announces; and whether it is a leg, which other prints tell."""
    found, _ = Legs().paired(FOUND)
    assert {name for name in FACTS if getattr(found, name) is not None} == FACTS
    assert not FACTS & {"volume", "opening"}


def test_a_score_explanation_in_a_print_is_kept() -> None:
    """The guide's sample has 13 of 10 for the strike's distance: cut, with the raw value in the note."""
    found = read(scoreParts={"volOI": 34, "premium": 28, "dte": 16, "otm": 13})
    assert [(part.name, part.points) for part in found.score_parts] == [
        ("vol_oi", 34.0), ("premium", 28.0), ("dte", 16.0), ("otm", 10.0),
    ]  # fmt: skip
    assert "score part otm was sent as 13 of 10" in found.notes


def test_the_feed_shows_no_key() -> None:
    """Neither the settings nor the feed."""
    assert KEY not in repr(settings()) + repr(feed("pulse", settings(auth="bearer")))


def test_the_defaults_are_the_documented_addresses() -> None:
    """Only the key must be given."""
    plain = settings()
    assert (plain.ws_url, plain.rest_url, plain.auth, plain.silence) == (
        "wss://api.radarpulse.io/v1/stream", "https://api.radarpulse.io/v1", "x-api-key", 120.0,
    )  # fmt: skip
    assert plain.api_key == Secret(KEY)


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60)))
def test_no_frame_breaks_the_decoder(raw: str | bytes) -> None:
    """Any text or bytes give a print or a FrameError."""
    try:
        decode(raw, NOON_NS, "pulse")
    except FrameError as error:
        assert error.reason  # noqa: PT017 - the property is about what may be raised at all
