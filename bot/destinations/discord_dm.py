"""Posts to one person on Discord as a bot: opens their channel once, and knows when they take no messages.

Sources: Discord's reference, "Create DM", "Opcodes and Status Codes: JSON", 2026-11.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from yarl import URL

from bot.destinations import rates
from bot.destinations.catalog import Means
from bot.destinations.direct import Fault
from bot.destinations.discord_channel import DiscordChannel
from bot.destinations.discord_reply import judge
from bot.destinations.http import Endpoint, Reply
from bot.destinations.verdicts import unseen
from bot.model.alerts import Batch, Delivery, Edit
from bot.model.outcomes import DestinationDead, EditOutcome, Outcome, Pace, Permanent, Retry, Sent, Sight, Unknown
from bot.model.ports import Rate
from bot.render import discord
from bot.render.look import Look

ALL: Final = (Rate(10, 1.0),)
"""To all people together: a fifth of what the bot may do, so that channels never wait for them."""
OPENINGS: Final = (Rate(1, 1.0),)
"""Discord names no figure, and blocks bots that open many channels quickly."""
EDITS: Final = (Rate(5, 1.0),)
"""Of all people's messages together."""
CLOSED: Final = frozenset({10013, 50007, 50033, 50278})
"""There is no such user, they take no messages of the bot's, cannot be written to, or share no server with it."""
UNKNOWN_CHANNEL: Final = 10003
"""It was known from an earlier message: open it anew."""
TOO_FAST: Final = 40003
"""The bot opens channels too fast."""
TOO_FAST_S: Final = 60.0

_CODE = re.compile(r"\(code ([0-9]+)\)")
"""In the words of `discord_reply`."""


class DiscordDm:
    """A `bot.destinations.direct.DirectMessages`."""

    platform = "discord"
    is_idempotent = True
    can_edit = True

    def __init__(
        self,
        name: str,
        api: Endpoint,
        user: str,
        bot: str,
        look: Look,
        now_ns: Callable[[], int],
        channel: str | None = None,
    ) -> None:
        """`api` is the REST API; `bot` names the token in the keys of what all its requests share."""
        self.name = name
        self.fault: Fault = ""
        self._api = api
        self._user = user
        self._bot = bot
        self._look = look
        self._now_ns = now_ns
        self._channel = channel

    def __repr__(self) -> str:
        return f"DiscordDm({self.name!r})"

    @property
    def buckets(self) -> Mapping[str, tuple[Rate, ...]]:
        """The first message counts as an opening too, and that is the answer to be heeded first."""
        opening = {f"discord:dm-openings:{self._bot}": OPENINGS} if self._channel is None else {}
        own = {f"discord:dm:{self._user}": rates.DISCORD_CHANNEL, f"discord:dms:{self._bot}": ALL}
        return {**opening, **own, f"discord:bot:{self._bot}": rates.DISCORD_BOT}

    @property
    def edit_buckets(self) -> Mapping[str, tuple[Rate, ...]]:
        own = {f"discord:dm-edit:{self._user}": rates.DISCORD_EDIT, f"discord:dm-edits:{self._bot}": EDITS}
        return {**own, f"discord:bot:{self._bot}": rates.DISCORD_BOT}

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return discord.fit(deliveries, self._look)

    async def send(self, batch: Batch) -> Outcome:
        is_first = self._channel is None
        channel = await self._open()
        outcome = await self._at(channel).send(batch) if isinstance(channel, str) else channel
        if isinstance(outcome, DestinationDead) and _code(outcome) == UNKNOWN_CHANNEL and not is_first:
            self._channel = None
            return Retry(outcome.reason)
        if isinstance(outcome, DestinationDead):
            self.fault = _fault(outcome)
        # What the post's answer says of its own bucket is not true of that of openings.
        return msgspec.structs.replace(outcome, pace=Pace()) if is_first and isinstance(outcome, Sent) else outcome

    async def edit(self, edit: Edit) -> EditOutcome:
        channel = edit.posted.channel or await self._open()
        return await self._at(channel).edit(edit) if isinstance(channel, str) else channel

    async def find(self, batch: Batch) -> Sight:
        channel = await self._open()
        return await self._at(channel).find(batch) if isinstance(channel, str) else unseen(channel)

    async def close(self) -> None:
        """The session belongs to the application."""

    async def _open(self) -> str | Retry | DestinationDead:
        """The person's channel, which Discord makes only once. Nothing is posted here, so nothing is in doubt."""
        if self._channel is not None:
            return self._channel
        reply = await self._api.at("users", "@me", "channels").post({"recipient_id": self._user})
        outcome = judge(reply) if isinstance(reply, Reply) else reply
        if isinstance(outcome, Sent) and outcome.message_id is not None:
            self._channel = outcome.message_id  # the answer's `id`, which is the channel's here
            return self._channel
        return _unopened(outcome)

    def _at(self, channel: str) -> DiscordChannel:
        endpoint = self._api.at("channels", channel, "messages")
        return DiscordChannel(self.name, endpoint, channel, self._bot, self._look, self._now_ns)


def _unopened(outcome: Outcome) -> Retry | DestinationDead:
    if isinstance(outcome, Sent):
        return Retry("Discord opened a channel without an id")
    if isinstance(outcome, Retry):
        return outcome
    if _code(outcome) == TOO_FAST:
        return Retry(outcome.reason, after_s=TOO_FAST_S, is_asked=True)
    return Retry(outcome.reason) if isinstance(outcome, Unknown) else DestinationDead(outcome.reason)


def _fault(outcome: DestinationDead) -> Fault:
    if _code(outcome) in CLOSED:
        return "person"
    return "platform" if outcome.reason.startswith("HTTP 401") else ""


def _code(outcome: DestinationDead | Permanent | Unknown) -> int | None:
    found = _CODE.search(outcome.reason)
    return int(found[1]) if found else None


def build(name: str, user: str, channel: str | None, means: Means) -> DiscordDm:
    """The destination of one user, whose channel may be known; `means.discord` gives token and address."""
    assert means.session is not None, "direct messages need a session"  # noqa: S101 the application's bug
    assert means.discord is not None, "direct messages need the discord section"  # noqa: S101 the caller has looked
    token = means.discord.token.reveal()
    api = Endpoint(means.session, URL(means.discord.api_url.rstrip("/")), token, {"Authorization": f"Bot {token}"})
    return DiscordDm(name, api, user, rates.digest(token), means.look, means.now_ns, channel)
