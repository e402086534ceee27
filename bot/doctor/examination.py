"""The whole examination, in the order in which it is read: clock, providers, platforms, destinations."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import aiohttp

from bot import logs
from bot.destinations.http import open_session
from bot.destinations.settings import (
    ConsoleSettings,
    DiscordChannelSettings,
    DiscordWebhookSettings,
    SlackChannelSettings,
    SlackWebhookSettings,
)
from bot.doctor import discord, slack
from bot.doctor.asking import Clocks, Platform, to_the_end
from bot.doctor.findings import Finding, Health, told, unseen, worst
from bot.doctor.providers import provider
from bot.doctor.wants import wants_of
from bot.settings import Settings
from bot.wiring import ready

PATIENCE_S: Final = 14.0
"""For all that is asked of one provider, platform or webhook; they are asked at the same time."""


def run(config: Path) -> tuple[str, Health]:
    """What was found, as text, and the worst of it. Raises InputError for a configuration with problems."""
    settings = ready(config)
    findings = asyncio.run(examine(settings))
    return logs.redactor.text(told(findings)), worst(findings)


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; nothing is posted, and a flowbot that is running is not disturbed."""
    clocks = Clocks()
    async with open_session() as session, asyncio.TaskGroup() as tasks:
        looks = [tasks.create_task(_patiently(*look)) for look in _looks(settings, session, clocks)]
    findings = [found for look in looks for found in look.result()]
    clock = clocks.finding()
    return [*([] if clock is None else [clock]), *_in_order(findings, list(settings.destinations))]


def _looks(
    settings: Settings, session: aiohttp.ClientSession, clocks: Clocks
) -> Iterator[tuple[str, AsyncIterator[Finding]]]:
    """Whatever can be looked at by itself, under the name of what it is about."""
    of_discord, of_slack = (Platform(name, session, clocks) for name in ("Discord", "Slack"))
    for name, feed in settings.providers.items():
        yield name, provider(name, feed)
    if settings.discord is not None:
        yield "discord", _discord(discord.Discord(of_discord, settings.discord), settings)
    if settings.slack is not None:
        yield "slack", _slack(slack.Slack(of_slack, settings.slack), settings)
    for name, own in settings.destinations.items():
        match own:
            case DiscordWebhookSettings():
                yield name, discord.webhook(of_discord, name, own)
            case SlackWebhookSettings():
                yield name, slack.webhook(of_slack, name, own)
            case DiscordChannelSettings() | SlackChannelSettings() | ConsoleSettings():
                continue  # the platforms' own business, and nobody's
            case _:
                yield name, _untried(name, own.type)


async def _discord(bot: discord.Discord, settings: Settings) -> AsyncIterator[Finding]:
    """Without a token that works its channels cannot be looked at: one cause, one finding."""
    async for found in to_the_end(bot.bot()):
        yield found
    for name, own in settings.destinations.items():
        if isinstance(own, DiscordChannelSettings) and bot.is_in:
            async for found in to_the_end(bot.channel(name, own, wants_of(settings, name))):
                yield found


async def _slack(app: slack.Slack, settings: Settings) -> AsyncIterator[Finding]:
    async for found in to_the_end(app.app(has_groups=bool(settings.admin.slack_groups))):
        yield found
    for name, own in settings.destinations.items():
        if isinstance(own, SlackChannelSettings) and app.is_in:
            async for found in to_the_end(app.channel(name, own, wants_of(settings, name))):
                yield found


async def _untried(name: str, kind: str) -> AsyncIterator[Finding]:
    yield unseen(name, f"a destination of type {kind} cannot be looked at without a message")


async def _patiently(subject: str, findings: AsyncIterator[Finding]) -> list[Finding]:
    """What was found until `PATIENCE_S` ran out."""
    seen = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for found in to_the_end(findings):
                seen.append(found)  # noqa: PERF401 - what was found before the time ran out counts
    except TimeoutError:
        seen.append(Finding(subject, "unreachable", f"no answer within {PATIENCE_S:.0f} s", "try again later"))
    return seen


def _in_order(findings: list[Finding], destinations: list[str]) -> list[Finding]:
    """Destinations last, as the configuration has them."""
    return sorted(findings, key=lambda one: destinations.index(one.subject) if one.subject in destinations else -1)
