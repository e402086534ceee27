"""A power cut at the worst moments: what was committed is posted, and doubled only where nobody can know."""

from tests.fakes.faults import HANG_AFTER, answer
from tests.scenarios.process import until
from tests.scenarios.world import EVERYWHERE, World, a_print, once

UNAVAILABLE = [answer(503, "upstream connect error")] * 100


async def test_killed_with_every_destination_in_trouble(world: World) -> None:
    """Three platforms have taken the message and hang, one says 503; then the power goes. In the next run each
    delivery ends: the nonce keeps the bot's message the only one, on_unknown decides about the webhooks, and what was
    refused is posted even where unknown means drop, because its fate is known."""
    drop = {name: {**world.destinations[name], "on_unknown": "drop"} for name in ("hook", "desk")}
    world.configure(*EVERYWHERE, destinations=drop)
    world.discord.script(HANG_AFTER, where="/channels/")
    world.discord.script(HANG_AFTER, where="/webhooks/")
    world.slack.script(HANG_AFTER, where="/services/")
    world.slack.script(*UNAVAILABLE, where="/api/chat")
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001))
        await until(lambda: world.everywhere(1001, destinations=("room", "hook", "desk-hook")), "three messages")
        await service.event("delivery.failed")
        await until(lambda: world.states(1001)["desk"] == "queued", "the record of the refusal")
        await service.kill()
    assert world.states(1001) == {"room": "sending", "hook": "sending", "desk": "queued", "desk-hook": "sending"}
    world.slack.forget_script()

    with world.run() as service:
        await service.metric("flowbot_deliveries_total", 1, destination="room", outcome="sent")
        await service.metric("flowbot_deliveries_total", 1, destination="desk-hook", outcome="sent")
        await world.radarpulse.connected(2)
        await world.radarpulse.send_trades(a_print(1001), a_print(1002))
        await until(lambda: world.everywhere(1001, 1002), "the next alert everywhere, the refused one at last")
        assert await service.stop() == 0
    assert world.states(1001) == {"room": "sent", "hook": "unknown", "desk": "sent", "desk-hook": "sent"}
    assert world.arrived("room") == once(1001, 1002)
    assert world.arrived("hook") == once(1001, 1002)
    assert world.arrived("desk") == once(1001, 1002)
    assert world.arrived("desk-hook") == {1001: 2, 1002: 1}, "the default is resend: twice is better than never"


async def test_killed_while_a_burst_waits_for_its_turn(world: World) -> None:
    """A hundred alerts are committed: some posted, some on their way, the rest queued. All arrive, each once."""
    sizes = range(1001, 1101)
    world.configure("room", delivery={"pace": "none", "digest": False})
    world.discord.is_limited = False
    world.discord.latency_s = 0.2
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(*map(a_print, sizes))
        await until(lambda: len(world.discord.messages) >= 2, "some of the messages")
        await service.kill()
    assert len(world.arrived("room")) < len(sizes)
    world.discord.latency_s = 0.0

    with world.run() as service:
        await until(lambda: world.everywhere(*sizes, destinations=("room",)), "every alert")
        assert await service.stop() == 0
    assert world.arrived("room") == once(*sizes)
