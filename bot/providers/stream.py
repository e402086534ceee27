"""The thin shell around a vendor's WebSocket: connect, read, notice silence, connect again. Shared by every feed.

What is read, `reader` knows; when to try again, `backoff`; why a session ended, `ends`; how a socket is opened and
closed, `connection`.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import structlog

from bot.flow.market import is_open
from bot.model.ports import Intake, ProviderStatus
from bot.model.secret import Secret
from bot.providers.backoff import LENIENT_REFUSALS, End, Tries, next_try
from bot.providers.connection import PONG_S, Connection, NoSession, connected
from bot.providers.ends import is_connection_limit
from bot.providers.feed import Feed
from bot.providers.heard import Heard
from bot.providers.lifetime import Lifetime
from bot.providers.reader import Reader
from bot.providers.surroundings import Surroundings

log = structlog.get_logger()

PING_S = 20.0
CHECKS_PER_SILENCE = 8
WELCOME_S = 10.0
"""How long a vendor may take to say whether we are welcome."""


GapEnded = Callable[[int, int], None]
"""From when to when the feed was not heard, unix nanoseconds."""


class Stream:
    """A `Provider` over one WebSocket. See `bot.model.ports.Provider`."""

    def __init__(
        self,
        feed: Feed,
        surroundings: Surroundings | None = None,
        *,
        status: ProviderStatus | None = None,
        heard: Heard | None = None,
        gap_ended: GapEnded | None = None,
    ) -> None:
        """Where it is a part of a provider: that one's `status` and `heard`; `gap_ended` is told at the handshake."""
        self._feed = feed
        self._around = surroundings or Surroundings()
        self._status = status or ProviderStatus()
        self._heard = heard or Heard()
        self._gap_ended = gap_ended
        self._life = Lifetime()
        self._welcome: asyncio.Future[None] | None = None
        """Of this session: done once the vendor has let us in."""
        self._complaint = ""
        self._answered_ns = 0
        """When the last ping that was answered went out."""

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
        try:
            await self._life.of(self.listen(intake))
        finally:
            self._status.is_connected = False

    async def close(self) -> None:
        """See the port. Waits for the goodbye, which takes two seconds at most."""
        await self._life.end()

    async def listen(self, intake: Intake, *, until_refused: bool = False) -> End:
        """One session after the other, for ever; or until the key's plan turns out to have no stream: how it did."""
        tries = Tries()
        while True:
            end = await self._session(intake)
            tries, wait_s = next_try(tries, end, self._around.chance())
            self._count(end)
            if until_refused and _is_without_stream(tries, end):
                return replace(end, detail=self._status.last_error)
            self._tell(end, wait_s)
            await self._around.sleep(wait_s)

    def _count(self, end: End) -> None:
        status, detail = self._status, self._feed.scrub(end.detail)
        status.disconnects[end.reason] = status.disconnects.get(end.reason, 0) + 1
        # The server's own complaint, sent just before it hung up, says more than the hanging up.
        status.last_error = self._complaint or detail

    def _tell(self, end: End, wait_s: float) -> None:
        status = self._status
        log.warning(
            "provider.disconnected", provider=self.name, reason=end.reason, detail=status.last_error,
            lived_s=round(end.lived_s, 1), retry_in_s=round(wait_s, 1),
        )  # fmt: skip

    # --- one session ---

    async def _session(self, intake: Intake) -> End:
        self._complaint = ""
        sessions = self._status.sessions
        try:
            if self._feed.renew is not None:
                self._feed = await self._feed.renew(self._around)
            async with connected(self._feed, self._around.now_ns() / 1e9) as connection:
                began_s, began_ns = self._around.elapsed_s(), self._around.now_ns()
                if not self._feed.lines.is_answered:
                    self._begin(began_ns)
                try:
                    end = await self._converse(connection, intake)
                finally:
                    self._status.is_connected = False
        except NoSession as refused:
            return refused.end
        if self._status.sessions == sessions:  # we were never welcome
            return end
        # An answer to a ping shows that all before it was heard; but not where a server lives and sends nothing.
        alive_ns = 0 if end.reason == "silence" else self._answered_ns
        self._heard.until_ns = max(began_ns, self._status.last_frame_ns, alive_ns)
        # A handshake counts as life, however short: the key works.
        return replace(end, lived_s=max(self._around.elapsed_s() - began_s, 1e-9))

    def _begin(self, now_ns: int) -> None:
        status, unheard_ns = self._status, self._heard.until_ns
        status.is_connected, status.connected_ns = True, now_ns
        status.mode, status.is_delayed = "stream", self._feed.is_delayed
        status.sessions += 1
        log.info("provider.connected", provider=self.name, host=self._feed.host, session=status.sessions)
        if unheard_ns is not None and self._gap_ended is not None:
            self._gap_ended(unheard_ns, now_ns)

    def _welcomed(self) -> None:
        if self._welcome is not None and not self._welcome.done():
            self._welcome.set_result(None)
            self._begin(self._status.last_frame_ns)

    async def _converse(self, connection: Connection, intake: Intake) -> End:
        reader = Reader(
            self._feed, self._status, self._heard, intake, now_ns=self._around.now_ns, welcomed=self._welcomed
        )
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(reader.read(connection))
            watches = [tasks.create_task(watch(connection, reader)) for watch in (self._watch, self._keep_alive)]
            try:
                if await self._is_let_in(connection, reading):
                    await self._subscribe(connection)
                    watches.append(tasks.create_task(self._beat(connection)))
                # A cancellation of this wait leaves it reading: a goodbye in good order needs a reader.
                await asyncio.wait({reading})
            finally:
                for watch in watches:
                    watch.cancel()
                await connection.close()
        self._complaint = reader.complaint
        return self._judge(reading.result(), intake)

    def _judge(self, end: End, intake: Intake) -> End:
        if end.reason == "oversize":
            intake.reject(self.name, "oversize", end.detail, "")
        if end.reason != "silence" and is_connection_limit(self._complaint or end.detail):
            return End("connection_limit", end.detail)
        return end

    async def _is_let_in(self, connection: Connection, reading: asyncio.Task[End]) -> bool:
        """Say who we are, and wait for the answer where there is one. Ends the session where none comes."""
        lines = self._feed.lines
        self._welcome = asyncio.get_running_loop().create_future()
        await _say(lines.first, connection)
        if not lines.is_answered:
            return True
        await asyncio.wait((reading, self._welcome), timeout=WELCOME_S, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done() and not self._welcome.done():
            await connection.hang_up(End("timeout", f"no answer to our first message for {WELCOME_S:g} s"))
        return self._welcome.done()

    async def _subscribe(self, connection: Connection) -> None:
        await _say(self._feed.lines.then, connection)
        if self._feed.tickers:
            request = {"type": "subscribe", "tickers": list(self._feed.tickers)}
            await connection.send(msgspec.json.encode(request).decode())

    async def _beat(self, connection: Connection) -> None:
        lines = self._feed.lines
        while lines.beat:
            await self._around.sleep(lines.beat_s)
            await _say(lines.beat, connection)

    async def _watch(self, connection: Connection, reader: Reader) -> None:
        """End a session that has gone silent. Looks now and then, so that a frame costs no timer."""
        feed, status, now_ns = self._feed, self._status, self._around.now_ns
        heard_ns = now_ns()
        while True:
            await self._around.sleep(feed.silence_s / CHECKS_PER_SILENCE)
            now = now_ns()
            is_excused = feed.is_silent_after_hours and not is_open(datetime.fromtimestamp(now / 1e9, UTC))
            # While the intake is full it is we who do not listen.
            heard_ns = now if is_excused or reader.is_held else max(heard_ns, status.last_frame_ns)
            if now - heard_ns >= feed.silence_s * 1e9:
                await connection.hang_up(End("silence", f"no frame for {feed.silence_s:g} s"))
                return

    async def _keep_alive(self, connection: Connection, reader: Reader) -> None:
        """Ping, and end a session whose server does not answer: where silence is usual, nothing else tells.

        By the loop's own clock, as it waits for what comes over the socket.
        """
        status = self._status
        while True:
            await asyncio.sleep(PING_S)
            heard_ns, asked_ns = status.last_frame_ns, self._around.now_ns()
            if await connection.ping():
                self._answered_ns = asked_ns
            elif not reader.is_held and status.last_frame_ns == heard_ns:
                await connection.hang_up(End("ping_timeout", f"no answer to a ping for {PONG_S:g} s"))
                return


async def _say(lines: Iterable[Secret], connection: Connection) -> None:
    for line in lines:
        await connection.send(line.reveal())


def _is_without_stream(tries: Tries, end: End) -> bool:
    """A 403 to a key that worked before may be our own half-open predecessor, still counted as the one connection."""
    return end.reason == "forbidden" and not (tries.has_worked and tries.refusals <= LENIENT_REFUSALS)
