"""What a sample frame becomes, field by field: the lines that the writer of a map reads."""

import json

import pytest

from bot.flow.mapping.explain import explain_frame
from bot.flow.mapping.reading import Map
from bot.flow.mapping.settings import MapSettings
from bot.providers.maps import names, ready_map

NS = 1_784_217_600_000_000_000  # 2026-07-16 16:00 UTC

MAP = {
    "records": "data[]",
    "only": {"ev": "T"},
    "skip": {"$.ack": True},
    "cancels": {"bust": True},
    "fields": {
        "ticker": "root",
        "type": {"from": "cp", "map": {"C": "call"}},
        "strike": "k / 1000",
        "size": "siz",
        "price": ["px", "last"],
        "kind": {"flags": {"sweep": "sweep"}},
        "option_symbol": "occ(root)",
        "iv": {"from": "vol", "unit": "percent"},
        "ask": "quote.ask",
        "side": "hit",
        "open_interest": "oi",
    },
}
RECORD = {
    "ev": "T", "root": "xom", "cp": "P", "k": 120000, "size": 4, "last": "2.5", "sweep": False, "vol": None,
    "quote": {"ask": 2.5, "bid": 2}, "hit": "?", "oi": "", "venue": 7,
}  # fmt: skip


def lines(frame: object, map_: object = MAP) -> list[str]:
    return explain_frame(Map(MapSettings.model_validate(map_)), json.dumps(frame), NS)


def test_a_print_is_told_field_by_field() -> None:
    """Our name, where it comes from, what is there, and the fact or why it is missing."""
    assert lines({"data": [RECORD]}) == [
        "1 record at data[]",
        "record 1 is a print:",
        "  our name       from             in the frame  becomes",
        '  ticker         root             "xom"         XOM',
        '  type           cp, by map       "P"           missing: the word is not in the map',
        "  strike         k / 1000         120000        120",
        '  size           siz                            missing: there is no "siz"; did you mean "size"?',
        '  price          px | last        last = "2.5"  2.5',
        "  kind           flags sweep      false         missing: no flag is up",
        '  option_symbol  occ(root)        "xom"         missing: no option symbol',
        "  iv             vol, in percent                missing: it is null",
        "  ask            quote.ask        2.5           2.5, for what is derived",
        '  side           hit              "?"           ask, derived: no word for side that we know',
        "  open_interest  oi                             missing: it is empty",
        "  sector         derived                        Energy",
        "  not read: ev, size, venue",
    ]


def test_a_fault_is_told_with_its_field() -> None:
    """The record's reason above, the field's own in its line."""
    found = lines({"data": [{**RECORD, "k": "dear"}]})
    assert found[1] == "record 1 is no print: bad_number: k: 'dear' is not a number"
    assert found[5].split("  ")[-1] == "refused: bad_number: k: 'dear' is not a number"


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ({"ack": True}, ["the frame is passed over, by skip $.ack"]),
        ({"x": []}, ["the frame: bad_shape: there is nothing at data[]"]),
        ({"data": []}, ["0 records at data[]"]),
        ({"data": [{"ev": "Q"}]}, ["1 record at data[]", "record 1 is passed over, by only ev"]),
        (
            {"data": [{"ev": "Q"}] * 7},
            ["7 records at data[]", *(f"record {n} is passed over, by only ev" for n in range(1, 6)), "… and 2 more"],
        ),
    ],
)  # fmt: skip
def test_what_is_no_print_is_told_why(frame: object, told: list[str]) -> None:
    """By the clause of the map, or the fault."""
    assert lines(frame) == told


def test_a_cancel_is_told() -> None:
    """With the print that it takes back."""
    assert lines({"data": [{**RECORD, "bust": True}]})[1] == "record 1 takes back this print:"


def test_no_json_is_told() -> None:
    """In the reader's own words."""
    (told,) = explain_frame(Map(MapSettings.model_validate(MAP)), b"oops", NS)
    assert told.startswith("the frame: not_json: ")


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("frame", [{}, [], [{}], ["flow-alerts", {}], {"option_activity": [{}, 5, None]}, "x", 5, None])
def test_any_frame_can_be_explained(name: str, frame: object) -> None:
    """By every map that comes with flowbot."""
    assert explain_frame(Map(ready_map(name)), json.dumps(frame), NS)
