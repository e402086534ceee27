"""The tape keeps every frame, in daily files that no crash breaks; a slow or full disk costs the tape alone."""

import errno
import gzip
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from bot.engine import tape as module
from bot.engine.tape import Tape
from bot.engine.tape_days import DayFile, tidy, write_day
from bot.engine.tape_folder import RETRY_S, SETTLED_S, TIDY_S, Limits, Surroundings, TapeFolder
from bot.model.errors import InputError, VendorError
from bot.providers.recorded import Recording
from tests.providers.doubles import until

MONDAY, TUESDAY, WEDNESDAY = date(2026, 7, 13), date(2026, 7, 14), date(2026, 7, 15)
PLENTY = 10**12
NOON_NS = 1_784_044_800_000_000_000  # 2026-07-14 16:00:00 UTC, noon in New York


def at(text: str) -> int:
    """A moment in UTC in unix nanoseconds; New York is four hours behind in these tests."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


@dataclass
class World:
    """A tape whose thread the test is, with a clock and a disk that do as they are told."""

    folder: Path
    now_ns: int = at("2026-07-14T14:00:00")
    elapsed_s: float = 1000.0
    free: int = PLENTY
    limits: Limits = field(default_factory=Limits)

    def tape(self) -> Tape:
        around = Surroundings(lambda: self.now_ns, lambda: self.elapsed_s, lambda _: self.free)
        return Tape(self.folder, self.limits, around)

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)
        self.elapsed_s += seconds

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def raws(self, day: date | None = None) -> list[str | bytes]:
        return [line.raw for line in Recording(self.folder, day)]

    def write(self, tape: Tape, *raws: str | bytes) -> None:
        for raw in raws:
            tape.record("pulse", self.now_ns, raw)
        turn(tape)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "state" / "tape")


def turn(tape: Tape) -> None:
    """What the event loop does now and then, and what the thread does next."""
    tape._hand_on()
    tape._ends_ns = 0
    tape.work()


def finish(tape: Tape) -> None:
    """How the thread ends."""
    turn(tape)
    tape._folder.close()


@pytest.fixture
def tape(world: World) -> Iterator[Tape]:
    made = world.tape()
    yield made
    finish(made)


def pack_all(tape: Tape) -> None:
    """Turns until nothing is left to do."""
    tape.work()
    while tape._folder.is_tidying:
        tape.work()


def put(folder: Path, name: str, *raws: str) -> Path:
    """A day's file with these frames, as an earlier run left it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f'{{"t":{n},"p":"pulse","raw":"{raw}"}}\n' for n, raw in enumerate(raws, 1)).encode()
    (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return folder / name


# --- recording ---


def test_frames_are_recorded_in_order_under_todays_date(world: World, tape: Tape) -> None:
    """In the contract's format, in a plain file; more of them than one slice."""
    sent = [f'{{"ticker":"T{n}"}}' for n in range(1000)]
    world.write(tape, *sent)
    assert world.files() == ["2026-07-14.jsonl"]
    first = (world.folder / "2026-07-14.jsonl").read_text().splitlines()[0]
    assert first == '{"t":1784037600000000000,"p":"pulse","raw":"{\\"ticker\\":\\"T0\\"}"}'
    assert world.raws() == sent
    assert tape.dropped == 0


def test_midnight_in_new_york_begins_a_new_file(world: World, tape: Tape) -> None:
    """To the nanosecond, even within one slice."""
    midnight = at("2026-07-15T04:00:00")
    for received_ns in (midnight - 1, midnight, midnight + 1):
        tape.record("pulse", received_ns, str(received_ns - midnight))
    turn(tape)
    assert (world.raws(TUESDAY), world.raws(WEDNESDAY)) == (["-1"], ["0", "1"])


def test_a_restart_goes_on_in_the_same_file(world: World, tape: Tape) -> None:
    """Nothing is overwritten."""
    world.write(tape, "one")
    finish(tape)
    world.write(tape, "two")
    assert world.raws() == ["one", "two"]


@pytest.mark.parametrize("torn", [b'{"t":1', b"x" * 200_000, b"\x00" * 70_000])
def test_a_torn_last_line_is_cut_off(torn: bytes, world: World, tape: Tape) -> None:
    """However long it is; what is recorded next begins a line of its own."""
    path = put(world.folder, "2026-07-14.jsonl", "whole")
    path.write_bytes(path.read_bytes() + torn)
    with capture_logs() as logs:
        world.write(tape, "next")
    recording = Recording(world.folder)
    assert [line.raw for line in recording] == ["whole", "next"]
    assert recording.skipped == 0
    assert [entry["bytes"] for entry in logs if entry["event"] == "tape.torn_line_cut_off"] == [len(torn)]


def test_a_file_that_is_nothing_but_a_torn_line_is_emptied(world: World, tape: Tape) -> None:
    put(world.folder, "2026-07-14.jsonl").write_bytes(b'{"t":17')
    world.write(tape, "next")
    assert world.raws() == ["next"]


def test_a_file_that_somebody_deleted_is_made_anew(world: World, tape: Tape) -> None:
    """Nothing goes on into a file without a name."""
    world.write(tape, "lost")
    (world.folder / "2026-07-14.jsonl").unlink()
    world.write(tape, "kept")
    assert world.raws() == ["kept"]


# --- a disk that does not take it ---


class BrokenDisk:
    """Stands in for `DayFile`: writes a part, and then fails as a full disk does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_broken = False
        disk = self

        class File(DayFile):
            def __init__(self, folder: Path, day: date) -> None:
                super().__init__(folder, day)
                write = self._file.write

                class Raw:
                    """Takes half of what is written, once."""

                    def __getattr__(_, name: str) -> Any:  # noqa: N805 - `self` is the file's
                        return getattr(file, name)

                    def write(_, data: memoryview) -> int:  # noqa: N805 - as above
                        if not disk.is_broken:
                            return write(data)
                        if len(data) > 20:
                            return write(data[: len(data) // 2])
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

                file = self._file
                self._file = Raw()  # type: ignore[assignment] # the two methods that are used

        monkeypatch.setattr("bot.engine.tape_folder.DayFile", File)


def test_a_full_disk_pauses_the_tape_and_leaves_no_torn_line(
    world: World, tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so once, counts what is missing, tries again after half a minute, and goes on after a whole line."""
    disk = BrokenDisk(monkeypatch)
    with capture_logs() as logs:
        world.write(tape, "before")
        disk.is_broken = True
        world.write(tape, "lost", "lost too")
        assert tape.trouble == "No space left on device"
        world.wait(RETRY_S - 1)
        disk.is_broken = False
        world.write(tape, "still lost")
        world.wait(1)
        world.write(tape, "after")
    recording = Recording(world.folder)
    assert [line.raw for line in recording] == ["before", "after"]
    assert (recording.skipped, tape.dropped, tape.trouble) == (0, 3, "")
    events = [entry["event"] for entry in logs]
    assert events.count("tape.paused") == events.count("tape.resumed") == 1


def test_the_last_of_the_disk_is_left_to_the_store(world: World, tape: Tape) -> None:
    """Recording pauses before the disk is full."""
    world.free = world.limits.least_free - 1
    world.write(tape, "lost")
    assert tape.trouble == "less than 256 MiB are left on the disk"
    world.free = PLENTY
    world.wait(RETRY_S)
    world.write(tape, "kept")
    assert (world.raws(), tape.dropped) == (["kept"], 1)


def test_a_folder_that_cannot_be_made_costs_the_tape_alone(world: World, tape: Tape) -> None:
    """A file stands in its place, until somebody takes it away."""
    world.folder.parent.write_text("in the way")
    world.write(tape, "lost")
    assert tape.trouble
    world.folder.parent.unlink()
    world.wait(RETRY_S)
    world.write(tape, "kept")
    assert (world.raws(), tape.trouble) == (["kept"], "")


def test_a_disk_that_does_not_keep_up_loses_frames_and_never_blocks(
    world: World, tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is bounded; what is past that is counted, and told once a minute."""
    monkeypatch.setattr(module, "BUFFER", 500)
    monkeypatch.setattr(module, "MOST_BUFFERS", 3)
    with capture_logs() as logs:
        for n in range(30):
            tape.record("pulse", world.now_ns, f"{n:0460}")  # a line of 505 bytes: a buffer each
        assert tape.dropped == 27
        turn(tape)
        world.write(tape, *("x" * 460 for _ in range(4)))
        assert tape.dropped == 28
        assert [entry["event"] for entry in logs].count("tape.frames_dropped") == 1
        world.wait(60)
        turn(tape)
    told = [entry["frames"] for entry in logs if entry["event"] == "tape.frames_dropped"]
    assert told == [27, 1]
    assert len(world.raws()) == 6


def test_what_is_missing_is_a_metric(world: World, tape: Tape) -> None:
    """With whether it is being recorded now."""
    registry = CollectorRegistry()
    registry.register(tape)
    assert registry.get_sample_value("flowbot_tape_recording") == 1
    world.free = 0
    world.write(tape, "lost")
    assert registry.get_sample_value("flowbot_tape_recording") == 0
    assert registry.get_sample_value("flowbot_tape_dropped_total") == 1


# --- days that are over ---


def test_a_day_that_is_over_is_packed(world: World, tape: Tape) -> None:
    """A minute after midnight in New York, though nothing more has come; the next day's frames go elsewhere."""
    world.write(tape, "monday's"[:-2], "late")
    world.wait(at("2026-07-15T04:00:00") / 1e9 - world.now_ns / 1e9 + SETTLED_S - 1)
    pack_all(tape)
    assert world.files() == ["2026-07-14.jsonl"]
    world.wait(1)
    pack_all(tape)
    assert world.files() == ["2026-07-14.jsonl.gz"]
    world.write(tape, "new")
    assert world.files() == ["2026-07-14.jsonl.gz", "2026-07-15.jsonl"]
    assert world.raws() == ["monday", "late", "new"]


def test_frames_are_recorded_while_a_day_is_packed(world: World, tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step at a time, between two writes."""
    monkeypatch.setattr("bot.engine.tape_days.CHUNK", 64)
    put(world.folder, "2026-07-13.jsonl", *map(str, range(100)))
    for n in range(5):
        world.write(tape, f"new {n}")
        assert tape._folder.is_tidying
    assert world.raws(TUESDAY) == [f"new {n}" for n in range(5)]
    pack_all(tape)
    assert world.files() == ["2026-07-13.jsonl.gz", "2026-07-14.jsonl"]
    assert world.raws(MONDAY) == [str(n) for n in range(100)]


def test_an_end_while_a_day_is_packed_leaves_the_day_as_it_was(
    world: World, tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no unfinished file."""
    monkeypatch.setattr("bot.engine.tape_days.CHUNK", 64)
    put(world.folder, "2026-07-13.jsonl", *map(str, range(100)))
    tape.work()
    tape.work()
    assert "2026-07-13.jsonl.gz.packing" in world.files()
    finish(tape)
    assert world.files() == ["2026-07-13.jsonl"]


def test_what_a_crash_left_behind_is_cleared_away(world: World, tape: Tape) -> None:
    """A torn line of a day that is over, and a gzip that was never finished."""
    path = put(world.folder, "2026-07-13.jsonl", "whole")
    path.write_bytes(path.read_bytes() + b'{"t":1')
    (world.folder / "2026-07-12.jsonl.gz.packing").write_bytes(b"half a gzip")
    pack_all(tape)
    recording = Recording(world.folder)
    assert [line.raw for line in recording] == ["whole"]
    assert (recording.skipped, world.files()) == (0, ["2026-07-13.jsonl.gz"])


@pytest.mark.parametrize(
    ("packed", "plain", "together"),
    [
        (["a", "b"], ["a", "b"], ["a", "b"]),  # killed between the gzip's rename and the plain file's end
        (["a", "b"], ["a", "b", "c"], ["a", "b", "c"]),  # and then the clock was set back
        (["a", "b"], ["c"], ["a", "b", "c"]),  # the plain file is of frames that came when the day was packed
        (["a", "b"], [], ["a", "b"]),
    ],
)
def test_a_day_in_two_files_holds_each_frame_once(
    packed: list[str], plain: list[str], together: list[str], world: World, tape: Tape
) -> None:
    """For who reads it before it is packed, and after."""
    put(world.folder, "2026-07-13.jsonl.gz", *packed)
    put(world.folder, "2026-07-13.jsonl", *plain)
    if plain == ["c"]:
        (world.folder / "2026-07-13.jsonl").write_text('{"t":3,"p":"pulse","raw":"c"}\n')
    assert world.raws(MONDAY) == together
    pack_all(tape)
    assert world.files() == ["2026-07-13.jsonl.gz"]
    assert world.raws(MONDAY) == together


def test_a_day_that_cannot_be_packed_stops_no_other(world: World, tape: Tape) -> None:
    """A broken gzip stands in its way, say: it is left as it is, and told."""
    put(world.folder, "2026-07-12.jsonl", "sunday")
    (world.folder / "2026-07-12.jsonl.gz").write_bytes(b"no gzip")
    put(world.folder, "2026-07-13.jsonl", "monday")
    with capture_logs() as logs:
        pack_all(tape)
    assert world.files() == ["2026-07-12.jsonl", "2026-07-12.jsonl.gz", "2026-07-13.jsonl.gz"]
    assert [entry["day"] for entry in logs if entry["event"] == "tape.day_not_packed"] == ["2026-07-12"]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_clock_set_back_writes_to_the_day_that_it_names(is_open: bool, world: World, tape: Tape) -> None:
    """Even while that day is being packed, whether its file was open or not: nothing of it is lost."""
    day_ns = 24 * 3600 * 10**9
    world.now_ns -= day_ns
    world.write(tape, "monday")
    world.now_ns += day_ns
    if not is_open:
        tape._folder.close()
    tape.work()
    assert "2026-07-13.jsonl.gz.packing" in world.files()
    world.now_ns -= day_ns
    world.write(tape, "again monday")
    world.now_ns += 2 * day_ns
    pack_all(tape)
    assert world.raws(MONDAY) == ["monday", "again monday"]
    assert world.files() == ["2026-07-13.jsonl.gz"]


# --- what is let go ---


def kept(world: World, **limits: int) -> list[str]:
    wanted = {"keep_days": 30, "max_bytes": 10**9} | limits
    for _ in tidy(world.folder, TUESDAY, **wanted):
        pass
    return world.files()


def test_days_are_kept_for_so_many_days(world: World) -> None:
    """The day itself counts: of three days, today and the two before."""
    for day in range(10, 15):
        put(world.folder, f"2026-07-{day}.jsonl.gz", "x")
    (world.folder / "notes.txt").write_text("not ours")
    names = ["2026-07-12.jsonl.gz", "2026-07-13.jsonl.gz", "2026-07-14.jsonl.gz", "notes.txt"]
    assert kept(world, keep_days=3) == names


def test_the_oldest_days_make_room(world: World) -> None:
    """Whole days, as many as are too much, counted as they are when they are packed; never today."""
    for day in (11, 12, 13):
        put(world.folder, f"2026-07-{day}.jsonl", "x" * 100_000)
    put(world.folder, "2026-07-14.jsonl", "y" * 1000)
    assert kept(world, max_bytes=2000) == [
        "2026-07-11.jsonl.gz", "2026-07-12.jsonl.gz", "2026-07-13.jsonl.gz", "2026-07-14.jsonl",
    ]  # fmt: skip
    size = sum((world.folder / name).stat().st_size for name in world.files()[1:])
    assert kept(world, max_bytes=size) == ["2026-07-12.jsonl.gz", "2026-07-13.jsonl.gz", "2026-07-14.jsonl"]
    assert kept(world, max_bytes=1) == ["2026-07-14.jsonl"]


def test_what_is_too_much_is_looked_for_every_hour(world: World, tape: Tape) -> None:
    world.write(tape, "x")
    pack_all(tape)
    put(world.folder, "2026-01-01.jsonl.gz", "old")
    world.wait(TIDY_S - 1)
    pack_all(tape)
    assert "2026-01-01.jsonl.gz" in world.files()
    world.wait(1)
    pack_all(tape)
    assert world.files() == ["2026-07-14.jsonl"]


# --- a day from elsewhere ---


def test_a_day_is_written_whole(world: World) -> None:
    """Frames in the order in which they are given."""
    with write_day(world.folder, MONDAY) as day:
        for n in range(3):
            day.add(n, "pulse", f"frame {n}")
        assert world.files() == ["2026-07-13.jsonl.gz.fetching"]
    assert (day.count, world.files()) == (3, ["2026-07-13.jsonl.gz"])
    assert world.raws(MONDAY) == ["frame 0", "frame 1", "frame 2"]


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_a_day_that_is_there_is_replaced_only_where_that_is_wanted(ending: str, world: World) -> None:
    """The plain file goes too: nothing is merged."""
    path = put(world.folder, f"2026-07-13.{ending}", "recorded")
    with (
        pytest.raises(InputError, match=rf"2026-07-13\.{ending}: this day is on the tape already"),
        write_day(world.folder, MONDAY),
    ):
        pytest.fail("not reached")
    assert path.exists()
    with write_day(world.folder, MONDAY, replace=True) as day:
        day.add(1, "pulse", "fetched")
    assert (world.files(), world.raws()) == (["2026-07-13.jsonl.gz"], ["fetched"])


def test_a_day_that_broke_off_is_not_there(world: World) -> None:
    """Nor does it take anything's place."""
    put(world.folder, "2026-07-13.jsonl.gz", "recorded")

    def fetch() -> None:
        with write_day(world.folder, MONDAY, replace=True) as day:
            day.add(1, "pulse", "x")
            raise VendorError("upstream", "HTTP 502")

    with pytest.raises(VendorError):
        fetch()
    assert (world.files(), world.raws()) == (["2026-07-13.jsonl.gz"], ["recorded"])


def test_a_day_without_frames_is_not_written(world: World) -> None:
    """A holiday: what was there stays."""
    with write_day(world.folder, MONDAY):
        pass
    assert world.files() == []


# --- the thread ---


def running(folder: Path) -> Tape:
    """A tape with a thread and a clock of its own, which stands on the day of these tests."""
    tape = Tape(folder, Limits(least_free=0), Surroundings(now_ns=lambda: NOON_NS))
    tape.start()
    return tape


async def test_the_thread_writes_by_itself_and_the_rest_at_the_end(tmp_path: Path) -> None:
    """Within a fraction of a second, and what waits when it is closed; a second close does no harm."""
    tape = running(tmp_path)
    tape.record("pulse", NOON_NS, "first")
    path = tmp_path / "2026-07-14.jsonl"
    await until(lambda: path.exists() and path.read_bytes())
    tape.record("pulse", NOON_NS, b"last")
    await tape.close()
    await tape.close()
    assert [line.raw for line in Recording(path)] == ["first", "last"]
    assert not tape._thread.is_alive()


async def test_a_tape_that_was_never_started_can_be_closed(tmp_path: Path) -> None:
    await Tape(tmp_path).close()


async def test_a_bug_in_the_thread_is_told_and_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes later is recorded."""
    with capture_logs() as logs, monkeypatch.context() as patch:
        patch.delattr(TapeFolder, "add")
        tape = running(tmp_path)
        tape.record("pulse", NOON_NS, "lost")
        await until(lambda: logs)
        patch.undo()
        tape.record("pulse", NOON_NS, "kept")
        await tape.close()
    assert [line.raw for line in Recording(tmp_path)] == ["kept"]
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["tape.bug"]


# --- a kill ---

RECORDER = """
import asyncio, itertools, sys
from pathlib import Path
from bot.engine.tape import Tape
from bot.engine.tape_folder import Limits, Surroundings
folder, noon_ns, first = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

async def main():
    tape = Tape(folder, Limits(least_free=0), Surroundings(now_ns=lambda: noon_ns))
    tape.start()
    for n in itertools.count(first):
        tape.record("pulse", noon_ns + n, "x" * (n % 500))
        if n % 20 == 0:
            await asyncio.sleep(0.001)
        if n % 1000 == 0:
            print(n, flush=True)

asyncio.run(main())
"""
"""Records frames numbered from `first` on, as fast as a busy feed, and says how far it is."""


def test_a_kill_at_any_moment_costs_the_last_moments_alone(tmp_path: Path) -> None:
    """A real writer, killed at random moments and begun again: no line is torn, missing or doubled but at the end of
    each of its lives."""
    chance, lives = random.Random(7), range(0, 4_000_000, 1_000_000)
    for first in lives:
        command = [sys.executable, "-c", RECORDER, str(tmp_path), str(NOON_NS), str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(chance.randint(5, 20)):
                assert process.stdout.readline()
            time.sleep(chance.random() * 0.05)
            process.kill()
    tape = World(tmp_path).tape()
    tape.record("pulse", NOON_NS, "the end")
    finish(tape)

    recording = Recording(tmp_path)
    *lines, last = recording
    assert (recording.skipped, last.raw) == (0, "the end")
    numbers = [line.received_ns - NOON_NS for line in lines if line.received_ns is not None]
    assert [line.raw for line in lines] == ["x" * (n % 500) for n in numbers]
    assert numbers
    for earlier, later in pairwise(numbers):
        assert later == earlier + 1 or later in lives


PACKER = """
import sys
from datetime import date
from pathlib import Path
from bot.engine import tape_days
tape_days.CHUNK = 4096
print("ready", flush=True)
for _ in tape_days.tidy(Path(sys.argv[1]), date(2026, 7, 14), keep_days=30, max_bytes=10**9):
    pass
"""


def test_a_kill_while_a_day_is_packed_neither_loses_nor_doubles_a_frame(tmp_path: Path) -> None:
    """At any moment, and whoever reads it then."""
    chance, frames = random.Random(11), [f"{n} {'x' * (n % 100)}" for n in range(20_000)]
    put(tmp_path, "2026-07-13.jsonl", *frames)
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", PACKER, str(tmp_path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.random() * 0.15)
            process.kill()
        assert [line.raw for line in Recording(tmp_path)] == frames
