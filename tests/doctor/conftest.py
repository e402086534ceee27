"""Both platforms on loopback, and a configuration that uses them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.doctor.examination import examine
from bot.doctor.findings import Finding
from bot.settings import Settings
from tests.configurations import settings
from tests.doctor.platforms import (
    APP_TOKEN,
    BOT_TOKEN,
    CHANNEL,
    GUILD,
    HOOK,
    SLACK_HOOK,
    SLACK_TOKEN,
    THREAD,
    Discord,
    Slack,
    served,
)

NOBODY = "127.0.0.1:1"
"""A port where nobody listens."""


class Outside:
    """All that a configuration uses, and the configuration, as changes of the usual one."""

    def __init__(self, folder: Path, discord: Discord, slack: Slack, discord_url: str, slack_url: str) -> None:
        self.discord, self.slack = discord, slack
        self.folder = folder
        self.changes: dict[str, Any] = {
            # The vendor is nobody's subject here.
            "providers": {"radarpulse": {"ws_url": f"ws://{NOBODY}/v1/stream", "rest_url": f"http://{NOBODY}/v1"}},
            "discord": {"token": BOT_TOKEN, "api_url": f"{discord_url}/api/v10", "guilds": [GUILD]},
            "slack": {"bot_token": SLACK_TOKEN, "app_token": APP_TOKEN, "api_url": f"{slack_url}/api/"},
            "destinations": {
                "room": {"type": "discord_channel", "channel": CHANNEL},
                "desk": {"type": "slack_channel", "channel": "C0123ABCD"},
                "thread": {"type": "discord_channel", "channel": THREAD},
                "hook": {"type": "discord_webhook", "url": f"{discord_url}/api/v10/webhooks/9/{HOOK}"},
                "desk-hook": {"type": "slack_webhook", "url": f"{slack_url}/services/T0/B0/{SLACK_HOOK}"},
            },
        }

    @property
    def settings(self) -> Settings:
        return settings(self.folder, self.changes)

    async def findings(self) -> list[Finding]:
        return await examine(self.settings)

    async def seen(self) -> dict[str, list[str]]:
        """By subject: each finding's mark, words and remedy, but for the provider's."""
        by_subject: dict[str, list[str]] = {}
        for one in await self.findings():
            words = f"{one.health}: {one.what}" + (f" -> {one.remedy}" if one.remedy else "")
            by_subject.setdefault(one.subject, []).append(words)
        by_subject.pop("radarpulse", None)
        return by_subject


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    discord, slack = Discord(), Slack()
    async with AsyncExitStack() as stack:
        discord_url = await stack.enter_async_context(served(discord))
        slack_url = await stack.enter_async_context(served(slack))
        yield Outside(tmp_path, discord, slack, discord_url, slack_url)
