"""What all pictures share: the size of the sheet, its margins, its letters, and its heading."""

from typing import TYPE_CHECKING, Final

from bot.render.pictures import colours, lettering
from bot.render.pictures.lettering import Measure

if TYPE_CHECKING:
    from bot.render.pictures.canvas import Canvas

WIDTH: Final = 1000
HEIGHT: Final = 700
"""Pixels: some 40 % of that where a phone shows it across its screen, so that letters must be large."""
MARGIN: Final = 20
TITLE_SIZE: Final = 40
SUBTITLE_SIZE: Final = 24
SMALL_SIZE: Final = 22
MOST_CHARS: Final = 120
"""Of a title or subtitle, if they were thin."""

MAX_ALT: Final = 1_000
"""Characters (bot.model.answers.Picture)."""
LEAST_USD: Final = 0.01
MOST_USD: Final = 1e15
"""From here on a number is no sum of money, whoever says so."""


def head(canvas: "Canvas", title: str, subtitle: str, measure: Measure) -> float:
    """Writes title and subtitle; says where what is below may begin."""
    width = WIDTH - 2 * MARGIN
    shown = lettering.cut(lettering.plain(title, MOST_CHARS), TITLE_SIZE, width, measure)
    canvas.text(MARGIN, 42, shown, TITLE_SIZE, is_bold=True)
    if not subtitle:
        return 76
    shown = lettering.cut(lettering.plain(subtitle, MOST_CHARS), SUBTITLE_SIZE, width, measure)
    canvas.text(MARGIN, 84, shown, SUBTITLE_SIZE, colour=colours.QUIET_TEXT)
    return 110
