"""From `/watch add` to the direct message: one real store, a platform over a real socket, and restarts in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import time_ns

import pytest

from bot.commands.asker import Asker
from bot.commands.personal import PersonalAnswers
from bot.commands.requests import Personal, WatchAdd, WatchList
from bot.destinations.catalog import Means
from bot.destinations.direct import Direct
from bot.engine.control import Control
from bot.engine.delivery import Delivery
from bot.engine.metrics import Metrics
from bot.engine.personal import PersonalLanes, personal_options
from bot.engine.rulebook import Rulebook
from bot.engine.settings import DeliverySettings, WatchSettings
from bot.engine.shared import Shared
from bot.model.answers import Answer
from bot.model.matches import Match
from bot.outbox.sqlite import open_outbox
from bot.requests import Requests
from tests.destinations.test_dm import DM_CHANNEL, USER, Platform, means, platform, session
from tests.engine.test_rulebook import Uses
from tests.samples import a_print

__all__ = ["means", "platform", "session"]  # fixtures

ANN = Asker("discord", USER, "ann")
POSTS = f"/channels/{DM_CHANNEL}/messages"
CLOSED = (403, {"message": "Cannot send messages to this user", "code": 50007})


class Service:
    """As much of it as people meet."""

    def __init__(self, path: Path, means: Means) -> None:
        self.outbox = open_outbox(path, time_ns)
        self.control = Control(self.outbox, changed=lambda: self.delivery.look_again())
        self.shared = Shared(self.outbox, Metrics(), steering=self.control)
        self.delivery = Delivery((), self.outbox)
        self.direct = Direct(lambda: means, self.outbox.channel_of)
        self.watches = WatchSettings()
        self.people = PersonalLanes(
            self.shared,
            self.outbox,
            self.direct.build,
            lambda: personal_options(DeliverySettings(), self.watches),
            self.control.mute,
        )
        self.delivery.personal = self.people
        self.book = Rulebook(Uses())
        self.requests = Requests(self.outbox, self.book, dict, frozenset)
        self.answers = PersonalAnswers(
            self.outbox,
            self.requests,
            self.control,
            settings=lambda: self.watches,
            platforms=lambda: self.direct.platforms,
        )

    async def ask(self, request: Personal) -> Answer:
        return await self.answers.answer(request, ANN)

    async def accept(self, size: int) -> None:
        found = a_print(size=size, received_ns=time_ns())
        match = Match(found, tuple(self.book.true_of(found)))
        self.delivery.take(await self.outbox.commit([match], self.control.judge, self.people.targets))

    async def states(self) -> list[str]:
        records = await self.outbox.delivery_records(("queued", "sending", "sent", "dead"), None, 10)
        return [record.state for record in reversed(records)]

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(20.0):
            while not await is_so():  # noqa: ASYNC110 - the other side of a socket tells nobody
                await asyncio.sleep(0.01)

    async def until_states(self, *states: str) -> None:
        async def are_so() -> bool:
            return await self.states() == list(states)

        await self.until(are_so)


@asynccontextmanager
async def serving(path: Path, means: Means, *, is_told: bool = True) -> AsyncIterator[Service]:
    """`is_told`: people are served too."""
    service = Service(path, means)
    try:
        await service.control.restore()
        await service.requests.follow()
        async with asyncio.TaskGroup() as tasks:
            if is_told:
                tasks.create_task(service.people.run())
                tasks.create_task(service.delivery.run())
            yield service
            if is_told:
                await service.people.drain()
                await service.delivery.drain()
    finally:
        await service.outbox.close()


@pytest.mark.usefixtures("session")
async def test_a_watch_is_told_and_a_blocked_person_is_left_in_peace_until_they_ask_again(
    tmp_path: Path, platform: Platform, means: Means
) -> None:
    path = tmp_path / "flowbot.db"
    async with serving(path, means) as service:
        await service.ask(WatchAdd("NVDA", '{"ticker": "NVDA"}', 0.0))
        await service.accept(1)
        await service.until_states("sent")
        platform.answers[POSTS] = [CLOSED]
        await service.accept(2)
        await service.until_states("sent", "dead")

        async def is_closed() -> bool:
            return bool(service.control.active("closed"))

        await service.until(is_closed)
        await service.accept(3)  # nothing is made of it
        assert await service.states() == ["sent", "dead"]
        asked = len(platform.asked)
    async with serving(path, means) as service:
        await service.accept(4)
        assert await service.states() == ["sent", "dead"], "a restart forgets nothing"
        assert len(platform.asked) == asked
        answer = await service.ask(WatchList())
        assert "your direct messages were closed to flowbot" in answer.parts[0].lines[0]
        await service.accept(5)
        await service.until_states("sent", "dead", "sent")
    assert platform.paths().count("/users/@me/channels") == 1, "the store knows where they were told before"


@pytest.mark.usefixtures("session")
async def test_what_waited_over_a_restart_is_told_once(tmp_path: Path, platform: Platform, means: Means) -> None:
    path = tmp_path / "flowbot.db"
    async with serving(path, means, is_told=False) as service:
        await service.ask(WatchAdd("NVDA", '{"ticker": "NVDA"}', 0.0))
        await service.accept(1)
        await service.accept(2)
        assert await service.states() == ["queued", "queued"]
    async with serving(path, means) as service:
        await service.until_states("sent", "sent")
    posts = [body for _, asked, body in platform.asked if asked == POSTS]
    assert [len(body["embeds"]) for body in posts] == [2]
