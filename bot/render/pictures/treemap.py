"""A rectangle cut into tiles whose areas are as their weights: the squarified treemap. Knows no picture."""

from collections.abc import Sequence
from typing import NamedTuple


class Rect(NamedTuple):
    """Left and top edge, and size, in pixels."""

    x: float
    y: float
    width: float
    height: float


def squarified(weights: Sequence[float], frame: Rect) -> list[Rect]:
    """One tile a weight, in their order, which is best the largest first; weights are above zero.

    Rows are laid along the shorter side, each as long as that makes its tiles squarer (M. Bruls, K. Huizing and
    J. van Wijk, "Squarified Treemaps", 2000).
    """
    scale = frame.width * frame.height / sum(weights) if weights else 0.0
    areas = [weight * scale for weight in weights]
    tiles: list[Rect] = []
    rest = frame
    begin = 0
    while begin < len(areas):
        end = _row_end(areas, begin, min(rest.width, rest.height))
        row, rest = _laid(areas[begin:end], rest, is_last=end == len(areas))
        tiles += row
        begin = end
    return tiles


def _row_end(areas: Sequence[float], begin: int, side: float) -> int:
    """Where the row that begins there is best ended: before the tile that would make its worst one longer."""
    smallest = largest = total = areas[begin]
    end = begin + 1
    while end < len(areas):
        area = areas[end]
        longer = _worst(min(smallest, area), max(largest, area), total + area, side)
        if longer > _worst(smallest, largest, total, side):
            break
        smallest, largest, total = min(smallest, area), max(largest, area), total + area
        end += 1
    return end


def _worst(smallest: float, largest: float, total: float, side: float) -> float:
    """The greatest aspect ratio of a row with that total along a side."""
    return max(side**2 * largest / total**2, total**2 / (side**2 * smallest))


def _laid(areas: Sequence[float], rest: Rect, *, is_last: bool) -> tuple[list[Rect], Rect]:
    """The row's tiles, and what of the frame is left."""
    is_wide = rest.width >= rest.height
    length, side = (rest.width, rest.height) if is_wide else (rest.height, rest.width)
    total = sum(areas)
    depth = length if is_last else min(length, total / side)
    tiles: list[Rect] = []
    at = 0.0
    for area in areas:
        long = side * (area / total)
        tiles.append(
            Rect(rest.x, rest.y + at, depth, long) if is_wide else Rect(rest.x + at, rest.y, long, depth),
        )
        at += long
    if is_wide:
        return tiles, Rect(rest.x + depth, rest.y, rest.width - depth, rest.height)
    return tiles, Rect(rest.x, rest.y + depth, rest.width, rest.height - depth)
