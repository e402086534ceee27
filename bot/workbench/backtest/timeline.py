"""A destination's day as an inline SVG: alerts a minute, stacked by rule, the channel's limit, what was digested."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Final

from bot.render.words import NEW_YORK
from bot.workbench.backtest.report import DestinationReport, MinuteReport, SetReport

COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8a8a8a")
"""The last is for all rules that have none of their own."""
WIDTH, HEIGHT = 1000, 190
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 14, 34
FAR_LIMIT: Final = 4
"""A limit so many times as high as the day's peak is told in words: its line would flatten everything else."""
SHORTEST_MINUTES: Final = 30
"""Of an axis: a single minute is no timeline."""
LABEL_EVERY: Final = (5, 15, 30, 60, 120, 180)
MOST_LABELS: Final = 14
MARK: Final = 4
"""Height of what marks a minute beneath the axis, and its least width."""
OTHERS: Final = len(COLOURS) - 1
MINUTES_A_DAY: Final = 1440


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where a minute and a count lie."""

    first: int
    """Minutes after midnight in New York."""
    last: int
    most: int
    """Alerts a minute at the top."""

    @property
    def step(self) -> float:
        return (WIDTH - LEFT - RIGHT) / (self.last - self.first + 1)

    def x(self, minute: int) -> float:
        return LEFT + (minute - self.first) * self.step

    def y(self, count: float) -> float:
        return HEIGHT - BOTTOM - count * (HEIGHT - BOTTOM - TOP) / self.most


def timelines(config: SetReport) -> Iterable[str]:
    """A heading, a legend and a chart a day for each destination that anything was sent to. All have the same axis."""
    minutes = [_of_day(minute.at) for to in config.destinations for minute in to.minutes]
    if not minutes:
        return
    first, last = min(minutes), max(minutes)
    last = min(max(last, first + SHORTEST_MINUTES), MINUTES_A_DAY - 1)
    for to in config.destinations:
        if not to.minutes:
            continue
        places = _places(to)
        yield f"<h3>{escape(to.name)}</h3>\n"
        yield _legend(places, has_digested=bool(to.digested))
        for day, of_day in _days(to.minutes):
            yield _chart(to, day, of_day, places, (first, last))


def _places(to: DestinationReport) -> dict[str, int]:
    """Rule -> its place in the stack and its colour; the busiest first."""
    alerts: Counter[str] = Counter()
    for minute in to.minutes:
        alerts.update(minute.alerts)
    return {rule: min(place, OTHERS) for place, (rule, _) in enumerate(alerts.most_common())}


def _legend(places: dict[str, int], *, has_digested: bool) -> str:
    own = [(place, rule) for rule, place in places.items() if place < OTHERS]
    others = [rule for rule, place in places.items() if place == OTHERS]
    if others:
        own.append((OTHERS, others[0] if len(others) == 1 else f"{len(others)} other rules"))
    marks = [
        f'<span><svg viewBox="0 0 10 10"><rect class="c{place}" width="10" height="10"/></svg> {escape(name)}</span>'
        for place, name in own
    ]
    if has_digested:
        mark = f'<rect class="digested" y="3" width="10" height="{MARK}"/>'
        marks.append(f'<span><svg viewBox="0 0 10 10">{mark}</svg> beneath: some were digested</span>')
    return f'<p class="legend dim">{"".join(marks)}</p>\n'


def _days(minutes: Sequence[MinuteReport]) -> list[tuple[date, list[MinuteReport]]]:
    days: dict[date, list[MinuteReport]] = {}
    for minute in minutes:
        days.setdefault(minute.at.astimezone(NEW_YORK).date(), []).append(minute)
    return sorted(days.items())


def _chart(
    to: DestinationReport, day: date, minutes: Sequence[MinuteReport], places: dict[str, int], span: tuple[int, int]
) -> str:
    peak = max(sum(minute.alerts.values()) for minute in minutes)
    limit = to.limit_a_minute
    has_line = limit is not None and limit <= FAR_LIMIT * peak
    axes = _Axes(*span, most=max(peak, limit if has_line and limit is not None else 0))
    label = f"Alerts a minute to {to.name} on {day:%A} {day.isoformat()}, New York time: at most {peak:,}."
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">',
        *_frame(axes, day, peak, None if has_line else limit),
        *(part for minute in minutes for part in _bar(minute, axes, places)),
        *(_limit(axes, limit) if has_line and limit is not None else ()),
        "</svg>\n",
    ]
    return "".join(parts)


def _frame(axes: _Axes, day: date, peak: int, far_limit: int | None) -> Iterable[str]:
    base = axes.y(0)
    yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base:.1f}" y2="{base:.1f}"/>'
    yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{axes.y(peak):.1f}" y2="{axes.y(peak):.1f}"/>'
    yield f'<text x="{LEFT - 6}" y="{axes.y(peak) + 4:.1f}" text-anchor="end">{peak:,}</text>'
    yield f'<text x="{LEFT - 6}" y="{base + 4:.1f}" text-anchor="end">0</text>'
    for minute in _labels(axes):
        at = f"{minute // 60:02}:{minute % 60:02}"
        yield f'<text x="{axes.x(minute):.1f}" y="{HEIGHT - BOTTOM + 24}" text-anchor="middle">{at}</text>'
    told = f"{day:%a} {day.isoformat()}, alerts a minute"
    if far_limit:
        told += f"; the channel can carry {far_limit:,}"
    yield f'<text x="{WIDTH - RIGHT}" y="10" text-anchor="end">{told}</text>'


def _labels(axes: _Axes) -> Iterable[int]:
    length = axes.last - axes.first
    every = next((every for every in LABEL_EVERY if length / every <= MOST_LABELS), LABEL_EVERY[-1])
    return range(-(-axes.first // every) * every, axes.last + 1, every)


def _bar(minute: MinuteReport, axes: _Axes, places: dict[str, int]) -> Iterable[str]:
    """One minute's stack, with its words, and a mark beneath it where some of it was digested."""
    at = _of_day(minute.at)
    x, width, below = axes.x(at), axes.step, 0
    yield f"<g><title>{escape(_words(minute, at))}</title>"
    for rule, count in sorted(minute.alerts.items(), key=lambda one: places[one[0]]):
        top, bottom = axes.y(below + count), axes.y(below)
        yield (
            f'<rect class="bar c{places[rule]}" x="{x:.1f}" y="{top:.1f}" width="{max(width, 1):.1f}"'
            f' height="{bottom - top:.1f}"/>'
        )
        below += count
    if minute.digested:
        y, wide = axes.y(0) + 3, max(width, MARK)
        yield f'<rect class="digested" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{MARK}"/>'
    yield "</g>"


def _words(minute: MinuteReport, at: int) -> str:
    counts = ", ".join(f"{rule} {count:,}" for rule, count in minute.alerts.items())
    digested = f"; {minute.digested:,} digested" if minute.digested else ""
    return f"{at // 60:02}:{at % 60:02} {counts}{digested}{'; over the limit' if minute.is_over_limit else ''}"


def _limit(axes: _Axes, limit: int) -> Iterable[str]:
    y = axes.y(limit)
    yield f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    yield f'<text class="limit-name" x="{LEFT + 4}" y="{y + 12:.1f}">limit: {limit:,} a minute</text>'


def _of_day(moment: datetime) -> int:
    """Minutes after midnight in New York."""
    local = moment.astimezone(NEW_YORK)
    return local.hour * 60 + local.minute
