"""What the doctor sees of Discord: the token, the servers, each channel's permissions, each webhook.

Source: Discord's reference, "Application", "Channel", "Guild", "Webhook", "Permissions", 2026-11.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from yarl import URL

from bot.commands.forms import COMMANDS
from bot.destinations.platforms import DiscordSettings
from bot.destinations.settings import DiscordChannelSettings, DiscordWebhookSettings
from bot.doctor.asking import NoAnswerError, Platform, to_the_end
from bot.doctor.discord_rights import (
    ATTACH_FILES,
    MENTION_EVERYONE,
    NEEDED,
    OPTIONAL,
    WHY,
    Overwrite,
    Role,
    invite,
    lacking,
    rights,
)
from bot.doctor.findings import Finding, good, unseen
from bot.doctor.wants import Wants

FEW_SESSIONS: Final = 50
"""Of the thousand a day that Discord allows a bot before it resets the token."""
THREADS: Final = (10, 11, 12)
"""Channel types: announcement, public and private thread."""
WORDLESS: Final = {4: "category", 14: "directory", 15: "forum", 16: "media channel"}
"""Channel types that take no messages themselves."""

T = TypeVar("T")
_Refusals = Mapping[int, tuple[str, str]]
"""Status -> what it means here, and what to do about it."""


class _User(msgspec.Struct, frozen=True):
    id: str
    username: str = "a bot"


class _Application(msgspec.Struct, frozen=True):
    id: str
    interactions_endpoint_url: str | None = None


class _Limit(msgspec.Struct, frozen=True):
    remaining: int


class _Gateway(msgspec.Struct, frozen=True):
    session_start_limit: _Limit


class _Named(msgspec.Struct, frozen=True):
    """A server, a command, a webhook."""

    name: str | None = None


class _Member(msgspec.Struct, frozen=True):
    roles: tuple[str, ...] = ()


class _Thread(msgspec.Struct, frozen=True):
    archived: bool = False
    locked: bool = False


class _Channel(msgspec.Struct, frozen=True):
    type: int
    guild_id: str = ""
    parent_id: str | None = None
    name: str | None = None
    permission_overwrites: tuple[Overwrite, ...] = ()
    thread_metadata: _Thread = _Thread()


@dataclass(frozen=True, slots=True)
class _Standing:
    """The bot in one server."""

    roles: Mapping[str, Role]
    own: tuple[str, ...]


class Discord:
    """One bot."""

    def __init__(self, platform: Platform, settings: DiscordSettings) -> None:
        self._platform = platform
        self._api = platform.api(settings.api_url, settings.token.reveal(), "Bot")
        self._guilds = settings.guilds
        self._user = ""
        self._application = ""
        self._standings: dict[str, _Standing] = {}
        self._channels: dict[str, _Channel] = {}

    @property
    def is_in(self) -> bool:
        """The token is good, so that the rest can be looked at."""
        return bool(self._application)

    async def bot(self) -> AsyncIterator[Finding]:
        """The token, the sessions that are left today, and the servers that the configuration names.

        Raises NoAnswerError.
        """
        me = await self._ask("discord", "users/@me", _User)
        application = await self._ask("discord", "oauth2/applications/@me", _Application)
        self._user, self._application = me.id, application.id
        yield good("discord", f"the token is that of {me.username}; no privileged intent is needed")
        yield good("discord", f"its invite link: {invite(application.id)}")
        if application.interactions_endpoint_url:
            what = "its commands and buttons go to an interactions endpoint, and not to flowbot"
            remedy = "developer portal, your app, General Information: empty Interactions Endpoint URL"
            yield Finding("discord", "bad", what, remedy)
        left = (await self._ask("discord", "gateway/bot", _Gateway)).session_start_limit.remaining
        if left < FEW_SESSIONS:
            remedy = "something logs in again and again with this token: is another program using it?"
            yield Finding("discord", "bad", f"only {left} of today's logins are left", remedy)
        if not self._guilds:
            yield await self._commands("on every server that it is in", "commands")
        for guild in self._guilds:
            async for found in to_the_end(self._guild(guild)):
                yield found

    async def channel(self, name: str, settings: DiscordChannelSettings, wants: Wants) -> AsyncIterator[Finding]:
        """Whether the bot may do there what it has to. Raises NoAnswerError."""
        channel = await self._channel(name, settings.channel)
        place = f"#{channel.name or settings.channel}"
        if channel.type in WORDLESS:
            remedy = "name a channel or a post by its id; a webhook's thread_name begins a post with each message"
            yield Finding(name, "bad", f"{place} is a {WORDLESS[channel.type]}: it takes no messages itself", remedy)
            return
        if channel.thread_metadata.archived and channel.thread_metadata.locked:
            yield Finding(name, "bad", f"the thread {place} is locked and closed", "open and unlock it")
            return
        if not channel.guild_id:
            yield unseen(name, f"{place} is in no server: what the bot may do there cannot be seen")
            return
        is_thread = channel.type in THREADS
        parent = await self._channel(name, channel.parent_id) if is_thread and channel.parent_id else channel
        standing = await self._standing(name, channel.guild_id)
        granted = rights(
            standing.roles.values(), standing.own, parent.permission_overwrites, user=self._user, guild=channel.guild_id
        )
        yield _posting(name, place, granted, wants, is_thread=is_thread)
        for found in _pings(name, place, granted, wants, standing.roles):
            yield found

    async def _guild(self, guild: str) -> AsyncIterator[Finding]:
        refused = (f"the bot is not in the server {guild}", f"invite it: {invite(self._application)}")
        found = await self._ask("discord", f"guilds/{guild}", _Named, {403: refused, 404: refused})
        yield await self._commands(f"in the server {found.name or guild}", f"guilds/{guild}/commands")

    async def _commands(self, where: str, path: str) -> Finding:
        scope = (f"it may not have commands {where}", f"invite it anew: {invite(self._application)}")
        path = f"applications/{self._application}/{path}"
        there = {command.name for command in await self._ask("discord", path, list[_Named], {403: scope})}
        if there.issuperset(command.name for command in COMMANDS):
            return good("discord", f"{where} with its commands")
        return good("discord", f"{where}; `flowbot run` makes its commands there")

    async def _channel(self, name: str, channel: str) -> _Channel:
        if channel not in self._channels:
            hidden = ("the bot may not see the channel", "give its role View Channel; mention it in a private thread")
            gone = ("there is no such channel", "copy the channel's id again (Developer Mode, right click, Copy ID)")
            found = await self._ask(name, f"channels/{channel}", _Channel, {403: hidden, 404: gone})
            self._channels[channel] = found
        return self._channels[channel]

    async def _standing(self, name: str, guild: str) -> _Standing:
        if guild not in self._standings:
            member = await self._ask(name, f"guilds/{guild}/members/{self._user}", _Member)
            roles = await self._ask(name, f"guilds/{guild}/roles", list[Role])
            self._standings[guild] = _Standing({role.id: role for role in roles}, member.roles)
        return self._standings[guild]

    async def _ask(self, subject: str, path: str, kind: type[T], refusals: _Refusals | None = None) -> T:
        reply = await self._platform.told(subject, self._api.at(*path.split("/")).get())
        if reply.is_2xx:
            return self._platform.read(subject, reply, kind)
        what, remedy = (refusals or {}).get(reply.status, (f"Discord answered {reply.status}: {reply.words()}", ""))
        if reply.status == 401:
            what = "Discord refuses the bot token"
            remedy = "copy the token anew: Discord developer portal, your app, Bot, Reset Token"
        raise NoAnswerError(Finding(subject, "bad", what, remedy))


def _posting(name: str, place: str, granted: int, wants: Wants, *, is_thread: bool) -> Finding:
    """Without what posting needs nothing is posted; without the rest something is left out."""
    missing = lacking(granted, NEEDED, is_thread=is_thread)
    spared = lacking(granted, OPTIONAL, is_thread=is_thread)
    if missing:
        remedy = f"give its role there: {', '.join(missing)}"
        return Finding(name, "bad", f"in {place} the bot lacks {', '.join(missing)}", remedy)
    if spared:
        whose = f", such as those of {', '.join(wants.pictured)}" if wants.pictured else ""
        why = {**WHY, ATTACH_FILES: WHY[ATTACH_FILES] + whose}
        without = ", ".join(f"{right} ({why[right]})" for right in spared)
        remedy = f"give its role there: {', '.join(spared)}"
        return Finding(name, "doubt", f"the bot can post in {place}, and does without {without}", remedy)
    return good(name, f"the bot can post in {place}")


def _pings(name: str, place: str, granted: int, wants: Wants, roles: Mapping[str, Role]) -> Iterator[Finding]:
    """The roles that rules mention and that nobody would hear."""
    for id_, rules in wants.roles.items():
        role, who = roles.get(id_), f"{'rule' if len(rules) == 1 else 'rules'} {', '.join(rules)}"
        if role is None:
            remedy = "copy the role's id again (server settings, Roles, right click, Copy ID)"
            yield Finding(name, "bad", f"{who}: mentions the role {id_}, which the server of {place} has not", remedy)
        elif not (role.mentionable or granted & MENTION_EVERYONE):
            remedy = f"let anyone mention the role, or give the bot Mention Everyone in {place}"
            yield Finding(name, "bad", f"{who}: a mention of @{role.name.lstrip('@')} in {place} pings nobody", remedy)


async def webhook(platform: Platform, name: str, settings: DiscordWebhookSettings) -> AsyncIterator[Finding]:
    """Whether the webhook is there: Discord tells that without a token of ours (Get Webhook with Token).

    Raises NoAnswerError.
    """
    url = URL(settings.url.reveal(), encoded=True)
    reply = await platform.told(name, platform.hook(url).get())
    if not reply.is_2xx:
        remedy = "make a new one: the channel's settings, Integrations, Webhooks; and put its URL into .env"
        yield Finding(name, "bad", f"the webhook is gone ({reply.status})", remedy)
        return
    found = platform.read(name, reply, _Named)
    there = f"the webhook is there: {found.name or 'without a name'}"
    thread = settings.thread_id or url.query.get("thread_id")
    if thread is None:
        yield good(name, there)
    else:
        yield unseen(name, f"{there}; whether its thread {thread} is, cannot be seen")
