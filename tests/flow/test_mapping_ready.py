"""The maps that come with flowbot, on frames of the shapes that their vendors document: what each becomes, by hand."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from bot.flow.mapping.fills import facts_filled
from bot.flow.mapping.reading import Cancelled, Map, Reading, Skipped
from bot.model.prints import Print
from bot.providers.maps import names, ready_map

NS = 1_784_217_600_000_000_000

UW_ALERT: dict[str, Any] = {
    "id": "8efa", "rule_name": "RepeatedHits", "ticker": "JD", "option_chain": "JD250523P00034000",
    "underlying_price": 33.74, "volume": 815, "total_size": 341, "total_premium": 29326.0,
    "total_ask_side_prem": 16598.0, "total_bid_side_prem": 12728.0, "start_time": 1747419586888, "price": 0.86,
    "has_multileg": False, "has_sweep": False, "has_floor": False, "open_interest": 920, "volume_oi_ratio": 0.0,
    "executed_at": 1747419586893, "bid": "0.84", "ask": "0.87",
}  # fmt: skip
UW_TRADE: dict[str, Any] = {
    "id": "7c1d", "underlying_symbol": "TSLA", "executed_at": 1747419592926, "nbbo_bid": "0.07", "nbbo_ask": "0.08",
    "size": 1, "price": "0.07", "option_symbol": "TSLA250516C00355000", "tags": ["bid_side", "bearish"],
    "expiry": "2025-05-16", "option_type": "call", "open_interest": 30726, "strike": "355", "premium": "7.00",
    "volume": 162849, "underlying_price": "347.17", "implied_volatility": "0.0478", "exchange": "GMNI",
}  # fmt: skip
MASSIVE: dict[str, Any] = {
    "ev": "T", "sym": "O:SPXW251208C06840000", "x": 302, "p": 5.5, "s": 1, "c": [236], "t": 1765227583506,
    "q": 1864261653,
}  # fmt: skip
TRADIER: dict[str, Any] = {
    "type": "timesale", "symbol": "SPY190517C00282000", "bid": "2.08", "ask": "2.10", "last": "2.10", "size": "100",
    "date": "1557758874355", "cancel": False, "correction": False,
}  # fmt: skip
THETA: dict[str, Any] = {
    "header": {"type": "TRADE"},
    "contract": {"root": "SPY", "expiration": 20260102, "strike": 100000, "right": "C"},
    "trade": {"ms_of_day": 34200123, "sequence": 12, "size": 3, "price": 1.25, "date": 20251222},
}
BENZINGA: dict[str, Any] = {
    "id": "b-1", "date": "2026-01-05", "time": "09:45:12", "ticker": "XOM", "sentiment": "BEARISH",
    "aggressor_ind": "BB", "option_symbol": "XOM260116C00120000", "cost_basis": "125000", "put_call": "CALL",
    "strike_price": "120", "price": "2.50", "size": "500", "date_expiration": "2026-01-16",
    "option_activity_type": "SWEEP", "trade_count": "4", "open_interest": "1000", "volume": "750", "bid": "2.50",
    "ask": "2.60", "midpoint": "2.55",
}  # fmt: skip


def read(name: str, frame: object) -> list[Reading]:
    return Map(ready_map(name)).read(json.dumps(frame), NS, "p")


def one(name: str, frame: object) -> Print:
    """The frame's one print, without its score, which is ours and tested where it is made."""
    (found,) = read(name, frame)
    assert isinstance(found, Print), found
    return replace(found, score=None, score_parts=(), score_is_local=False)


def test_every_map_is_tested_here() -> None:
    """And reads as an admin's own would."""
    assert names() == (
        "benzinga_option_activity", "massive_option_trades", "thetadata_trades", "tradier_timesale",
        "unusual_whales_flow_alerts", "unusual_whales_option_trades",
    )  # fmt: skip
    assert all(ready_map(name).about for name in names())


def test_an_unusual_whales_alert() -> None:
    """Side by the quote: 0.86 is above the middle, 0.855. Their ratio, always 0.0, is 815 / 920. 14:19 in New York."""
    expected = Print(
        provider="p", ticker="JD", received_ns=NS, provider_id="8efa", type="put", strike=34.0,
        expiry=date(2025, 5, 23), dte=7, size=341, volume=815, open_interest=920, vol_oi=815 / 920, premium=29326.0,
        price=0.86, side="ask", kind=None, otm_pct=(33.74 - 34) / 33.74 * 100, spot=33.74, bias="bear",
        sector="Consumer Discretionary", time=datetime(2025, 5, 16, 18, 19, 46, 893_000, tzinfo=UTC),
        session="regular", time_of_day=51_586.893, opening=False, multi_leg=False,
    )  # fmt: skip
    assert one("unusual_whales_flow_alerts", ["flow-alerts", UW_ALERT]) == expected


def test_an_unusual_whales_alert_has_our_score() -> None:
    """10.6 of 40 for 0.886 volume to open interest, 0.9 for $29K, 18 for a week, 9.6 for 0.8 % in the money."""
    (found,) = read("unusual_whales_flow_alerts", ["flow-alerts", UW_ALERT])
    assert isinstance(found, Print)
    assert found.score == pytest.approx(39.1)
    assert found.score_is_local


def test_the_flags_of_an_unusual_whales_alert() -> None:
    """A sweep is one; a multi-leg order is no bet on a direction."""
    found = one("unusual_whales_flow_alerts", ["flow-alerts", {**UW_ALERT, "has_sweep": True, "has_multileg": True}])
    assert (found.kind, found.side, found.bias, found.multi_leg) == ("sweep", "ask", "neutral", True)


def test_an_unusual_whales_trade() -> None:
    """Numbers are texts, the side is a tag, and IV is a fraction."""
    expected = Print(
        provider="p", ticker="TSLA", received_ns=NS, provider_id="7c1d", type="call", strike=355.0,
        expiry=date(2025, 5, 16), dte=0, size=1, volume=162849, open_interest=30726, vol_oi=162849 / 30726,
        premium=7.0, price=0.07, side="bid", otm_pct=(355 - 347.17) / 347.17 * 100, spot=347.17, iv=0.0478, bias="bear",
        sector="Consumer Discretionary", time=datetime(2025, 5, 16, 18, 19, 52, 926_000, tzinfo=UTC),
        session="regular", time_of_day=51_592.926, opening=False,
    )  # fmt: skip
    assert one("unusual_whales_option_trades", ["option_trades", UW_TRADE]) == expected


@pytest.mark.parametrize(
    ("tags", "price", "side"),
    [
        (["ask_side", "bullish"], "0.07", "ask"),  # the tag is believed, not the quote
        (["mid_side"], "0.07", "mid"),
        (["no_side"], "0.08", "ask"),
        ([], "0.075", "mid"),
        (None, "0.07", "bid"),
    ],
)
def test_the_side_of_an_unusual_whales_trade(tags: object, price: str, side: str) -> None:
    """The tag first, then the quote."""
    assert (
        one("unusual_whales_option_trades", ["option_trades:TSLA", {**UW_TRADE, "tags": tags, "price": price}]).side
        == side
    )


def test_a_massive_trade() -> None:
    """Contract by its symbol, premium computed; no side, no open interest, no spot."""
    expected = Print(
        provider="p", ticker="SPXW", received_ns=NS, provider_id="O:SPXW251208C06840000-1765227583506-1864261653",
        type="call", strike=6840.0, expiry=date(2025, 12, 8), dte=0, size=1, premium=550.0, price=5.5,
        time=datetime(2025, 12, 8, 20, 59, 43, 506_000, tzinfo=UTC), session="regular", time_of_day=57_583.506,
    )  # fmt: skip
    assert one("massive_option_trades", [MASSIVE]) == expected


def test_a_massive_frame_holds_many_trades() -> None:
    """Each is judged alone: a status is passed over, a broken trade is told, the rest are prints."""
    frame = [{"ev": "status", "status": "success"}, MASSIVE, {**MASSIVE, "p": "dear"}, {**MASSIVE, "q": 2}]
    first, second, third, fourth = read("massive_option_trades", frame)
    assert first == Skipped("only ev")
    assert isinstance(second, Print)
    assert str(third) == "bad_number: price: 'dear' is not a number"
    assert isinstance(fourth, Print)
    assert second.identity != fourth.identity


def test_a_tradier_option() -> None:
    """All numbers are texts; 2.10 is the ask."""
    expected = Print(
        provider="p", ticker="SPY", received_ns=NS, type="call", strike=282.0, expiry=date(2019, 5, 17), dte=4,
        size=100, premium=21_000.0, price=2.1, side="ask", bias="bull",
        time=datetime(2019, 5, 13, 14, 47, 54, 355_000, tzinfo=UTC), session="regular", time_of_day=38_874.355,
    )  # fmt: skip
    assert one("tradier_timesale", TRADIER) == expected


def test_a_tradier_cancel_takes_a_print_back() -> None:
    """The same trade with its flag up names the print it was."""
    (found,) = read("tradier_timesale", {**TRADIER, "cancel": True})
    assert isinstance(found, Cancelled)
    assert found.print.identity == one("tradier_timesale", TRADIER).identity


def test_a_thetadata_trade() -> None:
    """The strike is in tenths of a cent; 34,200,123 ms after New York's midnight is 14:30 UTC in winter."""
    expected = Print(
        provider="p", ticker="SPY", received_ns=NS, provider_id="SPY-20260102-C-100000-20251222-12", type="call",
        strike=100.0, expiry=date(2026, 1, 2), dte=11, size=3, premium=375.0, price=1.25,
        time=datetime(2025, 12, 22, 14, 30, 0, 123_000, tzinfo=UTC), session="regular", time_of_day=34_200.123,
    )  # fmt: skip
    assert one("thetadata_trades", THETA) == expected


def test_a_benzinga_activity() -> None:
    """Nearly everything is text; 09:45 in New York is 14:45 UTC in winter."""
    expected = Print(
        provider="p", ticker="XOM", received_ns=NS, provider_id="b-1", type="call", strike=120.0,
        expiry=date(2026, 1, 16), dte=11, size=500, volume=750, open_interest=1000, vol_oi=0.75, premium=125_000.0,
        price=2.5, side="bid", kind="sweep", bias="bear", sector="Energy",
        time=datetime(2026, 1, 5, 14, 45, 12, tzinfo=UTC), session="regular", time_of_day=35_112.0, opening=False,
    )  # fmt: skip
    assert one("benzinga_option_activity", {"option_activity": [BENZINGA]}) == expected


def test_a_number_in_an_odd_form_costs_no_other_fact() -> None:
    """125,000 is read by a longer way, which is not to lose the time that we made of two texts."""
    found = one("benzinga_option_activity", {"option_activity": [{**BENZINGA, "cost_basis": "125,000"}]})
    assert found == one("benzinga_option_activity", {"option_activity": [BENZINGA]})


@pytest.mark.parametrize("told", [0.9, "0.9", None])
def test_a_benzinga_indicator_that_is_no_word_leaves_the_quote(told: object) -> None:
    """2.50 is the bid."""
    assert one("benzinga_option_activity", {"option_activity": [{**BENZINGA, "aggressor_ind": told}]}).side == "bid"


@pytest.mark.parametrize(
    ("name", "frame", "why"),
    [
        ("unusual_whales_flow_alerts", ["flow-alerts", {"response": {}, "status": "ok"}], "skip status"),
        ("unusual_whales_flow_alerts", ["option_trades", UW_TRADE], "only $[0]"),
        ("unusual_whales_flow_alerts", {"status": "ok"}, "only $[0]"),
        ("unusual_whales_option_trades", ["option_trades", {"response": {}, "status": "ok"}], "only option_symbol"),
        ("massive_option_trades", [{"ev": "status", "status": "auth_success"}], "only ev"),
        ("tradier_timesale", {**TRADIER, "symbol": "SPY"}, "only occ(symbol)"),  # a stock
        ("tradier_timesale", {**TRADIER, "type": "quote"}, "only type"),
        ("tradier_timesale", {**TRADIER, "correction": True}, "skip correction"),
        ("thetadata_trades", {"header": {"type": "STATUS", "status": "CONNECTED"}}, "only header.type"),
        ("thetadata_trades", {**THETA, "contract": {"root": "SPY"}}, "only contract.right"),  # a stock
    ],
)
def test_what_is_no_trade_is_passed_over(name: str, frame: object, why: str) -> None:
    """Acknowledgements, heartbeats, stocks and other channels are neither prints nor faults."""
    assert read(name, frame) == [Skipped(why)]


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("unusual_whales_flow_alerts", {"iv"}),
        ("unusual_whales_option_trades", {"kind"}),
        (
            "massive_option_trades",
            {
                "volume",
                "open_interest",
                "vol_oi",
                "side",
                "kind",
                "otm_pct",
                "spot",
                "iv",
                "score",
                "bias",
                "opening",
                "multi_leg",
            },
        ),
        ("benzinga_option_activity", {"otm_pct", "spot", "iv", "score"}),
    ],
)
def test_the_facts_that_a_map_can_fill_are_known(name: str, absent: set[str]) -> None:
    """So that a rule that needs others can be warned of."""
    vocabulary = {
        "ticker", "type", "strike", "expiry", "dte", "size", "volume", "open_interest", "vol_oi", "premium", "price",
        "side", "kind", "otm_pct", "spot", "iv", "score", "bias", "sector", "time", "session", "time_of_day", "opening",
        "multi_leg",
    }  # fmt: skip
    assert facts_filled(ready_map(name)) == vocabulary - absent
