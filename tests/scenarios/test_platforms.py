"""Platforms that are busy, gone, stuck or particular: nothing is lost or doubled, and nobody else notices."""

import asyncio
from collections.abc import Iterable
from functools import partial

from bot.engine.lane import PATIENCE_S
from tests.fakes.faults import HANG, Seen, answer
from tests.scenarios.process import until
from tests.scenarios.world import EVERYWHERE, World, a_print, once

STOP_S = 12.0
"""Docker grants 10 s between SIGTERM and SIGKILL; two more, because this machine may be slow."""
RETRY_AFTER_S = 1.3
DISCORD_BODY = {"message": "You are being rate limited.", "retry_after": RETRY_AFTER_S, "global": False}


async def test_rate_limits_are_obeyed_to_the_end(world: World) -> None:
    """Each platform answers 429 once, in its own way. Nobody asks again before the wait is over, and then everything
    arrives once, also what came meanwhile."""
    limited = answer(429, DISCORD_BODY, Retry_After="1", Via="1.1 google", X_RateLimit_Scope="user")
    world.configure(*EVERYWHERE)
    world.discord.script(limited, where="/channels/")
    world.discord.script(limited, where="/webhooks/")
    world.slack.script(answer(429, {"ok": False, "error": "ratelimited"}, Retry_After="1"), where="/api/")
    world.slack.script(answer(429, "rate_limited", Retry_After="1"), where="/services/")
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001))
        await until(lambda: _statuses(_posts(world)).count(429) == 4, "a 429 from all four")
        await world.radarpulse.send_trades(a_print(1002), a_print(1003))
        await until(lambda: world.everywhere(1001, 1002, 1003), "every alert everywhere")
        assert await service.stop() == 0

    for destination in EVERYWHERE:
        assert world.arrived(destination) == once(1001, 1002, 1003), destination
    waits_s = {"/channels/": RETRY_AFTER_S, "/webhooks/": RETRY_AFTER_S, "/api/chat": 1.0, "/services/": 1.0}
    for part, wait_s in waits_s.items():
        refused, again, *_ = [seen for seen in _posts(world) if part in seen.path]
        assert (refused.status, again.status) == (429, 200), part
        assert again.arrived_ns - refused.arrived_ns >= wait_s * 1e9, part


async def test_one_destination_is_gone_and_another_hangs(world: World) -> None:
    """A deleted webhook is parked, and said so; a Slack that takes requests and never answers keeps only its own
    alerts waiting. The bot's channel gets everything meanwhile, the service stays ready, and it still stops in time."""
    world.configure("room", "hook", "desk")
    world.discord.delete_webhook()
    world.slack.script(*[HANG] * 100)
    with world.run() as service:
        await world.radarpulse.connected()
        await service.metric("flowbot_queue_depth", 0, queue="hook")
        for size in range(1001, 1006):
            await world.radarpulse.send_trades(a_print(size))
            await until(partial(world.everywhere, size, destinations=("room",)), "the alert in the channel")

        parked = await service.event("destination.parked")
        assert parked["destination"] == "hook"
        assert "Unknown Webhook" in parked["reason"]
        samples = await service.metrics()
        assert samples.get("flowbot_destination_parked", destination="hook") == 1
        assert samples.get("flowbot_destination_parked", destination="room") == 0
        assert samples.get("flowbot_queue_depth", queue="hook") == 5
        assert samples.get("flowbot_queue_depth", queue="desk") == 4, "one is on its way"
        assert (await service.get("/readyz"))[0] == 200
        service.terminate()
        assert await service.exit(within_s=STOP_S) == 0

    assert world.arrived("room") == once(1001, 1002, 1003, 1004, 1005)
    assert not world.arrived("hook")
    assert not world.arrived("desk")
    assert _statuses(world.discord.seen, "/webhooks/").count(404) == 1, "a dead webhook is not asked again and again"
    # The dead one and those behind it are kept; what hung may be out, so it stays on its way.
    assert world.states(1001) == {"room": "sent", "hook": "queued", "desk": "sending"}
    assert world.states(1005) == {"room": "sent", "hook": "queued", "desk": "queued"}


async def test_one_bad_alert_in_a_batch(world: World) -> None:
    """The platforms refuse a message because of one alert in it: the others arrive, each once, and one ends dead with
    the platform's reason."""
    sizes = range(1001, 1011)
    bad = 1007
    world.configure("room", "desk", delivery={"pace": "none"})
    world.discord.is_limited = world.slack.is_limited = False
    world.discord.latency_s = world.slack.latency_s = 1.5
    world.discord.poison = world.slack.poison = f"{bad:,} @"
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(2001))  # occupies both, so that the next ones go together
        await until(lambda: world.discord.is_busy and world.slack.is_busy, "a request at both")
        await asyncio.sleep(PATIENCE_S + 0.1)  # a real process: from now on it sends nothing beside what is on its way
        await world.radarpulse.send_trades(*map(a_print, sizes))
        await until(lambda: world.discord.refused and world.slack.refused, "the refusal of the whole batch")
        world.discord.latency_s = world.slack.latency_s = 0.0
        good = {2001, *sizes} - {bad}
        await until(lambda: world.everywhere(*good, destinations=("room", "desk")), "the good ones")
        await until(lambda: set(world.states(bad).values()) == {"dead"}, "the end of the bad one")
        assert await service.stop() == 0

    for destination in ("room", "desk"):
        assert world.arrived(destination) == once(*good), destination
    assert world.states(bad) == {"room": "dead", "desk": "dead"}
    records = {record.destination: record for record in world.explanation(bad).deliveries}
    assert [record.attempts for record in records.values()] == [2, 2], "once among others, once alone"
    assert "Invalid Form Body" in records["room"].reason
    assert "invalid_blocks" in records["desk"].reason


def _posts(world: World) -> list[Seen]:
    """What was posted, in the order of its coming; logins for slash commands are no posts."""
    posts = [seen for seen in (*world.discord.seen, *world.slack.seen) if seen.method == "POST"]
    return sorted(posts, key=lambda seen: seen.arrived_ns)


def _statuses(requests: Iterable[Seen], part: str = "") -> list[int]:
    return [seen.status for seen in requests if part in seen.path]
