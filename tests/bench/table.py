"""Rows of figures with the bars beside them, and how they are printed. Knows nothing of how they were measured."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Bar:
    """What a ratio has to reach, and what we should like."""

    must: float
    aim: float
    better: Literal["higher", "lower"]

    def verdict(self, ratio: float) -> str:
        sign = 1 if self.better == "higher" else -1
        if sign * ratio >= sign * self.aim:
            return "aim reached"
        return "met" if sign * ratio >= sign * self.must else "MISSED"

    def __str__(self) -> str:
        sign = "≥" if self.better == "higher" else "≤"
        return f"{sign} {self.must:g} / {self.aim:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: flowbot's value against another's."""

    figure: str
    against: str
    theirs: float
    ours: float
    unit: Callable[[float], str]
    """Writes a value with its unit."""
    by_round: float | None = None
    """The ratio, where it is not simply that of the two values."""
    bar: Bar | None = None
    broken: str = ""
    """What makes the figure worthless: alerts lost or doubled."""

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs if self.by_round is None else self.by_round

    @property
    def verdict(self) -> str:
        if self.broken:
            return f"BROKEN: {self.broken}"
        return "" if self.bar is None else self.bar.verdict(self.ratio)

    def cells(self) -> tuple[str, ...]:
        bar = "" if self.bar is None else str(self.bar)
        values = (self.unit(self.theirs), self.unit(self.ours), _ratio(self.ratio))
        return (self.figure, self.against, *values, bar, self.verdict)


HEADER = ("figure", "against", "theirs", "flowbot", "ratio", "must / aim", "")


def show(rows: Iterable[Row]) -> str:
    """The rows as an aligned text table."""
    lines = [HEADER, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    shown.insert(1, "-" * max(map(len, shown)))
    return "\n".join(shown)


def _ratio(ratio: float) -> str:
    """Two figures at least."""
    return f"{ratio:.2f}" if ratio >= 0.1 or not ratio else f"{ratio:.2g}"


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))]


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios round by round: noise that lasts longer than a round cancels out."""
    return statistics.median(our / their for our, their in zip(ours, theirs, strict=True))


def seconds(value: float) -> str:
    """Three figures or so: `0.84 ms`, `173 ms`, `6.2 s`."""
    if value >= 1:
        return f"{value:.1f} s"
    return f"{value * 1000:.0f} ms" if value >= 0.1 else f"{value * 1000:.2f} ms"
