"""The Discord door against a Discord of our own over real sockets: answers, limits, drops, refusals."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.commands.core import Core
from bot.commands.discord import command_payload, run_discord
from bot.commands.doors import DoorStatus, Ended, Pauses
from bot.model.alerts import Explanation
from bot.model.secret import Secret
from tests.commands.prints import HOSTILE, MORNING, a_print, core, explanation
from tests.fakes.discord_gateway import TOKEN, Asked, FakeDiscord

QUICK = Pauses(first_s=0.001, longest_s=0.002, refused_s=3600, lived_s=3600, identify_s=0)
EPHEMERAL = 64


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


@asynccontextmanager
async def opened(fake: FakeDiscord, answers: Core, *, token: str = TOKEN) -> AsyncIterator[DoorStatus]:
    status = DoorStatus()
    async with asyncio.TaskGroup() as tasks:
        door = tasks.create_task(run_discord(answers, Secret(token), fake.api_url, status=status, pauses=QUICK))
        try:
            yield status
        finally:
            door.cancel()


async def reply(asked: Asked) -> dict[str, Any]:
    async with asyncio.timeout(10):
        return await asked.reply


async def embed_of(asked: Asked) -> dict[str, Any]:
    embed: dict[str, Any] = (await reply(asked))["embeds"][0]
    return embed


async def test_top_answers_in_the_channel(discord: FakeDiscord) -> None:
    """`/flow top` is acknowledged, then answered for all to see, the best print first."""
    async with opened(discord, core(a_print(), a_print(ticker="AAPL", score=96.0))):
        await discord.until(lambda: discord.live == 1)
        asked = await discord.ask("top", limit=5, min_score=90.0, min_premium="1m", type="call")
        embed = await embed_of(asked)
    assert asked.ack.result()["type"] == 5
    assert not (asked.ack.result().get("data") or {}).get("flags", 0) & EPHEMERAL
    first, second = embed["description"].splitlines()[:2]
    assert "AAPL 145C 8/7" in first
    assert "NVDA 145C 8/7" in second
    assert "$2.4M" in second


async def test_every_subcommand_answers(discord: FakeDiscord) -> None:
    """`ticker` answers in the channel; `why`, `status` and the bare `/flow` answer the asker alone."""

    async def explain(alert_id: str) -> Explanation | None:
        return explanation(alert_id)

    async with opened(discord, core(a_print(), explain=explain)):
        await discord.until(lambda: discord.live == 1)
        ticker = await discord.ask("ticker", symbol="nvda")
        why = await discord.ask("why", alert="7kq2m9xd")
        status = await discord.ask("status")
        bare = await discord.ask(None)
        embeds = [await embed_of(asked) for asked in (ticker, why, status, bare)]
    assert embeds[0]["title"].startswith("NVDA")
    assert "premium" in embeds[1]["description"]
    assert "**Feeds**" in embeds[2]["description"]
    assert "/flow top" in embeds[3]["description"]
    flags = [(asked.ack.result().get("data") or {}).get("flags", 0) for asked in (ticker, why, status, bare)]
    assert flags == [0, EPHEMERAL, EPHEMERAL, EPHEMERAL]


@pytest.mark.parametrize(
    ("sub", "options", "said"),
    [
        ("top", {}, "closed"),
        ("top", {"min_premium": "lots"}, "500k"),
        ("ticker", {"symbol": "ZZZZ"}, "closed"),
        ("why", {"alert": "7kq2m9xd"}, "footer"),
        ("why", {"alert": "drop table"}, "footer"),
    ],
)
async def test_nothing_to_show_says_what_to_try(
    discord: FakeDiscord, sub: str, options: dict[str, str], said: str
) -> None:
    """No prints, a bad option, an unknown alert: each answer says what to do."""
    evening = MORNING.replace(hour=23)
    async with opened(discord, core(now=evening)):
        await discord.until(lambda: discord.live == 1)
        embed = await embed_of(await discord.ask(sub, **options))
    assert said in embed["description"]


async def test_hostile_words_stay_words(discord: FakeDiscord) -> None:
    """Markup and mentions from upstream or from the asker come out dead, and everything stays within the limits."""

    async def explain(alert_id: str) -> Explanation | None:
        return explanation(alert_id, clause=HOSTILE * 40)

    prints = [a_print(ticker=f"{HOSTILE}{number}", provider_id=str(number)) for number in range(40)]
    async with opened(discord, core(*prints, explain=explain)):
        await discord.until(lambda: discord.live == 1)
        embeds = [
            await embed_of(await discord.ask("top", limit=25)),
            await embed_of(await discord.ask("ticker", symbol=HOSTILE)),
            await embed_of(await discord.ask("why", alert="7kq2m9xd")),
            await embed_of(await discord.ask("top", sector=HOSTILE * 20)),
        ]
    for embed in embeds:
        text = embed["title"] + embed["description"]
        assert "@everyone" not in text
        assert "<@1>" not in text
        assert "[x](" not in text


async def test_a_slow_answer_is_acknowledged_first(discord: FakeDiscord) -> None:
    """The store may take its time: the acknowledgement goes out before the core has answered, and two wait at once."""
    release = asyncio.Event()

    async def explain(alert_id: str) -> Explanation | None:
        await release.wait()
        return explanation(alert_id)

    async with opened(discord, core(explain=explain)):
        await discord.until(lambda: discord.live == 1)
        slow = [await discord.ask("why", alert="aaaa1111"), await discord.ask("why", alert="bbbb2222")]
        async with asyncio.timeout(3):
            await asyncio.gather(*(asked.ack for asked in slow))
        assert not any(asked.reply.done() for asked in slow)
        release.set()
        titles = [(await embed_of(asked))["title"] for asked in slow]
    assert titles == ["Alert aaaa1111", "Alert bbbb2222"]


async def test_a_failing_core_apologises(discord: FakeDiscord) -> None:
    """A bug behind one question is an apology to its asker, and the next question is answered."""

    async def explain(alert_id: str) -> Explanation | None:
        raise KeyError(alert_id)

    async with opened(discord, core(a_print(), explain=explain)):
        await discord.until(lambda: discord.live == 1)
        broken = await embed_of(await discord.ask("why", alert="aaaa1111"))
        fine = await embed_of(await discord.ask("top"))
    assert broken["title"] == "That went wrong"
    assert "NVDA" in fine["description"]


async def test_commands_are_registered_once(discord: FakeDiscord) -> None:
    """A second session finds Discord's own copy of the commands unchanged and registers nothing."""
    async with opened(discord, core()):
        await discord.until(lambda: discord.live == 1)
        discord.close_on_resume.append(4009)
        await discord.drop(1011)
        await discord.until(lambda: discord.resumes >= 1 and discord.live == 1)
    async with opened(discord, core()):
        await discord.until(lambda: discord.logins == 2 and discord.live == 1)
    assert discord.registrations == 1


async def test_changed_commands_are_registered_again(discord: FakeDiscord) -> None:
    """Another description, or another command beside ours, is put right."""
    async with opened(discord, core()):
        await discord.until(lambda: discord.live == 1)
    discord.commands[0]["options"][0]["description"] = "of an earlier version"
    async with opened(discord, core()):
        await discord.until(lambda: discord.logins == 2 and discord.live == 1)
    assert discord.registrations == 2
    assert discord.commands[0]["options"][0]["description"] == command_payload()["options"][0]["description"]


async def test_a_drop_is_resumed(discord: FakeDiscord) -> None:
    """After a dropped connection the session is resumed, and questions are answered again."""
    async with opened(discord, core(a_print())) as status:
        await discord.until(lambda: discord.live == 1)
        await discord.drop(4000)
        await discord.until(lambda: discord.resumes == 1 and discord.live == 1)
        embed = await embed_of(await discord.ask("top"))
        assert status.is_connected
    assert "NVDA" in embed["description"]
    assert discord.identifies == 1


@pytest.mark.parametrize("op", [7, 9])
async def test_discord_may_ask_for_a_new_connection(discord: FakeDiscord, op: int) -> None:
    """Reconnect (7) resumes; an invalid session (9) is begun anew."""
    async with opened(discord, core(a_print())):
        await discord.until(lambda: discord.live == 1)
        await discord.send_op(op, False)
        if op == 7:
            await discord.until(lambda: discord.resumes == 1 and discord.live == 1)
        else:
            await discord.until(lambda: discord.identifies == 2 and discord.live == 1)
        assert "NVDA" in (await embed_of(await discord.ask("top")))["description"]


async def test_a_failed_first_connection_is_tried_again(discord: FakeDiscord) -> None:
    """discord.py trips over a gateway that closes the very first connection; the next session is a fresh one."""
    discord.close_on_connect.extend([4000, 1011])
    async with opened(discord, core()) as status:
        await discord.until(lambda: discord.live == 1)
        assert status.last_error == "the gateway kept closing the connection"
    assert discord.logins == 3


async def test_resuming_is_given_up(discord: FakeDiscord) -> None:
    """discord.py would resume for ever, at once each time; after a few drops there is a new session instead."""
    async with opened(discord, core()):
        await discord.until(lambda: discord.live == 1)
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


async def settled(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 a status is polled, in the product too
            await asyncio.sleep(0.002)


def test_a_429_is_waited_out() -> None:
    """The wait that Discord asks for is the least that we wait."""
    asked = Ended("429", after_s=7.0)
    assert QUICK.after(asked, failures=1, chance=1.0) == 7.0
