"""The pictures' colours, for a dark chat: blue for bulls, orange for bears, which no colour blindness confuses.

No picture says anything by colour alone. White text on every tile, and all text on the background, has a contrast of
4.5:1 at least (WCAG 2.2, "Contrast (Minimum)").
"""

import math
from typing import Final

BACKGROUND: Final = "#1E1F22"
TEXT: Final = "#FFFFFF"
QUIET_TEXT: Final = "#B5BAC1"
GRID: Final = "#3A3D44"

BULL: Final = "#4C9BF5"
"""Of bars, on the background."""
BEAR: Final = "#F08A32"

TILES: Final = (
    "#C2540A", "#B25625", "#9E5736", "#835645",
    "#4E5159",
    "#40608E", "#3567AA", "#2A6CC0", "#1D6FD1",
)  # fmt: skip
"""All bear to all bull, even in the middle: between grey and either end in the OKLab colour space, and sooner there
than evenly, because most flow leans a little."""
UNKNOWN: Final = "#3A3D44"
"""Of a tile whose flow leans nobody knows where to."""
PAINTED: Final = (
    *((ground, TEXT) for ground in (BACKGROUND, UNKNOWN, *TILES)),
    *((BACKGROUND, ink) for ink in (QUIET_TEXT, GRID, BULL, BEAR)),
)
"""Every ground, and what is written or drawn on it: whatever a picture shows is one of these, or between the two."""


def tile(bull_usd: float, bear_usd: float) -> str:
    """The colour of a balance."""
    share = bull_share(bull_usd, bear_usd)
    return UNKNOWN if share is None else TILES[round(share * (len(TILES) - 1))]


def bull_share(bull_usd: float, bear_usd: float) -> float | None:
    """The bulls' part of bull and bear premium, 0 to 1; None where there is neither."""
    bull, bear = max(0.0, bull_usd), max(0.0, bear_usd)  # whatever a vendor says
    return bull / (bull + bear) if 0 < bull + bear < math.inf else None
