"""What the tests of the Slack door share: the door on a Slack of our own, and a core that says what it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from bot.commands.asker import Asker
from bot.commands.core import Core
from bot.commands.doors import DoorStatus, Pauses
from bot.commands.requests import Request
from bot.commands.slack import run_slack
from bot.destinations.platforms import SlackSettings
from bot.engine.settings import AdminSettings
from bot.model.answers import Answer, Button, Part
from bot.model.secret import Secret
from tests.commands.prints import core
from tests.fakes.slack_socket import APP_TOKEN, BOT_TOKEN, Asked, FakeSlack

QUICK = Pauses(first_s=0.001, longest_s=0.002, refused_s=3600, lived_s=0)
NOBODY = AdminSettings()

Says = Callable[[Request, Asker], Awaitable[Answer]]


class Scripted(Core):
    """Answers what the test says."""

    says: Says

    async def answer(self, request: Request, asker: Asker) -> Answer:
        return await self.says(request, asker)


def scripted(says: Says) -> Core:
    plain = core()
    made = Scripted(plain.session, plain.explain, plain.status, plain.now_ns, plain.bands)
    made.says = says
    return made


def always(answer: Answer) -> Core:
    async def says(request: Request, asker: Asker) -> Answer:
        del request, asker
        return answer

    return scripted(says)


def pages(title: str = "Top flow", **more: Any) -> Answer:
    """An answer that all may read, with a page after it."""
    buttons = (Button("Next", "flow top page=2", is_replacing=True), Button("NVDA", "flow ticker NVDA"))
    return Answer(title, (Part("", ("1. NVDA",)),), buttons=buttons, **more)


@asynccontextmanager
async def opened(
    fake: FakeSlack, answers: Core, *, token: str = APP_TOKEN, admin: AdminSettings = NOBODY
) -> AsyncIterator[DoorStatus]:
    """The door, trying to connect; it is closed on leaving."""
    status = DoorStatus()
    settings = SlackSettings(bot_token=Secret(BOT_TOKEN), app_token=Secret(token), api_url=fake.api_url)
    async with asyncio.TaskGroup() as tasks:
        door = tasks.create_task(run_slack(answers, settings, lambda: admin, status=status, pauses=QUICK))
        try:
            yield status
        finally:
            door.cancel()


@asynccontextmanager
async def connected(fake: FakeSlack, answers: Core, *, admin: AdminSettings = NOBODY) -> AsyncIterator[DoorStatus]:
    """The door, open."""
    async with opened(fake, answers, admin=admin) as status:
        await fake.until(lambda: len(fake.sockets) == 1)
        yield status


async def reply(asked: Asked) -> dict[str, Any]:
    """The first answer to a command or a press."""
    async with asyncio.timeout(10):
        return await asked.reply


def text_of(body: dict[str, Any]) -> str:
    """What stands below an answer's title."""
    blocks = [block for attachment in body["attachments"] for block in attachment["blocks"]]
    return "\n".join(block["text"]["text"] for block in blocks if block["type"] == "section")


async def settled(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 a status is polled, in the product too
            await asyncio.sleep(0.002)
