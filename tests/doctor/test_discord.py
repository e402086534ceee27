"""What the doctor says of Discord: the token, servers, channels, threads, mentions and webhooks."""

from typing import Any

import pytest

from bot.doctor.discord_rights import ALL, NEEDED, OPTIONAL, Overwrite, Role, invite, lacking, rights
from tests.doctor.conftest import Outside
from tests.doctor.platforms import CHANNEL, EVERYTHING, GUILD, HOOK, THREAD

EMBED_LINKS, ATTACH_FILES, MENTION_EVERYONE, READ_HISTORY = 1 << 14, 1 << 15, 1 << 17, 1 << 16
PICTURED = {"name": "close", "show": "recap", "at": "close+5m", "send_to": ["room"]}


async def test_all_is_well(outside: Outside) -> None:
    seen = await outside.seen()
    assert seen["discord"] == [
        "good: the token is that of flowbot; no privileged intent is needed",
        f"good: its invite link: {invite('1000')}",
        "good: in the server Traders with its commands",
    ]
    assert seen["room"] == ["good: the bot can post in #flow"]
    assert seen["thread"] == ["good: the bot can post in #flow-thread"]
    assert seen["hook"] == ["good: the webhook is there: Whales"]


async def test_a_wrong_token_hides_the_rest(outside: Outside) -> None:
    """One cause, one finding: not every channel again."""
    outside.discord.token = "another"
    seen = await outside.seen()
    assert len(seen["discord"]) == 1
    assert seen["discord"][0].startswith("bad: Discord refuses the bot token -> copy the token anew")
    assert "room" not in seen
    assert "hook" in seen


async def test_a_server_that_the_bot_is_not_in(outside: Outside) -> None:
    """And one that it is in, which is looked at all the same."""
    outside.changes["discord"]["guilds"] = ["404040", GUILD]
    seen = await outside.seen()
    assert f"bad: the bot is not in the server 404040 -> invite it: {invite('1000')}" in seen["discord"]
    assert "good: in the server Traders with its commands" in seen["discord"]


async def test_the_commands(outside: Outside) -> None:
    """Not yet there; not allowed; and everywhere, where no server is named."""
    outside.discord.commands = ("flow",)
    assert (await outside.seen())["discord"][-1] == (
        "good: in the server Traders; `flowbot run` makes its commands there"
    )
    outside.discord.has_scope = False
    assert (await outside.seen())["discord"][-1] == (
        f"bad: it may not have commands in the server Traders -> invite it anew: {invite('1000')}"
    )
    outside.changes["discord"]["guilds"] = []
    assert (await outside.seen())["discord"][-1] == (
        "good: on every server that it is in; `flowbot run` makes its commands there"
    )


async def test_commands_that_go_elsewhere(outside: Outside) -> None:
    """With an endpoint URL Discord sends interactions there, and none to the gateway."""
    outside.discord.application = {"id": "1000", "interactions_endpoint_url": "https://old.example"}
    assert any(line.startswith("bad: its commands and buttons go to an") for line in (await outside.seen())["discord"])


async def test_few_logins_are_left(outside: Outside) -> None:
    outside.discord.sessions_left = 3
    assert any("only 3 of today's logins are left" in line for line in (await outside.seen())["discord"])


async def test_what_posting_needs(outside: Outside) -> None:
    """The bot's role has it; the channel takes it away again, and so from its thread."""
    outside.discord.overwrite("70", deny=EMBED_LINKS)
    seen = await outside.seen()
    assert seen["room"] == ["bad: in #flow the bot lacks Embed Links -> give its role there: Embed Links"]
    assert seen["thread"] == ["bad: in #flow-thread the bot lacks Embed Links -> give its role there: Embed Links"]


async def test_what_it_does_without(outside: Outside) -> None:
    """Alerts and reports come without it, so that it is no failure; a picture does not."""
    outside.discord.overwrite("70", deny=ATTACH_FILES + READ_HISTORY)
    (told,) = (await outside.seen())["room"]
    assert told == (
        "doubt: the bot can post in #flow, and does without Attach Files (for pictures), Read Message History (to look "
        "for a message whose answer was lost) -> give its role there: Attach Files, Read Message History"
    )
    outside.changes["reports"] = [PICTURED, {**PICTURED, "name": "best", "show": "top"}]
    (told,) = (await outside.seen())["room"]
    assert "and does without Attach Files (for pictures, such as those of close), Read Message History" in told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"type": 15}, "bad: #flow is a forum: it takes no messages itself -> name a channel or a post by its id"),
        ({"type": 4}, "bad: #flow is a category: "),
        ({"type": 1, "guild_id": None, "name": None}, f"doubt: #{CHANNEL} is in no server: "),
    ],
)
async def test_channels_of_other_kinds(outside: Outside, changed: dict[str, Any], told: str) -> None:
    known = {**outside.discord.channels[CHANNEL], **changed}
    outside.discord.channels[CHANNEL] = {key: value for key, value in known.items() if value is not None}
    del outside.changes["destinations"]["thread"]
    assert (await outside.seen())["room"][0].startswith(told)


async def test_threads(outside: Outside) -> None:
    """A closed one opens at the next message; one that is locked as well does not."""
    outside.discord.channels[THREAD]["thread_metadata"] = {"archived": True, "locked": False}
    assert (await outside.seen())["thread"] == ["good: the bot can post in #flow-thread"]
    outside.discord.channels[THREAD]["thread_metadata"]["locked"] = True
    told = "bad: the thread #flow-thread is locked and closed -> open and unlock it"
    assert (await outside.seen())["thread"] == [told]


async def test_a_channel_that_cannot_be_seen(outside: Outside) -> None:
    """It is hidden, or gone; the others are looked at all the same."""
    outside.discord.hidden.add(CHANNEL)
    outside.changes["destinations"]["thread"]["channel"] = "69999"
    seen = await outside.seen()
    assert seen["room"][0].startswith("bad: the bot may not see the channel -> give its role View Channel")
    assert seen["thread"][0].startswith("bad: there is no such channel -> copy the channel's id again")


def rules_that_mention(*roles: str) -> list[dict[str, Any]]:
    return [{"name": "whales", "when": {"premium": ">= 1M"}, "send_to": ["room", "desk"], "mention": list(roles)}]


async def test_a_mention_that_pings_nobody(outside: Outside) -> None:
    """Of a role that not everybody may mention, by a bot that may not either."""
    outside.changes["rules"] = rules_that_mention("72000", "S0WHALES")
    told = (
        "bad: rule whales: a mention of @whales in #flow pings nobody -> let anyone mention the role, or give the bot "
    )
    seen = await outside.seen()
    assert seen["room"][1:] == [f"{told}Mention Everyone in #flow"]
    assert seen["thread"] == ["good: the bot can post in #flow-thread"], "the rule posts elsewhere"
    outside.discord.overwrite("70", allow=MENTION_EVERYONE)
    assert (await outside.seen())["room"] == ["good: the bot can post in #flow"]
    outside.discord.channels[CHANNEL]["permission_overwrites"].clear()
    outside.discord.roles[-1]["mentionable"] = True
    assert (await outside.seen())["room"] == ["good: the bot can post in #flow"]


async def test_a_mention_of_no_role(outside: Outside) -> None:
    outside.changes["rules"] = rules_that_mention("99999")
    told = "bad: rule whales: mentions the role 99999, which the server of #flow has not -> copy the role's id again"
    assert (await outside.seen())["room"][1].startswith(told)


async def test_one_server_is_asked_for_its_roles_once(outside: Outside) -> None:
    """However many channels of it are named: Discord counts requests."""
    await outside.findings()
    paths = [asked.path for asked in outside.discord.asked]
    assert len(paths) == len(set(paths))


async def test_webhooks(outside: Outside) -> None:
    """There, in a thread that nobody can see without a bot, and gone."""
    url = outside.changes["destinations"]["hook"]["url"]
    outside.changes["destinations"]["hook"]["url"] = f"{url}?thread_id=61000"
    told = (
        "doubt: the webhook is there: Whales; whether its thread 61000 is, cannot be seen -> `flowbot send-test hook`"
    )
    assert (await outside.seen())["hook"] == [f"{told} tells"]
    outside.changes["destinations"]["hook"] |= {"url": url, "thread_id": "62000"}
    assert "its thread 62000 is" in (await outside.seen())["hook"][0]
    outside.discord.hooks.remove(HOOK)
    assert (await outside.seen())["hook"][0].startswith("bad: the webhook is gone (404) -> make a new one")


@pytest.mark.parametrize(
    ("roles", "overwrites", "granted"),
    [
        ([Role("g", 1), Role("r", 2), Role("other", 4)], [], 3),  # everyone's and one's own, no other's
        ([Role("g", 8)], [Overwrite("g", deny=8)], ALL),  # an administrator is beyond overwrites
        ([Role("g", 7)], [Overwrite("g", deny=6, allow=16)], 17),
        ([Role("g", 7)], [Overwrite("r", allow=2), Overwrite("g", deny=2)], 7),  # the role's word after everyone's
        ([Role("g", 0), Role("r", 1)], [Overwrite("r2", allow=1), Overwrite("r", deny=1)], 1),  # allow wins among roles
        ([Role("g", 1)], [Overwrite("u", deny=3), Overwrite("r", allow=2)], 0),  # one's own word last
    ],
)
def test_permissions_as_discord_documents_them(roles: list[Role], overwrites: list[Overwrite], granted: int) -> None:
    assert rights(roles, ["r", "r2"], overwrites, user="u", guild="g") == granted


def test_threads_have_a_permission_of_their_own() -> None:
    rights_there = EVERYTHING - 2048
    assert lacking(rights_there, NEEDED, is_thread=True) == []
    assert lacking(rights_there, NEEDED, is_thread=False) == ["Send Messages"]
    assert lacking(EVERYTHING, NEEDED | OPTIONAL, is_thread=False) == []
