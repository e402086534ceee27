"""`type: replay`: a tape, or plain prints, as if a feed sent them again, at any speed; through the same decoders.

The facts are read as of the moment at which they were recorded, so that days to expiry are right; each print counts as
received now, and the feed as delayed, which its alerts say: nobody takes an old trade for one of this minute, and none
of them is LATE. The store has its say: what has alerted under this provider's name before stays quiet.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from bot.config.units import PLACEHOLDER
from bot.config.wording import suggest
from bot.flow.mapping.fills import facts_filled
from bot.flow.mapping.reading import Cancelled, Map, Reading, Skipped
from bot.flow.tape import Recorded
from bot.model.errors import FrameError, InputError
from bot.model.feeds import FeedMeans
from bot.model.ports import Frame, Intake, ProviderStatus
from bot.model.prints import Print
from bot.providers.decoders import VENDORS
from bot.providers.feed import Decode
from bot.providers.lifetime import Lifetime
from bot.providers.maps import names, ready_map
from bot.providers.recorded import Recording
from bot.providers.surroundings import Surroundings

log = structlog.get_logger()

Read = Callable[[Frame, int, str], Iterable[Reading]]
"""Frame, receive time in unix ns and provider's name -> what each record in it is. `Map.read` is one."""

AT_ONCE: Final = 250
"""Frames read from the disk together, in a thread; between two such reads the event loop gets its turn."""


# --- settings ----------------------------------------------------------------------------------------------


def _known(name: str) -> str:
    known = (*VENDORS, *names())
    if name not in known:
        raise ValueError(f"neither a vendor nor a map that comes with flowbot{suggest(name, known)}")
    return name


FramesOf = Annotated[
    str,
    AfterValidator(_known),
    WithJsonSchema({"anyOf": [{"enum": [*VENDORS, *names()]}, {"type": "string", "pattern": PLACEHOLDER}]}),
]


class ReplaySettings(BaseModel):
    """A tape, played again."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: Literal["replay"] = Field(description="A tape in the place of a feed.")
    path: Path = Field(description="A file (.jsonl or .jsonl.gz), or a folder: every day in it, oldest first.")
    speed: float = Field(1.0, ge=0, description="1: as recorded; 60: a minute in a second; 0: as fast as can be.")
    frames_of: FramesOf = Field(
        "radarpulse",
        alias="as",
        description="Whose frames those are that stand under a name which no provider here has: a vendor, or a map.",
    )
    loop: bool = Field(False, description="Begin again at the end. What has alerted once stays quiet: see dedup.")


# --- the provider ------------------------------------------------------------------------------------------


class Replay:
    """A `Provider` that reads a tape. See `bot.model.ports.Provider`."""

    def __init__(
        self,
        name: str,
        settings: ReplaySettings,
        readers: Mapping[str, Read] | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        """`readers`: by the name under which a frame stands on the tape. A name that is a vendor's needs none."""
        self._name = name
        self._settings = settings
        self._usual = reader(settings.frames_of)
        self._readers = {vendor: reader(vendor) for vendor in VENDORS} | dict(readers or {})
        self._around = surroundings or Surroundings()
        self._status = ProviderStatus(mode="replay", is_delayed=True)
        self._lifetime = Lifetime()
        self._has_bug = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def status(self) -> ProviderStatus:
        return self._status

    @property
    def facts(self) -> frozenset[str]:
        return facts(self._settings)

    async def run(self, intake: Intake) -> None:
        """See the port. The tape's end is no end of the run, which waits to be closed."""
        await self._lifetime.of(self._play(intake))

    async def close(self) -> None:
        """See the port."""
        await self._lifetime.end()

    async def _play(self, intake: Intake) -> None:
        status, settings, frames = self._status, self._settings, 0
        status.is_connected, status.connected_ns = True, self._around.now_ns()
        status.sessions += 1
        log.info("provider.replaying", provider=self._name, tape=str(settings.path), speed=settings.speed)
        try:
            while played := await self._once(intake):
                frames += played
                if not settings.loop:
                    break
            status.last_error = f"the tape is over: {frames:,} frames"
            log.info("provider.tape_over", provider=self._name, frames=frames)
        except InputError as error:  # what came before has been played
            status.last_error = f"the tape cannot be read: {error}"
            log.error("provider.tape_broken", provider=self._name, reason=str(error))  # noqa: TRY400 - no bug
        finally:
            status.is_connected = False

    async def _once(self, intake: Intake) -> int:
        """Play the tape from its beginning. The number of its frames."""
        count, first_ns = 0, None
        speed, elapsed_s = self._settings.speed, self._around.elapsed_s
        began_s = elapsed_s()
        lines = iter(Recording(self._settings.path))
        is_over = False
        while not is_over:
            batch, failure = await asyncio.to_thread(_some, lines)
            for line in batch:
                if speed and line.received_ns is not None:
                    first_ns = line.received_ns if first_ns is None else first_ns
                    due_s = began_s + (line.received_ns - first_ns) / 1e9 / speed
                    if (wait_s := due_s - elapsed_s()) > 0:
                        await self._around.sleep(wait_s)
                self._hand_over(line, intake)
                if intake.is_full:
                    await intake.room()
            count += len(batch)
            if failure is not None:
                raise failure
            is_over = not batch
        return count

    def _hand_over(self, line: Recorded, intake: Intake) -> None:
        """Never to `intake.record`: it is on a tape already."""
        now_ns = self._status.last_frame_ns = self._around.now_ns()
        read = self._readers.get(line.provider, self._usual) if line.provider is not None else self._usual
        try:
            readings = read(line.raw, now_ns if line.received_ns is None else line.received_ns, self._name)
        except Exception as bug:  # in one frame's decoding; it must not end the replay
            intake.reject(self._name, "bug", f"{type(bug).__name__} in decoding; please report this frame", line.raw)
            if not self._has_bug:
                self._has_bug = True
                log.exception("provider.decode_bug", provider=self._name)
            return
        for reading in readings:
            match reading:
                case Print():
                    intake.accept(msgspec.structs.replace(reading, received_ns=now_ns, is_delayed=True))
                case Cancelled():
                    intake.cancel(msgspec.structs.replace(reading.print, received_ns=now_ns, is_delayed=True))
                case FrameError():
                    intake.reject(self._name, reading.reason, reading.detail, line.raw)
                case Skipped():
                    pass


def _some(lines: Iterator[Recorded]) -> tuple[list[Recorded], InputError | None]:
    """The next lines, none at the end; and why there are no more, where the tape breaks off behind them."""
    batch: list[Recorded] = []
    try:
        for line in islice(lines, AT_ONCE):
            batch.append(line)  # noqa: PERF402 - those before a failure are wanted
    except InputError as failure:
        return batch, failure
    return batch, None


# --- what builds it ----------------------------------------------------------------------------------------


def reader(name: str) -> Read:
    """How the frames of a vendor, or of a map that comes with flowbot, are read."""
    return vendor_reader(VENDORS[name][0]) if name in VENDORS else Map(ready_map(name)).read


def vendor_reader(decode: Decode) -> Read:
    """A vendor's decoder, which knows of one print a frame, as a reader."""

    def read(frame: Frame, received_ns: int, name: str) -> Iterable[Reading]:
        try:
            found = decode(frame, received_ns, name)
        except FrameError as error:
            return (error,)
        return (found,) if isinstance(found, Print) else ()

    return read


def facts(settings: ReplaySettings) -> frozenset[str]:
    """The names of the print vocabulary that such a tape is known to fill."""
    name = settings.frames_of
    return VENDORS[name][1] if name in VENDORS else facts_filled(ready_map(name))


def build(name: str, settings: ReplaySettings, means: FeedMeans) -> Replay:
    """The provider, ready to run."""
    return Replay(name, settings.model_copy(update={"path": means.folder / settings.path}))
