"""The Discord door: `/flow` over the gateway, through discord.py. Posts no alert, and no alert waits for it.

discord.py 2.7.1 resumes for ever against a broken resume URL and crashes when its very first connection fails
(its issues #10511 and #10520), so one Client serves one session, and the next session gets a new one.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.commands.asker import Asker
from bot.commands.core import Core, is_private
from bot.commands.doors import ACK_S, Desk, DoorStatus, Ended, Pauses, answer_to, keep_open
from bot.commands.layout import boxes
from bot.commands.questions import COMMANDS, Option, read_options
from bot.commands.requests import Request
from bot.model.answers import Answer, Tone
from bot.model.secret import Secret
from bot.render.discord import MAX_DESCRIPTION, MAX_TITLE, escape
from bot.render.lengths import cut

log = structlog.get_logger()

COMMAND = "flow"
NEVER_AGAIN = frozenset({4004, 4010, 4011, 4012, 4013, 4014})
"""Gateway close codes after which a client must not reconnect (Discord, "Gateway Close Event Codes")."""
MOST_DROPS = 3
DROPS_WITHIN_S = 60.0
"""discord.py resumes at once and for ever; so many lost connections in so short a time end the session instead."""
LOGIN_S = 60.0
GRACE_S = 5.0
"""For answers in flight when the session has ended."""

_COLOURS: Mapping[Tone, int] = {"bull": 0x2E9E5B, "bear": 0xD64545, "neutral": 0x7A869A, "trouble": 0xE0A030}
_OPTION_TYPES = {"text": 3, "integer": 4, "number": 10}
"""Discord, "Application Command Option Type": STRING, INTEGER, NUMBER."""
_SUB_COMMAND, _CHAT_INPUT = 1, 1
_SHAPE = ("name", "description", "options", "choices", "required", "value", "min_value", "max_value", "max_length")

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # no voice here, so no warning that it lacks


async def run_discord(
    core: Core, token: Secret, api_url: str, *, status: DoorStatus | None = None, pauses: Pauses | None = None
) -> NoReturn:
    """Answer `/flow` until cancelled. Trouble with the platform is told in `status` and the log, never raised."""
    status, pauses = status or DoorStatus(), pauses or Pauses()
    Route.BASE = api_url.rstrip("/")
    await keep_open("discord", partial(_session, core, token, status, pauses), status, pauses)


async def _session(core: Core, token: Secret, status: DoorStatus, pauses: Pauses) -> Ended:
    async with asyncio.TaskGroup() as tasks:
        desk = Desk("discord", tasks)
        async with _Door(core, desk, status, pauses) as door:
            ended = await _listen(door, token)
            await desk.clear(GRACE_S)
    return ended


async def _listen(door: "_Door", token: Secret) -> Ended:
    """One session, from login to its end."""
    try:
        async with asyncio.timeout(LOGIN_S):
            await door.login(token.reveal())
            _, url, limit = await door.http.get_bot_gateway()
        if limit["remaining"] <= 0:
            return Ended("today's sessions are used up", after_s=limit["reset_after"] / 1000)
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
        async with door.patience:
            await door.connect(reconnect=False)
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
        if not door.patience.expired():
            return why_ended(error)
    except AttributeError:  # discord.py #10520: its very first connection failed
        if door.has_opened:
            raise
    return Ended("the gateway kept closing the connection")


def why_ended(error: Exception) -> Ended:
    """What a failure of login, commands or gateway means for the next session."""
    if isinstance(error, discord.GatewayNotFound) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, discord.LoginFailure):
        return Ended("Discord refuses the bot token: check discord.token", is_refused=True)
    if isinstance(error, discord.ConnectionClosed):
        refused = error.code in NEVER_AGAIN
        advice = ": check discord.token and the app's settings" if refused else ""
        return Ended(f"the gateway closed with code {error.code}{advice}", is_refused=refused)
    if isinstance(error, discord.HTTPException):
        return Ended(
            f"Discord answered {error.status}: {cut(error.text, 200)}".rstrip(": "),
            # Discord bans the address of a bot that repeats these (10,000 in 10 minutes).
            is_refused=error.status in (401, 403, 404),
            after_s=_seconds(error.response.headers.get("Retry-After")),
        )
    return Ended(f"no connection to Discord ({type(error).__name__})")


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0


class _Door(discord.Client):
    """One session's client. It has no command tree: one table, `COMMANDS`, makes the forms and reads the answers."""

    def __init__(self, core: Core, desk: Desk, status: DoorStatus, pauses: Pauses) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),  # INTERACTION_CREATE needs none; this keeps guild names known
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            enable_debug_events=False,
        )
        self._core = core
        self._desk = desk
        self._status = status
        self._pauses = pauses
        self._drops: deque[float] = deque(maxlen=MOST_DROPS)
        self.has_opened = False
        self.patience = asyncio.timeout(None)
        """Runs out when the gateway drops us too often."""

    async def setup_hook(self) -> None:
        """Register the commands if they are not what Discord has: it allows 200 creations a day."""
        app = self.application_id
        if app is None:  # login has set it
            return
        registered = await self.http.get_global_commands(app)
        if [_shape(command) for command in registered] == [_shape(command_payload())]:
            return
        await self.http.bulk_upsert_global_commands(app, [command_payload()])
        log.info("commands.registered", platform="discord")

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        if not initial:
            await asyncio.sleep(self._pauses.identify_s)

    async def on_connect(self) -> None:
        self.has_opened = True
        self._status.is_connected = True
        self._status.sessions += 1
        log.info("commands.connected", platform="discord")

    async def on_resumed(self) -> None:
        self._status.is_connected = True

    async def on_disconnect(self) -> None:
        self._status.is_connected = False
        self._drops.append(now := self.loop.time())
        is_too_often = len(self._drops) == MOST_DROPS and now - self._drops[0] < DROPS_WITHIN_S
        if is_too_often and not self.is_closed() and not self.patience.expired():
            self.patience.reschedule(now)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        data: Any = interaction.data or {}
        if interaction.type is not discord.InteractionType.application_command or data.get("name") != COMMAND:
            log.warning("commands.unknown_interaction", platform="discord", type=interaction.type.name)
        elif self._desk.is_full:
            log.warning("commands.turned_away", platform="discord")
        else:
            self._desk.take(self._reply(interaction, read(data)))

    async def _reply(self, interaction: discord.Interaction, request: Request) -> None:
        try:
            async with asyncio.timeout(ACK_S):
                await interaction.response.defer(ephemeral=is_private(request), thinking=True)
            answer = await answer_to(self._core, request, Asker("discord", str(interaction.user.id)))
            await interaction.followup.send(embed=embed(answer))
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("commands.reply_failed", platform="discord", error=type(error).__name__)


def read(data: Mapping[str, Any]) -> Request:
    """The request in an interaction's data: `/flow` with one subcommand and its options."""
    sub: Mapping[str, Any] = next(iter(data.get("options") or ()), {"name": "help"})
    return read_options(sub["name"], {option["name"]: option["value"] for option in sub.get("options") or ()})


def embed(answer: Answer) -> discord.Embed:
    """The answer as one embed within Discord's limits; nothing in it is markup but our own."""
    (text,) = boxes(answer, escape, "**", most=1, max_units=MAX_DESCRIPTION) or [""]
    return discord.Embed(title=cut(escape(answer.title), MAX_TITLE), description=text, colour=_COLOURS[answer.tone])


def command_payload() -> dict[str, Any]:
    """`/flow` and its subcommands as Discord registers them (Application Commands, Create Global)."""
    return {
        "name": COMMAND,
        "type": _CHAT_INPUT,
        "description": "Today's options flow, and why an alert fired",
        "options": [
            {
                "type": _SUB_COMMAND,
                "name": command.name,
                "description": command.about,
                "options": [_option(option) for option in command.options],
            }
            for command in COMMANDS
        ],
    }


def _option(option: Option) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "type": _OPTION_TYPES[option.sort],
        "name": option.name,
        "description": option.about,
        "required": option.is_required,
    }
    if option.choices:
        payload["choices"] = [{"name": choice, "value": choice} for choice in option.choices]
    if option.bounds is not None:
        payload["min_value"], payload["max_value"] = option.bounds
    return payload


def _shape(command: Any) -> Any:
    """What we say of a command, without what Discord adds to it (ids, versions, defaults)."""
    if isinstance(command, Mapping):
        said = {key: _shape(command[key]) for key in ("type", *_SHAPE) if key in command}
        return {key: value for key, value in said.items() if value not in (None, False, [])}
    if isinstance(command, Sequence) and not isinstance(command, str):
        return [_shape(each) for each in command]
    return command
