"""The eleven GICS sectors, by whatever name a person or a feed calls them."""

SECTORS: tuple[str, ...] = (
    "Energy",
    "Materials",
    "Industrials",
    "Consumer Discretionary",
    "Consumer Staples",
    "Health Care",
    "Financials",
    "Information Technology",
    "Communication Services",
    "Utilities",
    "Real Estate",
)
"""The eleven sectors of the Global Industry Classification Standard (MSCI and S&P, since 2018)."""

YAHOO_TO_GICS: dict[str, str] = {
    "Technology": "Information Technology",
    "Healthcare": "Health Care",
    "Financial Services": "Financials",
    "Consumer Cyclical": "Consumer Discretionary",
    "Consumer Defensive": "Consumer Staples",
    "Basic Materials": "Materials",
}
"""Yahoo Finance's names where they differ."""

_BY_NAME = {name.casefold(): name for name in SECTORS} | {
    name.casefold(): sector for name, sector in YAHOO_TO_GICS.items()
}


def gics_name(text: str) -> str | None:
    """The GICS name of the sector that `text` names in any case, GICS's or Yahoo's; None where it names none."""
    return _BY_NAME.get(" ".join(text.split()).casefold())
