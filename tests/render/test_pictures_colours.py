"""The pictures' colours: readable text (WCAG 2.2), and bulls told from bears by every sort of colour blindness."""

import itertools
import math

import pytest

from bot.render.pictures import colours

Rgb = tuple[float, float, float]

DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
TRITANOPIA = ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900))
"""Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009),
severity 1.0; of linear RGB."""


def linear(colour: str) -> Rgb:
    """As WCAG 2.2 defines it, in "relative luminance"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4) for part in parts)
    return red, green, blue


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def seen(colour: str, matrix: tuple[Rgb, ...]) -> Rgb:
    found = [min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear(colour), strict=True)))) for row in matrix]
    return found[0], found[1], found[2]


def lab(rgb: Rgb) -> Rgb:
    """CIE 1976 L*a*b*, from linear sRGB under D65 (IEC 61966-2-1)."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    x, y, z = (sum(a * b for a, b in zip(row, rgb, strict=True)) / w for row, w in zip(rows, white, strict=True))
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def apart(one: Rgb, other: Rgb) -> float:
    """The distance in L*a*b*; 2.3 is just noticeable."""
    return math.dist(lab(one), lab(other))


def test_black_on_white() -> None:
    """The measure itself: 21:1, as WCAG says."""
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)


@pytest.mark.parametrize("ground", [*colours.TILES, colours.UNKNOWN, colours.BACKGROUND])
def test_text_is_readable(ground: str) -> None:
    """4.5:1 on every tile, as for small text."""
    assert contrast(colours.TEXT, ground) >= 4.5


def test_what_stands_on_the_background_is_seen() -> None:
    """Quiet text 4.5:1, bars 3:1 (WCAG 2.2, "Non-text Contrast")."""
    assert contrast(colours.QUIET_TEXT, colours.BACKGROUND) >= 4.5
    assert contrast(colours.BULL, colours.BACKGROUND) >= 3
    assert contrast(colours.BEAR, colours.BACKGROUND) >= 3


@pytest.mark.parametrize("matrix", [DEUTERANOPIA, PROTANOPIA, TRITANOPIA])
@pytest.mark.parametrize(("one", "other"), [(colours.TILES[0], colours.TILES[-1]), (colours.BULL, colours.BEAR)])
def test_bulls_and_bears_are_told_apart(one: str, other: str, matrix: tuple[Rgb, ...]) -> None:
    """By whoever lacks one of the three sorts of cones, from afar: ten times what is just noticeable."""
    assert apart(seen(one, matrix), seen(other, matrix)) > 10 * 2.3


@pytest.mark.parametrize("matrix", [DEUTERANOPIA, PROTANOPIA])
def test_each_step_is_another_colour(matrix: tuple[Rgb, ...]) -> None:
    """Neighbours on the scale differ too, for nearly everybody who is colour-blind."""
    for one, other in itertools.pairwise(colours.TILES):
        assert apart(seen(one, matrix), seen(other, matrix)) > 2.3


@pytest.mark.parametrize(
    ("bull", "bear", "colour"),
    [
        (1.0, 0.0, colours.TILES[8]),
        (0.0, 1.0, colours.TILES[0]),
        (5e8, 5e8, colours.TILES[4]),
        (75.0, 25.0, colours.TILES[6]),
        (0.0, 0.0, colours.UNKNOWN),
        (-5.0, 1.0, colours.TILES[0]),
        (float("nan"), 0.0, colours.UNKNOWN),
        (float("inf"), float("inf"), colours.UNKNOWN),
    ],
)
def test_a_balance_s_colour(bull: float, bear: float, colour: str) -> None:
    """Evenly over the scale; what is no sum of money counts for nothing."""
    assert colours.tile(bull, bear) == colour
