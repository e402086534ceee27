"""The table of sectors: hand-picked companies and funds whose sector is common knowledge, and the names of sectors."""

import csv
from importlib.resources import files

import pytest

from bot.flow.sectors import SECTORS, gics_name, is_inverse, sector_of


@pytest.mark.parametrize(
    ("ticker", "sector"),
    [
        ("NVDA", "Information Technology"),
        ("PLTR", "Information Technology"),
        ("MSTR", "Information Technology"),
        ("GOOGL", "Communication Services"),
        ("META", "Communication Services"),
        ("TSLA", "Consumer Discretionary"),
        ("BABA", "Consumer Discretionary"),
        ("RIVN", "Consumer Discretionary"),
        ("NIO", "Consumer Discretionary"),
        ("WMT", "Consumer Staples"),
        ("XOM", "Energy"),
        ("JPM", "Financials"),
        ("COIN", "Financials"),
        ("HOOD", "Financials"),
        ("V", "Financials"),
        ("LLY", "Health Care"),
        ("BA", "Industrials"),
        ("NEM", "Materials"),
        ("PLD", "Real Estate"),
        ("NEE", "Utilities"),
        ("XLK", "Information Technology"),
        ("SMH", "Information Technology"),
        ("XLE", "Energy"),
        ("GDX", "Materials"),
        ("KRE", "Financials"),
        ("XBI", "Health Care"),
    ],
)
def test_a_ticker_has_its_gics_sector(ticker: str, sector: str) -> None:
    """Companies by GICS since 2018 (payments are Financials since 2023), sector funds by what they hold."""
    assert sector_of(ticker) == sector


@pytest.mark.parametrize(
    "ticker", ["SPY", "QQQ", "IWM", "DIA", "SPX", "VIX", "GLD", "TLT", "USO", "SQQQ", "NOSUCH", ""]
)
def test_broad_funds_indices_commodities_and_strangers_have_none(ticker: str) -> None:
    """A fund over many sectors has no sector, and neither has what we do not know."""
    assert sector_of(ticker) is None


@pytest.mark.parametrize("written", ["BRK.B", "BRK/B", "BRK-B", "BRKB", "brk.b", "BRK B"])
def test_class_shares_are_found_however_they_are_written(written: str) -> None:
    """OCC roots have no punctuation; feeds write dots, slashes and dashes."""
    assert sector_of(written) == "Financials"


@pytest.mark.parametrize("ticker", ["FB", "SQ", "MMC", "TWTR", "ATVI"])
def test_former_symbols_are_known(ticker: str) -> None:
    """An old tape carries the symbols of its day."""
    assert sector_of(ticker) is not None


@pytest.mark.parametrize(
    "ticker", ["SQQQ", "SPXU", "SH", "SDS", "TZA", "SOXS", "FAZ", "LABD", "DUST", "TBT", "sqqq", "TSLQ"]
)
def test_funds_that_fall_when_their_index_rises_are_inverse(ticker: str) -> None:
    """Buying calls on these is a bearish bet."""
    assert is_inverse(ticker)


@pytest.mark.parametrize("ticker", ["SPY", "TQQQ", "SOXL", "VXX", "UVXY", "SVXY", "NVDA", "NOSUCH"])
def test_long_leveraged_and_volatility_funds_are_not_inverse(ticker: str) -> None:
    """Leverage is no inversion, and volatility is a thing of its own."""
    assert not is_inverse(ticker)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Technology", "Information Technology"),
        ("Healthcare", "Health Care"),
        ("Financial Services", "Financials"),
        ("Consumer Cyclical", "Consumer Discretionary"),
        ("Consumer Defensive", "Consumer Staples"),
        ("Basic Materials", "Materials"),
        ("information technology", "Information Technology"),
        ("HEALTH CARE", "Health Care"),
        ("real  estate", "Real Estate"),
        ("  Utilities ", "Utilities"),
        ("Crypto", None),
        ("", None),
    ],
)
def test_a_sector_is_understood_in_any_case_and_in_yahoos_words(written: str, name: str | None) -> None:
    """Yahoo's six own names, any case, any spacing; a stranger is None."""
    assert gics_name(written) == name


def test_the_eleven_sectors_name_themselves() -> None:
    """GICS has eleven sectors since 2018, and each is understood as it stands."""
    assert len(set(SECTORS)) == 11
    assert [gics_name(name) for name in SECTORS] == list(SECTORS)


def test_the_table_is_clean() -> None:
    """Each row once, in order, symbols as OCC roots are written, and nothing but GICS names."""
    rows = list(csv.DictReader(files("bot.flow").joinpath("sectors.csv").read_text().splitlines()))
    tickers = [row["ticker"] for row in rows]
    assert tickers == sorted(set(tickers))
    assert all(ticker.isascii() and ticker.isalnum() and ticker == ticker.upper() for ticker in tickers)
    assert {row["sector"] for row in rows} == {*SECTORS, ""}
    assert {row["inverse"] for row in rows} == {"", "yes"}
    assert len(tickers) > 1000
