"""The way through pages that nobody documents, and what each page's rows become. No network: answers are given."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.errors import FrameError, VendorError
from bot.model.prints import Print
from bot.providers.pages import Page, Query, Span, cursor_of, page_of, walk

T0 = 1_784_217_600_000  # unix ms
NS = 1_000_000


def read(raw: bytes) -> Print:
    found = json.loads(raw)
    if not isinstance(found, dict):
        raise FrameError("bad_shape", "no object")
    at = found.get("ms")
    time = None if at is None else datetime.fromtimestamp(at / 1000, UTC)
    return Print(provider="p", ticker="A", received_ns=0, size=found["n"], time=time)


def row(n: int) -> dict[str, Any]:
    """The nth print, a second after the one before."""
    return {"n": n, "ms": T0 + n * 1000}


def numbers(pages: list[Page]) -> list[int | None]:
    return [found.size for page in pages for found in page.prints]


class Vendor:
    """Pages by the given plan; remembers what it was asked."""

    def __init__(self, plan: Callable[[Query], object]) -> None:
        self.asked: list[dict[str, str]] = []
        self._plan = plan

    async def ask(self, query: Query) -> bytes:
        self.asked.append(dict(query))
        return json.dumps(self._plan(query)).encode()


async def fetch(plan: Callable[[Query], object], **changes: Any) -> tuple[list[Page], list[dict[str, str]]]:
    vendor = Vendor(plan)
    span = Span(changes.pop("since_ns", T0 * NS), changes.pop("until_ns", None))
    limits = {"limit": 2, "max_pages": 10, **changes}
    return [page async for page in walk(vendor.ask, read, span, **limits)], vendor.asked


def by_since(rows: list[dict[str, Any]], most: int = 2) -> Callable[[Query], object]:
    """Rows from `since` on, in the order given, `most` at a time."""
    return lambda query: {"data": [one for one in rows if one["ms"] >= int(query.get("since", 0))][:most]}


def by_cursor(rows: list[Any], most: int, name: str = "nextCursor") -> Callable[[Query], object]:
    def plan(query: Query) -> object:
        skip = int(query.get("cursor", 0))
        more = {name: str(skip + most)} if skip + most < len(rows) else {}
        return {"data": rows[skip : skip + most], **more}

    return plan


@pytest.mark.parametrize("name", ["next", "nextCursor", "cursor"])
async def test_a_cursor_is_followed_to_the_end(name: str) -> None:
    """Under each of the three names; a page without one is the last, and nothing more is asked."""
    pages, asked = await fetch(by_cursor([row(n) for n in range(5)], 2, name))
    assert numbers(pages) == [0, 1, 2, 3, 4]
    base = {"limit": "2", "since": str(T0)}
    assert asked == [base, {**base, "cursor": "2"}, {**base, "cursor": "4"}]
    assert not any(page.is_cut for page in pages)


async def test_without_a_cursor_since_goes_on() -> None:
    """The last print of a page comes again with the next, and counts once; a page that adds nothing is the end."""
    pages, asked = await fetch(by_since([row(n) for n in range(4)]))
    assert numbers(pages) == [0, 1, 2, 3]
    assert [query["since"] for query in asked] == [str(T0 + ms) for ms in (0, 1000, 2000, 3000)]
    assert not pages[-1].is_cut


async def test_a_live_session_is_not_chased() -> None:
    """Each answer finds one print more, for ever; that is the stream's work, or the next poll's."""
    rows = [row(n) for n in range(7)]

    def live(query: Query) -> object:
        rows.append(row(len(rows)))
        return by_since(rows, 5)(query)

    pages, _ = await fetch(live, limit=5)
    assert numbers(pages) == list(range(10))
    assert not pages[-1].is_cut


async def test_no_order_is_assumed() -> None:
    """Pages in any order, prints in any order within them."""
    rows = [row(n) for n in (4, 0, 3, 1, 2)]
    pages, _ = await fetch(by_cursor(rows, 2))
    assert sorted(map(str, numbers(pages))) == list("01234")
    assert not pages[-1].is_cut


async def test_newest_first_without_a_way_back_is_told() -> None:
    """Full pages, falling, no cursor: what is older is out of reach, and the gap must not be called closed."""
    pages, _ = await fetch(by_since([row(n) for n in (3, 2, 1, 0)]))
    assert numbers(pages) == [3, 2]
    assert pages[-1].is_cut
    pages, _ = await fetch(by_since([row(n) for n in reversed(range(99))], 30), limit=500)
    assert pages[-1].is_cut
    pages, _ = await fetch(by_since([row(n) for n in reversed(range(20))], 30), limit=500)
    assert not pages[-1].is_cut


async def test_cursors_that_go_in_circles_end() -> None:
    """Each print once; that there was a circle is told."""
    leads_to = {"": "7", "7": "8", "8": "7"}

    def circle(query: Query) -> object:
        here = query.get("cursor", "")
        return {"data": [row(int(here or "9"))], "next": leads_to[here]}

    pages, asked = await fetch(circle)
    assert numbers(pages) == [9, 7, 8]
    assert len(asked) == 3
    assert pages[-1].is_cut


async def test_pages_without_end_end() -> None:
    """A new cursor and new prints for ever: the bound on pages cuts it, and says so."""

    def endless(query: Query) -> object:
        here = int(query.get("cursor", 0))
        return {"data": [row(here)], "next": here + 1}

    pages, asked = await fetch(endless)
    assert len(asked) == 10
    assert [page.is_cut for page in pages] == [False] * 9 + [True]


async def test_a_cursor_that_brings_nothing_new_is_not_followed_for_ever() -> None:
    """The vendor ignores the cursor, and offers a new one each time."""
    pages, asked = await fetch(lambda query: {"data": [row(1)], "next": f"x{len(query)}{query.get('cursor', '')}"})
    assert numbers(pages) == [1]
    assert len(asked) == 2


@pytest.mark.parametrize("answer", [{"data": []}, [], {"data": None}, {"data": [], "nextCursor": "4"}])
async def test_an_empty_page_is_the_end(answer: object) -> None:
    """Bare or wrapped, with a cursor or without."""
    pages, asked = await fetch(lambda _: answer)
    assert (pages, len(asked)) == ([Page()], 1)


@pytest.mark.parametrize("answer", [{}, {"rows": []}, {"data": {"a": 1}}, {"data": 7}, "text", 7, None])
async def test_an_answer_without_rows_is_an_error(answer: object) -> None:
    """It would look like a quiet market."""
    with pytest.raises(VendorError) as caught:
        await fetch(lambda _: answer)
    assert caught.value.kind == "bad_answer"


async def test_what_lies_outside_the_span_is_left_out() -> None:
    """The vendor may know no `since`. A print without a time may be inside."""
    rows = [row(n) for n in range(6)] + [{"n": 99}]
    pages, _ = await fetch(lambda _: {"data": rows}, since_ns=(T0 + 2000) * NS, until_ns=(T0 + 4000) * NS)
    assert numbers(pages) == [2, 3, 4, 99]


async def test_a_bound_within_a_millisecond_counts_it_whole() -> None:
    """Our clock tells nanoseconds, theirs milliseconds; a print at the edge must not fall through."""
    pages, asked = await fetch(lambda _: {"data": [row(0)]}, since_ns=T0 * NS + 999_999)
    assert numbers(pages) == [0]
    assert asked[0]["since"] == str(T0)


async def test_rising_pages_past_the_span_are_not_read() -> None:
    """A day of history ends with the day, though the vendor would go on to this morning."""
    pages, asked = await fetch(by_cursor([row(n) for n in range(100)], 2), until_ns=(T0 + 3000) * NS)
    assert numbers(pages) == [0, 1, 2, 3]
    assert len(asked) == 3
    assert not pages[-1].is_cut


async def test_falling_pages_past_the_span_are_read_on() -> None:
    """Newest first: what is wanted comes later."""
    pages, _ = await fetch(by_cursor([row(n) for n in reversed(range(8))], 2), until_ns=(T0 + 1000) * NS)
    assert numbers(pages) == [1, 0]


async def test_a_row_that_cannot_be_read_costs_no_other() -> None:
    """It is kept with its reason; the same one again counts once; a NaN spoils its own row alone."""
    page, again = '{"data": [7, {"n": 1, "ms": NaN}, %s, 7], "next": "b"}', '{"data": [7, %s]}'
    bodies = [page % json.dumps(row(1)), again % json.dumps(row(2))]

    async def ask(_: Query) -> bytes:
        return bodies.pop(0).encode()

    def strict(raw: bytes) -> Print:
        if b"NaN" in raw:
            raise FrameError("bad_number", "NaN")
        return read(raw)

    pages = [page async for page in walk(ask, strict, Span(), limit=2, max_pages=5)]
    assert [[(bad.reason, bad.raw) for bad in page.rejected] for page in pages] == [
        [("bad_shape", b"7"), ("bad_number", b'{"n": 1, "ms": NaN}')], [],
    ]  # fmt: skip
    assert numbers(pages) == [1, 2]


def test_a_print_keeps_the_row_it_came_from() -> None:
    """As it was sent, unknown keys and spaces too: the tape keeps that."""
    raw = b'{"n":  3, "venue": {"mic": "XCBO"}}'
    page = page_of([raw, raw], read)
    assert (len(page.prints), page.raws) == (1, (raw,))


@pytest.mark.parametrize(
    ("rest", "cursor"),
    [
        ({}, {}),
        ({"next": None, "nextCursor": "abc"}, {"cursor": "abc"}),
        ({"next": "", "cursor": 17}, {"cursor": "17"}),
        ({"next": True}, {}),
        ({"next": {"page": 2}}, {}),
        ({"nextCursor": "x" * 2049}, {}),
        ({"nextCursor": "a\nb"}, {}),
        ({"next": "https://evil.example/v1/flow?cursor=4&api_key=K"}, {"cursor": "4"}),
        ({"next": "/v1/flow?since=5&limit=9"}, {"since": "5", "limit": "9"}),
        ({"next": "?page=2"}, {"page": "2"}),
    ],
)
def test_cursors(rest: dict[str, object], cursor: dict[str, str]) -> None:
    """A token or a link, of which the query alone is taken."""
    assert cursor_of(rest) == cursor


answers = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["data", "next", "nextCursor", "cursor", "n", "ms"]), inner, max_size=4
    ),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(answers, min_size=1, max_size=5))
async def test_whatever_a_vendor_sends_is_an_answer_or_an_error_of_ours(sent: list[object]) -> None:
    """And every fetch ends."""

    def anything(raw: bytes) -> Print:
        found = json.loads(raw)
        if not isinstance(found, dict):
            raise FrameError("bad_shape", "no object")
        return Print(provider="p", ticker=str(found), received_ns=0)

    asked = 0

    async def ask(_: Query) -> bytes:
        nonlocal asked
        asked += 1
        return json.dumps(sent[asked % len(sent)]).encode()

    with suppress(VendorError):
        async for _ in walk(ask, anything, Span(0), limit=5, max_pages=6):
            pass
    assert asked <= 6
