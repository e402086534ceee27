"""What a member of Discord did, read: a command, a button, an option half typed; and who they are.

Source: Discord's developer documents, "Receiving and Responding to Interactions", 2026-11. Answers nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from discord import Interaction, InteractionType, Member

from bot.commands.asker import Asker, may_steer_discord
from bot.commands.completion import Typing
from bot.commands.core import is_private
from bot.commands.forms import COMMANDS
from bot.commands.reading import read_options, read_says
from bot.commands.requests import Request
from bot.engine.settings import AdminSettings
from bot.model.answers import pressed

_NAMES: Final = frozenset(command.name for command in COMMANDS)
_CHAT_INPUT, _SUB_COMMAND = 1, 1


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, and how Discord is to show its answer: that is settled when it is acknowledged."""

    request: Request
    is_private: bool
    is_replacing: bool = False
    """The answer takes the place of the message that was pressed on."""


def ask_of(interaction: Interaction) -> Ask | None:
    """What is asked; None where it is no command or button of ours."""
    data: Mapping[str, Any] = interaction.data or {}
    if interaction.type is InteractionType.component:
        return _pressed(interaction, data)
    if interaction.type is not InteractionType.application_command or data.get("type") != _CHAT_INPUT:
        return None
    if data.get("name") not in _NAMES:
        return None
    sub, options = _options(data)
    request = read_options(data["name"], sub, {option["name"]: option["value"] for option in options})
    return Ask(request, is_private(request))


def typing_of(interaction: Interaction) -> Typing | None:
    """What is being typed into which option; None where no command of ours has it."""
    data: Mapping[str, Any] = interaction.data or {}
    sub, options = _options(data)
    focused = next((option for option in options if option.get("focused")), None)
    if focused is None or data.get("name") not in _NAMES:
        return None
    what = next((str(option.get("value", "")) for option in options if option["name"] == "what"), "")
    return Typing(data["name"], sub, focused["name"], str(focused["value"]), what)


def asker_of(interaction: Interaction, admin: AdminSettings, guilds: Collection[str]) -> Asker:
    """Who asks, as Discord vouches for them at this interaction; in a direct message they have no roles."""
    user = interaction.user
    guild = str(interaction.guild_id or "")
    # Not Member.roles, which leaves out whatever the cache of the server does not hold (yet).
    roles = [str(role) for role in user._roles] if isinstance(user, Member) else []  # noqa: SLF001
    steers = may_steer_discord(
        admin,
        user=str(user.id),
        roles=roles,
        permissions=interaction.permissions.value,
        guild=guild,
        guilds=guilds,
    )
    return Asker("discord", str(user.id), user.display_name, guild, is_admin=steers)


def _pressed(interaction: Interaction, data: Mapping[str, Any]) -> Ask | None:
    """A button, or an option of a menu. Its answer is for who pressed it, or it is the next page of their own."""
    found = pressed(next(iter(data.get("values") or ()), data["custom_id"]))
    if found is None:
        return None
    answered = interaction.message.interaction_metadata if interaction.message is not None else None
    is_own = answered is not None and answered.user.id == interaction.user.id
    return Ask(read_says(found.says), is_private=True, is_replacing=found.is_replacing and is_own)


def _options(data: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The subcommand and its options; a command without subcommands has the options itself."""
    options = data.get("options") or []
    if options and options[0]["type"] == _SUB_COMMAND:
        return options[0]["name"], options[0].get("options") or []
    return "", options
