"""Which GICS sector an underlying belongs to, and which funds move against what they track.

The table is `sectors.csv` beside this file: the S&P 500 as of August 2026 and other names with active options, former
symbols too, so that old tapes read well. A fund over many sectors, an index or a commodity fund has an empty sector.
"""

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from bot.model.sectors import SECTORS, gics_name

__all__ = ["SECTORS", "gics_name", "is_inverse", "sector_of"]


class _Listing(NamedTuple):
    sector: str | None
    is_inverse: bool


def sector_of(ticker: str) -> str | None:
    """The GICS sector of an underlying (`NVDA`, `BRK.B`, `XLK`); None where it has none or we do not know it."""
    listing = _listings().get(_symbol(ticker))
    return listing.sector if listing else None


def is_inverse(ticker: str) -> bool:
    """Whether the fund rises when what it tracks falls (SQQQ, TZA, SOXS), so that a call on it is bearish.

    Volatility funds (VXX, UVXY, SVXY) are not inverse: they track volatility, and what that means for the market is
    the reader's own judgement.
    """
    listing = _listings().get(_symbol(ticker))
    return listing is not None and listing.is_inverse


def _symbol(ticker: str) -> str:
    """As OCC roots are written: BRK.B, BRK/B and BRK-B are all BRKB."""
    return ticker.upper() if ticker.isalnum() else "".join(filter(str.isalnum, ticker)).upper()


@cache
def _listings() -> dict[str, _Listing]:
    text = files("bot.flow").joinpath("sectors.csv").read_text(encoding="ascii")
    rows = csv.DictReader(text.splitlines())
    return {row["ticker"]: _Listing(row["sector"] or None, row["inverse"] == "yes") for row in rows}
