"""The doors' common part: how long to wait, who survives what, and how askers are treated."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from bot.commands.asker import Asker
from bot.commands.core import Core
from bot.commands.doors import ANSWER_S, MOST_AT_ONCE, Desk, DoorStatus, Ended, Pauses, answer_to, keep_open
from bot.commands.limits import Allowance, Limits
from bot.commands.requests import MuteFor, Reload, Request, Status, Steering, Why
from bot.model.alerts import Explanation
from bot.model.answers import Answer
from bot.model.errors import InputError, StoreError
from bot.model.people import Platform
from tests import virtual_time
from tests.commands.prints import core, lines_of

LOST = Ended("lost")


@pytest.mark.parametrize(
    ("ended", "failures", "chance", "wait_s"),
    [
        (LOST, 0, 1.0, 1.0),
        (LOST, 1, 1.0, 1.0),
        (LOST, 2, 1.0, 2.0),
        (LOST, 2, 0.0, 1.0),
        (LOST, 5, 1.0, 16.0),
        (LOST, 500, 1.0, 300.0),
        (Ended("429", after_s=20.0), 1, 1.0, 20.0),
        (Ended("refused", is_refused=True), 1, 0.5, 3600.0),
        (Ended("planned", is_planned=True), 0, 1.0, 0.0),
        (Ended("planned", is_planned=True), 3, 1.0, 4.0),
    ],
)
def test_the_wait(ended: Ended, failures: int, chance: float, wait_s: float) -> None:
    """Exponential, jittered down by at most half, capped; a planned end is no reason to wait, unless it repeats."""
    assert Pauses().after(ended, failures, chance) == wait_s


async def test_a_bug_does_not_end_the_door() -> None:
    """A session that raises is reported without its words, and the next one is tried."""
    status = DoorStatus()
    done = asyncio.Event()
    seen: list[str] = []

    async def session() -> Ended:
        seen.append(status.last_error)
        status.is_connected = True
        if len(seen) == 3:
            done.set()
        raise ValueError("secret")

    async with asyncio.TaskGroup() as tasks:
        door = tasks.create_task(keep_open("test", session, status, Pauses(first_s=0.001, longest_s=0.001)))
        async with asyncio.timeout(5):
            await done.wait()
        door.cancel()
    assert seen[1] == "an unexpected ValueError; the log has the details"
    assert not status.is_connected


async def test_a_desk_has_a_bound() -> None:
    """So many questions at once and no more; a bug in one leaves the others alone, and a stop drops them."""
    never = asyncio.Event()

    async def broken() -> None:
        raise ValueError

    async def waiting() -> None:
        await never.wait()

    async with asyncio.TaskGroup() as tasks:
        desk = Desk("test", tasks)
        desk.take(broken())
        for _ in range(MOST_AT_ONCE - 1):
            desk.take(waiting())
        assert desk.is_full
        await desk.clear(0.01)
    assert not desk.is_full


ANN = Asker("discord", "1", "ann", "9")


class _Steering:
    """Does what it is told, and notes it."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.done: list[Steering] = []
        self._failure = failure

    async def answer(self, request: Steering, asker: Asker) -> Answer:
        del asker
        self.done.append(request)
        if self._failure is not None:
            raise self._failure
        return Answer("Done", ())


@dataclass(slots=True)
class _Limited(Core):
    """Three questions, and no time passes."""

    limits: Limits = field(default_factory=lambda: Limits(lambda: 0.0, per_person=Allowance(3)))


@pytest.mark.parametrize(
    ("platform", "named"),
    [
        ("discord", ["admin.discord_roles", "admin.discord_users", "discord.guilds"]),
        ("slack", ["admin.slack_users", "admin.slack_groups"]),
    ],
)
async def test_only_admins_steer(platform: Platform, named: list[str]) -> None:
    """Anybody else is told who may and that nothing was done, in private; and nothing is."""
    steering = _Steering()
    knowing = core(steering=steering)
    mute = MuteFor("ticker", "NVDA", 3600)
    refused = await answer_to(knowing, mute, Asker(platform, "U1"))
    assert refused.is_private
    assert "Nothing was done." in lines_of(refused)
    assert all(name in " ".join(lines_of(refused)) for name in named)
    assert not steering.done
    assert (await answer_to(knowing, mute, Asker(platform, "U1", is_admin=True))).title == "Done"
    assert steering.done == [mute]


async def test_nobody_asks_without_end() -> None:
    """Past the allowance: a polite word for the asker alone, with the time to wait; steering and denials count too."""
    known = core()
    asked = _Limited(known.session, known.explain, known.status, known.now_ns, known.bands, steering=_Steering())
    requests: list[Request] = [Status(), Reload(), Why("7kq2m9xd")]
    for request in requests:
        assert "at once" not in (await answer_to(asked, request, ANN)).title
    refused = await answer_to(asked, Status(), ANN)
    assert (refused.title, refused.is_private) == ("That is a lot at once", True)
    assert lines_of(refused) == ["Try again in 20 s."]
    assert (await answer_to(asked, Status(), Asker("discord", "2"))).title != refused.title


def _failing(failure: Exception) -> Core:
    async def explain(alert_id: str, person: str) -> NoReturn:
        del alert_id
        raise failure

    return core(explain=explain)


async def test_a_bug_has_a_number() -> None:
    """The asker gets words and a reference, the log gets the same reference and the bug; nothing of it is shown."""
    with capture_logs() as logs:
        answer = await answer_to(_failing(ValueError("a secret")), Why("7kq2m9xd"), ANN)
    found = re.search(r"\b[0-9a-f]{8}\b", " ".join(lines_of(answer)))
    assert found is not None
    assert [(log["event"], log["ref"], log["request"]) for log in logs] == [("commands.answer_failed", found[0], "Why")]
    assert answer.is_private
    assert "secret" not in repr(answer)


@pytest.mark.parametrize(
    ("failure", "title", "line"),
    [
        (StoreError("disk full"), "That cannot be done now", "nothing was done"),
        (InputError("there is no rule whales"), "That did not work", "There is no rule whales."),
    ],
)
@pytest.mark.parametrize("asked", [_failing, lambda failure: core(steering=_Steering(failure))])
async def test_trouble_in_plain_words(
    asked: Callable[[Exception], Core], failure: Exception, title: str, line: str
) -> None:
    """What the store or the input refuses is no bug."""
    admin = Asker("discord", "1", is_admin=True)
    request = Why("7kq2m9xd") if asked is _failing else Reload()
    answer = await answer_to(asked(failure), request, admin)
    assert (answer.title, answer.is_private) == (title, True)
    assert line in " ".join(lines_of(answer))


def test_no_question_waits_for_ever() -> None:
    """After half a minute the asker is told to try again."""

    async def explain(alert_id: str, person: str) -> Explanation | None:
        del alert_id
        await asyncio.Event().wait()
        return None

    async def ask() -> tuple[Answer, float]:
        began_s = asyncio.get_running_loop().time()
        answer = await answer_to(core(explain=explain), Why("7kq2m9xd"), ANN)
        return answer, asyncio.get_running_loop().time() - began_s

    answer, took_s = virtual_time.run(ask())
    assert (answer.title, answer.is_private) == ("That took too long", True)
    assert took_s == pytest.approx(ANSWER_S)


async def test_a_stop_passes() -> None:
    """Cancellation is no failure to apologise for."""

    async def explain(alert_id: str, person: str) -> NoReturn:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await answer_to(core(explain=explain), Why("7kq2m9xd"), ANN)
