"""Text that fits: what the pictures' font can write, and the largest size at which a tile holds its lines. Pure.

How wide text is, whoever owns the font says (`Measure`).
"""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from bot.render.words import one_line

Measure = Callable[[str, int], float]
"""Pixels that a text takes at a size, in the heavier weight."""

FONT_HAS: Final = frozenset(map(chr, range(0x20, 0x7F))) | set("©«°±·»‘’“”…‹›⁄™")
"""What Pillow's own font (Aileron, cut down) can draw."""
_STANDS_FOR: Final = str.maketrans({"–": "-", "—": "-", "−": "-", "×": "x", "•": "·"})
MOST_CHARS: Final = 60
"""Of a name."""

LINE_HEIGHT: Final = 1.18
SMALLEST: Final = 20
"""Pixels: about eight points where a phone shows the picture across its screen."""
NAME_SIZES: Final = (72, 64, 56, 48, 42, 36, 32, 28, 25, 22)
DETAIL: Final = 0.58
"""The other lines' size, of the name's."""
LONG_NAME: Final = 10
"""Characters: a longer name may take two lines at any size, and be cut down to as many at the smallest."""


class Line(NamedTuple):
    """One line of text, and its size in pixels."""

    text: str
    size: int
    is_name: bool = False


def plain(text: str, max_chars: int = MOST_CHARS) -> str:
    """One line that the font can write: without accents, and with `?` for what else it lacks."""
    decomposed = unicodedata.normalize("NFKD", one_line(text, max_chars).translate(_STANDS_FOR))
    kept = (character for character in decomposed if not unicodedata.combining(character))
    return "".join(character if character in FONT_HAS else "?" for character in kept)


def cut(text: str, size: int, width: float, measure: Measure) -> str:
    """The text, or as much of its beginning as fits, and an ellipsis; empty where not even that does."""
    if measure(text, size) <= width:
        return text
    for length in range(len(text) - 1, 0, -1):
        shorter = f"{text[:length].rstrip()}…"
        if measure(shorter, size) <= width:
            return shorter
    return ""


def fitted(
    name: str,
    details: Sequence[str],
    width: float,
    height: float,
    measure: Measure,
    *,
    sizes: Sequence[int] = NAME_SIZES,
) -> tuple[Line, ...]:
    """Name and details as large as they fit into a tile; nothing where they do not fit at all."""
    for size in sizes:
        small = max(SMALLEST, round(size * DETAIL))
        for names in _names(name, size, width, measure):
            for lines in (details, (" · ".join(details),)):
                is_low = (len(names) * size + len(lines) * small) * LINE_HEIGHT <= height
                if is_low and all(measure(line, small) <= width for line in lines):
                    return (*(Line(each, size, is_name=True) for each in names), *(Line(each, small) for each in lines))
    return ()


def _names(name: str, size: int, width: float, measure: Measure) -> list[tuple[str, ...]]:
    """The ways to write a name that fit the width: whole, on two lines, and, at the smallest size, cut."""
    ways: list[tuple[str, ...]] = [(name,)]
    if len(name) > LONG_NAME or size == NAME_SIZES[-1]:
        words = name.split()
        ways += [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    fitting = [way for way in ways if all(measure(each, size) <= width for each in way)]
    if not fitting and size == NAME_SIZES[-1]:
        shorter = cut(name, size, width, measure)
        return [(shorter,)] if len(shorter) > LONG_NAME else []
    return fitting
