"""What `flowbot map` shows of a file, in whatever form the frames stand in it."""

import json
from pathlib import Path

import pytest

from bot.flow.mapping.explain import explain_frame
from bot.flow.mapping.reading import Map
from bot.flow.mapping.settings import MapSettings
from bot.model.errors import InputError
from bot.providers.mapped_sample import explain_sample, map_called
from bot.providers.maps import ready_map

NS = 1_784_217_600_000_000_000  # 2026-07-16, 16:00 UTC
MAP = MapSettings.model_validate({"fields": {"ticker": "t", "expiry": "x"}})
FRAME = {"t": "NVDA", "x": "2026-07-17"}


def test_one_frame_over_many_lines() -> None:
    """As an editor lays it out."""
    assert explain_sample(MAP, json.dumps(FRAME, indent=2).encode(), NS).splitlines() == [
        "1 record at the whole frame",
        "record 1 is a print:",
        "  our name  from     in the frame  becomes",
        '  ticker    t        "NVDA"        NVDA',
        '  expiry    x        "2026-07-17"  2026-07-17',
        "  dte       derived                1",
        "  sector    derived                Information Technology",
    ]


def test_a_frame_a_line() -> None:
    """Each is told apart; a broken one says so, and empty lines are nothing."""
    told = explain_sample(MAP, b'{"t": "NVDA"}\n\n["x"]\n{"t": \n', NS).splitlines()
    assert [line for line in told if line.startswith(("frame", "the frame"))] == [
        "frame 1:",
        "frame 2:",
        "frame 3:",
        told[-1],
    ]
    assert told[-1].startswith("the frame: not_json")


def test_a_tape() -> None:
    """The frames on it, as of when they came: a day later there is none left."""
    line = {"t": NS + 86_400_000_000_000, "p": "house", "raw": json.dumps(FRAME)}
    assert "  dte       derived                0" in explain_sample(MAP, json.dumps(line).encode(), NS).splitlines()


def test_a_long_sample_is_cut() -> None:
    """Ten frames are enough to see."""
    assert explain_sample(MAP, b'{"t": "A"}\n' * 12, NS).splitlines()[-1] == "… and 2 more frames"


def test_a_single_frame_is_shown_as_it_is() -> None:
    """Without a heading."""
    frame = '["flow-alerts",{"response":{},"status":"ok"}]'
    map_ = ready_map("unusual_whales_flow_alerts")
    assert explain_sample(map_, frame.encode(), NS).splitlines() == explain_frame(Map(map_), frame, NS)
    assert explain_sample(MAP, b"\n", NS) == "there is nothing in the sample"


def test_a_map_is_called_by_name_or_by_file(tmp_path: Path) -> None:
    """A flaw in the file is told at its place."""
    path = tmp_path / "house.yaml"
    path.write_text("fields: {ticker: t}\n")
    assert map_called(str(path)).fields.keys() == {"ticker"}
    assert map_called("tradier_timesale") == ready_map("tradier_timesale")
    path.write_text("fields: {tickr: t}\n")
    with pytest.raises(InputError, match=r"house\.yaml:1:10: .*tickr.*did you mean"):
        map_called(str(path))
    with pytest.raises(InputError, match="no map comes by the name"):
        map_called("house")
