"""The running service and the people around it: questions, buttons, watches, mutes, over restarts and power cuts."""

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import discord_gateway
from tests.fakes.discord_interactions import GUILD, Member
from tests.fakes.discord_rest import dm_of
from tests.fakes.slack_message import elements
from tests.scenarios.process import Process, until
from tests.scenarios.world import EVERYWHERE, World, a_print, a_whale, gateway, once, socket_mode

ADMIN_ROLE = "700000000000000007"
ADMIN = Member(id="500000000000000001", name="ann", roles=(ADMIN_ROLE,))
TRADER = Member(id="500000000000000005", name="tom")
SLACK_ADMIN = "U0ADMIN"
ANSWER_S = 20.0


def configure(world: World, *destinations: str, **sections: Any) -> Path:
    """Both doors open, one server, one admin role and one Slack admin."""
    return world.configure(
        *(destinations or EVERYWHERE),
        slack={"app_token": "${SLACK_APP_TOKEN}"},
        discord={"guilds": [GUILD]},
        admin={"discord_roles": [ADMIN_ROLE], "slack_users": [SLACK_ADMIN]},
        **sections,
    )


async def said(asked: Any) -> str:
    """The answer's whole body as text."""
    async with asyncio.timeout(ANSWER_S):
        return json.dumps(await asked.reply, ensure_ascii=False)


async def asked_on_discord(door: discord_gateway.FakeDiscord, sub: str | None, **how: Any) -> str:
    return await said(await door.ask(sub, **how))


def pressable(body: Mapping[str, Any]) -> dict[str, str]:
    """The buttons of a Discord message: label -> custom id."""
    return {
        part.get("label", "menu"): part["custom_id"] for row in body.get("components", []) for part in row["components"]
    }


async def service_is_up(service: Process, *doors: str) -> None:
    """As this process tells it: a fake may not know yet that the one before is dead. One provider, and these doors."""
    await service.event("provider.connected")
    await until(lambda: {event["platform"] for event in service.events("commands.connected")} >= {*doors}, "the doors")


async def test_every_question_has_an_answer_on_both_platforms(world: World) -> None:
    """Valid, empty and hostile questions, all at once; the answers name what they are made from."""
    configure(world)
    hostile = "<@1> @everyone `x` " + "A" * 200
    async with gateway(world) as discord, socket_mode(world) as slack:
        with world.run() as service:
            await service_is_up(service, "discord", "slack")
            await world.radarpulse.send_trades(a_print(1001, score=91), a_print(1002, ticker="AMD", bias="BEAR"))
            await until(lambda: world.everywhere(1001, 1002), "both alerts everywhere")
            questions: list[tuple[str, str | None, dict[str, Any], str]] = [
                ("top 5", "top", {"limit": 5}, "AMD"),
                ("ticker nvda", "ticker", {"symbol": "nvda"}, "NVDA"),
                ("heatmap by=ticker", "heatmap", {"by": "ticker"}, "NVDA"),
                ("unusual", "unusual", {}, "vol/OI"),
                ("momentum", "momentum", {}, "optionwhales"),
                ("intent NVDA", "intent", {"ticker": "NVDA"}, "optionwhales"),
                ("congress", "congress", {}, "radarpulse"),
                ("status", "status", {}, "radarpulse"),
                ("help", "help", {}, "/watch"),
                ("top min_premium=900m", "top", {"min_premium": "900m"}, "Nothing like that"),
                (f"ticker {hostile}", "ticker", {"symbol": hostile}, "ticker"),
                ("why zzzzzzzz", "why", {"alert": "zzzzzzzz"}, "zzzzzzzz"),
            ]
            half = len(questions) // 2  # a member may ask a dozen a minute
            for number, some in enumerate((questions[:half], questions[half:])):
                who = Member(id=f"50000000000000000{number}")
                there = [await discord.ask(sub, member=who, **options) for _, sub, options, _ in some]
                here = [await slack.ask(text, user=f"U{number}") for text, *_ in some]
                for (text, _, _, expected), on_discord, on_slack in zip(some, there, here, strict=True):
                    answers = [await said(on_discord), await said(on_slack)]
                    for answer in answers:
                        assert expected.lower() in answer.lower(), (text, answer)
                        assert "<@1>" not in answer, "a mention must not be alive"
                    assert "@everyone" not in answers[0], "on Slack this is no mention"
            assert await service.stop() == 0
    assert not service.events("commands.answer_failed"), service.events("commands.answer_failed")


async def test_a_button_pressed_after_a_restart(world: World) -> None:
    """The alert of an earlier run is asked about; the answer is for the presser's eyes alone."""
    configure(world)
    async with gateway(world) as discord, socket_mode(world) as slack:
        with world.run() as service:
            await service_is_up(service, "discord", "slack")
            await world.radarpulse.send_trades(a_print(1001))
            await until(lambda: world.everywhere(1001), "the alert everywhere")
            await service.kill()
        alert_id = world.explanation(1001).alert.id
        (there,) = [message for message in world.discord.messages if message.via == "bot"]
        (here,) = world.slack.by_path["bot"]
        with world.run() as service:
            await service_is_up(service, "discord", "slack")
            buttons = pressable(there.body)
            assert set(buttons) == {"Why?", "More like this", "Mute NVDA 1h"}
            shown = {**there.body, "id": there.id}
            why = await discord.press(shown, buttons["Why?"], member=TRADER)
            mute = await discord.press(shown, buttons["Mute NVDA 1h"], member=TRADER)
            assert "rule whales" in await said(why)
            assert why.is_ephemeral
            assert "Only admins" in await said(mute)
            (value,) = [e["value"] for e in elements(here.body) if "flow why" in e.get("value", "")]
            on_slack = await said(await slack.press(here.body, value))
            assert alert_id in on_slack
            assert '"response_type": "ephemeral"' in on_slack
            assert await service.stop() == 0
    assert world.arrived("room") == world.arrived("desk") == once(1001)


async def test_a_mute_outlives_a_power_cut_and_only_admins_steer(world: World) -> None:
    """Durable before the reply: killed right after it, the next run keeps the ticker quiet; unmuted, it speaks."""
    configure(world, "room", "desk")
    async with gateway(world) as discord, socket_mode(world) as slack:
        with world.run() as service:
            await service_is_up(service, "discord", "slack")
            mute: dict[str, Any] = {
                "command": "flowadmin", "what": "ticker", "name": "nvda", "for": "2h", "reason": "earnings",
            }  # fmt: skip
            assert "Only admins" in await asked_on_discord(discord, "mute", member=TRADER, **mute)
            assert "Only admins" in await said(await slack.ask("pause", command="/flowadmin", user="U0TRADER"))
            assert "NVDA" in await asked_on_discord(discord, "mute", member=ADMIN, **mute)
            await service.kill()
        with world.run() as service:
            await service_is_up(service, "discord", "slack")
            await world.radarpulse.send_trades(a_print(1001), a_print(1002, ticker="AMD"))
            await until(lambda: world.everywhere(1002, destinations=("room", "desk")), "what is not muted")
            assert "earnings" in await said(await slack.ask("list", command="/flowadmin", user=SLACK_ADMIN))
            unmuted = await said(await slack.ask("unmute ticker NVDA", command="/flowadmin", user=SLACK_ADMIN))
            assert "NVDA" in unmuted
            await world.radarpulse.send_trades(a_print(1003))
            await until(lambda: world.everywhere(1003, destinations=("room", "desk")), "what is muted no more")
            await service.metric("flowbot_suppressed_total", 1, rule="whales", reason="mute")
            assert await service.stop() == 0
    assert world.arrived("room") == world.arrived("desk") == once(1002, 1003)
    log = (await world.command("audit", "-c", str(world.config))).stdout.splitlines()
    assert [re.findall(r"flowadmin (\w+)", line)[0] for line in log] == ["unmute", "mute"], log
    assert f"discord:{ADMIN.id} (ann)" in log[1]
    assert f"slack:{SLACK_ADMIN}" in log[0]


async def test_a_pause_holds_everything_back_and_loses_nothing(world: World) -> None:
    """Paused, killed, started again: still paused. Resumed: what waited is posted, each alert once."""
    configure(world, "room", "desk", delivery={"max_age": "1h"})
    async with gateway(world) as discord:
        with world.run() as service:
            await service_is_up(service, "discord")
            await asked_on_discord(discord, "pause", command="flowadmin", member=ADMIN)
            await world.radarpulse.send_trades(a_print(1001))
            await service.metric("flowbot_alerts_total", 1)
            await service.kill()
        with world.run() as service:
            await service_is_up(service, "discord")
            await world.radarpulse.send_trades(a_print(1002))
            await service.metric("flowbot_alerts_total", 1)
            assert "paused" in (await asked_on_discord(discord, "status", member=TRADER)).lower()
            assert world.arrived("room") == world.arrived("desk") == once()
            await asked_on_discord(discord, "resume", command="flowadmin", member=ADMIN)
            await until(lambda: world.everywhere(1001, 1002, destinations=("room", "desk")), "what waited")
            assert await service.stop() == 0
    assert world.arrived("room") == world.arrived("desk") == once(1001, 1002)


async def test_watches_reach_people_and_who_takes_no_messages_is_left_alone(world: World) -> None:
    """Two people watch NVDA on two platforms; a third has closed their messages. All watches outlive a restart."""
    configure(world, "room", "desk", rule={"when": {"premium": ">= 900M"}})
    closed = Member(id="500000000000000008", name="ivy")
    world.discord.closed.add(closed.id)
    async with gateway(world) as discord, socket_mode(world) as slack:
        with world.run() as service:
            await service_is_up(service, "discord", "slack")
            for who in (TRADER, closed):
                added = await asked_on_discord(
                    discord, "add", command="watch", member=who, filter="NVDA premium>=500k side=ask"
                )
                assert "NVDA" in added
            assert "nvda" in await said(await slack.ask("add nvda", command="/watch", user="U0TRADER"))
            refused = await asked_on_discord(discord, "add", command="watch", member=TRADER, filter="premuim>=1M")
            assert "premium" in refused, "a suggestion"
            await service.kill()
        with world.run() as service:
            await service_is_up(service, "discord", "slack")
            await world.radarpulse.send_trades(a_print(1001), a_print(1002, ticker="AMD"))
            theirs = dm_of(TRADER.id)
            await until(lambda: [m for m in world.discord.messages if m.channel == theirs], "the alert on Discord")
            await until(lambda: [m for m in world.slack.messages if m.channel == "D0TRADER"], "the alert on Slack")
            alert_id = world.explanation(1001).alert.id
            theirs_to_know = await asked_on_discord(discord, "why", alert=alert_id, member=TRADER)
            assert "$500K" in theirs_to_know, "their own watch, clause by clause"
            assert "No alert" in await asked_on_discord(discord, "why", alert=alert_id, member=ADMIN)
            await service.event("person.closed")
            await world.radarpulse.send_trades(a_print(1003))
            await until(lambda: len([m for m in world.discord.messages if m.channel == theirs]) == 2, "the next one")
            assert await service.stop() == 0
        posts = [request for request in world.discord.seen if f"channels/{dm_of(closed.id)}/" in request.path]
    assert len(posts) == 1, "tried once, and left alone"
    assert world.arrived("desk") == once() or not [m for m in world.slack.messages if m.channel != "D0TRADER"]
    states = {record.destination: record.state for record in world.explanation(1001).deliveries}
    assert states == {
        f"dm:discord:{TRADER.id}": "sent", f"dm:discord:{closed.id}": "dead", "dm:slack:U0TRADER": "sent",
    }  # fmt: skip
    assert not world.explanation(1001).alert.hits, "an alert names nobody's watch"


async def test_a_bad_edit_is_told_to_whoever_reloads(world: World) -> None:
    """`/flowadmin reload` answers with the problem's place; a good one with what changed."""
    configure(world, "room", "desk")
    async with gateway(world) as discord:
        with world.run() as service:
            await service_is_up(service, "discord")
            good = world.config.read_text("utf-8")
            world.config.write_text(good.replace("premium:", "premuim:"), "utf-8")
            bad = await asked_on_discord(discord, "reload", command="flowadmin", member=ADMIN)
            assert re.search(r"config\.yaml:\d+:\d+", bad), bad
            assert "premium" in bad
            world.config.write_text(good.replace("500k", "700k"), "utf-8")
            well = await asked_on_discord(discord, "reload", command="flowadmin", member=ADMIN)
            assert "whales" in well, well
            assert await service.stop() == 0


async def test_a_test_alert_goes_the_whole_way(world: World) -> None:
    """`/flowadmin test desk` answers with where it went; no such destination with the name that is meant."""
    configure(world, "room", "desk")
    async with gateway(world) as discord:
        with world.run() as service:
            await service_is_up(service, "discord")
            ask: dict[str, Any] = {"command": "flowadmin", "member": ADMIN}
            sent = await asked_on_discord(discord, "test", destination="desk", **ask)
            assert "Sent to desk" in sent
            assert "room" in await asked_on_discord(discord, "test", destination="rooom", **ask)
            assert await service.stop() == 0
    assert ["TEST" in message.text for message in world.slack.messages] == [True]


@pytest.mark.parametrize("platform", ["discord", "slack"])
async def test_a_door_that_is_shut_touches_no_alert(world: World, platform: str) -> None:
    """The gateway or the socket refuses us from the start: alerts go out, and the log says why nobody can ask."""
    configure(world)
    with world.run() as service:  # neither door is there
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(*(a_print(1000 + n) for n in range(5)))
        await until(lambda: world.everywhere(*range(1000, 1005)), "all alerts everywhere")
        await until(
            lambda: any(event["platform"] == platform for event in service.events("commands.disconnected")), platform
        )
        assert await service.stop() == 0
    for destination in EVERYWHERE:
        assert world.arrived(destination) == once(*range(1000, 1005)), destination


async def test_the_day_is_known_after_a_restart(world: World) -> None:
    """What came before the restart is read back from the tape: `/flow ticker` counts it, once."""
    configure(world, "room", "desk")
    async with gateway(world) as discord:
        with world.run() as service:
            await service_is_up(service, "discord")
            await world.radarpulse.send_trades(a_print(1001), a_print(1002))
            await until(lambda: world.everywhere(1001, 1002, destinations=("room",)), "both alerts")
            assert "2 prints" in await asked_on_discord(discord, "ticker", symbol="NVDA")
            assert await service.stop() == 0
        with world.run() as service:
            await service_is_up(service, "discord")
            await service.event("session.recalled")
            await world.radarpulse.send_trades(a_print(1003))
            await until(lambda: world.everywhere(1003, destinations=("room",)), "the third alert")
            assert "3 prints" in await asked_on_discord(discord, "ticker", symbol="NVDA")
            assert await service.stop() == 0


async def test_a_trade_that_two_providers_tell_of_counts_once(world: World) -> None:
    """In the day's sums as in the alerts; and again after a restart."""
    configure(world, "room", "desk", providers=world.both_providers())
    async with gateway(world) as discord:
        for _ in range(2):
            with world.run() as service:
                await service_is_up(service, "discord")
                await world.optionwhales.connected()
                if world.arrived("room"):
                    await service.event("session.recalled")
                else:
                    await world.radarpulse.send_trades(a_print(1001))
                    await world.optionwhales.send_trades(a_whale(1001), a_whale(1002))
                    await until(lambda: world.everywhere(1001, 1002, destinations=("room",)), "both alerts")
                assert "2 prints" in await asked_on_discord(discord, "ticker", symbol="NVDA")
                assert await service.stop() == 0
