"""How traders write the facts of a print."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.render import words
from bot.render.look import Bands
from tests.render.samples import NOW_NS, NVDA, SPARSE, altered


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (0, "$0.00"), (7.5, "$7.50"), (99.994, "$99.99"), (950, "$950"), (12_345, "$12,345"), (99_999, "$99,999"),
        (99_999.5, "$100K"), (123_456, "$123K"), (500_000, "$500K"), (950_000, "$950K"), (999_499, "$999K"),
        (999_500, "$1M"), (999_999, "$1M"), (1_000_000, "$1M"), (1_200_000, "$1.2M"), (1_250_000, "$1.3M"),
        (2_400_000, "$2.4M"), (123_400_000, "$123.4M"), (999_949_999, "$999.9M"), (999_950_000, "$1B"),
        (3_400_000_000, "$3.4B"), (-1_200_000, "-$1.2M"), (1e300, "$1e+291B"),
    ],
)  # fmt: skip
def test_money_is_short_and_never_a_thousand_thousands(usd: float, shown: str) -> None:
    """`$950K`, `$1.2M`, never `$1000K`."""
    assert words.money(usd) == shown


@pytest.mark.parametrize(
    ("usd", "shown"), [(20, "$20.00"), (0.07, "$0.07"), (0.0675, "$0.0675"), (1234.5, "$1,234.50")]
)
def test_price_has_cents_and_more_where_there_is_more(usd: float, shown: str) -> None:
    """A share's price."""
    assert words.price(usd) == shown


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, "NVDA 145C 7/17 (21d)"),
        ({"type": "put", "strike": 352.5}, "NVDA 352.5P 7/17 (21d)"),
        ({"strike": 6840.0, "ticker": "SPXW"}, "SPXW 6840C 7/17 (21d)"),
        ({"expiry": date(2027, 1, 15), "dte": 203}, "NVDA 145C 1/15/27 (203d)"),
        ({"expiry": date(2026, 6, 26), "dte": 0}, "NVDA 145C 6/26 (0DTE)"),
        ({"dte": None}, "NVDA 145C 7/17"),
        ({"expiry": None}, "NVDA 145C (21d)"),
        ({"strike": None}, "NVDA CALL 7/17 (21d)"),
        ({"type": None}, "NVDA 145 7/17 (21d)"),
        ({"ticker": " \n"}, "? 145C 7/17 (21d)"),
    ],
)
def test_contract_line_as_traders_write_it(changes: dict[str, Any], shown: str) -> None:
    """The year only where it is not this one; unknown parts are left out."""
    assert words.contract_line(altered(NVDA, **changes), NOW_NS) == shown


def test_the_year_is_new_yorks() -> None:
    """At 03:00 UTC on 1 January it is still last year in New York."""
    new_year_ns = int(datetime(2027, 1, 1, 3, 0, tzinfo=UTC).timestamp()) * 1_000_000_000
    assert words.contract_line(NVDA, new_year_ns) == "NVDA 145C 7/17 (21d)"
    assert words.contract_line(NVDA, new_year_ns + 3 * 3600 * 10**9) == "NVDA 145C 7/17/26 (21d)"
    assert words.contract_line(SPARSE, new_year_ns) == "AAPL"


@pytest.mark.parametrize(
    ("vol_oi", "open_interest", "shown"),
    [
        (12.3, 406, "vol/OI 12.3×"),
        (0.04, 100, "vol/OI 0×"),
        (None, 0, "vol/OI new"),
        (None, None, None),
        (3.0, None, "vol/OI 3×"),
    ],
)
def test_ratio(vol_oi: float | None, open_interest: int | None, shown: str | None) -> None:
    """An open interest of nothing is new, not infinite."""
    assert words.ratio(vol_oi, open_interest) == shown


@pytest.mark.parametrize(
    ("otm_pct", "shown"), [(3.6, "3.6% OTM"), (10.0, "10% OTM"), (-2.04, "2% ITM"), (0.0, "ATM"), (-0.04, "ATM")]
)
def test_moneyness(otm_pct: float, shown: str) -> None:
    """Negative means in the money."""
    assert words.moneyness(otm_pct) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0 ms"), (0, "0 ms"), (0.042, "42 ms"), (0.9994, "999 ms"), (0.9996, "1 s"), (1.3, "1.3 s"),
        (59.94, "59.9 s"), (59.96, "1 min"), (125, "2 min 5 s"), (12_000, "3 h 20 min"), (183_600, "2 d 3 h"),
        (86_400, "1 d"),
    ],
)  # fmt: skip
def test_age(seconds: float, shown: str) -> None:
    """Two units at most."""
    assert words.age(seconds) == shown


def test_clock_is_new_yorks_with_the_date_where_it_is_another_day() -> None:
    """Summer time and winter time both."""
    assert words.clock(datetime(2026, 6, 26, 14, 31, 5, tzinfo=UTC), NOW_NS) == "10:31:05 ET"
    assert words.clock(datetime(2026, 6, 25, 14, 31, 5, tzinfo=UTC), NOW_NS) == "6/25 10:31:05 ET"
    assert words.clock(datetime(2025, 12, 1, 14, 31, 5, tzinfo=UTC), NOW_NS) == "12/1/25 09:31:05 ET"


@pytest.mark.parametrize(
    ("score", "is_local", "shown"),
    [
        (94, False, "94 EXTREME"), (94, True, "94 EXTREME (local)"), (85, False, "85 EXTREME"),
        (84.9, False, "84.9 ELEVATED"), (84.999, False, "85 EXTREME"), (70, False, "70 ELEVATED"),
        (69.5, False, "69.5 NOTABLE"), (55, False, "55 NOTABLE"),
        (54, False, "54"), (54, True, "54 (local)"), (0, False, "0"),
    ],
)  # fmt: skip
def test_score_carries_its_band(score: float, is_local: bool, shown: str) -> None:
    """The band is that of the number shown."""
    assert words.score_tag(score, Bands(), is_local=is_local) == shown


def test_bands_are_the_admins() -> None:
    """Other thresholds, other names."""
    assert words.score_tag(90, Bands(extreme=95, elevated=90, notable=80), is_local=False) == "90 ELEVATED"


@pytest.mark.parametrize(
    ("kind", "premium", "golden"),
    [("sweep", 1_000_000.0, True), ("sweep", 999_999.0, False), ("block", 5e6, False), ("sweep", None, False)],
)
def test_golden_sweep(kind: str, premium: float | None, golden: bool) -> None:
    """A sweep from a million dollars on."""
    assert words.is_golden(altered(NVDA, kind=kind, premium=premium)) is golden


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"), ("two\nlines\tand\r\nmore", "two lines and more"), ("\x1b[31mred", "[31mred"),
        ("a\u202eb", "a b"),
        ("\u200b\ufeff", ""), ("x\ud800y", "x y"), ("family 👨‍👩‍👧", "family 👨‍👩‍👧"), ("123456789012", "123456789…"),
    ],
)  # fmt: skip
def test_anyones_text_becomes_one_printable_line(text: str, shown: str) -> None:
    """No line breaks, terminal escapes, direction overrides, invisible characters or lone surrogates."""
    assert words.one_line(text, 10 if "123" in text else 120) == shown
