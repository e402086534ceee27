"""OCC option symbols: root, expiry, type and strike in one word.

Format (OCC's Options Symbology Initiative, 2010): root padded with spaces to 6 characters, YYMMDD, C or P, and the
strike times 1000 in 8 digits, 21 characters in all. Seen unpadded, too, and with Polygon's `O:` before it. Writing
one is `Print.contract`.
"""

import re
from datetime import date
from typing import NamedTuple

from bot.model.prints import OptionType

_SYMBOL = re.compile(r"(?:O:)?([A-Z0-9.]{1,6}) *([0-9]{2})([0-9]{2})([0-9]{2})([CP])([0-9]{8})", re.IGNORECASE)
_LONGEST = 24


class Contract(NamedTuple):
    """One listed option."""

    ticker: str
    expiry: date
    type: OptionType
    strike: float
    """US dollars."""


def parse_occ(symbol: str) -> Contract | None:
    """The contract that an OCC symbol names; None where it is no such symbol."""
    if len(symbol) > _LONGEST:
        return None
    found = _SYMBOL.fullmatch(symbol.strip())
    if found is None:
        return None
    root, year, month, day, letter, thousandths = found.groups()
    try:
        expiry = date(2000 + int(year), int(month), int(day))
    except ValueError:
        return None
    strike = int(thousandths) / 1000
    return Contract(root.upper(), expiry, "call" if letter in "Cc" else "put", strike) if strike else None
