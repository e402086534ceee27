"""Feeds that break off, a plan without a stream, a vendor that posts to us, a tape: through the real program."""

import gzip
import hashlib
import hmac
import json
import time
from typing import Any

import aiohttp

from tests.fakes.feed import Refusal
from tests.fakes.radarpulse_rest import FakeRadarPulse
from tests.scenarios.process import until
from tests.scenarios.world import CHANNEL, RADARPULSE_KEY, World, a_print, once


def a_recent_print(size: int, **changes: Any) -> dict[str, Any]:
    """One that happens now: what a gap gave back is looked for by its time."""
    return a_print(size, timestamp=int(time.time() * 1000), **changes)


def shown(world: World, size: int) -> str:
    """The message that tells of it."""
    return next(message.text for message in world.discord.messages if f"{size:,} @" in message.text)


async def test_what_a_disconnect_missed_is_fetched_told_once_and_marked_late(world: World) -> None:
    """Three prints: one before the stream breaks, one while it is down, one after. The vendor's REST API gives all of
    them; each is told once, and the one in between is LATE. `/metrics` counts the gap and what it gave back."""
    async with FakeRadarPulse(key=RADARPULSE_KEY) as rest:
        feed = {**world.provider("radarpulse"), "rest_url": rest.rest_url}
        world.configure("room", providers={"radarpulse": feed})
        with world.run() as service:
            await world.radarpulse.connected()
            before, between = a_recent_print(1001), None
            await world.radarpulse.send_trades(before)
            await until(lambda: world.everywhere(1001, destinations=("room",)), "the print before")
            await world.radarpulse.abort()
            await service.event("provider.disconnected")
            between = a_recent_print(1002)
            rest.rows = [before, between]
            await world.radarpulse.connected(2)
            after = a_recent_print(1003)
            rest.rows = [*rest.rows, after]
            await world.radarpulse.send_trades(after)
            await until(lambda: world.everywhere(1002, 1003, destinations=("room",)), "the other two")
            await service.metric("flowbot_provider_gaps_total", 1, provider="radarpulse", outcome="recovered")
            samples = await service.metrics()
            assert samples.get("flowbot_prints_recovered_total", provider="radarpulse") == 1
            assert await service.stop() == 0
        assert not rest.unexpected
    assert world.arrived("room") == once(1001, 1002, 1003)
    assert "LATE" in shown(world, 1002)
    assert "LATE" not in shown(world, 1003)


async def test_a_key_without_a_stream_is_polled_and_the_admins_hear_of_it(world: World) -> None:
    """The handshake is refused with 403: prints come by REST all the same, marked as a delayed feed's. (How often is
    asked depends on the hour: the market's, and so this test's.)"""
    async with FakeRadarPulse(key=RADARPULSE_KEY) as rest:
        feed = {**world.provider("radarpulse"), "rest_url": rest.rest_url, "every": "1s"}
        world.configure("room", "desk", providers={"radarpulse": feed}, admin={"notify": ["desk"]})
        world.radarpulse.refuse(*[Refusal(403, "the stream is for Elite plans")] * 10)
        rest.rows = [a_recent_print(1001)]
        with world.run() as service:
            await until(lambda: world.everywhere(1001, destinations=("room", "desk")), "the first print")
            await until(lambda: any("no stream" in message.text for message in world.slack.messages), "the notice")
            assert (await service.get("/readyz"))[0] == 200
            assert len(service.events("provider.fell_back_to_polling")) == 1
            assert await service.stop() == 0
        assert not rest.unexpected
    assert world.arrived("room") == once(1001)
    assert "DELAYED FEED" in shown(world, 1001)


async def test_a_vendor_posts_to_us_and_hears_2xx_when_it_is_stored(world: World) -> None:
    """A signed body is an alert; the same body again is none; a wrong signature is refused with no hint."""
    secret = "whsec_fake_0123456789"
    hook = {"type": "webhook", "of": "radarpulse", "secret": secret}
    world.configure("room", providers={"pulse-hook": hook})
    body = json.dumps([a_recent_print(1001), a_recent_print(1002)]).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    with world.run() as service:
        port = (await service.event("http.listening"))["port"]
        await service.event("service.started")  # until then a vendor hears 503, and posts again
        url = f"http://127.0.0.1:{port}/hooks/pulse-hook"
        async with aiohttp.ClientSession() as session:
            for expected, headers in (
                (401, {"X-Signature": "sha256=" + "0" * 64}),
                (401, {}),
                (200, {"X-Signature": signature}),
                (200, {"X-Webhook-Signature": signature}),
            ):
                async with session.post(url, data=body, headers=headers) as reply:
                    assert reply.status // 100 == expected // 100
                    assert reply.status == expected or expected == 200
        assert {world.states(size)["room"] for size in (1001, 1002)} <= {"queued", "sending", "sent"}, "stored by now"
        await until(lambda: world.everywhere(1001, 1002, destinations=("room",)), "both alerts")
        assert await service.stop() == 0
    assert world.arrived("room") == once(1001, 1002)


async def test_a_tape_holds_every_frame_and_plays_again(world: World) -> None:
    """What a killed run received is on its tape, the frame that is no print too. Played into another store, it makes
    the same alerts."""
    world.configure("room")
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_recent_print(1001), a_recent_print(1002))
        await world.radarpulse.send("no JSON at all")
        await until(lambda: world.everywhere(1001, 1002, destinations=("room",)), "both alerts")
        await until(lambda: len(_tape(world)) == 3, "the tape")
        await service.kill()
    assert [entry["p"] for entry in _tape(world)] == ["radarpulse"] * 3
    assert _tape(world)[2]["raw"] == "no JSON at all"

    world.discord.messages.clear()
    replay = {"type": "replay", "path": "state/tape", "speed": 0, "as": "radarpulse"}
    world.configure("room", providers={"again": replay}, store={"path": "another/flowbot.db", "tape": None})
    with world.run() as service:
        await until(lambda: world.everywhere(1001, 1002, destinations=("room",)), "the same alerts")
        assert await service.stop() == 0
    assert world.arrived("room") == once(1001, 1002)
    assert world.discord.messages[0].channel == CHANNEL


async def test_the_vendors_side_is_managed_from_the_command_line(world: World) -> None:
    """A webhook is registered, its secret kept beside the store and shown to nobody, and used at once; it is listed,
    and deleted with its secret. A past day is fetched for the tape, once unless told otherwise."""
    async with FakeRadarPulse(key=RADARPULSE_KEY) as rest:
        feed = {**world.provider("radarpulse"), "rest_url": rest.rest_url}
        both = {"radarpulse": feed, "pulse-hook": {"type": "webhook", "of": "radarpulse"}}
        config = str(world.configure("room", providers=both, http={"public_url": "https://flow.example.org"}))
        registered = await world.command("webhooks", "register", "pulse-hook", "-c", config)
        assert registered.code == 0, registered.stderr
        ((id_, row),) = rest.webhooks.items()
        assert row["url"] == "https://flow.example.org/hooks/pulse-hook"
        assert "https://flow.example.org/hooks/pulse-hook" in registered.stdout
        kept = world.folder / "state" / "webhooks.json"
        assert kept.stat().st_mode & 0o777 == 0o600
        (secret,) = {word for word in kept.read_text().split('"') if word.startswith("whsec_")}
        assert secret not in registered.stdout + registered.stderr
        listed = await world.command("webhooks", "list", "-c", config)
        assert (listed.code, id_ in listed.stdout, "secret kept" in listed.stdout) == (0, True, True)
        assert (await world.command("webhooks", "delete", id_, "-c", config)).code == 0
        assert not rest.webhooks
        assert secret not in kept.read_text()

        day, noon_ms = "2026-07-16", 1_784_217_600_000  # 12:00 in New York
        rest.rows = [a_print(size, timestamp=noon_ms + size) for size in (1001, 1002)]
        fetch = ("tape", "fetch", "--provider", "radarpulse", "--date", day, "-c", config)
        fetched = await world.command(*fetch)
        assert (fetched.code, "2 prints" in fetched.stdout) == (0, True), fetched.stderr
        tape = world.folder / "state" / "tape" / f"{day}.jsonl.gz"
        entries = [json.loads(line) for line in gzip.decompress(tape.read_bytes()).splitlines()]
        assert [json.loads(entry["raw"])["volume"] for entry in entries] == [1001, 1002]
        again = await world.command(*fetch)
        assert (again.code, "already" in again.stderr) == (1, True)
        assert (await world.command(*fetch, "--replace")).code == 0
        assert not rest.unexpected


def _tape(world: World) -> list[dict[str, Any]]:
    """The whole lines of all days; a line that is being written is none yet."""
    lines: list[dict[str, Any]] = []
    for path in sorted((world.folder / "state" / "tape").glob("*.jsonl")):
        whole, _, _ = path.read_text("utf-8").rpartition("\n")
        lines += [json.loads(line) for line in whole.splitlines()]
    return lines
