"""Tapes are read line by line, whatever file they are in; what is no line is counted, what is no tape is told."""

import gzip
from datetime import date
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.flow.tape import Recorded, add_line
from bot.model.errors import InputError
from bot.providers import recorded as module
from bot.providers.recorded import Recording

NOON_NS = 1_784_217_600_000_000_000


def lines_of(*raws: str) -> bytes:
    lines = bytearray()
    for raw in raws:
        add_line(lines, NOON_NS, "pulse", raw)
    return bytes(lines)


def put(path: Path, *raws: str, more: bytes = b"") -> Path:
    data = lines_of(*raws) + more
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["2026-07-16.jsonl", "2026-07-16.jsonl.gz", "any name.gz", "another"])
def test_a_file_is_read_as_often_as_you_like(name: str, tmp_path: Path) -> None:
    """Packed where its name says so, and by any name."""
    recording = Recording(put(tmp_path / name, "a", "b"))
    recording.check()
    for _ in range(2):
        assert list(recording) == [Recorded(NOON_NS, "pulse", "a"), Recorded(NOON_NS, "pulse", "b")]


def test_lines_that_are_none_are_counted_and_told_once(tmp_path: Path) -> None:
    """A torn end, a hole that a power cut left; empty lines are nothing at all. A last line may lack its end."""
    whole = lines_of("b")
    path = put(tmp_path / "tape.jsonl", "a", more=b"\n\x00\x00\x00\n[1]\n  \n" + whole + whole[:-1])
    recording = Recording(path)
    with capture_logs() as logs:
        assert [line.raw for line in recording] == ["a", "b", "b"]
    assert recording.skipped == 2
    (told,) = logs
    assert (told["event"], told["lines"], told["first"][:7]) == ("tape.lines_skipped", 2, "line 3:")


def test_a_file_without_line_ends_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read in pieces, none of which is a line."""
    monkeypatch.setattr(module, "LONGEST_LINE", 100)
    recording = Recording(put(tmp_path / "tape.jsonl", more=b"x" * 1000))
    assert list(recording) == []
    assert recording.skipped == 10


def test_one_day_of_a_folder(tmp_path: Path) -> None:
    """By its date in New York, packed or not."""
    put(tmp_path / "2026-07-15.jsonl.gz", "a")
    put(tmp_path / "2026-07-16.jsonl", "b")
    assert [line.raw for line in Recording(tmp_path, date(2026, 7, 15))] == ["a"]
    assert [line.raw for line in Recording(tmp_path, date(2026, 7, 16))] == ["b"]
    assert [line.raw for line in Recording(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize("day", [None, date(2026, 7, 15)])
def test_a_folder_without_that_tape_is_refused(day: date | None, tmp_path: Path) -> None:
    """With the name that was looked for."""
    put(tmp_path / "notes.jsonl", "a")
    recording = Recording(tmp_path, day)
    with pytest.raises(InputError, match=r"no tape here; expected 2026-\d\d-\d\d\.jsonl, or 2026-\d\d-\d\d\.jsonl\.gz"):
        recording.check()
    with pytest.raises(InputError, match="no tape here"):
        list(recording)


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (b"plain", "Not a gzipped file")])
def test_what_cannot_be_read_is_refused(content: bytes | None, words: str, tmp_path: Path) -> None:
    """Before anything of it is used, for who asks."""
    path = tmp_path / "tape.jsonl.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"tape.jsonl.gz: cannot be read: {words}"):
        Recording(path).check()


def test_a_gzip_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    """And says then that it broke off."""
    path = put(tmp_path / "tape.jsonl.gz", *(f"{n * n}" for n in range(50_000)))
    path.write_bytes(path.read_bytes()[:-100])
    raws: list[object] = []

    def read() -> None:
        for line in Recording(path):
            raws.append(line.raw)  # noqa: PERF401 - those before the failure are wanted

    with pytest.raises(InputError, match="cannot be read: Compressed file ended"):
        read()
    assert len(raws) > 40_000
    assert raws == [f"{n * n}" for n in range(len(raws))]
