"""Posts to one Discord channel as a bot. The batch's id goes along as nonce, so a second message is dropped there.

What a bot posted can be pressed: the same token listens for it (commands/discord.py).
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from yarl import URL

from bot.destinations import discord_edit, discord_history, rates
from bot.destinations.catalog import Means
from bot.destinations.discord_reply import judge, judge_edit
from bot.destinations.http import Endpoint, Reply
from bot.destinations.settings import DiscordChannelSettings
from bot.destinations.verdicts import unseen
from bot.model.alerts import Batch, Delivery, Edit
from bot.model.outcomes import Blind, DestinationDead, EditOutcome, Outcome, Sight
from bot.model.ports import Rate
from bot.render import discord
from bot.render.look import Look

MAX_PAGES = 5
"""Of history, for one look: an opening bell's messages of many minutes."""


class DiscordChannel:
    """A `Destination`."""

    platform = "discord"
    is_idempotent = True
    """For the "past few minutes", says Discord of `enforce_nonce`."""
    can_edit = True

    def __init__(
        self, name: str, endpoint: Endpoint, channel: str, bot: str, look: Look, now_ns: Callable[[], int]
    ) -> None:
        """`endpoint` is the channel's messages; `bot` names the token in the key of what all its requests share."""
        whole = {f"discord:bot:{bot}": rates.DISCORD_BOT}
        self.name = name
        self.buckets: Mapping[str, tuple[Rate, ...]] = {f"discord:channel:{channel}": rates.DISCORD_CHANNEL, **whole}
        self.edit_buckets: Mapping[str, tuple[Rate, ...]] = {f"discord:edit:{channel}": rates.DISCORD_EDIT, **whole}
        self._endpoint = endpoint
        self._look = look
        self._now_ns = now_ns

    def __repr__(self) -> str:
        return f"DiscordChannel({self.name!r}, {next(iter(self.buckets))})"

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return discord.fit(deliveries, self._look)

    async def send(self, batch: Batch) -> Outcome:
        """A picture that we may not attach is left out: the words say the same."""
        outcome = await self._post(batch)
        if isinstance(outcome, DestinationDead) and batch.report is not None and batch.report.picture is not None:
            report = msgspec.structs.replace(batch.report, picture=None)
            return await self._post(msgspec.structs.replace(batch, report=report))
        return outcome

    async def _post(self, batch: Batch) -> Outcome:
        body = discord.message(batch, self._look, self._now_ns(), is_pressable=True)
        named = {**body, "nonce": batch.id, "enforce_nonce": True}
        reply = await self._endpoint.post(named, discord.picture_of(batch))
        return judge(reply) if isinstance(reply, Reply) else reply

    async def edit(self, edit: Edit) -> EditOutcome:
        reply = await self._endpoint.at(edit.posted.message_id).patch(
            discord_edit.body(edit, self._look, is_pressable=True)
        )
        return judge_edit(reply) if isinstance(reply, Reply) else reply

    async def find(self, batch: Batch) -> Sight:
        """Read back to when the batch was frozen: only then is a message that was not met not there."""
        before: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            reply = await self._endpoint.at(limit=str(discord_history.PAGE), **before).get()
            if not isinstance(reply, Reply):
                return unseen(reply)
            seen = discord_history.look(reply, batch, is_first=not before)
            if not isinstance(seen, discord_history.Older):
                return seen
            before = {"before": seen.before}
        return Blind(f"not among the channel's last {MAX_PAGES * discord_history.PAGE} messages")

    async def close(self) -> None:
        """The session belongs to the application."""


def build(name: str, settings: DiscordChannelSettings, means: Means) -> DiscordChannel:
    """The destination of these settings; `means.discord` gives token and address."""
    assert means.session is not None, "a channel needs a session"  # noqa: S101 the application's bug, not the user's
    assert means.discord is not None, "a channel needs the discord section"  # noqa: S101 `missing` told the user
    token = means.discord.token.reveal()
    url = URL(f"{means.discord.api_url.rstrip('/')}/channels/{settings.channel}/messages")
    endpoint = Endpoint(means.session, url, token, {"Authorization": f"Bot {token}"})
    return DiscordChannel(name, endpoint, settings.channel, rates.digest(token), means.look, means.now_ns)
