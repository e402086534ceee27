"""What a print gains beyond what its feed said: derived facts, notes, and our own score."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.flow.complete import complete
from bot.flow.facts import Facts, facts_from
from bot.model.prints import Print, ScorePart

NS = 1_784_217_600_000_000_000  # 2026-07-16 16:00 UTC, a Thursday noon in New York


def made(**facts: Any) -> Print:
    return complete(Facts(**{"ticker": "NVDA", **facts}), "radarpulse", NS)


def test_a_ticker_alone_makes_a_print() -> None:
    """Everything else is missing, and nothing is zero; the sector is ours."""
    assert made() == Print(provider="radarpulse", ticker="NVDA", received_ns=NS, sector="Information Technology")


@pytest.mark.parametrize(
    ("sent", "ticker"), [("nvda", "NVDA"), (" SPY ", "SPY"), ("BRK.B", "BRK.B"), ("^SPX", "^SPX"), ("BRK/B", "BRK/B")]
)
def test_a_ticker_is_upper_case(sent: str, ticker: str) -> None:
    """Classes and indexes keep their marks."""
    assert made(ticker=sent).ticker == ticker


@pytest.mark.parametrize(
    ("facts", "dte"),
    [
        ({"dte": 14, "expiry": date(2026, 7, 17)}, 14),  # the feed's own count stands
        ({"dte": 0}, 0),
        ({"expiry": date(2026, 7, 17)}, 1),
        ({"expiry": date(2026, 7, 16)}, 0),
        # 03:59:59 UTC is still the evening before in New York; 04:00 is not.
        ({"expiry": date(2026, 7, 17), "time": datetime(2026, 7, 17, 3, 59, 59, tzinfo=UTC)}, 1),
        ({"expiry": date(2026, 7, 17), "time": datetime(2026, 7, 17, 4, 0, 0, tzinfo=UTC)}, 0),
        ({"expiry": date(2026, 7, 17), "dte": -3}, 1),  # no count at all
        ({"dte": -3}, None),
        ({}, None),
    ],
)
def test_days_to_expiry_are_counted_by_new_york_dates(facts: dict[str, Any], dte: int | None) -> None:
    """From the print's time where it has one, else from its receipt."""
    assert made(**facts).dte == dte


def test_an_expiry_before_the_print_has_no_days_left() -> None:
    """The contradiction is noted, and a rule on dte does not fire."""
    found = made(expiry=date(2026, 7, 10))
    assert found.dte is None
    assert found.notes == ("expiry lies before the print",)


@pytest.mark.parametrize(
    ("expiry", "notes"),
    [
        (date(2026, 7, 17), ()),
        (date(2026, 7, 18), ("expiry is a Saturday",)),  # the sample in RadarPulse's guide
        (date(2026, 7, 19), ("expiry is a Sunday",)),
    ],
)
def test_an_expiry_on_a_weekend_is_kept_and_noted(expiry: date, notes: tuple[str, ...]) -> None:
    """Nothing expires on a weekend, but the frame is no worse for it."""
    found = made(expiry=expiry)
    assert (found.expiry, found.notes) == (expiry, notes)


@pytest.mark.parametrize(
    ("facts", "ratio"),
    [
        ({"volume": 900, "open_interest": 300}, 3.0),
        ({"volume": 900, "size": 100, "open_interest": 300}, 3.0),
        ({"size": 150, "open_interest": 300}, 0.5),
        ({"vol_oi": 2.5, "volume": 900, "open_interest": 300}, 2.5),
        ({"vol_oi": 2.5}, 2.5),
        ({"vol_oi": 0.0, "volume": 900, "open_interest": 300}, 3.0),  # Unusual Whales sends 0.0 always
        ({"vol_oi": 2.5, "open_interest": 0}, None),
        ({"volume": 900, "open_interest": 0}, None),
        ({"volume": 900}, None),
        ({"open_interest": 300}, None),
    ],
)
def test_the_ratio_to_open_interest(facts: dict[str, Any], ratio: float | None) -> None:
    """The feed's, else volume, else size, over open interest; missing where that is 0 or missing."""
    assert made(**facts).vol_oi == ratio


def test_an_open_interest_of_zero_is_a_fact() -> None:
    """A new contract, which is not the same as an unknown one."""
    assert made(open_interest=0).open_interest == 0


@pytest.mark.parametrize(
    ("facts", "premium", "price"),
    [
        ({"price": 2.5, "size": 40}, 10_000.0, 2.5),
        ({"premium": 10_000.0, "size": 40}, 10_000.0, 2.5),
        ({"premium": 9_999.0, "price": 2.5, "size": 40}, 9_999.0, 2.5),
        ({"premium": 10_000.0}, 10_000.0, None),
        ({"price": 2.5}, None, 2.5),
        ({"price": 0.0, "premium": 0.0, "size": 0}, None, None),
        ({"premium": 1_250_000.0, "size": 4200}, 1_250_000.0, 2.9762),  # to a hundredth of a cent
        ({"premium": 1.0, "size": 1_000_000}, 1.0, None),
    ],
)
def test_premium_and_price_follow_from_each_other(
    facts: dict[str, Any], premium: float | None, price: float | None
) -> None:
    """Premium is price times size times 100; what the feed sends stands, and zero is nothing."""
    found = made(**facts)
    assert (found.premium, found.price) == (premium, price)


@pytest.mark.parametrize(
    ("type_", "strike", "spot", "percent"),
    [("call", 110.0, 100.0, 10.0), ("put", 110.0, 100.0, -10.0), ("call", 90.0, 100.0, -10.0),
     ("put", 90.0, 100.0, 10.0), ("call", 100.0, 100.0, 0.0), ("call", 100.0, 0.0, None), ("call", 0.0, 100.0, None),
     ("straddle", 110.0, 100.0, None)],
)  # fmt: skip
def test_percent_out_of_the_money(type_: str, strike: float, spot: float, percent: float | None) -> None:
    """Positive is out of the money for either type."""
    assert made(type=type_, strike=strike, spot=spot).otm_pct == percent


def test_the_feeds_own_percent_stands() -> None:
    """Zero included: at the money is a fact."""
    assert made(type="call", strike=110.0, spot=100.0, otm_pct=0.0).otm_pct == 0.0


@pytest.mark.parametrize(
    ("facts", "side"),
    [
        ({"price": 0.86, "bid": 0.84, "ask": 0.87}, "ask"),
        ({"price": 0.85, "bid": 0.84, "ask": 0.87}, "bid"),
        ({"price": 0.855, "bid": 0.84, "ask": 0.87}, "mid"),
        ({"price": 0.9, "bid": 0.84, "ask": 0.87}, "ask"),  # above the ask
        ({"price": 0.05, "ask": 0.08}, "ask"),  # no bid is a bid of nothing
        ({"price": 0.86, "bid": 0.9, "ask": 0.87}, None),  # a crossed quote says nothing
        ({"price": 0.86, "bid": 0.84}, None),
        ({"bid": 0.84, "ask": 0.87}, None),
        ({"premium": 8_600.0, "size": 100, "bid": 0.84, "ask": 0.87}, "ask"),  # the price follows from the premium
        ({"side": "BID", "price": 0.86, "bid": 0.84, "ask": 0.87}, "bid"),
        ({"tags": ["bid_side", "bearish"]}, "bid"),
        ({"tags": ["no_side"]}, None),
        ({"side": "BUY"}, "ask"),
        ({"side": "sell"}, "bid"),
        ({"side": "Ask"}, "ask"),
        ({"side": "sideways"}, None),
        ({"side": "bullish", "type": "call"}, "ask"),
        ({"side": "bearish", "type": "put"}, "ask"),
        ({"side": "bullish", "type": "put"}, "bid"),
        ({"side": "bearish", "type": "call"}, "bid"),
        ({"side": "bullish"}, None),
        ({"side": "neutral", "type": "call"}, None),
    ],
)
def test_the_side(facts: dict[str, Any], side: str | None) -> None:
    """The feed's word, else its tags, else the bias in the side's place, else the quote."""
    assert made(**facts).side == side


@pytest.mark.parametrize(
    ("facts", "bias"),
    [
        ({"side": "ASK", "type": "CALL"}, "bull"),
        ({"side": "BID", "type": "PUT"}, "bull"),
        ({"side": "ASK", "type": "PUT"}, "bear"),
        ({"side": "BID", "type": "CALL"}, "bear"),
        ({"side": "MID", "type": "CALL"}, "neutral"),
        ({"side": "MID", "type": "PUT"}, "neutral"),
        ({"side": "ASK"}, None),
        ({"type": "CALL"}, None),
        ({"side": "ASK", "type": "CALL", "bias": "BEAR"}, "bear"),  # a provider's own is taken as it is
        ({"side": "ASK", "type": "CALL", "ticker": "SQQQ"}, "bear"),
        ({"side": "ASK", "type": "PUT", "ticker": "SQQQ"}, "bull"),
        ({"side": "MID", "type": "PUT", "ticker": "SQQQ"}, "neutral"),
        ({"side": "ASK", "type": "CALL", "ticker": "SQQQ", "bias": "BULL"}, "bull"),
        ({"side": "bullish"}, "bull"),
        ({"side": "bullish", "type": "call", "ticker": "SQQQ"}, "bull"),
        ({"tags": ["bid_side", "bearish"], "type": "put"}, "bear"),
        ({"side": "ASK", "type": "CALL", "has_multileg": True}, "neutral"),
        ({"side": "ASK", "type": "CALL", "has_multileg": True, "bias": "BULL"}, "bull"),
    ],
)
def test_the_bias(facts: dict[str, Any], bias: str | None) -> None:
    """The provider's own, else what side and type say; inverse funds turn round only what we computed."""
    assert made(**facts).bias == bias


@pytest.mark.parametrize("told", [True, False, None])
def test_a_leg_is_one_where_the_feed_says_so(told: bool | None) -> None:
    """A feed that says nothing leaves it to be found out."""
    found = made(side="ASK", type="CALL", has_multileg=told)
    assert (found.multi_leg, found.notes) == (told, ())


@pytest.mark.parametrize(
    ("size", "volume", "open_interest", "opening"),
    [
        (500, 500, 499, True),  # the day's first trade, larger than all that was open
        (500, 500, 500, False),  # each of them may have been closed
        (500, 700, 299, True),  # 200 traded before: 499 could be closed
        (500, 700, 300, False),
        (1, 1, 0, True),  # a new contract's first trade
        (1, 2, 0, False),  # the first contract may be sold on
        (500, 400, 10, False),  # a day's volume below the print's own proves nothing
        (500, 500, None, None),
        (500, None, 10, None),
        (500, 0, 10, None),
        (None, 500, 10, None),
        (0, 500, 10, None),
    ],
)
def test_an_opening_is_told_where_it_is_proved(
    size: int | None, volume: int | None, open_interest: int | None, opening: bool | None
) -> None:
    """Larger than what was open and what traded before it together: nobody could hold so much."""
    assert made(size=size, volume=volume, open_interest=open_interest).opening is opening


@pytest.mark.parametrize(
    ("time", "session", "time_of_day"),
    [
        (1_784_217_600_000, "regular", 43_200.0),  # noon in New York
        (datetime(2026, 7, 16, 20, 0, tzinfo=UTC), "extended", 57_600.0),
        (None, None, None),
    ],
)
def test_the_time_of_day(time: int | datetime | None, session: str | None, time_of_day: float | None) -> None:
    """Of the print's own time alone: when it was received says nothing about it."""
    found = made(time=time)
    assert (found.session, found.time_of_day) == (session, time_of_day)


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"kind": "SWEEP"}, "sweep"),
        ({"kind": "Block"}, "block"),
        ({"kind": "split"}, "split"),
        ({"has_sweep": True}, "sweep"),
        ({"has_sweep": False}, None),
        ({"has_sweep": True, "kind": "BLOCK"}, "block"),
        ({"kind": "cross"}, None),
    ],
)
def test_the_kind(facts: dict[str, Any], kind: str | None) -> None:
    """The feed's word, or its sweep flag; a word we do not know is missing."""
    assert made(**facts).kind == kind


@pytest.mark.parametrize(
    ("ticker", "sent", "sector"),
    [
        ("ZZZZ", "Technology", "Information Technology"),
        ("ZZZZ", "Healthcare", "Health Care"),
        ("ZZZZ", "Consumer Cyclical", "Consumer Discretionary"),
        ("ZZZZ", "Energy", "Energy"),
        ("NVDA", "Utilities", "Utilities"),  # the feed's own stands
        ("NVDA", None, "Information Technology"),
        ("ZZZZ", "Wizardry", None),
        ("ZZZZ", None, None),
    ],
)
def test_the_sector(ticker: str, sent: str | None, sector: str | None) -> None:
    """Yahoo's names become GICS; what the feed does not say, our own list may."""
    assert made(ticker=ticker, sector=sent).sector == sector


@pytest.mark.parametrize(("sent", "iv"), [(0.45, 0.45), (5.2, 5.2), (0.0, None), (-1.0, None)])
def test_an_implied_volatility_that_is_none_is_missing(sent: float, iv: float | None) -> None:
    """Solvers that fail write 0 or -1. Above 500 % is rare, and real on the last day."""
    assert made(iv=sent).iv == iv


@pytest.mark.parametrize("name", ["option_symbol", "option_chain", "sym", "symbol"])
def test_an_occ_symbol_fills_the_contract(name: str) -> None:
    """Wherever the feed puts it, even where the ticker should be."""
    found = complete(facts_from({name: "O:JD250523P00034000"}), "mapped", NS)
    assert (found.ticker, found.type, found.strike, found.expiry) == ("JD", "put", 34.0, date(2025, 5, 23))


def test_what_the_feed_says_of_the_contract_stands() -> None:
    """The OCC symbol fills only what is missing."""
    found = made(option_symbol="NVDA260717C00145000", strike=150.0)
    assert (found.type, found.strike, found.expiry) == ("call", 150.0, date(2026, 7, 17))


def test_a_print_without_a_score_gets_ours() -> None:
    """10 times the open interest, $5M, 35 days and 17.5 % are 40, 30, 10 and 5 points."""
    found = made(vol_oi=10.0, premium=5_000_000.0, dte=35, otm_pct=17.5)
    assert found.score == 85.0
    assert found.score_is_local
    assert found.score_parts == (
        ScorePart("vol_oi", 40.0, 40.0, 10.0),
        ScorePart("premium", 30.0, 30.0, 5_000_000.0),
        ScorePart("dte", 10.0, 20.0, 35),
        ScorePart("otm", 5.0, 10.0, 17.5),
    )


@pytest.mark.parametrize("missing", ["vol_oi", "premium", "dte", "otm_pct"])
def test_without_all_four_inputs_there_is_no_score(missing: str) -> None:
    """A guess would look like knowledge."""
    inputs = {"vol_oi": 10.0, "premium": 5_000_000.0, "dte": 35, "otm_pct": 17.5}
    del inputs[missing]
    found = made(**inputs)
    assert (found.score, found.score_parts, found.score_is_local) == (None, (), False)


def test_the_feeds_own_score_stands() -> None:
    """Zero included."""
    found = made(score=0.0, vol_oi=10.0, premium=5_000_000.0, dte=35, otm_pct=17.5)
    assert (found.score, found.score_parts, found.score_is_local) == (0.0, (), False)


def test_a_score_part_above_its_maximum_is_cut_and_noted() -> None:
    """The guide's own sample has 13 of 10 for the distance to the strike."""
    found = made(score=91.0, score_parts={"volOI": 34, "premium": 28, "dte": 16, "otm": 13, "moon": 5})
    assert found.score == 91.0
    assert found.score_parts == (
        ScorePart("vol_oi", 34.0, 40.0),
        ScorePart("premium", 28.0, 30.0),
        ScorePart("dte", 16.0, 20.0),
        ScorePart("otm", 10.0, 10.0),
    )
    assert found.notes == ("score part otm was sent as 13 of 10",)
    assert not found.score_is_local


def test_a_score_above_a_hundred_is_cut_and_noted() -> None:
    """It still fires every rule that asks for a high one."""
    found = made(score=140.0)
    assert (found.score, found.notes) == (100.0, ("score was sent as 140 of 100",))


@pytest.mark.parametrize(("sent", "kept"), [("abc", "abc"), (17, "17"), ("", None), (0, None), (None, None)])
def test_the_providers_id(sent: str | int | None, kept: str | None) -> None:
    """Kept as text; an empty one, or the zero that all prints would share, is none."""
    assert made(provider_id=sent).provider_id == kept
