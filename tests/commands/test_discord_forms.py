"""Registering commands with Discord: where, to whom they are shown, and only where something changed."""

from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bot.commands import discord as door
from bot.commands.discord_forms import forms_of
from bot.engine.settings import AdminSettings
from tests.commands.discord_door import NOBODY, answering, embed_of, opened, settled
from tests.commands.prints import a_print, core
from tests.fakes.discord_commands import EVERYWHERE, Commands
from tests.fakes.discord_gateway import FakeDiscord
from tests.fakes.discord_interactions import GUILD, TRADER, Member

NAMES = ["flow", "watch", "snooze", "flowadmin"]
ROLE, ELSEWHERE = "500000000000000700", "500000000000000051"
MANAGERS_ONLY = "32"
"""MANAGE_GUILD, 1 << 5."""


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


def names(commands: list[dict[str, Any]]) -> list[str]:
    return [command["name"] for command in commands]


def named(commands: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(command for command in commands if command["name"] == name)


@pytest.mark.parametrize("place", [EVERYWHERE, GUILD])
def test_the_forms_are_within_discords_limits(place: str) -> None:
    """Judged by what Discord's documents say of commands."""
    assert Commands().overwrite(place, forms_of(NOBODY, is_global=not place)) == []


def test_every_option_says_how_it_is_filled_in() -> None:
    """Bounds for numbers, choices where there are few, suggestions where we know some."""
    flow, watch, snooze, _ = forms_of(NOBODY, is_global=True)
    top = {option["name"]: option for option in named(flow["options"], "top")["options"]}
    assert (top["limit"]["type"], top["limit"]["min_value"], top["limit"]["max_value"]) == (4, 1, 25)
    assert top["min_score"]["type"] == 10
    assert [choice["value"] for choice in top["type"]["choices"]] == ["call", "put"]
    assert top["ticker"]["autocomplete"] is True
    assert named(watch["options"], "add")["options"][0]["required"] is True
    assert snooze["options"][0]["type"] == 3  # it has no subcommands


@pytest.mark.parametrize(
    ("admin", "shown_to"),
    [
        ({}, MANAGERS_ONLY),
        ({"slack_users": ["U012345678"]}, MANAGERS_ONLY),
        ({"discord_roles": [ROLE]}, None),
        ({"discord_users": [TRADER.id]}, None),
    ],
)
def test_who_is_shown_the_admins_command(admin: dict[str, Any], shown_to: str | None) -> None:
    """Whoever manages the server; everyone once others are named, for Discord cannot know them."""
    forms = forms_of(AdminSettings(**admin), is_global=True)
    assert named(forms, "flowadmin")["default_member_permissions"] == shown_to
    assert {form["default_member_permissions"] for form in forms if form["name"] != "flowadmin"} == {None}


def test_what_can_be_asked_in_direct_messages() -> None:
    """Everything but steering, where commands are registered everywhere; a server's own say nothing of places."""
    everywhere = {form["name"]: form["contexts"] for form in forms_of(NOBODY, is_global=True)}
    assert everywhere == {"flow": [0, 1], "watch": [0, 1], "snooze": [0, 1], "flowadmin": [0]}
    assert not any({"contexts", "integration_types"} & form.keys() for form in forms_of(NOBODY, is_global=False))


async def test_commands_are_registered_once(discord: FakeDiscord) -> None:
    """A second session, and a second run, find Discord's own copy of the commands unchanged and register nothing."""
    async with answering(discord, core()):
        discord.close_on_resume.append(4009)
        await discord.drop(1011)
        await discord.until(lambda: discord.resumes >= 1 and discord.live == 1)
    discord.commands.reverse()  # no document says in which order they come back
    async with answering(discord, core()):
        pass
    assert sorted(names(discord.commands)) == sorted(NAMES)
    assert discord.registrations == 1


async def test_a_servers_commands_are_registered_once(discord: FakeDiscord) -> None:
    """Discord gives them back with what only global commands have."""
    for _ in range(2):
        async with answering(discord, core(), guilds=[GUILD]):
            pass
    assert names(discord.registry.at(GUILD)) == NAMES
    assert discord.commands == []
    assert discord.registrations == 1


def _reworded(commands: list[dict[str, Any]]) -> None:
    commands[0]["options"][0]["description"] = "of an earlier version"


def _added(commands: list[dict[str, Any]]) -> None:
    commands.append({"id": "9", "type": 1, "name": "beside", "description": "of another program"})


def _removed(commands: list[dict[str, Any]]) -> None:
    del commands[-1]


def _without_suggestions(commands: list[dict[str, Any]]) -> None:
    del named(named(commands, "flow")["options"], "top")["options"][3]["autocomplete"]


def _shown_to_all(commands: list[dict[str, Any]]) -> None:
    named(commands, "flowadmin")["default_member_permissions"] = None


def _not_in_direct_messages(commands: list[dict[str, Any]]) -> None:
    named(commands, "flow")["contexts"] = [0]


@pytest.mark.parametrize(
    "change", [_reworded, _added, _removed, _without_suggestions, _shown_to_all, _not_in_direct_messages]
)
async def test_changed_commands_are_registered_again(discord: FakeDiscord, change: Any) -> None:
    """Another description, another command beside ours, one that is missing: it is put right."""
    wanted = forms_of(NOBODY, is_global=True)
    assert discord.registry.overwrite(EVERYWHERE, wanted) == []
    change(discord.commands)
    async with answering(discord, core()):
        pass
    assert discord.registrations == 2
    assert names(discord.commands) == NAMES
    assert discord.commands[0]["options"][0]["description"] == wanted[0]["options"][0]["description"]


async def test_from_everywhere_to_one_server_and_back(discord: FakeDiscord) -> None:
    """No command is ever shown twice."""
    async with answering(discord, core()):
        pass
    async with answering(discord, core(), guilds=[GUILD]):
        assert names(discord.registry.at(GUILD)) == NAMES
        assert discord.commands == []
    async with answering(discord, core()):
        await discord.until(lambda: not discord.registry.at(GUILD))
        assert names(discord.commands) == NAMES


async def test_a_server_that_the_bot_may_not_enter_closes_no_door(discord: FakeDiscord) -> None:
    """It is told in the log; the other servers are served."""
    async with answering(discord, core(a_print()), guilds=[ELSEWHERE, GUILD]):
        embed = await embed_of(await discord.ask("top"))
    assert "NVDA" in embed["description"]


async def test_an_outage_of_the_commands_is_outlived(discord: FakeDiscord) -> None:
    """A server's commands could not be read: the next session tries again."""
    discord.failures = {f"/applications/1000/guilds/{GUILD}/commands": deque([400])}
    async with opened(discord, core(), guilds=[GUILD]) as status:
        await settled(lambda: "400" in status.last_error)
        await discord.until(lambda: discord.live == 1)
    assert discord.registrations == 1


@pytest.fixture
def quickly() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door, "FORMS_S", 0.01)
        yield


@pytest.mark.usefixtures("quickly")
async def test_a_reload_that_names_admins_shows_them_the_command(discord: FakeDiscord) -> None:
    """The configuration is asked again while the session lasts, and Discord only when it changed."""
    admin = AdminSettings()
    async with answering(discord, core(), admin=lambda: admin, guilds=[GUILD]):
        admin = AdminSettings(discord_roles=[ROLE])
        await discord.until(lambda: discord.registrations == 2)
        assert named(discord.registry.at(GUILD), "flowadmin")["default_member_permissions"] is None
        anyone = Member(roles=["1"])
        assert "admin" in (await embed_of(await discord.ask("list", command="flowadmin", member=anyone)))["title"]
