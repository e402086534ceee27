"""The commands as Discord registers them, and registering them only where Discord has something else.

Source: Discord's developer documents, "Application Commands", 2026-11. It takes 200 creations a day.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from discord import Forbidden, NotFound
from discord.http import HTTPClient

from bot.commands.forms import COMMANDS, Command, Option
from bot.engine.settings import AdminSettings

log = structlog.get_logger()

MANAGE_GUILD: Final = str(1 << 5)
"""Who sees admins' commands where nobody else was named; Discord, "Permissions"."""

_CHAT_INPUT, _SUB_COMMAND = 1, 1
_OPTION_TYPES = {"text": 3, "integer": 4, "number": 10}
"""Discord, "Application Command Option Type": STRING, INTEGER, NUMBER."""
_IN_SERVERS, _IN_DIRECT_MESSAGES = 0, 1
"""Discord, "Interaction Context Types": GUILD, BOT_DM."""
_SERVER_INSTALL = 0
_SHAPE = (
    "type", "name", "description", "options", "choices", "required", "autocomplete", "value", "min_value", "max_value",
    "default_member_permissions",
)  # fmt: skip
_GLOBAL_SHAPE = (*_SHAPE, "contexts", "integration_types")
"""A server's commands may come back with these two as well, as the application's defaults are."""


async def register(http: HTTPClient, app: int, guilds: Sequence[str], forms: Sequence[Mapping[str, Any]]) -> bool:
    """Make Discord have these commands: in these servers, or everywhere where none is named.

    True: they are everywhere now, and were not before. Raises discord.HTTPException where Discord refuses; a server
    that the bot may not enter is only told in the log.
    """
    if not guilds:
        return await _register_everywhere(http, app, forms)
    for guild in guilds:
        try:
            await _register_in(http, app, int(guild), forms)
        except (Forbidden, NotFound) as error:
            log.warning(
                "commands.not_registered", platform="discord", guild=guild, error=error.text,
                advice="invite the bot there with the scope applications.commands, or take the server out of "
                "discord.guilds",
            )  # fmt: skip
    await _register_everywhere(http, app, ())  # those of an earlier configuration would show beside the servers' own
    return False


async def withdraw(http: HTTPClient, app: int, guilds: Sequence[int]) -> None:
    """Take the commands out of these servers, where an earlier configuration may have registered them.

    Raises discord.HTTPException where Discord refuses.
    """
    for guild in guilds:
        try:
            await _register_in(http, app, guild, ())
        except (Forbidden, NotFound):
            continue  # nothing of ours can be there


async def _register_everywhere(http: HTTPClient, app: int, forms: Sequence[Mapping[str, Any]]) -> bool:
    if is_same(await http.get_global_commands(app), forms):
        return False
    await http.bulk_upsert_global_commands(app, [dict(form) for form in forms])
    log.info("commands.registered", platform="discord", guild="", commands=len(forms))
    return bool(forms)


async def _register_in(http: HTTPClient, app: int, guild: int, forms: Sequence[Mapping[str, Any]]) -> None:
    if not is_same(await http.get_guild_commands(app, guild), forms):
        await http.bulk_upsert_guild_commands(app, guild, [dict(form) for form in forms])
        log.info("commands.registered", platform="discord", guild=str(guild), commands=len(forms))


def forms_of(admin: AdminSettings, *, is_global: bool) -> list[dict[str, Any]]:
    """Every command as Discord takes it.

    Discord shows an admins' command to members who manage the server. Once `admin:` names others it is shown to all:
    Discord knows nothing of our names, and whoever uses it is judged by us.
    """
    names_others = bool(admin.discord_roles or admin.discord_users)
    return [_form(command, names_others=names_others, is_global=is_global) for command in COMMANDS]


def is_same(registered: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """Whether Discord has these commands, whatever it adds to them (ids, versions, defaults) and in whatever order."""
    keys = _GLOBAL_SHAPE if any("contexts" in form for form in wanted) else _SHAPE
    has, wants = ({command["name"]: _shape(command, keys) for command in commands} for commands in (registered, wanted))
    return has == wants


def _form(command: Command, *, names_others: bool, is_global: bool) -> dict[str, Any]:
    form: dict[str, Any] = {
        "type": _CHAT_INPUT,
        "name": command.name,
        "description": command.about,
        "options": _options(command),
        "default_member_permissions": MANAGE_GUILD if command.is_for_admins and not names_others else None,
    }
    if is_global:  # Discord takes both for global commands only
        form["contexts"] = [_IN_SERVERS] if command.is_for_admins else [_IN_SERVERS, _IN_DIRECT_MESSAGES]
        form["integration_types"] = [_SERVER_INSTALL]
    return form


def _options(command: Command) -> list[dict[str, Any]]:
    subs = [
        {"type": _SUB_COMMAND, "name": sub.name, "description": sub.about, "options": _options(sub)}
        for sub in command.subs
    ]
    return [*subs, *(_option(option) for option in command.options)]


def _option(option: Option) -> dict[str, Any]:
    form: dict[str, Any] = {
        "type": _OPTION_TYPES[option.sort],
        "name": option.name,
        "description": option.about,
        "required": option.is_required,
    }
    if option.choices:
        form["choices"] = [{"name": choice, "value": choice} for choice in option.choices]
    elif option.completes:
        form["autocomplete"] = True
    if option.bounds is not None:
        form["min_value"], form["max_value"] = option.bounds
    return form


def _shape(command: Any, keys: Sequence[str]) -> Any:
    """What we say of a command, without what Discord adds to it."""
    if isinstance(command, Mapping):
        said = {key: _shape(command[key], keys) for key in keys if key in command}
        return {key: value for key, value in said.items() if value not in (None, False, [])}
    if isinstance(command, Sequence) and not isinstance(command, str):
        shapes = [_shape(each, keys) for each in command]
        return sorted(shapes) if all(isinstance(shape, int) for shape in shapes) else shapes
    return command
