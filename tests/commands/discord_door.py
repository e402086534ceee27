"""The Discord door, opened to a Discord of our own; and doors behind it that note what was asked of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.commands.asker import Asker
from bot.commands.core import Core
from bot.commands.discord import run_discord
from bot.commands.doors import DoorStatus, Pauses
from bot.commands.requests import Request
from bot.destinations.platforms import DiscordSettings
from bot.engine.settings import AdminSettings
from bot.model.answers import Answer, Part
from bot.model.secret import Secret
from tests.fakes.discord_gateway import TOKEN, Asked, FakeDiscord

QUICK = Pauses(first_s=0.001, longest_s=0.002, refused_s=3600, lived_s=3600, identify_s=0)
NOBODY = AdminSettings()
MANAGE_GUILD = 1 << 5


@dataclass
class Noting:
    """A steering or personal door that answers anything, and notes it."""

    answer_with: Answer = Answer("Done", (Part("", ("It is done.",)),), is_private=True)  # noqa: RUF009 frozen
    asked: list[tuple[Request, Asker]] = field(default_factory=list)

    async def answer(self, request: Any, asker: Asker) -> Answer:
        self.asked.append((request, asker))
        return self.answer_with

    @property
    def requests(self) -> list[Request]:
        return [request for request, _ in self.asked]


@asynccontextmanager
async def opened(
    fake: FakeDiscord,
    answers: Core,
    *,
    token: str = TOKEN,
    guilds: Sequence[str] = (),
    admin: Callable[[], AdminSettings] = lambda: NOBODY,
) -> AsyncIterator[DoorStatus]:
    """The door, as long as this lasts."""
    status = DoorStatus()
    settings = DiscordSettings(token=Secret(token), api_url=fake.api_url, guilds=list(guilds))
    async with asyncio.TaskGroup() as tasks:
        door = tasks.create_task(run_discord(answers, settings, admin, status=status, pauses=QUICK))
        try:
            yield status
        finally:
            door.cancel()


@asynccontextmanager
async def answering(fake: FakeDiscord, answers: Core, **how: Any) -> AsyncIterator[DoorStatus]:
    """The door, once the gateway has it."""
    before = fake.identifies
    async with opened(fake, answers, **how) as status:
        await fake.until(lambda: fake.identifies > before and fake.live == 1)
        yield status


async def reply(asked: Asked) -> dict[str, Any]:
    """What is shown in answer."""
    async with asyncio.timeout(10):
        return await asked.reply


async def embed_of(asked: Asked) -> dict[str, Any]:
    embed: dict[str, Any] = (await reply(asked))["embeds"][0]
    return embed


async def choices_of(asked: Asked) -> list[str]:
    """What is suggested."""
    async with asyncio.timeout(10):
        return [choice["value"] for choice in (await asked.ack)["data"]["choices"]]


async def settled(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 a status is polled, in the product too
            await asyncio.sleep(0.002)
