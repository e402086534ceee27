"""The session's course: for every five minutes a bar of bull premium upwards and one of bear premium downwards."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.model.answers import Picture
from bot.model.heat import BUCKET_NS, Bucket
from bot.render.lengths import cut
from bot.render.pictures import colours, lettering
from bot.render.pictures.axis import clock_ticks, round_step
from bot.render.pictures.lettering import Measure
from bot.render.pictures.sheet import HEIGHT, LEAST_USD, MARGIN, MAX_ALT, MOST_USD, SMALL_SIZE, WIDTH, head
from bot.render.pictures.treemap import Rect
from bot.render.words import money, new_york, one_line

if TYPE_CHECKING:
    from bot.render.pictures.canvas import Canvas

SUM_SIZE: Final = 30
CLOCK_SIZE: Final = 24
MOST_CLOCKS: Final = 8
MOST_STEPS: Final = 6
LEAST_SIDE: Final = 0.15
"""Of the higher side: so much room the lower one has at least."""
HEADROOM: Final = 1.04


class Scale(NamedTuple):
    """How dollars become pixels."""

    zero_y: float
    px_per_usd: float
    steps: list[float]
    """Where the lines go, in US dollars; below zero for bears."""

    def y(self, usd: float) -> float:
        return self.zero_y - usd * self.px_per_usd


def timeline_png(
    buckets: Sequence[Bucket], title: str, *, opens_ns: int, closes_ns: int, subtitle: str = ""
) -> Picture:
    """Bars between two moments, unix nanoseconds; what begins outside them is told in a line of words.

    Raises ValueError where nothing within them leans either way, or they are no span: answer in words alone then.
    """
    from bot.render.pictures.canvas import Canvas, text_width

    inside, outside = parted(buckets, opens_ns, closes_ns)
    if not any(max(bucket.bull_usd, bucket.bear_usd) >= LEAST_USD for bucket in inside):
        raise ValueError("no bull or bear premium to draw between these times: answer in words alone")
    canvas = Canvas(WIDTH, HEIGHT)
    top = head(canvas, title, subtitle, text_width)
    _sums(canvas, inside, top + 18, text_width)
    top, bottom = top + 52, HEIGHT - 100
    scale = scaled(inside, top, bottom)
    left = _steps(canvas, scale, text_width)
    plot = Rect(left, top, WIDTH - MARGIN - left, bottom - top)
    for rect, colour in bars(inside, plot, scale, opens_ns, closes_ns):
        canvas.rectangle(rect, colour)
    canvas.rectangle(Rect(left, scale.zero_y - 1, plot.width, 2), colours.QUIET_TEXT)
    _clocks(canvas, plot, opens_ns, closes_ns, text_width)
    _foot(canvas, outside, text_width)
    return Picture("timeline.png", canvas.png(), alt(inside, outside, title, opens_ns, closes_ns))


def parted(buckets: Sequence[Bucket], opens_ns: int, closes_ns: int) -> tuple[list[Bucket], list[Bucket]]:
    """Those that begin between the two moments, in order of time, and the others. Raises ValueError for no span."""
    if closes_ns <= opens_ns:
        raise ValueError(f"the time to draw must end after it begins: {opens_ns} to {closes_ns}")
    honest = [bucket for bucket in buckets if all(0 <= usd < MOST_USD for usd in _amounts(bucket))]
    honest.sort(key=lambda bucket: bucket.begins_ns)
    inside = [bucket for bucket in honest if opens_ns <= bucket.begins_ns < closes_ns]
    return inside, [bucket for bucket in honest if not opens_ns <= bucket.begins_ns < closes_ns]


def _amounts(bucket: Bucket) -> tuple[float, float, float]:
    return bucket.bull_usd, bucket.bear_usd, bucket.neutral_usd


def scaled(buckets: Sequence[Bucket], top: float, bottom: float) -> Scale:
    """One scale for both sides; the zero line lies where both have the room that they need."""
    up = max(bucket.bull_usd for bucket in buckets)
    down = max(bucket.bear_usd for bucket in buckets)
    least = LEAST_SIDE * max(up, down)
    up, down = HEADROOM * max(up, least), HEADROOM * max(down, least)
    px_per_usd = (bottom - top) / (up + down)
    step = round_step(up + down, MOST_STEPS)
    steps = [step * number for number in range(-math.floor(down / step), math.floor(up / step) + 1)]
    return Scale(top + up * px_per_usd, px_per_usd, steps)


def bars(buckets: Sequence[Bucket], plot: Rect, scale: Scale, opens_ns: int, closes_ns: int) -> list[tuple[Rect, str]]:
    """Each bar's place and colour; whatever is not nothing is a pixel high at least."""
    px_per_ns = plot.width / (closes_ns - opens_ns)
    gap = 2 if BUCKET_NS * px_per_ns >= 6 else 0
    found: list[tuple[Rect, str]] = []
    for bucket in buckets:
        x = plot.x + (bucket.begins_ns - opens_ns) * px_per_ns
        width = max(1.0, min(BUCKET_NS, closes_ns - bucket.begins_ns) * px_per_ns - gap)
        high, deep = (usd and max(1.0, usd * scale.px_per_usd) for usd in (bucket.bull_usd, bucket.bear_usd))
        if high:
            found.append((Rect(x, scale.zero_y - high, width, high), colours.BULL))
        if deep:
            found.append((Rect(x, scale.zero_y, width, deep), colours.BEAR))
    return found


def alt(inside: Sequence[Bucket], outside: Sequence[Bucket], title: str, opens_ns: int, closes_ns: int) -> str:
    """The same in words: sums, peaks, and hour by hour."""
    bull, bear, neutral = _sum(inside)
    best, worst = (max(inside, key=lambda bucket: _amounts(bucket)[side]) for side in (0, 1))
    hours: dict[str, list[Bucket]] = {}
    for bucket in inside:
        hours.setdefault(f"{new_york(bucket.begins_ns).hour}:00", []).append(bucket)
    sentences = (
        f"Timeline: {one_line(title)}.",
        f"Premium every five minutes from {_clock(opens_ns)} to {_clock(closes_ns)}, New York time:",
        f"bull {_usd(bull)}, bear {_usd(bear)}, neutral {_usd(neutral)}.",
        f"Most bull at {_clock(best.begins_ns)}: {_usd(best.bull_usd)}." if bull else "",
        f"Most bear at {_clock(worst.begins_ns)}: {_usd(worst.bear_usd)}." if bear else "",
        f"{_outside(outside)}." if outside else "",
        "By the hour, bull and bear:",
        "; ".join(f"{hour} {_usd(_sum(its)[0])}, {_usd(_sum(its)[1])}" for hour, its in hours.items()) + ".",
    )
    return cut(" ".join(sentence for sentence in sentences if sentence), MAX_ALT)


def _usd(usd: float) -> str:
    return money(usd) if usd else "$0"


def _sum(buckets: Sequence[Bucket]) -> tuple[float, float, float]:
    bull, bear, neutral = (sum(_amounts(bucket)[side] for bucket in buckets) for side in range(3))
    return bull, bear, neutral


def _clock(ns: int) -> str:
    local = new_york(ns)
    return f"{local.hour}:{local:%M}"


def _outside(outside: Sequence[Bucket]) -> str:
    bull, bear, _ = _sum(outside)
    return f"Outside these hours: bull {_usd(bull)}, bear {_usd(bear)}"


def _sums(canvas: "Canvas", inside: Sequence[Bucket], y: float, measure: Measure) -> None:
    """`▲ bull $12M  ▼ bear $8M`: what the bars mean, and what they come to."""
    bull, bear, neutral = _sum(inside)
    x = float(MARGIN)
    for usd, word, colour, is_up in ((bull, "bull", colours.BULL, True), (bear, "bear", colours.BEAR, False)):
        canvas.triangle(x + 11, y, 20, colour, is_up=is_up)
        text = f"{word} {_usd(usd)}"
        canvas.text(x + 30, y, text, SUM_SIZE, is_bold=True)
        x += 30 + measure(text, SUM_SIZE) + 36
    if neutral:
        canvas.text(x, y, f"neutral {money(neutral)}", SUM_SIZE - 4, colour=colours.QUIET_TEXT)


def _steps(canvas: "Canvas", scale: Scale, measure: Measure) -> float:
    """The scale's lines and what they stand for; says where the plot's left edge is."""
    labels = [_usd(abs(step)) for step in scale.steps]
    left = MARGIN + max(measure(label, SMALL_SIZE) for label in labels) + 12
    for step, label in zip(scale.steps, labels, strict=True):
        canvas.rectangle(Rect(left, scale.y(step) - 1, WIDTH - MARGIN - left, 2), colours.GRID)
        canvas.text(left - 12, scale.y(step), label, SMALL_SIZE, colour=colours.QUIET_TEXT, align="right")
    return left


def _clocks(canvas: "Canvas", plot: Rect, opens_ns: int, closes_ns: int, measure: Measure) -> None:
    y = plot.y + plot.height + 28
    for ns, label in clock_ticks(opens_ns, closes_ns, MOST_CLOCKS):
        x = plot.x + plot.width * (ns - opens_ns) / (closes_ns - opens_ns)
        half = measure(label, CLOCK_SIZE) / 2
        canvas.rectangle(Rect(x - 1, plot.y + plot.height, 2, 8), colours.QUIET_TEXT)
        canvas.text(min(x, WIDTH - 4 - half), y, label, CLOCK_SIZE, align="middle")


def _foot(canvas: "Canvas", outside: Sequence[Bucket], measure: Measure) -> None:
    words = "premium every 5 minutes, New York time"
    y = HEIGHT - 28
    canvas.text(WIDTH - MARGIN, y, words, SMALL_SIZE, colour=colours.QUIET_TEXT, align="right")
    if outside:
        room = WIDTH - 3 * MARGIN - measure(words, SMALL_SIZE)
        told = lettering.cut(_outside(outside), SMALL_SIZE, room, measure)
        canvas.text(MARGIN, y, told, SMALL_SIZE, colour=colours.QUIET_TEXT)
