"""The Discord door: commands and buttons, through discord.py. Posts no alert, and no alert waits for it.

discord.py 2.7.1 resumes for ever against a broken resume URL and crashes when its very first connection fails
(its issues #10511 and #10520), so one Client serves one session, and the next session gets a new one.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.commands.asker import Asker
from bot.commands.completion import suggestions
from bot.commands.core import Core
from bot.commands.discord_asks import Ask, ask_of, asker_of, typing_of
from bot.commands.discord_forms import forms_of, register, withdraw
from bot.commands.discord_shows import acknowledge, say_at_once, show, suggest
from bot.commands.doors import FULL, OLDER, Desk, DoorStatus, Ended, Pauses, answer_to, keep_open, supervised
from bot.destinations.platforms import DiscordSettings
from bot.engine.settings import AdminSettings
from bot.render.lengths import cut

log = structlog.get_logger()

NEVER_AGAIN = frozenset({4004, 4010, 4011, 4012, 4013, 4014})
"""Gateway close codes after which a client must not reconnect (Discord, "Gateway Close Event Codes")."""
MOST_DROPS = 3
DROPS_WITHIN_S = 60.0
"""discord.py resumes at once and for ever; so many lost connections in so short a time end the session instead."""
LOGIN_S = 60.0
GRACE_S = 5.0
"""For answers in flight when the session has ended."""
FORMS_S = 60.0
"""How often a session looks whether a changed configuration changed the commands."""
MOST_SERVERS = 25
"""Servers that are rid of an earlier configuration's commands when they are registered everywhere."""


discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # no voice here, so no warning that it lacks


async def run_discord(
    core: Core,
    settings: DiscordSettings,
    admin: Callable[[], AdminSettings],
    *,
    status: DoorStatus | None = None,
    pauses: Pauses | None = None,
) -> NoReturn:
    """Answer until cancelled. Trouble with the platform is told in `status` and the log, never raised.

    `admin` is asked at every request: who may steer now.
    """
    status, pauses = status or DoorStatus(), pauses or Pauses()
    Route.BASE = settings.api_url.rstrip("/")
    await keep_open("discord", partial(_session, core, settings, admin, status, pauses), status, pauses)


async def _session(
    core: Core, settings: DiscordSettings, admin: Callable[[], AdminSettings], status: DoorStatus, pauses: Pauses
) -> Ended:
    async with asyncio.TaskGroup() as tasks:
        desk = Desk("discord", tasks)
        async with _Door(core, settings, admin, desk=desk, status=status, pauses=pauses) as door:
            keeper = tasks.create_task(supervised("discord", door.keep_forms()))
            ended = await _listen(door, settings)
            keeper.cancel()
            await desk.clear(GRACE_S)
    return ended


async def _listen(door: "_Door", settings: DiscordSettings) -> Ended:
    """One session, from login to its end."""
    try:
        async with asyncio.timeout(LOGIN_S):
            await door.login(settings.token.reveal())
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
    """One session's client. It has no command tree: one table, `forms.COMMANDS`, makes the forms and reads them."""

    def __init__(
        self,
        core: Core,
        settings: DiscordSettings,
        admin: Callable[[], AdminSettings],
        *,
        desk: Desk,
        status: DoorStatus,
        pauses: Pauses,
    ) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),  # INTERACTION_CREATE needs none; this keeps guild names known
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            enable_debug_events=False,
        )
        self._core = core
        self._settings = settings
        self._admin = admin
        self._desk = desk
        self._status = status
        self._pauses = pauses
        self._forms: list[dict[str, Any]] = []
        self._is_newly_everywhere = False
        self._drops: deque[float] = deque(maxlen=MOST_DROPS)
        self.has_opened = False
        self.patience = asyncio.timeout(None)
        """Runs out when the gateway drops us too often."""

    async def setup_hook(self) -> None:
        await self._register()

    async def keep_forms(self) -> None:
        """Register the commands anew when a reload changed who is shown them."""
        while True:
            await asyncio.sleep(FORMS_S)
            if self._forms and self._forms != self._wanted():
                try:
                    await self._register()
                except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                    log.warning("commands.not_registered", platform="discord", error=type(error).__name__)

    def _wanted(self) -> list[dict[str, Any]]:
        return forms_of(self._admin(), is_global=not self._settings.guilds)

    async def _register(self) -> None:
        """Register the commands if they are not what Discord has."""
        self._forms = self._wanted()  # before it is tried: what Discord refuses it would refuse again
        if self.application_id is not None:  # login has set it
            is_new = await register(self.http, self.application_id, self._settings.guilds, self._forms)
            self._is_newly_everywhere = is_new

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        if not initial:
            await asyncio.sleep(self._pauses.identify_s)

    async def on_connect(self) -> None:
        self.has_opened = True
        self._status.is_connected = True
        self._status.sessions += 1
        log.info("commands.connected", platform="discord")
        await self._withdraw()

    async def _withdraw(self) -> None:
        """Rid our servers of commands of their own, now that the same ones are everywhere."""
        if self._is_newly_everywhere and self.application_id is not None:
            self._is_newly_everywhere = False
            servers = [guild.id for guild in self.guilds[:MOST_SERVERS]]
            try:
                await withdraw(self.http, self.application_id, servers)
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("commands.not_withdrawn", platform="discord", error=type(error).__name__)

    async def on_resumed(self) -> None:
        self._status.is_connected = True

    async def on_disconnect(self) -> None:
        self._status.is_connected = False
        self._drops.append(now := self.loop.time())
        is_too_often = len(self._drops) == MOST_DROPS and now - self._drops[0] < DROPS_WITHIN_S
        if is_too_often and not self.is_closed() and not self.patience.expired():
            self.patience.reschedule(now)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        await supervised("discord", self._heed(interaction))

    async def _heed(self, interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.autocomplete:
            await suggest(interaction, self._suggestions(interaction))
        elif (ask := ask_of(interaction)) is None:
            log.warning("commands.unknown_interaction", platform="discord", type=interaction.type.name)
            await say_at_once(interaction, OLDER)
        elif self._desk.is_full:
            log.warning("commands.turned_away", platform="discord")
            await say_at_once(interaction, FULL)
        else:
            self._desk.take(self._reply(interaction, ask))

    async def _reply(self, interaction: discord.Interaction, ask: Ask) -> None:
        if await acknowledge(interaction, ask):
            answer = await answer_to(self._core, ask.request, self._asker(interaction))
            await show(self.http, interaction, ask, answer)

    def _suggestions(self, interaction: discord.Interaction) -> list[str]:
        typing = typing_of(interaction)
        return [] if typing is None else suggestions(self._core, typing, self._asker(interaction))

    def _asker(self, interaction: discord.Interaction) -> Asker:
        return asker_of(interaction, self._admin(), self._settings.guilds)
