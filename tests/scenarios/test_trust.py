"""A full channel, a contract that repeats, a platform in trouble: everything is told once, and accounted for."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from functools import partial
from typing import Any

from bot.engine.lane import PATIENCE_S
from tests.fakes.faults import HANG_AFTER
from tests.scenarios.process import until
from tests.scenarios.world import EVERYWHERE, HOOK_ID, World, a_print, once

EDITABLE = ("room", "hook", "desk")


async def test_a_repeated_contract_changes_the_message_that_told_of_it(world: World) -> None:
    """Three prints of one contract and side inside a cooldown: one message on each destination, which ends as ×3 with
    the premium of all three; a Slack webhook cannot edit and keeps quiet. The other side of the market is no repeat."""
    world.configure(*EVERYWHERE, rule={"cooldown": "5m"})
    first, strike = a_print(1001, premium=600_000), a_print(1001)["strike"]
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(first)
        await until(lambda: world.everywhere(1001), "the alert everywhere")
        await world.radarpulse.send_trades(
            a_print(1002, strike=strike, premium=700_000),
            a_print(1003, strike=strike, premium=1_100_000),
            a_print(1004, strike=strike, side="BID"),
        )
        for destination in EDITABLE:
            await until(partial(_shows, world, destination, "×3 · $2.4M"), f"the edit in {destination}")
        samples = await service.metrics()
        assert samples.get("flowbot_suppressed_total", rule="whales", reason="repeat") == 2
        assert samples.get("flowbot_suppressed_total", rule="whales", reason="cooldown") == 1
        assert await service.stop() == 0
    for destination in EVERYWHERE:
        assert world.arrived(destination) == once(1001), destination
    assert not _shows(world, "desk-hook", "🔁")


async def test_a_repeat_that_was_counted_before_a_power_cut_is_shown_after_it(world: World) -> None:
    """The count is in the store before the edit goes out: the next run shows it, and posts nothing new."""
    world.configure("room", rule={"cooldown": "5m"})
    strike = a_print(1001)["strike"]
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001))
        await until(lambda: world.everywhere(1001, destinations=("room",)), "the alert")
        world.discord.latency_s = 60.0
        await world.radarpulse.send_trades(a_print(1002, strike=strike))
        await service.metric("flowbot_suppressed_total", 1, rule="whales", reason="repeat")
        await service.kill()
    world.discord.latency_s = 0.0
    assert not _shows(world, "room", "×2")
    with world.run() as service:
        await until(lambda: _shows(world, "room", "×2"), "the edit")
        assert await service.stop() == 0
    assert world.arrived("room") == once(1001)


async def test_a_burst_ends_in_a_digest_and_every_alert_is_accounted_for(world: World) -> None:
    """Two hundred alerts wait while both platforms are long over one message, and max_age is half a second: the rest is
    told in a digest. Each delivery ends sent or digested, with the message that tells of it."""
    sizes = range(1001, 1201)
    world.configure("hook", "desk", delivery={"max_age": "500ms", "pace": {"per_minute": 60}, "budget": None})
    world.discord.latency_s = world.slack.latency_s = 8.0
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(sizes[0]))
        await until(lambda: world.discord.is_busy and world.slack.is_busy, "a request at both")
        world.discord.latency_s = world.slack.latency_s = 0.0
        await asyncio.sleep(PATIENCE_S + 0.1)  # a real process: from now on it sends nothing beside what is on its way
        await world.radarpulse.send_trades(*(a_print(size, score=50 + size % 50) for size in sizes[1:]))
        for destination in ("hook", "desk"):
            await until(partial(_all_there, world, destination, len(sizes)), f"every delivery to {destination}")
        for destination in ("hook", "desk"):
            await until(partial(_settled, world, destination, len(sizes)), f"the end of the burst in {destination}")
        samples = await service.metrics()
        assert samples.get("flowbot_queue_depth", queue="hook") == 0
        assert await service.stop() == 0
    for destination in ("hook", "desk"):
        told = _told(world, destination)
        assert Counter(state for state, _ in told) == {"sent": len(told) - _digested(told), "digested": _digested(told)}
        assert _digested(told) > len(sizes) / 2
        assert all(message_id for _, message_id in told), destination
        posted = world.arrived(destination)
        assert max(posted.values()) == 1
        assert len(posted) == len(told) - _digested(told), "nothing that was digested is posted too"
        assert _shows(world, destination, f"{_digested(told)} alerts"), "the digest counts them"


async def test_the_admins_hear_of_a_parked_destination_and_send_its_dead_letter_again(world: World) -> None:
    """A webhook is deleted: the desk hears of it, once. An alert that Discord refuses for good ends dead, is listed
    with Discord's words, and is sent again by hand beside the running service once its trouble is over."""
    world.configure("room", "hook", "desk", admin={"notify": ["desk"]})
    world.discord.poison = "1,001 @"
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001))
        await until(lambda: world.everywhere(1001, destinations=("desk",)), "the alert on Slack")
        await until(lambda: world.states(1001) == {"room": "dead", "hook": "dead", "desk": "sent"}, "two dead letters")
        listed = await world.command("deliveries", "--state", "dead", "-c", str(world.config))
        assert (listed.code, len(listed.stdout.splitlines())) == (0, 2)
        assert "Invalid Form Body" in listed.stdout

        world.discord.poison = ""
        delivery = f"{world.explanation(1001).alert.id}@room"
        retried = await world.command("deliveries", "--retry", delivery, "-c", str(world.config))
        assert (retried.code, retried.stderr) == (0, "")
        await until(lambda: world.states(1001)["room"] == "sent", "the dead letter's second life")
        again = await world.command("deliveries", "--retry", delivery, "-c", str(world.config))
        assert again.code == 1
        assert "sent" in again.stderr

        world.discord.delete_webhook(HOOK_ID)
        await world.radarpulse.send_trades(a_print(1002), a_print(1003))
        await until(lambda: _shows(world, "desk", "hook is parked"), "the notice")
        await until(lambda: world.everywhere(1002, 1003, destinations=("room", "desk")), "the alerts elsewhere")
        assert await service.stop() == 0
    assert world.arrived("room") == once(1001, 1002, 1003)
    assert sum("hook is parked" in text for text in _texts(world, "desk")) == 1


async def test_slack_is_asked_before_anything_is_said_twice(world: World) -> None:
    """Slack has stored the message and never answers; then the power goes. The next run finds it in the channel's
    history, where its metadata names the batch, and does not post it again."""
    world.configure("desk")
    world.slack.script(HANG_AFTER, where="/api/chat.postMessage")
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001))
        await until(lambda: world.everywhere(1001, destinations=("desk",)), "the message")
        await service.kill()
    assert world.states(1001) == {"desk": "sending"}
    with world.run() as service:
        await until(lambda: world.states(1001) == {"desk": "sent"}, "the record")
        await world.radarpulse.connected(2)
        await world.radarpulse.send_trades(a_print(1002))
        await until(lambda: world.everywhere(1002, destinations=("desk",)), "the next alert")
        assert await service.stop() == 0
    assert world.arrived("desk") == once(1001, 1002)


def _texts(world: World, destination: str) -> list[str]:
    """Everything that a destination shows now, a text each message."""
    match destination:
        case "room" | "hook":
            via = "bot" if destination == "room" else HOOK_ID
            return [message.text for message in world.discord.messages if message.via == via]
        case _:
            via = "bot" if destination == "desk" else "hook"
            return [message.text for message in world.slack.by_path.get(via, ())]


def _shows(world: World, destination: str, text: str) -> bool:
    return any(text in shown for shown in _texts(world, destination))


def _told(world: World, destination: str) -> list[tuple[str, Any]]:
    """State and message of every delivery to a destination."""
    path = world.folder / "state" / "flowbot.db"
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT state, message_id FROM deliveries WHERE destination = ?", (destination,))
        return list(rows)


def _all_there(world: World, destination: str, count: int) -> bool:
    return len(_told(world, destination)) == count


def _settled(world: World, destination: str, count: int) -> bool:
    told = _told(world, destination)
    return len(told) == count and all(state in ("sent", "digested") for state, _ in told)


def _digested(told: list[tuple[str, Any]]) -> int:
    return sum(state == "digested" for state, _ in told)
