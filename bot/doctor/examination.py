"""The whole examination, in the order in which it is read: clock, providers, platforms, destinations."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from bot import logs
from bot.destinations.http import open_session
from bot.destinations.settings import (
    DiscordChannelSettings,
    DiscordWebhookSettings,
    SlackChannelSettings,
    SlackWebhookSettings,
)
from bot.doctor import discord, slack
from bot.doctor.asking import Clocks
from bot.doctor.findings import Finding, Health, told, worst
from bot.doctor.providers import provider
from bot.settings import Settings
from bot.wiring import ready

PATIENCE_S = 30.0
"""For all that is asked of one provider or platform."""


def run(config: Path) -> tuple[str, Health]:
    """What was found, as text, and the worst of it. Raises InputError for a configuration with problems."""
    settings = ready(config)
    findings = asyncio.run(examine(settings))
    return logs.redactor.text(told(findings)), worst(findings)


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; nothing is posted, and a flowbot that is running is not disturbed."""
    clocks = Clocks()
    async with open_session() as session, asyncio.TaskGroup() as tasks:
        feeds = [tasks.create_task(_gathered(name, provider(name, own))) for name, own in settings.providers.items()]
        platforms = [
            tasks.create_task(_gathered(name, _platform(name, session, settings, clocks)))
            for name in ("discord", "slack")
            if getattr(settings, name) is not None
        ]
        hooks = tasks.create_task(_gathered("destinations", _hooks(session, settings, clocks)))
    findings = [found for task in (*feeds, *platforms, hooks) for found in task.result()]
    clock = clocks.finding()
    return [clock, *findings] if clock is not None else findings


async def _platform(
    name: str, session: aiohttp.ClientSession, settings: Settings, clocks: Clocks
) -> AsyncIterator[Finding]:
    if name == "discord" and settings.discord is not None:
        bot = discord.Discord(session, settings.discord, clocks)
        async for found in bot.bot():
            yield found
        for destination, own in settings.destinations.items():
            if isinstance(own, DiscordChannelSettings) and bot.is_in:
                yield await bot.channel(destination, own)
    elif settings.slack is not None:
        app = slack.Slack(session, settings.slack, clocks)
        async for found in app.app(has_groups=bool(settings.admin.slack_groups)):
            yield found
        for destination, own in settings.destinations.items():
            if isinstance(own, SlackChannelSettings) and app.scopes:
                yield await app.channel(destination, own)


async def _hooks(session: aiohttp.ClientSession, settings: Settings, clocks: Clocks) -> AsyncIterator[Finding]:
    for name, own in settings.destinations.items():
        match own:
            case DiscordWebhookSettings():
                yield await discord.webhook(session, name, own, clocks)
            case SlackWebhookSettings():
                yield await slack.webhook(session, name, own, clocks)
            case DiscordChannelSettings() | SlackChannelSettings():
                continue
            case _ if own.type != "console":
                yield Finding(name, "doubt", f"a {own.type} destination is not looked at", f"flowbot send-test {name}")


async def _gathered(subject: str, findings: AsyncIterator[Finding]) -> list[Finding]:
    """What was found until `PATIENCE_S` ran out."""
    found = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for one in findings:
                found.append(one)  # noqa: PERF401 - what was found before the time ran out counts
    except TimeoutError:
        found.append(Finding(subject, "unreachable", f"no answer within {PATIENCE_S:.0f} s", "try again later"))
    return found
