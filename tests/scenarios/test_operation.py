"""What whoever runs the bot sees: health, readiness, metrics, the quarantine, and commands beside a running service."""

import asyncio
import json
import re
from time import time

from tests.fakes.faults import HANG
from tests.fakes.feed import Refusal
from tests.scenarios.process import Samples, until
from tests.scenarios.world import World, a_print, a_small_print, once

SECOND_SIGTERM = 143
"""128 + SIGTERM, as shells have it."""


async def test_health_readiness_metrics_and_the_quarantine(world: World) -> None:
    """Not ready before a provider is connected, and why; ready after. Every metric of the contract has the right value
    after a known feed, and the quarantine names what was wrong with each bad frame. A second SIGTERM ends at once."""
    world.radarpulse.refuse(Refusal(503, "closed for lunch", {"Retry-After": "2"}))
    world.configure("hook", rule={"cooldown": "5m"})
    began_s = time()
    with world.run() as service:
        await service.event("provider.disconnected")
        assert await service.get("/healthz") == (200, "ok\n")
        status, body = await service.get("/readyz")
        assert status == 503
        assert json.loads(body)["ready"] is False
        assert "HTTP 503: closed for lunch" in json.loads(body)["obstacles"]["providers"]
        assert (await service.metrics()).get("flowbot_provider_connected", provider="radarpulse") == 0

        await world.radarpulse.connected()
        await service.event("provider.connected")
        status, body = await service.get("/readyz")
        assert (status, json.loads(body)) == (200, {"ready": True, "obstacles": {}})
        assert (await service.get("/nowhere"))[0] == 404

        await world.radarpulse.send_trades(
            a_print(1001), a_print(1002), a_small_print(3001), a_small_print(3002),
            a_print(1001),  # the very same again
            a_print(2001, strike=a_print(1001)["strike"]),  # the same contract, within the cooldown
        )  # fmt: skip
        await world.radarpulse.send("no JSON at all", {"strike": 145, "type": "CALL"})
        await service.metric("flowbot_frames_rejected_total", 1, provider="radarpulse", reason="no_ticker")
        await until(lambda: world.everywhere(1001, 1002, destinations=("hook",)), "both alerts")
        await service.metric("flowbot_deliveries_total", 2, destination="hook", outcome="sent")
        _check_metrics(await service.metrics(), began_s)
        _check_quarantine((await service.get("/quarantine"))[1])

        world.discord.script(HANG)
        await world.radarpulse.send_trades(a_print(1003))
        await until(lambda: world.discord.is_busy, "a post that hangs")
        service.terminate()
        await service.event("service.stopping")
        service.terminate()
        assert await service.exit() == SECOND_SIGTERM
        assert not service.events("service.stopped")
    assert world.arrived("hook") == once(1001, 1002)


def _check_metrics(samples: Samples, began_s: float) -> None:
    feed, rule, hook = {"provider": "radarpulse"}, {"rule": "whales"}, {"destination": "hook"}
    assert samples.get("flowbot_prints_total", **feed) == 5
    assert samples.get("flowbot_prints_repeated_total", **feed) == 1
    assert samples.get("flowbot_frames_rejected_total", **feed, reason="not_json") == 1
    assert samples.get("flowbot_frames_rejected_total", **feed, reason="no_ticker") == 1
    assert samples.get("flowbot_matches_total", **rule) == 4
    assert samples.get("flowbot_suppressed_total", **rule, reason="duplicate") == 1
    assert samples.get("flowbot_suppressed_total", **rule, reason="repeat") == 1
    assert samples.get("flowbot_alerts_total") == 2
    assert samples.get("flowbot_deliveries_total", **hook, outcome="sent") == 2
    assert samples.get("flowbot_delivery_latency_seconds_count", **hook) == 2
    assert samples.get("flowbot_queue_depth", queue="hook") == 0
    assert samples.get("flowbot_provider_connected", **feed) == 1
    assert began_s < (samples.get("flowbot_provider_last_frame_timestamp_seconds", **feed) or 0) <= time()
    assert samples.get("flowbot_config_last_reload_successful") == 1


def _check_quarantine(body: str) -> None:
    newest, oldest = json.loads(body)
    assert (newest["provider"], newest["reason"]) == ("radarpulse", "no_ticker")
    assert json.loads(newest["raw"]) == {"strike": 145, "type": "CALL"}
    assert (oldest["reason"], oldest["raw"]) == ("not_json", "no JSON at all")
    assert newest["detail"]


async def test_commands_beside_a_running_service(world: World) -> None:
    """`explain` and `send-test` work beside a running service; a second `run` is told who has the store or the port."""
    world.configure("hook", "room", "desk")
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001))
        await until(lambda: world.everywhere(1001, destinations=("hook", "room", "desk")), "the alert")
        await service.metric("flowbot_deliveries_total", 1, destination="hook", outcome="sent")
        (message,) = [message for message in world.discord.messages if message.via == "bot"]
        alert_id = message.embeds[0]["footer"]["text"].split(" · ")[0]
        assert re.fullmatch("[0-9a-hjkmnp-tv-z]{8}", alert_id)

        config = world.config.read_text()
        listening = await service.event("http.listening")
        same_port = world.folder / "same_port.yaml"
        here = f"127.0.0.1:{listening['port']}"
        same_port.write_text(config.replace("127.0.0.1:0", here) + "store: {path: other/flowbot.db}\n")

        async def command(*arguments: str, of: str = str(world.config)) -> tuple[int, str, str]:
            ended = await world.command(*arguments, "-c", of)
            return ended.code, ended.stdout, ended.stderr

        explained, posted, second, taken = await asyncio.gather(
            command("explain", alert_id),
            command("send-test", "room"),
            command("run"),
            command("run", of=str(same_port)),
        )
        assert await service.stop() == 0

    code, out, err = explained
    assert (code, err) == (0, "")
    assert alert_id in out
    assert "rule whales" in out
    assert re.search(r"✓ premium >= \$500K +\(\$700\.1K\)", out)
    assert all(f"{name}: sent" in out for name in ("hook", "room", "desk"))

    code, out, err = posted
    (test,) = [message for message in world.discord.messages if "TEST" in message.text]
    assert code == 0
    assert out == f"sent to room: {test.id}\n"
    assert test.via == "bot"

    code, out, err = second
    assert code == 69
    assert str(service.pid) in err
    assert "store" in err

    code, out, err = taken
    assert code == 69
    assert here in err

    assert world.arrived("hook") == once(1001)
    assert world.arrived("desk") == once(1001)
