"""The tape's format: what is recorded is read back, what is no line is said to be none, and days are New York's."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.tape import PACKED, Recorded, add_line, day_in, day_of, end_of, file_name, from_line
from bot.model.errors import FrameError

NOON_NS = 1_784_217_600_000_000_000  # 2026-07-16 16:00:00 UTC, noon in New York

FRAMES = st.one_of(st.text(), st.binary(), st.text().map(str.encode))
NAMES = st.text(min_size=1, max_size=20)
ENTRIES = st.lists(st.tuples(st.integers(0, 2**63 - 1), NAMES, FRAMES), max_size=20)


def to_lines(entries: list[tuple[int, str, str | bytes]]) -> bytes:
    lines = bytearray()
    for entry in entries:
        add_line(lines, *entry)
    return bytes(lines)


def test_a_line_is_what_the_contract_says() -> None:
    """Receive time in unix nanoseconds, the provider, and the frame as text."""
    line = to_lines([(NOON_NS, "radarpulse", b'{"ticker":"NVDA"}\n')])
    assert line.endswith(b"}\n")
    assert json.loads(line) == {"t": NOON_NS, "p": "radarpulse", "raw": '{"ticker":"NVDA"}\n'}


def test_a_frame_that_is_no_text_is_kept_as_base64() -> None:
    """Among others, which stand as ever."""
    lines = to_lines([(1, "a", b"plain"), (2, "a", b"\xff\x00"), (3, "a", "text")]).splitlines()
    assert [json.loads(line) for line in lines] == [
        {"t": 1, "p": "a", "raw": "plain"}, {"t": 2, "p": "a", "raw64": "/wA="}, {"t": 3, "p": "a", "raw": "text"},
    ]  # fmt: skip


@given(ENTRIES)
def test_what_is_recorded_is_read_back_equal(entries: list[tuple[int, str, str | bytes]]) -> None:
    """Text as text, and bytes as the text that they are, or as bytes where they are none."""
    lines = to_lines(entries)
    assert lines.count(b"\n") == len(entries)
    read = [from_line(line) for line in lines.splitlines(keepends=True)]
    assert [(one.received_ns, one.provider) for one in read] == [entry[:2] for entry in entries]
    for one, (_, _, raw) in zip(read, entries, strict=True):
        sent = raw if isinstance(raw, bytes) else raw.encode()
        assert (one.raw if isinstance(one.raw, bytes) else one.raw.encode()) == sent


def test_half_a_surrogate_pair_is_kept_too() -> None:
    """No frame of a WebSocket can hold one; should one come another way, the others beside it must not suffer."""
    first, second = to_lines([(1, "a", "\ud800"), (2, "a", "x")]).splitlines()
    assert from_line(first).raw == b"\xed\xa0\x80"
    assert from_line(second).raw == "x"


@pytest.mark.parametrize(
    ("line", "received_ns"),
    [
        ('{"ticker": "A", "timestamp": 1784217600000}', NOON_NS),
        ('{"ticker": "A", "timestamp": "2026-07-16T16:00:00Z"}', NOON_NS),
        ('{"ticker": "A", "timestamp": "2026-07-16T16:00:00"}', NOON_NS),
        ('{"ticker": "A", "origTime": "2026-07-16T12:00:00"}', NOON_NS),
        ('{"ticker": "A", "timestamp": "soon"}', None),
        ('{"ticker": "A"}', None),
        ('{"sym": "O:SPY260717C00600000", "t": 1784217600000, "p": 5.5}', None),
    ],
)
def test_a_plain_print_is_a_line_too(line: str, received_ns: int | None) -> None:
    """With the time at which it says that it happened, where it says so in a way that is known."""
    assert from_line(line.encode()) == Recorded(received_ns, None, line)


@pytest.mark.parametrize(
    "line",
    [
        "", "{", '{"t":1784217600000000000,"p":"radarpulse","raw":"{\\"tick', "[1, 2]", "7", '"text"', "\x00\x00\x00",
        '{"t": 1, "raw": 7}', '{"t": "1", "p": "a", "raw": ""}', '{"t": -1, "p": "a", "raw": ""}',
        '{"t": 1e300, "p": "a", "raw": ""}', '{"t": 1, "p": "a", "raw64": "?"}',
        '{"t": 99999999999999999999, "p": "a", "raw": ""}', "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_line_is_refused(line: str) -> None:
    """Torn lines, and files that are no tape."""
    with pytest.raises(FrameError):
        from_line(line.encode())


@given(st.binary(max_size=60))
def test_no_line_breaks_the_reader(line: bytes) -> None:
    """Whatever a broken disk gives back."""
    try:
        from_line(line)
    except FrameError as error:
        assert error.reason  # noqa: PT017 - the property is about what may be raised at all


@pytest.mark.parametrize(
    ("received_ns", "day"),
    [
        (1_784_174_399_999_999_000, date(2026, 7, 15)),  # 2026-07-16 03:59:59.999999 UTC: 23:59 in New York
        (1_784_174_400_000_000_000, date(2026, 7, 16)),  # 04:00 UTC: midnight
        (1_795_323_600_000_000_000, date(2026, 11, 22)),  # 2026-11-22 05:00 UTC: midnight in winter
        (1_795_323_599_000_000_000, date(2026, 11, 21)),
    ],
)
def test_a_frame_is_of_the_day_in_new_york(received_ns: int, day: date) -> None:
    """In summer and in winter."""
    assert day_of(received_ns) == day
    assert day_of(end_of(day)) == day + timedelta(days=1)
    assert day_of(end_of(day) - 1) == day


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2026-11-22.jsonl", date(2026, 11, 22)), ("2026-11-22.jsonl.gz", date(2026, 11, 22)),
        ("2026-11-31.jsonl", None), ("2026-11-22.jsonl.gz.packing", None), ("aapl-2014-06-06.jsonl.gz", None),
        ("2026-11-22.jsonl\n", None), ("2026-11-22.json", None),
    ],
)  # fmt: skip
def test_a_file_is_known_by_its_name(name: str, day: date | None) -> None:
    """And by nothing else."""
    assert day_in(name) == day
    if day is not None:
        assert name in (file_name(day), file_name(day, PACKED))
