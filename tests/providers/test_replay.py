"""A tape as a feed: its frames come through the vendors' decoders, at any speed, as what they are: delayed."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from structlog.testing import capture_logs

from bot.flow.tape import add_line
from bot.model.ports import Frame
from bot.providers import radarpulse
from bot.providers.means import NO_MEANS
from bot.providers.replay import Read, Replay, ReplaySettings, build, facts, vendor_reader
from tests.providers.doubles import NOON_NS, Clock, KeepingIntake, until

RECORDED_NS = 1_783_180_800_500_000_000  # 2026-07-04 16:00:00.5 UTC
SECOND_NS = 10**9
PULSE: dict[str, Any] = {"ticker": "NVDA", "expiry": "2026-07-18", "premium": 1_250_000, "timestamp": 1783180800000}
WHALE = '{"type":"abnormal_trade","data":{"ticker":"AMD","side":"BUY","premium":7}}'


def pulse(**changes: Any) -> str:
    return json.dumps({**PULSE, **changes})


def tape(folder: Path, *frames: tuple[float, str, Frame], name: str = "tape.jsonl") -> Path:
    """A file with these frames: seconds after the first moment, the provider's name, and the frame."""
    lines = bytearray()
    for seconds, provider, raw in frames:
        add_line(lines, RECORDED_NS + int(seconds * SECOND_NS), provider, raw)
    (folder / name).write_bytes(gzip.compress(lines) if name.endswith(".gz") else lines)
    return folder / name


@asynccontextmanager
async def playing(
    path: Path, readers: Mapping[str, Read] | None = None, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[tuple[Replay, KeepingIntake]]:
    """A replay that runs until the block ends."""
    settings = ReplaySettings.model_validate({"type": "replay", "path": str(path), "speed": 0, **changes})
    replay = Replay("again", settings, readers, (clock or Clock()).surroundings)
    intake = KeepingIntake()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(replay.run(intake))
        try:
            yield replay, intake
        finally:
            await replay.close()
            await replay.close()


async def played(path: Path, **changes: Any) -> tuple[Replay, KeepingIntake]:
    """The whole tape, as fast as can be."""
    async with playing(path, **changes) as (replay, intake):
        await until(lambda: replay.status.last_error)
    return replay, intake


@pytest.mark.parametrize("name", ["tape.jsonl", "tape.jsonl.gz"])
async def test_frames_become_prints_as_the_vendor_would_have_sent_them(name: str, tmp_path: Path) -> None:
    """Under the replay's own name, received now, of a delayed feed; the time and the days to expiry are the trade's."""
    path = tape(tmp_path, (0, "radarpulse", pulse()), (1, "optionwhales", WHALE), name=name)
    _, intake = await played(path)
    nvda, amd = intake.prints
    assert (nvda.provider, nvda.ticker, nvda.received_ns, nvda.is_delayed) == ("again", "NVDA", NOON_NS, True)
    assert (nvda.time, nvda.expiry, nvda.dte) == (datetime(2026, 7, 4, 16, tzinfo=UTC), date(2026, 7, 18), 14)
    assert (amd.ticker, amd.side, amd.time, amd.is_delayed) == ("AMD", "ask", None, True)


async def test_a_print_without_a_time_is_read_as_of_its_recording(tmp_path: Path) -> None:
    """Twelve days later its option still expires fourteen days after the trade."""
    _, intake = await played(tape(tmp_path, (0, "radarpulse", pulse(timestamp=None))))
    assert [(found.time, found.dte) for found in intake.prints] == [(None, 14)]


async def test_a_folder_is_played_day_by_day(tmp_path: Path) -> None:
    """Oldest first, packed or not; what is no day's file is left out."""
    tape(tmp_path, (0, "radarpulse", pulse(ticker="B")), name="2026-07-14.jsonl")
    tape(tmp_path, (0, "radarpulse", pulse(ticker="A")), name="2026-07-13.jsonl.gz")
    tape(tmp_path, (0, "radarpulse", pulse(ticker="X")), name="notes.jsonl")
    _, intake = await played(tmp_path)
    assert [found.ticker for found in intake.prints] == ["A", "B"]


async def test_names_that_nobody_has_are_read_as_the_settings_say(tmp_path: Path) -> None:
    """A vendor's name is that vendor's; a provider of this configuration reads what stands under its own name."""
    path = tape(tmp_path, (0, "mine", pulse()), (0, "theirs", WHALE), (0, "radarpulse", pulse(ticker="TSLA")))
    _, intake = await played(path, readers={"mine": vendor_reader(radarpulse.decode)}, **{"as": "optionwhales"})
    assert [found.ticker for found in intake.prints] == ["NVDA", "AMD", "TSLA"]
    assert intake.rejected == []


async def test_a_map_reads_a_tape_too(tmp_path: Path) -> None:
    """By the name of a map that comes with flowbot; a trade that the feed took back is taken back."""
    trade = {
        "type": "timesale", "symbol": "AAPL260717C00200000", "bid": "2.0", "ask": "2.2", "last": "2.2", "size": "10",
        "date": "1784217600000", "cancel": False, "correction": False,
    }  # fmt: skip
    frames = [json.dumps(trade), json.dumps({**trade, "cancel": True}), '{"type":"heartbeat"}']
    _, intake = await played(tape(tmp_path, *((0, "t", raw) for raw in frames)), **{"as": "tradier_timesale"})
    assert [(found.ticker, found.premium, found.is_delayed) for found in intake.prints] == [("AAPL", 2200.0, True)]
    assert [(found.ticker, found.provider) for found in intake.cancelled] == [("AAPL", "again")]


async def test_plain_prints_are_played_too(tmp_path: Path) -> None:
    """One JSON object a line, as the vendor of the settings spells it; its time is read as of New York."""
    line = {"ticker": "AAPL", "expiry": "2014-06-21", "origTime": "2014-06-06T09:30:00", "premium": 5}
    (tmp_path / "prints.jsonl").write_text(f"{json.dumps(line)}\n")
    _, intake = await played(tmp_path / "prints.jsonl")
    assert [(found.ticker, found.dte, found.received_ns) for found in intake.prints] == [("AAPL", 15, NOON_NS)]


async def test_what_is_no_print_is_refused_or_passed_over_as_ever(tmp_path: Path) -> None:
    """Faulty frames go into the quarantine, heartbeats nowhere, torn lines are counted by the reader alone."""
    beat = '{"type":"heartbeat","ts":1}'
    path = tape(
        tmp_path, (0, "radarpulse", "not json"), (0, "radarpulse", b"\xff"), (0, "optionwhales", beat),
        (0, "radarpulse", pulse()),
    )  # fmt: skip
    with path.open("a") as file:
        file.write('{"t":17')
    _, intake = await played(path)
    assert intake.reasons == ["not_json", "not_text"]
    assert [found.ticker for found in intake.prints] == ["NVDA"]


async def test_a_bug_in_one_frame_does_not_end_the_replay(tmp_path: Path) -> None:
    """It is told once, and the frames are kept for whoever mends it."""

    def broken(raw: Frame, received_ns: int, name: str) -> list[Any]:
        raise ZeroDivisionError

    frames = [(0.0, "broken", "a"), (0.0, "broken", "b"), (0.0, "radarpulse", pulse())]
    with capture_logs() as logs:
        _, intake = await played(tape(tmp_path, *frames), readers={"broken": broken})
    assert intake.reasons == ["bug", "bug"]
    assert len(intake.prints) == 1
    assert [entry["event"] for entry in logs].count("provider.decode_bug") == 1


async def test_nothing_is_recorded_again(tmp_path: Path) -> None:
    """It is on a tape already."""
    recorded: list[Frame] = []
    async with playing(tape(tmp_path, (0, "radarpulse", pulse()))) as (_, intake):
        intake.record = lambda provider, received_ns, raw: recorded.append(raw)
        await until(lambda: intake.prints)
    assert recorded == []


@pytest.mark.parametrize(("speed", "due_s"), [(1, [1.5, 60.0]), (60, [0.025, 1.0])])
async def test_frames_come_as_far_apart_as_they_were_recorded(speed: float, due_s: list[float], tmp_path: Path) -> None:
    """Divided by the speed; a frame whose clock went back comes at once."""
    path = tape(tmp_path, *((s, "radarpulse", pulse(volume=n)) for n, s in enumerate((0, 1.5, 1.0, 60))))
    clock = Clock()
    async with playing(path, clock=clock, speed=speed) as (_, intake):
        await until(lambda: clock.sleepers)
        assert len(intake.prints) == 1
        assert clock.sleepers[0][1] == pytest.approx(due_s[0], abs=1e-6)
        await clock.advance(due_s[0] + 1e-3)
        await until(lambda: len(intake.prints) == 3 and clock.sleepers)
        assert clock.sleepers[0][1] == pytest.approx(due_s[1] - due_s[0] - 1e-3, abs=1e-6)
        await clock.advance(due_s[1] - due_s[0])
        await until(lambda: len(intake.prints) == 4)
        assert intake.prints[-1].received_ns == clock.now_ns


async def test_a_full_intake_is_waited_for(tmp_path: Path) -> None:
    """After each frame, however fast the tape is to be played."""
    path = tape(tmp_path, *((0, "radarpulse", pulse(volume=n)) for n in range(5)))
    async with playing(path) as (replay, intake):
        intake.is_full = True
        await until(lambda: intake.waits_for_room)
        assert len(intake.prints) == 1
        intake.make_room()
        await until(lambda: replay.status.last_error)
        assert len(intake.prints) == 5


async def test_the_end_of_the_tape_is_said_once_and_the_run_goes_on(tmp_path: Path) -> None:
    """Nothing is connected any more; only a close ends the run."""
    path = tape(tmp_path, *((n, "radarpulse", pulse(volume=n)) for n in range(2)))
    with capture_logs() as logs:
        async with playing(path) as (replay, _):
            status = replay.status
            assert (status.mode, status.is_delayed) == ("replay", True)
            await until(lambda: not status.is_connected and status.last_error)
            assert status.last_error == "the tape is over: 2 frames"
            assert (status.sessions, status.last_frame_ns) == (1, NOON_NS)
            await asyncio.sleep(0)
    assert [entry["event"] for entry in logs] == ["provider.replaying", "provider.tape_over"]


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"no gzip", "Not a gzipped file"), (b"", "0 frames")]
)
async def test_a_tape_that_cannot_be_read_says_so(content: bytes | None, words: str, tmp_path: Path) -> None:
    """The service goes on without it."""
    path = tmp_path / "tape.jsonl.gz"
    if content is not None:
        path.write_bytes(content)
    replay, intake = await played(path)
    assert words in replay.status.last_error
    assert not replay.status.is_connected
    assert intake.prints == []


async def test_a_tape_that_breaks_off_is_played_until_there(tmp_path: Path) -> None:
    """What came before is worth having."""
    frames = [(0.0, "radarpulse", pulse(ticker="A", noise=f"{n * 7919:x}" * 50)) for n in range(2000)]
    path = tape(tmp_path, *frames, name="tape.jsonl.gz")
    path.write_bytes(path.read_bytes()[:-2000])
    replay, intake = await played(path)
    assert "cannot be read" in replay.status.last_error
    assert 1000 < len(intake.prints) < 2000
    assert len(intake.prints) % 250, "also those since the last turn"


async def test_a_loop_begins_again_until_it_is_closed(tmp_path: Path) -> None:
    """Without waiting for anything but its turn."""
    async with playing(tape(tmp_path, (0, "radarpulse", pulse())), loop=True) as (replay, intake):
        await until(lambda: len(intake.prints) > 3)
        assert replay.status.is_connected
    assert not replay.status.is_connected


async def test_an_empty_tape_ends_even_in_a_loop(tmp_path: Path) -> None:
    """It would turn for ever otherwise."""
    path = tmp_path / "tape.jsonl"
    path.write_bytes(b"")
    replay, _ = await played(path, loop=True)
    assert replay.status.last_error == "the tape is over: 0 frames"


@pytest.mark.parametrize("changes", [{"as": "radarpuls"}, {"speed": -1}, {"path": None}, {"frames_of": "radarpulse"}])
def test_settings_are_checked(changes: dict[str, Any]) -> None:
    """By the names that stand in the YAML."""
    with pytest.raises(ValidationError):
        ReplaySettings.model_validate({"type": "replay", "path": "tape", **changes})


def test_the_defaults_and_the_schema() -> None:
    """Only the path must be given; an editor is offered the vendors and the maps."""
    settings = ReplaySettings.model_validate({"type": "replay", "path": "state/tape"})
    assert (settings.path, settings.speed, settings.frames_of, settings.loop) == (
        Path("state/tape"), 1.0, "radarpulse", False,
    )  # fmt: skip
    schema = TypeAdapter(ReplaySettings).json_schema()
    assert {"radarpulse", "optionwhales", "tradier_timesale"} <= {*schema["properties"]["as"]["anyOf"][0]["enum"]}
    assert build("again", settings, NO_MEANS).facts == facts(settings) == radarpulse.FACTS


def test_a_maps_facts_are_those_that_it_fills() -> None:
    """So that `check` can warn of rules that need others."""
    settings = ReplaySettings.model_validate({"type": "replay", "path": "tape", "as": "tradier_timesale"})
    assert {"ticker", "strike", "premium", "side"} <= facts(settings)
    assert "spot" not in facts(settings)
