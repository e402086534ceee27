"""The session's course as a picture: bars at their times and to one scale, and the same in words."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.model.heat import BUCKET_NS, Bucket
from bot.render.pictures import colours, timeline_png
from bot.render.pictures.timeline import alt, bars, parted, scaled
from bot.render.pictures.treemap import Rect

OPENS = int(datetime(2026, 7, 17, 13, 30, tzinfo=UTC).timestamp()) * 10**9
CLOSES = int(datetime(2026, 7, 17, 20, tzinfo=UTC).timestamp()) * 10**9
"""9:30 and 16:00 in New York: 78 buckets."""
PLOT = Rect(100.0, 150.0, 780.0, 400.0)


def at(number: int, bull: float = 0.0, bear: float = 0.0, neutral: float = 0.0) -> Bucket:
    return Bucket(OPENS + number * BUCKET_NS, bull, bear, neutral)


DAY = [at(number, 1e6 * (number + 1), 2e6, 3e5) for number in range(78)]


@pytest.mark.parametrize(
    "buckets",
    [DAY, DAY[:1], [at(40, bull=26_000.0)], [at(77, bear=1e12), at(0, bull=0.01)]],
    ids=["day", "opening", "one", "extremes"],
)
def test_the_picture(buckets: list[Bucket]) -> None:
    """A PNG of 1000 by 700, light enough for a phone, described in words, and the same bytes every time."""
    picture = timeline_png(buckets, "NVDA today", opens_ns=OPENS, closes_ns=CLOSES, subtitle="prints from $25,000 on")
    image = Image.open(io.BytesIO(picture.png))
    image.load()
    assert (image.format, image.size) == ("PNG", (1000, 700))
    assert len(picture.png) < 100_000
    assert picture.name == "timeline.png"
    assert 0 < len(picture.alt) <= 1000
    again = timeline_png(buckets, "NVDA today", opens_ns=OPENS, closes_ns=CLOSES, subtitle="prints from $25,000 on")
    assert again == picture


def test_bull_is_above_bear() -> None:
    """In the picture itself: the bulls' colour over the zero line, the bears' under it."""
    picture = timeline_png([at(n, 1e6, 1e6) for n in range(78)], "x", opens_ns=OPENS, closes_ns=CLOSES)
    image = Image.open(io.BytesIO(picture.png)).convert("RGB")
    column = [
        "#" + bytes(pixel).hex().upper()
        for y in range(160, 600)
        if isinstance(pixel := image.getpixel((502, y)), tuple)
    ]
    bulls = [place for place, colour in enumerate(column) if colour == colours.BULL]
    bears = [place for place, colour in enumerate(column) if colour == colours.BEAR]
    assert len(bulls) > 150
    assert len(bears) > 150
    assert max(bulls) < min(bears)


def test_bars_stand_at_their_times_to_one_scale() -> None:
    """Ten pixels a bucket here; a bull of twice a bear is twice as high, and both meet at zero."""
    scale = scaled([at(0, bull=2e6), at(77, bear=1e6)], PLOT.y, PLOT.y + PLOT.height)
    (up, up_colour), (down, down_colour) = bars([at(0, bull=2e6), at(77, bear=1e6)], PLOT, scale, OPENS, CLOSES)
    assert [up.x, down.x] == pytest.approx([100.0, 870.0])
    assert up.y + up.height == pytest.approx(scale.zero_y)
    assert down.y == pytest.approx(scale.zero_y)
    assert up.height == pytest.approx(2 * down.height)
    assert (up_colour, down_colour) == (colours.BULL, colours.BEAR)


def test_the_last_bucket_ends_with_the_session() -> None:
    """A session that closes within a bucket does not leave the plot."""
    closes = OPENS + BUCKET_NS * 3 // 2
    buckets = [at(0, bull=1.0), at(1, bull=1.0)]
    _, (last, _) = bars(buckets, PLOT, scaled(buckets, 0, 100), OPENS, closes)
    assert last.x + last.width <= PLOT.x + PLOT.width


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 77), st.floats(0, 1e14), st.floats(0, 1e14)), min_size=1, max_size=78))
def test_bars_stay_in_the_plot(rows: list[tuple[int, float, float]]) -> None:
    """And so do the lines of the scale, of which there are few."""
    buckets = [at(number, bull, bear) for number, bull, bear in rows]
    if not any(max(bucket.bull_usd, bucket.bear_usd) >= 0.01 for bucket in buckets):
        return
    scale = scaled(buckets, PLOT.y, PLOT.y + PLOT.height)
    for rect, _ in bars(buckets, PLOT, scale, OPENS, CLOSES):
        assert rect.y >= PLOT.y - 1
        assert rect.y + rect.height <= PLOT.y + PLOT.height + 1
        assert PLOT.x - 1e-6 <= rect.x <= PLOT.x + PLOT.width
    assert 1 <= len(scale.steps) <= 8
    assert all(PLOT.y <= scale.y(step) <= PLOT.y + PLOT.height for step in scale.steps)


def test_outside_the_session() -> None:
    """What begins before the opening or at the close is no bar; it is told."""
    early, first, late = at(-1, bull=1.0), at(0, bull=2.0), at(78, bear=3e4)
    assert parted([late, first, early], OPENS, CLOSES) == ([first], [early, late])
    text = timeline_png([early, first, late], "x", opens_ns=OPENS, closes_ns=CLOSES).alt
    assert "Outside these hours: bull $1.00, bear $30,000." in text


@pytest.mark.parametrize(
    "buckets",
    [
        (),
        [at(3)],
        [at(3, neutral=5e6)],
        [at(-1, bull=5e6)],
        [at(3, bull=float("nan"))],
        [at(3, bear=-1.0)],
        [at(3, 5e-324)],
    ],
    ids=["empty", "zero", "neutral alone", "all outside", "not a number", "negative", "less than a cent"],
)
def test_nothing_to_draw(buckets: list[Bucket]) -> None:
    """No bull or bear premium within the session is no picture: the caller answers in words."""
    with pytest.raises(ValueError, match="words alone"):
        timeline_png(buckets, "x", opens_ns=OPENS, closes_ns=CLOSES)


def test_no_span() -> None:
    """A session that ends before it begins is the caller's mistake."""
    with pytest.raises(ValueError, match="must end after it begins"):
        timeline_png(DAY, "x", opens_ns=CLOSES, closes_ns=OPENS)


def test_alt_says_the_same() -> None:
    """Sums, peaks, and hour by hour on New York's clock."""
    buckets = [at(0, bull=1e6, bear=5e5), at(6, bull=2e6), at(7, neutral=4e6)]
    assert alt(buckets, [], "NVDA today", OPENS, CLOSES) == (
        "Timeline: NVDA today. Premium every five minutes from 9:30 to 16:00, New York time: bull $3M, bear $500K, "
        "neutral $4M. Most bull at 10:00: $2M. Most bear at 9:30: $500K. "
        "By the hour, bull and bear: 9:00 $1M, $500K; 10:00 $2M, $0."
    )


@settings(max_examples=8, deadline=None)
@given(st.text(max_size=200))
def test_hostile_words_are_painted(words: str) -> None:
    """No title makes painting fail, or the description too long."""
    picture = timeline_png(DAY, words, opens_ns=OPENS, closes_ns=CLOSES, subtitle=words)
    assert len(picture.alt.encode("utf-16-le")) <= 2000


def test_a_whole_day_of_buckets() -> None:
    """The longest day, 24 hours: thin bars, and still one picture and a short description."""
    buckets = [Bucket(OPENS + n * BUCKET_NS, 1e9, 2e9, 1.0) for n in range(288)]
    picture = timeline_png(buckets, "x", opens_ns=OPENS, closes_ns=OPENS + 288 * BUCKET_NS)
    assert len(picture.png) < 100_000
    assert len(picture.alt) <= 1000
