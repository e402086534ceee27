"""The heat map as a picture: what each tile says, what happens to the small ones, and that it can be read."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.model.answers import Picture
from bot.model.heat import Heat
from bot.render.pictures import colours, heatmap_png
from bot.render.pictures.canvas import text_width
from bot.render.pictures.heatmap import GAP, alt, leaning, planned, ranked
from bot.render.pictures.lettering import LINE_HEIGHT
from bot.render.pictures.treemap import Rect

FRAME = Rect(20.0, 110.0, 960.0, 526.0)
SECTORS = (
    Heat("Information Technology", 1.42e9, 8e8, 4e8, 9000),
    Heat("Consumer Discretionary", 6.1e8, 2e8, 3e8, 5000),
    Heat("Energy", 1.9e8, 1.6e8, 2e7, 700),
    Heat("Utilities", 2e5, 0.0, 2e5, 3),
)


def tickers(count: int, largest_usd: float = 1e9) -> list[Heat]:
    return [Heat(f"T{number}", largest_usd / number, 1e5 * number, 2e6, 9) for number in range(1, count + 1)]


def opened(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.png))
    image.load()
    return image


def hexes(image: Image.Image) -> set[str]:
    found = image.convert("RGB").getcolors(1_000_000)
    assert found is not None
    return {"#" + bytes(rgb).hex().upper() for _, rgb in found if isinstance(rgb, tuple)}


@pytest.mark.parametrize(
    "heats",
    [SECTORS, SECTORS[:1], tickers(60), [Heat("SPX", 9e9, 1.0, 2.0), *tickers(59, 1e8)], [Heat("A", 1e6)] * 300],
    ids=["sectors", "one", "sixty", "one giant", "three hundred alike"],
)
def test_the_picture(heats: list[Heat]) -> None:
    """A PNG of 1000 by 700, light enough for a phone, described in words, and the same bytes every time."""
    picture = heatmap_png(heats, "Premium by sector", subtitle="until 13:42 New York")
    image = opened(picture)
    assert (image.format, image.size) == ("PNG", (1000, 700))
    assert len(picture.png) < 100_000
    assert picture.name == "heatmap.png"
    assert 0 < len(picture.alt) <= 1000
    assert heatmap_png(heats, "Premium by sector", subtitle="until 13:42 New York") == picture


def test_colours_are_exact() -> None:
    """What was checked for contrast is what is shown: the small palette changes no colour."""
    shown = hexes(opened(heatmap_png(SECTORS, "Premium by sector")))
    assert {colours.BACKGROUND, colours.TEXT, colours.QUIET_TEXT, *colours.TILES} <= shown


@pytest.mark.parametrize(
    "heats", [(), [Heat("A", 0.0)], [Heat("A", float("nan")), Heat("B", -5.0), Heat("C", float("inf"))]]
)
def test_nothing_to_draw(heats: list[Heat]) -> None:
    """No premium at all is no picture: the caller answers in words."""
    with pytest.raises(ValueError, match="words alone"):
        heatmap_png(heats, "Premium by sector")


@pytest.mark.parametrize(
    ("bull", "bear", "words"),
    [
        (62.0, 38.0, "62% bull"),
        (29.0, 71.0, "71% bear"),
        (1e9, 1e9, "even"),
        (50.4, 49.6, "even"),
        (1.0, 0.0, "100% bull"),
        (0.0, 0.0, "no bias"),
    ],
)
def test_leaning(bull: float, bear: float, words: str) -> None:
    """Of bull and bear premium together, in whole percent, the greater side named."""
    assert leaning(Heat("NVDA", 500.0, bull, bear)) == words


def test_every_tile_says_it_all() -> None:
    """Name, premium and balance, as text on the tile: colour alone says nothing."""
    (tile,) = planned([Heat("NVDA", 1.2e6, 620.0, 380.0)], FRAME, text_width).tiles
    assert [line.text for line in tile.lines] == ["NVDA", "$1.2M", "62% bull"]


def test_small_ones_are_gathered() -> None:
    """What cannot be written on stands together in one tile, the last, which says how many, how much and which way."""
    heats = [Heat("SPX", 900.0, 1.0, 1.0), *(Heat(f"T{n}", 5.0, 1.0, 3.0) for n in range(25))]
    plan = planned(heats, FRAME, text_width)
    assert [tile.heat.name for tile in plan.tiles] == ["SPX", "25 others"]
    assert [line.text for line in plan.tiles[-1].lines] == ["25 others", "$125", "75% bear"]
    assert plan.rest == ""


def test_many_small_ones_are_told_in_words() -> None:
    """A rest that would take the room of the large ones is a line below the map."""
    plan = planned([Heat(f"T{n}", 1e6, 3.0, 1.0) for n in range(200)], FRAME, text_width)
    drawn = len(plan.tiles)
    assert drawn >= 30
    assert plan.rest == f"{200 - drawn} others: ${200 - drawn}M, 75% bull"


def test_a_sliver_is_bare_and_named_below() -> None:
    """One that is too small for any text, beside a giant."""
    plan = planned([Heat("SPX", 1e9, 1.0, 2.0), Heat("A", 1e4, 9.0, 1.0)], FRAME, text_width)
    assert plan.tiles[-1].lines == ()
    assert plan.rest == "A: $10,000, 90% bull"


def test_where_nothing_leans_the_share_is_said() -> None:
    """A vendor that tells premium alone: each tile's part of the whole, and no key of colours."""
    heats = [Heat("Energy", 75.0), Heat("Utilities", 25.0)]
    plan = planned(heats, FRAME, text_width)
    assert [line.text for line in plan.tiles[0].lines] == ["Energy", "$75.00", "75%"]
    assert not hexes(opened(heatmap_png(heats, "Premium by sector"))) & {colours.TILES[0], colours.TILES[-1]}


def test_alt_says_the_same() -> None:
    """Names, premium and balance, the largest first."""
    assert alt(SECTORS[:2], "Premium by sector") == (
        "Heat map: Premium by sector. The premium of each: Information Technology $1.4B, 67% bull; "
        "Consumer Discretionary $610M, 60% bear."
    )


def test_a_long_alt_counts_the_rest() -> None:
    """At most 1,000 characters, and nobody is silently left out."""
    text = alt(ranked([Heat(f"Ticker {number}", 1e6, 1.0, 2.0) for number in range(500)]), "x" * 500)
    assert len(text) <= 1000
    named = text.count("67% bear")
    assert text.endswith(f"{500 - named} more, ${500 - named}M together.")


heats = st.builds(
    Heat,
    st.text(max_size=60),
    st.floats(0.01, 1e14),
    st.floats(0, 1e14),
    st.floats(0, 1e14),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(heats, min_size=1, max_size=40))
def test_text_stays_inside_its_tile(found: list[Heat]) -> None:
    """Whatever the names and amounts, every line is narrower and all together lower than what is painted."""
    for tile in planned(ranked(found), FRAME, text_width).tiles:
        for line in tile.lines:
            assert text_width(line.text, line.size) <= tile.rect.width - GAP
        assert sum(line.size for line in tile.lines) * LINE_HEIGHT <= max(0.0, tile.rect.height - GAP) or not tile.lines


@settings(max_examples=8, deadline=None)
@given(st.lists(heats, min_size=1, max_size=8), st.text(max_size=200))
def test_hostile_words_are_painted(found: list[Heat], words: str) -> None:
    """No name, title or amount makes painting fail, or the description too long."""
    picture = heatmap_png(found, words, subtitle=words)
    assert opened(picture).size == (1000, 700)
    assert len(picture.alt.encode("utf-16-le")) <= 2000


def test_threads_paint_the_same() -> None:
    """Two askers at once get their pictures right."""
    alone = heatmap_png(tickers(20), "Premium by ticker")
    with ThreadPoolExecutor(4) as threads:
        painted = list(threads.map(lambda _: heatmap_png(tickers(20), "Premium by ticker"), range(8)))
    assert painted == [alone] * 8


def test_importing_loads_no_pillow() -> None:
    """Start-up pays for pictures only when one is painted."""
    code = "import sys, bot.render.pictures; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
