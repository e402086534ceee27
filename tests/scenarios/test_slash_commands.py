"""Traders ask while alerts flow."""

import asyncio
import re

from tests.scenarios.process import until
from tests.scenarios.world import EVERYWHERE, World, a_print, gateway, once, socket_mode

ANSWER_S = 20.0


async def test_questions_are_answered_while_alerts_flow(world: World) -> None:
    """`/flow top` and `/flow why <id>` on Discord and Slack, answered by the service that posts the alerts."""
    world.configure(*EVERYWHERE, slack={"app_token": "${SLACK_APP_TOKEN}"})
    async with gateway(world) as discord, socket_mode(world) as slack:
        with world.run() as service:
            await world.radarpulse.connected()
            await discord.until(lambda: discord.live == 1)
            await slack.until(lambda: len(slack.sockets) == 1)
            await world.radarpulse.send_trades(a_print(1001, score=91), a_print(1002, ticker="AAPL", score=97))
            await until(lambda: world.everywhere(1001, 1002), "both alerts everywhere")
            alert_id = world.explanation(1001).alert.id

            top_there, top_here = await discord.ask("top", limit=5), await slack.ask("top 5")
            why_there, why_here = await discord.ask("why", alert=alert_id), await slack.ask(f"why {alert_id}")
            await world.radarpulse.send_trades(a_print(1003))
            async with asyncio.timeout(ANSWER_S):
                tops = [str(await top_there.reply), str(await top_here.reply)]
                whys = [str(await why_there.reply), str(await why_here.reply)]
            await until(lambda: world.everywhere(1001, 1002, 1003), "all alerts everywhere")
            assert await service.stop() == 0

    for answer in tops:
        assert re.search(r"1\W+AAPL .*2\W+NVDA ", answer), "the higher score comes first"
    for answer in whys:
        assert alert_id in answer
        assert "rule whales" in answer
        assert "sent" in answer
    for destination in EVERYWHERE:
        assert world.arrived(destination) == once(1001, 1002, 1003), destination
