"""A rectangle cut into tiles by weight: true areas, nothing outside, nothing over another, no splinters."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.render.pictures.treemap import Rect, squarified

FRAME = Rect(20.0, 76.0, 960.0, 560.0)
NEARLY = 1e-6

weights = st.lists(st.floats(0.01, 1e12), min_size=1, max_size=60).map(lambda found: sorted(found, reverse=True))


def test_one_fills_the_frame() -> None:
    """Whatever it weighs."""
    assert squarified([0.01], FRAME) == [FRAME]


def test_the_paper_s_own_example() -> None:
    """6, 6, 4, 3, 2, 2, 1 in 6 by 4 (Bruls, Huizing and van Wijk, 2000, figure 4)."""
    tiles = squarified([6, 6, 4, 3, 2, 2, 1], Rect(0, 0, 6, 4))
    expected = [
        (0, 0, 3, 2), (0, 2, 3, 2), (3, 0, 12 / 7, 7 / 3), (3 + 12 / 7, 0, 9 / 7, 7 / 3),
        (3, 7 / 3, 6 / 5, 5 / 3), (21 / 5, 7 / 3, 6 / 5, 5 / 3), (27 / 5, 7 / 3, 3 / 5, 5 / 3),
    ]  # fmt: skip
    for tile, place in zip(tiles, expected, strict=True):
        assert tile == pytest.approx(place)


def test_nothing_to_lay_out() -> None:
    """No weights, no tiles."""
    assert squarified([], FRAME) == []


@settings(max_examples=150, deadline=None)
@given(weights)
def test_areas_are_as_the_weights(found: list[float]) -> None:
    """Each tile has its part of the frame, in the order of the weights."""
    tiles = squarified(found, FRAME)
    whole = FRAME.width * FRAME.height
    assert len(tiles) == len(found)
    for tile, weight in zip(tiles, found, strict=True):
        assert tile.width * tile.height == pytest.approx(whole * weight / sum(found), rel=1e-3, abs=1e-3)


@settings(max_examples=150, deadline=None)
@given(weights)
def test_tiles_lie_inside_and_apart(found: list[float]) -> None:
    """None leaves the frame, and no two share more than an edge."""
    tiles = squarified(found, FRAME)
    for tile in tiles:
        assert tile.x >= FRAME.x - NEARLY
        assert tile.y >= FRAME.y - NEARLY
        assert tile.x + tile.width <= FRAME.x + FRAME.width + NEARLY
        assert tile.y + tile.height <= FRAME.y + FRAME.height + NEARLY
    for one, other in itertools.combinations(tiles, 2):
        across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
        down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
        assert across <= NEARLY or down <= NEARLY


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(1.0, 2.0), min_size=1, max_size=60).map(lambda found: sorted(found, reverse=True)))
def test_no_splinters_among_peers(found: list[float]) -> None:
    """Where none weighs more than twice another, no tile is more than six times as long as wide."""
    for tile in squarified(found, FRAME):
        assert max(tile.width / tile.height, tile.height / tile.width) < 6
