"""Files as a source: tape lines and plain prints, their pace, and what is wrong with them."""

import gzip
import json
from pathlib import Path

import pytest

from bot.model.errors import InputError
from bot.workbench.recording import check, recorded
from bot.workbench.wire import Frame

NOW_MS = 1_784_124_000_000
SECOND_NS = 1_000_000_000


def write(path: Path, *lines: object) -> Path:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def tape(seconds: float, raw: str) -> dict[str, object]:
    return {"t": int((1_784_000_000 + seconds) * SECOND_NS), "p": "radarpulse", "raw": raw}


def play(path: Path, *, rate: float | None = None, speed: float = 1.0) -> list[tuple[float, Frame]]:
    return list(recorded(path, rate=rate, speed=speed, clock_ms=lambda: NOW_MS))


@pytest.mark.parametrize("name", ["tape.jsonl", "tape.jsonl.gz"])
def test_a_tape_is_sent_frame_for_frame_as_far_apart_as_it_was_received(name: str, tmp_path: Path) -> None:
    """Byte for byte, also what is not JSON; at speed 2 in half the time."""
    raw = ['{"ticker":"AAPL",  "premium":1}', "not json", '{"ticker":"TSLA"}']
    path = write(tmp_path / name, tape(0, raw[0]), tape(1.5, raw[1]), tape(4, raw[2]))
    assert [frame.bare for _, frame in play(path)] == raw
    assert [frame.ticker for _, frame in play(path)] == ["AAPL", "", "TSLA"]
    assert [due_s for due_s, _ in play(path)] == [0.0, 1.5, 4.0]
    assert [due_s for due_s, _ in play(path, speed=2)] == [0.0, 0.75, 2.0]
    assert [due_s for due_s, _ in play(path, speed=0)] == [0.0, 0.0, 0.0]


def test_a_rate_overrules_the_recorded_pace(tmp_path: Path) -> None:
    """Four a second, however they came."""
    path = write(tmp_path / "tape.jsonl", *(tape(n * 60, '{"ticker":"F"}') for n in range(3)))
    assert [due_s for due_s, _ in play(path, rate=4)] == [0.0, 0.25, 0.5]


def test_either_provider_gets_a_recorded_frame_in_its_own_shape(tmp_path: Path) -> None:
    """A bare print is put into an envelope, an envelope's data is taken out."""
    envelope = '{"type":"abnormal_trade","data":{"ticker":"AMD","premium":7}}'
    path = write(tmp_path / "tape.jsonl", tape(0, '{"ticker":"AAPL"}'), tape(1, envelope))
    bare, enveloped = (frame for _, frame in play(path))
    assert json.loads(bare.envelope) == {"type": "abnormal_trade", "data": {"ticker": "AAPL"}}
    assert json.loads(enveloped.bare) == {"ticker": "AMD", "premium": 7}
    assert (enveloped.envelope, enveloped.ticker) == (envelope, "AMD")


def test_heartbeats_and_acknowledgements_on_a_tape_are_not_replayed(tmp_path: Path) -> None:
    """The simulator sends its own."""
    noise = ('{"type":"heartbeat","ts":1}', '{"type":"subscribed","tickers":[]}', '{"type":"error","message":"x"}')
    path = write(tmp_path / "tape.jsonl", *(tape(n, raw) for n, raw in enumerate(noise)), tape(9, '{"ticker":"F"}'))
    assert [frame.ticker for _, frame in play(path)] == ["F"]


def test_plain_prints_without_a_time_get_the_present_one(tmp_path: Path) -> None:
    """They are paced by New York's `origTime`; one that has a timestamp is left alone."""
    path = write(
        tmp_path / "prints.jsonl",
        {"ticker": "AAPL", "origTime": "2014-06-06T09:30:00"},
        {"ticker": "AAPL", "origTime": "2014-06-06T09:31:00"},
    )
    frames = play(path, speed=60)
    assert [due_s for due_s, _ in frames] == [0.0, 1.0]
    assert [json.loads(frame.bare)["timestamp"] for _, frame in frames] == [NOW_MS, NOW_MS]


def test_plain_prints_with_a_time_are_sent_as_they_stand(tmp_path: Path) -> None:
    """Unix milliseconds or ISO 8601; the pace follows them."""
    lines = ['{"ticker": "A", "timestamp": 1784124000000}', '{"ticker": "A", "timestamp": "2026-07-15T14:00:02Z"}']
    frames = play(write(tmp_path / "prints.jsonl", *lines))
    assert [frame.bare for _, frame in frames] == lines
    assert [due_s for due_s, _ in frames] == [0.0, 2.0]


def test_a_line_that_is_no_print_is_skipped(tmp_path: Path) -> None:
    """The last line of a tape may be cut off by a power cut; empty lines are nothing at all."""
    path = write(tmp_path / "tape.jsonl", "[1, 2]", "", {"t": 1, "raw": 7}, tape(0, '{"ticker":"F"}'), '{"t": 178')
    assert [frame.ticker for _, frame in play(path)] == ["F"]


def test_a_frame_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    """The simulator sends text; such a frame came from another sort of feed."""
    binary = {"t": 1_784_000_000_000_000_000, "p": "other", "raw64": "/wA="}
    path = write(tmp_path / "tape.jsonl", binary, tape(0, '{"ticker":"F"}'))
    assert [frame.ticker for _, frame in play(path)] == ["F"]


def test_a_folder_of_days_is_sent_day_by_day(tmp_path: Path) -> None:
    """As far apart as they were received."""
    write(tmp_path / "2026-07-14.jsonl", tape(86_400, '{"ticker":"B"}'))
    write(tmp_path / "2026-07-13.jsonl.gz", tape(0, '{"ticker":"A"}'))
    assert [(due_s, frame.ticker) for due_s, frame in play(tmp_path)] == [(0.0, "A"), (86_400.0, "B")]


def test_a_file_with_nothing_to_send_is_refused(tmp_path: Path) -> None:
    """With its name, and what was expected in it."""
    path = write(tmp_path / "empty.jsonl", "")
    with pytest.raises(InputError, match=r"empty\.jsonl: no print in this file; expected one JSON object a line"):
        check(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """Before anything is served."""
    with pytest.raises(InputError, match=r"gone\.jsonl: cannot be read: No such file"):
        check(tmp_path / "gone.jsonl")


def test_a_file_that_is_not_gzip_is_refused(tmp_path: Path) -> None:
    """Whatever its name says."""
    path = tmp_path / "tape.jsonl.gz"
    path.write_text("plain")
    with pytest.raises(InputError, match="cannot be read"):
        check(path)
