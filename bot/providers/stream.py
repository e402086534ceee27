"""The thin shell around a vendor's WebSocket: connect, read, notice silence, connect again. Shared by every feed.

What frames mean, `Feed.decode` knows; when to try again, `backoff`; why a session ended, `ends`; how a socket is
opened and closed, `connection`.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
import structlog

from bot.flow.market import is_open
from bot.model.errors import FrameError
from bot.model.ports import Frame, Intake, ProviderStatus
from bot.model.prints import Print
from bot.providers.backoff import End, Tries, next_try
from bot.providers.connection import DATA, PONG_S, Connection, NoSession, connected
from bot.providers.ends import is_connection_limit
from bot.providers.feed import ErrorFrame, Feed, Heartbeat, Note, Subscribed

log = structlog.get_logger()

PING_S = 20.0
CHECKS_PER_SILENCE = 8


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a stream has of the world beside its socket; tests give it another."""

    now_ns: Callable[[], int] = time.time_ns
    elapsed_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random


class Stream:
    """A `Provider` over one WebSocket. See `bot.model.ports.Provider`."""

    def __init__(self, feed: Feed, surroundings: Surroundings | None = None) -> None:
        self._feed = feed
        self._around = surroundings or Surroundings()
        self._status = ProviderStatus()
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._is_held = False
        self._complaint = ""

    @property
    def name(self) -> str:
        return self._feed.name

    @property
    def status(self) -> ProviderStatus:
        return self._status

    @property
    def facts(self) -> frozenset[str]:
        return self._feed.facts

    async def run(self, intake: Intake) -> None:
        """See the port."""
        self._ended.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                feeding = tasks.create_task(self._feed_for_ever(intake))
                await self._closing.wait()
                feeding.cancel()
        finally:
            self._status.is_connected = False
            self._ended.set()

    async def close(self) -> None:
        """See the port. Waits for the goodbye, which takes two seconds at most."""
        self._closing.set()
        await self._ended.wait()

    async def _feed_for_ever(self, intake: Intake) -> None:
        tries = Tries()
        while True:
            end = await self._session(intake)
            tries, wait_s = next_try(tries, end, self._around.chance())
            self._record(end, wait_s)
            await self._around.sleep(wait_s)

    def _record(self, end: End, wait_s: float) -> None:
        status, detail = self._status, self._feed.scrub(end.detail)
        status.disconnects[end.reason] = status.disconnects.get(end.reason, 0) + 1
        # The server's own complaint, sent just before it hung up, says more than the hanging up.
        status.last_error = self._complaint or detail
        log.warning(
            "provider.disconnected", provider=self.name, reason=end.reason, detail=status.last_error,
            lived_s=round(end.lived_s, 1), retry_in_s=round(wait_s, 1),
        )  # fmt: skip

    # --- one session ---

    async def _session(self, intake: Intake) -> End:
        self._complaint = ""
        try:
            async with connected(self._feed, self._around.now_ns() / 1e9) as connection:
                began_s = self._around.elapsed_s()
                try:
                    end = await self._converse(connection, intake)
                finally:
                    self._status.is_connected = False
        except NoSession as refused:
            return refused.end
        # A handshake counts as life, however short: the key works.
        return replace(end, lived_s=max(self._around.elapsed_s() - began_s, 1e-9))

    async def _converse(self, connection: Connection, intake: Intake) -> End:
        status = self._status
        status.is_connected, status.connected_ns = True, self._around.now_ns()
        status.sessions += 1
        log.info("provider.connected", provider=self.name, host=self._feed.host, session=status.sessions)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read(connection, intake))
            watches = [tasks.create_task(watch(connection)) for watch in (self._watch, self._keep_alive)]
            try:
                await self._subscribe(connection)
                # A cancellation of this wait leaves it reading: a goodbye in good order needs a reader.
                await asyncio.wait({reading})
            finally:
                for watch in watches:
                    watch.cancel()
                await connection.close()
        return self._judge(reading.result(), intake)

    def _judge(self, end: End, intake: Intake) -> End:
        if end.reason == "oversize":
            intake.reject(self.name, "oversize", end.detail, "")
        if end.reason != "silence" and is_connection_limit(self._complaint or end.detail):
            return End("connection_limit", end.detail)
        return end

    async def _subscribe(self, connection: Connection) -> None:
        if self._feed.tickers:
            request = {"type": "subscribe", "tickers": list(self._feed.tickers)}
            await connection.send(msgspec.json.encode(request).decode())

    async def _read(self, connection: Connection, intake: Intake) -> End:
        """The hot loop: nothing but what each frame needs, and no await beside the one for the next frame.

        That one gives the event loop a turn only when all that one read of the socket brought (256 KiB at most) has
        been taken: some ten milliseconds of work.
        """
        receive, now_ns, status = connection.receive, self._around.now_ns, self._status
        decode, accept, name = self._feed.decode, intake.accept, self._feed.name
        has_bug = False
        while True:
            kind, raw, words = await receive()
            if kind not in DATA:
                if (end := await connection.heed(kind, raw, words)) is not None:
                    return end
                continue
            received_ns = status.last_frame_ns = now_ns()
            try:
                found = decode(raw, received_ns, name)
            except FrameError as error:
                self._reject(intake, error.reason, error.detail, raw)
            except Exception as bug:  # in one frame's decoding; it must not end the feed
                self._reject(intake, "bug", f"{type(bug).__name__} in decoding; please report this frame", raw)
                if not has_bug:
                    has_bug = True
                    log.exception("provider.decode_bug", provider=name)
            else:
                if type(found) is Print:
                    accept(found)
                else:
                    self._heed(found, intake, raw)
            if intake.is_full:
                # Pings of the server's are not answered meanwhile: better to lose the session than what it sent.
                self._is_held = True
                await intake.room()
                self._is_held = False

    def _reject(self, intake: Intake, reason: str, detail: str, raw: bytes) -> None:
        scrub = self._feed.scrub
        frame: Frame
        try:
            frame = scrub(raw.decode())
        except UnicodeDecodeError:
            frame = raw
        intake.reject(self.name, reason, scrub(detail), frame)

    def _heed(self, note: Print | Note, intake: Intake, raw: bytes) -> None:
        match note:
            case ErrorFrame(message):
                self._complaint = self._status.last_error = self._feed.scrub(message)
                self._reject(intake, "error_frame", self._complaint, raw)
                log.warning("provider.error_frame", provider=self.name, message=self._complaint)
            case Subscribed(tickers):
                wanted = frozenset(self._feed.tickers)
                if tickers is not None and tickers != wanted:
                    log.warning(
                        "provider.subscription_differs", provider=self.name,
                        missing=sorted(wanted - tickers), unasked=sorted(tickers - wanted),
                    )  # fmt: skip
            case Heartbeat() | Print():
                pass

    async def _watch(self, connection: Connection) -> None:
        """End a session that has gone silent. Looks now and then, so that a frame costs no timer."""
        feed, status, now_ns = self._feed, self._status, self._around.now_ns
        heard_ns = now_ns()
        while True:
            await self._around.sleep(feed.silence_s / CHECKS_PER_SILENCE)
            now = now_ns()
            is_excused = feed.is_silent_after_hours and not is_open(datetime.fromtimestamp(now / 1e9, UTC))
            # While the intake is full it is we who do not listen.
            heard_ns = now if is_excused or self._is_held else max(heard_ns, status.last_frame_ns)
            if now - heard_ns >= feed.silence_s * 1e9:
                await connection.hang_up(End("silence", f"no frame for {feed.silence_s:g} s"))
                return

    async def _keep_alive(self, connection: Connection) -> None:
        """Ping, and end a session whose server does not answer: where silence is usual, nothing else tells.

        By the loop's own clock, as it waits for what comes over the socket.
        """
        status = self._status
        while True:
            await asyncio.sleep(PING_S)
            heard_ns = status.last_frame_ns
            if await connection.ping() or self._is_held or status.last_frame_ns != heard_ns:
                continue
            await connection.hang_up(End("ping_timeout", f"no answer to a ping for {PONG_S:g} s"))
            return
