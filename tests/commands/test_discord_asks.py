"""Commands, buttons and suggestions on Discord: discord.py itself, logged in to a Discord of our own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.commands import discord_shows, doors
from bot.commands.asker import Asker
from bot.commands.core import Core
from bot.commands.requests import (
    Deliveries,
    MuteFor,
    Pause,
    Snooze,
    WatchList,
    WatchRemove,
)
from bot.engine.settings import AdminSettings
from bot.model.alerts import Explanation
from bot.model.answers import Answer, Button, Part, Picture
from bot.render import discord as alerts
from bot.render.look import Look
from tests.commands.discord_door import MANAGE_GUILD, Noting, answering, choices_of, embed_of, reply
from tests.commands.prints import HOSTILE, MORNING, a_print, core, explanation, knowing
from tests.fakes.discord_gateway import Asked, FakeDiscord
from tests.fakes.discord_interactions import (
    CHOICES,
    COMPONENT,
    DEFERRED_MESSAGE,
    DEFERRED_UPDATE,
    GUILD,
    MESSAGE,
    TRADER,
    Member,
    button_data,
)
from tests.render.samples import batch, delivery

BOSS, OTHER = "500000000000000006", "500000000000000007"
ROLE, ELSEWHERE = "500000000000000700", "500000000000000051"
ADMIN = Member(BOSS, "boss", permissions=MANAGE_GUILD)
STRANGER = Member(OTHER, "stranger")
PRIVATE = Member(guild="")
ALERT_ID = "a1b2c3d4"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


def told() -> Core:
    """A core that knows one print and one alert of it."""
    return core(a_print(), explain=knowing({ALERT_ID: explanation(ALERT_ID)}))


def alert_message(*ids: str) -> dict[str, Any]:
    """An alert's message, as the destination posts it."""
    shown = batch(*[delivery(id=each) for each in ids or (ALERT_ID,)])
    return alerts.message(shown, Look(), shown.frozen_ns, is_pressable=True)


async def snooze(discord: FakeDiscord, how_long: str, member: Member = TRADER) -> Asked:
    options: dict[str, Any] = {"for": how_long}
    return await discord.ask(None, command="snooze", member=member, **options)


# --- commands ------------------------------------------------------------------------------------------------


async def test_top_answers_in_the_channel(discord: FakeDiscord) -> None:
    """`/flow top` is acknowledged, then answered for all to see, the best print first."""
    async with answering(discord, core(a_print(), a_print(ticker="AAPL", score=96.0))):
        asked = await discord.ask("top", limit=5, min_score=90.0, min_premium="1m", type="call")
        embed = await embed_of(asked)
    assert asked.callback == DEFERRED_MESSAGE
    assert not asked.is_ephemeral
    first, second = embed["description"].splitlines()[:2]
    assert "AAPL 145C 8/7" in first
    assert "NVDA 145C 8/7" in second
    assert "$2.4M" in second


@pytest.mark.parametrize(
    ("sub", "options", "said", "is_private"),
    [
        ("ticker", {"symbol": "nvda"}, "NVDA", False),
        ("why", {"alert": ALERT_ID}, "premium", True),
        ("status", {}, "Feeds", True),
        ("help", {}, "/flow top", True),
        ("unusual", {}, "", False),
    ],
)
async def test_questions(
    discord: FakeDiscord, sub: str, options: dict[str, Any], said: str, *, is_private: bool
) -> None:
    """What is the asker's own business answers the asker alone; that is settled before there is an answer."""
    async with answering(discord, told()):
        asked = await discord.ask(sub, **options)
        embed = await embed_of(asked)
    assert said in str(embed)
    assert asked.is_ephemeral is is_private


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
    discord: FakeDiscord, sub: str, options: dict[str, Any], said: str
) -> None:
    """No prints, a bad option, an unknown alert: each answer says what to do."""
    async with answering(discord, core(now=MORNING.replace(hour=23))):
        embed = await embed_of(await discord.ask(sub, **options))
    assert said in embed["description"]


async def test_hostile_words_stay_words(discord: FakeDiscord) -> None:
    """Markup and mentions from upstream or from the asker come out dead, and everything stays within the limits."""

    async def explain(alert_id: str, person: str) -> Explanation | None:
        return explanation(alert_id, clause=HOSTILE * 40)

    prints = [a_print(ticker=f"{HOSTILE}{number}", provider_id=str(number)) for number in range(40)]
    personal = Noting(Answer(HOSTILE * 9, (Part(HOSTILE * 9, (HOSTILE * 40,) * 60),), source=HOSTILE))
    async with answering(discord, core(*prints, explain=explain, personal=personal)):
        embeds = [
            await embed_of(await discord.ask("top", limit=25)),
            await embed_of(await discord.ask("ticker", symbol=HOSTILE)),
            await embed_of(await discord.ask("why", alert="7kq2m9xd")),
            await embed_of(await discord.ask("top", sector=HOSTILE * 20)),
            await embed_of(await discord.ask("add", command="watch", filter=HOSTILE)),
            await embed_of(await snooze(discord, HOSTILE)),
            await embed_of(await discord.ask("list", command="watch")),
        ]
    for embed in embeds:
        text = embed["title"] + embed["description"]
        assert "@everyone" not in text
        assert "<@1>" not in text
        assert "[x](" not in text


async def test_personal_requests(discord: FakeDiscord) -> None:
    """Commands with and without subcommands, in a server and in a direct message; the answer is the asker's alone."""
    personal = Noting()
    async with answering(discord, core(personal=personal)):
        asked = [
            await discord.ask("list", command="watch"),
            await discord.ask("remove", command="watch", watch="3"),
            await snooze(discord, "1h", PRIVATE),
        ]
        for each in asked:
            assert (await embed_of(each))["description"] == "It is done."
            assert each.is_ephemeral
    assert sorted(map(str, personal.requests)) == sorted(map(str, [WatchList(), WatchRemove(3), Snooze(3600.0)]))
    assert {(asker.person, asker.place) for _, asker in personal.asked} == {
        (f"discord:{TRADER.id}", GUILD),
        (f"discord:{TRADER.id}", ""),
    }


# --- who may steer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "admin", "guilds", "may"),
    [
        (STRANGER, {}, [GUILD], False),
        (ADMIN, {}, [GUILD], True),
        (Member(permissions=1 << 3), {}, [GUILD], True),  # ADMINISTRATOR
        (ADMIN, {}, [], False),  # who invites a public bot manages the server he does it from
        (Member(guild=ELSEWHERE, permissions=MANAGE_GUILD), {}, [GUILD], False),
        (Member(roles=["1"]), {"discord_roles": [ROLE]}, [GUILD], False),
        (Member(roles=["1", ROLE]), {"discord_roles": [ROLE]}, [], True),
        (Member(BOSS), {"discord_users": [BOSS]}, [], True),
        (Member(BOSS, guild=""), {"discord_users": [BOSS]}, [], True),
        (PRIVATE, {"discord_roles": [ROLE]}, [GUILD], False),
    ],
    ids=[
        "nobody", "manager", "administrator", "no server named", "another server", "another role", "role", "user",
        "user in private", "stranger in private",
    ],
)  # fmt: skip
async def test_who_may_mute_by_a_button(
    discord: FakeDiscord, member: Member, admin: dict[str, Any], guilds: list[str], *, may: bool
) -> None:
    """All see the button. A refusal is private and polite, and nothing is done."""
    steering = Noting()
    async with answering(discord, core(steering=steering), guilds=guilds, admin=lambda: AdminSettings(**admin)):
        asked = await discord.press(alert_message(), "=flowadmin mute ticker NVDA for 1h", member=member)
        embed = await embed_of(asked)
    assert asked.is_ephemeral
    assert steering.requests == ([MuteFor("ticker", "NVDA", 3600.0)] if may else [])
    assert ("Only admins" in embed["title"]) is not may


async def test_steering_by_command(discord: FakeDiscord) -> None:
    """Typed options arrive as they were given, with who gave them; a member who may not is told so."""
    steering = Noting()
    async with answering(discord, core(steering=steering), guilds=[GUILD]):
        options: dict[str, Any] = {"what": "ticker", "name": "NVDA", "for": "2h", "reason": "earnings"}
        await embed_of(await discord.ask("mute", command="flowadmin", member=ADMIN, **options))
        await embed_of(await discord.ask("pause", command="flowadmin", member=ADMIN))
        await embed_of(await discord.ask("deliveries", command="flowadmin", member=ADMIN, state="dead"))
        refused = await embed_of(await discord.ask("resume", command="flowadmin", member=STRANGER))
    assert steering.asked == [
        (MuteFor("ticker", "NVDA", 7200.0, "earnings"), Asker("discord", BOSS, "boss", GUILD, is_admin=True)),
        (Pause(), Asker("discord", BOSS, "boss", GUILD, is_admin=True)),
        (Deliveries("dead"), Asker("discord", BOSS, "boss", GUILD, is_admin=True)),
    ]
    assert "Only admins" in refused["title"]


async def test_who_may_steer_is_asked_each_time(discord: FakeDiscord) -> None:
    """A reload that takes somebody's right away takes it at once."""
    steering, admin = Noting(), AdminSettings(discord_users=[OTHER])
    async with answering(discord, core(steering=steering), guilds=[GUILD], admin=lambda: admin):
        await embed_of(await discord.ask("resume", command="flowadmin", member=STRANGER))
        admin = AdminSettings()
        await embed_of(await discord.ask("resume", command="flowadmin", member=STRANGER))
    assert len(steering.asked) == 1


# --- buttons and menus ---------------------------------------------------------------------------------------


async def test_a_button_answers_whoever_presses(discord: FakeDiscord) -> None:
    """On an alert, to the presser alone; the alert stays as it is."""
    async with answering(discord, told()):
        why = await discord.press(alert_message(), f"=flow why {ALERT_ID}", member=STRANGER)
        more = await discord.press(alert_message(), "=flow ticker NVDA")
        titles = [(await embed_of(each))["title"] for each in (why, more)]
    assert ALERT_ID in titles[0]
    assert "NVDA" in titles[1]
    assert (why.callback, more.callback) == (DEFERRED_MESSAGE, DEFERRED_MESSAGE)
    assert why.is_ephemeral
    assert more.is_ephemeral


async def test_a_menu_answers_as_a_button_does(discord: FakeDiscord) -> None:
    """One of several alerts in a message."""
    async with answering(discord, told()):
        asked = await discord.choose(alert_message(ALERT_ID, "b1b2c3d4"), f"=flow why {ALERT_ID}")
        assert ALERT_ID in (await embed_of(asked))["title"]
    assert asked.is_ephemeral


async def test_an_old_message_is_answered_by_a_new_client(discord: FakeDiscord) -> None:
    """A button holds its question: nothing is remembered between the alert and the press."""
    async with answering(discord, told()):
        pass
    async with answering(discord, told()):
        asked = await discord.press({**alert_message(), "id": "7000"}, f"=flow why {ALERT_ID}")
        assert ALERT_ID in (await embed_of(asked))["title"]
    assert discord.logins == 2


PAGES = Answer(
    "Page 1", (), buttons=(Button("Next", "watch list", is_replacing=True),), picture=Picture("a.png", PNG, "p")
)


async def test_the_next_page_takes_the_messages_place(discord: FakeDiscord) -> None:
    """For whoever asked; the picture and the buttons of the page before are gone with it."""
    personal = Noting(PAGES)
    async with answering(discord, core(personal=personal)):
        first = await discord.ask("list", command="watch")
        await reply(first)
        personal.answer_with = Answer("Page 2", ())
        second = await discord.press(first.message(), "~watch list")
        body = await reply(second)
    assert second.callback == DEFERRED_UPDATE
    assert not second.is_beside
    assert body["embeds"][0]["title"] == "Page 2"
    assert (body["components"], body["attachments"]) == ([], [])


async def test_somebody_elses_page_is_left_alone(discord: FakeDiscord) -> None:
    """Others get a page of their own."""
    async with answering(discord, core(personal=Noting(PAGES))):
        first = await discord.ask("list", command="watch")
        await reply(first)
        asked = await discord.press(first.message(), "~watch list", member=STRANGER)
        await reply(asked)
        report = {"components": (await reply(first))["components"]}
        on_a_report = await discord.press(report, "~watch list")
        await reply(on_a_report)
    for each in (asked, on_a_report):
        assert each.callback == DEFERRED_MESSAGE
        assert each.is_ephemeral


async def test_trouble_takes_no_pages_place(discord: FakeDiscord) -> None:
    """It is told beside the page, to the asker alone."""
    personal = Noting(PAGES)
    async with answering(discord, core(personal=personal)):
        first = await discord.ask("list", command="watch")
        await reply(first)
        personal.answer_with = Answer("That took too long", (), "trouble")
        second = await discord.press(first.message(), "~watch list")
        body = await reply(second)
    assert second.is_beside
    assert body["flags"] == 64


async def test_a_picture_is_uploaded(discord: FakeDiscord) -> None:
    """With what a screen reader says of it."""
    async with answering(discord, core(personal=Noting(PAGES))):
        asked = await discord.ask("list", command="watch")
        body = await reply(asked)
    assert body["attachments"] == [{"id": 0, "filename": "a.png", "description": "p"}]
    assert asked.files["0"].data == PNG
    assert asked.files["0"].kind == "image/png"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (button_data("of-another-program"), COMPONENT),
        (button_data("=flow dance"), COMPONENT),
        ({"id": "77", "name": "dance", "type": 1, "options": []}, 2),
        ({"id": "77", "name": "flow", "type": 3, "target_id": "1"}, 2),  # a message's context menu
    ],
)
async def test_what_we_do_not_know_is_answered(discord: FakeDiscord, data: dict[str, Any], kind: int) -> None:
    """A button or a command of an older version, politely and to the asker alone."""
    async with answering(discord, core()):
        message = alert_message() if kind == COMPONENT else None
        asked = await discord.interaction(data, type=kind, message=message)
        embed = await embed_of(asked)
    assert asked.is_ephemeral
    assert "older" in embed["title"] or "dance" in str(embed)


# --- suggestions ---------------------------------------------------------------------------------------------


async def test_suggestions(discord: FakeDiscord) -> None:
    """Answered at once, at most 25 of at most 100 characters; nothing is none."""
    many = [a_print(ticker=f"A{number}", provider_id=str(number)) for number in range(40)]
    rules = ("whales", "x" * 150)
    async with answering(discord, core(*many, a_print(), rules=lambda: rules), guilds=[GUILD]):
        ticker = await discord.autocomplete("top", "ticker", "nv", limit=5)
        all_tickers = await discord.autocomplete("ticker", "symbol", "")
        sector = await discord.autocomplete("top", "sector", "techn")
        unknown = await discord.autocomplete("ticker", "symbol", HOSTILE)
        mutable = await discord.autocomplete(
            "mute", "name", "", command="flowadmin", member=ADMIN, what="rule", **{"for": "1h"}
        )
        assert await choices_of(ticker) == ["NVDA"]
        assert len(await choices_of(all_tickers)) == 25
        assert await choices_of(sector) == ["Information Technology"]
        assert await choices_of(unknown) == []
        assert (await choices_of(mutable))[0] == "whales"
        assert "NVDA" not in await choices_of(mutable), "a rule was asked for"
    assert {asked.callback for asked in (ticker, all_tickers, sector, unknown)} == {CHOICES}


async def test_a_bug_in_suggestions_ends_nothing(discord: FakeDiscord) -> None:
    """The member sees none, and the next question is answered."""

    def broken() -> tuple[str, ...]:
        raise KeyError("rules")

    async with answering(discord, core(a_print(), rules=broken), guilds=[GUILD]):
        await discord.autocomplete("mute", "name", "x", command="flowadmin", member=ADMIN)
        assert "NVDA" in (await embed_of(await discord.ask("top")))["description"]


# --- manners -------------------------------------------------------------------------------------------------


async def test_a_slow_answer_is_acknowledged_first(discord: FakeDiscord) -> None:
    """The store may take its time: the acknowledgement goes out before the core has answered, and two wait at once."""
    release = asyncio.Event()

    async def explain(alert_id: str, person: str) -> Explanation | None:
        await release.wait()
        return explanation(alert_id)

    async with answering(discord, core(explain=explain)):
        slow = [
            await discord.ask("why", alert="aaaa1111"),
            await discord.press(alert_message("bbbb2222"), "=flow why bbbb2222"),
        ]
        async with asyncio.timeout(3):
            await asyncio.gather(*(asked.ack for asked in slow))
        assert not any(asked.reply.done() for asked in slow)
        release.set()
        titles = [(await embed_of(asked))["title"] for asked in slow]
    assert ["aaaa1111" in titles[0], "bbbb2222" in titles[1]] == [True, True]


async def test_a_full_desk_says_so(discord: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    """More questions than we answer at once get a quick word instead of silence; then all is as before."""
    monkeypatch.setattr(doors, "MOST_AT_ONCE", 2)
    release = asyncio.Event()

    async def explain(alert_id: str, person: str) -> Explanation | None:
        await release.wait()
        return explanation(alert_id)

    async with answering(discord, core(a_print(), explain=explain)):
        waiting = [await discord.ask("why", alert="aaaa1111") for _ in range(2)]
        turned_away = [await discord.ask("top"), await discord.press(alert_message(), f"=flow why {ALERT_ID}")]
        for asked in turned_away:
            assert "Too many" in (await embed_of(asked))["title"]
            assert asked.callback == MESSAGE
            assert asked.is_ephemeral
        release.set()
        await asyncio.gather(*map(reply, waiting))
        await asyncio.sleep(0)  # the desk is cleared when the tasks have ended
        assert "NVDA" in str(await embed_of(await discord.ask("top")))


async def test_a_failing_core_apologises(discord: FakeDiscord) -> None:
    """A bug behind one question is an apology to its asker, and the next question is answered."""

    async def explain(alert_id: str, person: str) -> Explanation | None:
        raise KeyError(alert_id)

    async with answering(discord, core(a_print(), explain=explain)):
        broken = await embed_of(await discord.ask("why", alert="aaaa1111"))
        fine = await embed_of(await discord.ask("top"))
    assert broken["title"] == "That went wrong"
    assert "NVDA" in fine["description"]


@pytest.mark.parametrize(("status", "code"), [(401, 50027), (404, 10015), (400, 50035)])
async def test_an_answer_that_discord_refuses_is_logged(discord: FakeDiscord, status: int, code: int) -> None:
    """The token expired, say: it is not tried again, and the next question is answered."""
    discord.refusals.append((status, code))
    async with answering(discord, told()):
        refused = await discord.ask("top")
        await discord.until(lambda: not discord.refusals)
        assert "NVDA" in (await embed_of(await discord.ask("top")))["description"]
    assert not refused.reply.done()


@pytest.mark.parametrize(("status", "code", "is_answered"), [(400, 40060, True), (404, 10062, False)])
async def test_a_refused_acknowledgement(discord: FakeDiscord, status: int, code: int, *, is_answered: bool) -> None:
    """An acknowledgement that was taken before is one; one that came too late leaves nothing to answer."""
    discord.refused_acks.append((status, code))
    async with answering(discord, told()):
        asked = await discord.ask("top")
        await discord.until(lambda: not discord.refused_acks)
        await embed_of(await discord.ask("top"))
        if is_answered:
            await reply(asked)
    assert asked.reply.done() is is_answered


async def test_an_acknowledgement_in_doubt_is_followed_by_the_answer(
    discord: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord may have heard it: an answer is worth trying."""
    monkeypatch.setattr(discord_shows, "ACK_S", 0.05)
    discord.hung_acks = 1
    async with answering(discord, told()):
        asked = await discord.ask("top")
        assert "NVDA" in (await embed_of(asked))["description"]


async def test_no_secret_is_logged(discord: FakeDiscord, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the bot's token nor an interaction's, at the levels that are shown."""
    caplog.set_level(logging.INFO, "discord")
    discord.refusals.append((401, 50027))
    with capture_logs() as events:
        async with answering(discord, told()):
            asked = await discord.ask("top")
            await discord.until(lambda: not discord.refusals)
            await embed_of(await discord.ask("top", member=TRADER))
    logged = str(events) + "".join(str(r.getMessage()) for r in caplog.records if r.name.startswith("discord"))
    assert "reply_failed" in logged
    assert discord.token not in logged
    assert asked.token not in logged
