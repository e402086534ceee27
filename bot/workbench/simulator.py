"""The simulator: both providers' streams and REST paths on one loopback port, fed by a source of frames.

Behaves as the providers document, and knows nothing of the bot that is listening.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from websockets.asyncio.server import serve as serve_websockets

from bot.model.errors import InputError, UnavailableError
from bot.workbench.audience import ABNORMAL_TRADES, STREAM, Audience
from bot.workbench.desk import Desk
from bot.workbench.reception import Reception, key_of
from bot.workbench.recording import check, recorded
from bot.workbench.sources import FAST_RATE, ODD_SHARE, Source, generated, reel, reeled

log = structlog.get_logger()

HOST = "127.0.0.1"
DEFAULT_RATE = 25.0
"""Prints a second: lively to look at. A busy feed of alerts was seen at 25 a minute, a whole tape runs at 1,000."""
HEARTBEAT_S = 30.0
"""OptionWhales' API documentation: every 30 seconds."""

_FRAMES_BETWEEN_BREATHS = 64
_CLOSE_TIMEOUT_S = 1.0
_MAX_FRAME_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """What `flowbot simulate` takes. Raises InputError for a number that makes no sense."""

    port: int = 0
    """0 picks a free one."""
    rate: float | None = None
    """Prints a second; 0 = as fast as the slowest client reads. None: 25, or a recorded file's own pace."""
    seed: int = 1
    file: Path | None = None
    """Tape lines or plain prints, one JSON object a line, .gz too; None = the seeded generator."""
    speed: float = 1.0
    """How many times faster than recorded a file is played; 0 = as fast as the slowest client reads."""
    odd_share: float = ODD_SHARE
    """The share of frames that are malformed on purpose."""
    heartbeat_s: float = HEARTBEAT_S

    def __post_init__(self) -> None:
        for name, value in (("rate", self.rate), ("speed", self.speed)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise InputError(f"--{name} {value}: give a number from 0 on; 0 is as fast as possible")

    @property
    def is_flat_out(self) -> bool:
        return self.rate == 0 or (self.file is not None and self.rate is None and self.speed == 0)


class Simulator:
    """A running simulation; `simulating` starts and stops it."""

    def __init__(self, options: SimulateOptions, port: int, desk: Desk, audience: Audience) -> None:
        self.options = options
        self.port = port
        self._desk = desk
        self._audience = audience
        self.sent = 0
        """Frames sent so far, to however many clients."""

    @property
    def stream_url(self) -> str:
        return f"ws://{HOST}:{self.port}{STREAM}"

    @property
    def abnormal_trades_url(self) -> str:
        return f"ws://{HOST}:{self.port}{ABNORMAL_TRADES}"

    @property
    def rest_url(self) -> str:
        return f"http://{HOST}:{self.port}/v1"

    @property
    def banner(self) -> str:
        """What to tell the person who started it."""
        what = f"{self.options.file}" if self.options.file else f"seed {self.options.seed}"
        return (
            f"simulating {what} on {HOST}:{self.port}; the stream begins with the first client\n"
            f"  radarpulse    ws_url: {self.stream_url}   rest_url: {self.rest_url}\n"
            f"  optionwhales  ws_url: {self.abnormal_trades_url}   rest_url: {self.rest_url}\n"
            "  any api_key will do; Ctrl-C stops"
        )

    async def pump(self, source: Callable[[], Source]) -> None:
        """Send every frame when it is due by the time elapsed since the first client came, so that delays never
        add up."""
        await self._audience.arrival()
        begin_s = time.monotonic()
        try:
            for n, (due_s, frame) in enumerate(source()):
                wait_s = begin_s + due_s - time.monotonic()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                if n % _FRAMES_BETWEEN_BREATHS == 0:
                    await self._audience.make_room(is_flat_out=self.options.is_flat_out)
                self._audience.send(frame)
                self._desk.record(frame)
                self.sent += 1
        except InputError as error:
            # The end of a tape that a power cut left behind; what came before it was sent.
            log.warning("simulate.file_broken", reason=str(error))
        log.info("simulate.file_ended", frames=self.sent)


@asynccontextmanager
async def simulating(options: SimulateOptions) -> AsyncIterator[Simulator]:
    """A simulator that serves until the block ends.

    Raises InputError for a file that cannot be used, UnavailableError for a port that cannot be had.
    """
    source = _source(options)
    desk, audience = Desk(), Audience()
    reception = Reception(desk, audience)
    try:
        server = await serve_websockets(
            lambda connection: audience.seat(connection, key_of(connection.request) if connection.request else ""),
            HOST,
            options.port,
            process_request=reception.answer,
            compression=None,
            max_size=_MAX_FRAME_BYTES,
            close_timeout=_CLOSE_TIMEOUT_S,
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnavailableError(
            f"port {options.port} on {HOST}: {reason}; choose another, or 0 for a free one"
        ) from error
    try:
        async with server, asyncio.TaskGroup() as tasks:
            simulator = Simulator(options, server.sockets[0].getsockname()[1], desk, audience)
            running = [
                tasks.create_task(simulator.pump(source)),
                tasks.create_task(audience.keep_alive(options.heartbeat_s)),
            ]
            try:
                yield simulator
            finally:
                for task in running:
                    task.cancel()
    except BaseExceptionGroup as group:
        # The task group wraps what the caller's own block raised, which the caller wants to catch as it was.
        raise group.exceptions[0] if len(group.exceptions) == 1 else group from None


async def serve(options: SimulateOptions, *, ready: Callable[[str], None]) -> None:
    """Simulate until cancelled; `ready` gets the banner once clients may connect."""
    async with simulating(options) as simulator:
        ready(simulator.banner)
        await asyncio.Event().wait()  # without a timeout on purpose: only cancellation ends it


def _source(options: SimulateOptions) -> Callable[[], Source]:
    """What to send, prepared as far as can be before anybody listens; its clock starts when it is called."""
    if options.file is not None:
        path = options.file
        check(path)
        return lambda: recorded(path, rate=options.rate, speed=options.speed, clock_ms=_now_ms)
    rate = DEFAULT_RATE if options.rate is None else options.rate
    if rate == 0 or rate > FAST_RATE:
        frames = reel(options.seed, _now_ms(), options.odd_share)
        return lambda: reeled(frames, _now_ms, rate)
    return lambda: generated(options.seed, _now_ms(), rate, options.odd_share)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
