"""A power cut while a report or a personal alert is on its way: each is told once, or said to have ended."""

import re
import sqlite3
import time
from contextlib import closing

import pytest

from bot.model.answers import Answer, Part
from bot.outbox.sqlite import SqliteOutbox, open_outbox
from bot.rules.watches import watch_body
from tests.fakes.discord_rest import dm_of
from tests.fakes.faults import HANG, HANG_AFTER, Fault, answer
from tests.scenarios.process import until
from tests.scenarios.world import EVERYWHERE, HOOK_ID, World, a_print

TOM = "500000000000000005"
SLACK_TOM = "U0TRADER"
TITLE = "Closing recap of a day"
UNAVAILABLE = [answer(503, "upstream connect error")] * 100
HOUR_NS = 3600 * 10**9


def opened(world: World) -> SqliteOutbox:
    """The store, before flowbot has it."""
    return open_outbox(world.folder / "state" / "flowbot.db", time.time_ns)


def posts(world: World) -> dict[str, str]:
    """State of each report, by destination."""
    with closing(sqlite3.connect(world.folder / "state" / "flowbot.db")) as db:
        return dict(db.execute("SELECT destination, state FROM posts").fetchall())


def reports(world: World) -> list[int]:
    """How often the report stands in each of `EVERYWHERE`."""
    there = [(message.via, TITLE in message.text) for message in world.discord.messages]
    here = [sum(TITLE in message.text for message in world.slack.by_path.get(via, ())) for via in ("bot", "hook")]
    return [there.count(("bot", True)), there.count((HOOK_ID, True)), *here]


async def test_a_report_that_was_on_its_way_is_posted_once(world: World) -> None:
    """Three platforms have taken it and hang, one says 503; then the power goes. A schedule's own clock is not needed:
    it was queued by an earlier run."""
    drop = {name: {**world.destinations[name], "on_unknown": "drop"} for name in ("hook", "desk-hook")}
    world.configure(*EVERYWHERE, destinations=drop)
    outbox = opened(world)
    report = Answer(TITLE, (Part("", ("12 prints",)),))
    await outbox.post("close 2026-11-20 16:05:00", report, EVERYWHERE, time.time_ns() + HOUR_NS)
    await outbox.close()
    world.discord.script(HANG_AFTER, where="/channels/")
    world.discord.script(HANG_AFTER, where="/webhooks/")
    world.slack.script(HANG_AFTER, where="/services/")
    world.slack.script(*UNAVAILABLE, where="/api/chat")
    with world.run() as service:
        await until(lambda: reports(world) == [1, 1, 0, 1], "three messages")
        await until(lambda: posts(world)["desk"] == "queued", "the record of the refusal")
        await service.kill()
    assert posts(world) == {"room": "sending", "hook": "sending", "desk": "queued", "desk-hook": "sending"}
    world.slack.forget_script()
    with world.run() as service:
        ended = {"room": "sent", "hook": "unknown", "desk": "sent", "desk-hook": "unknown"}
        await until(lambda: posts(world) == ended, "the end of each")
        assert await service.stop() == 0
    with world.run() as service:
        await service.event("service.started")
        assert await service.stop() == 0
    assert reports(world) == [1, 1, 1, 1]


def told(world: World) -> list[list[int]]:
    """The sizes of the alerts that Tom was sent on Discord, and on Slack."""
    there = (message.text for message in world.discord.messages if message.channel == dm_of(TOM))
    here = (message.text for message in world.slack.messages if message.channel == f"D{SLACK_TOM[1:]}")
    shown = re.compile(r"([0-9,]+) @ \$")
    return [
        sorted(int(size.replace(",", "")) for text in texts for size in shown.findall(text)) for texts in (there, here)
    ]


@pytest.mark.parametrize(("fault", "is_out"), [(HANG_AFTER, True), (HANG, False)])
async def test_a_personal_alert_that_was_on_its_way_is_told_once(world: World, fault: Fault, is_out: bool) -> None:
    """And the print that comes again, and the next one."""
    world.configure("room", "desk", rule={"when": {"premium": ">= 900M"}})
    outbox = opened(world)
    for person in (f"discord:{TOM}", f"slack:{SLACK_TOM}"):
        await outbox.add_watch(person, watch_body('{"ticker": "NVDA"}', "NVDA", 300.0))
    await outbox.close()
    world.discord.script(fault, where="/messages")
    world.slack.script(fault, where="/api/chat")
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001))
        await until(lambda: world.discord.is_busy and world.slack.is_busy, "a request to each")
        await until(lambda: told(world) == [[1001] * is_out] * 2, "two messages, or none")
        await service.kill()
    with world.run() as service:
        await world.radarpulse.connected(2)
        await world.radarpulse.send_trades(a_print(1001), a_print(1002))
        await until(lambda: told(world) == [[1001, 1002]] * 2, "both alerts, to both")
        await until(lambda: set(world.states(1002).values()) == {"sent"}, "the record")
        assert await service.stop() == 0
    assert set(world.states(1001).values()) == {"sent"}
    assert told(world) == [[1001, 1002]] * 2
