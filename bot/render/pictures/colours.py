"""The pictures' colours, for a dark chat: blue for bulls, orange for bears, which no colour blindness confuses.

No picture says anything by colour alone. White text on every tile, and all text on the background, has a contrast of
4.5:1 at least (WCAG 2.2, "Contrast (Minimum)").
"""

from typing import Final

BACKGROUND: Final = "#1E1F22"
TEXT: Final = "#FFFFFF"
QUIET_TEXT: Final = "#B5BAC1"
GRID: Final = "#3A3D44"

BULL: Final = "#4C9BF5"
"""Of bars, on the background."""
BEAR: Final = "#F08A32"

TILES: Final = (
    "#B84F0A", "#9F562C", "#855540", "#6A534D",
    "#4E5159",
    "#4B5B7B", "#3F6196", "#2E65B0", "#1B66C9",
)  # fmt: skip
"""All bear to all bull, even in the middle; equal steps in the OKLab colour space."""
UNKNOWN: Final = "#3A3D44"
"""Of a tile whose flow leans nobody knows where to."""


def tile(bull_usd: float, bear_usd: float) -> str:
    """The colour of a balance."""
    share = bull_share(bull_usd, bear_usd)
    return UNKNOWN if share is None else TILES[round(share * (len(TILES) - 1))]


def bull_share(bull_usd: float, bear_usd: float) -> float | None:
    """The bulls' part of bull and bear premium, 0 to 1; None where there is neither."""
    both = bull_usd + bear_usd
    return bull_usd / both if both > 0 else None
