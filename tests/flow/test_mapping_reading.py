"""Frames through a map: envelopes, discriminators, and each record judged alone, whatever the frame holds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.mapping.reading import MAX_RECORDS, Cancelled, Map, Reading, Skipped, says
from bot.flow.mapping.settings import MapSettings, read_conditions
from bot.flow.mapping.sources import paths_of
from bot.model.errors import FrameError
from bot.model.prints import Print
from bot.providers.maps import names, ready_map

NS = 1_784_217_600_000_000_000


def made(**sections: object) -> Map:
    return Map(MapSettings.model_validate({"fields": {"ticker": "s"}, **sections}))


def shown(readings: list[Reading]) -> list[str]:
    """Each reading in a word: a print's ticker, why it was passed over, or the fault's reason."""
    words = []
    for reading in readings:
        match reading:
            case Print():
                words.append(reading.ticker)
            case Cancelled(found):
                words.append(f"-{found.ticker}")
            case Skipped(why):
                words.append(why)
            case FrameError():
                words.append(reading.reason)
    return words


def read(map_: Map, frame: object) -> list[str]:
    return shown(map_.read(json.dumps(frame), NS, "p"))


A, B = {"s": "A"}, {"s": "B"}


@pytest.mark.parametrize(
    ("records", "frame", "expected"),
    [
        ("", A, ["A"]),
        ("data", {"data": A}, ["A"]),
        ("[1]", ["ch", A], ["A"]),
        ("a.b[0]", {"a": {"b": [A, B]}}, ["A"]),
        ("[]", [A, B], ["A", "B"]),
        ("data[]", {"data": [A, B]}, ["A", "B"]),
        ("data[]", {"data": A}, ["A"]),  # a lone object in the list's place
        ("data[]", {"data": []}, []),
        ("data[]", {"other": []}, ["bad_shape"]),
        ("data", {"data": None}, ["bad_shape"]),
        ("data[]", {"data": [A, 5, None, "x", [], {}, {"s": 7}, B]}, ["A", *["no_ticker"] * 5, "bad_value", "B"]),
        ("", [A], ["no_ticker"]),
        ("data[]", "text", ["bad_shape"]),
    ],
)
def test_records_are_found_in_their_envelope(records: str, frame: object, expected: list[str]) -> None:
    """A fault in one costs its neighbours nothing."""
    assert read(made(records=records), frame) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"ev": "T", "v": 1}, "A"),
        ({"ev": "T", "v": 2}, "A"),
        ({"ev": "T", "v": 3}, "only v"),
        ({"ev": "T", "v": True}, "only v"),  # true is not 1
        ({"ev": "T", "v": "1"}, "only v"),
        ({"ev": "T", "v": [1]}, "only v"),
        ({"ev": "Q", "v": 1}, "only ev"),
        ({"v": 1}, "only ev"),
        ({"ev": "T", "v": 1, "late": True}, "skip late"),
        ({"ev": "T", "v": 1, "late": False}, "A"),
        ({"ev": "T", "v": 1, "test": "yes"}, "skip test"),
        ({"ev": "T", "v": 1, "test": None}, "A"),
        ({"ev": "T", "v": 1, "bust": True}, "-A"),
        ({"ev": "T", "v": 1, "s": "", "bust": True}, "no_ticker"),
    ],
)
def test_only_skip_and_cancels(record: dict[str, object], expected: str) -> None:
    """All of only, none of skip; any of cancels takes a print back."""
    map_ = made(
        only={"ev": "T", "v": [1, 2]}, skip={"late": True, "test": {"present": True}}, cancels={"bust": True}
    )  # fmt: skip
    assert read(map_, {"s": "A", **record}) == [expected]


def test_what_is_asked_of_the_whole_frame_comes_first() -> None:
    """So that an acknowledgement, which has no records, is no fault."""
    map_ = made(records="data[]", only={"$.type": "trades"}, skip={"$.status": "ok", "s": "B"})
    assert read(map_, {"type": "trades", "data": [A, B]}) == ["A", "skip s"]
    assert read(map_, {"type": "heartbeat"}) == ["only $.type"]
    assert read(map_, {"type": "trades", "status": "ok"}) == ["skip $.status"]
    assert read(map_, {"type": "trades"}) == ["bad_shape"]


def test_a_condition_that_cannot_be_worked_out_does_not_hold() -> None:
    """Text in arithmetic is no match, and no fault."""
    assert read(made(skip={"a * 2": 4}), {"s": "A", "a": "x"}) == ["A"]
    assert read(made(skip={"a * 2": 4}), {"s": "A", "a": "2"}) == ["skip a * 2"]


def test_a_field_can_reach_beyond_its_record() -> None:
    """`$` is the whole frame."""
    assert read(made(records="data[]", fields={"ticker": "$.s"}), {"s": "A", "data": [{}, {}]}) == ["A", "A"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe", "not_text"),
        ("[" * 100_000, "not_json"),
        ('{"s":' * 100_000, "not_json"),
        (b'{"s":"A","n":NaN}', "bad_number"),
        (b'{"s":"A","n":1e999}', "bad_number"),
        (b'{"s":"A","n":' + b"9" * 500 + b"}", "bad_number"),
        (b'{"s":"A","n":' + b"9" * 5000 + b"}", "not_json"),
        (b'{"s":"A","n":-1}', "bad_number"),
        (b'{"s":"A","n":"1.5"}', "bad_number"),
        (b'{"s":"A","n":true}', "bad_number"),
        (b'{"s":"A","n":[]}', "bad_number"),
        (b'{"s":{},"n":1}', "bad_value"),
        (b'{"s":"\\ud800"}', "bad_value"),
        (b'{"s":"A","d":"soon"}', "bad_date"),
        (b'{"s":"A","d":12}', "bad_date"),
        (b'{"s":"A","d":20260230}', "bad_date"),
        (b'{"s":"A","x":"a"}', "bad_number"),
    ],
)
def test_a_fault_is_told_with_its_reason(raw: bytes | str, reason: str) -> None:
    """As of a frame that needs no map."""
    map_ = made(fields={"ticker": "s", "size": "n", "expiry": "d", "spot": "x / 2"})
    assert shown(map_.read(raw, NS, "p")) == [reason]


@pytest.mark.parametrize(
    ("frame", "is_said"),
    [
        ('[{"ev": "status", "status": "auth_success"}]', True),
        ('{"ev": "status", "status": "auth_success"}', True),
        ('[{"ev": "status", "status": "connected"}, {"ev": "status", "status": "auth_success"}]', True),
        ('[{"ev": "status"}, {"status": "auth_success"}]', False),  # no one of them says it all
        ("[]", False),
        ("auth_success", False),
    ],
)
def test_an_answer_is_known_by_its_conditions(frame: str, is_said: bool) -> None:
    """Alone or in a list, all of them in one record."""
    assert says(read_conditions({"ev": "status", "status": ["auth_success", "ok"]}))(frame) is is_said


def test_the_latest_of_two_equal_keys_counts() -> None:
    """As in every JSON reader of Python's."""
    assert shown(made().read('{"s":"A","s":"B"}', NS, "p")) == ["B"]


def test_an_endless_frame_is_cut() -> None:
    """What is beyond the limit is one fault, not half a million."""
    found = read(made(records="[]"), [0] * (MAX_RECORDS + 5))
    assert len(found) == MAX_RECORDS + 1
    assert found[-1] == "bad_shape"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
MAPS = [Map(ready_map(name)) for name in names()]
REASONS = {"not_json", "not_text", "bad_shape", "no_ticker", "bad_number", "bad_date", "bad_value"}


def _keys(map_: Map) -> list[str]:
    """The keys that the map looks at, so that random values meet it where it reads."""
    steps = {step for source in map_.settings.fields.values() for path in paths_of(source) for step in path.steps}
    return sorted({str(step) for step in steps} | {"ev", "type", "status", "data", "cancel", "symbol", "sym"})


def _judge(map_: Map, frame: Any) -> None:
    for reading in map_.read(frame, NS, "p"):
        assert isinstance(reading, Print | Cancelled | Skipped | FrameError)
        assert not isinstance(reading, FrameError) or reading.reason in REASONS


@given(st.sampled_from(MAPS), JSON)
def test_any_json_is_read_without_an_exception(map_: Map, frame: object) -> None:
    """Every map, every shape."""
    _judge(map_, json.dumps(frame))


@given(st.data())
def test_any_values_where_a_map_reads_them(data: st.DataObject) -> None:
    """Records with the map's own keys, in its own envelope, with values of any type."""
    map_ = data.draw(st.sampled_from(MAPS))
    values = JSON | st.sampled_from(["T", "TRADE", "timesale", "C", "SPY260717C00145000", "145.5", "2026-07-17"])
    record = data.draw(st.dictionaries(st.sampled_from(_keys(map_)), values, max_size=12))
    for frame in (record, [record], ["flow-alerts", record], {"option_activity": [record]}):
        _judge(map_, json.dumps(frame))


@given(st.sampled_from(MAPS), st.binary(max_size=60) | st.text(max_size=60))
def test_any_bytes_are_read_without_an_exception(map_: Map, frame: bytes | str) -> None:
    """JSON or not."""
    _judge(map_, frame)
