"""How a body is taken apart: each record as the frame that it would be alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.mapping.reading import Map
from bot.flow.mapping.settings import MapSettings
from bot.model.errors import FrameError
from bot.model.prints import Print
from bot.providers.mapped_frames import MAX_AROUND, decoder, taken_apart

NS = 1_784_217_600_000_000_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["t", "data", "rows", "x"]), inner),
    max_leaves=12,
)


def a_map(records: str, **more: Any) -> MapSettings:
    return MapSettings.model_validate({"records": records, "fields": {"ticker": "t"}, **more})


@pytest.mark.parametrize(
    ("records", "body", "frames"),
    [
        ("[]", [1, 2], [[1], [2]]),
        ("data[]", {"data": [{"t": "A"}, 2], "n": 7}, [{"data": [{"t": "A"}], "n": 7}, {"data": [2], "n": 7}]),
        ("[1].rows[]", ["c", {"rows": [1, 2]}], [["c", {"rows": [1]}], ["c", {"rows": [2]}]]),
        ("data[]", {"data": []}, []),
        ("data[]", {"data": {"t": "A"}}, [{"data": {"t": "A"}}]),
        ("data[]", {"other": [1]}, [{"other": [1]}]),
        ("data[]", [1], [[1]]),
        ("data", {"data": [1, 2]}, [{"data": [1, 2]}]),
        ("data[]", {"data": [1, 2], "x": "\x00record"}, [{"data": [1, 2], "x": "\x00record"}]),
        ("data[]", {"data": [1, 2], "x": "y" * MAX_AROUND}, [{"data": [1, 2], "x": "y" * MAX_AROUND}]),
    ],
)
def test_what_is_taken_apart(records: str, body: Any, frames: list[Any]) -> None:
    """Lists where the map has them. Not where a lot stands around them: it would be repeated for each record."""
    assert [json.loads(frame) for frame in taken_apart(a_map(records), json.dumps(body).encode())] == frames


@pytest.mark.parametrize(("more", "count"), [({}, 2), ({"only": {"$.x": 1}}, 2), ({"only": {"$.data[0].t": "A"}}, 1)])
def test_a_list_that_the_map_looks_into_stays_whole(more: dict[str, Any], count: int) -> None:
    """Alone, its records would be judged otherwise."""
    body = json.dumps({"data": [{"t": "A"}, {"t": "B"}], "x": 1})
    assert len(taken_apart(a_map("data[]", **more), body)) == count


def test_what_is_no_json_is_a_fault() -> None:
    """Its reason says so."""
    with pytest.raises(FrameError, match="not_json"):
        taken_apart(a_map("[]"), b"[")


@given(JSON, st.sampled_from(["[]", "data[]", "data.rows[]", "[1][]", "data"]))
def test_apart_and_whole_are_read_alike(found: Any, records: str) -> None:
    """Whatever comes, and nothing but our own errors."""
    settings = a_map(records)
    body = json.dumps(found).encode()
    whole = Map(settings).read(body, NS, "p")
    apart = [reading for frame in taken_apart(settings, body) for reading in Map(settings).read(frame, NS, "p")]
    assert list(map(str, apart)) == list(map(str, whole))


def test_a_decoder_gives_one_print_as_it_is_and_raises_one_fault() -> None:
    """What streams expect of every feed."""
    decode = decoder(Map(a_map("[]")))
    assert isinstance(decode('[{"t": "A"}]', NS, "p"), Print)
    with pytest.raises(FrameError):
        decode('[{"t": "?"}]', NS, "p")
