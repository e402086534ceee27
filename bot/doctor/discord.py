"""What the doctor sees of Discord: the token, the servers, each channel's permissions, each webhook."""

import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from yarl import URL

from bot.destinations.http import Endpoint, Reply
from bot.destinations.platforms import DiscordSettings
from bot.destinations.settings import DiscordChannelSettings, DiscordWebhookSettings
from bot.doctor.asking import Clocks, Platform, is_odd, odd, unreachable
from bot.doctor.discord_rights import THREADS, invite, lacking, rights
from bot.doctor.findings import Finding, good

FEW_SESSIONS = 50
"""Of the thousand a day that Discord allows a bot before it resets the token."""


class Discord:
    """One bot."""

    def __init__(self, session: aiohttp.ClientSession, settings: DiscordSettings, clocks: Clocks) -> None:
        self._api = Platform(session, URL(settings.api_url.rstrip("/")), settings.token.reveal(), "Bot")
        self._guilds = settings.guilds
        self._clocks = clocks
        self._user = ""
        self._application = ""

    @property
    def is_in(self) -> bool:
        """The token is good, so that the rest can be looked at."""
        return bool(self._user)

    async def bot(self) -> AsyncIterator[Finding]:
        """The token, the sessions that are left today, and the servers that the configuration names."""
        me = await self._get("discord", "users/@me")
        if isinstance(me, Finding):
            yield me
            return
        self._user = str(me.get("id", ""))
        application = await self._get("discord", "oauth2/applications/@me")
        if isinstance(application, Finding):
            yield application
            return
        self._application = str(application.get("id", ""))
        yield good("discord", f"the token is that of {me.get('username', 'a bot')}; no privileged intent is needed")
        yield good("discord", f"its invite link: {invite(self._application)}")
        gateway = await self._get("discord", "gateway/bot")
        if isinstance(gateway, Finding):
            yield gateway
        elif (left := gateway.get("session_start_limit", {}).get("remaining", FEW_SESSIONS)) < FEW_SESSIONS:
            remedy = "something logs in again and again with this token: is another program using it?"
            yield Finding("discord", "bad", f"only {left} of today's logins are left", remedy)
        for guild in self._guilds:
            yield await self._guild(guild)

    async def channel(self, name: str, settings: DiscordChannelSettings) -> Finding:
        """Whether the bot may do there what it has to."""
        channel = await self._get(name, f"channels/{settings.channel}", {
            403: ("the bot may not see the channel", "give its role View Channel there"),
            404: ("there is no such channel", "copy the channel's id again (Developer Mode, right click, Copy ID)"),
        })  # fmt: skip
        if isinstance(channel, Finding):
            return channel
        guild = str(channel.get("guild_id", ""))
        is_thread = channel.get("type") in THREADS
        parent = await self._get(name, f"channels/{channel.get('parent_id')}") if is_thread else channel
        if isinstance(parent, Finding):
            return parent
        member = await self._get(name, f"guilds/{guild}/members/{self._user}")
        if isinstance(member, Finding):
            return member
        roles = await self._rows(name, f"guilds/{guild}/roles")
        if isinstance(roles, Finding):
            return roles
        granted = rights(roles, member, guild, parent.get("permission_overwrites", []))
        place = f"#{channel.get('name', settings.channel)}"
        missing = lacking(granted, is_thread=is_thread)
        if missing:
            remedy = f"give the bot's role there: {', '.join(missing)}; or invite it anew: {invite(self._application)}"
            return Finding(name, "bad", f"in {place} the bot lacks {', '.join(missing)}", remedy)
        return good(name, f"the bot can post in {place}")

    async def _guild(self, guild: str) -> Finding:
        refused = (f"the bot is not in the server {guild}", f"invite it: {invite(self._application)}")
        found = await self._get("discord", f"guilds/{guild}", {403: refused, 404: refused})
        if isinstance(found, Finding):
            return found
        scope = ("it may not register commands there", f"invite it anew: {invite(self._application)}")
        commands = await self._rows(
            "discord", f"applications/{self._application}/guilds/{guild}/commands", {403: scope}
        )
        if isinstance(commands, Finding):
            return commands
        return good("discord", f"in the server {found.get('name', guild)}, with {len(commands)} commands registered")

    async def _get(
        self, subject: str, path: str, refusals: dict[int, tuple[str, str]] | None = None
    ) -> dict[str, Any] | Finding:
        reply = await self._ask(subject, path, refusals)
        return reply if isinstance(reply, Finding) else reply.json()

    async def _rows(
        self, subject: str, path: str, refusals: dict[int, tuple[str, str]] | None = None
    ) -> list[dict[str, Any]] | Finding:
        reply = await self._ask(subject, path, refusals)
        return reply if isinstance(reply, Finding) else reply.rows() or []

    async def _ask(self, subject: str, path: str, refusals: dict[int, tuple[str, str]] | None) -> Reply | Finding:
        reply = await self._api.at(path).get()
        if not isinstance(reply, Reply):
            return unreachable(subject, reply.reason)
        self._clocks.heed("Discord", reply.headers, time.time())
        if reply.is_2xx:
            return reply
        if is_odd(reply):
            return odd(subject, reply)
        if reply.status == 401:
            remedy = "copy the token anew: Discord developer portal, your app, Bot, Reset Token"
            return Finding(subject, "bad", "Discord refuses the bot token", remedy)
        what, remedy = (refusals or {}).get(reply.status, (f"Discord answered {reply.status}: {reply.words()}", ""))
        return Finding(subject, "bad", what, remedy)


async def webhook(
    session: aiohttp.ClientSession, name: str, settings: DiscordWebhookSettings, clocks: Clocks
) -> Finding:
    """Whether the webhook is still there: Discord tells without a token of ours (Get Webhook with Token)."""
    url = settings.url.reveal()
    reply = await Endpoint(session, URL(url, encoded=True), url.rpartition("/")[2] or url).get()
    if not isinstance(reply, Reply):
        return unreachable(name, reply.reason)
    clocks.heed("Discord", reply.headers, time.time())
    if reply.is_2xx:
        return good(name, f"the webhook is there: {reply.json().get('name') or 'without a name'}")
    if is_odd(reply):
        return odd(name, reply)
    remedy = "make a new one: the channel's settings, Integrations, Webhooks; and put its URL into .env"
    return Finding(name, "bad", f"the webhook is gone ({reply.status})", remedy)
