"""The Slack door against a Slack of our own over real sockets: commands, limits, reconnects, refusals."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bot.commands.asker import Asker
from bot.commands.doors import MOST_AT_ONCE
from bot.commands.requests import Request
from bot.engine.settings import AdminSettings
from bot.model.alerts import Explanation
from bot.model.answers import Answer, Part
from tests.commands.prints import HOSTILE, MORNING, a_print, core, explanation
from tests.commands.slack_door import connected, opened, reply, scripted, settled, text_of
from tests.fakes.slack_message import pings
from tests.fakes.slack_socket import FakeSlack


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


async def explain(alert_id: str, person: str) -> Explanation | None:
    return explanation(alert_id)


async def test_top_answers_in_the_channel(slack: FakeSlack) -> None:
    """`/flow top` is acknowledged, then answered for all to see, the best print first."""
    async with connected(slack, core(a_print(), a_print(ticker="AAPL", score=96.0))) as status:
        asked = await slack.ask("top 5 min_premium=$1M calls")
        body = await reply(asked)
        assert status.is_connected
    assert asked.ack.result() == {"envelope_id": asked.envelope["envelope_id"]}
    assert body["response_type"] == "in_channel"
    first, second = text_of(body).splitlines()[:2]
    assert "AAPL 145C 8/7" in first
    assert "NVDA 145C 8/7 (21d) · $2.4M" in second


@pytest.mark.parametrize(
    ("command", "text", "kind", "said"),
    [
        ("/flow", "ticker $nvda", "in_channel", "NVDA 145C 8/7"),
        ("/flow", "why 7kq2m9xd", "ephemeral", "premium &gt;= $500K"),
        ("/flow", "status", "ephemeral", "*Feeds*"),
        ("/flow", "", "ephemeral", "/flow top"),
        ("/flow", "help", "ephemeral", "/flow why"),
        ("/flow", "tpo", "ephemeral", "top"),
        ("/flow", "ticker", "ephemeral", "symbol"),
        ("/watch", "", "ephemeral", "/watch"),
        ("/snooze", "yesterday", "ephemeral", "yesterday"),
        ("/flowadmin", "", "ephemeral", "/flowadmin"),
    ],
)
async def test_every_command_answers(slack: FakeSlack, command: str, text: str, kind: str, said: str) -> None:
    """Answers for the channel, and private words for private, empty and wrong questions."""
    async with connected(slack, core(a_print(), explain=explain)):
        body = await reply(await slack.ask(text, command=command))
    assert body["response_type"] == kind
    assert said in text_of(body)


async def test_before_the_first_print(slack: FakeSlack) -> None:
    """After hours, with nothing counted, the answer says that the market is closed."""
    async with connected(slack, core(now=MORNING.replace(hour=23))):
        assert "closed" in text_of(await reply(await slack.ask("top")))


@pytest.mark.parametrize("command", ["/flow", "/watch", "/snooze", "/flowadmin"])
async def test_hostile_words_stay_words(slack: FakeSlack, command: str) -> None:
    """Mentions and links from upstream or from the asker come out dead, and everything stays within the limits."""

    async def say(alert_id: str, person: str) -> Explanation | None:
        return explanation(alert_id, HOSTILE * 40)

    prints = [a_print(ticker=f"{HOSTILE}{number}", provider_id=str(number)) for number in range(40)]
    asked = ["top 25", f"ticker {HOSTILE}", "why 7kq2m9xd", f'top sector="{HOSTILE}"', HOSTILE * 50, "\x00" * 9]
    async with connected(slack, core(*prints, explain=say)):
        bodies = [await reply(await slack.ask(text, command=command)) for text in asked]
    for body in bodies:
        assert not pings(body)
        assert "<" not in json.dumps(body)


async def test_two_at_once(slack: FakeSlack) -> None:
    """The store may take its time: both are acknowledged before the core has answered, and each gets its own."""
    release = asyncio.Event()

    async def late(alert_id: str, person: str) -> Explanation | None:
        await release.wait()
        return explanation(alert_id)

    async with connected(slack, core(explain=late)):
        slow = [await slack.ask("why aaaa1111"), await slack.ask("why bbbb2222", user="U2")]
        async with asyncio.timeout(3):
            await asyncio.gather(*(asked.ack for asked in slow))
        assert not any(asked.reply.done() for asked in slow)
        release.set()
        titles = [(await reply(asked))["text"].splitlines()[0] for asked in slow]
    assert ["aaaa1111" in titles[0], "bbbb2222" in titles[1]] == [True, True]


async def test_an_envelope_sent_again_is_answered_once(slack: FakeSlack) -> None:
    """Slack repeats an envelope whose acknowledgement was lost: it is acknowledged again, and answered once."""
    async with connected(slack, core(a_print())):
        asked = await slack.ask("top")
        await reply(asked)
        await slack.again(asked)
        await reply(await slack.ask("status"))
    assert asked.acks == 2
    assert len(asked.replies) == 1


async def test_other_envelopes_are_acknowledged_and_left(slack: FakeSlack) -> None:
    """An event that nobody subscribed to, a shortcut, a command without its URL and a frame that is no JSON."""
    async with connected(slack, core(a_print())):
        await slack.sockets[0].send_str("no json")
        event = await slack.envelope("events_api", {"event": {"type": "app_mention"}})
        shortcut = await slack.envelope("interactive", {"type": "shortcut", "user": {"id": "U1"}, "trigger_id": "1"})
        crippled = await slack.envelope("slash_commands", {"command": "/flow", "text": "top"})
        nobody = await slack.envelope("interactive", {"type": "block_actions", "actions": [{"value": "=flow top"}]})
        await reply(await slack.ask("top"))
    assert event.acks == shortcut.acks == crippled.acks == nobody.acks == slack.opens == 1


async def test_a_full_desk_says_so(slack: FakeSlack) -> None:
    """Whoever comes when all hands are busy is told, privately, and the busy ones are answered."""
    release = asyncio.Event()

    async def says(request: Request, asker: Asker) -> Answer:
        del request, asker
        await release.wait()
        return Answer("Done", ())

    async with connected(slack, scripted(says)):
        waiting = [await slack.ask("status", user=f"U{number}") for number in range(MOST_AT_ONCE)]
        turned_away = await reply(await slack.ask("top", user="U99"))
        assert not any(asked.reply.done() for asked in waiting)
        release.set()
        for asked in waiting:
            assert (await reply(asked))["text"] == "Done"
    assert turned_away["text"].startswith("Too many questions at once")
    assert turned_away["response_type"] == "ephemeral"


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_planned_reconnect_leaves_no_gap(slack: FakeSlack, reason: str) -> None:
    """Slack announces the end of a connection: a question on the old one is answered while the new one is up."""
    async with connected(slack, core(a_print())):
        await slack.disconnect(reason)
        await slack.until(lambda: len(slack.sockets) == 2)
        old = await slack.ask("top", socket=0)
        new = await slack.ask("top", socket=1)
        await reply(old)
        await reply(new)
        await slack.sockets[0].close()
        await slack.until(lambda: len(slack.sockets) == 1)
        await reply(await slack.ask("top"))
    assert slack.opens == 2


async def test_an_answer_outlives_its_connection(slack: FakeSlack) -> None:
    """The connection drops while the core thinks: the answer is sent nevertheless, once."""
    release = asyncio.Event()

    async def says(request: Request, asker: Asker) -> Answer:
        del request, asker
        await release.wait()
        return Answer("Done", ())

    async with connected(slack, scripted(says)):
        asked = await slack.ask("top")
        async with asyncio.timeout(3):
            await asked.ack
        await slack.sockets[0].close(code=1011)
        await slack.until(lambda: slack.opens == 2 and len(slack.sockets) == 1)
        await slack.again(asked)  # Slack may not have seen the acknowledgement
        release.set()
        assert (await reply(asked))["text"] == "Done"
        await settled(lambda: asked.acks == 2)
    assert len(asked.replies) == 1


async def test_a_drop_is_reconnected(slack: FakeSlack) -> None:
    """After a dropped connection there is a new one, and questions are answered again."""
    async with connected(slack, core(a_print())) as status:
        await slack.sockets[0].close(code=1011)
        await slack.until(lambda: slack.opens == 2 and len(slack.sockets) == 1)
        await reply(await slack.ask("top"))
        assert "1011" in status.last_error
        assert status.is_connected


async def test_link_disabled_is_not_looped(slack: FakeSlack) -> None:
    """Socket Mode was turned off: one report and a long pause."""
    async with connected(slack, core()) as status:
        await slack.disconnect("link_disabled")
        await settled(lambda: status.last_error != "")
        await asyncio.sleep(0.05)  # twenty of QUICK's pauses
        assert not status.is_connected
    assert slack.opens == 1
    assert "Socket Mode is turned off" in status.last_error


async def test_a_refused_token_is_not_hammered(slack: FakeSlack) -> None:
    """invalid_auth: one report that names the setting, a long pause, and the token in no message."""
    async with opened(slack, core(), token="xapp-wrong") as status:
        await settled(lambda: status.last_error != "")
        await asyncio.sleep(0.05)  # twenty of QUICK's pauses
    assert slack.opens == 1
    assert "slack.app_token" in status.last_error
    assert "xapp" not in status.last_error


async def test_an_outage_is_outlived(slack: FakeSlack) -> None:
    """A proxy's HTML, an internal error and a bare 503: tried again until Slack is back, each call sent once."""
    slack.errors.extend([(502, "<html>bad gateway</html>"), (200, {"ok": False, "error": "internal_error"}), (503, "")])
    async with connected(slack, core(a_print())):
        await reply(await slack.ask("top"))
    assert slack.opens == 4


async def test_a_429_is_waited_out(slack: FakeSlack) -> None:
    """The wait that Slack asks for is the least that we wait: nothing is tried before."""
    slack.errors.append((429, {"ok": False, "error": "ratelimited"}))
    async with opened(slack, core()) as status:
        await settled(lambda: status.last_error != "")
        await asyncio.sleep(0.05)  # Slack asked for 30 s; QUICK's own pause is 1 ms
    assert slack.opens == 1
    assert "ratelimited" in status.last_error


async def test_a_dead_response_url_harms_nobody(slack: FakeSlack, unused_tcp_port: int) -> None:
    """An answer that nobody takes is logged, and the next question is answered."""
    async with connected(slack, core(a_print())):
        lost = await slack.ask("top", response_url=f"http://127.0.0.1:{unused_tcp_port}/commands/T1/0")
        await reply(await slack.ask("top"))
    assert lost.acks == 1


async def test_who_asks(slack: FakeSlack) -> None:
    """The member, their name, the workspace; an admin only by the configuration."""
    seen: list[Asker] = []

    async def says(request: Request, asker: Asker) -> Answer:
        del request
        seen.append(asker)
        return Answer("Seen", (Part("", ("x",)),))

    async with connected(slack, scripted(says), admin=AdminSettings(slack_users=["U0BOSS"])):
        await reply(await slack.ask("top"))
        await reply(await slack.ask("list", command="/flowadmin", user="U0BOSS"))
    assert seen == [
        Asker("slack", "U1", "trader", "T1", is_admin=False),
        Asker("slack", "U0BOSS", "trader", "T1", is_admin=True),
    ]
