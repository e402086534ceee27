"""Keeping a platform's door open: reconnect with backoff, never hammer a refusal, bound the questions in flight.

Knows no platform. Alerts do not pass here, so whatever happens to a door they go on.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import NoReturn

import structlog

from bot.commands.asker import Asker
from bot.commands.core import Core, trouble
from bot.commands.requests import Request
from bot.model.answers import Answer

log = structlog.get_logger()

MOST_AT_ONCE = 32
"""Questions in flight at one door; more are turned away."""
ANSWER_S = 30.0
"""Until a question is given up; platforms let us answer for 15 minutes (Discord) and 30 (Slack)."""
ACK_S = 2.5
"""Both platforms call a question unanswered after 3 s."""


@dataclass(slots=True)
class DoorStatus:
    """How one door does: it alone writes, metrics read."""

    is_connected: bool = False
    sessions: int = 0
    """Sessions that the platform opened, since start."""
    last_error: str = ""
    """Why the last session ended, in words fit for an admin; never a secret."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a session ended."""

    reason: str
    is_refused: bool = False
    """The platform will not have these credentials or this app: trying again soon does harm."""
    is_planned: bool = False
    """The platform asked us to come back on a new connection."""
    after_s: float = 0.0
    """The platform asked for this wait, at least."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long to wait between sessions, in seconds."""

    first_s: float = 1.0
    longest_s: float = 300.0
    """Discord takes 1000 IDENTIFYs a day before it resets the token; this makes at most 288."""
    refused_s: float = 3600.0
    lived_s: float = 60.0
    """A session that lived so long starts the backoff anew."""
    identify_s: float = 5.0
    """Before identifying again on Discord, whose sessions may be invalidated (Gateway, Identify)."""

    def after(self, ended: Ended, failures: int, chance: float) -> float:
        """The wait before the next session, the `failures`-th since one lived; `chance` in 0..1 is the jitter."""
        if ended.is_refused:
            return self.refused_s
        if failures == 0:
            backoff = 0.0 if ended.is_planned else self.first_s
        else:
            backoff = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return max(ended.after_s, backoff * (0.5 + chance / 2))


async def keep_open(
    platform: str, session: Callable[[], Awaitable[Ended]], status: DoorStatus, pauses: Pauses
) -> NoReturn:
    """Run one session after another until cancelled, whatever ends them."""
    failures = 0
    now = asyncio.get_running_loop().time
    while True:
        began = now()
        try:
            ended = await session()
        except Exception as bug:  # the supervisor: a bug in a door must not end the process
            log.exception("commands.failed", platform=platform)
            ended = Ended(f"an unexpected {type(bug).__name__}; the log has the details")
        finally:
            status.is_connected = False
        failures = 0 if now() - began >= pauses.lived_s else failures + 1
        status.last_error = ended.reason
        wait_s = pauses.after(ended, failures, random.random())  # noqa: S311 jitter is no secret
        tell = log.error if ended.is_refused else log.info if ended.is_planned else log.warning
        tell("commands.disconnected", platform=platform, reason=ended.reason, retry_in_s=round(wait_s, 1))
        await asyncio.sleep(wait_s)


async def supervised(platform: str, work: Coroutine[None, None, None]) -> None:
    """Do a piece of work whose bug must not end its door."""
    try:
        await work
    except Exception:  # the supervisor of one task
        log.exception("commands.failed", platform=platform)


class Desk:
    """The questions in flight at one door; the task group owns them."""

    def __init__(self, platform: str, tasks: asyncio.TaskGroup) -> None:
        self._platform = platform
        self._tasks = tasks
        self._open: set[asyncio.Task[None]] = set()

    @property
    def is_full(self) -> bool:
        return len(self._open) >= MOST_AT_ONCE

    def take(self, work: Coroutine[None, None, None]) -> None:
        """Have one question answered; ask `is_full` before."""
        task = self._tasks.create_task(supervised(self._platform, work))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def clear(self, grace_s: float) -> None:
        """Let the questions in flight finish, and drop what is not done in time."""
        if self._open:
            await asyncio.wait(self._open, timeout=grace_s)
        for task in tuple(self._open):
            task.cancel()


async def answer_to(core: Core, request: Request, asker: Asker) -> Answer:
    """The core's answer, or an apology: a question never brings its door down."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await core.answer(request, asker)
    except TimeoutError:
        return trouble("That took too long", "The store is busy. Try again in a minute.")
    except Exception:  # this task's supervisor: the asker gets words, the log gets the bug
        log.exception("commands.answer_failed", request=type(request).__name__)
        return trouble("That went wrong", "It is in the log. Try again, or tell whoever runs this bot.")
