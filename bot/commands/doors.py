"""Keeping a platform's door open: reconnect with backoff, never hammer a refusal, bound the questions in flight.

Knows no platform. Alerts do not pass here, so whatever happens to a door they go on.
"""

import asyncio
import math
import random
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

import structlog

from bot.commands.asker import Asker
from bot.commands.core import Core, trouble
from bot.commands.requests import Request, Steering
from bot.commands.steered import sentence
from bot.model.answers import Answer
from bot.model.errors import InputError, StoreError
from bot.model.people import Platform
from bot.render.words import age

log = structlog.get_logger()

MOST_AT_ONCE = 32
"""Questions in flight at one door; more are turned away."""
ANSWER_S = 30.0
"""Until a question is given up; platforms let us answer for 15 minutes (Discord) and 30 (Slack)."""
ACK_S = 2.5
"""Both platforms call a question unanswered after 3 s."""
MOST_PROBLEMS = 5
"""Of wrong input, told in one answer."""

_WHO_MAY: Final[Mapping[Platform, str]] = {
    "discord": "In the configuration, admin.discord_roles and admin.discord_users name them; whoever manages a server"
    " that discord.guilds names is one too.",
    "slack": "In the configuration, admin.slack_users and admin.slack_groups name them.",
}
"""As `asker.may_steer_discord` and `may_steer_slack` judge."""
_LOOK: Final = "It may be done all the same: look at /flowadmin list or audit before you try again."

OLDER: Final = trouble("This is from an older flowbot", "It no longer knows it. /flow help lists what there is.")
FULL: Final = trouble("Too many questions at once", "Nothing was done. Ask again in a few seconds.")


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
    """The core's answer, or a polite word: a question never brings its door down, and nobody asks without end."""
    wait_s = core.limits.take(asker)
    if wait_s > 0:
        log.info("commands.too_many", platform=asker.platform, request=type(request).__name__)
        return trouble("That is a lot at once", f"Try again in {age(math.ceil(wait_s))}.")
    if isinstance(request, Steering) and not asker.is_admin:
        log.warning("commands.denied", person=asker.person, request=type(request).__name__)
        return trouble("Only admins may do that", "Nothing was done.", _WHO_MAY[asker.platform])
    try:
        async with asyncio.timeout(ANSWER_S):
            return await core.answer(request, asker)
    except TimeoutError:
        is_act = isinstance(request, Steering)
        return trouble("That took too long", _LOOK if is_act else "Something is busy. Try again in a minute.")
    except StoreError as error:
        log.warning("commands.store_refused", request=type(request).__name__, error=str(error))
        return trouble("That cannot be done now", "The store does not take it, and nothing was done. Try again soon.")
    except InputError as error:
        return trouble("That did not work", *(sentence(problem.message) for problem in error.problems[:MOST_PROBLEMS]))
    except Exception:  # this task's supervisor: the asker gets words, the log gets the bug
        ref = secrets.token_hex(4)
        log.exception("commands.answer_failed", ref=ref, platform=asker.platform, request=type(request).__name__)
        return trouble("That went wrong", f"The log has it as {ref}: tell whoever runs this bot, or try again.")
