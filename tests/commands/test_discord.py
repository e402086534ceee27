"""The Discord door's sessions, against a Discord of our own over real sockets: drops, refusals, outages."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import pytest

from bot.commands.doors import Ended
from tests.commands.discord_door import QUICK, answering, embed_of, opened, settled
from tests.commands.prints import a_print, core
from tests.fakes.discord_gateway import FakeDiscord


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


async def test_a_drop_is_resumed(discord: FakeDiscord) -> None:
    """After a dropped connection the session is resumed, and questions are answered again."""
    async with answering(discord, core(a_print())) as status:
        await discord.drop(4000)
        await discord.until(lambda: discord.resumes == 1 and discord.live == 1)
        embed = await embed_of(await discord.ask("top"))
        assert status.is_connected
    assert "NVDA" in embed["description"]
    assert discord.identifies == 1


@pytest.mark.parametrize("op", [7, 9])
async def test_discord_may_ask_for_a_new_connection(discord: FakeDiscord, op: int) -> None:
    """Reconnect (7) resumes; an invalid session (9) is begun anew."""
    async with answering(discord, core(a_print())):
        await discord.send_op(op, False)
        if op == 7:
            await discord.until(lambda: discord.resumes == 1 and discord.live == 1)
        else:
            await discord.until(lambda: discord.identifies == 2 and discord.live == 1)
        assert "NVDA" in (await embed_of(await discord.ask("top")))["description"]


async def test_heartbeats_go_on(discord: FakeDiscord) -> None:
    """At the pace that Discord asks for, so that it does not take the connection for dead."""
    discord.heartbeat_ms = 20
    async with answering(discord, core()):
        await discord.until(lambda: discord.heartbeats >= 2)
    assert discord.identifies == 1


async def test_a_failed_first_connection_is_tried_again(discord: FakeDiscord) -> None:
    """discord.py trips over a gateway that closes the very first connection; the next session is a fresh one."""
    discord.close_on_connect.extend([4000, 1011])
    async with opened(discord, core()) as status:
        await discord.until(lambda: discord.live == 1)
        assert status.last_error == "the gateway kept closing the connection"
    assert discord.logins == 3


async def test_resuming_is_given_up(discord: FakeDiscord) -> None:
    """discord.py would resume for ever, at once each time; after a few drops there is a new session instead."""
    async with answering(discord, core()):
        discord.close_on_resume.extend([4000] * 50)
        await discord.drop(4000)
        await discord.until(lambda: discord.identifies == 2 and discord.live == 1)
    assert discord.resumes <= 4


@pytest.mark.parametrize("code", [4004, 4010, 4011, 4012, 4013, 4014])
async def test_a_final_close_code_is_not_hammered(discord: FakeDiscord, code: int) -> None:
    """After a close code that Discord calls final there is one report and a long pause."""
    discord.close_on_identify.extend([code] * 50)
    async with opened(discord, core()) as status:
        await discord.until(lambda: discord.identifies == 1)
        await settled(lambda: status.last_error != "")
        await asyncio.sleep(0.05)  # twenty of QUICK's pauses
        assert str(code) in status.last_error
        assert not status.is_connected
    assert discord.identifies == 1


async def test_a_refused_token_is_not_hammered(discord: FakeDiscord) -> None:
    """A 401 at login: one report that names the setting, a long pause, and the token in no message."""
    async with opened(discord, core(), token="wrong-token") as status:
        await settled(lambda: status.last_error != "")
        await asyncio.sleep(0.05)  # twenty of QUICK's pauses
    assert status.last_error == "Discord refuses the bot token: check discord.token"
    assert discord.unauthorised == 1


@pytest.mark.parametrize("status_code", [403, 404])
async def test_a_refused_request_is_not_hammered(discord: FakeDiscord, status_code: int) -> None:
    """Discord bans addresses that repeat a 403 or 404: one try, then a long pause."""
    refusals = deque([status_code] * 50)
    discord.failures = {"/applications/1000/commands": refusals}
    async with opened(discord, core()) as status:
        await settled(lambda: status.last_error != "")
        await asyncio.sleep(0.05)  # twenty of QUICK's pauses
    assert len(refusals) == 49
    assert str(status_code) in status.last_error


async def test_an_outage_is_outlived(discord: FakeDiscord) -> None:
    """503s at login, at the commands and at the gateway: tried again until Discord is back."""
    discord.failures = {"/users/@me": deque([503, 503]), "/applications/1000/commands": deque([503]),
                        "/gateway/bot": deque([503])}  # fmt: skip
    async with opened(discord, core()) as status:
        await discord.until(lambda: discord.live == 1)
        await settled(lambda: status.is_connected)
    assert discord.identifies == 1


async def test_used_up_sessions_are_waited_for(discord: FakeDiscord) -> None:
    """With no IDENTIFY left today nothing is tried: Discord would reset the token."""
    discord.sessions_left = 0
    async with opened(discord, core()) as status:
        await settled(lambda: status.last_error != "")
    assert "used up" in status.last_error
    assert discord.identifies == 0


def test_a_429_is_waited_out() -> None:
    """The wait that Discord asks for is the least that we wait."""
    asked = Ended("429", after_s=7.0)
    assert QUICK.after(asked, failures=1, chance=1.0) == 7.0
