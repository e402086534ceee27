"""Letters on pictures: what the font lacks is replaced, and no line is wider or the block higher than its room."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from bot.render.pictures.canvas import Canvas, text_width
from bot.render.pictures.lettering import FONT_HAS, LINE_HEIGHT, SMALLEST, Line, cut, fitted, plain


def ten_each(text: str, size: int) -> float:
    """A font whose letters are half as wide as high."""
    return len(text) * size / 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("NVDA", "NVDA"),
        ("Société Générale", "Societe Generale"),
        ("Brücke – Straße", "Brucke - Stra?e"),
        ("日本", "??"),
        ("a\nb\u202ec", "a b c"),
        ("½ × ™", "1⁄2 x TM"),
        ("", ""),
    ],
)
def test_plain(text: str, shown: str) -> None:
    """Accents fall off, dashes become hyphens, and what is left that the font lacks is a question mark."""
    assert plain(text) == shown


def test_the_font_has_what_we_say() -> None:
    """No character that we let through is drawn as the font's box for what it lacks."""
    font = ImageFont.load_default(24)
    assert isinstance(font, ImageFont.FreeTypeFont)
    box = bytes(font.getmask("\uffff"))
    assert [character for character in sorted(FONT_HAS - {" "}) if bytes(font.getmask(character)) == box] == []
    assert bytes(font.getmask("日")) == box


@given(st.text(max_size=200))
def test_plain_is_one_line_of_what_the_font_has(text: str) -> None:
    """Whatever anybody calls a ticker."""
    assert set(plain(text)) <= FONT_HAS


def test_cut() -> None:
    """As much as fits, with an ellipsis; nothing where not even one letter does."""
    assert cut("Energy", 20, 60, ten_each) == "Energy"
    assert cut("Energy", 20, 59, ten_each) == "Ener…"
    assert cut("Energy", 20, 19, ten_each) == ""


def test_fitted_takes_the_largest_size() -> None:
    """A small tile has small letters, and a tiny one none."""
    big = fitted("NVDA", ("$1M", "62% bull"), 400, 400, ten_each)
    assert [line.text for line in big] == ["NVDA", "$1M", "62% bull"]
    assert big[0].size == 72
    small = (Line("NVDA", 32, is_name=True), Line("$1M", 20), Line("62% bull", 20))
    assert fitted("NVDA", ("$1M", "62% bull"), 80, 90, ten_each) == small
    assert fitted("NVDA", ("$1M", "62% bull"), 79, 90, ten_each) == ()
    assert fitted("NVDA", ("$1M", "62% bull"), 80, 60, ten_each) == ()


def test_long_names_take_two_lines_and_are_cut_last() -> None:
    """`Information Technology` is broken at the blank before it is made small; a single long word loses its end."""
    lines = fitted("Information Technology", ("$1M", "even"), 250, 200, ten_each)
    assert [line.text for line in lines] == ["Information", "Technology", "$1M", "even"]
    (name, *_) = fitted("W" * 60, ("$1M", "even"), 150, 200, ten_each)
    assert name.text == "W" * 12 + "…"
    assert fitted("W" * 60, ("$1M", "even"), 100, 200, ten_each) == ()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.floats(0, 500), st.floats(0, 300))
def test_what_is_fitted_fits(name: str, width: float, height: float) -> None:
    """Measured with the font that paints it, no line is wider than its room, nor the lines together higher."""
    lines = fitted(plain(name), ("$1,339.4B", "100% bear"), width, height, text_width)
    assert all(text_width(line.text, line.size) <= width for line in lines)
    assert sum(line.size for line in lines) * LINE_HEIGHT <= height
    assert all(line.size >= SMALLEST for line in lines)


@pytest.mark.parametrize("size", [SMALLEST, 22, 36, 72])
def test_ink_is_where_it_was_measured(size: int) -> None:
    """In the pixels: the heavier letters, their tails too, are not wider than measured nor higher than a line."""
    text = "Wj(Qg|@W"
    canvas = Canvas(1000, 200)
    canvas.text(500, 100, text, size, align="middle", is_bold=True)
    image = Image.open(BytesIO(canvas.png())).convert("L")
    ink = image.point([255 if level > 60 else 0 for level in range(256)]).getbbox()
    assert ink is not None
    left, top, right, bottom = ink
    assert right - left <= text_width(text, size) + 1
    assert bottom - top <= LINE_HEIGHT * size + 1
    assert abs((left + right) / 2 - 500) <= 0.05 * size + 1
    assert abs((top + bottom) / 2 - 100) <= 0.15 * size
