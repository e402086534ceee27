"""No secret leaves the process, whatever goes wrong and whoever quotes it."""

import asyncio
import re

from tests.fakes.faults import RESET_AFTER, TRUNCATED
from tests.fakes.feed import Refusal
from tests.scenarios.process import until
from tests.scenarios.world import (
    EVERYWHERE,
    OPTIONWHALES_KEY,
    RADARPULSE_KEY,
    World,
    a_print,
    gateway,
    socket_mode,
)

WRONG_DISCORD_TOKEN = "wrong-discord-token-abcdef"
WRONG_SLACK_TOKEN = "xoxb-wrong-token-abcdef"
WRONG_SLACK_APP_TOKEN = "xapp-wrong-token-abcdef"
SECRETS = (
    RADARPULSE_KEY,
    OPTIONWHALES_KEY,
    WRONG_DISCORD_TOKEN,
    WRONG_SLACK_TOKEN,
    WRONG_SLACK_APP_TOKEN,
    "fake-webhook-token-9000",
    "fakewebhooksecretB0FAKE",
    "T0FAKE/B0FAKE",
)


async def test_no_secret_is_shown_anywhere(world: World) -> None:
    """Wrong tokens, a key in a URL, webhooks that fail, providers that quote the key back, at the most talkative log
    level: nothing that a person could read holds any of it."""
    world.variables |= {
        "DISCORD_BOT_TOKEN": WRONG_DISCORD_TOKEN,
        "SLACK_BOT_TOKEN": WRONG_SLACK_TOKEN,
        "SLACK_APP_TOKEN": WRONG_SLACK_APP_TOKEN,
        "DISCORD_WEBHOOK_URL": world.variables["DISCORD_WEBHOOK_URL"] + "?thread_id=77",
    }
    world.configure(
        *EVERYWHERE,
        providers=world.both_providers(),
        slack={"app_token": "${SLACK_APP_TOKEN}"},
        log={"level": "debug"},
    )
    world.discord.delete_webhook()
    world.slack.script(RESET_AFTER, TRUNCATED, where="/services/")
    world.optionwhales.refuse(Refusal(500, f"no upstream for {world.optionwhales.url}?api_key={OPTIONWHALES_KEY}"))
    shown: dict[str, str] = {}
    async with gateway(world), socket_mode(world):
        with world.run() as service:
            await world.radarpulse.connected()
            await world.radarpulse.send(f"you are {RADARPULSE_KEY}, and this is no print", a_print(1001))
            await world.optionwhales.connected()
            await world.optionwhales.error(f"key {OPTIONWHALES_KEY} has used up its quota")
            for destination in ("room", "hook", "desk"):
                await service.metric("flowbot_destination_parked", 1, destination=destination)
            await service.event("provider.error_frame")
            await until(lambda: len(service.events("commands.disconnected")) == 2, "both doors refused")
            await until(lambda: 1001 in world.arrived("desk-hook"), "the alert that a broken answer followed")

            alert_id = world.explanation(1001).alert.id
            for path in ("/metrics", "/quarantine", "/readyz"):
                shown[path] = (await service.get(path))[1]
            commands = (("explain", alert_id), ("check",), ("send-test", "hook"), ("send-test", "room"))
            told = await asyncio.gather(*(world.command(*command, "-c", str(world.config)) for command in commands))
            shown |= {
                " ".join(command): ended.stdout + ended.stderr for command, ended in zip(commands, told, strict=True)
            }
            service.terminate()
            await service.exit()
            shown["run"] = service.stdout + service.stderr

    assert "Unknown Webhook" in shown["send-test hook"]
    assert "401: Unauthorized" in shown["send-test room"]
    assert "hook: " in shown[f"explain {alert_id}"]
    assert "this is no print" in shown["/quarantine"]
    assert "has used up its quota" in shown["run"]
    leaks = {(where, secret) for where, text in shown.items() for secret in SECRETS if secret in text}
    assert not leaks, leaks
    assert not re.search(r"api_key=[^*&\s]", "".join(shown.values()))
