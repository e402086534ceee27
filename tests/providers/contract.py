"""What every streaming `Provider` must do, whatever its vendor: subclass `ProviderContract` and say which it is."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from bot.model.prints import Print
from bot.providers.connection import MAX_FRAME_BYTES
from bot.providers.feed import Feed
from bot.providers.stream import Stream
from tests.fakes.feed import KEY, FakeFeed, Refusal, Vendor
from tests.providers.doubles import NOON_NS, Clock, KeepingIntake, until

VOCABULARY = frozenset(Print.__struct_fields__) - {
    "provider", "received_ns", "provider_id", "score_is_local", "score_parts", "notes",
    "is_recovered", "is_delayed",
}  # fmt: skip


@dataclass
class Run:
    """A provider at work against a fake server."""

    server: FakeFeed
    provider: Stream
    intake: KeepingIntake
    clock: Clock
    task: asyncio.Task[None]

    async def prints(self, count: int) -> list[Print]:
        await until(lambda: len(self.intake.prints) >= count)
        return self.intake.prints

    async def rejections(self, count: int) -> None:
        await until(lambda: len(self.intake.rejected) >= count)

    async def ends(self, count: int = 1) -> float:
        """Wait until so many sessions or attempts have ended; the seconds until the next attempt."""
        await until(lambda: sum(self.provider.status.disconnects.values()) >= count and self.clock.sleepers)
        ((_, wait_s, _),) = self.clock.sleepers
        return wait_s

    async def retry(self, count: int = 1) -> None:
        """Let the wait after the `count`th end pass."""
        await self.clock.advance(await self.ends(count))


class ProviderContract:
    """The port's promises, over a real socket."""

    vendor: ClassVar[Vendor]
    trade: ClassVar[Mapping[str, Any]]
    """One trade as the vendor documents it."""

    def feed(self, url: str) -> Feed:
        """The feed as the vendor's file builds it, for the fake server's address and key."""
        raise NotImplementedError

    def frame(self, **changes: Any) -> str:
        """The vendor's frame for the sample trade."""
        raise NotImplementedError

    @asynccontextmanager
    async def running(self, *, now_ns: int = NOON_NS, refusals: tuple[Refusal, ...] = ()) -> AsyncIterator[Run]:
        async with FakeFeed(self.vendor) as server:
            server.refuse(*refusals)
            async with self.against(self.feed(server.url), server, now_ns=now_ns) as run:
                if not refusals:
                    await server.connected()
                yield run

    @asynccontextmanager
    async def against(self, feed: Feed, server: FakeFeed, *, now_ns: int = NOON_NS) -> AsyncIterator[Run]:
        clock, intake = Clock(now_ns), KeepingIntake()
        provider = Stream(feed, clock.surroundings)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(provider.run(intake))
            try:
                yield Run(server, provider, intake, clock, task)
            finally:
                await provider.close()

    # --- prints ---

    async def test_prints_arrive_in_order_with_name_and_time(self) -> None:
        """Each frame becomes a print of the configured provider, stamped when it came."""
        async with self.running() as run:
            await run.server.send(*(self.frame(premium=premium) for premium in (1000, 2000, 3000)))
            prints = await run.prints(3)
        assert [found.premium for found in prints] == [1000, 2000, 3000]
        assert {(found.provider, found.ticker, found.received_ns) for found in prints} == {
            (run.provider.name, self.trade["ticker"], NOON_NS)
        }

    async def test_a_frame_in_binary_is_a_print_too(self) -> None:
        """JSON is JSON, whatever the frame's opcode says."""
        async with self.running() as run:
            await run.server.send(self.frame().encode())
            await run.prints(1)

    async def test_broken_frames_are_rejected_and_the_feed_goes_on(self) -> None:
        """Each is counted by its reason and handed over as it was, and the next print arrives on the same session."""
        broken: list[tuple[str | bytes, str]] = [
            ("upstream connect error", "not_json"),
            ("", "not_json"),
            (self.frame()[:-20], "not_json"),
            (b"\xff\xfe\x00", "not_text"),
            ("[1]", "bad_shape"),
            (self.frame(ticker=None), "no_ticker"),
            (self.frame(premium=-5), "bad_number"),
        ]
        async with self.running() as run:
            await run.server.send(*(frame for frame, _ in broken), self.frame())
            await run.prints(1)
            status = run.provider.status
            assert (status.sessions, status.disconnects) == (1, {})
        assert [(raw, reason) for _, reason, _, raw in run.intake.rejected] == broken
        assert {provider for provider, _, _, _ in run.intake.rejected} == {run.provider.name}

    async def test_a_bug_in_decoding_costs_one_frame_and_is_logged_once(self) -> None:
        """The feed goes on; the log has one traceback a session, not one a frame."""

        def decode(raw: str | bytes, received_ns: int, name: str) -> Print:
            if raw == b"bug":
                raise ZeroDivisionError
            return Print(provider=name, ticker="NVDA", received_ns=received_ns)

        async with FakeFeed(self.vendor) as server:
            feed = replace(self.feed(server.url), decode=decode)
            with capture_logs() as logs:
                async with self.against(feed, server) as run:
                    await server.connected()
                    await server.send("bug", "bug", "fine")
                    await run.prints(1)
        assert run.intake.reasons == ["bug", "bug"]
        assert [entry["exc_info"] for entry in logs if entry["event"] == "provider.decode_bug"] == [True]

    async def test_every_fact_that_arrives_is_among_those_announced(self) -> None:
        """`check` warns by them, so a feed that fills more than it says would be slandered."""
        async with self.running() as run:
            await run.server.send(self.frame())
            (found,) = await run.prints(1)
        filled = {name for name in VOCABULARY if getattr(found, name) is not None}
        assert run.provider.facts <= VOCABULARY
        assert filled <= run.provider.facts

    # --- status ---

    async def test_the_status_tells_what_the_connection_does(self) -> None:
        """Connected, since when, the last frame, and after the end why."""
        async with self.running() as run:
            status = run.provider.status
            await until(lambda: status.is_connected)
            assert (status.connected_ns, status.last_frame_ns, status.sessions) == (NOON_NS, 0, 1)
            await run.clock.advance(3)
            await run.server.send(self.frame())
            await run.prints(1)
            assert status.last_frame_ns == NOON_NS + 3_000_000_000
            await run.server.close(1001, "going down")
            await run.ends()
            assert not status.is_connected
            assert "going down" in status.last_error

    # --- ends of sessions ---

    @pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 4000])
    async def test_after_any_close_it_connects_again(self, code: int) -> None:
        """A normal close is no reason to stop either: the feed is for ever."""
        async with self.running() as run:
            await run.server.close(code)
            assert await run.ends() == pytest.approx(1.0)
            assert run.provider.status.disconnects == {"closed": 1}
            await run.retry()
            await run.server.connected(2)
            await run.server.send(self.frame())
            await run.prints(1)

    async def test_a_broken_connection_is_lost_and_taken_up_again(self) -> None:
        """No close frame came: a crash, a cut cable."""
        async with self.running() as run:
            await run.server.abort()
            await run.retry()
            assert run.provider.status.disconnects == {"lost": 1}
            await run.server.connected(2)

    async def test_an_oversize_frame_costs_the_connection_and_keeps_no_payload(self) -> None:
        """It is counted, and the next session goes on."""
        async with self.running() as run:
            await run.server.send("x" * (MAX_FRAME_BYTES + 1))
            await run.retry()
            assert run.provider.status.disconnects == {"oversize": 1}
            assert [(reason, raw) for _, reason, _, raw in run.intake.rejected] == [("oversize", "")]
            await run.server.connected(2)

    async def test_a_server_that_accepts_and_hangs_up_is_called_ever_more_slowly(self) -> None:
        """A handshake alone is no success: the waits double."""
        async with FakeFeed(self.vendor) as server:
            server.hang_up_at_once()
            async with self.against(self.feed(server.url), server) as run:
                waits = []
                for count in range(1, 9):
                    waits.append(await run.ends(count))
                    await run.retry(count)
        assert waits == pytest.approx([1, 2, 4, 8, 16, 30, 30, 30])

    async def test_a_session_that_lived_forgives_what_was_before(self) -> None:
        """After half a minute the next failure is the first again."""
        async with self.running() as run:
            for count in (1, 2, 3):
                await run.server.connected(count)
                await run.server.close()
                await run.retry(count)
            await until(lambda: run.provider.status.sessions == 4)
            await run.clock.advance(30)
            await run.server.close()
            assert await run.ends(4) == pytest.approx(1.0)

    # --- refusals ---

    @pytest.mark.parametrize(
        ("refusal", "reason", "wait_s"),
        [
            (Refusal(401, "Missing or invalid API key"), "auth", 300),
            (Refusal(403, "Insufficient tier"), "forbidden", 300),
            (Refusal(403, "connection limit reached"), "connection_limit", 1),
            (Refusal(429, "Slow down"), "rate_limited", 1),
            (Refusal(429, "Slow down", {"Retry-After": "17"}), "rate_limited", 17),
            (Refusal(429, "", {"Retry-After": "Thu, 16 Jul 2026 16:00:45 GMT"}), "rate_limited", 45),
            (Refusal(429, "", {"Retry-After": "soon"}), "rate_limited", 1),
            (Refusal(401, "", {"Retry-After": "5"}), "auth", 300),
            (Refusal(500), "server_error", 1),
            (Refusal(502, "Upstream data service unavailable"), "server_error", 1),
            (Refusal(503, "", {"Retry-After": "20"}), "server_error", 20),
            (Refusal(404), "bad_handshake", 1),
            (Refusal(200, "<html>maintenance</html>"), "bad_handshake", 1),
        ],
    )
    async def test_a_refused_handshake_is_tried_again_when_it_may_help(
        self, refusal: Refusal, reason: str, wait_s: float
    ) -> None:
        """A bad key waits five minutes, a Retry-After is kept to, and the rest is ordinary."""
        async with self.running(refusals=(refusal,)) as run:
            assert await run.ends() == pytest.approx(wait_s)
            assert run.provider.status.disconnects == {reason: 1}
            assert run.provider.status.sessions == 0
            await run.retry()
            await run.server.connected()

    async def test_a_redirect_is_not_followed(self) -> None:
        """The key would go to whatever host the answer names."""
        async with FakeFeed(self.vendor) as elsewhere:
            refusal = Refusal(307, "", {"Location": elsewhere.url})
            async with self.running(refusals=(refusal,)) as run:
                await run.ends()
                assert run.provider.status.disconnects == {"redirect": 1}
            assert elsewhere.handshakes == []

    async def test_no_proxy_stands_between_us_and_this_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever the environment says: the proxy could not reach our loopback."""
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        async with self.running() as run:
            await run.server.send(self.frame())
            await run.prints(1)

    async def test_nobody_at_home(self) -> None:
        """A refused connection is tried again."""
        async with FakeFeed(self.vendor) as server:
            feed = self.feed(server.url)
        async with self.against(feed, server) as run:
            assert await run.ends() == pytest.approx(1.0)
            assert run.provider.status.disconnects == {"unreachable": 1}

    async def test_a_server_that_speaks_no_websocket(self) -> None:
        """Garbage, or an answer that is cut off, is survived."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"220 mail.example ESMTP\r\n\r\n")
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, FakeFeed(self.vendor) as unused:
            port = server.sockets[0].getsockname()[1]
            async with self.against(self.feed(f"ws://127.0.0.1:{port}/"), unused) as run:
                await run.ends()
                assert run.provider.status.disconnects == {"bad_handshake": 1}

    async def test_a_server_without_tls_behind_a_wss_address(self) -> None:
        """The handshake of TLS fails, and is survived."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            await reader.read()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, FakeFeed(self.vendor) as unused:
            port = server.sockets[0].getsockname()[1]
            async with self.against(self.feed(f"wss://127.0.0.1:{port}/"), unused) as run:
                await run.ends()
                assert run.provider.status.disconnects == {"tls": 1}

    # --- silence and pressure ---

    async def test_silence_ends_the_session(self) -> None:
        """A socket that is open and says nothing is dead: hang up, connect again."""
        async with self.running() as run:
            await run.server.send(self.frame())
            await run.prints(1)
            await self.wait_in_silence(run)
            await run.ends()
            assert run.provider.status.disconnects == {"silence": 1}
            await run.retry()
            await run.server.connected(2)

    async def test_any_frame_breaks_the_silence(self) -> None:
        """Even a broken one shows that the server lives."""
        async with self.running() as run:
            silence_s = run.provider._feed.silence_s
            for count in range(1, 5):
                await run.clock.advance(silence_s * 0.6)
                await run.server.send("not json")
                await run.rejections(count)
            await until(lambda: run.clock.sleepers)
            assert run.provider.status.disconnects == {}

    async def wait_in_silence(self, run: Run) -> None:
        """Let the feed's silence pass, check by check."""
        for _ in range(9):
            await until(lambda: run.clock.sleepers or not run.provider.status.is_connected)
            if not run.provider.status.is_connected:
                return
            await run.clock.advance(run.provider._feed.silence_s / 8)

    async def test_a_full_intake_holds_the_socket_and_is_no_silence(self) -> None:
        """Nothing is read while there is no room, nothing is lost, and the watch does not bark."""
        async with self.running() as run:
            run.intake.is_full = True
            await run.server.send(*(self.frame(premium=premium) for premium in (1000, 2000)))
            await until(lambda: run.intake.waits_for_room)
            await self.wait_in_silence(run)
            assert len(run.intake.prints) == 1
            assert run.provider.status.disconnects == {}
            run.intake.make_room()
            assert [found.premium for found in await run.prints(2)] == [1000, 2000]

    async def test_pings_are_answered(self) -> None:
        """A server that gets no answer hangs up."""
        async with self.running() as run:
            await run.server.ping()
            await run.server.send(self.frame())
            await run.prints(1)

    async def test_a_server_that_answers_no_ping_is_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A cut cable makes no sound, and by night silence is no fault."""
        monkeypatch.setattr("bot.providers.stream.PING_S", 0.01)
        monkeypatch.setattr("bot.providers.connection.PONG_S", 0.05)
        monkeypatch.setattr("bot.providers.connection.GOODBYE_S", 0.05)
        async with self.running() as run:
            run.server.deafen()
            await run.ends()
            assert run.provider.status.disconnects == {"ping_timeout": 1}
            await run.server.abort()

    # --- the end ---

    async def test_close_says_goodbye_and_may_be_called_twice(self) -> None:
        """The server sees an orderly close, `run` returns, and no task is left."""
        async with self.running() as run:
            await until(lambda: run.provider.status.is_connected)
            await run.provider.close()
            await until(run.task.done)
            await until(lambda: run.server.connections == 0)
            await run.provider.close()
            assert run.server.goodbyes == [1000]
        assert not run.provider.status.is_connected
        assert run.provider.status.disconnects == {}

    async def test_close_in_the_middle_of_a_burst_says_goodbye_too(self) -> None:
        """What still comes is taken from the socket and dropped, or the server would see a broken connection."""
        async with self.running() as run, asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(run.server.send(*[self.frame()] * 3000))
            await run.prints(1)
            await run.provider.close()
            await until(lambda: run.server.connections == 0)
            assert run.server.goodbyes == [1000]
            with suppress(ConnectionClosed):
                await sending

    async def test_close_waits_for_the_servers_answer(self) -> None:
        """Leaving at once could take the goodbye back: what we had not read makes it a broken connection."""
        async with self.running() as run, asyncio.TaskGroup() as tasks:
            await until(lambda: run.provider.status.is_connected)
            run.server.deafen()
            closing = tasks.create_task(run.provider.close())
            await asyncio.sleep(0.02)
            assert not closing.done()
            run.server.deafen(is_on=False)
            await closing
            await until(lambda: run.server.goodbyes == [1000])

    async def test_close_in_the_middle_of_a_wait_ends_it(self) -> None:
        """Half an hour's patience with a refused key does not hold the shutdown up."""
        async with self.running(refusals=(Refusal(401),)) as run:
            await run.ends()
            await run.provider.close()
            assert run.task.done()

    async def test_closed_before_it_runs_it_never_connects(self) -> None:
        """Start and stop may cross."""
        async with FakeFeed(self.vendor) as server:
            provider = Stream(self.feed(server.url))
            await provider.close()
            await provider.run(KeepingIntake())
            assert server.handshakes == []

    async def test_cancellation_passes(self) -> None:
        """Whoever cancels `run` gets it cancelled, with the socket closed behind it."""
        async with self.running() as run:
            await until(lambda: run.provider.status.is_connected)
            run.task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run.task
            await until(lambda: run.server.connections == 0)
            assert run.server.goodbyes == [1000]

    # --- secrets ---

    async def test_the_key_is_nowhere_to_be_read(self, caplog: pytest.LogCaptureFixture) -> None:
        """Not in logs at debug level, the status, the quarantine or any repr, even where the server quotes it."""
        caplog.set_level(logging.DEBUG)
        quoting = json.dumps({"type": "error", "message": f"key {KEY} is bad", "ticker": f"{KEY}!"})
        with capture_logs() as logs:
            async with self.running(refusals=(Refusal(403, f"no plan for {KEY}"), Refusal(500))) as run:
                await run.retry(1)
                await run.retry(2)
                await run.server.connected()
                await run.server.send(quoting, self.frame())
                await run.prints(1)
                await run.server.close(1008, f"{KEY} again")
                await run.ends(3)
                told = [repr(run.provider), repr(run.provider._feed), repr(run.provider.status)]
        ours = [record.getMessage() for record in caplog.records if record.name != "websockets.server"]
        assert logs
        assert KEY not in "\n".join([*told, *ours, repr(logs), repr(run.intake.rejected)])
        assert "***" in repr(run.intake.rejected)
