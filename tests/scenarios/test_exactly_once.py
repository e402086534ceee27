"""Exactly the right alerts, exactly once each, whatever the feed, a second feed or a restart repeats."""

import asyncio
from typing import Any

from tests.scenarios.process import until
from tests.scenarios.world import EVERYWHERE, World, a_print, a_small_print, a_whale, is_door, once

SESSIONS = 3
"""The backoff after a short session is 1 to 2 s, then 2 to 4 s: more would take long."""
REPEATED = 10
LIVED_S = 0.2
STOP_S = 10.0
"""What Docker grants between SIGTERM and SIGKILL."""


async def test_a_feed_that_keeps_breaking_off_and_repeating(world: World) -> None:
    """A provider hangs up every few hundred milliseconds and repeats its last ten prints after each reconnect; all
    four kinds of destination get each matching print once, and nothing else. Meanwhile Discord's gateway and Slack's
    Socket Mode are down, so nobody can ask anything, and no alert notices."""
    world.configure(*EVERYWHERE, slack={"app_token": "${SLACK_APP_TOKEN}"})
    feed = world.radarpulse
    sent: list[dict[str, Any]] = []
    wanted: list[int] = []
    with world.run() as service:
        for session in range(1, SESSIONS + 1):
            await feed.connected(session)
            await feed.send_trades(*sent[-REPEATED:])
            for n in range(1, 7):
                size = 1000 * session + n
                fresh = [a_print(size), a_small_print(size + 500)] if n % 2 else [a_print(size)]
                sent += fresh
                wanted.append(size)
                await feed.send_trades(*fresh)
            if session < SESSIONS:
                await asyncio.sleep(LIVED_S)  # the feed's own pace; what a broken socket loses is among the repeated
                await (feed.abort() if session % 2 else feed.close(1011))
        await until(lambda: world.everywhere(*wanted), "every alert everywhere")
        samples = await service.metrics()
        assert {event["platform"] for event in service.events("commands.disconnected")} == {"discord", "slack"}
        assert (await service.get("/readyz"))[0] == 200
        assert await service.stop() == 0

    for destination in EVERYWHERE:
        assert world.arrived(destination) == once(*wanted), destination
    posts = [seen for seen in (*world.discord.seen, *world.slack.seen) if not is_door(seen.path)]
    assert {seen.status for seen in posts} == {200}, "nobody was asked too often"
    assert samples.get("flowbot_provider_sessions_total", provider="radarpulse") == SESSIONS
    assert samples.get("flowbot_prints_total", provider="radarpulse") == len(sent)
    assert (samples.get("flowbot_prints_repeated_total", provider="radarpulse") or 0) >= REPEATED
    assert samples.get("flowbot_alerts_total") == len(wanted)


async def test_two_providers_report_one_trade(world: World) -> None:
    """RadarPulse and OptionWhales tell of the same trade, whoever is first: one alert. A trade that only one of them
    tells of is an alert of its own."""
    world.configure("hook", "desk", providers=world.both_providers())
    with world.run() as service:
        await world.radarpulse.connected()
        await world.optionwhales.connected()

        await world.radarpulse.send_trades(a_print(1001))
        await until(lambda: world.everywhere(1001, destinations=("hook",)), "the first alert")
        await world.optionwhales.send_trades(a_whale(1001))
        await service.metric("flowbot_suppressed_total", 1, rule="whales", reason="twin")

        await world.optionwhales.send_trades(a_whale(1002))
        await until(lambda: world.everywhere(1002, destinations=("hook",)), "the second alert")
        await world.radarpulse.send_trades(a_print(1002))
        await service.metric("flowbot_suppressed_total", 2, rule="whales", reason="twin")

        await asyncio.gather(world.radarpulse.send_trades(a_print(1003)), world.optionwhales.send_trades(a_whale(1003)))
        await service.metric("flowbot_suppressed_total", 3, rule="whales", reason="twin")

        await world.optionwhales.send_trades(a_whale(1004))
        await until(lambda: world.everywhere(1003, 1004, destinations=("hook", "desk")), "the last alert")
        assert await service.stop() == 0

    for destination in ("hook", "desk"):
        assert world.arrived(destination) == once(1001, 1002, 1003, 1004), destination


async def test_a_restart_posts_nothing_twice_and_keeps_cooldowns(world: World) -> None:
    """SIGTERM ends the service with 0 in time; the next run is sent everything again, posts none of it, and still
    observes the cooldown that the first began."""
    world.configure("hook", "room", rule={"cooldown": "5m"})
    prints = [a_print(1000 + n) for n in range(1, 6)]
    with world.run() as first:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(*prints)
        await until(lambda: world.everywhere(1001, 1002, 1003, 1004, 1005, destinations=("hook",)), "five alerts")
        first.terminate()
        assert await first.exit(within_s=STOP_S) == 0
        assert [event["event"] for event in first.events()][-1] == "service.stopped"

    with world.run() as second:
        await world.radarpulse.connected(2)
        await world.radarpulse.send_trades(*prints)
        again = a_print(2001, strike=prints[0]["strike"])
        await world.radarpulse.send_trades(again, a_print(2002))
        await until(lambda: world.everywhere(2002, destinations=("hook", "room")), "the new alert")
        samples = await second.metrics()
        assert samples.get("flowbot_suppressed_total", rule="whales", reason="duplicate") == 5
        assert samples.get("flowbot_suppressed_total", rule="whales", reason="repeat") == 1
        assert await second.stop() == 0

    for destination in ("hook", "room"):
        assert world.arrived(destination) == once(1001, 1002, 1003, 1004, 1005, 2002), destination
