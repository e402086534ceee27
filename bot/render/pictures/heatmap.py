"""The heat map: a tile for each sector or ticker, as large as its premium, coloured by how it leans, and saying so."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.model.answers import Picture
from bot.model.heat import Heat
from bot.render.lengths import cut
from bot.render.pictures import colours, lettering
from bot.render.pictures.lettering import Line, Measure
from bot.render.pictures.sheet import HEIGHT, LEAST_USD, MARGIN, MAX_ALT, MOST_USD, SMALL_SIZE, WIDTH, head
from bot.render.pictures.treemap import Rect, squarified
from bot.render.words import money, one_line, percent

if TYPE_CHECKING:
    from bot.render.pictures.canvas import Canvas

GAP: Final = 4
PADDING: Final = 6
"""Between a tile's edge and its text."""
LEAST_TEXT: Final = 2_500
"""Square pixels below which no text fits."""
MOST_TILES: Final = 60
REST_DRAWN: Final = 0.2
"""Of all premium: a larger rest would take the room that the large ones need to be read."""
SMALLEST_ONLY: Final = lettering.NAME_SIZES[-1:]


class Tile(NamedTuple):
    """One thing on the map. No lines: it is too small to say anything."""

    rect: Rect
    heat: Heat
    lines: tuple[Line, ...]


class Plan(NamedTuple):
    """What goes where."""

    tiles: list[Tile]
    rest: str
    """What no tile says: `47 others: $1.7B, 58% bull`."""


Say = Callable[[Heat], tuple[str, str]]


def heatmap_png(heats: Sequence[Heat], title: str, *, subtitle: str = "") -> Picture:
    """A treemap of the premium of sectors or tickers. The small ones are gathered into one tile, `37 others`.

    Raises ValueError where none has any premium: then there is nothing to show, and the words alone must say so.
    """
    from bot.render.pictures.canvas import Canvas, text_width

    shown = ranked(heats)
    if not shown:
        raise ValueError("no premium to draw: answer in words alone")
    canvas = Canvas(WIDTH, HEIGHT)
    top = head(canvas, title, subtitle, text_width)
    frame = Rect(MARGIN, top, WIDTH - 2 * MARGIN, HEIGHT - top - 64)
    plan = planned(shown, frame, text_width)
    for tile in plan.tiles:
        _paint(canvas, tile)
    _foot(canvas, plan, text_width)
    return Picture("heatmap.png", canvas.png(), alt(shown, title))


def ranked(heats: Sequence[Heat]) -> list[Heat]:
    """Those that have a premium, the largest first; equal ones by name."""
    honest = [heat for heat in heats if LEAST_USD <= heat.premium_usd < MOST_USD]
    return sorted(honest, key=lambda heat: (-heat.premium_usd, heat.name))


def planned(heats: Sequence[Heat], frame: Rect, measure: Measure) -> Plan:
    """As many as can say what they are; the rest in one tile, or, where it would be a large one, in none."""
    say = facts_of(heats)

    def is_said(count: int) -> bool:
        places = placed(heats, count, frame)[:count]
        return all(_lines(heat, rect, say, measure, SMALLEST_ONLY) for heat, rect in places)

    count = next(filter(is_said, range(min(len(heats), MOST_TILES), 1, -1)), 1)
    tiles = [Tile(rect, heat, _lines(heat, rect, say, measure)) for heat, rect in placed(heats, count, frame)]
    rest = together(heats[count:])
    if rest is None or (len(tiles) > count and tiles[-1].lines):
        return Plan(tiles, "")
    return Plan(tiles, f"{rest.name}: {', '.join(say(rest))}")


def placed(heats: Sequence[Heat], count: int, frame: Rect) -> list[tuple[Heat, Rect]]:
    """The first so many, and all the others as one where they are few beside them."""
    drawn, rest = [*heats[:count]], together(heats[count:])
    if rest is not None and rest.premium_usd <= REST_DRAWN * sum(heat.premium_usd for heat in heats):
        drawn.append(rest)
    return list(zip(drawn, squarified([heat.premium_usd for heat in drawn], frame), strict=True))


def facts_of(heats: Sequence[Heat]) -> Say:
    """What is said of each: its premium and how it leans, or, where nothing is known to lean, its part of the whole."""
    total = sum(heat.premium_usd for heat in heats)
    if any(colours.bull_share(heat.bull_usd, heat.bear_usd) is not None for heat in heats):
        return lambda heat: (money(heat.premium_usd), leaning(heat))
    return lambda heat: (money(heat.premium_usd), percent(100 * heat.premium_usd / total))


def together(heats: Sequence[Heat]) -> Heat | None:
    """Several as one, `37 others`; one as it is; None where there are none."""
    if len(heats) < 2:
        return heats[0] if heats else None
    bull, bear = sum(heat.bull_usd for heat in heats), sum(heat.bear_usd for heat in heats)
    premium, prints = sum(heat.premium_usd for heat in heats), sum(heat.prints for heat in heats)
    return Heat(f"{len(heats):,} others", premium, bull, bear, prints)


def _lines(
    heat: Heat, rect: Rect, say: Say, measure: Measure, sizes: Sequence[int] = lettering.NAME_SIZES
) -> tuple[Line, ...]:
    width, height = rect.width - GAP - 2 * PADDING, rect.height - GAP - 2 * PADDING
    if width * height < LEAST_TEXT:  # soon said
        return ()
    return lettering.fitted(lettering.plain(heat.name), say(heat), width, height, measure, sizes=sizes)


def leaning(heat: Heat) -> str:
    """`62% bull`, `71% bear`, `even`: of bull and bear premium together; `no bias` where there is neither."""
    share = colours.bull_share(heat.bull_usd, heat.bear_usd)
    if share is None:
        return "no bias"
    bull = round(100 * share)
    if bull == 50:
        return "even"
    return f"{bull}% bull" if bull > 50 else f"{100 - bull}% bear"


def alt(heats: Sequence[Heat], title: str) -> str:
    """The same in words, as much of it as a description may hold."""
    say = facts_of(heats)
    text = f"Heat map: {one_line(title)}. The premium of each: "
    for at, heat in enumerate(heats):
        more = f"{one_line(heat.name, lettering.MOST_CHARS)} {', '.join(say(heat))}; "
        if len(text) + len(more) > MAX_ALT - 40:
            left = heats[at:]
            text += f"{len(left):,} more, {money(sum(each.premium_usd for each in left))} together; "
            break
        text += more
    return cut(text.removesuffix("; ") + ".", MAX_ALT)


def _paint(canvas: "Canvas", tile: Tile) -> None:
    x, y, width, height = tile.rect
    inner = Rect(x + GAP / 2, y + GAP / 2, width - GAP, height - GAP)
    canvas.rectangle(inner, _colour(tile.heat), radius=6)
    heights = [line.size * lettering.LINE_HEIGHT for line in tile.lines]
    at = y + (height - sum(heights)) / 2
    for line, line_height in zip(tile.lines, heights, strict=True):
        canvas.text(x + width / 2, at + line_height / 2, line.text, line.size, align="middle", is_bold=line.is_name)
        at += line_height


def _foot(canvas: "Canvas", plan: Plan, measure: Measure) -> None:
    """What is not to be seen, or what the area means; and `all bear ▭▭▭▭▭▭▭▭▭ all bull`."""
    y, step, high = HEIGHT - 32, 26, 22
    words = lettering.plain(f"+ {plan.rest}" if plan.rest else "area = premium")
    right = WIDTH - MARGIN - measure("all bull", SMALL_SIZE)
    left = right - 12 - step * len(colours.TILES)
    room = left - 24 - measure("all bear", SMALL_SIZE) - MARGIN
    canvas.text(MARGIN, y, lettering.cut(words, SMALL_SIZE, room, measure), SMALL_SIZE, colour=colours.QUIET_TEXT)
    if all(_colour(tile.heat) == colours.UNKNOWN for tile in plan.tiles):
        return
    canvas.text(right, y, "all bull", SMALL_SIZE, colour=colours.QUIET_TEXT)
    for number, colour in enumerate(colours.TILES):
        canvas.rectangle(Rect(left + number * step, y - high / 2, step, high), colour)
    canvas.text(left - 12, y, "all bear", SMALL_SIZE, colour=colours.QUIET_TEXT, align="right")


def _colour(heat: Heat) -> str:
    return colours.tile(heat.bull_usd, heat.bear_usd)
