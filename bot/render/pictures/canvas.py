"""Paints rectangles and text, and makes a PNG of them. The one file that knows Pillow: import it late."""

from functools import lru_cache
from io import BytesIO
from typing import Final, Literal, cast

from PIL import Image, ImageDraw, ImageFont

from bot.render.pictures.colours import BACKGROUND, PAINTED, TEXT
from bot.render.pictures.treemap import Rect

Align = Literal["left", "middle", "right"]

_BOLD: Final = 0.022
"""The font has one weight: the heavier one is drawn with an outline of this part of its size."""
_ANCHORS: Final[dict[Align, str]] = {"left": "lm", "middle": "mm", "right": "rm"}
_SHADES: Final = 7
"""Steps from a ground to what is on it: the soft edges of letters."""


@lru_cache(maxsize=1)
def _palette() -> Image.Image:
    """All colours of a picture, exactly: so it is small, and every colour is the one that was chosen."""
    shades = {
        tuple(round(a + (b - a) * step / _SHADES) for a, b in zip(_rgb(ground), _rgb(ink), strict=True))
        for ground, ink in PAINTED
        for step in range(_SHADES + 1)
    }
    holder = Image.new("P", (1, 1))
    holder.putpalette([part for shade in sorted(shades) for part in shade])
    return holder


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return cast("ImageFont.FreeTypeFont", ImageFont.load_default(size))  # given a size, it is one or ImportError


@lru_cache(maxsize=4096)
def text_width(text: str, size: int) -> float:
    """In the heavier weight."""
    return _font(size).getlength(text) + 2 * _BOLD * size


class Canvas:
    """A dark sheet."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width, height), BACKGROUND)
        self._draw = ImageDraw.Draw(self._image)

    def rectangle(self, rect: Rect, colour: str, *, radius: int = 0) -> None:
        """Edges lie on whole pixels, so that neighbours meet; nothing where there is less than one pixel."""
        left, top = round(rect.x), round(rect.y)
        right, bottom = round(rect.x + rect.width) - 1, round(rect.y + rect.height) - 1
        if right >= left and bottom >= top:
            self._draw.rounded_rectangle((left, top, right, bottom), radius=radius, fill=colour)

    def triangle(self, x: float, y: float, size: float, colour: str, *, is_up: bool) -> None:
        """Points up or down; the middle is at x, y."""
        half = size / 2 if is_up else -size / 2
        self._draw.polygon(((x - half, y + half), (x + half, y + half), (x, y - half)), fill=colour)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: int,
        *,
        colour: str = TEXT,
        align: Align = "left",
        is_bold: bool = False,
    ) -> None:
        """`y` is the line's middle."""
        self._draw.text(
            (round(x), round(y)),
            text,
            fill=colour,
            font=_font(size),
            anchor=_ANCHORS[align],
            stroke_width=_BOLD * size if is_bold else 0,
            stroke_fill=colour,
        )

    def png(self) -> bytes:
        file = BytesIO()
        self._image.quantize(palette=_palette(), dither=Image.Dither.NONE).save(file, "PNG", compress_level=6)
        return file.getvalue()
