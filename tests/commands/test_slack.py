"""The Slack door against a Slack of our own over real sockets: answers, limits, reconnects, refusals."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.commands.core import Core
from bot.commands.doors import DoorStatus, Pauses
from bot.commands.slack import run_slack
from bot.model.alerts import Explanation
from bot.model.secret import Secret
from tests.commands.prints import HOSTILE, MORNING, a_print, core, explanation
from tests.fakes.slack_socket import APP_TOKEN, Asked, FakeSlack

QUICK = Pauses(first_s=0.001, longest_s=0.002, refused_s=3600, lived_s=0)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@asynccontextmanager
async def opened(fake: FakeSlack, answers: Core, *, token: str = APP_TOKEN) -> AsyncIterator[DoorStatus]:
    status = DoorStatus()
    async with asyncio.TaskGroup() as tasks:
        door = tasks.create_task(run_slack(answers, Secret(token), fake.api_url, status=status, pauses=QUICK))
        try:
            yield status
        finally:
            door.cancel()


async def reply(asked: Asked) -> dict[str, Any]:
    async with asyncio.timeout(10):
        return await asked.reply


def text_of(body: dict[str, Any]) -> str:
    return "\n".join(block["text"]["text"] for block in body["attachments"][0]["blocks"])


async def settled(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 a status is polled, in the product too
            await asyncio.sleep(0.002)


async def test_top_answers_in_the_channel(slack: FakeSlack) -> None:
    """`/flow top` is acknowledged, then answered for all to see, the best print first."""
    async with opened(slack, core(a_print(), a_print(ticker="AAPL", score=96.0))) as status:
        await slack.until(lambda: len(slack.sockets) == 1)
        asked = await slack.ask("top 5 min_premium=$1M calls")
        body = await reply(asked)
        assert status.is_connected
    assert asked.ack.result() == {"envelope_id": asked.envelope["envelope_id"]}
    assert body["response_type"] == "in_channel"
    first, second = text_of(body).splitlines()[:2]
    assert "AAPL 145C 8/7" in first
    assert "NVDA 145C 8/7 (21d) · $2.4M" in second


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("ticker $nvda", "in_channel", "Most active contracts"),
        ("why 7kq2m9xd", "ephemeral", "premium &gt;= $500K"),
        ("status", "ephemeral", "*Feeds*"),
        ("", "ephemeral", "/flow top 5 ticker=NVDA min_premium=1m"),
        ("help", "ephemeral", "/flow why"),
        ("tpo", "ephemeral", 'Did you mean "top"?'),
        ("ticker", "ephemeral", "needs the symbol"),
        ("ticker ZZZZ", "ephemeral", "ZZZZ is not among"),
        ("top 5 ticker=ZZZZ", "ephemeral", "lower min_score"),
    ],
)
async def test_every_command_answers(slack: FakeSlack, text: str, kind: str, said: str) -> None:
    """Answers for the channel, and private words for private, empty and wrong questions."""

    async def explain(alert_id: str) -> Explanation | None:
        return explanation(alert_id)

    async with opened(slack, core(a_print(), explain=explain)):
        await slack.until(lambda: len(slack.sockets) == 1)
        body = await reply(await slack.ask(text))
    assert body["response_type"] == kind
    assert said in text_of(body)


async def test_before_the_first_print(slack: FakeSlack) -> None:
    """After hours, with nothing counted, the answer says that the market is closed."""
    async with opened(slack, core(now=MORNING.replace(hour=23))):
        await slack.until(lambda: len(slack.sockets) == 1)
        assert "The market is closed" in text_of(await reply(await slack.ask("top")))


async def test_hostile_words_stay_words(slack: FakeSlack) -> None:
    """Mentions and links from upstream or from the asker come out dead, and everything stays within the limits."""

    async def explain(alert_id: str) -> Explanation | None:
        return explanation(alert_id, clause=HOSTILE * 40)

    prints = [a_print(ticker=f"{HOSTILE}{number}", provider_id=str(number)) for number in range(40)]
    async with opened(slack, core(*prints, explain=explain)):
        await slack.until(lambda: len(slack.sockets) == 1)
        questions = ["top 25", f"ticker {HOSTILE}", "why 7kq2m9xd", f'top sector="{HOSTILE}"', HOSTILE * 50, "\x00" * 9]
        bodies = [await reply(await slack.ask(text)) for text in questions]
    for body in bodies:
        said = json.dumps(body)
        assert "<!" not in said
        assert "<@" not in said


async def test_a_slow_answer_is_acknowledged_first(slack: FakeSlack) -> None:
    """The store may take its time: the acknowledgement goes out before the core has answered, and two wait at once."""
    release = asyncio.Event()

    async def explain(alert_id: str) -> Explanation | None:
        await release.wait()
        return explanation(alert_id)

    async with opened(slack, core(explain=explain)):
        await slack.until(lambda: len(slack.sockets) == 1)
        slow = [await slack.ask("why aaaa1111"), await slack.ask("why bbbb2222")]
        async with asyncio.timeout(3):
            await asyncio.gather(*(asked.ack for asked in slow))
        assert not any(asked.reply.done() for asked in slow)
        release.set()
        titles = [(await reply(asked))["text"] for asked in slow]
    assert titles == ["*Alert aaaa1111*", "*Alert bbbb2222*"]


async def test_an_envelope_sent_again_is_answered_once(slack: FakeSlack) -> None:
    """Slack repeats an envelope whose acknowledgement was lost: it is acknowledged again, and answered once."""
    async with opened(slack, core(a_print())):
        await slack.until(lambda: len(slack.sockets) == 1)
        asked = await slack.ask("top")
        await reply(asked)
        await slack.again(asked)
        await reply(await slack.ask("status"))
    assert asked.acks == 2
    assert len(asked.replies) == 1


async def test_other_envelopes_are_acknowledged_and_left(slack: FakeSlack) -> None:
    """An event that nobody subscribed to, a command without its URL and a frame that is no JSON end nothing."""
    async with opened(slack, core(a_print())):
        await slack.until(lambda: len(slack.sockets) == 1)
        await slack.sockets[0].send_str("no json")
        event = await slack.envelope("events_api", {"event": {"type": "app_mention"}})
        crippled = await slack.envelope("slash_commands", {"text": "top"})
        await reply(await slack.ask("top"))
    assert event.acks == crippled.acks == slack.opens == 1


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_planned_reconnect_leaves_no_gap(slack: FakeSlack, reason: str) -> None:
    """Slack announces the end of a connection: a question on the old one is answered while the new one is up."""
    async with opened(slack, core(a_print())):
        await slack.until(lambda: len(slack.sockets) == 1)
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


async def test_a_drop_is_reconnected(slack: FakeSlack) -> None:
    """After a dropped connection there is a new one, and questions are answered again."""
    async with opened(slack, core(a_print())) as status:
        await slack.until(lambda: len(slack.sockets) == 1)
        await slack.sockets[0].close(code=1011)
        await slack.until(lambda: slack.opens == 2 and len(slack.sockets) == 1)
        await reply(await slack.ask("top"))
        assert "1011" in status.last_error
        assert status.is_connected


async def test_link_disabled_is_not_looped(slack: FakeSlack) -> None:
    """Socket Mode was turned off: one report and a long pause."""
    async with opened(slack, core()) as status:
        await slack.until(lambda: len(slack.sockets) == 1)
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
    async with opened(slack, core(a_print())):
        await slack.until(lambda: len(slack.sockets) == 1)
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
    async with opened(slack, core(a_print())):
        await slack.until(lambda: len(slack.sockets) == 1)
        lost = await slack.ask("top", response_url=f"http://127.0.0.1:{unused_tcp_port}/commands/T1/0")
        await reply(await slack.ask("top"))
    assert lost.acks == 1
