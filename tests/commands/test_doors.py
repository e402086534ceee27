"""The doors' common part: how long to wait, and who survives what."""

import asyncio

import pytest

from bot.commands.doors import MOST_AT_ONCE, Desk, DoorStatus, Ended, Pauses, keep_open

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
